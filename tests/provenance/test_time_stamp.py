#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An authority's time stamp is put in when it is right; when it is not, the file is signed all the same, without one, and
one sentence says why. usage: test_time_stamp.py SIGN_CLIP [FOLDER]: leaves FOLDER/stamped.mp4 and FOLDER/identity behind."""
import pathlib
import subprocess
import sys
import tempfile

from tsa import Authority

MOODS = {
    'garbage': 'answers with something else',
    'stale': 'answers another question',
    'busy': 'HTTP status 503',
    'expired': 'not valid at this time',
    'endless': 'gives no answer',
}


def main():
    """TAP."""
    sign = sys.argv[1]
    count = failed = 0

    def check(good, rule, note=''):
        nonlocal count, failed
        count += 1
        failed += not good
        if not good and note:
            print('# ' + note.strip().replace('\n', ' / '))
        print(f'{"ok" if good else "not ok"} {count} - {rule}', flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else scratch)

        def run(name, url):
            done = subprocess.run([sign, folder / name, folder / 'identity', url], capture_output=True, text=True,
                                  check=False)
            # 0: stamped; 3: signed without a stamp, and said why
            return done.returncode, done.stderr

        with Authority(pathlib.Path(scratch) / 'tsa') as tsa:
            status, said = run('stamped.mp4', tsa.url)
            check(status == 0, 'a good stamp goes into the file', said)
            check(b'sigTst2' in (folder / 'stamped.mp4').read_bytes(), 'it stands where validators look for it')
            for mood, words in MOODS.items():
                tsa.mood = mood
                status, said = run(f'{mood}.mp4', tsa.url)
                check(status == 3 and words in said and said.count('\n') == 1,
                      f'an authority that is {mood} costs the stamp, not the file', said)
                check(b'sigTst2' not in (folder / f'{mood}.mp4').read_bytes(), f'nothing of it is kept ({mood})')
        status, said = run('gone.mp4', tsa.url)
        check(status == 3 and 'gives no answer' in said, 'an authority that is gone costs the stamp, not the file', said)
    print(f'1..{count}')
    return bool(failed)


if __name__ == '__main__':
    sys.exit(main())

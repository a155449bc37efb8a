#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much the imperceptible mark survives. How often an unmarked clip passes for a marked one: unmarked.py.

    python3 tests/marks/evaluate.py build/tests/marks/mark_frames [--clips 100] [--size 256x160] [--first 0]
        marks composed clips (train/world; needs train/work), encodes each as an export does (H.264, CRF 18),
        then attacks it and looks again: one line a clip and attack, a table at the end
    ... --lavfi
        FFmpeg's test pictures instead of composed clips

Not part of the test suites: it takes hours. The figures are in docs/marks.md.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
FPS = 12
FRAMES = 25
CROP = 'crop=floor(iw*.45)*2:floor(ih*.45)*2:{x}:{y}'
HALF = 'scale=trunc(iw/4)*2:trunc(ih/4)*2'
# name: (filters, constant rate factor)
ATTACKS = {
    'none': ([], None),
    'crf28': ([], 28),
    'half': ([HALF], 18),
    'crop': ([CROP], 18),
    'half+crf28': ([HALF], 28),
    'crop+crf28': ([CROP], 28),
    'crop+half': ([CROP, HALF], 18),
    'crop+half+crf28': ([CROP, HALF], 28),
}
LAVFI = ('testsrc2', 'mandelbrot', 'gradients', 'cellauto', 'life=mold=10', 'smptebars', 'color=gray', 'color=black',
         'color=white', 'allrgb,scale=1280:720')


def composed(seed, width, height):
    """Frames uint8 [25, height, width, 3] of a composed scene."""
    sys.path.insert(0, str(ROOT))
    from train.world import clip, plan
    return clip.render(plan.plan(900000 + seed), height, width)


def synthetic(name, width, height):
    """FRAMES frames of one of FFmpeg's sources, uint8 [frames, height, width, 3]."""
    raw = subprocess.run(
        ['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', name, '-frames:v', str(FRAMES), '-vf',
         f'fps={FPS},scale={width}:{height}', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
        check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def encode(source, filters, crf, out):
    """H.264 from input arguments and their bytes (or None)."""
    arguments, data = source
    graph = ','.join([*filters, 'format=yuv420p'])
    subprocess.run(['ffmpeg', '-v', 'error', '-y', *arguments, '-vf', graph, '-c:v', 'libx264', '-threads', '1',
                    '-crf', str(crf), str(out)], input=data, check=True)


def find(tool, path):
    """[(key, score, id)] of a file."""
    size = subprocess.run(['ffprobe', '-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=width,height',
                           '-of', 'csv=p=0:s=x', str(path)], check=True, capture_output=True, text=True).stdout.strip()
    luma = subprocess.run(['ffmpeg', '-v', 'error', '-i', str(path), '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
                          check=True, capture_output=True).stdout
    out = subprocess.run([tool, 'find', size, str(FPS), '1'], input=luma, check=True,
                         capture_output=True).stdout.decode()
    rows = (line.split() for line in out.splitlines())
    return [(int(row[0]), float(row[1]), row[2]) for row in rows]


def raw(frames):
    """FFmpeg's input arguments for frames."""
    height, width = frames.shape[1:3]
    arguments = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', f'{width}x{height}', '-r', str(FPS), '-i', '-']
    return arguments, frames.tobytes()


def survive(options, clips, folder):
    """Marks and attacks; prints a line each and the table."""
    tally = {name: [0, 0] for name in options.attacks}
    worst = 99.0
    for number, (name, frames) in enumerate(clips):
        mark = f'{(number * 2654435761 + 12345) % (1 << 32):08x}'
        height, width = frames.shape[1:3]
        marked = np.frombuffer(subprocess.run(
            [options.tool, 'mark', f'{width}x{height}', str(FPS), mark], input=frames.tobytes(), check=True,
            capture_output=True).stdout, np.uint8).reshape(frames.shape)
        error = ((marked.astype(np.float32) - frames) ** 2).mean(axis=(1, 2, 3)).max()
        worst = min(worst, 10 * np.log10(255 ** 2 / max(error, 1e-9)))
        export = folder / 'export.mp4'
        encode(raw(marked), [], 18, export)
        place = np.random.default_rng(number)
        for attack in options.attacks:
            filters, crf = ATTACKS[attack]
            path = export
            if crf:
                path = folder / 'attacked.mp4'
                at = {'x': int(place.integers(0, width // 10 + 1)), 'y': int(place.integers(0, height // 10 + 1))}
                encode((['-i', str(export)], None), [text.format(**at) for text in filters], crf, path)
            _, score, found = find(options.tool, path)[0]
            tally[attack][0] += found == mark
            tally[attack][1] += 1
            wrong = '' if found in (mark, '00000000') else ' WRONG'
            print(f'{name} {attack} {score:.2f} {"found" if found == mark else "lost"}{wrong}', flush=True)
    print(f'\nworst PSNR of a picture {worst:.2f} dB')
    for attack, (found, total) in tally.items():
        print(f'| {attack} | {found} of {total} | {100 * found / max(total, 1):.1f} % |')


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('tool')
    parser.add_argument('--clips', type=int, default=100)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--size', default='256x160')
    parser.add_argument('--attacks', default=','.join(ATTACKS), type=lambda text: text.split(','))
    parser.add_argument('--lavfi', action='store_true')
    options = parser.parse_args()
    width, height = (int(number) for number in options.size.split('x'))
    if options.lavfi:
        clips = ((name, synthetic(name, width, height)) for name in LAVFI)
    else:
        clips = ((str(seed), composed(seed, width, height))
                 for seed in range(options.first, options.first + options.clips))
    with tempfile.TemporaryDirectory() as folder:
        survive(options, clips, pathlib.Path(folder))


if __name__ == '__main__':
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a clip without a mark would pass for a marked one: scores of many different clips, and the law they follow.

    python3 tests/marks/unmarked.py build/tests/marks/mark_frames SCORES [--first 0] [--clips 100] [--files A.mp4 ...]
        appends a line a clip (its name and score) to the file SCORES; a clip that is there already is left out,
        so that ten thousand can be done in pieces. --files: stretches of these instead of clips made here
    ... --pictures FOLDER
        of every five clips one moves over a photograph of this folder
    ... --keep FOLDER
        keeps the encoded clips there, or takes them from there, so that another detector sees the same
    python3 tests/marks/unmarked.py - SCORES --law
        prints what the scores of SCORES say

Of five clips one is one of FFmpeg's sources with parameters of its own, the others are composed (train/world, with
seeds that nothing was tuned on; needs train/work). All are encoded as H.264 (CRF 18, 23 and 28 in turn) before they
are searched. Not part of the test suites: 10,000 clips take an hour. The figures are in docs/marks.md.
"""
import argparse
import functools
import pathlib
import subprocess
import tempfile

import numpy as np

import evaluate

FRAMES = evaluate.FRAMES
BATCH = 25  # clips encoded and searched by one process
SIZES = ((160, 96), (256, 160), (160, 96), (160, 256), (160, 96))
RATES = (18, 23, 28)
SEEDS = 200000  # evaluate.py and the mark's own tuning stay far below
PLACE, WIDTH, THRESHOLD = 16.65, 0.40, 22.18  # the law in watermark-detect.c, and where it is one in a million
SYNTHETIC = (
    'testsrc2=s={s}:r=12,trim=start={a},hue=h={b}',
    'mandelbrot=s={s}:r=12:start_scale={c}:start_x={d}:start_y={e}',
    'life=s={s}:r=12:random_seed={n}:ratio={f}:mold={g}:life_color=0x60c0ff:death_color=0x803010',
    'cellauto=s={s}:r=12:random_seed={n}:rule={h}',
    'gradients=s={s}:r=12:seed={n}:speed={f}:n={i}',
    'sierpinski=s={s}:r=12:seed={n}:jump={j}',
    'gradients=s={s}:r=12:seed={n}:speed=0.01,noise=alls={k}:allf=t:all_seed={n}',
    'color=c=gray:s={s}:r=12,noise=alls={k}:allf=t+u:all_seed={n},gblur=sigma={l}',
)


def synthetic(number, width, height):
    """One of FFmpeg's sources, its parameters drawn by the number."""
    draw = np.random.default_rng(number)
    words = {
        's': f'{width}x{height}', 'n': number, 'a': draw.integers(0, 60), 'b': draw.integers(0, 360),
        'c': f'{10 ** draw.uniform(-3, 0.4):.6f}', 'd': f'{draw.uniform(-0.9, 0.1):.5f}',
        'e': f'{draw.uniform(-0.9, 0.9):.5f}', 'f': f'{draw.uniform(0.05, 0.6):.3f}', 'g': draw.integers(1, 60),
        'h': (30, 45, 90, 110, 150)[draw.integers(0, 5)], 'i': draw.integers(2, 9), 'j': draw.integers(10, 2000),
        'k': draw.integers(5, 60), 'l': f'{draw.uniform(0.3, 3.0):.2f}',
    }
    source = SYNTHETIC[draw.integers(0, len(SYNTHETIC))].format(**words)
    raw = subprocess.run(
        ['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', source, '-frames:v', str(FRAMES), '-f', 'rawvideo',
         '-pix_fmt', 'rgb24', '-'], check=True, capture_output=True).stdout
    return source.split('=')[0], np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


@functools.lru_cache(64)
def photograph(path):
    """A picture as float32 [height, width, 3]."""
    from PIL import Image
    return np.asarray(Image.open(path).convert('RGB'), np.float32)


def filmed(path, number, width, height):
    """A hand-held camera over a photograph: it travels, shakes and zooms; light and sensor waver."""
    draw = np.random.default_rng(number)
    source = photograph(path)
    reach = draw.uniform(0.25, 0.8) * min(source.shape[0] / height, source.shape[1] / width)
    place = np.array([source.shape[0] - height * reach, source.shape[1] - width * reach]) * draw.uniform(0, 1, 2)
    travel = draw.normal(0, draw.choice([0, 0.5, 2, 5]), 2) * reach
    shake, zoom = draw.choice([0, 0.3, 1]) * reach, draw.normal(0, draw.choice([0, 0.004, 0.01]))
    grain, light = draw.choice([0, 1.5, 4]), draw.normal(0, draw.choice([0, 0.3, 1.5]))
    frames = np.empty((FRAMES, height, width, 3), np.uint8)
    for index in range(FRAMES):
        at = place + travel * index + draw.normal(0, shake, 2)
        step = reach * (1 + zoom * index)
        y = np.clip(at[0] + np.arange(height) * step, 0, source.shape[0] - 1.001)
        x = np.clip(at[1] + np.arange(width) * step, 0, source.shape[1] - 1.001)
        top, left = y.astype(int), x.astype(int)
        down, right = (y - top)[:, None, None].astype(np.float32), (x - left)[None, :, None].astype(np.float32)
        rows = source[top] * (1 - down) + source[top + 1] * down
        picture = rows[:, left] * (1 - right) + rows[:, left + 1] * right
        noise = draw.normal(0, grain, picture.shape[:2] + (1,)) + light * np.sin(index / 3)
        frames[index] = np.clip(picture + noise + 0.5, 0, 255)
    return frames


def make(number, width, height, pictures):
    """(name, frames) of the clip with this number."""
    if number % 5 == 4:
        kind, frames = synthetic(number, width, height)
        return f'{kind}-{number}', frames
    if number % 5 == 3 and pictures:
        path = pictures[number // 5 % len(pictures)]
        return f'photograph-{number}', filmed(path, number, width, height)
    return f'composed-{number}', evaluate.composed(SEEDS + number, width, height)


def stretches(path):
    """(name, frames) of every stretch of a file that is as long as a clip."""
    size = subprocess.run(['ffprobe', '-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=width,height',
                           '-of', 'csv=p=0', path], check=True, capture_output=True, text=True).stdout
    width, height = (int(word) for word in size.strip().split(',')[:2])
    raw = subprocess.run(['ffmpeg', '-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
                         check=True, capture_output=True).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    for at in range(0, len(frames) - FRAMES + 1, FRAMES):
        yield f'{path}-{at}', frames[at:at + FRAMES]


def encode(clips, rate, film):
    """Clips of one size in one file: each begins with a key frame."""
    arguments, data = evaluate.raw(np.concatenate(clips))
    subprocess.run(
        ['ffmpeg', '-v', 'error', '-y', *arguments, '-vf', 'format=yuv420p', '-c:v', 'libx264', '-preset', 'veryfast',
         '-threads', '1', '-crf', str(rate), '-force_key_frames', f'expr:not(mod(n,{FRAMES}))', str(film)],
        input=data, check=True)


def search(tool, count, size, film):
    """Scores of the clips of a file."""
    luma = subprocess.run(['ffmpeg', '-v', 'error', '-threads', '1', '-i', str(film), '-f', 'rawvideo', '-pix_fmt',
                           'gray', '-'], check=True, capture_output=True).stdout
    out = subprocess.run([tool, 'find', '{}x{}'.format(*size), str(evaluate.FPS), '1', str(FRAMES)], input=luma,
                         check=True, capture_output=True).stdout.decode()
    scores = [(float(row.split()[1]), row.split()[2]) for row in out.splitlines()]
    assert len(scores) == count, (len(scores), count)
    return scores


def measure(options, folder):
    """Appends the scores that are not there yet."""
    path = pathlib.Path(options.scores)
    done = {line.split('\t')[0] for line in path.read_text().splitlines()} if path.exists() else set()
    numbers = {name.rsplit('-', 1)[1] for name in done if not options.files}
    pictures = sorted(options.pictures.iterdir()) if options.pictures else []
    if options.files:
        batches = [[clip for clip in stretches(name) if clip[0] not in done] for name in options.files]
    else:
        wanted = range(options.first, options.first + options.clips)
        wanted = [n for n in wanted if str(n) not in numbers]
        batches = [wanted[at:at + BATCH] for at in range(0, len(wanted), BATCH)]
    for index, batch in enumerate(batches):
        if not batch:
            continue
        turn = index if options.files else batch[0] // BATCH
        rate, size = RATES[turn % len(RATES)], SIZES[turn % len(SIZES)]
        film = (options.keep or folder) / f'film-{turn}-{len(batch)}.mkv'
        names = film.with_suffix('.txt')
        if not (options.keep and names.exists()):
            clips = batch if options.files else [make(n, *size, pictures) for n in batch]
            encode([frames for _, frames in clips], rate, film)
            height, width = clips[0][1].shape[1:3]
            names.write_text('\n'.join([f'{width}x{height}', *(name for name, _ in clips)]))
        size, *names = names.read_text().split('\n')
        if options.tool == '-':
            continue
        scores = search(options.tool, len(names), size.split('x'), film)
        with path.open('a') as out:
            for name, (score, found) in zip(names, scores):
                out.write(f'{name}\t{score:.3f}\t{rate}\t{found}\n')


def law(path):
    """Prints the distribution beside the law that the detector uses."""
    rows = [line.split('\t') for line in pathlib.Path(path).read_text().splitlines()]
    scores = np.sort([float(row[1]) for row in rows])
    named = sum(row[3] != '00000000' for row in rows)
    width = scores.std() * np.sqrt(6) / np.pi
    print(f'{len(scores)} clips: mean {scores.mean():.3f}, deviation {scores.std():.3f}, highest {scores[-5:]}')
    print(f'taken for marked: {named}; lowest score that says so: {THRESHOLD}')
    print(f'Gumbel by moments: place {scores.mean() - 0.5772 * width:.3f}, width {width:.3f}')
    high = np.quantile(scores, 0.99)
    excess = (scores[scores > high] - high).mean()
    print(f'the upper hundredth, over {high:.2f}, falls off by e in {excess:.3f}: one clip in '
          f'{100 * np.exp((THRESHOLD - high) / excess):.2e} would pass {THRESHOLD}')
    for at in (17, 17.5, 18, 18.5, 19, 19.5, 20, 20.5, 21):
        expected = len(scores) * -np.expm1(-np.exp(-(at - PLACE) / WIDTH))
        print(f'| {at} | {(scores > at).sum()} | {expected:.1f} |')
    kinds = {}
    for row in rows:
        kinds.setdefault(row[0].split('-')[0].split('/')[-1], []).append(float(row[1]))
    for kind, values in sorted(kinds.items()):
        print(f'{kind}: {len(values)}, mean {np.mean(values):.2f}, highest {max(values):.2f}')


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('tool')
    parser.add_argument('scores')
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--clips', type=int, default=100)
    parser.add_argument('--files', nargs='*')
    parser.add_argument('--pictures', type=pathlib.Path)
    parser.add_argument('--keep', type=pathlib.Path)
    parser.add_argument('--law', action='store_true')
    options = parser.parse_args()
    if options.law:
        law(options.scores)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(options, pathlib.Path(folder))


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of the toy world, to look at it and listen to it.

    python3 -m train.world.sheet OUT.png [--seed 0] [--clips 12] [--size 256x160] [--sound DIR]
"""
import argparse
import pathlib
import wave

import numpy as np
from PIL import Image, ImageDraw

from . import caption, clip, plan, sound
from .effects import RATE

MOMENTS = (0, 12, 24, 36, 48)
CAPTION_HEIGHT = 12


def row(scene, height, width):
    """One clip as a strip of five moments with its caption above."""
    frames = clip.render(scene, height, width, MOMENTS)
    strip = Image.new('RGB', (width * len(frames), height + CAPTION_HEIGHT))
    for index, frame in enumerate(frames):
        strip.paste(Image.fromarray(frame), (index * width, CAPTION_HEIGHT))
    text = f'{scene.seed}: {caption.caption(scene)}'.encode('ascii', 'replace').decode()
    ImageDraw.Draw(strip).text((2, 0), text, fill='white')
    return np.asarray(strip)


def write_wave(path, track):
    """Stereo track, float [2, samples] -> 16-bit WAV."""
    samples = (np.clip(track.T, -1, 1) * 32767).astype('<i2')
    with wave.open(str(path), 'wb') as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='Contact sheet of composed clips')
    parser.add_argument('out', type=pathlib.Path)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--clips', type=int, default=12)
    parser.add_argument('--size', default='256x160')
    parser.add_argument(
        '--sound', type=pathlib.Path, help='also write a WAV per clip into this folder'
    )
    options = parser.parse_args()
    width, height = (int(number) for number in options.size.split('x'))
    scenes = [plan.plan(options.seed + index) for index in range(options.clips)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([row(scene, height, width) for scene in scenes])).save(
        options.out
    )
    if options.sound:
        options.sound.mkdir(parents=True, exist_ok=True)
        for scene in scenes:
            write_wave(options.sound / f'{scene.seed}.wav', sound.compose(scene))


if __name__ == '__main__':
    main()

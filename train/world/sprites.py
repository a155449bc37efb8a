# SPDX-License-Identifier: GPL-3.0-or-later
"""The sprite sheet: every picture of the world as premultiplied 128 x 128 RGBA frames in one
mapped file.

`python3 -m train.world.sprites` builds it (0.8 GB, about a minute) from the packages that fetch.sh
brought.
"""
import functools
import glob
import json
import multiprocessing
import os
from typing import NamedTuple

import numpy as np

from train import paths
from . import subjects

SIDE = 128
FRAME_BYTES = SIDE * SIDE * 4
SHEET = paths.WORK / 'sprites.bin'
INDEX = paths.WORK / 'sprites.json'


class Sprite(NamedTuple):
    """One subject or piece of scenery; its frames are sheet.pixels[first : first + frames]."""

    cls: str
    name: str
    label: str
    facing: str
    first: int
    frames: int
    box: tuple  # of the opaque pixels: left, top, right, bottom


class Sheet:
    """Sprites and their pixels, uint8 [frames, 128, 128, 4], colours premultiplied by alpha."""

    def __init__(self, sprites, pixels):
        self.pixels = pixels
        self.scenery = {sprite.label: sprite for sprite in sprites if sprite.cls == 'scenery'}
        self.subjects = [sprite for sprite in sprites if sprite.cls != 'scenery']
        self.by_name = {sprite.name: sprite for sprite in self.subjects}
        self.by_class = {}
        for sprite in self.subjects:
            self.by_class.setdefault(sprite.cls, []).append(sprite)


@functools.lru_cache(maxsize=1)
def default_sheet():
    """The built sheet. RUSHES_TRAIN_SHEET=synthetic gives the drawn stand-in of the tests."""
    if os.environ.get('RUSHES_TRAIN_SHEET') == 'synthetic':
        return synthetic_sheet()
    if not INDEX.exists():
        raise FileNotFoundError(
            f'{INDEX} is missing: run train/world/fetch.sh, then ' 'python3 -m train.world.sprites'
        )
    rows = json.loads(INDEX.read_text())
    sprites = [
        Sprite(
            row['cls'],
            row['name'],
            row['label'],
            row['facing'],
            row['first'],
            row['frames'],
            tuple(row['box']),
        )
        for row in rows
    ]
    pixels = np.memmap(SHEET, np.uint8, 'r').reshape(-1, SIDE, SIDE, 4)
    return Sheet(sprites, np.asarray(pixels))


def synthetic_sheet(frames=2):
    """A sheet of coloured discs with the real names: enough to test the composer without any
    download.
    """
    everyone = _everyone()
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    pixels = np.zeros((len(everyone) * frames, SIDE, SIDE, 4), np.uint8)
    sprites = []
    for index, subject in enumerate(everyone):
        rng = np.random.default_rng(index)
        colour = rng.integers(40, 256, 3)
        for frame in range(frames):
            disc = np.hypot(x / (50 - 6 * frame), y / rng.uniform(30, 56)) < 1
            pixels[index * frames + frame][disc] = (*colour, 255)
        box = _opaque_box(pixels[index * frames : (index + 1) * frames])
        sprites.append(Sprite(*subject, index * frames, frames, box))
    return Sheet(sprites, pixels)


def _everyone():
    """Subjects, then scenery, in the order of the sheet."""
    scenery = [subjects.Subject('scenery', label, label, 'F') for label in subjects.SCENERY]
    return subjects.SUBJECTS + scenery


def _opaque_box(frames):
    """Smallest box around the pixels that are visible in any frame."""
    opaque = frames[..., 3].max(0) > 40
    rows, columns = np.where(opaque.any(1))[0], np.where(opaque.any(0))[0]
    return int(columns[0]), int(rows[0]), int(columns[-1] + 1), int(rows[-1] + 1)


@functools.lru_cache(maxsize=1)
def _hexcodes():
    """English emoji label -> code points as emojibase-data writes them."""
    rows = json.loads((paths.ASSETS / 'emojibase-data' / 'en' / 'data.json').read_text())
    return {row['label']: row['hexcode'].lower() for row in rows}


@functools.lru_cache(maxsize=1)
def _pictures():
    """(animated, still): file name without suffix -> path."""

    def files(pattern):
        return {
            os.path.basename(path)[:-5]: path
            for path in sorted(glob.glob(str(paths.ASSETS / pattern)))
        }

    return files('fluent-emoji-anim-*/assets/*.webp'), files('fluent-emoji-3d/assets/*.webp')


def _picture_of(label):
    """File of an emoji: the animated one if it moves, else the still one, else any; None if there
    is none.
    """
    from PIL import Image

    code = _hexcodes().get(label)
    if code is None:
        return None
    plain = code.replace('-fe0f', '')
    animated, still = _pictures()
    moving = animated.get(code) or animated.get(plain)
    if moving:
        with Image.open(moving) as image:
            if getattr(image, 'n_frames', 1) > 1:
                return moving
    return still.get(code) or still.get(plain) or still.get(code + '-fe0f') or moving


def _decode(subject):
    """Frames of one subject, uint8 [frames, 128, 128, 4] premultiplied, or None if it has no
    picture.
    """
    from PIL import Image

    path = _picture_of(subject.label)
    if path is None:
        return subject, None
    frames = []
    with Image.open(path) as image:
        for index in range(1 if subject.cls == 'scenery' else getattr(image, 'n_frames', 1)):
            image.seek(index)
            rgba = np.asarray(image.convert('RGBA').resize((2 * SIDE, 2 * SIDE)), np.float32)
            alpha = rgba[..., 3:]
            premultiplied = np.concatenate([rgba[..., :3] * (alpha / 255), alpha], -1)
            halved = premultiplied.reshape(SIDE, 2, SIDE, 2, 4).mean((1, 3))
            frames.append(np.clip(halved + 0.5, 0, 255).astype(np.uint8))
    return subject, np.stack(frames)


def build():
    """Writes the sheet and its index."""
    rows, first = [], 0
    partial = SHEET.with_suffix('.partial')
    with open(partial, 'wb') as out, multiprocessing.Pool() as pool:
        for subject, frames in pool.imap(_decode, _everyone()):
            if frames is None:
                raise FileNotFoundError(
                    f'no picture for "{subject.label}" in {paths.ASSETS}; run fetch.sh'
                )
            rows.append(
                dict(subject._asdict(), first=first, frames=len(frames), box=_opaque_box(frames))
            )
            out.write(frames.tobytes())
            first += len(frames)
    os.replace(partial, SHEET)
    INDEX.write_text(json.dumps(rows))
    print(f'{len(rows)} sprites, {first} frames, {first * FRAME_BYTES / 1e6:.0f} MB')


if __name__ == '__main__':
    build()

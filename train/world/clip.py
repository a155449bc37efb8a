# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders scenes to pixels.

The model's clips are 25 frames at 12 a second: every second frame of the composer's 24.
"""
import functools
import pathlib

import numpy as np

from train import paths
from . import sprites
from .stage import Stage

CLIP_FRAMES = tuple(range(0, 50, 2))


@functools.lru_cache(maxsize=1)
def _compositor():
    return paths.native(pathlib.Path(__file__).with_name('compositor.c'))


def render(scene, height, width, frames=CLIP_FRAMES, sheet=None):
    """Pixels uint8 [frames, height, width, 3] of the given frame numbers (24 a second)."""
    sheet = sheet or sprites.default_sheet()
    stage = Stage(scene, sheet)
    parts = [stage.commands(frame, height, width) for frame in frames]
    commands = np.ascontiguousarray(np.concatenate(parts))
    counts = np.array([len(part) for part in parts], np.int32)
    out = np.empty((len(parts), height, width, 3), np.uint8)
    pointer = paths.pointer
    if _compositor().compose(
        pointer(sheet.pixels),
        pointer(commands),
        pointer(counts),
        len(parts),
        width,
        height,
        pointer(out),
    ):
        raise MemoryError(f'no memory for a {width}x{height} frame')
    return out

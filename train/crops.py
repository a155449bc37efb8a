# SPDX-License-Identifier: GPL-3.0-or-later
"""What the video VAE is trained on: space-time crops of composed clips, by index.

Training uses scene seeds below TRAIN_SEEDS; seeds from HELD_OUT_SEED on are never trained on.
"""
import functools

import numpy as np

TRAIN_SEEDS = 8_000_000
HELD_OUT_SEED = 9_000_000
CLIP_FRAMES = 25
# (height, width) and how often; the larger ones look most like what is shipped.
SIZES = (((96, 160), 0.4), ((160, 256), 0.42), ((256, 160), 0.09), ((160, 160), 0.09))


def crop(index, frames, side, seed):
    """uint8 [frames, side, side, 3]: consecutive frames of a random clip, mirrored half of the
    time.
    """
    from train.world import clip, plan

    rng = np.random.default_rng((seed, index))
    shapes, shares = zip(*SIZES)
    height, width = shapes[int(rng.choice(len(shapes), p=shares))]
    scene = plan.plan(int(rng.integers(0, TRAIN_SEEDS)))
    start = int(rng.integers(0, CLIP_FRAMES - frames + 1))
    moments = [2 * (start + k) for k in range(frames)]
    pixels = clip.render(scene, height, width, moments)
    top = int(rng.integers(0, height - min(side, height) + 1))
    left = int(rng.integers(0, width - min(side, width) + 1))
    pixels = pixels[:, top : top + side, left : left + side]
    if rng.random() < 0.5:
        pixels = pixels[:, :, ::-1]
    return np.ascontiguousarray(pixels)


def maker(frames, side, seed):
    """crop() of an index alone, for loop.feed."""
    return functools.partial(crop, frames=frames, side=side, seed=seed)


def to_tensor(crops):
    """List of uint8 [t, h, w, 3] -> float [batch, 3, t, h, w] in -1..1."""
    import torch

    return torch.from_numpy(np.stack(crops)).permute(0, 4, 1, 2, 3).float() / 127.5 - 1

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a purely linear code reaches: principal components of 16 x 16 x 4 cells, on the clips of
video_vae.py.

    python3 -m train.evaluate.linear_bound [--size 256x160] [--clips 24] [--fit 80]

The components are fitted on training clips. A VAE of the same number of channels that stays below
this is simply not trained enough. The first frame of a clip, which has a latent of its own, is
left out.
"""
import argparse

import numpy as np
import torch

from train import crops
from train.world import clip, plan

CELL = 16
COUNTS = (32, 48, 64, 96)


def cells(frames):
    """uint8 [25, h, w, 3] -> float [n, 3072], the 16 x 16 x 4 cells of frames 1 .. 24, in -1..1."""
    t, h, w, _ = frames.shape
    rest = torch.from_numpy(frames[1:]).float() / 127.5 - 1
    split = rest.reshape((t - 1) // 4, 4, h // CELL, CELL, w // CELL, CELL, 3)
    return split.permute(0, 2, 4, 1, 3, 5, 6).flatten(3).flatten(0, 2)


def components(clips):
    """(mean [d], components [d, d] by falling variance) of an iterable of clips."""
    total, square, count = 0.0, 0.0, 0
    for frames in clips:
        x = cells(frames)
        total, square, count = total + x.sum(0), square + x.t() @ x, count + len(x)
    mean = total / count
    covariance = (square / count - torch.outer(mean, mean)).double()
    return mean, torch.linalg.eigh(covariance).eigenvectors.flip(1).float()


def psnr_of(frames, mean, basis, count):
    """PSNR in dB of a clip that is kept as `count` components a cell."""
    x = cells(frames) - mean
    kept = basis[:, :count]
    error = (x - (x @ kept) @ kept.t()).pow(2).mean()
    return 10 * float(torch.log10(4 / error))


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='PSNR of a linear code')
    parser.add_argument('--size', default='256x160')
    parser.add_argument('--clips', type=int, default=24)
    parser.add_argument('--fit', type=int, default=80)
    opts = parser.parse_args()
    torch.set_num_threads(1)
    width, height = (int(number) for number in opts.size.split('x'))

    def composed(first, count):
        return (clip.render(plan.plan(seed), height, width) for seed in range(first, first + count))

    mean, basis = components(composed(0, opts.fit))
    figures = [
        [psnr_of(frames, mean, basis, count) for count in COUNTS]
        for frames in composed(crops.HELD_OUT_SEED, opts.clips)
    ]
    for count, value in zip(COUNTS, np.mean(figures, 0)):
        print(f'{count} components a cell: {value:.2f} dB')


if __name__ == '__main__':
    main()

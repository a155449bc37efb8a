# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets a denoiser whose tokens stand for 2x2 latents go on with tokens of one latent.

    python3 -m train.finer --name transformer

Blocks, text and sound stay. A token begins with the sum of what the four latents of its patch did and answers their
mean, so the first pictures are the old ones, blurred; the optimiser starts afresh.
"""
import argparse
import math

import torch

from train.loop.checkpoint import Checkpoint

TOWER = 'dit.video_model'


def finer(weights, patch):
    """weights (name -> tensor) of a denoiser with patches (frames, rows, columns) for patches of one latent."""
    result, size = dict(weights), math.prod(patch)
    name = f'{TOWER}.patch_embedding.weight'
    result[name] = weights[name].sum((2, 3, 4), keepdim=True)
    for part in ('weight', 'bias'):  # rows: (frame, row, column, channel)
        name = f'{TOWER}.head.head.{part}'
        result[name] = weights[name].unflatten(0, (size, -1)).mean(0)
    return result


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='Tokens of one latent for a trained denoiser')
    parser.add_argument('--name', default='transformer', help='of the checkpoint, which is replaced')
    file = Checkpoint(parser.parse_args().name)
    state = file.load()
    if state is None:
        raise SystemExit(f'{file.path} is missing: train it first (train/README.md).')
    patch = tuple(state['config']['video']['patch'])
    if math.prod(patch) == 1:
        raise SystemExit(f'The tokens of {file.path} stand for one latent each already.')
    state['config']['video']['patch'] = (1, 1, 1)
    state['model'] = state['average'] = finer(state['average'], patch)
    state.pop('optimiser', None)
    torch.save(state, file.path)


if __name__ == '__main__':
    main()

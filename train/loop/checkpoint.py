# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: model, its moving average, optimiser and step, written so that a crash leaves the
old one.
"""
import copy
import os

import torch

from train import paths


class Average:
    """Exponential moving average of a model's weights; early steps count more, so it starts
    well.
    """

    def __init__(self, model, decay=0.998, every=1):
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.decay, self.every = decay, every

    @torch.no_grad()
    def update(self, model, step):
        """Moves towards the model; call once a step."""
        if step % self.every:
            return
        keep = min(self.decay, (1 + step) / (10 + step)) ** self.every
        for mean, value in zip(self.model.state_dict().values(), model.state_dict().values()):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)


class Checkpoint:
    """One training run's file in train/work/checkpoints."""

    def __init__(self, name, folder=None):
        self.path = (folder or paths.CHECKPOINTS) / f'{name}.pt'

    def save(self, model, average, optimiser, step, seconds, **more):
        """Writes everything needed to go on as if nothing had happened."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix('.partial')
        state = dict(model=model.state_dict(), average=average.model.state_dict(), step=step)
        state.update(optimiser=optimiser.state_dict(), seconds=seconds, **more)
        with open(partial, 'wb') as out:
            torch.save(state, out)
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, self.path)

    def load(self):
        """The stored state, or None when there is none."""
        if not self.path.exists():
            return None
        return torch.load(self.path, map_location='cpu')

    def resume(self, model, average, optimiser=None):
        """Loads into model, average and optimiser; returns the rest of the state ({} when new).

        Its `warm_from` is the step at which the optimiser began.
        Weights without an optimiser state (made from an export) start the optimiser afresh, and so
        does a state of other parameter groups.
        """
        state = self.load()
        if state is None:
            return {}
        model.load_state_dict(state['model'])
        average.model.load_state_dict(state['average'])
        stored = state.pop('optimiser', None)
        if optimiser is not None and stored and _same_groups(stored, optimiser.state_dict()):
            rates = [group['lr'] for group in optimiser.param_groups]
            optimiser.load_state_dict(stored)
            for group, rate in zip(optimiser.param_groups, rates):
                group['lr'] = rate
        else:
            state['warm_from'] = state['step']
        return state


def _same_groups(a, b):
    """Do two optimiser states cover the same parameters?"""
    sizes = [[len(group['params']) for group in state['param_groups']] for state in (a, b)]
    return sizes[0] == sizes[1]


def average_weights(name):
    """The averaged weights of a run, for evaluation and export."""
    state = Checkpoint(name).load()
    if state is None:
        raise FileNotFoundError(
            f'{Checkpoint(name).path} is missing: train it first (train/README.md)'
        )
    return state['average']

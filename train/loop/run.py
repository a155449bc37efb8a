# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop that all trainers share: rates, steps, averages, logs, checkpoints, and going on later.

Everything random in a step is drawn from (seed, step, rank), so a run that was interrupted ends in
the same weights as one that was not.
"""
import time

import numpy as np
import torch

from .checkpoint import Checkpoint
from .journal import Journal

LOG_EVERY = 50
WARM_STEPS = 100
DECAY_TO = 0.05  # of the rate, at the end of the run


def add_options(parser, name, batch, rate, ranks=2):
    """Command line that every trainer has."""
    add = parser.add_argument
    add('--name', default=name, help='of the checkpoint and the log')
    add('--minutes', type=float, default=1e9, help='stop after this time')
    add('--steps', type=int, default=10**9, help='stop after this many further steps')
    add('--batch', type=int, default=batch, help='samples a rank')
    add('--rate', type=float, default=rate, help='highest learning rate')
    add('--ranks', type=int, default=ranks)
    add('--seed', type=int, default=1)
    add('--save-every', type=int, default=50, help='steps between checkpoints')
    add('--no-decay', action='store_true', help='keep the rate to the end')


class Run:
    """One training run. Subclasses give loss(), and may extend stored() and after_step()."""

    decay_part = 0.4  # of the run, at its end, over which the rate falls

    def __init__(self, opts, ranks, model, average, optimiser):
        self.opts, self.ranks = opts, ranks
        self.model, self.average, self.optimiser = model, average, optimiser
        self.file = Checkpoint(opts.name)
        self.state = self.file.resume(model, average, optimiser)
        self.step, self.seconds = self.state.get('step', 0), self.state.get('seconds', 0.0)
        self.warm_from = self.state.get('warm_from', 0)
        self.journal = Journal(opts.name, LOG_EVERY, quiet=not ranks.leads)
        self.first_step, self.started = self.step, time.time()

    def loss(self, own, common):
        """(what is minimised, {name: number to log}) of the next batch.

        own: random generator of this rank; common: the same on all ranks. torch is seeded from own.
        """
        raise NotImplementedError

    def stored(self):
        """What else belongs into the checkpoint."""
        return {}

    def after_step(self):
        """Called after every update and before a checkpoint."""

    def total_seconds(self):
        """Training time of all runs so far."""
        return self.seconds + time.time() - self.started

    def _progress(self):
        """How far this run will be after the step under way, 0..1."""
        by_time = (time.time() - self.started) / (self.opts.minutes * 60)
        return max(by_time, (self.step + 1 - self.first_step) / self.opts.steps)

    def _set_rate(self, progress):
        """A warm start, then constant, then a line down."""
        rate = self.opts.rate * min(1, (self.step - self.warm_from + 1) / WARM_STEPS)
        if not self.opts.no_decay:
            rate *= max(DECAY_TO, min(1, (1 - progress) / self.decay_part))
        for group in self.optimiser.param_groups:
            group['lr'] = rate
        return rate

    def _update(self, progress):
        """One step; returns the progress that all ranks agree on."""
        rate = self._set_rate(progress)
        common = np.random.default_rng((self.opts.seed, self.step))
        own = np.random.default_rng((self.opts.seed, self.step, self.ranks.rank))
        torch.manual_seed(int(own.integers(2**31)))
        loss, numbers = self.loss(own, common)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        values = [self._progress(), *map(float, numbers.values())]
        progress, *means = self.ranks.mean(parameters, values)
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.model, self.step)
        logged = dict(zip(numbers, means), gradient=norm, rate=rate)
        self.journal.add(self.step, self.total_seconds(), **logged)
        return progress

    def save(self):
        """Checkpoint, written by the first rank."""
        if self.ranks.leads:
            state = (self.model, self.average, self.optimiser, self.step, self.total_seconds())
            self.file.save(*state, warm_from=self.warm_from, **self.stored())

    def train(self):
        """Until the time or the steps are used up."""
        self.ranks.share(self.model.state_dict().values())
        progress = 0.0
        while progress < 1:
            progress = self._update(progress)
            self.after_step()
            if self.step % self.opts.save_every == 0:
                self.save()
        self.save()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches made in the background, in a fixed order.

make(index) gives item number index and must depend on nothing else, so that a run that was
interrupted sees the same data as one that was not.
"""
import collections
import ctypes
import multiprocessing
import os

from .ranks import DIE_WITH_PARENT, SIGTERM


def _prepare_worker(niceness):
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, SIGTERM)
    os.environ['OMP_NUM_THREADS'] = '1'
    os.nice(niceness)


class Feed:
    """Iterates over make(start), make(start + stride), ... with `ahead` items in preparation."""

    def __init__(self, make, start, stride=1, ahead=24, workers=1):
        self.make, self.next, self.stride = make, start, stride
        context = multiprocessing.get_context('spawn')
        self.pool = context.Pool(workers, _prepare_worker, (0,)) if workers else None
        self.pending = collections.deque()
        self.ahead = ahead

    def take(self):
        """The next item."""
        if self.pool is None:
            item = self.make(self.next)
            self.next += self.stride
            return item
        while len(self.pending) < self.ahead:
            self.pending.append(self.pool.apply_async(self.make, (self.next,)))
            self.next += self.stride
        return self.pending.popleft().get()

    def close(self):
        """Ends the workers."""
        if self.pool is not None:
            self.pool.terminate()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Several single-threaded processes that average their gradients.

On a machine with other work, two threads in one process lose most of the time in OpenMP barriers
(a transformer batch took 8.7 s, with OMP_WAIT_POLICY=passive 3.1 s); two ranks have one barrier a
step. limit_threads() must run before torch is imported.
"""
import atexit
import ctypes
import os
import socket
import subprocess
import sys

DIE_WITH_PARENT = 1  # prctl PR_SET_PDEATHSIG
SIGTERM = 15


class Ranks:
    """This process among its siblings: rank 0 of 1 when nothing was started."""

    def __init__(self, rank=0, count=1):
        self.rank, self.count = rank, count

    @property
    def leads(self):
        """Does this rank write checkpoints and logs?"""
        return self.rank == 0

    def share(self, tensors):
        """Gives every rank the tensors of rank 0."""
        if self.count > 1:
            import torch.distributed as dist

            for tensor in tensors:
                dist.broadcast(tensor, 0)

    def mean(self, parameters, numbers=()):
        """Averages gradients over the ranks, and returns the averages of some numbers."""
        if self.count == 1:
            return list(numbers)
        import torch
        import torch.distributed as dist

        with_gradient = [p for p in parameters if p.grad is not None]
        extra = torch.tensor(list(numbers), dtype=torch.float32)
        flat = torch.cat([p.grad.reshape(-1) for p in with_gradient] + [extra])
        dist.all_reduce(flat)
        flat /= self.count
        start = 0
        for p in with_gradient:
            p.grad.copy_(flat[start : start + p.numel()].view_as(p.grad))
            start += p.numel()
        return flat[start:].tolist()

    def total(self, tensor):
        """Sum of a tensor over the ranks, in place."""
        if self.count > 1:
            import torch.distributed as dist

            dist.all_reduce(tensor)
        return tensor


def limit_threads():
    """One thread a process, and no spinning: before torch is imported."""
    os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
    os.environ.setdefault('OMP_NUM_THREADS', '1')


def _free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def start(count, module):
    """Starts count - 1 siblings that run `python -m module` with the same arguments."""
    rank = int(os.environ.get('RUSHES_RANK', 0))
    port = int(os.environ.get('RUSHES_PORT', 0)) or _free_port()
    if count > 1 and rank == 0:
        command = [sys.executable, '-m', module, *sys.argv[1:]]
        siblings = [
            subprocess.Popen(
                command, env=dict(os.environ, RUSHES_RANK=str(number), RUSHES_PORT=str(port))
            )
            for number in range(1, count)
        ]
        atexit.register(lambda: [sibling.terminate() for sibling in siblings])
    import torch

    torch.set_num_threads(int(os.environ['OMP_NUM_THREADS']))
    if count > 1:
        if rank:
            ctypes.CDLL(None).prctl(DIE_WITH_PARENT, SIGTERM)
        import torch.distributed as dist

        address = f'tcp://127.0.0.1:{port}'
        dist.init_process_group('gloo', init_method=address, rank=rank, world_size=count)
    return Ranks(rank, count)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Muon for matrices and convolutions, AdamW for the rest, in one optimiser.

Muon (Jordan et al., 2024): the momentum of a matrix is brought close to the nearest orthogonal
matrix by five Newton-Schulz steps, so that weak directions move as fast as strong ones. Here that
is what lets a near-linear start learn the faint, high-frequency part of the code. The work is
split over the ranks.
"""
import torch

from .ranks import Ranks

# Coefficients of the quintic Newton-Schulz iteration, from the Muon paper.
NS_A, NS_B, NS_C = 3.4445, -4.7750, 2.0315
NS_STEPS = 5


def orthogonalise(matrix):
    """The (approximately) nearest matrix with singular values near 1."""
    x = matrix
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.t()
    x = (x / (x.norm() + 1e-7)).bfloat16().contiguous()
    for _ in range(NS_STEPS):
        gram = x @ x.t()
        x = NS_A * x + (NS_B * gram + NS_C * (gram @ gram)) @ x
    return (x.t() if tall else x).float()


class Muon(torch.optim.Optimizer):
    """matrices: orthogonalised; others: AdamW with decay; plain: AdamW without decay."""

    def __init__(self, matrices, others, plain=(), rate=1e-3, decay=0.01, ranks=None):
        groups = [dict(params=list(matrices), kind='muon', decay=decay)]
        groups += [dict(params=list(others), kind='adam', decay=decay)]
        groups += [dict(params=list(plain), kind='adam', decay=0.0)]
        defaults = dict(lr=rate, momentum=0.95, beta1=0.9, beta2=0.95)
        super().__init__([group for group in groups if group['params']], defaults)
        self.ranks = ranks or Ranks()

    @torch.no_grad()
    def step(self):
        """One update of everything that has a gradient."""
        for group in self.param_groups:
            (self._step_muon if group['kind'] == 'muon' else self._step_adam)(group)

    def _step_adam(self, group):
        beta1, beta2, rate = group['beta1'], group['beta2'], group['lr']
        for p in group['params']:
            if p.grad is None:
                continue
            state = self.state[p]
            if not state:
                state.update(step=0, mean=torch.zeros_like(p), square=torch.zeros_like(p))
            state['step'] += 1
            state['mean'].lerp_(p.grad, 1 - beta1)
            state['square'].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            scale = (state['square'] / (1 - beta2 ** state['step'])).sqrt_().add_(1e-8)
            p.mul_(1 - rate * group['decay'])
            p.addcdiv_(state['mean'], scale, value=-rate / (1 - beta1 ** state['step']))

    def _step_muon(self, group):
        rate, momentum = group['lr'], group['momentum']
        active = [p for p in group['params'] if p.grad is not None]
        if not active:
            return
        updates = []
        for index, p in enumerate(active):
            state = self.state[p]
            if 'mean' not in state:
                state['mean'] = torch.zeros_like(p)
            state['mean'].lerp_(p.grad, 1 - momentum)
            if index % self.ranks.count == self.ranks.rank:
                ahead = torch.lerp(p.grad, state['mean'], momentum).flatten(1)
                size = 0.2 * max(ahead.shape) ** 0.5
                updates.append(orthogonalise(ahead).reshape(-1) * size)
            else:
                updates.append(torch.zeros(p.numel()))
        flat, start = self.ranks.total(torch.cat(updates)), 0
        for p in active:
            update = flat[start : start + p.numel()].view_as(p)
            p.mul_(1 - rate * group['decay']).add_(update, alpha=-rate)
            start += p.numel()

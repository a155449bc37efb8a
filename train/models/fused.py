# SPDX-License-Identifier: GPL-3.0-or-later
"""GELU and RMS norm that use fused.c for bfloat16 and plain PyTorch otherwise."""
import ctypes
import functools
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

from train import paths


@functools.lru_cache(maxsize=1)
def _library():
    return paths.native(pathlib.Path(__file__).with_name('fused.c'))


class _GeluFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x = x.contiguous()
        y = torch.empty_like(x)
        _library().gelu_forward(paths.pointer(x), paths.pointer(y), ctypes.c_long(x.numel()))
        ctx.save_for_backward(x)
        return y

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        grad, out = grad.contiguous(), torch.empty_like(x)
        _library().gelu_backward(
            paths.pointer(x), paths.pointer(grad), paths.pointer(out), ctypes.c_long(x.numel())
        )
        return out


class _RmsFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, epsilon):
        x = x.contiguous()
        y, width = torch.empty_like(x), x.shape[-1]
        rows = x.numel() // width
        inverse = torch.empty(rows)
        _library().rms_forward(
            paths.pointer(x),
            paths.pointer(weight),
            paths.pointer(y),
            paths.pointer(inverse),
            ctypes.c_long(rows),
            width,
            ctypes.c_float(epsilon),
        )
        ctx.save_for_backward(x, weight, inverse)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, weight, inverse = ctx.saved_tensors
        grad, out, weight_grad = grad.contiguous(), torch.empty_like(x), torch.zeros_like(weight)
        width = x.shape[-1]
        if _library().rms_backward(
            paths.pointer(x),
            paths.pointer(grad),
            paths.pointer(weight),
            paths.pointer(inverse),
            paths.pointer(out),
            paths.pointer(weight_grad),
            ctypes.c_long(x.numel() // width),
            width,
        ):
            raise MemoryError('no memory for the gradient of a norm')
        return out, weight_grad, None


class Gelu(nn.Module):
    """The tanh form, as in Wan and umT5."""

    def forward(self, x):
        if x.dtype == torch.bfloat16:
            return _GeluFunction.apply(x)
        return F.gelu(x, approximate='tanh')


class RmsNorm(nn.Module):
    """x / rms(x) * weight over the last dimension."""

    def __init__(self, width, epsilon=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        if x.dtype == torch.bfloat16:
            return _RmsFunction.apply(x, self.weight, self.epsilon)
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.epsilon)
        return x * scale.to(x.dtype) * self.weight.to(x.dtype)

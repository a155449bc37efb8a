# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a transformer block that use fused.c for bfloat16 and plain PyTorch otherwise."""
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


class _ModulateFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, shift, epsilon):
        x, scale, shift = x.contiguous(), scale.contiguous(), shift.contiguous()
        groups, width = scale.numel() // x.shape[-1], x.shape[-1]
        rows = x.numel() // width // groups
        y, statistics = torch.empty_like(x, dtype=torch.bfloat16), torch.empty(2 * groups * rows)
        arrays = (paths.pointer(array) for array in (x, scale, shift, y, statistics))
        _library().modulate_forward(
            *arrays, ctypes.c_long(groups), ctypes.c_long(rows), width, ctypes.c_float(epsilon)
        )
        ctx.save_for_backward(x, scale, statistics)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, scale, statistics = ctx.saved_tensors
        grad, gx = grad.contiguous(), torch.empty_like(x)
        gscale, gshift = torch.empty_like(scale), torch.empty_like(scale)
        groups, width = scale.numel() // x.shape[-1], x.shape[-1]
        rows = x.numel() // width // groups
        arrays = (x, grad, scale, statistics, gx, gscale, gshift)
        _library().modulate_backward(
            *map(paths.pointer, arrays), ctypes.c_long(groups), ctypes.c_long(rows), width
        )
        return gx, gscale, gshift, None


def modulate(x, scale, shift, epsilon=1e-6):
    """Layer norm without weights, then scale and shift [batch, groups, dim] by groups of tokens."""
    if x.dtype == torch.float32 and torch.is_autocast_cpu_enabled():
        return _ModulateFunction.apply(x, scale.float(), shift.float(), epsilon)
    normed = F.layer_norm(x, x.shape[-1:], eps=epsilon).unflatten(1, (scale.shape[1], -1))
    return (normed * (1 + scale[:, :, None]) + shift[:, :, None]).flatten(1, 2)


class _GateFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y, gate):
        x, y, gate = x.contiguous(), y.contiguous(), gate.contiguous()
        groups, width, z = gate.numel() // x.shape[-1], x.shape[-1], torch.empty_like(x)
        arrays = (paths.pointer(array) for array in (x, y, gate, z))
        rows = x.numel() // width // groups
        _library().gate_forward(*arrays, ctypes.c_long(groups), ctypes.c_long(rows), width)
        ctx.save_for_backward(y, gate)
        return z

    @staticmethod
    def backward(ctx, grad):
        y, gate = ctx.saved_tensors
        grad, gy, ggate = grad.contiguous(), torch.empty_like(y), torch.empty_like(gate)
        groups, width = gate.numel() // y.shape[-1], y.shape[-1]
        arrays = (paths.pointer(array) for array in (y, gate, grad, gy, ggate))
        rows = y.numel() // width // groups
        _library().gate_backward(*arrays, ctypes.c_long(groups), ctypes.c_long(rows), width)
        return grad, gy, ggate


def gated(x, y, gate):
    """x + y * gate, gate [batch, groups, dim]."""
    if x.dtype == torch.float32 and y.dtype == torch.bfloat16:
        return _GateFunction.apply(x, y, gate.float())
    return x + (y.unflatten(1, (gate.shape[1], -1)) * gate[:, :, None]).flatten(1, 2)


class _RotaryFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, heads, table, factor):
        batch, tokens, dim = x.shape
        ctx.table, ctx.factor = table, factor
        out = x.new_empty(batch, heads, tokens, dim // heads)
        _RotaryFunction.turn(x.contiguous(), out, (batch, tokens, heads, dim // heads), table, factor, 0)
        return out

    @staticmethod
    def backward(ctx, grad):
        batch, heads, tokens, width = grad.shape
        out = grad.new_empty(batch, tokens, heads * width)
        _RotaryFunction.turn(grad.contiguous(), out, (batch, tokens, heads, width), ctx.table, ctx.factor, 1)
        return out, None, None, None

    @staticmethod
    def turn(x, out, shape, table, factor, back):
        """One call of fused.c."""
        arrays = (paths.pointer(array) for array in (x, *table, out))
        sizes = map(ctypes.c_long, shape[:3])
        numbers = (shape[3], table[0].shape[1], ctypes.c_float(factor), back)
        _library().rotary(*arrays, *sizes, *numbers)


def rotate(x, heads, table, factor=1.0):
    """Rotary embedding of interleaved pairs, times a factor: [batch, tokens, dim] -> [batch, heads, tokens, width].

    table: (cos, sin) [tokens, pairs]; further pairs only change places.
    """
    if x.dtype == torch.bfloat16:
        return _RotaryFunction.apply(x, heads, table, factor)
    x = x.unflatten(2, (heads, -1)).transpose(1, 2) * factor
    pairs = table[0].shape[1]
    a, b = x[..., : 2 * pairs].unflatten(-1, (pairs, 2)).unbind(-1)
    cos, sin = (part.to(x.dtype) for part in table)
    turned = torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)
    return torch.cat([turned, x[..., 2 * pairs :]], -1)


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

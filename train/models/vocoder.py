# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocoder: a miniature of BigVGAN, with its tensor names and weight norm folded in.

Log-mel [batch, 80, frames] -> wave [batch, 256 frames].
"""
import functools
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

from train import paths

CONFIG = dict(
    num_mels=80,
    upsample_initial_channel=128,
    upsample_rates=[4, 4, 4, 4],
    upsample_kernel_sizes=[8, 8, 8, 8],
    resblock='1',
    resblock_kernel_sizes=[3, 7],
    resblock_dilation_sizes=[[1, 3, 5], [1, 3, 5]],
    activation='snakebeta',
    snake_logscale=True,
)
TAPS = 12


@functools.lru_cache(maxsize=1)
def _library():
    return paths.native(pathlib.Path(__file__).with_name('snake.c'))


@functools.lru_cache(maxsize=1)
def low_pass():
    """Kaiser-windowed sinc with its edge at a quarter of the fine rate, float32 [TAPS], sum 1."""
    half_width = 0.3
    attenuation = 2.285 * (TAPS / 2 - 1) * math.pi * 4 * half_width + 7.95
    beta = 0.1102 * (attenuation - 8.7)
    if attenuation < 50:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    window = torch.kaiser_window(TAPS, periodic=False, beta=beta)
    taps = 0.5 * window * torch.sinc(0.5 * (torch.arange(TAPS) - TAPS / 2 + 0.5))
    return taps / taps.sum()


class _SnakeFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, log_alpha, log_beta):
        x = x.contiguous()
        alpha, beta, y = log_alpha.exp(), log_beta.exp(), torch.empty_like(x)
        arrays = [paths.pointer(t) for t in (x, y, low_pass(), alpha, beta)]
        if _library().snake_forward(*arrays, *x.shape):
            raise MemoryError('no memory for an activation')
        ctx.save_for_backward(x, alpha, beta)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, alpha, beta = ctx.saved_tensors
        grad, out = grad.contiguous(), torch.empty_like(x)
        by_alpha, by_beta = torch.empty(x.shape[:2]), torch.empty(x.shape[:2])
        tensors = (x, grad, out, by_alpha, by_beta, low_pass(), alpha, beta)
        if _library().snake_backward(*[paths.pointer(t) for t in tensors], *x.shape):
            raise MemoryError('no memory for the gradient of an activation')
        return out, by_alpha.sum(0), by_beta.sum(0)


class _Filter(nn.Module):
    """Holds the filter under the name that the original has for it."""

    def __init__(self):
        super().__init__()
        self.register_buffer('filter', low_pass().view(1, 1, TAPS).clone())


class _LowPass(nn.Module):
    def __init__(self):
        super().__init__()
        self.lowpass = _Filter()


class _SnakeShape(nn.Module):
    """alpha and beta as logarithms."""

    def __init__(self, channels):
        super().__init__()
        self.alpha, self.beta = nn.Parameter(torch.zeros(channels)), nn.Parameter(
            torch.zeros(channels)
        )


class Snake(nn.Module):
    """The anti-aliased activation."""

    def __init__(self, channels):
        super().__init__()
        self.act, self.upsample, self.downsample = _SnakeShape(channels), _Filter(), _LowPass()

    def forward(self, x):
        return _SnakeFunction.apply(x, self.act.alpha, self.act.beta)


def _conv(inputs, outputs, kernel, dilation=1):
    layer = nn.Conv1d(
        inputs, outputs, kernel, padding=dilation * (kernel - 1) // 2, dilation=dilation
    )
    nn.init.normal_(layer.weight, std=(inputs * kernel) ** -0.5)
    nn.init.zeros_(layer.bias)
    return layer


class SoundBlock(nn.Module):
    """Three residual pairs of convolutions of growing dilation."""

    def __init__(self, channels, kernel, dilations):
        super().__init__()
        self.convs1 = nn.ModuleList([_conv(channels, channels, kernel, d) for d in dilations])
        self.convs2 = nn.ModuleList([_conv(channels, channels, kernel) for _ in dilations])
        self.activations = nn.ModuleList([Snake(channels) for _ in range(2 * len(dilations))])
        for layer in self.convs2:
            layer.weight.data.mul_(0.1)

    def forward(self, x):
        for index, (first, second) in enumerate(zip(self.convs1, self.convs2)):
            before, between = self.activations[2 * index : 2 * index + 2]
            x = x + second(between(first(before(x))))
        return x


class Vocoder(nn.Module):
    """Up-sampling stages, each followed by the mean of parallel blocks."""

    def __init__(self):
        super().__init__()
        width = CONFIG['upsample_initial_channel']
        self.conv_pre = _conv(CONFIG['num_mels'], width, 7)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(CONFIG['upsample_rates'], CONFIG['upsample_kernel_sizes']):
            up = nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2)
            nn.init.normal_(up.weight, std=(width * kernel / rate) ** -0.5)
            nn.init.zeros_(up.bias)
            self.ups.append(nn.ModuleList([up]))
            width //= 2
            shapes = zip(CONFIG['resblock_kernel_sizes'], CONFIG['resblock_dilation_sizes'])
            self.resblocks.extend(SoundBlock(width, k, dilations) for k, dilations in shapes)
        self.activation_post = Snake(width)
        self.conv_post = _conv(width, 1, 7)

    def forward(self, mel):
        x = self.conv_pre(mel)
        branches = len(CONFIG['resblock_kernel_sizes'])
        for index, up in enumerate(self.ups):
            x = up[0](x)
            group = self.resblocks[index * branches : (index + 1) * branches]
            x = sum(block(x) for block in group) / branches
        return torch.tanh(self.conv_post(self.activation_post(x)))[:, 0]

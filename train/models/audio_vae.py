# SPDX-License-Identifier: GPL-3.0-or-later
"""The audio VAE: a miniature of MMAudio's 16 kHz one, with its tensor names.

Log-mel [batch, 80, 2 n] <-> latents [batch, 20, n]. Every layer preserves magnitudes (Karras et
al., 2024): weights are stored raw and normalised when used, there are no biases.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

CONFIG = dict(
    data_dim=80,
    embed_dim=20,
    hidden_dim=64,
    ch_mult=[1, 2, 4],
    num_res_blocks=2,
    down_layers=[0],
    attn_layers=[3],
    mp_t=0.3,
    clip_act=256.0,
)
EPSILON = 1e-4
START = 0.03  # rms of weights at the start: their size is without effect, but what a step turns them by is not
SILU_GAIN = 0.596  # the rms of silu(x) for a normal x


def silu(x):
    """SiLU scaled to keep the magnitude."""
    return F.silu(x) / SILU_GAIN


def blend(a, b):
    """Weighted sum that keeps the magnitude of unrelated inputs."""
    t = CONFIG['mp_t']
    return (a * (1 - t) + b * t) / math.sqrt((1 - t) ** 2 + t**2)


def pixel_norm(x):
    """x / rms over channels."""
    return x / (EPSILON + x.pow(2).mean(1, keepdim=True).sqrt())


class NormedConv(nn.Module):
    """Convolution whose rows are normalised when used."""

    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.weight = nn.Parameter(START * torch.randn(outputs, inputs, kernel))

    def forward(self, x, gain=1.0):
        weight = self.weight.float()
        rms = weight.pow(2).mean((1, 2), keepdim=True).sqrt()
        fan_in = weight.shape[1] * weight.shape[2]
        weight = weight / (EPSILON + rms) * (gain / math.sqrt(fan_in))
        return F.conv1d(x, weight.to(x.dtype), padding=weight.shape[2] // 2)


class AudioBlock(nn.Module):
    """Residual block; `bypass` leaves what it adds to."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1, self.conv2 = NormedConv(inputs, outputs, 3), NormedConv(outputs, outputs, 3)
        self.nin_shortcut = NormedConv(inputs, outputs, 1) if inputs != outputs else None
        self.bypass = False

    def forward(self, x):
        x = pixel_norm(x)
        if self.bypass:
            return blend(x if self.nin_shortcut is None else self.nin_shortcut(x), 0.0)
        h = self.conv2(silu(self.conv1(silu(x))))
        if self.nin_shortcut is not None:
            x = self.nin_shortcut(x)
        return blend(x, h)


class AudioAttention(nn.Module):
    """Self-attention over time, one head; q, k, v are interleaved in the channels."""

    def __init__(self, channels):
        super().__init__()
        self.qkv, self.proj_out = NormedConv(channels, 3 * channels, 1), NormedConv(
            channels, channels, 1
        )
        self.bypass = False

    def forward(self, x):
        if self.bypass:
            return blend(x, 0.0)
        batch, channels, frames = x.shape
        parts = self.qkv(x).reshape(batch, channels, 3, frames).unbind(2)
        q, k, v = (pixel_norm(part) for part in parts)
        score = torch.softmax(q.transpose(1, 2) @ k * channels**-0.5, -1)
        return blend(x, self.proj_out(v @ score.transpose(1, 2)))


class HalveTime(nn.Module):
    """1x1 convolution, mean of pairs, 1x1 convolution."""

    def __init__(self, channels):
        super().__init__()
        self.conv1, self.conv2 = NormedConv(channels, channels, 1), NormedConv(
            channels, channels, 1
        )

    def forward(self, x):
        return self.conv2(F.avg_pool1d(self.conv1(x), 2))


class DoubleTime(nn.Module):
    """Each frame twice, then a convolution."""

    def __init__(self, channels):
        super().__init__()
        self.conv = NormedConv(channels, channels, 3)

    def forward(self, x):
        return self.conv(x.repeat_interleave(2, -1))


class Level(nn.Module):
    """Residual blocks of one width."""

    def __init__(self, inputs, outputs, blocks):
        super().__init__()
        self.block = nn.ModuleList(
            [AudioBlock(inputs if i == 0 else outputs, outputs) for i in range(blocks)]
        )


class Middle(nn.Module):
    """Block, attention, block."""

    def __init__(self, channels):
        super().__init__()
        self.block_1, self.attn_1 = AudioBlock(channels, channels), AudioAttention(channels)
        self.block_2 = AudioBlock(channels, channels)

    def forward(self, x):
        return self.block_2(self.attn_1(self.block_1(x)))


def _clip(x):
    return x.clamp(-CONFIG['clip_act'], CONFIG['clip_act'])


class AudioEncoder(nn.Module):
    """Normalised mel -> 2 x 20 numbers a latent frame (the second half is an unused
    log-variance).
    """

    def __init__(self):
        super().__init__()
        widths = [CONFIG['hidden_dim'] * m for m in CONFIG['ch_mult']]
        self.conv_in = NormedConv(CONFIG['data_dim'], widths[0], 3)
        self.down = nn.ModuleList()
        for i, width in enumerate(widths):
            level = Level(widths[max(0, i - 1)], width, CONFIG['num_res_blocks'])
            if i in CONFIG['down_layers']:
                level.downsample = HalveTime(width)
            self.down.append(level)
        self.mid = Middle(widths[-1])
        self.conv_out = NormedConv(widths[-1], 2 * CONFIG['embed_dim'], 3)
        self.learnable_gain = nn.Parameter(torch.zeros([]))

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down:
            for block in level.block:
                x = _clip(block(x))
            if hasattr(level, 'downsample'):
                x = level.downsample(x)
        return self.conv_out(silu(_clip(self.mid(x))), gain=self.learnable_gain + 1)


class AudioDecoder(nn.Module):
    """20 numbers a latent frame -> normalised mel."""

    def __init__(self):
        super().__init__()
        widths = [CONFIG['hidden_dim'] * m for m in CONFIG['ch_mult']]
        self.conv_in = NormedConv(CONFIG['embed_dim'], widths[-1], 3)
        self.mid = Middle(widths[-1])
        self.up = nn.ModuleList()
        for i, width in enumerate(widths):
            above = widths[min(len(widths) - 1, i + 1)]
            level = Level(above, width, CONFIG['num_res_blocks'] + 1)
            if i - 1 in CONFIG['down_layers']:
                level.upsample = DoubleTime(width)
            self.up.append(level)
        self.conv_out = NormedConv(widths[0], CONFIG['data_dim'], 3)
        self.learnable_gain = nn.Parameter(torch.zeros([]))

    def forward(self, x):
        x = _clip(self.mid(self.conv_in(x)))
        for level in reversed(self.up):
            for block in level.block:
                x = _clip(block(x))
            if hasattr(level, 'upsample'):
                x = level.upsample(x)
        return self.conv_out(silu(x), gain=self.learnable_gain + 1)


class AudioVae(nn.Module):
    """data_mean/std are those of the mels, latent_mean/std those of the latents."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = AudioEncoder(), AudioDecoder()
        self.register_buffer('data_mean', torch.zeros(1, CONFIG['data_dim'], 1))
        self.register_buffer('data_std', torch.ones(1, CONFIG['data_dim'], 1))
        self.register_buffer('latent_mean', torch.zeros(CONFIG['embed_dim']))
        self.register_buffer('latent_std', torch.ones(CONFIG['embed_dim']))

    def encode_raw(self, mel):
        """Latents before normalisation, [batch, 20, n]."""
        return self.encoder((mel - self.data_mean) / self.data_std)[:, : CONFIG['embed_dim']]

    def decode_raw(self, latents):
        """Mel from latents before normalisation."""
        return self.decoder(latents) * self.data_std + self.data_mean

    def encode(self, mel):
        """Normalised latents."""
        return (self.encode_raw(mel) - self.latent_mean[:, None]) / self.latent_std[:, None]

    def decode(self, latents):
        """Mel from normalised latents."""
        return self.decode_raw(latents * self.latent_std[:, None] + self.latent_mean[:, None])

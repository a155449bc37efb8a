# SPDX-License-Identifier: GPL-3.0-or-later
"""The causal video VAE: a miniature of Wan 2.2's, with its tensor names.

Frames [batch, 3, 1 + 4k, height, width] in -1..1 <-> latents [batch, z, 1 + k, height/16,
width/16].
"""
import torch
from torch import nn

from . import video_layers as layers

CONFIG = dict(
    z_dim=48,
    patch=4,
    enc_dim=48,
    enc_dim_mult=[1, 2, 2],
    dec_dim=16,
    dec_dim_mult=[3, 6, 8],
    num_res_blocks=1,
    temporal_downsample=[True, True],
)


class Encoder(nn.Module):
    """Patches -> 2 z numbers a cell (the second half is the unused log-variance)."""

    def __init__(self, config):
        super().__init__()
        widths = [config['enc_dim'] * m for m in [1] + config['enc_dim_mult']]
        stages, in_time = len(widths) - 1, config['temporal_downsample']
        last = widths[-1]
        self.conv1 = layers.CausalConv(3 * config['patch'] ** 2, widths[0])
        self.downsamples = nn.Sequential(
            *[
                layers.DownStage(
                    widths[i],
                    widths[i + 1],
                    config['num_res_blocks'],
                    i < stages - 1 and in_time[i],
                    i < stages - 1,
                )
                for i in range(stages)
            ]
        )
        self.middle = nn.Sequential(
            layers.ResidualBlock(last, last),
            layers.AttentionBlock(last),
            layers.ResidualBlock(last, last),
        )
        self.head = nn.Sequential(
            layers.ChannelNorm(last), nn.SiLU(), layers.CausalConv(last, 2 * config['z_dim'])
        )

    def forward(self, x, run):
        x = run.conv(self.conv1, x)
        for layer in (*self.downsamples, *self.middle):
            x = layer(x, run)
        return run.conv(self.head[2], self.head[1](self.head[0](x)))


class Decoder(nn.Module):
    """z numbers a cell -> patches."""

    def __init__(self, config):
        super().__init__()
        multipliers = config['dec_dim_mult']
        widths = [config['dec_dim'] * m for m in [multipliers[-1]] + multipliers[::-1]]
        stages, in_time = len(widths) - 1, config['temporal_downsample'][::-1]
        first, last = widths[0], widths[-1]
        self.conv1 = layers.CausalConv(config['z_dim'], first)
        self.middle = nn.Sequential(
            layers.ResidualBlock(first, first),
            layers.AttentionBlock(first),
            layers.ResidualBlock(first, first),
        )
        self.upsamples = nn.Sequential(
            *[
                layers.UpStage(
                    widths[i],
                    widths[i + 1],
                    config['num_res_blocks'] + 1,
                    i < stages - 1 and in_time[i],
                    i < stages - 1,
                )
                for i in range(stages)
            ]
        )
        self.head = nn.Sequential(
            layers.ChannelNorm(last), nn.SiLU(), layers.CausalConv(last, 3 * config['patch'] ** 2)
        )

    def forward(self, x, run):
        x = run.conv(self.conv1, x)
        for layer in (*self.middle, *self.upsamples):
            x = layer(x, run)
        return run.conv(self.head[2], self.head[1](self.head[0](x)))


def patchify(x, p):
    """Frames -> p x p patches as channels, in the order colour, x, y."""
    b, c, t, h, w = x.shape
    x = x.reshape(b, c, t, h // p, p, w // p, p).permute(0, 1, 6, 4, 2, 3, 5)
    return x.reshape(b, c * p * p, t, h // p, w // p)


def unpatchify(x, p):
    """The reverse of patchify."""
    b, c, t, h, w = x.shape
    x = x.reshape(b, c // (p * p), p, p, t, h, w).permute(0, 1, 4, 5, 3, 6, 2)
    return x.reshape(b, c // (p * p), t, h * p, w * p)


class VideoVae(nn.Module):
    """Encoder and decoder; `mean` and `std` normalise the latents once they have been measured."""

    def __init__(self, config=None):
        super().__init__()
        self.config = dict(CONFIG, **(config or {}))
        z = self.config['z_dim']
        self.encoder = Encoder(self.config)
        self.conv1 = layers.CausalConv(2 * z, 2 * z, 1)
        self.conv2 = layers.CausalConv(z, z, 1)
        self.decoder = Decoder(self.config)
        nn.init.normal_(self.conv1.weight, std=(2 * z) ** -0.5)
        nn.init.normal_(self.conv2.weight, std=z**-0.5)
        self.register_buffer('mean', torch.zeros(z))
        self.register_buffer('std', torch.ones(z))

    def encode_raw(self, frames, run=None):
        """Latents before normalisation."""
        hidden = self.encoder(patchify(frames, self.config['patch']), run or layers.Whole())
        return self.conv1(hidden)[:, : self.config['z_dim']]

    def decode_raw(self, latents, run=None):
        """Frames from latents before normalisation, not clamped."""
        hidden = self.decoder(self.conv2(latents), run or layers.Whole())
        return unpatchify(hidden, self.config['patch'])

    def _column(self, values):
        return values.view(1, -1, 1, 1, 1)

    def encode(self, frames):
        """Normalised latents."""
        return (self.encode_raw(frames).float() - self._column(self.mean)) / self._column(self.std)

    def decode(self, latents):
        """Frames from normalised latents."""
        return self.decode_raw(latents * self._column(self.std) + self._column(self.mean)).clamp(
            -1, 1
        )

    def encode_stream(self, frames):
        """encode(), one frame and then four at a time."""
        run = layers.Stream()
        parts = [self.encode_raw(frames[:, :, :1], run)]
        for start in range(1, frames.shape[2], 4):
            parts.append(self.encode_raw(frames[:, :, start : start + 4], run))
        return (torch.cat(parts, 2) - self._column(self.mean)) / self._column(self.std)

    def decode_stream(self, latents):
        """decode(), one latent frame at a time."""
        latents = latents * self._column(self.std) + self._column(self.mean)
        run, parts = layers.Stream(), []
        for index in range(latents.shape[2]):
            parts.append(self.decode_raw(latents[:, :, index : index + 1], run))
            run.first = False
        return torch.cat(parts, 2).clamp(-1, 1)

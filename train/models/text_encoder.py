# SPDX-License-Identifier: GPL-3.0-or-later
"""The text encoder: a miniature of umT5's, with the tensor names of Wan's file, and Mini, which
trains it together with the denoiser."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from .fused import Gelu
from .transformer import Transformer

CONFIG = dict(
    vocab=4096,
    dim=256,
    dim_attn=256,
    dim_ffn=640,
    num_heads=4,
    num_layers=4,
    num_buckets=32,
    max_dist=128,
    eps=1e-6,
    lowercase=True,
    text_len=64,
)
PAD = 0


class TextNorm(nn.Module):
    """RMS norm in float32."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + CONFIG['eps'])
        return self.weight * (x * scale)


class TextAttention(nn.Module):
    """Unscaled attention with a position bias."""

    def __init__(self, config):
        super().__init__()
        dim, inner = config['dim'], config['dim_attn']
        self.heads = config['num_heads']
        for name, inputs, outputs, std in (
            ('q', dim, inner, (dim * inner / self.heads) ** -0.5),
            ('k', dim, inner, dim**-0.5),
            ('v', dim, inner, dim**-0.5),
            ('o', inner, dim, 0.5 * inner**-0.5),
        ):
            layer = nn.Linear(inputs, outputs, bias=False)
            nn.init.normal_(layer.weight, std=std)
            setattr(self, name, layer)

    def forward(self, x, bias):
        batch, tokens, _ = x.shape
        q, k, v = (
            layer(x).view(batch, tokens, self.heads, -1).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        weight = torch.softmax((q @ k.transpose(-1, -2)).float() + bias, -1)
        return self.o((weight.to(v.dtype) @ v).transpose(1, 2).flatten(2))


class TextFeedForward(nn.Module):
    """fc2(fc1(x) * gelu(gate(x)))"""

    def __init__(self, config):
        super().__init__()
        dim, inner = config['dim'], config['dim_ffn']
        self.gate = nn.Sequential(nn.Linear(dim, inner, bias=False), Gelu())
        self.fc1 = nn.Linear(dim, inner, bias=False)
        self.fc2 = nn.Linear(inner, dim, bias=False)
        nn.init.normal_(self.gate[0].weight, std=dim**-0.5)
        nn.init.normal_(self.fc1.weight, std=dim**-0.5)
        nn.init.normal_(self.fc2.weight, std=0.5 * inner**-0.5)

    def forward(self, x):
        return self.fc2(self.fc1(x) * self.gate(x))


class RelativePosition(nn.Module):
    """T5's bucketed relative positions: exact when near, logarithmic when far."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config['num_buckets'], config['num_heads'])
        nn.init.normal_(self.embedding.weight, std=0.1)

    def forward(self, tokens):
        position = torch.arange(tokens)
        distance = position[None] - position[:, None]
        half = self.config['num_buckets'] // 2
        exact = half // 2
        far = torch.log(distance.abs().float().clamp(min=1) / exact)
        far = far / math.log(self.config['max_dist'] / exact) * (half - exact)
        far = (exact + far.long()).clamp(max=half - 1)
        bucket = (distance > 0).long() * half
        bucket = bucket + torch.where(distance.abs() < exact, distance.abs(), far)
        return self.embedding(bucket).permute(2, 0, 1)[None].float()


class TextBlock(nn.Module):
    """Attention and feed-forward."""

    def __init__(self, config):
        super().__init__()
        self.norm1, self.attn = TextNorm(config['dim']), TextAttention(config)
        self.norm2, self.ffn = TextNorm(config['dim']), TextFeedForward(config)
        self.pos_embedding = RelativePosition(config)

    def forward(self, x, mask):
        x = x + self.attn(self.norm1(x), self.pos_embedding(x.shape[1]) + mask)
        return x + self.ffn(self.norm2(x))


class TextEncoder(nn.Module):
    """Token ids [batch, tokens], 0 = padding -> [batch, tokens, dim], zero where there is
    padding.
    """

    def __init__(self, config=None):
        super().__init__()
        self.config = dict(CONFIG, **(config or {}))
        self.token_embedding = nn.Embedding(self.config['vocab'], self.config['dim'])
        self.blocks = nn.ModuleList(
            [TextBlock(self.config) for _ in range(self.config['num_layers'])]
        )
        self.norm = TextNorm(self.config['dim'])

    def forward(self, ids):
        real = ids != PAD
        x = self.token_embedding(ids)
        mask = torch.zeros(real.shape).masked_fill(~real, -1e9)[:, None, None]
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x) * real[..., None]


class Mini(nn.Module):
    """Text encoder and denoiser, trained together."""

    def __init__(self, config=None):
        super().__init__()
        self.text_encoder = TextEncoder()
        self.dit = Transformer(config)

    def context(self, ids):
        """Text rows, padded with zeros to the denoiser's text length."""
        rows = self.text_encoder(ids)
        return F.pad(rows, (0, 0, 0, self.dit.config['text_len'] - rows.shape[1]))

    def forward(self, video, audio, video_time, audio_time, ids):
        return self.dit(video, audio, video_time, audio_time, self.text_encoder(ids))

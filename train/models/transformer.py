# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoiser: a miniature of Ovi 1.1, two Wan towers (video, audio) joined by fused
cross-attention.

Tensor names are Ovi's (video_model.*, audio_model.*). Time steps run from 0 (clean) to 1000
(noise); the answer is the velocity noise - clean. Text rows after the last token are zero and are
attended to.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from .fused import Gelu, RmsNorm, gated, modulate, rotate

CONFIG = dict(
    dim=256,
    ffn_dim=1024,
    num_heads=4,
    num_layers=8,
    freq_dim=256,
    text_dim=256,
    text_len=64,
    prediction='velocity',  # what the heads answer: 'velocity' or 'x0', the clean latents
    video=dict(in_dim=48, patch=(1, 2, 2)),
    audio=dict(in_dim=20, kernel=7, hidden=256, rope_scale=0.096),
)
ROPE_BASE = 10000.0
NO_TURN = torch.zeros(1, 0), torch.zeros(1, 0)  # a rotary table of no pairs


def _xavier(layer):
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def attend(q, k, v, bias=None):
    """Softmax attention of [batch, heads, tokens, width] -> [batch, tokens, heads * width].

    q is scaled already; bias [keys] is added to the scores: log n for a key that stands for n equal ones.
    """
    score = q @ k.transpose(-1, -2)
    score = torch.softmax(score if bias is None else score.float() + bias, -1)
    return (score.to(v.dtype) @ v).transpose(1, 2).flatten(2)


def angles(count, width, scale=1.0):
    """[count, width / 2] rotation angles of positions 0, 1, ..."""
    rates = scale / ROPE_BASE ** (torch.arange(0, width, 2).double() / width)
    return torch.outer(torch.arange(count).double(), rates)


class Attention(nn.Module):
    """Projections and the full-width q and k norms."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        for name in 'qkvo':
            setattr(self, name, _xavier(nn.Linear(dim, dim)))
        self.norm_q, self.norm_k = RmsNorm(dim), RmsNorm(dim)

    def ready(self, x, table=None, factor=1.0):
        """[batch, tokens, dim] -> [batch, heads, tokens, width], rotated by a table if there is one."""
        return rotate(x, self.heads, NO_TURN if table is None else table, factor)

    def queries(self, x):
        """Normed queries [batch, tokens, dim]."""
        return self.norm_q(self.q(x))

    def keys(self, x):
        """Normed keys [batch, tokens, dim]."""
        return self.norm_k(self.k(x))

    @property
    def scale(self):
        """Of the scores: one over the root of a head's width."""
        return (self.q.out_features // self.heads) ** -0.5


class FusedCrossAttention(Attention):
    """Attends to the text and, with its own keys and values, to the other tower."""

    def __init__(self, dim, heads):
        super().__init__(dim, heads)
        self.k_fusion, self.v_fusion = _xavier(nn.Linear(dim, dim)), _xavier(nn.Linear(dim, dim))
        nn.init.zeros_(self.v_fusion.weight)  # the towers start apart: one may learn before the other
        self.pre_attn_norm_fusion = nn.LayerNorm(dim, eps=1e-6)
        self.norm_k_fusion = RmsNorm(dim)

    def forward(self, x, text, other, table, other_table):
        """text: (rows, bias of their scores or None); other: tokens of the other tower, or None."""
        q, rows = self.queries(x), text[0]
        values = self.ready(self.v(rows))
        told = attend(self.ready(q, None, self.scale), self.ready(self.keys(rows)), values, text[1])
        if other is None:
            return self.o(told)
        normed = self.pre_attn_norm_fusion(other)
        keys = self.ready(self.norm_k_fusion(self.k_fusion(normed)), other_table)
        fused = attend(self.ready(q, table, self.scale), keys, self.ready(self.v_fusion(normed)))
        return self.o(told + fused)


class Modulation(nn.Module):
    """Learned offsets of the six modulation vectors of a block."""

    def __init__(self, dim):
        super().__init__()
        self.modulation = nn.Parameter(torch.randn(1, 6, dim) / dim**0.5)


class Block(nn.Module):
    """Self-attention, fused cross-attention, feed-forward."""

    def __init__(self, config):
        super().__init__()
        dim, heads = config['dim'], config['num_heads']
        self.self_attn = Attention(dim, heads)
        self.norm3 = nn.LayerNorm(dim, eps=1e-6)
        self.cross_attn = FusedCrossAttention(dim, heads)
        self.ffn = nn.Sequential(
            _xavier(nn.Linear(dim, config['ffn_dim'])),
            Gelu(),
            _xavier(nn.Linear(config['ffn_dim'], dim)),
        )
        self.modulation = Modulation(dim)

    def vectors(self, embedding):
        """Six modulation vectors [batch, groups, dim]."""
        return (self.modulation.modulation + embedding).unbind(-2)

    def attend_self(self, x, m, table):
        """x after self-attention."""
        a, h = self.self_attn, modulate(x, m[1], m[0])
        q, k = a.ready(a.queries(h), table, a.scale), a.ready(a.keys(h), table)
        return gated(x, a.o(attend(q, k, a.ready(a.v(h)))), m[2])

    def attend_cross(self, x, m, text, other, table, other_table):
        """x after cross-attention and feed-forward."""
        x = x + self.cross_attn(self.norm3(x), text, other, table, other_table)
        return gated(x, self.ffn(modulate(x, m[4], m[3])), m[5])


class Head(nn.Module):
    """Modulated norm and projection to latents; starts at zero."""

    def __init__(self, dim, outputs):
        super().__init__()
        self.head = nn.Linear(dim, outputs)
        self.modulation = nn.Parameter(torch.randn(1, 2, dim) / dim**0.5)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x, embedding):
        shift, scale = (self.modulation + embedding[:, :, None]).unbind(-2)
        return self.head(modulate(x, scale, shift))


class TokenConv(nn.Conv1d):
    """1-D convolution of [batch, tokens, channels]."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class ConvMlp(nn.Module):
    """w2(silu(w1 x) * w3 x) of convolutions."""

    def __init__(self, dim, hidden, kernel):
        super().__init__()
        pad = kernel // 2
        self.w1 = TokenConv(dim, hidden, kernel, padding=pad, bias=False)
        self.w2 = TokenConv(hidden, dim, kernel, padding=pad, bias=False)
        self.w3 = TokenConv(dim, hidden, kernel, padding=pad, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Tower(nn.Module):
    """One Wan model, video or audio."""

    def __init__(self, config, kind):
        super().__init__()
        self.config, self.kind, self.tables = config, kind, {}
        dim, own = config['dim'], config[kind]
        if kind == 'video':
            patch = tuple(own['patch'])
            self.patch_embedding = nn.Conv3d(own['in_dim'], dim, patch, patch)
            nn.init.xavier_uniform_(self.patch_embedding.weight.data.flatten(1))
            outputs = own['in_dim'] * math.prod(patch)
        else:
            kernel = own['kernel']
            self.patch_embedding = nn.Sequential(
                TokenConv(own['in_dim'], dim, kernel, padding=kernel // 2),
                nn.SiLU(),
                ConvMlp(dim, own['hidden'], kernel),
            )
            outputs = own['in_dim']
        self.text_embedding = nn.Sequential(
            nn.Linear(config['text_dim'], dim), Gelu(), nn.Linear(dim, dim)
        )
        self.time_embedding = nn.Sequential(
            nn.Linear(config['freq_dim'], dim), nn.SiLU(), nn.Linear(dim, dim)
        )
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.blocks = nn.ModuleList([Block(config) for _ in range(config['num_layers'])])
        self.head = Head(dim, outputs)
        for layer in (self.time_embedding[0], self.time_embedding[2], self.time_projection[1]):
            nn.init.normal_(layer.weight, std=0.02)

    def embed_time(self, t):
        """t [batch, groups] -> embedding [batch, groups, dim], modulation [batch, groups, 6,
        dim].
        """
        half = self.config['freq_dim'] // 2
        rates = torch.pow(ROPE_BASE, -torch.arange(half).double() / half)
        phase = t.double()[..., None] * rates
        embedding = self.time_embedding(torch.cat([phase.cos(), phase.sin()], -1).float())
        return embedding.float(), self.time_projection(embedding).unflatten(-1, (6, -1)).float()

    def table(self, *grid):
        """Rotary table of a token grid: (frames, rows, columns) or (audio tokens,)."""
        if grid not in self.tables:
            width = self.config['dim'] // self.config['num_heads']
            in_space = 2 * (width // 6)
            in_time = width - 2 * in_space
            if self.kind == 'audio':
                turn = angles(grid[0], in_time, self.config['audio']['rope_scale'])
            else:
                t, h, w = grid
                parts = (
                    angles(t, in_time)[:, None, None],
                    angles(h, in_space)[None, :, None],
                    angles(w, in_space)[None, None],
                )
                turn = torch.cat([part.expand(t, h, w, -1) for part in parts], -1).flatten(0, 2)
            self.tables[grid] = turn.cos().float(), turn.sin().float()
        return self.tables[grid]


class Transformer(nn.Module):
    """Both towers."""

    def __init__(self, config=None):
        super().__init__()
        self.config = dict(CONFIG, **(config or {}))
        self.video_model = Tower(self.config, 'video')
        self.audio_model = Tower(self.config, 'audio')

    def _pad_text(self, text):
        """(text with one row of zeros for all that are missing, bias of the scores of its rows)"""
        missing = self.config['text_len'] - text.shape[1]
        if missing <= 0:
            return text, None
        bias = torch.zeros(text.shape[1] + 1)
        bias[-1] = math.log(missing)
        return F.pad(text, (0, 0, 0, 1)), bias

    def _velocity(self, answer, noisy, time):
        """The velocity that an answer stands for: itself, or (noisy - x0) / u, and 0 where all is clean.

        A network narrower than its patches cannot carry their noise to the end, so it is better asked
        for what is clean (Li and He, Back to Basics: Let Denoising Generative Models Denoise, 2025).
        """
        if self.config['prediction'] == 'velocity':
            return answer
        u = time / 1000
        return (noisy.float() - answer.float()) * torch.where(u > 0, 1 / u.clamp(min=1e-3), 0)

    @staticmethod
    def _alone(tower, x, grid, time, text):
        """Head outputs of one tower for its tokens x, without the other."""
        vector, modulation = tower.embed_time(time)
        told, table = (tower.text_embedding(text[0]), text[1]), tower.table(*grid)
        for block in tower.blocks:
            m = block.vectors(modulation)
            x = block.attend_cross(block.attend_self(x, m, table), m, told, None, table, None)
        return tower.head(x, vector)

    def forward(self, video, audio, video_time, audio_time, text):
        """Velocities of video [b, c, t, h, w] and audio [b, n, 20].

        video_time [b, 1 or t] and audio_time [b, 1 or n] in 0..1000; text [b, up to text_len,
        text_dim]: rows that are missing count as zeros. Without audio (None) the video tower answers
        alone: (velocities of the video, None); without video the other.
        """
        v, a = self.video_model, self.audio_model
        text, bias = self._pad_text(text)
        if video is None:
            y = a.patch_embedding(audio).float()
            answer = self._alone(a, y, (audio.shape[1],), audio_time, (text, bias))
            return None, self._velocity(answer, audio, audio_time[:, :, None])
        x = v.patch_embedding(video)
        grid = x.shape[2:]
        x = x.flatten(2).transpose(1, 2).float()
        if audio is None:
            answer = self._unpatch(self._alone(v, x, grid, video_time, (text, bias)), grid)
            return self._velocity(answer, video, video_time[:, None, :, None, None]), None
        video_vector, video_modulation = v.embed_time(video_time)
        video_text = v.text_embedding(text), bias
        y = a.patch_embedding(audio).float()
        audio_vector, audio_modulation = a.embed_time(audio_time)
        audio_text = a.text_embedding(text), bias
        video_table, audio_table = v.table(*grid), a.table(audio.shape[1])
        for video_block, audio_block in zip(v.blocks, a.blocks):
            vm, am = video_block.vectors(video_modulation), audio_block.vectors(audio_modulation)
            y = audio_block.attend_self(y, am, audio_table)
            x = video_block.attend_self(x, vm, video_table)
            y_before = y
            y = audio_block.attend_cross(y, am, audio_text, x, audio_table, video_table)
            x = video_block.attend_cross(x, vm, video_text, y_before, video_table, audio_table)
        pictures, sound = self._unpatch(v.head(x, video_vector), grid), a.head(y, audio_vector)
        return (
            self._velocity(pictures, video, video_time[:, None, :, None, None]),
            self._velocity(sound, audio, audio_time[:, :, None]),
        )

    def _unpatch(self, x, grid):
        """Head output, ordered (frame, row, column, channel) within a patch -> latents."""
        (t, h, w), (_, a, b) = grid, self.config['video']['patch']
        x = x.view(-1, t, h, w, a, b, self.config['video']['in_dim']).permute(0, 6, 1, 2, 4, 3, 5)
        return x.reshape(len(x), -1, t, a * h, b * w)

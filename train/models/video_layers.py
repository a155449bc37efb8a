# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of the causal video VAE: convolutions, norms, blocks, and the two ways to run them in
time.

Tensors are [batch, channels, frames, height, width]. Whole runs a clip at once; Stream runs it
chunk by chunk with caches, the way the engine does. Both give the same numbers (a test holds it).
"""
import torch
from torch import nn
from torch.nn import functional as F


class CausalConv(nn.Conv3d):
    """Convolution that sees only the past: two empty frames stand before the first.

    Starts with all weight in the last tap of time, so that a one-frame clip meets a plain 2-D
    convolution. `pointwise` makes it use only the centre of that tap; `centre`, one number an input
    channel, makes `bias` the answer to that input instead of to zero (see linear_start.py).
    """

    def __init__(self, inputs, outputs, kernel=3):
        shape = (kernel,) * 3 if isinstance(kernel, int) else kernel
        super().__init__(inputs, outputs, shape)
        self.space_pad = shape[1] // 2
        self.pointwise = False
        self.centre = None
        if shape[0] == 3:
            nn.init.kaiming_normal_(self.weight[:, :, 2], nonlinearity='linear')
            self.weight.data[:, :, :2] = 0
        nn.init.zeros_(self.bias)

    def forward(self, x, history=None):
        weight, bias, pad = self.weight, self.bias, self.space_pad
        if self.centre is not None:
            bias = bias - weight.sum((2, 3, 4)) @ self.centre
        if self.pointwise:
            return F.conv3d(x, weight[:, :, -1:, 1:2, 1:2], bias)
        single = x.shape[2] == 1 and history is None
        if single:
            return F.conv2d(x[:, :, 0], weight[:, :, -1], bias, padding=pad).unsqueeze(2)
        if weight.shape[2] == 1:
            return F.conv3d(x, weight, bias, padding=(0, pad, pad))
        missing = 2
        if history is not None:
            x = torch.cat([history, x], 2)
            missing -= history.shape[2]
        if missing:
            x = F.pad(x, (pad, pad, pad, pad, missing, 0))
            return F.conv3d(x, weight, bias)
        return F.conv3d(x, weight, bias, padding=(0, pad, pad))


class ChannelNorm(nn.Module):
    """x / rms(x over channels) * gamma. Images have one dimension less."""

    def __init__(self, channels, image=False):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones((channels, 1, 1) if image else (channels, 1, 1, 1)))

    def forward(self, x):
        scale = torch.rsqrt(x.float().pow(2).mean(1, keepdim=True) + 1e-12)
        return x * scale.to(x.dtype) * self.gamma.to(x.dtype)


class ResidualBlock(nn.Module):
    """Two normalised convolutions beside a shortcut. `bypass` leaves the shortcut and the last
    bias.
    """

    def __init__(self, inputs, outputs):
        super().__init__()
        self.residual = nn.Sequential(
            ChannelNorm(inputs),
            nn.SiLU(),
            CausalConv(inputs, outputs),
            ChannelNorm(outputs),
            nn.SiLU(),
            nn.Dropout(0.0),
            CausalConv(outputs, outputs),
        )
        self.residual[6].weight.data.mul_(0.1)
        self.shortcut = CausalConv(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.bypass = False

    def forward(self, x, run):
        if self.bypass:
            return self.shortcut(x) + self.residual[6].bias.to(x.dtype).view(1, -1, 1, 1, 1)
        h = x
        for layer in self.residual:
            h = run.conv(layer, h) if isinstance(layer, CausalConv) else layer(h)
        return h + self.shortcut(x)


class AttentionBlock(nn.Module):
    """Self-attention within each frame, one head."""

    def __init__(self, channels):
        super().__init__()
        self.norm = ChannelNorm(channels, image=True)
        self.to_qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.proj = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.proj.weight)
        nn.init.zeros_(self.proj.bias)
        self.bypass = False

    def forward(self, x, run):
        if self.bypass:
            return x
        batch, channels, frames, height, width = x.shape
        image = x.transpose(1, 2).reshape(batch * frames, channels, height, width)
        qkv = self.to_qkv(self.norm(image)).reshape(batch * frames, 3, channels, height * width)
        q, k, v = qkv.unbind(1)
        score = torch.bmm(q.transpose(1, 2), k).float() * channels**-0.5
        mixed = torch.bmm(v, torch.softmax(score, -1).to(v.dtype).transpose(1, 2))
        out = self.proj(mixed.reshape(batch * frames, channels, height, width))
        return x + out.reshape(batch, frames, channels, height, width).transpose(1, 2)


class Resample(nn.Module):
    """Halves or doubles space, and time too if asked: the frame that starts a clip keeps its own
    time.
    """

    def __init__(self, channels, up, in_time):
        super().__init__()
        self.up, self.in_time = up, in_time
        if up:
            conv = nn.Conv2d(channels, channels, 3, padding=1)
        else:
            conv = nn.Conv2d(channels, channels, 3, stride=2)
        self.resample = nn.Sequential(nn.Identity(), conv)
        if in_time:
            self.time_conv = CausalConv(channels, 2 * channels if up else channels, (3, 1, 1))
            self.time_conv.weight.data.zero_()
            for half in range(2 if up else 1):
                rows = slice(half * channels, (half + 1) * channels)
                self.time_conv.weight.data[rows, :, 2, 0, 0] = torch.eye(channels)

    def forward(self, x, run):
        if self.up and self.in_time:
            x = run.double_time(self.time_conv, x)
        batch, channels, frames, height, width = x.shape
        image = x.transpose(1, 2).reshape(batch * frames, channels, height, width)
        conv = self.resample[1]
        if self.up:
            nearest = image[:, :, :, None, :, None].expand(-1, -1, -1, 2, -1, 2)
            image = conv(nearest.reshape(batch * frames, channels, 2 * height, 2 * width))
        else:
            image = conv(F.pad(image, (0, 1, 0, 1)))
        x = image.reshape(batch, frames, *image.shape[1:]).transpose(1, 2)
        if not self.up and self.in_time:
            x = run.halve_time(self.time_conv, x)
        return x


def average_down(x, outputs, time, space):
    """Shortcut around a down stage: groups of channels, frames and pixels are averaged.

    A chunk whose frames do not fill the last group is padded on the left with empty ones.
    """
    x = F.pad(x, (0, 0, 0, 0, -x.shape[2] % time, 0))
    b, c, t, h, w = x.shape
    x = x.reshape(b, c, t // time, time, h // space, space, w // space, space)
    x = x.permute(0, 1, 3, 5, 7, 2, 4, 6)
    return x.reshape(b, outputs, -1, t // time, h // space, w // space).mean(2)


def repeat_up(x, outputs, time, space, first):
    """Shortcut around an up stage: channels repeated into frames and pixels.

    The first chunk of a clip drops the frames that would lie before its start.
    """
    b, c, t, h, w = x.shape
    copies = outputs * time * space * space // c
    x = x[:, :, None].expand(-1, -1, copies, -1, -1, -1)
    x = x.reshape(b, outputs, time, space, space, t, h, w).permute(0, 1, 5, 2, 6, 3, 7, 4)
    x = x.reshape(b, outputs, t * time, h * space, w * space)
    return x[:, :, time - 1 :] if first else x


class DownStage(nn.Module):
    """Residual blocks and, except in the last stage, a down-sampling; average_down around them."""

    def __init__(self, inputs, outputs, blocks, in_time, down):
        super().__init__()
        self.outputs, self.time, self.space = outputs, 2 if in_time else 1, 2 if down else 1
        layers = [ResidualBlock(inputs if i == 0 else outputs, outputs) for i in range(blocks)]
        if down:
            layers.append(Resample(outputs, up=False, in_time=in_time))
        self.downsamples = nn.Sequential(*layers)

    def forward(self, x, run):
        y = x
        for layer in self.downsamples:
            y = layer(y, run)
        return y + average_down(x, self.outputs, self.time, self.space)


class UpStage(nn.Module):
    """Residual blocks and, except in the last stage, an up-sampling with repeat_up around them."""

    def __init__(self, inputs, outputs, blocks, in_time, up):
        super().__init__()
        self.outputs, self.time, self.up = outputs, 2 if in_time else 1, up
        layers = [ResidualBlock(inputs if i == 0 else outputs, outputs) for i in range(blocks)]
        if up:
            layers.append(Resample(outputs, up=True, in_time=in_time))
        self.upsamples = nn.Sequential(*layers)

    def forward(self, x, run):
        y = x
        for layer in self.upsamples:
            y = layer(y, run)
        return y + repeat_up(x, self.outputs, self.time, 2, run.first) if self.up else y


def _interleave(y):
    """Two halves of the channels are two frames: [b, 2c, t, h, w] -> [b, c, 2t, h, w]."""
    b, c, t, h, w = y.shape
    y = y.reshape(b, 2, c // 2, t, h, w).permute(0, 2, 3, 1, 4, 5)
    return y.reshape(b, c // 2, 2 * t, h, w)


class Whole:
    """Runs a whole clip at once: what training uses."""

    first = True

    def conv(self, layer, x):
        """A causal convolution."""
        return layer(x)

    def halve_time(self, layer, x):
        """The first frame passes, the others are convolved with stride 2."""
        if x.shape[2] == 1:
            return x
        rest = F.conv3d(x, layer.weight, layer.bias, stride=(2, 1, 1))
        return torch.cat([x[:, :, :1], rest], 2)

    def double_time(self, layer, x):
        """The first frame passes; the others do not see it (their history starts empty)."""
        if x.shape[2] == 1:
            return x
        return torch.cat([x[:, :, :1], _interleave(layer(x[:, :, 1:]))], 2)


class Stream:
    """Runs chunk after chunk with caches of the last frames: the definition that the engine
    follows.
    """

    def __init__(self):
        self.caches = {}
        self.first = True

    def conv(self, layer, x):
        """A causal convolution; its cache is its last two inputs."""
        old = self.caches.get(layer)
        self.caches[layer] = self._last_two(x, old)
        return layer(x, old)

    @staticmethod
    def _last_two(x, old):
        new = x[:, :, -2:]
        if new.shape[2] < 2 and old is not None:
            new = torch.cat([old[:, :, -1:], new], 2)
        return new

    def halve_time(self, layer, x):
        """The first chunk passes; later ones are convolved behind the one frame before them."""
        old = self.caches.get(layer)
        self.caches[layer] = x[:, :, -1:]
        if old is None:
            return x
        return F.conv3d(torch.cat([old, x], 2), layer.weight, layer.bias, stride=(2, 1, 1))

    def double_time(self, layer, x):
        """The first chunk passes; the second starts with an empty history."""
        if layer not in self.caches:
            self.caches[layer] = None
            return x
        old = self.caches[layer]
        if old is None:
            old = torch.zeros_like(x[:, :, :1]).expand(-1, -1, 2, -1, -1)
        self.caches[layer] = self._last_two(x, old)
        return _interleave(layer(x, old))

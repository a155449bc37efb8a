# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the video VAE near a linear code.

A linear code of 16 x 16 x 4 cells (their principal components) is hard to beat: 28.2 dB with 48
numbers at 256x160, while the network trained from an ordinary start stood at 26.0 dB after 42
minutes. So the residual blocks are bypassed first: what is left of the network is nearly linear,
five times cheaper, and reaches 27.5 dB in 17 minutes. The blocks, which start at zero, then only
have to add to it.
"""
import math

import torch
from torch import nn

from .video_layers import AttentionBlock, CausalConv, Resample, ResidualBlock

# The heads are ChannelNorm and SiLU, which cannot pass a linear code as it is. So the channels
# that enter them are lifted by OFFSET, to where SiLU is nearly a line, and channel 0 holds the
# large constant ANCHOR, which keeps the norm nearly constant. SLOPE is what the norm makes of 1.
OFFSET, ANCHOR, SLOPE = 1.0, 20.0, 3.0
LIFTED = SLOPE * OFFSET / (1 + math.exp(-SLOPE * OFFSET))


def set_linear(vae, linear):
    """Bypass every block, and make the convolutions at full resolution pointwise; or undo it."""
    for module in vae.modules():
        if isinstance(module, (ResidualBlock, AttentionBlock)):
            module.bypass = linear
    vae.encoder.conv1.pointwise = linear
    vae.decoder.head[2].pointwise = linear


@torch.no_grad()
def start(vae):
    """Weights from which the linear stage can start: orthogonal maps, blocks at zero, lifted
    heads.
    """
    for module in vae.modules():
        if isinstance(module, ResidualBlock):
            _start_block(module)
        elif isinstance(module, AttentionBlock):
            module.proj.weight.zero_()
            module.proj.bias.zero_()
        elif isinstance(module, Resample):
            module.resample[1].weight.mul_(0.5)
            module.resample[1].bias.zero_()
    encoder, decoder = vae.encoder, vae.decoder
    for conv in (encoder.conv1, encoder.head[2], decoder.conv1, decoder.head[2]):
        conv.weight.zero_()
        conv.weight[:, :, -1, 1, 1] = _orthogonal(conv.weight.shape[:2])
        conv.bias.zero_()
    for conv in (vae.conv1, vae.conv2):
        conv.weight.zero_()
        conv.weight[:, :, 0, 0, 0] = torch.eye(conv.weight.shape[0])
        conv.bias.zero_()
    _lift(encoder.head, encoder.middle[2])
    _lift(decoder.head, decoder.upsamples[-1].upsamples[-1])


def _orthogonal(shape):
    return nn.init.orthogonal_(torch.empty(*shape))


def _start_block(block):
    first, last = block.residual[2].weight, block.residual[6]
    first.zero_()
    first[:, :, 2] = torch.randn_like(first[:, :, 2]) / math.sqrt(first.shape[1] * 9)
    last.weight.zero_()
    last.bias.zero_()
    if isinstance(block.shortcut, CausalConv):
        weight = block.shortcut.weight
        weight[:, :, 0, 0, 0] = _orthogonal(weight.shape[:2])


def _lift(head, block):
    """Lifts what the block hands to the head, and takes the constant out of the head's answer."""
    norm, conv = head[0], head[2]
    channels = norm.gamma.shape[0]
    norm.gamma.fill_(SLOPE * math.sqrt((ANCHOR**2 + (channels - 1) * 1.2) / channels))
    norm.gamma[0] = 0.5
    block.residual[6].bias.fill_(OFFSET)
    block.residual[6].bias[0] = ANCHOR
    conv.weight.mul_(1 / SLOPE)
    conv.bias.copy_(-(conv.weight.sum((2, 3, 4)) @ _lifted_input(conv)))


def _lifted_input(conv):
    """The constant part of what enters a head's convolution at the start."""
    constant = torch.full((conv.weight.shape[1],), LIFTED)
    constant[0] = 0
    return constant


def _heads(vae):
    return vae.encoder.head[2], vae.decoder.head[2]


@torch.no_grad()
def measure_centres(vae, frames):
    """Mean input of each head's convolution on some frames [b, 3, t, h, w]: one tensor a head."""
    centres = []

    def keep(_, inputs):
        centres.append(inputs[0].float().mean((0, 2, 3, 4)))

    hooks = [conv.register_forward_pre_hook(keep) for conv in _heads(vae)]
    vae.decode_raw(vae.encode_raw(frames))
    for hook in hooks:
        hook.remove()
    return centres


@torch.no_grad()
def centre_heads(vae, centres):
    """Lets the heads' biases answer their mean input (measure_centres) while training.

    Lifted inputs have a large mean, and without this every small step of a head's weights would
    move the mean of the picture: the gradient is then forty times steeper in that one direction
    than in any other. The function computed is the same; fold_heads() takes it back, and
    checkpoints hold it so.
    """
    for conv, centre in zip(_heads(vae), centres):
        conv.bias.add_(conv.weight.sum((2, 3, 4)) @ centre)
        conv.centre = centre


@torch.no_grad()
def fold_heads(vae):
    """Undoes centre_heads()."""
    for conv in _heads(vae):
        conv.bias.sub_(conv.weight.sum((2, 3, 4)) @ conv.centre)
        conv.centre = None

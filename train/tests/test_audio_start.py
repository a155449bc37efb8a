# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the training of the audio VAE starts."""
import sys

import torch

from train.models import audio_start
from train.models.audio_vae import AudioVae
from train.tests import tap
from train.train_audio import LEVEL

torch.set_num_threads(1)


def _vae():
    torch.manual_seed(3)
    vae = AudioVae().requires_grad_(False)
    vae.data_mean.fill_(-LEVEL)
    audio_start.start(vae)
    return vae


def _mel(level=0.0):
    generator = torch.Generator().manual_seed(4)
    return level + 0.5 * torch.randn(2, 80, 12, generator=generator)


def test_at_the_start_the_blocks_change_nothing():
    vae = _vae()
    whole = vae.decode_raw(vae.encode_raw(_mel()))
    audio_start.set_linear(vae, True)
    assert torch.allclose(vae.decode_raw(vae.encode_raw(_mel())), whole, atol=1e-4)


def test_from_the_start_every_weight_of_a_block_but_equal_ones_can_learn():
    vae = _vae().requires_grad_(True)
    vae.decode_raw(vae.encode_raw(_mel())).pow(3).mean().backward()
    block = vae.encoder.mid.block_1
    assert float(block.conv2.weight.grad.abs().max()) > 0 and float(block.conv1.weight.grad.abs().max()) > 0


def test_the_encoder_is_nearly_linear_around_the_mean_level():
    vae = _vae()
    audio_start.set_linear(vae, True)
    zero = vae.encode_raw(torch.zeros(2, 80, 12))
    one, two = (vae.encode_raw(_mel() * scale) - zero for scale in (0.5, 1.0))
    assert (two - 2 * one).norm() / two.norm() < 0.25


def test_loud_and_quiet_frames_of_one_spectrum_have_different_latents():
    vae = _vae()
    quiet, loud = (vae.encode_raw(_mel(level)) for level in (-1.0, 1.0))
    far = vae.encode_raw(_mel()) - vae.encode_raw(_mel().flip(2))
    assert (loud - quiet).norm() > 0.3 * far.norm()
    vae.data_mean.fill_(0)
    a, b = (vae.encode_raw(_mel() * scale) for scale in (1.0, 2.0))
    assert torch.allclose(a, b, atol=1e-2)  # why the level must be there: without it a frame has no size


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

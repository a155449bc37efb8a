# SPDX-License-Identifier: GPL-3.0-or-later
"""The video VAE: its causality, its shapes and its near-linear start."""
import sys

import torch

from train.evaluate import video_vae as figures
from train.models import linear_start
from train.models.video_vae import VideoVae, patchify, unpatchify
from train.tests import tap

torch.set_num_threads(1)
torch.set_grad_enabled(False)
CONFIG = dict(z_dim=8, enc_dim=8, dec_dim=4, dec_dim_mult=[2, 3, 4])


def _vae():
    """Small, with no weight at zero."""
    torch.manual_seed(4)
    vae = VideoVae(CONFIG)
    for parameter in vae.parameters():
        parameter.add_(torch.randn_like(parameter) * 0.05)
    return vae.eval()


def _frames(count=9, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, count, 32, 48, generator=generator) * 2 - 1


def test_sixteen_by_sixteen_by_four_cells_become_one_latent():
    assert _vae().encode(_frames(9)).shape == (1, 8, 3, 2, 3)
    assert _vae().decode(torch.zeros(1, 8, 3, 2, 3)).shape == (1, 3, 9, 32, 48)


def test_streaming_equals_the_whole_clip():
    vae, frames = _vae(), _frames(13)
    latents = vae.encode(frames)
    assert torch.allclose(vae.encode_stream(frames), latents, atol=2e-5)
    assert torch.allclose(vae.decode_stream(latents), vae.decode(latents), atol=2e-5)


def test_an_image_is_the_first_frame_of_a_clip():
    vae, frames = _vae(), _frames()
    assert torch.allclose(vae.encode(frames)[:, :, :1], vae.encode(frames[:, :, :1]), atol=2e-5)


def test_the_future_does_not_change_the_past():
    vae, frames = _vae(), _frames()
    changed = frames.clone()
    changed[:, :, 5:] = 0
    before, after = vae.encode(frames), vae.encode(changed)
    assert torch.allclose(before[:, :, :2], after[:, :, :2], atol=1e-5)
    assert not torch.allclose(before[:, :, 2:], after[:, :, 2:], atol=1e-3)


def test_patches_come_back():
    frames = _frames()
    assert torch.equal(unpatchify(patchify(frames, 4), 4), frames)


def test_patch_channels_run_over_colour_then_x_then_y():
    frames = torch.zeros(1, 3, 1, 4, 4)
    frames[0, 1, 0, 2, 3] = 1
    assert int(patchify(frames, 4).flatten().argmax()) == 1 * 16 + 3 * 4 + 2


def test_normalisation_cancels():
    vae, frames = _vae(), _frames()
    plain = vae.decode(vae.encode(frames))
    vae.mean.fill_(0.3)
    vae.std.fill_(2.0)
    assert torch.allclose(vae.decode(vae.encode(frames)), plain, atol=1e-4)


def test_at_the_start_the_blocks_change_nothing():
    vae = _vae()
    linear_start.start(vae)
    for conv in (vae.encoder.conv1, vae.decoder.head[2]):
        conv.weight[:, :, :2] = 0
    whole = vae.decode_raw(vae.encode_raw(_frames()))
    linear_start.set_linear(vae, True)
    assert torch.allclose(vae.decode_raw(vae.encode_raw(_frames())), whole, atol=1e-4)


def test_the_linear_stage_is_nearly_linear():
    vae = _vae()
    linear_start.start(vae)
    linear_start.set_linear(vae, True)
    zero = vae.encode_raw(torch.zeros(1, 3, 9, 32, 48))
    one, two = (vae.encode_raw(_frames() * scale) - zero for scale in (0.2, 0.4))
    assert (two - 2 * one).norm() / two.norm() < 0.15


def test_centring_the_heads_changes_no_number():
    vae, frames = _vae(), _frames()
    before, bias = vae.decode_raw(vae.encode_raw(frames)), vae.decoder.head[2].bias.clone()
    centres = linear_start.measure_centres(vae, frames)
    linear_start.centre_heads(vae, centres)
    assert not torch.allclose(vae.decoder.head[2].bias, bias)
    assert torch.allclose(vae.decode_raw(vae.encode_raw(frames)), before, atol=1e-4)
    linear_start.fold_heads(vae)
    assert torch.allclose(vae.decoder.head[2].bias, bias, atol=1e-5)


def test_figures_know_a_perfect_copy_and_a_poor_one():
    image = _frames()[0].transpose(0, 1)
    noisy = image + 0.2 * torch.randn(image.shape, generator=torch.Generator().manual_seed(2))
    assert figures.psnr(image, image) > 100 and figures.ssim(image, image) > 0.999
    assert 19 < figures.psnr(image, noisy) < 21 and figures.ssim(image, noisy) < 0.99


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

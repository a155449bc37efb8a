# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoiser, text encoder, audio networks, flow and tokenizer: rules that hold for any weights."""
import sys

import numpy as np
import torch

from train import finer, flow, paths, tokenizer
from train.models import fused, mel, vocoder
from train.models.audio_vae import AudioVae
from train.models.text_encoder import Mini
from train.models.vocoder import Snake, Vocoder
from train.tests import tap

torch.set_num_threads(1)
TINY = dict(dim=64, num_heads=2, ffn_dim=96, num_layers=2, video=dict(in_dim=8, patch=(1, 2, 2)))
IDS = torch.tensor([[5, 9, 7, 1, 0], [8, 1, 0, 0, 0]])


def _mini():
    torch.manual_seed(6)
    mini = Mini(TINY).eval()
    with torch.no_grad():
        for parameter in mini.dit.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return mini


def _latents(batch=2):
    generator = torch.Generator().manual_seed(8)
    return (
        torch.randn(batch, 8, 3, 4, 6, generator=generator),
        torch.randn(batch, 11, 20, generator=generator),
    )


def _times(value, batch=2):
    return torch.full((batch, 1), float(value))


@torch.no_grad()
def test_velocities_have_the_shape_of_the_latents():
    video, audio = _latents()
    v, a = _mini()(video, audio, _times(500), _times(500), IDS)
    assert v.shape == video.shape and a.shape == audio.shape


@torch.no_grad()
def test_one_time_for_all_equals_the_same_time_for_each_frame():
    mini, (video, audio) = _mini(), _latents()
    one = mini(video, audio, _times(300), _times(700), IDS)
    each = mini(video, audio, _times(300).repeat(1, 3), _times(700).repeat(1, 11), IDS)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(one, each))


@torch.no_grad()
def test_samples_of_a_batch_do_not_see_each_other():
    mini, (video, audio) = _mini(), _latents()
    both = mini(video, audio, _times(300), _times(300), IDS)[0]
    alone = mini(video[:1], audio[:1], _times(300, 1), _times(300, 1), IDS[:1])[0]
    assert torch.allclose(both[:1], alone, atol=1e-5)


@torch.no_grad()
def test_padding_of_the_ids_does_not_change_the_text():
    mini = _mini()
    short, long = mini.context(IDS[1:, :2]), mini.context(IDS[1:])
    assert torch.allclose(short, long, atol=1e-5) and short[0, 2:].abs().max() == 0


@torch.no_grad()
def test_missing_text_rows_count_as_zeros():
    mini, (video, audio) = _mini(), _latents()
    short = mini.text_encoder(IDS[:, :3])
    assert short.shape[1] < mini.dit.config['text_len']
    whole = mini.context(IDS[:, :3])
    a = mini.dit(video, audio, _times(400), _times(400), short)
    b = mini.dit(video, audio, _times(400), _times(400), whole)
    assert torch.allclose(a[0], b[0], atol=1e-5) and torch.allclose(a[1], b[1], atol=1e-5)


@torch.no_grad()
def test_the_video_tower_answers_alone_as_if_it_heard_nothing():
    mini, (video, audio) = _mini(), _latents()
    for block in mini.dit.video_model.blocks:
        block.cross_attn.v_fusion.weight.zero_()
        block.cross_attn.v_fusion.bias.zero_()
    both, _ = mini(video, audio, _times(400), _times(400), IDS)
    alone, silence = mini(video, None, _times(400), None, IDS)
    assert silence is None and torch.allclose(both, alone, atol=1e-5)


@torch.no_grad()
def test_answers_of_what_is_clean_become_velocities_and_given_frames_stay():
    mini, (video, audio) = _mini(), _latents()
    times = _times(400).repeat(1, video.shape[2])
    times[:, 0] = 0
    # With heads that answer nothing, the clean latents are zero and the velocity is noisy / u.
    for tower in (mini.dit.video_model, mini.dit.audio_model):
        tower.head.head.weight.zero_()
        tower.head.head.bias.zero_()
    mini.dit.config['prediction'] = 'x0'
    pictures, sounds = mini(video, audio, times, _times(500), IDS)
    assert torch.allclose(pictures[:, :, 1:], video[:, :, 1:] / 0.4, atol=1e-5)
    assert pictures[:, :, 0].abs().max() == 0
    assert torch.allclose(sounds, audio / 0.5, atol=1e-5)


@torch.no_grad()
def test_the_towers_hear_and_see_each_other_and_the_text():
    mini, (video, audio) = _mini(), _latents()
    base = mini(video, audio, _times(500), _times(500), IDS)
    other_audio = mini(video, audio.flip(1), _times(500), _times(500), IDS)
    other_text = mini(video, audio, _times(500), _times(500), IDS.flip(0))
    assert not torch.allclose(base[0], other_audio[0], atol=1e-4)
    assert not torch.allclose(base[0], other_text[0], atol=1e-4)


def test_bfloat16_kernels_agree_with_float32():
    generator = torch.Generator().manual_seed(3)
    x, direction = torch.randn(2, 6, 64, generator=generator)
    for layer in (fused.Gelu(), fused.RmsNorm(64)):
        results = []
        for dtype in (torch.float32, torch.bfloat16):
            leaf = x.clone().to(dtype).requires_grad_()
            y = layer(leaf)
            (y.float() * direction).sum().backward()
            results.append((y.float(), leaf.grad.float()))
        for exact, rough in zip(*results):
            assert (exact - rough).norm() / exact.norm() < 0.02


def _with_gradients(make, leaves, fused_too):
    """(result, gradients of the leaves) of a sum in fixed directions."""
    leaves = [leaf.clone().requires_grad_() for leaf in leaves]
    with torch.autocast('cpu', torch.bfloat16, enabled=fused_too):
        y = make(*leaves).float()
    (y * torch.randn(y.shape, generator=torch.Generator().manual_seed(4))).sum().backward()
    return [y] + [leaf.grad.float() for leaf in leaves]


def test_fused_modulation_gates_and_rotations_agree_with_pytorch_in_results_and_gradients():
    generator = torch.Generator().manual_seed(3)
    x, y = torch.randn(2, 6, 64, generator=generator), torch.randn(2, 6, 64, generator=generator)
    table = tuple(part(torch.randn(6, 13, generator=generator)) for part in (torch.cos, torch.sin))
    for groups in (1, 3):
        scale, shift = torch.randn(2, 2, groups, 64, generator=generator)
        for make, leaves in (
            (lambda x, y, gate: fused.gated(x, y if plain else y.bfloat16(), gate), (x, y, scale)),
            (fused.modulate, (3 * x + 1, scale, shift)),
            (lambda x: fused.rotate(x if plain else x.bfloat16(), 2, table, 0.7), (x,)),
        ):
            plain = True
            exact = _with_gradients(make, leaves, False)
            plain = False
            for a, b in zip(exact, _with_gradients(make, leaves, True)):
                assert (a - b).norm() / a.norm() < 0.01


@torch.no_grad()
def test_a_token_of_one_latent_answers_where_it_stands():
    config = dict(TINY, video=dict(in_dim=8, patch=(1, 1, 1)))
    torch.manual_seed(6)
    mini, (video, audio) = Mini(config).eval(), _latents()
    tower = mini.dit.video_model
    tower.head.head.weight.copy_(torch.randn(8, 64))
    answers = []
    tower.head.register_forward_hook(lambda _, __, tokens: answers.append(tokens))
    pictures, _ = mini(video, audio, _times(500), _times(500), IDS)
    assert pictures.shape == video.shape
    assert torch.equal(answers[0].view(2, 3, 4, 6, 8)[1, 2, 3, 4], pictures[1, :, 2, 3, 4])


@torch.no_grad()
def test_finer_tokens_begin_with_what_their_patch_did():
    mini, (video, _) = _mini(), _latents()
    patches = video.repeat_interleave(2, 3).repeat_interleave(2, 4)
    fine = finer.finer(mini.state_dict(), (1, 2, 2))
    other = Mini(dict(TINY, video=dict(in_dim=8, patch=(1, 1, 1)))).eval()
    other.load_state_dict(fine)
    coarse_tokens = mini.dit.video_model.patch_embedding(patches)
    assert torch.allclose(coarse_tokens, other.dit.video_model.patch_embedding(video), atol=1e-5)
    tokens = torch.randn(2, 5, 64)
    answers = mini.dit.video_model.head.head(tokens).view(2, 5, 4, 8).mean(2)
    assert torch.allclose(answers, other.dit.video_model.head.head(tokens), atol=1e-5)


def test_the_fused_gelu_is_right_far_from_zero():
    x = torch.linspace(-60, 60, 257).to(torch.bfloat16).requires_grad_()
    y = fused.Gelu()(x)
    y.float().sum().backward()
    exact = torch.nn.functional.gelu(x.detach().float(), approximate='tanh')
    assert torch.allclose(y.float(), exact, rtol=0.01, atol=0.01)
    far = x.detach().float().abs() > 5
    assert torch.allclose(x.grad.float()[far], (x.detach().float()[far] > 0).float(), atol=1e-3)


def test_the_gradient_of_the_norm_weight_is_summed_over_rows():
    norm = fused.RmsNorm(8)
    x = torch.ones(5, 8, dtype=torch.bfloat16)
    norm(x).float().sum().backward()
    assert torch.allclose(norm.weight.grad, torch.full((8,), 5.0), atol=0.05)


def test_the_snake_gradient_is_right():
    torch.manual_seed(1)
    snake, x = Snake(2), torch.randn(1, 2, 20, requires_grad=True)
    direction = torch.randn(1, 2, 20)
    (snake(x) * direction).sum().backward()
    step = 1e-2

    def probe(change):
        with torch.no_grad():
            return float(((snake(x + change) - snake(x - change)) * direction).sum()) / (2 * step)

    for channel, at in ((0, 0), (0, 19), (1, 7)):
        change = torch.zeros_like(x)
        change[0, channel, at] = step
        assert abs(probe(change) - float(x.grad[0, channel, at])) < 5e-3
    gradient = float(snake.act.alpha.grad[0])
    with torch.no_grad():
        snake.act.alpha[0] += step
        high = float((snake(x) * direction).sum())
        snake.act.alpha[0] -= 2 * step
        low = float((snake(x) * direction).sum())
    assert abs((high - low) / (2 * step) - gradient) < 5e-3 * max(1, abs(gradient))


@torch.no_grad()
def test_audio_latents_are_half_the_mel_frames_and_256_samples_each():
    wave = torch.zeros(1, 4096)
    spectrum = mel.log_mel(wave)
    latents = AudioVae().encode(spectrum)
    assert spectrum.shape == (1, 80, 16) and latents.shape == (1, 20, 8)
    assert AudioVae().decode(latents).shape == spectrum.shape
    assert Vocoder()(spectrum).shape == wave.shape


def test_a_tone_lights_the_mel_band_of_its_frequency():
    t = torch.arange(8192) / mel.RATE
    bands = [
        int(mel.log_mel(torch.sin(2 * torch.pi * f * t)[None])[0, :, 16].argmax())
        for f in (200, 1000, 4000)
    ]
    assert bands == sorted(set(bands))
    bins = np.linspace(0, mel.RATE / 2, 513)
    centre = float((mel.filters()[bands[1]].numpy() * bins).sum() / mel.filters()[bands[1]].sum())
    assert abs(centre - 1000) < 60


def test_the_low_pass_passes_a_constant():
    assert abs(float(vocoder.low_pass().sum()) - 1) < 1e-6


def test_a_perfect_denoiser_is_sampled_to_the_clean_latents():
    video, audio = _latents(1)

    class Oracle:
        config = dict(text_len=4)

        @staticmethod
        def context(ids):
            return torch.zeros(len(ids), 4, 8)

        @staticmethod
        def dit(v, a, tv, ta, context):
            sv, sa = tv[:, :1, None, None, None] / 1000, ta[:, :, None] / 1000
            return (v - torch.cat([video] * 2)) / sv, (a - torch.cat([audio] * 2)) / sa

    made = flow.sample(
        Oracle, IDS[:1], IDS[:1], torch.randn_like(video), torch.randn_like(audio), 5
    )
    assert torch.allclose(made[0], video, atol=1e-3) and torch.allclose(made[1], audio, atol=1e-3)


def test_given_frames_stay_as_they_are():
    mini, (video, audio) = _mini(), _latents(1)
    made, _ = flow.sample(mini, IDS[:1], IDS[1:], video, audio, 3, clean=video[:, :, :2] * 0 + 0.7)
    assert torch.equal(made[:, :, :2], torch.full_like(made[:, :, :2], 0.7))


def test_sigmas_fall_from_one_to_zero():
    times = flow.sigmas(8)
    assert times[0] == 1 and times[-1] == 0 and (times.diff() < 0).all()


def test_given_frames_carry_no_error():
    mini, (video, audio) = _mini(), _latents()
    u = torch.tensor([0.4, 0.8])
    generator = torch.Generator().manual_seed(1)
    seen = flow.velocity_errors(mini, video, audio, IDS, u, u, flow.Conditions(1, 4), generator)
    assert all(error.shape == (2,) and torch.isfinite(error).all() for error in seen)


def test_the_tokenizer_ends_every_prompt_and_loses_nothing():
    tok = tokenizer.Tokenizer(paths.ROOT / 'models' / 'mini' / 'tokenizer.model')
    for text in ('A cute dog hops.', 'Übermensch', '日本', 'two  spaces'):
        ids = tok.encode(text)
        assert ids[-1] == tokenizer.EOS and tokenizer.PAD not in ids
        raw = b''
        for index in ids[:-1]:
            byte = tok.byte <= index < tok.byte + 256
            piece = tok.pieces[index].replace(tokenizer.SPACE, ' ').encode()
            raw += bytes([index - tok.byte]) if byte else piece
        raw = raw.replace(tokenizer.SPACE.encode(), b' ')
        assert raw.decode().strip() == tokenizer.clean(text)
    assert (
        tok.encode('   ') == [tokenizer.EOS] and len(tok.encode('dog ' * 500)) == tokenizer.LONGEST
    )


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

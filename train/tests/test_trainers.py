# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainers of the denoiser and of the audio networks, on a little made-up data."""
import argparse
import sys

import numpy as np
import torch

from train import train_audio, train_transformer
from train.loop import ranks
from train.loop.checkpoint import Checkpoint
from train.tests import tap
from train.world import plan, sound

torch.set_num_threads(1)
COMMON = dict(minutes=1e9, rate=1e-3, ranks=1, seed=2, save_every=50, no_decay=True)
SMALL = dict(dim=64, heads=2, ffn=96, layers=1, patch=2, prediction='velocity', keep_text=False)
CLIPS = 40


def _samples():
    rng = np.random.default_rng(1)
    latents = rng.standard_normal((CLIPS, 8, 3, 4, 6)).astype(np.float16)
    audio = rng.standard_normal((CLIPS, 11, 20)).astype(np.float16)
    ids = [[[5 + clip % 30, 1], [6 + clip % 30, 9, 1]] for clip in range(CLIPS)]
    scale = torch.zeros(8), torch.ones(8)
    sounds = torch.zeros(20), torch.ones(20)
    part = train_transformer.Part(1.0, latents, audio, ids)
    return train_transformer.Samples([part], scale, sounds, [1])


def _pictures(latents, ids):
    part = train_transformer.Part(1.0, latents, None, ids)
    return train_transformer.Samples([part], (torch.zeros(8), torch.ones(8)), None, [1])


def _train_mini(name, steps, **other):
    opts = argparse.Namespace(name=name, steps=steps, batch=2, **{**SMALL, **COMMON, **other})
    train_transformer.trainer(opts, ranks.Ranks(), _samples()).train()
    return Checkpoint(name).load()


def _tracks():
    waves = [sound.mono(plan.plan(seed)) * 32767 for seed in range(3)]
    return np.stack(waves * 24).astype(np.int16)


def _train_audio(what, name, steps):
    opts = argparse.Namespace(what=what, name=name, steps=steps, batch=2, stage='full', noise=0.1, **COMMON)
    train_audio.trainer(opts, ranks.Ranks(), _tracks()).train()
    return Checkpoint(name).load()


def _same(a, b):
    return all(
        torch.equal(a[kind][n], b[kind][n]) for kind in ('model', 'average') for n in a[kind]
    )


def test_the_denoiser_goes_on_as_if_not_interrupted():
    whole = _train_mini('whole', 4)
    _train_mini('broken', 2)
    broken = _train_mini('broken', 2)
    assert _same(whole, broken) and whole['seen'] == broken['seen'] == 8


def test_pictures_teach_the_video_tower_and_leave_the_other_as_it_was():
    rng = np.random.default_rng(5)
    latents = rng.standard_normal((CLIPS, 8, 1, 4, 6)).astype(np.float16)
    ids = [[[5 + clip % 30, 1]] for clip in range(CLIPS)]
    pictures = _pictures(latents, ids)
    states = []
    for steps in (1, 3):
        opts = argparse.Namespace(name='pictures', steps=steps, batch=2, **SMALL, **COMMON)
        train_transformer.trainer(opts, ranks.Ranks(), pictures).train()
        states.append(Checkpoint('pictures').load()['model'])
    moved = {name for name in states[0] if not torch.equal(states[0][name], states[1][name])}
    assert any(name.startswith('dit.video_model') for name in moved)
    assert any(name.startswith('text_encoder') for name in moved)
    assert not any(name.startswith('dit.audio_model') for name in moved)


def test_a_kept_text_encoder_stays_as_it_was_while_the_denoiser_learns():
    before = _train_mini('kept', 2)
    after = _train_mini('kept', 2, keep_text=True)
    moved = {name for name, w in before['model'].items() if not torch.equal(w, after['model'][name])}
    assert any(name.startswith('dit.') for name in moved)
    assert not any(name.startswith('text_encoder') for name in moved)
    again = _train_mini('kept', 1)['model']
    texts = [name for name in again if name.startswith('text_encoder')]
    assert any(not torch.equal(after['model'][name], again[name]) for name in texts)


def test_sounds_teach_the_audio_tower_and_leave_the_other_as_it_was():
    rng = np.random.default_rng(5)
    audio = rng.standard_normal((CLIPS, 11, 20)).astype(np.float16)
    part = train_transformer.Part(1.0, None, audio, [[[5 + clip % 30, 1]] for clip in range(CLIPS)])
    scales = (torch.zeros(8), torch.ones(8)), (torch.zeros(20), torch.ones(20))
    sounds, states = train_transformer.Samples([part], *scales, [1]), []
    for steps in (1, 3):
        opts = argparse.Namespace(name='sounds', steps=steps, batch=2, **SMALL, **COMMON)
        train_transformer.trainer(opts, ranks.Ranks(), sounds).train()
        states.append(Checkpoint('sounds').load()['model'])
    moved = {name for name in states[0] if not torch.equal(states[0][name], states[1][name])}
    assert any(name.startswith('dit.audio_model') for name in moved)
    assert not any(name.startswith('dit.video_model') for name in moved)


def test_held_out_clips_are_never_drawn():
    samples = _samples()
    last = samples.parts[0].latents[-train_transformer.HELD_OUT :]
    rng = np.random.default_rng(3)
    for _ in range(50):
        video, _, _ = samples.draw(rng, rng, 4)
        for clip in video:
            assert not any(np.array_equal(clip.half().numpy(), other) for other in last)


def test_clips_and_pictures_take_turns_and_only_clips_are_held_out():
    clips, rng = _samples(), np.random.default_rng(6)
    latents = rng.standard_normal((CLIPS, 8, 1, 4, 6)).astype(np.float16)
    both = train_transformer.Turns(clips, _pictures(latents, [[[5, 1]]] * CLIPS))
    shapes = [(video.shape[0], video.shape[2]) for video, _, _ in (both.draw(rng, rng, 2) for _ in range(40))]
    assert set(shapes) == {(2, 3), (8, 1)} and 8 < shapes.count((2, 3)) < 32
    assert torch.equal(both.held_out()[0], clips.held_out()[0])


def test_every_part_brings_its_own_captions_and_sounds():
    latents = np.stack([np.full((8, 3, 4, 6), index, np.float16) for index in range(CLIPS)])
    audio = np.stack([np.full((11, 20), index, np.float16) for index in range(CLIPS)])
    ids = [[[100 + index, 1]] for index in range(CLIPS)]
    other = [[[200 + index, 1]] for index in range(CLIPS)]
    parts = [
        train_transformer.Part(0.5, latents, audio, ids),
        train_transformer.Part(0.5, latents + 50, audio + 50, other),
    ]
    scales = (torch.zeros(8), torch.ones(8)), (torch.zeros(20), torch.ones(20))
    samples, rng = train_transformer.Samples(parts, *scales, [1]), np.random.default_rng(8)
    seen = set()
    for _ in range(30):
        for video, audio, words in zip(*samples.draw(rng, rng, 4)):
            number, told = int(video.mean()), int(words[0])
            assert int(audio.mean()) == number
            assert told in (1, 100 + number if number < 50 else 150 + number), (told, number)
            seen.add(number < 50)
    assert seen == {True, False}


def test_captions_are_sometimes_empty():
    samples, rng = _samples(), np.random.default_rng(4)
    empty = total = 0
    for _ in range(200):
        _, _, ids = samples.draw(rng, rng, 4)
        empty += int((ids[:, 0] == 1).sum())
        total += len(ids)
    assert 0.05 < empty / total < 0.16


def test_every_large_matrix_of_the_denoiser_is_orthogonalised_and_no_norm_decays():
    from train.models.text_encoder import Mini

    mini = Mini(dict(dim=64, num_heads=2, ffn_dim=96, num_layers=1))
    matrices, others, plain = train_transformer.split_parameters(mini)
    count = sum(1 for _ in mini.parameters())
    assert len(matrices) + len(others) + len(plain) == count
    assert all(p.dim() == 2 for p in matrices) and any(p.dim() == 1 for p in plain)
    assert not any(p.dim() == 1 for p in matrices + others)


def test_the_audio_vae_measures_its_mels_and_goes_on_as_if_not_interrupted():
    whole = _train_audio('vae', 'audio-whole', 2)
    _train_audio('vae', 'audio-vae', 1)
    broken = _train_audio('vae', 'audio-vae', 1)
    assert _same(whole, broken)
    assert float(whole['average']['data_std'].min()) > 0
    assert float(whole['average']['data_mean'].mean()) < -0.5


def test_the_vocoder_trains_behind_the_audio_vae():
    state = _train_audio('vocoder', 'vocoder', 2)
    assert state['step'] == 2 and all(torch.isfinite(t).all() for t in state['model'].values())


def test_wave_losses_prefer_the_right_wave():
    tracks = _tracks()
    wave = train_audio.waves_of(tracks, slice(0, 1))[:, :8192]
    other = train_audio.waves_of(tracks, slice(1, 2))[:, :8192]
    same, near, far = (
        float(train_audio.wave_losses(made, wave)[0]) for made in (wave, 0.9 * wave, other)
    )
    assert same < near < far and same < 1e-3


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

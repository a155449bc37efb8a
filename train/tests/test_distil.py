# SPDX-License-Identifier: GPL-3.0-or-later
"""Distillation: what the student is asked to learn, that it learns it, and what is shipped of it."""
import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np
import torch

from train import distil, export, flow, paths, train_transformer
from train.loop import ranks
from train.loop.checkpoint import Checkpoint
from train.models.text_encoder import Mini
from train.tests import tap

torch.set_num_threads(1)
CONFIG = dict(dim=64, num_heads=2, ffn_dim=96, num_layers=1, video=dict(in_dim=8, patch=(1, 2, 2)))
IDS, EMPTY = torch.tensor([[5, 9, 1], [6, 1, 0]]), torch.tensor([[1, 0, 0], [1, 0, 0]])


def _teacher(seed=3):
    torch.manual_seed(seed)
    mini = Mini(CONFIG)
    for p in mini.parameters():  # what starts at zero would answer zero to everything
        p.data += 0.1 * torch.randn_like(p)
    return mini


def _clip(seed=4):
    generator = torch.Generator().manual_seed(seed)
    video = torch.randn(2, 8, 5, 4, 6, generator=generator)
    return video, torch.randn(2, 47, 20, generator=generator)


def _targets(index, steps, inner, given=None):
    torch.manual_seed(7)
    given = given or flow.Conditions()
    return distil.targets(_teacher(), _clip(), IDS, EMPTY, index, steps, inner, given)


def _samples():
    rng = np.random.default_rng(1)
    latents = rng.standard_normal((40, 8, 5, 4, 6)).astype(np.float16)
    audio = rng.standard_normal((40, 47, 20)).astype(np.float16)
    ids = [[[5 + clip % 30, 1]] for clip in range(40)]
    scale = torch.zeros(8), torch.ones(8)
    sounds = torch.zeros(20), torch.ones(20)
    part = train_transformer.Part(1.0, latents, audio, ids)
    return train_transformer.Samples([part], scale, sounds, [1])


def _distil(steps, name='distilled'):
    mini = _teacher()
    export._store('transformer', mini.state_dict(), 3, config=mini.dit.config, seen=70)
    opts = argparse.Namespace(
        name=name,
        teacher='transformer',
        student_steps=4,
        inner=2,
        steps=steps,
        batch=4,
        minutes=1e9,
        rate=1e-3,
        ranks=1,
        seed=2,
        save_every=50,
        no_decay=True,
    )
    distil.trainer(opts, ranks.Ranks(), _samples()).train()
    return Checkpoint(name).load()


def test_with_one_inner_step_the_student_learns_the_guided_velocity():
    x, y, tv, ta, wanted, wanted_audio = _targets(1, 4, 1)
    teacher = _teacher()
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        context = torch.cat([teacher.context(IDS), teacher.context(EMPTY)])
        v, a = flow.guided(teacher, x, y, tv, ta, context, (4.0, 3.0))
    assert torch.allclose(wanted, v, atol=1e-3) and torch.allclose(wanted_audio, a, atol=1e-3)


def test_the_way_of_the_student_ends_where_the_teacher_ends():
    x, _, tv, _, wanted, _ = _targets(0, 2, 3)
    teacher, times = _teacher(), flow.sigmas(2)
    with torch.autocast('cpu', torch.bfloat16):
        ended, _ = flow.sample(teacher, IDS, EMPTY, x, _targets(0, 2, 3)[1], 6)
        context = torch.cat([teacher.context(IDS), teacher.context(EMPTY)])
    assert float(tv[0, 0]) == 1000  # the first step starts from noise alone
    half = x + (times[1] - times[0]) * wanted
    # The teacher goes on from there and must come to the same clip as when it went alone.
    y = _targets(0, 2, 3)[1] + (times[1] - times[0]) * _targets(0, 2, 3)[5]
    fine = flow.sigmas(6)[3:]
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        for now, then in zip(fine[:-1], fine[1:]):
            level = torch.full((2, 1), float(now * 1000))
            v, a = flow.guided(teacher, half, y, level, level, context, (4.0, 3.0))
            half, y = half + (then - now) * v, y + (then - now) * a
    assert torch.allclose(half, ended, atol=2e-2)


def test_given_latents_stay_where_they_are():
    x, y, tv, ta, wanted, wanted_audio = _targets(1, 4, 2, flow.Conditions(1, 4))
    video, audio = _clip()
    assert torch.equal(x[:, :, :1], video[:, :, :1]) and torch.equal(y[:, :4], audio[:, :4])
    assert not wanted[:, :, :1].any() and wanted[:, :, 1:].any()
    assert not wanted_audio[:, :4].any() and wanted_audio[:, 4:].any()
    assert not tv[:, 0].any() and not ta[:, :4].any()


def test_the_student_comes_nearer_to_its_targets():
    def distance(mini):
        total = 0.0
        for index in range(4):
            x, y, tv, ta, wanted, _ = _targets(index, 4, 2)
            with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
                total += float((mini(x, y, tv, ta, IDS)[0].float() - wanted).pow(2).mean())
        return total

    state = _distil(40)
    student = Mini(CONFIG)
    student.load_state_dict(state['model'])
    assert distance(student) < 0.8 * distance(_teacher())
    assert state['seen'] == 70 + 40 * 4 and state['teacher_step'] == 3


def test_distillation_goes_on_as_if_not_interrupted():
    whole = _distil(4, 'whole')
    _distil(2, 'broken')
    broken = _distil(2, 'broken')
    assert all(torch.equal(whole['model'][n], broken['model'][n]) for n in whole['model'])


def test_unguided_sampling_never_asks_for_the_empty_prompt():
    teacher, (video, audio) = _teacher(), _clip()
    made = flow.sample(teacher, IDS, EMPTY, video, audio, 3, (1, 1))
    other = flow.sample(teacher, IDS, IDS.flip(0), video, audio, 3, (1, 1))
    guided = flow.sample(teacher, IDS, EMPTY, video, audio, 3)
    assert torch.equal(made[0], other[0]) and not torch.equal(made[0], guided[0])


def test_a_distilled_model_says_how_it_is_sampled():
    from train.models.audio_vae import AudioVae
    from train.models.video_vae import VideoVae
    from train.models.vocoder import Vocoder

    _distil(1)
    for name, net in (('video-vae', VideoVae()), ('audio-vae', AudioVae()), ('vocoder', Vocoder())):
        export._store(name, net.state_dict(), 3)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        export.write(out, paths.ROOT / 'models' / 'mini' / 'tokenizer.model', 'distilled')
        defaults = json.loads((out / 'model.json').read_text())['defaults']
    assert (defaults['steps'], defaults['video_cfg'], defaults['audio_cfg']) == (4, 1.0, 1.0)


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

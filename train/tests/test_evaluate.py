# SPDX-License-Identifier: GPL-3.0-or-later
"""The judges, the prompts and the measurements, on the synthetic sprite sheet."""
import argparse
import sys

import numpy as np
import torch

from train import dataset
from train.evaluate import judge, labels, linear_bound, onset, report
from train.loop import ranks
from train.loop.checkpoint import Checkpoint
from train.models.video_vae import VideoVae
from train.tests import tap
from train.world import plan, sprites, subjects

torch.set_num_threads(1)


def _store_vae():
    """An untrained encoder where the judges look for theirs."""
    vae = VideoVae()
    Checkpoint('video-vae').path.parent.mkdir(parents=True, exist_ok=True)
    state = dict(model=vae.state_dict(), average=vae.state_dict(), step=1)
    torch.save(state, Checkpoint('video-vae').path)


def test_held_out_prompts_are_always_the_same():
    first, second = labels.prompts(20), labels.prompts(20)
    assert first == second and len({prompt.text for prompt in first}) > 15


def test_prompts_of_leads_are_of_leads_alone():
    known = {sprite.name for sprite in sprites.default_sheet().subjects} & set(subjects.LEADS)
    scenes = [prompt.scene for prompt in labels.prompts(40, leads=True)]
    assert {scene.actors[0].sprite.name for scene in scenes} <= known
    assert {scene.size for scene in scenes} == {'close', 'medium'}


def test_held_out_seeds_are_never_trained_on():
    from train import crops, dataset, tokenizer

    trained = [
        range(0, crops.TRAIN_SEEDS),
        range(tokenizer.CAPTION_SEEDS, tokenizer.CAPTION_SEEDS + 10**6),
    ]
    for first in dataset.WORLDS.values():
        pictures = first + dataset.PICTURE_SEED
        trained += [range(first, first + 10**6), range(pictures, pictures + 10**6)]
    for seed in (crops.HELD_OUT_SEED, labels.PROMPT_SEED, report.ONSET_SEED):
        assert not any(seed in seeds for seeds in trained), seed


def test_every_answer_is_among_the_answers_of_its_question():
    known = {question.name: question.answers for question in labels.questions()}
    for seed in range(200):
        scene = plan.plan(seed)
        for name, answer in labels.answers(scene).items():
            assert answer in known[name], (name, answer)
        assert labels.sound_answer(scene) in labels.sound_classes()


def test_what_a_prompt_leaves_open_is_not_judged():
    for prompt in labels.prompts(200):
        if 'direction' in prompt.answers and prompt.answers['direction'] != labels.NONE:
            assert prompt.answers['direction'] in prompt.text.lower()
        if 'camera' in prompt.answers:
            assert 'camera' in prompt.text.lower() or 'zoom' in prompt.text.lower()


def test_a_scene_without_sky_is_not_asked_about_weather():
    right = labels.answers(plan.plan(1, setting='space'))
    assert 'weather' not in right and 'time' not in right


def test_a_judge_learns_what_it_is_shown():
    net = judge.net_of('stills')
    right = torch.from_numpy(judge.answers_of('stills', range(6)))
    seen = torch.randn(6, 48, 6, 10, generator=torch.Generator().manual_seed(1))
    optimiser = torch.optim.Adam(net.parameters(), 2e-3)
    losses = []
    for _ in range(12):
        loss, shares = judge.loss_of(net, seen, right)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0] and len(shares) == len(labels.questions('stills'))


def test_every_judge_trains_on_its_set_and_loads():
    _store_vae()
    dataset.make_sounds(8)
    dataset.make_video(judge.SIZE, 8, False, 'video-vae')
    dataset.make_pictures(judge.SIZE, 8, 'video-vae')
    for what, name in judge.NAMES.items():
        opts = argparse.Namespace(
            what=what,
            name=name,
            steps=1,
            minutes=1e9,
            batch=2,
            rate=1e-3,
            ranks=1,
            seed=1,
            save_every=50,
            no_decay=True,
        )
        run = judge.trainer(opts, ranks.Ranks())
        run.train()
        assert Checkpoint(name).load()['step'] == 1
        assert all(0 <= share <= 1 or share != share for share in run.held_out())
        judge.load(what)


def test_composed_clips_wait_for_the_encoder_a_few_at_a_time_and_in_order():
    begun = []

    class Pool:
        """Begins work at once."""

        def apply_async(self, work, words):
            begun.append(words[0])
            return argparse.Namespace(get=lambda: work(*words))

    taken = []
    for result in dataset.ahead(Pool(), lambda job: 10 * job, range(9), 4):
        taken.append(result)
        assert len(begun) <= len(taken) + 3
    assert taken == [10 * job for job in range(9)]


def test_the_eye_sees_clips_of_any_size_alike():
    _store_vae()
    eye = judge.Eye(judge.net_of('stills'), judge.net_of('motion'))
    for height, width in ((160, 256), (96, 160), (256, 160)):
        frames = np.full((2, 25, height, width, 3), 255, np.uint8)
        stills, whole = eye.look(frames)
        assert stills.shape == (len(judge.MOMENTS), 2, 48, 6, 10) and whole.shape == (2, 336, 6, 10)
        found = eye.answers(frames)
        for question in labels.questions():
            assert found[question.name].shape == (2, len(question.answers))


def test_composed_drops_are_seen_and_heard_within_a_frame():
    make, prompts = report.from_world('160x96'), report.onset_prompts(8)
    ms, found = report.onsets(make, prompts)
    assert ms < 84 and found >= 0.7, (ms, found)


def test_a_clip_without_a_fall_has_no_landing():
    frames = np.full((25, 96, 160, 3), 200, np.uint8)
    assert onset.visible_landing(frames) is None and onset.sound_onset(np.zeros(33280)) is None
    frames[:, 40:60, 70:90] = 10
    assert onset.visible_landing(frames) is None


def test_accuracy_counts_only_what_was_asked():
    class Always:
        def answers(self, frames):
            every = labels.questions()
            return {q.name: torch.eye(len(q.answers))[[0] * len(frames)] for q in every}

    class Deaf(torch.nn.Module):
        def forward(self, mel):
            classes = labels.sound_classes()
            return [torch.eye(len(classes))[[classes.index(labels.NONE)] * len(mel)]]

    prompts = labels.prompts(12)
    shares, heard = report.accuracy(report.from_world('80x48'), prompts, Always(), Deaf())
    ones = [prompt.answers['count'] == '1' for prompt in prompts]
    assert abs(shares['count'] - np.mean(ones)) < 1e-9
    assert abs(heard - np.mean([prompt.sound == labels.NONE for prompt in prompts])) < 1e-9


def test_cells_hold_every_pixel_of_the_later_frames_once():
    frames = np.random.default_rng(1).integers(0, 256, (25, 32, 48, 3), dtype=np.uint8)
    found = linear_bound.cells(frames)
    assert found.shape == (6 * 2 * 3, 16 * 16 * 4 * 3)
    levels = ((found + 1) * 127.5).round().byte().numpy()
    assert np.array_equal(np.sort(levels.ravel()), np.sort(frames[1:].ravel()))
    assert np.array_equal(levels[0].reshape(4, 16, 16, 3), frames[1:5, :16, :16])


def test_a_row_has_a_cell_for_every_column():
    cells = report.row('x', dict(subject=0.5), 0.25, 40.0, 0.9, None).split('|')
    assert len(cells) == 2 + 1 + len(labels.questions()) + 3 and '40 (90 %)' in cells[-3]


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

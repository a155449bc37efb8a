# SPDX-License-Identifier: GPL-3.0-or-later
"""The judges, the prompts and the measurements, on the synthetic sprite sheet."""
import argparse
import sys

import numpy as np
import torch

from train.evaluate import judge, labels, linear_bound, onset, report
from train.loop import ranks
from train.loop.checkpoint import Checkpoint
from train.tests import tap
from train.world import plan

torch.set_num_threads(1)


def test_held_out_prompts_are_always_the_same():
    first, second = labels.prompts(20), labels.prompts(20)
    assert first == second and len({prompt.text for prompt in first}) > 15


def test_held_out_seeds_are_never_trained_on():
    from train import crops, tokenizer

    trained = [
        range(0, crops.TRAIN_SEEDS),
        range(tokenizer.CAPTION_SEEDS, tokenizer.CAPTION_SEEDS + 10**6),
    ]
    trained.append(range(judge.TRAIN_SEED, judge.TRAIN_SEED + 10**8))
    for seed in (crops.HELD_OUT_SEED, labels.PROMPT_SEED, judge.HELD_OUT_SEED, report.ONSET_SEED):
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


def test_the_picture_judge_learns():
    net = judge.picture_net()
    items = [judge.picture_item(index) for index in range(6)]
    small = (
        torch.from_numpy(np.stack([item[0] for item in items])).permute(0, 1, 4, 2, 3).flatten(1, 2)
    )
    small = torch.nn.functional.avg_pool2d(small.float() / 127.5 - 1, 2)
    asked = torch.from_numpy(np.stack([item[1] for item in items]))
    optimiser = torch.optim.Adam(net.parameters(), 2e-3)
    losses = []
    for _ in range(12):
        loss, right = judge.picture_loss(net, small, asked)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0] and 0 <= right <= 1


def test_both_judges_train_and_load():
    for what in judge.DEFAULTS:
        opts = argparse.Namespace(
            what=what,
            name=judge.DEFAULTS[what]['name'],
            steps=1,
            minutes=1e9,
            batch=2,
            rate=1e-3,
            ranks=1,
            seed=1,
            save_every=50,
            no_decay=True,
            workers=0,
        )
        judge.trainer(opts, ranks.Ranks()).train()
        assert Checkpoint(opts.name).load()['step'] == 1
        judge.load(what)


def test_shrinking_gives_the_judge_its_size_from_any_size():
    for height, width in ((160, 256), (96, 160), (256, 160)):
        small = judge.shrink(np.full((25, height, width, 3), 255, np.uint8))
        assert small.shape == (3 * len(judge.MOMENTS), judge.HEIGHT, judge.WIDTH)
        assert torch.allclose(small, torch.ones(1))


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
    class Always(torch.nn.Module):
        def forward(self, x):
            return [torch.eye(len(q.answers))[[0] * len(x)] for q in labels.questions()]

    class Silent(torch.nn.Module):
        def forward(self, wave):
            classes = labels.sound_classes()
            return torch.eye(len(classes))[[classes.index(labels.NONE)] * len(wave)]

    prompts = labels.prompts(12)
    shares, heard = report.accuracy(report.from_world('80x48'), prompts, Always(), Silent())
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

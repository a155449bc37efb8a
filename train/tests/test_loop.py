# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimiser, averages, checkpoints, ranks and journals."""
import argparse
import json
import pathlib
import sys
import tempfile

import torch

from train import paths, train_video_vae
from train.loop import checkpoint, feed, journal, muon, ranks
from train.tests import tap

TINY = dict(
    stage='full',
    minutes=1e9,
    frames=5,
    side=32,
    batch=1,
    rate=1e-3,
    noise=0.05,
    single=0.3,
    ranks=1,
    seed=3,
    workers=0,
    save_every=2,
    no_decay=True,
)


def _train(name, steps):
    options = argparse.Namespace(name=name, steps=steps, **TINY)
    train_video_vae.trainer(options, ranks.Ranks()).train()
    return checkpoint.Checkpoint(name).load()


def test_training_that_was_interrupted_ends_in_the_same_weights():
    torch.set_num_threads(1)
    whole = _train('whole', 4)
    _train('broken', 2)
    resumed = _train('broken', 2)
    assert whole['step'] == resumed['step'] == 4
    for kind in ('model', 'average'):
        for name, value in whole[kind].items():
            assert torch.equal(value, resumed[kind][name]), (kind, name)


def test_training_changes_the_weights_and_lowers_nothing_to_nan():
    state = _train('short', 1)
    fresh = _train('longer', 2)
    assert any(not torch.equal(state['model'][n], fresh['model'][n]) for n in state['model'])
    assert all(torch.isfinite(value).all() for value in fresh['model'].values())


def test_weights_without_an_optimiser_can_be_trained_on():
    state = _train('shipped', 1)
    state.pop('optimiser')
    torch.save(state, checkpoint.Checkpoint('shipped').path)
    assert _train('shipped', 1)['step'] == 2


def test_the_average_follows_the_model():
    model = torch.nn.Linear(2, 2)
    average = checkpoint.Average(model, decay=0.9)
    with torch.no_grad():
        model.weight.fill_(3.0)
    for step in range(200):
        average.update(model, step)
    assert torch.allclose(average.model.weight, model.weight, atol=1e-3)


def test_the_average_does_not_share_memory_with_the_model():
    model = torch.nn.Linear(2, 2)
    average = checkpoint.Average(model)
    before = average.model.weight.clone()
    with torch.no_grad():
        model.weight.add_(1)
    assert torch.equal(average.model.weight, before)


def test_orthogonalised_matrices_have_singular_values_near_one():
    for shape in ((20, 50), (50, 20), (16, 16)):
        generator = torch.Generator().manual_seed(1)
        values = torch.linalg.svdvals(muon.orthogonalise(torch.randn(shape, generator=generator)))
        assert values.max() < 1.35 and values.min() > 0.3, values


def test_muon_and_adam_find_a_minimum():
    generator = torch.Generator().manual_seed(2)
    goal = torch.randn(8, 12, generator=generator)
    matrix, vector = torch.nn.Parameter(torch.zeros(8, 12)), torch.nn.Parameter(torch.ones(5))
    optimiser = muon.Muon([matrix], [vector], rate=0.05, decay=0.0)
    for step in range(300):
        for group in optimiser.param_groups:
            group['lr'] = 0.05 * (1 - step / 300)
        optimiser.zero_grad()
        ((matrix - goal).pow(2).sum() + vector.pow(2).sum()).backward()
        optimiser.step()
    assert (matrix - goal).abs().max() < 0.1 and vector.abs().max() < 0.05


def test_a_failed_write_leaves_the_old_checkpoint():
    with tempfile.TemporaryDirectory() as folder:
        file = checkpoint.Checkpoint('x', pathlib.Path(folder))
        model = torch.nn.Linear(1, 1)
        average, optimiser = checkpoint.Average(model), muon.Muon([], list(model.parameters()))
        file.save(model, average, optimiser, 1, 0.0)
        try:
            file.save(model, average, optimiser, 2, 0.0, unpicklable=lambda: None)
        except Exception:
            pass
        assert file.load()['step'] == 1


def test_a_feed_gives_the_items_in_order():
    source = feed.Feed(lambda index: index * index, 3, stride=2, workers=0)
    assert [source.take() for _ in range(4)] == [9, 25, 49, 81]


def test_a_journal_holds_means_and_draws_curves():
    log = journal.Journal('curve', every=2)
    for step, value in enumerate((1.0, 3.0, 5.0, 7.0), 1):
        log.add(step, step, loss=value)
    rows = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [(row['step'], row['loss']) for row in rows] == [(2, 2.0), (4, 6.0)]
    out = paths.LOGS / 'curve.png'
    journal.draw_curves(log.path, out)
    assert out.read_bytes().startswith(b'\x89PNG')


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

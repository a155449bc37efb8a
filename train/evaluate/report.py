# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges a model on held-out prompts, and writes a row for train/RESULTS.md and a contact sheet.

    python3 -m train.evaluate.report --prompts 500 --size 256x160 [--folder models/mini]
    python3 -m train.evaluate.report --clips DIR      judges DIR/0000.mp4 ... (the engine's own
    output, in
                                                      the order of: python3 -m
                                                      train.evaluate.report --list)
    python3 -m train.evaluate.report --world          judges the composer itself: the judges' own
    limits
    ... --leads                                       prompts of world.subjects.LEADS only
"""
import argparse
import pathlib
import subprocess

import numpy as np
import torch

from train import paths
from train.world.effects import RATE
from train.world.sound import SAMPLES

from . import judge, labels, onset

BATCH = 10
DIVERSITY_PROMPTS, DIVERSITY_SEEDS = 8, 4
ONSET_PROMPTS, ONSET_SEED = 20, 14_000_000
FRAMES = 25


def onset_prompts(count=ONSET_PROMPTS):
    """Prompts in which one subject without an engine drops onto the floor of a studio."""
    from train.world import caption, plan

    out, seed = [], ONSET_SEED
    forced = dict(setting='studio', action='drop', count=1, camera='static', speaks=False)
    while len(out) < count:
        scene = plan.plan(seed, **forced)
        if scene.actors[0].sprite.cls not in ('vehicle', 'air', 'boat'):
            text, right = caption.caption(scene), labels.answers(scene)
            out.append(labels.Prompt(text, right, labels.sound_answer(scene), scene))
        seed += 1
    return out


def from_model(folder, size, steps):
    """make(prompts, seed) -> (frames [n, 25, h, w, 3], waves [n, samples]) of a model folder."""
    from train.sample import Studio

    studio = Studio(folder)
    width, height = (int(number) for number in size.split('x'))

    def make(prompts, seed):
        texts = [prompt.text for prompt in prompts]
        return studio.make(texts, height, width, steps, seed)

    return make


def from_world(size):
    """The composer's own clips of the prompts' scenes."""
    from train.world import clip, sound

    width, height = (int(number) for number in size.split('x'))

    def make(prompts, seed):
        frames = np.stack([clip.render(prompt.scene, height, width) for prompt in prompts])
        return frames, np.stack([sound.mono(prompt.scene) for prompt in prompts])

    return make


def read_clip(path, height, width):
    """(frames, wave) of a video file."""
    command = ['ffmpeg', '-v', 'error', '-i', str(path)]
    picture = ['-vf', f'scale={width}:{height}', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']
    raw = subprocess.run(command + picture, capture_output=True, check=True).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    sound = ['-ac', '1', '-ar', str(RATE), '-f', 'f32le', '-']
    wave = np.frombuffer(subprocess.run(command + sound, capture_output=True).stdout, np.float32)
    return _fit(frames, FRAMES), _fit(wave, SAMPLES)


def _fit(array, count):
    """The first count entries; the last one (or silence) is repeated when there are fewer."""
    if len(array) >= count:
        return array[:count]
    filler = (
        array[-1:]
        if len(array) and array.ndim > 1
        else np.zeros((1, *array.shape[1:]), array.dtype)
    )
    return np.concatenate([array, np.repeat(filler, count - len(array), 0)])


def from_files(folder, size):
    """Clips that were made elsewhere, in the order of the prompts."""
    width, height = (int(number) for number in size.split('x'))
    files, position = sorted(folder.glob('*.mp4')), 0

    def make(prompts, seed):
        nonlocal position
        chosen = files[position : position + len(prompts)]
        if len(chosen) < len(prompts):
            raise FileNotFoundError(f'{folder} has {len(files)} clips, more are needed')
        position += len(prompts)
        frames, waves = zip(*[read_clip(path, height, width) for path in chosen])
        return np.stack(frames), np.stack(waves)

    return make


@torch.no_grad()
def accuracy(make, prompts, eye, ear):
    """(question -> share of right answers, share of right sounds); eye as judge.Eye, ear: judge of sounds."""
    right = {question.name: [] for question in labels.questions()}
    sounds, classes = [], labels.sound_classes()
    for start in range(0, len(prompts), BATCH):
        group = prompts[start : start + BATCH]
        frames, waves = make(group, start)
        found = eye.answers(frames)
        for question in labels.questions():
            for prompt, index in zip(group, found[question.name].argmax(1).tolist()):
                if question.name in prompt.answers:
                    hit = question.answers[index] == prompt.answers[question.name]
                    right[question.name].append(hit)
        waves = torch.from_numpy(np.ascontiguousarray(waves)).float()
        guess = ear(judge.heard(waves))[0].argmax(1).tolist()
        sounds += [classes[index] == prompt.sound for index, prompt in zip(guess, group)]
    shares = {name: float(np.mean(hits)) for name, hits in right.items() if hits}
    return shares, float(np.mean(sounds))


def onsets(make, prompts):
    """(median absolute offset in ms, share of clips in which both can be found)"""
    found = []
    for start in range(0, len(prompts), BATCH):
        frames, waves = make(prompts[start : start + BATCH], start)
        found += [onset.offset(clip, wave) for clip, wave in zip(frames, waves)]
    measured = [abs(value) for value in found if value is not None]
    return (float(np.median(measured)) if measured else float('nan')), len(measured) / len(found)


@torch.no_grad()
def diversity(make, prompts, eye):
    """Mean distance of the judge's features between seeds of a prompt, relative to that between
    prompts.
    """
    features = []
    for seed in range(DIVERSITY_SEEDS):
        frames, _ = make(prompts, 1000 + seed)
        features.append(eye.features(frames))
    stacked = torch.stack(features)
    within = torch.cdist(stacked.transpose(0, 1), stacked.transpose(0, 1)).mean()
    between = torch.cdist(stacked, stacked).mean()
    return float(within / between.clamp(min=1e-9))


def row(title, shares, heard, ms, found, spread):
    """A line of the table in train/RESULTS.md."""
    order = [question.name for question in labels.questions()]
    cells = [f'{100 * shares[name]:.0f}' if name in shares else '-' for name in order]
    spread = '-' if spread is None else f'{spread:.2f}'
    return (
        '| '
        + ' | '.join(
            [title, *cells, f'{100 * heard:.0f}', f'{ms:.0f} ({100 * found:.0f} %)', spread]
        )
        + ' |'
    )


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='Judge a model on held-out prompts')
    add = parser.add_argument
    add('--folder', type=pathlib.Path, default=paths.ROOT / 'models' / 'mini')
    add('--clips', type=pathlib.Path)
    add('--world', action='store_true')
    add('--leads', action='store_true', help='only prompts of the leading subjects')
    add('--list', action='store_true', help='print the prompts, one a line')
    add('--prompts', type=int, default=500)
    add('--size', default='160x96')
    add('--steps', type=int, default=16)
    add('--title', default='model')
    opts = parser.parse_args()
    torch.set_num_threads(1)
    prompts, drops = labels.prompts(opts.prompts, opts.leads), onset_prompts()
    if opts.list:
        print('\n'.join(prompt.text for prompt in prompts + drops))
        return
    if opts.clips:
        make = from_files(opts.clips, opts.size)
    else:
        make = (
            from_world(opts.size) if opts.world else from_model(opts.folder, opts.size, opts.steps)
        )
    eye, ear = judge.Eye(), judge.load('sounds')
    shares, heard = accuracy(make, prompts, eye, ear)
    ms, found = onsets(make, drops)
    fixed = opts.clips or opts.world
    spread = None if fixed else diversity(make, prompts[:DIVERSITY_PROMPTS], eye)
    print(row(opts.title, shares, heard, ms, found, spread))


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the denoiser is trained on: latents of composed clips with their sounds and captions.

    python3 -m train.dataset sounds --clips 12000              sound tracks and captions of seeds 0 ...
    python3 -m train.dataset audio                             their latents (after the audio VAE)
    python3 -m train.dataset video --size 160x96 --clips 12000 --measure
    python3 -m train.dataset video --size 256x160 --clips 4000
    python3 -m train.dataset pictures --size 160x96 --clips 60000  single pictures of other scenes

With --world leads the same of scenes in which one of world.subjects.LEADS plays; trainers know these sets
as SIZE@leads.

Video latents are raw; the first set measures their mean and std (--measure) and stores them in the
VAE's checkpoint. After any change of an encoder make its sets again. Made sets are made further,
not again.
"""
import argparse
import collections
import json
import multiprocessing
import time

import numpy as np

from train import crops, paths
from train.loop.checkpoint import Checkpoint

BATCH, PICTURE_BATCH, MEASURED = 8, 64, 3000
PICTURE_SEED = 5_000_000
WORLDS = dict(all=0, leads=6_000_000)  # by name: what is added to the seeds of its scenes
LATENT_FRAMES, AUDIO_LATENTS = 7, 65


def _path(kind, world, suffix):
    return paths.DATA / f'{kind}{"" if world == "all" else "@" + world}.{suffix}'


def ahead(pool, work, jobs, limit):
    """work(job) of each job in order, as pool.imap has it, but with at most `limit` begun or waiting to be taken:
    the composer is faster than the encoder, and a clip's pixels are megabytes."""
    begun = collections.deque()
    for job in jobs:
        begun.append(pool.apply_async(work, (job,)))
        if len(begun) == limit:
            yield begun.popleft().get()
    while begun:
        yield begun.popleft().get()


def sounds_path(world='all'):
    """Sound tracks, int16 [clips, samples]."""
    return _path('sounds', world, 'npy')


def captions_path(world='all'):
    """Captions of the clips, [clip][caption]."""
    return _path('captions', world, 'json')


def audio_path(world='all'):
    """Latents of the sounds, float16 [clips, 65, 20]."""
    return _path('audio-latents', world, 'npy')


def world_of(name):
    """(size, world) of what trainers call SIZE or SIZE@WORLD."""
    size, _, world = name.partition('@')
    return size, world or 'all'


def video_path(name):
    """Latents of clips of SIZE or SIZE@WORLD, float16 [clips, z, 7, h/16, w/16]."""
    return paths.DATA / f'video-{name}.npy'


def held_out(world, count):
    """Numbers of the clips that are the last `count` of any set of a world."""
    rows = set()
    for path in paths.DATA.glob('video-*.npy'):
        if world_of(path.stem.partition('-')[2])[1] == world:
            clips = len(np.load(path, mmap_mode='r'))
            rows.update(range(clips - count, clips))
    return rows


def pictures_path(name):
    """Latents of single pictures, float16 [pictures, z, 1, h/16, w/16]; their captions lie beside."""
    return paths.DATA / f'pictures-{name}.npy'


def scene_of(index, world):
    """Scene of clip number index (or of picture PICTURE_SEED + number) of a world."""
    from train.world import plan

    return (plan.lead_plan if world == 'leads' else plan.plan)(WORLDS[world] + index)


def _sound_and_captions(job):
    from train.world import caption, sound

    scene = scene_of(*job)
    wave = np.clip(sound.mono(scene) * 32767, -32767, 32767).astype(np.int16)
    return wave, caption.captions(scene)


def make_sounds(clips, world='all'):
    """Sound tracks int16 [clips, samples] and four captions a clip."""
    from train.world.sound import SAMPLES

    paths.DATA.mkdir(parents=True, exist_ok=True)
    waves = np.lib.format.open_memmap(sounds_path(world), 'w+', np.int16, (clips, SAMPLES))
    texts, jobs = [], ((index, world) for index in range(clips))
    with multiprocessing.Pool(2) as pool:
        for index, (wave, captions) in enumerate(pool.imap(_sound_and_captions, jobs, 16)):
            waves[index] = wave
            texts.append(captions)
    waves.flush()
    captions_path(world).write_text(json.dumps(texts))


def make_audio(world='all'):
    """Raw audio latents float16 [clips, 65, 20]; mean and std of those of the whole world go into the
    VAE's checkpoint.
    """
    import torch

    from train.models.audio_vae import AudioVae
    from train.models.mel import log_mel

    file = Checkpoint('audio-vae')
    state = file.load()
    vae = AudioVae()
    vae.load_state_dict(state['average'])
    waves, parts = np.load(sounds_path(world), mmap_mode='r'), []
    with torch.no_grad():
        for start in range(0, len(waves), 64):
            wave = torch.from_numpy(waves[start : start + 64].astype(np.float32) / 32768)
            parts.append(vae.encode_raw(log_mel(wave)).transpose(1, 2).half())
    latents = torch.cat(parts)
    np.save(audio_path(world), latents.numpy())
    if world == 'all':
        _store_statistics(file, state, latents.float().flatten(0, 1), 'latent_mean', 'latent_std')


def _store_statistics(file, state, rows, mean, std):
    """Mean and std of rows [n, channels] into both sets of weights of a checkpoint."""
    import torch

    for weights in (state['model'], state['average']):
        weights[mean], weights[std] = rows.mean(0), rows.std(0).clamp(min=0.02)
    torch.save(state, file.path)
    print(f'{file.path.name}: std {float(rows.std(0).min()):.3f} .. {float(rows.std(0).max()):.3f}')


def _render(job):
    from train.world import clip

    index, world, height, width = job
    return clip.render(scene_of(index, world), height, width)


def _picture(job):
    """(one picture uint8 [1, h, w, 3] of some moment of a scene, its captions)"""
    from train.world import caption, clip

    index, world, height, width = job
    scene = scene_of(index, world)
    moment = int(np.random.default_rng(scene.seed).integers(clip.CLIP_FRAMES[-1] + 1))
    return clip.render(scene, height, width, (moment,)), caption.captions(scene)


def make_pictures(size, count, name, world='all'):
    """Raw latents of single pictures, from which the denoiser learns what things look like before it
    learns how they move: a picture costs it a ninth of a clip."""
    import torch

    from train.models.video_vae import VideoVae

    vae = VideoVae()
    vae.load_state_dict(Checkpoint(name).load()['average'])
    width, height = (int(number) for number in size.split('x'))
    path = pictures_path(size if world == 'all' else f'{size}@{world}')
    paths.DATA.mkdir(parents=True, exist_ok=True)
    shape = (count, vae.config['z_dim'], 1, height // 16, width // 16)
    partial, texts, pending = path.with_suffix('.partial'), [], []
    out, started = np.lib.format.open_memmap(partial, 'w+', np.float16, shape), time.time()
    if path.exists():
        old = np.load(path, mmap_mode='r')[:count]
        out[: len(old)], texts = old, json.loads(path.with_suffix('.json').read_text())[: len(old)]
    done = len(texts)
    with multiprocessing.get_context('spawn').Pool(1) as pool, torch.no_grad():
        jobs = ((PICTURE_SEED + index, world, height, width) for index in range(done, count))
        for index, (pixels, captions) in enumerate(ahead(pool, _picture, jobs, 4 * PICTURE_BATCH), done):
            pending.append(pixels)
            texts.append(captions)
            if len(pending) == PICTURE_BATCH or index == count - 1:
                with torch.autocast('cpu', torch.bfloat16):
                    latents = vae.encode_raw(crops.to_tensor(pending)).float()
                out[index + 1 - len(pending) : index + 1] = latents.numpy()
                pending = []
            if (index + 1) % 6400 == 0:
                print(f'{index + 1} pictures, {(index - done) / (time.time() - started):.0f} a second', flush=True)
    out.flush()
    path.with_suffix('.json').write_text(json.dumps(texts))
    partial.replace(path)


def make_video(size, clips, measure, name, world='all'):
    """Raw video latents of clips 0 ...; those already there are kept."""
    import torch

    from train.models.video_vae import VideoVae

    file = Checkpoint(name)
    state = file.load()
    vae = VideoVae()
    vae.load_state_dict(state['average'])
    width, height = (int(number) for number in size.split('x'))
    paths.DATA.mkdir(parents=True, exist_ok=True)
    path = video_path(size if world == 'all' else f'{size}@{world}')
    note = path.with_suffix('.json')
    shape = (clips, vae.config['z_dim'], LATENT_FRAMES, height // 16, width // 16)
    partial = path.with_suffix('.partial')
    out, done = np.lib.format.open_memmap(partial, 'w+', np.float16, shape), 0
    if note.exists() and json.loads(note.read_text())['encoder_step'] == state['step']:
        old = np.load(path, mmap_mode='r')[:clips]
        out[: len(old)], done = old, len(old)
    started, pending = time.time(), []
    with multiprocessing.get_context('spawn').Pool(1) as pool, torch.no_grad():
        jobs = ((index, world, height, width) for index in range(done, clips))
        for index, pixels in enumerate(ahead(pool, _render, jobs, 4 * BATCH), done):
            pending.append(pixels)
            if len(pending) == BATCH or index == clips - 1:
                with torch.autocast('cpu', torch.bfloat16):
                    latents = vae.encode_raw(crops.to_tensor(pending)).float()
                out[index + 1 - len(pending) : index + 1] = latents.numpy()
                pending = []
            if (index + 1) % 400 == 0:
                pace = (index + 1 - done) / (time.time() - started)
                print(f'{index + 1} clips, {pace:.1f} a second', flush=True)
    out.flush()
    partial.replace(path)
    note.write_text(json.dumps(dict(encoder_step=state['step'], clips=clips)))
    if measure:
        rows = torch.from_numpy(out[:MEASURED].astype(np.float32)).transpose(0, 1).flatten(1).t()
        _store_statistics(file, state, rows, 'mean', 'std')


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='Make the training set of the denoiser')
    parser.add_argument('what', choices=('sounds', 'audio', 'video', 'pictures'))
    parser.add_argument('--clips', type=int, default=12000)
    parser.add_argument('--size', default='160x96')
    parser.add_argument('--measure', action='store_true')
    parser.add_argument('--world', default='all', choices=tuple(WORLDS))
    parser.add_argument('--name', default='video-vae')
    opts = parser.parse_args()
    if opts.what == 'sounds':
        make_sounds(opts.clips, opts.world)
    elif opts.what == 'audio':
        make_audio(opts.world)
    elif opts.what == 'pictures':
        make_pictures(opts.size, opts.clips, opts.name, opts.world)
    else:
        make_video(opts.size, opts.clips, opts.measure, opts.name, opts.world)


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Records whole runs of a model folder with the trainer's networks, in float32: what the engine must do.

    python3 -m train.record [--folder models/mini] [--out tests/golden/mini]

A file holds token ids, noise, latents after every step, pictures and sound of one prompt; its metadata says
the settings and the step of the denoiser that it belongs to. The third run is given its first picture.
"""
import argparse
import json
import pathlib

import numpy as np
import torch

from train import crops, flow, paths, safetensors, tokenizer
from train.sample import AUDIO_LATENTS, LATENT_FRAMES, Studio

STEPS, SCALES = 8, (4.0, 3.0)
RUNS = (
    ('A cute dog hops up and down in a green meadow. The dog barks.', 256, 160, None),
    ('A dolphin leaps out of the water on the ocean. The camera pans right. Gentle waves.', 160, 96, None),
    ('A yellow taxi drives to the left in the city in the rain. Rain falling.', 160, 96, 77),
)


def _first_picture(seed, height, width):
    from train.world import clip, plan

    return clip.render(plan.plan(seed), height, width, (0,))


@torch.no_grad()
def record(studio, prompt, width, height, given, seed):
    """name -> tensor of one run. given: seed of the scene whose first picture the run begins with, or None."""
    generator = torch.Generator().manual_seed(seed)
    shape = (1, studio.vae.config['z_dim'], LATENT_FRAMES, height // 16, width // 16)
    video = torch.randn(shape, generator=generator)
    audio = torch.randn(1, AUDIO_LATENTS, 20, generator=generator)
    ids = torch.tensor([studio.tokenizer.encode(prompt)])
    empty = torch.from_numpy(tokenizer.pad([studio.tokenizer.encode('')]))
    kept = dict(token_ids=ids[0].int(), noise_video=video[0], noise_audio=audio[0])
    clean = None
    if given is not None:
        picture = crops.to_tensor([_first_picture(given, height, width)])
        kept['image'] = picture[0, :, 0]
        clean = studio.vae.encode(picture)
    steps = []

    def watch(video, audio):
        steps.append((video[0].clone(), audio[0].clone()))

    video, audio = flow.sample(
        studio.mini, ids, empty, video, audio, STEPS, SCALES, clean=clean, watch=watch
    )
    for number, (seen, heard) in enumerate(steps, 1):
        kept[f'video_latent_step{number}'], kept[f'audio_latent_step{number}'] = seen, heard
    frames = studio.vae.decode(video)[0].permute(1, 2, 3, 0)
    kept['frames'] = ((frames + 1) * 127.5).round().clamp(0, 255).byte()
    kept['waveform'] = studio.vocoder(studio.audio_vae.decode(audio.transpose(1, 2)))[0]
    return kept


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='Record whole runs for the tests of the engine')
    parser.add_argument('--folder', type=pathlib.Path, default=paths.ROOT / 'models' / 'mini')
    parser.add_argument('--out', type=pathlib.Path, default=paths.ROOT / 'tests' / 'golden' / 'mini')
    opts = parser.parse_args()
    torch.set_num_threads(1)
    studio = Studio(opts.folder)
    step = json.loads((opts.folder / 'model.json').read_text())['training']['transformer_step']
    opts.out.mkdir(parents=True, exist_ok=True)
    for number, (prompt, width, height, given) in enumerate(RUNS):
        kept = record(studio, prompt, width, height, given, number)
        about = dict(prompt=prompt, negative='', width=width, height=height, steps=STEPS, shift=int(flow.SHIFT))
        about.update(video_cfg=SCALES[0], audio_cfg=SCALES[1], first_frame_clean=int(given is not None))
        path = opts.out / f'golden{number}.safetensors'
        safetensors.save(path, kept, dict(about, transformer_step=step, arithmetic='float32'))
        size = np.round(path.stat().st_size / 1e6, 1)
        print(f'{path.name}: {prompt} ({size} MB)')


if __name__ == '__main__':
    main()

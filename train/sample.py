# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes clips with the trainer's own networks, to look at them while the engine is not involved.

    python3 -m train.sample OUT [--folder models/mini] [--prompts FILE] [--size 160x96] [--steps N]

Writes OUT.png (a contact sheet) and, with --clips, OUT-0.mp4 ... with sound (needs ffmpeg).
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
from PIL import Image

from train import export, flow, paths, tokenizer
from train.models.audio_vae import AudioVae
from train.models.text_encoder import Mini
from train.models.video_vae import CONFIG, VideoVae
from train.models.vocoder import Vocoder
from train.world.effects import RATE

LATENT_FRAMES, AUDIO_LATENTS, FPS = 7, 65, 12
MOMENTS = (0, 6, 12, 18, 24)
PROMPTS = paths.TRAIN / 'evaluate' / 'sheet-prompts.txt'


class Studio:
    """All five networks of a model folder."""

    def __init__(self, folder):
        about = json.loads((folder / 'model.json').read_text())
        parts = {name: part['config'] for name, part in about['components'].items()}

        def weights(name):
            return export.component_weights(folder, about, name)

        def tensors(config, names):
            return {name: torch.tensor(config[name]) for name in names}

        self.vae = VideoVae({key: parts['vae'][key] for key in CONFIG})
        self.vae.load_state_dict(weights('vae') | tensors(parts['vae'], export.VAE_STATISTICS))
        self.audio_vae, self.vocoder = AudioVae(), Vocoder()
        audio = tensors(parts['audio_vae'], export.AUDIO_STATISTICS)
        self.audio_vae.load_state_dict(weights('audio_vae') | audio)
        self.vocoder.load_state_dict(weights('vocoder'))
        self.mini = Mini(export.transformer_from(parts['transformer']))
        self.mini.dit.load_state_dict(weights('transformer'))
        self.mini.text_encoder.load_state_dict(weights('text_encoder'))
        self.defaults = about['defaults']
        self.tokenizer = tokenizer.Tokenizer(folder / about['components']['tokenizer']['file'])

    @torch.no_grad()
    def make(self, prompts, height, width, steps=None, seed=0, fast=True):
        """(frames uint8 [n, 25, h, w, 3], waves float [n, samples]) of some prompts."""
        generator = torch.Generator().manual_seed(seed)
        count, z = len(prompts), self.vae.config['z_dim']
        shape = (count, z, LATENT_FRAMES, height // 16, width // 16)
        video = torch.randn(shape, generator=generator)
        audio = torch.randn(count, AUDIO_LATENTS, 20, generator=generator)
        ids = tokenizer.pad([self.tokenizer.encode(prompt) for prompt in prompts])
        empty = tokenizer.pad([self.tokenizer.encode('')] * count)
        with torch.autocast('cpu', torch.bfloat16, enabled=fast):
            video, audio = flow.sample(
                self.mini,
                torch.from_numpy(ids),
                torch.from_numpy(empty),
                video,
                audio,
                steps or self.defaults['steps'],
                (self.defaults['video_cfg'], self.defaults['audio_cfg']),
            )
            frames = torch.cat([self.vae.decode(video[i : i + 1]).float() for i in range(count)])
        waves = self.vocoder(self.audio_vae.decode(audio.transpose(1, 2).float()))
        pixels = ((frames.permute(0, 2, 3, 4, 1) + 1) * 127.5).round().clamp(0, 255).byte()
        return pixels.numpy(), waves.numpy()


def contact_sheet(clips, columns=1):
    """One strip of MOMENTS a clip, side by side in columns."""
    strips = [np.concatenate([clip[moment] for moment in MOMENTS], 1) for clip in clips]
    rows = [np.concatenate(strips[i : i + columns], 1) for i in range(0, len(strips), columns)]
    rows = [row for row in rows if row.shape == rows[0].shape]
    return Image.fromarray(np.concatenate(rows))


def write_clip(path, frames, wave):
    """MP4 with sound."""
    count, height, width, _ = frames.shape
    with tempfile.NamedTemporaryFile(suffix='.pcm') as sound:
        sound.write((np.clip(wave, -1, 1) * 32767).astype('<i2').tobytes())
        sound.flush()
        command = ['ffmpeg', '-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'rgb24']
        command += ['-s', f'{width}x{height}', '-r', str(FPS), '-i', '-']
        command += ['-f', 's16le', '-ar', str(RATE), '-ac', '1', '-i', sound.name]
        command += [
            '-c:v',
            'libx264',
            '-crf',
            '16',
            '-pix_fmt',
            'yuv420p',
            '-c:a',
            'aac',
            '-shortest',
        ]
        subprocess.run([*command, str(path)], input=frames.tobytes(), check=True)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='Clips from the trainer')
    parser.add_argument('out', type=pathlib.Path)
    parser.add_argument('--folder', type=pathlib.Path, default=paths.ROOT / 'models' / 'mini')
    parser.add_argument('--prompts', type=pathlib.Path, default=PROMPTS)
    parser.add_argument('--size', default='160x96')
    parser.add_argument('--steps', type=int, help="the model's own when left out")
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--clips', action='store_true', help='also write MP4 files')
    opts = parser.parse_args()
    torch.set_num_threads(1)
    width, height = (int(number) for number in opts.size.split('x'))
    prompts = [line for line in opts.prompts.read_text().splitlines() if line.strip()]
    frames, waves = Studio(opts.folder).make(prompts, height, width, opts.steps, opts.seed)
    opts.out.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(frames, 2).save(opts.out.with_suffix('.png'))
    for index in range(len(prompts) if opts.clips else 0):
        write_clip(opts.out.with_name(f'{opts.out.name}-{index}.mp4'), frames[index], waves[index])


if __name__ == '__main__':
    main()

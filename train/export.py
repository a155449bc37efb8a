# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints -> the model folder that the engine reads, and back.

    python3 -m train.export write [--out models/mini]     averaged weights of all five runs
    python3 -m train.export read [--folder models/mini]   checkpoints to train on from shipped
    weights python3 -m train.export vae OUT.safetensors           the video VAE alone, as float16

Weights are Q8_0, half the size of float16 and not to be told from it (docs/speed.md); norms, biases,
statistics and the like stay float32, and the small vocoder float16.
"""
import argparse
import json
import pathlib
import shutil

import torch

from train import gguf, model_json, paths, safetensors
from train.loop.checkpoint import Checkpoint

KEPT_FLOAT32 = (
    'gamma',
    'norm',
    'modulation',
    'bias',
    'mean',
    'std',
    'alpha',
    'beta',
    'filter',
    'gain',
)
KEPT_FLOAT16 = ('vocoder',)
VAE_STATISTICS, AUDIO_STATISTICS = ('mean', 'std'), ('latent_mean', 'latent_std')
RGB_CLIPS, RGB_SEED = 60, 8_500_000


def packed(weights, without=()):
    """name -> tensor in the type in which it is stored."""
    kept = {}
    for name, tensor in weights.items():
        if name not in without:
            precise = any(part in name for part in KEPT_FLOAT32)
            kept[name] = tensor.float() if precise else tensor.half()
    return kept


def part_of(weights, prefix):
    """The tensors below a prefix, without it."""
    return {name[len(prefix) :]: t for name, t in weights.items() if name.startswith(prefix)}


def cell_colours(frames):
    """Mean colour 0..1 of each latent cell: uint8 [25, h, w, 3] -> [7, h/16, w/16, 3]."""
    t, h, w, _ = frames.shape
    colours = torch.from_numpy(frames).float() / 255
    colours = colours.reshape(t, h // 16, 16, w // 16, 16, 3).mean((2, 4))
    rest = colours[1:].reshape((t - 1) // 4, 4, *colours.shape[1:]).mean(1)
    return torch.cat([colours[:1], rest])


@torch.no_grad()
def fit_latent_rgb(vae, clips=RGB_CLIPS):
    """Least-squares map [z + 1, 3] from normalised latents (and 1) to cell colours, for
    previews.
    """
    from train import crops
    from train.world import clip, plan

    inputs, outputs = [], []
    for seed in range(RGB_SEED, RGB_SEED + clips):
        frames = clip.render(plan.plan(seed), 96, 160)
        with torch.autocast('cpu', torch.bfloat16):
            latents = vae.encode(crops.to_tensor([frames])).float()[0]
        rows = latents.permute(1, 2, 3, 0).flatten(0, 2)
        inputs.append(torch.cat([rows, torch.ones(len(rows), 1)], 1))
        outputs.append(cell_colours(frames).flatten(0, 2))
    return torch.linalg.lstsq(torch.cat(inputs).double(), torch.cat(outputs).double()).solution


def load_states(names):
    """Checkpoint states by run name; says what is missing."""
    states = {name: Checkpoint(name).load() for name in names}
    missing = [name for name, state in states.items() if state is None]
    if missing:
        raise FileNotFoundError(f'no checkpoint of {", ".join(missing)} in {paths.CHECKPOINTS}')
    return states


def write(out, tokenizer, denoiser_run='transformer'):
    """Writes the folder; every file appears whole. denoiser_run: its checkpoint (or `distilled`)."""
    from train.models.video_vae import VideoVae

    states = load_states(('video-vae', 'audio-vae', 'vocoder', denoiser_run))
    states['transformer'] = states.pop(denoiser_run)
    video, audio = states['video-vae']['average'], states['audio-vae']['average']
    denoiser = states['transformer']['average']
    vae = VideoVae(states['video-vae'].get('config'))
    vae.load_state_dict(video)
    out.mkdir(parents=True, exist_ok=True)
    files = model_json.FILES
    tensors = dict(
        vae=packed(video, VAE_STATISTICS),
        audio_vae=packed(audio, AUDIO_STATISTICS),
        vocoder=packed(states['vocoder']['average']),
        transformer=packed(part_of(denoiser, 'dit.')),
        text_encoder=packed(part_of(denoiser, 'text_encoder.')),
    )
    for component, weights in tensors.items():
        gguf.save(out / files[component], weights, whole=component in KEPT_FLOAT16)
    kept = out / files['tokenizer']
    if not (kept.exists() and kept.samefile(tokenizer)):
        shutil.copyfile(tokenizer, kept)
    training = {f'{name}_step': state['step'] for name, state in states.items()}
    training['transformer_samples'] = states['transformer'].get('seen', 0)
    text = model_json.dumps(
        model_json.document(
            model_json.transformer_config(states['transformer']['config']),
            model_json.vae_config(vae.config, vae.mean, vae.std, fit_latent_rgb(vae)),
            model_json.audio_vae_config(audio['latent_mean'], audio['latent_std']),
            training,
            states['transformer'].get('sampling', {}),
        )
    )
    (out / 'model.json').write_text(text + '\n')


def component_weights(folder, about, name):
    """name -> float32 tensor of a component of a model folder; about: its model.json."""
    path = folder / about['components'][name]['file']
    return (gguf if path.suffix == '.gguf' else safetensors).load_torch(path)


def _store(name, weights, step, **more):
    """A checkpoint without an optimiser: training goes on with a fresh one."""
    file = Checkpoint(name)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(model=weights, average=weights, step=step, seconds=0.0, **more), file.path)


def transformer_from(config):
    """The reverse of model_json.transformer_config."""
    video, audio = config['video_model'], config['audio_model']
    shared = ('dim', 'ffn_dim', 'freq_dim', 'num_heads', 'num_layers', 'text_dim', 'text_len')
    result = {key: video[key] for key in shared}
    result['prediction'] = config.get('prediction', 'velocity')
    result['video'] = dict(in_dim=video['in_dim'], patch=tuple(video['patch_size']))
    result['audio'] = dict(
        in_dim=audio['in_dim'],
        kernel=7,
        hidden=audio['conv_mlp_hidden'],
        rope_scale=audio['temporal_rope_scaling_factor'],
    )
    return result


def read(folder):
    """Checkpoints of all runs from a model folder."""
    from train.models.video_vae import CONFIG

    about = json.loads((folder / 'model.json').read_text())
    components, steps = about['components'], about.get('training', {})

    def weights(name):
        return component_weights(folder, about, name)

    vae = components['vae']['config']
    config = {key: vae[key] for key in CONFIG}
    stats = {name: torch.tensor(vae[name]) for name in VAE_STATISTICS}
    _store('video-vae', weights('vae') | stats, steps.get('video-vae_step', 0), config=config)
    audio = components['audio_vae']['config']
    stats = {name: torch.tensor(audio[name]) for name in AUDIO_STATISTICS}
    _store('audio-vae', weights('audio_vae') | stats, steps.get('audio-vae_step', 0))
    _store('vocoder', weights('vocoder'), steps.get('vocoder_step', 0))
    mini = {f'dit.{name}': t for name, t in weights('transformer').items()}
    mini |= {f'text_encoder.{name}': t for name, t in weights('text_encoder').items()}
    config = transformer_from(components['transformer']['config'])
    _store(
        'transformer',
        mini,
        steps.get('transformer_step', 0),
        config=config,
        seen=steps.get('transformer_samples', 0),
    )


def write_vae(out, name='video-vae'):
    """The averaged video VAE with its statistics."""
    state = load_states((name,))[name]
    metadata = dict(
        step=state['step'],
        seconds=round(state['seconds']),
        stage=state.get('stage', ''),
        config=json.dumps(state.get('config') or {}),
    )
    safetensors.save(out, packed(state['average']), metadata)


def read_vae(path, name='video-vae'):
    """A checkpoint of write_vae()'s file."""
    metadata = safetensors.metadata(path)
    more = dict(stage=metadata['stage'], config=json.loads(metadata['config']))
    _store(name, safetensors.load_torch(path), int(metadata['step']), **more)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='Model folder from checkpoints and back')
    parser.add_argument('what', choices=('write', 'read', 'vae', 'read-vae'))
    parser.add_argument('file', nargs='?', type=pathlib.Path)
    mini = paths.ROOT / 'models' / 'mini'
    parser.add_argument('--out', type=pathlib.Path, default=mini)
    parser.add_argument('--folder', type=pathlib.Path, default=mini)
    parser.add_argument('--tokenizer', type=pathlib.Path, default=mini / 'tokenizer.model')
    parser.add_argument(
        '--transformer', default='transformer', help='checkpoint of the denoiser (distilled)'
    )
    opts = parser.parse_args()
    if opts.what == 'write':
        write(opts.out, opts.tokenizer, opts.transformer)
    elif opts.what == 'read':
        read(opts.folder)
    elif opts.file is None:
        parser.error(f'{opts.what} needs a file')
    else:
        (write_vae if opts.what == 'vae' else read_vae)(opts.file)


if __name__ == '__main__':
    main()

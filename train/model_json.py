# SPDX-License-Identifier: GPL-3.0-or-later
"""What models/mini/model.json says: the components with their numbers, and the defaults of a
job.
"""
import json

from train import flow
from train.models import audio_vae, mel, text_encoder, vocoder
from train.world.effects import RATE
from train.world.sound import SAMPLES

SIZES = [[256, 160], [160, 256], [160, 160], [160, 96]]
FRAMES, FPS = 25, 12
FILES = dict(
    text_encoder='text_encoder.gguf',
    tokenizer='tokenizer.model',
    transformer='transformer.gguf',
    vae='vae.gguf',
    audio_vae='audio_vae.gguf',
    vocoder='vocoder.gguf',
)


def floats(tensor):
    """Plain numbers that read back as the same float32."""
    return [float(f'{float(x):.9g}') for x in tensor.flatten()]


def transformer_config(config):
    """Both towers, from the config of models.transformer."""
    shared = dict(
        dim=config['dim'],
        ffn_dim=config['ffn_dim'],
        freq_dim=config['freq_dim'],
        num_heads=config['num_heads'],
        num_layers=config['num_layers'],
        text_dim=config['text_dim'],
        text_len=config['text_len'],
        qk_norm=True,
        cross_attn_norm=True,
        eps=1e-6,
    )
    z, audio = config['video']['in_dim'], config['audio']
    video_model = dict(
        model_type='ti2v', patch_size=list(config['video']['patch']), in_dim=z, out_dim=z, **shared
    )
    audio_model = dict(
        model_type='t2a',
        patch_size=[1],
        in_dim=audio['in_dim'],
        out_dim=audio['in_dim'],
        conv_mlp_hidden=audio['hidden'],
        temporal_rope_scaling_factor=audio['rope_scale'],
        **shared,
    )
    prediction = config.get('prediction', 'velocity')
    return dict(prediction=prediction, video_model=video_model, audio_model=audio_model)


def vae_config(config, mean, std, latent_rgb):
    """The video VAE. latent_rgb [z + 1][3]: colours 0..1 = (normalised latent, 1) @ latent_rgb."""
    widths = [config['dec_dim'] * m for m in config['dec_dim_mult']]
    return dict(
        type='wan2.2',
        **config,
        dec_widths=[widths[-1], *widths[::-1]],
        mean=floats(mean),
        std=floats(std),
        latent_rgb=[[round(float(x), 5) for x in row] for row in latent_rgb],
    )


def audio_vae_config(mean, std):
    """The audio VAE and its mels."""
    raw = 'stored raw: normalise each output row at load, w/(1e-4+rms(row))/sqrt(in*k)'
    return dict(
        type='mmaudio-16k',
        weight_norm=raw,
        latent_mean=floats(mean),
        latent_std=floats(std),
        **audio_vae.CONFIG,
        mel=mel.CONFIG,
    )


def tokenizer_config():
    """What tokenizer.py does."""
    return dict(
        type='sentencepiece unigram, byte fallback',
        pad=0,
        eos=1,
        unk=2,
        normalization='identity',
        lowercase=True,
        add_dummy_prefix=True,
        append_eos=True,
    )


def document(transformer, vae, audio, training, sampling):
    """The whole file. transformer, vae, audio: configs from above; training: steps and samples;
    sampling: defaults of a job that differ (steps, video_cfg, audio_cfg of a distilled denoiser).
    """
    configs = dict(
        text_encoder=dict(type='umt5-style', shared_pos=False, **text_encoder.CONFIG),
        tokenizer=tokenizer_config(),
        transformer=transformer,
        vae=vae,
        audio_vae=audio,
        vocoder=dict(type='bigvgan', **vocoder.CONFIG),
    )
    components = {name: dict(file=FILES[name], config=config) for name, config in configs.items()}
    defaults = dict(
        width=256,
        height=160,
        frames=FRAMES,
        fps=FPS,
        audio_rate=RATE,
        audio_samples=SAMPLES,
        sizes=SIZES,
        objective='rectified flow, v = noise - x0',
        solver='euler',
        steps=8,
        shift=flow.SHIFT,
        video_cfg=4.0,
        audio_cfg=3.0,
        negative='',
    )
    defaults.update(sampling)
    return dict(
        format=1,
        id='mini',
        name='Rushes Mini',
        family='ovi',
        version='0.1',
        licence='GPL-3.0-or-later',
        about='A miniature of Ovi 1.1: short clips of an emoji toy world with sound, '
        'trained from scratch on two CPU cores.',
        components=components,
        defaults=defaults,
        training=training,
    )


def dumps(value, depth=0):
    """JSON with one key a line, short lists on one line, long ones wrapped."""
    pad = ' ' * depth
    if isinstance(value, dict):
        rows = [f'{pad} {json.dumps(key)}: {dumps(item, depth + 1)}' for key, item in value.items()]
        return '{\n' + ',\n'.join(rows) + f'\n{pad}}}'
    if isinstance(value, list) and len(value) > 8:
        rows = [json.dumps(item) for item in value]
        if not isinstance(value[0], list):
            rows = [', '.join(rows[i : i + 8]) for i in range(0, len(rows), 8)]
        return '[\n' + ',\n'.join(f'{pad} {row}' for row in rows) + f'\n{pad}]'
    return json.dumps(value)

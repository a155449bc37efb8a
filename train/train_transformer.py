# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains text encoder and denoiser on the sets of train/dataset.py.

    python3 -m train.train_transformer --minutes 60 --pictures 160x96:.5,256x160:.5 --batch 40
    python3 -m train.train_transformer --minutes 480 --sets 160x96:1
    python3 -m train.train_transformer --minutes 360 --sets 160x96:.5,256x160:.5
    python3 -m train.train_transformer --minutes 60 --sets 256x160@leads:1 --pictures 256x160@leads:.8,256x160:.2 --batch 16
"""
import argparse
import json
from typing import NamedTuple

from train.loop import ranks

HELD_OUT, CHECK_EVERY = 32, 250
EMPTY_CAPTIONS, OWN_AUDIO_TIME = 0.1, 0.15
AUDIO_WEIGHT = 0.5
WITHOUT_THE_OTHER = 4


class Part(NamedTuple):
    """One set of train/dataset.py."""

    share: float
    latents: object  # raw, [n, z, t, h, w], or None
    audio: object  # latents of their sounds [n, 65, 20], or None
    ids: list  # of the captions, [n][caption]

    @property
    def rows(self):
        """n."""
        return len(self.audio if self.latents is None else self.latents)


class Samples:
    """Batches of normalised latents, their sounds and the ids of one of their captions."""

    def __init__(self, parts, video_scale, audio_scale, empty):
        """parts: [Part]; scales: (mean, std) of the latents; empty: ids of no words."""
        self.parts = parts
        total = sum(part.share for part in parts)
        self.shares = [part.share / total for part in parts]
        self.video_scale, self.audio_scale, self.empty = video_scale, audio_scale, empty

    @property
    def channels(self):
        """Of the video latents."""
        return len(self.video_scale[0])

    def take(self, part, rows, pick):
        """(video or None, audio or None, ids) of clips of a part; pick(captions) chooses the ids of one."""
        import numpy as np
        import torch

        from train import tokenizer

        def normalised(latents, scale, shape):
            mean, std = (torch.as_tensor(value).view(shape) for value in scale)
            return (torch.from_numpy(latents[rows].astype(np.float32)) - mean) / std

        video = audio = None
        if part.latents is not None:
            video = normalised(part.latents, self.video_scale, (1, -1, 1, 1, 1))
        if part.audio is not None:
            audio = normalised(part.audio, self.audio_scale, (1, 1, -1))
        return video, audio, torch.from_numpy(tokenizer.pad([pick(part.ids[row]) for row in rows]))

    def draw(self, rng, set_rng, count):
        """A training batch. set_rng is common to the ranks, so that their batches have one
        shape.
        """
        import numpy as np

        part = self.parts[int(set_rng.choice(len(self.parts), p=self.shares))]
        rows = np.sort(rng.choice(part.rows - HELD_OUT, count, replace=False))

        def pick(captions):
            if rng.random() < EMPTY_CAPTIONS:
                return self.empty
            return captions[int(rng.integers(len(captions)))]

        return self.take(part, rows, pick)

    def held_out(self):
        """The last clips of the first part, with their first captions."""
        import numpy as np

        part = self.parts[0]
        rows = np.arange(part.rows - HELD_OUT, part.rows)
        return self.take(part, rows, lambda captions: captions[0])


class Turns:
    """Clips in one step, WITHOUT_THE_OTHER times as many pictures or sounds alone in another, by chance: a size of
    which there are few clips is not forgotten so.
    """

    def __init__(self, *sources):
        """sources: Samples; of clips first."""
        self.sources, self.channels = sources, sources[0].channels

    def draw(self, rng, set_rng, count):
        """A training batch of any kind."""
        source = self.sources[int(set_rng.random() * len(self.sources))]
        alone = any(part.latents is None or part.audio is None for part in source.parts)
        return source.draw(rng, set_rng, WITHOUT_THE_OTHER * count if alone else count)

    def held_out(self):
        """Of the first."""
        return self.sources[0].held_out()


def _named(sets):
    """[(name, share)] of 'NAME:SHARE,...'."""
    parts = [part.split(':') for part in sets.split(',')]
    return [(name, float(share)) for name, share in parts]


def _ids(tok, path):
    return [[tok.encode(text) for text in texts] for texts in json.loads(path.read_text())]


def load_pictures(sets):
    """Single pictures from train/work/data; sets as on the command line."""
    import numpy as np

    from train import dataset, tokenizer
    from train.loop.checkpoint import average_weights

    video, tok, parts = average_weights('video-vae'), tokenizer.Tokenizer(), []
    for name, share in _named(sets):
        path = dataset.pictures_path(name)
        latents = np.load(path, mmap_mode='r')
        parts.append(Part(share, latents, None, _ids(tok, path.with_suffix('.json'))))
    return Samples(parts, (video['mean'], video['std']), None, tok.encode(''))


def load_sounds(worlds):
    """Sounds alone from train/work/data; WORLD:SHARE,... as on the command line."""
    import numpy as np

    from train import dataset, tokenizer
    from train.loop.checkpoint import average_weights

    video, audio = average_weights('video-vae'), average_weights('audio-vae')
    tok, parts = tokenizer.Tokenizer(), []
    for world, share in _named(worlds):
        sounds, ids = np.load(dataset.audio_path(world)), _ids(tok, dataset.captions_path(world))
        held_out = dataset.held_out(world, HELD_OUT)
        rows = [row for row in range(len(sounds)) if row not in held_out]
        parts.append(Part(share, None, sounds[rows], [ids[row] for row in rows]))
    scales = (video['mean'], video['std']), (audio['latent_mean'], audio['latent_std'])
    return Samples(parts, *scales, tok.encode(''))


def load_samples(sets):
    """Clips from train/work/data; sets as on the command line."""
    import numpy as np

    from train import dataset, tokenizer
    from train.loop.checkpoint import average_weights

    video, audio = average_weights('video-vae'), average_weights('audio-vae')
    tok, parts = tokenizer.Tokenizer(), []
    for name, share in _named(sets):
        _, world = dataset.world_of(name)
        latents = np.load(dataset.video_path(name), mmap_mode='r')
        sounds = np.load(dataset.audio_path(world), mmap_mode='r')
        parts.append(Part(share, latents, sounds, _ids(tok, dataset.captions_path(world))))
    scales = (video['mean'], video['std']), (audio['latent_mean'], audio['latent_std'])
    return Samples(parts, *scales, tok.encode(''))


def split_parameters(model):
    """(matrices for Muon, others with decay, others without decay)"""
    matrices, others, plain = [], [], []
    for name, p in model.named_parameters():
        table = 'modulation' in name or 'embedding' in name
        if p.dim() == 2 and '.blocks.' in name and not table:
            matrices.append(p)
        elif p.dim() >= 2 and not table:
            others.append(p)
        else:
            plain.append(p)
    return matrices, others, plain


def trainer(opts, team, samples):
    """The run that the command line asks for."""
    import torch

    from train import flow
    from train.loop import checkpoint, muon, run
    from train.models.text_encoder import Mini

    class Trainer(run.Run):
        """Text encoder and denoiser on latents."""

        decay_part = 0.3

        def __init__(self):
            torch.manual_seed(opts.seed)
            channels = samples.channels
            model = Mini(
                dict(
                    dim=opts.dim,
                    num_heads=opts.heads,
                    ffn_dim=opts.ffn,
                    num_layers=opts.layers,
                    prediction=opts.prediction,
                    video=dict(in_dim=channels, patch=(1, opts.patch, opts.patch)),
                )
            )
            average = checkpoint.Average(model, decay=0.995, every=4)
            groups = split_parameters(model)
            optimiser = muon.Muon(*groups, rate=opts.rate, decay=0.01, ranks=team)
            super().__init__(opts, team, model, average, optimiser)
            self.seen, self.drawn = self.state.get('seen', 0), 0
            model.text_encoder.requires_grad_(not opts.keep_text)

        def stored(self):
            return dict(seen=self.seen, config=self.model.dit.config)

        def loss(self, own, common):
            given = flow.Conditions.draw(common)
            video, audio, ids = samples.draw(own, common, opts.batch)
            self.drawn = len(ids)
            u = flow.shifted(torch.sigmoid(torch.randn(len(ids))))
            audio_u = u
            if own.random() < OWN_AUDIO_TIME:
                audio_u = flow.shifted(torch.sigmoid(torch.randn(len(ids))))
            errors = flow.velocity_errors(self.model, video, audio, ids, u, audio_u, given)
            video_error, audio_error = (error.mean() for error in errors)
            total = video_error + AUDIO_WEIGHT * audio_error
            return total, dict(video=video_error, audio=audio_error)

        def after_step(self):
            """Counts samples; at times measures the averaged weights on held-out clips."""
            self.seen += self.drawn * team.count
            if self.step % CHECK_EVERY == 0 and team.leads:
                video, audio, ids = samples.held_out()
                u = flow.sigmas(len(ids) // 2)[:-1].repeat(2)  # times at which clips are made
                generator = torch.Generator().manual_seed(5)
                with torch.no_grad():
                    errors = flow.velocity_errors(
                        self.average.model, video, audio, ids, u, u, None, generator
                    )
                numbers = dict(
                    zip(('held_out_video', 'held_out_audio'), (e.mean() for e in errors))
                )
                self.journal.write(self.step, self.total_seconds(), seen=self.seen, **numbers)

    return Trainer()


def options():
    """Command line."""
    from train.loop import run

    parser = argparse.ArgumentParser(description='Train the text encoder and the denoiser')
    run.add_options(parser, 'transformer', batch=16, rate=1e-3)
    add = parser.add_argument
    add('--sets', help='NAME:SHARE,... of clips; NAME is SIZE or SIZE@WORLD')
    add('--pictures', help='NAME:SHARE,... of single pictures without sound, in turn with the others')
    add('--sounds', help='WORLD:SHARE,... of sounds without pictures (all, leads), in turn with the others')
    add('--dim', type=int, default=192)
    add('--heads', type=int, default=3)
    add('--ffn', type=int, default=768)
    add('--layers', type=int, default=8)
    add('--patch', type=int, default=1, choices=(1, 2), help='latents a side that one token stands for')
    add('--keep-text', action='store_true', help='the text encoder stays as it is: a fifth less work a picture')
    add('--prediction', default='velocity', choices=('velocity', 'x0'))
    return parser.parse_args()


def main():
    """Command line."""
    ranks.limit_threads()
    opts = options()
    if not (opts.sets or opts.pictures or opts.sounds):
        raise SystemExit('Say what to learn from: --sets, --pictures, --sounds or several.')
    team = ranks.start(opts.ranks, 'train.train_transformer')
    sources = [load_samples(opts.sets)] if opts.sets else []
    sources += [load_pictures(opts.pictures)] if opts.pictures else []
    sources += [load_sounds(opts.sounds)] if opts.sounds else []
    samples = sources[0] if len(sources) == 1 else Turns(*sources)
    trainer(opts, team, samples).train()


if __name__ == '__main__':
    main()

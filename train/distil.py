# SPDX-License-Identifier: GPL-3.0-or-later
"""Teaches the denoiser to need few steps and no guidance.

    python3 -m train.distil --student-steps 8 --minutes 120
    python3 -m train.export write --transformer distilled

Progressive distillation (Salimans & Ho, 2022) of the guided sampler (Meng et al., 2023) in one go: from a
clip noised to the start of one of the student's steps, the teacher (train/work/checkpoints/transformer.pt,
averaged) takes several small guided steps to its end; the student learns the straight way there.
"""
import argparse

from train.loop import ranks

VIDEO_GUIDANCE, AUDIO_GUIDANCE = 4.0, 3.0


def targets(teacher, sample, ids, empty, index, steps, inner, given):
    """What the student learns at its step `index` (of `steps`): (video, audio, tv, ta, wanted velocities).

    sample: (video [b, c, t, h, w], audio [b, n, 20]), clean and normalised; ids [b, tokens]; empty
    [b, tokens] of the empty prompt; inner: the teacher's steps in one of the student's.
    """
    import torch

    from train import flow

    times = flow.sigmas(steps * inner)[index * inner : (index + 1) * inner + 1]
    video, audio = sample
    batch = len(video)

    def levels(now):
        u = torch.full((batch,), float(now))
        return (
            flow.times_of(u, video.shape[2], given.frames),
            flow.times_of(u, audio.shape[1], given.audio),
        )

    tv, ta = levels(times[0])
    sv, sa = tv[:, None, :, None, None], ta[:, :, None]
    start = (
        (1 - sv) * video + sv * torch.randn_like(video),
        (1 - sa) * audio + sa * torch.randn_like(audio),
    )
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        context = torch.cat([teacher.context(ids), teacher.context(empty)])
        x, y = start
        for now, then in zip(times[:-1], times[1:]):
            nv, na = levels(now)
            scales = VIDEO_GUIDANCE, AUDIO_GUIDANCE
            v, a = flow.guided(teacher, x, y, nv * 1000, na * 1000, context, scales)
            # Given latents are at time 0 and stay where they are.
            x = x + (then - now) * v * (nv > 0)[:, None, :, None, None]
            y = y + (then - now) * a * (na > 0)[:, :, None]
    span = times[-1] - times[0]
    return *start, tv * 1000, ta * 1000, (x - start[0]) / span, (y - start[1]) / span


def trainer(opts, team, samples):
    """The run that the command line asks for."""
    import torch

    from train import flow, train_transformer
    from train.loop import checkpoint, muon, run
    from train.models.text_encoder import Mini

    class Trainer(run.Run):
        """A student that starts as its teacher."""

        decay_part = 0.5

        def __init__(self):
            torch.manual_seed(opts.seed)
            state = checkpoint.Checkpoint(opts.teacher).load()
            if state is None:
                raise FileNotFoundError(f'no checkpoint {opts.teacher}: train it first')
            self.config, self.taught = state['config'], state['step']
            self.teacher, model = Mini(self.config), Mini(self.config)
            for net in (self.teacher, model):
                net.load_state_dict(state['average'])
            self.teacher.requires_grad_(False)
            average = checkpoint.Average(model, decay=0.998, every=2)
            groups = train_transformer.split_parameters(model)
            optimiser = muon.Muon(*groups, rate=opts.rate, decay=0.0, ranks=team)
            super().__init__(opts, team, model, average, optimiser)
            self.seen = self.state.get('seen', state.get('seen', 0))

        def stored(self):
            sampling = dict(steps=opts.student_steps, video_cfg=1.0, audio_cfg=1.0)
            return dict(
                seen=self.seen, config=self.config, sampling=sampling, teacher_step=self.taught
            )

        def loss(self, own, common):
            given = flow.Conditions.draw(common)
            index = int(common.integers(opts.student_steps))
            video, audio, ids = samples.draw(own, common, opts.batch)
            empty = torch.tensor(samples.empty)[None].repeat(len(ids), 1)
            padded = torch.zeros_like(ids)
            padded[:, : empty.shape[1]] = empty
            x, y, tv, ta, wanted, wanted_audio = targets(
                self.teacher,
                (video, audio),
                ids,
                padded,
                index,
                opts.student_steps,
                opts.inner,
                given,
            )
            with torch.autocast('cpu', torch.bfloat16):
                v, a = self.model(x, y, tv, ta, ids)
            error = (v.float() - wanted)[:, :, given.frames :].pow(2).mean()
            audio_error = (a.float() - wanted_audio)[:, given.audio :].pow(2).mean()
            total = error + train_transformer.AUDIO_WEIGHT * audio_error
            return total, dict(video=error, audio=audio_error)

        def after_step(self):
            self.seen += opts.batch * team.count

    return Trainer()


def options():
    """Command line."""
    from train.loop import run

    parser = argparse.ArgumentParser(description='Distil the denoiser to few steps')
    run.add_options(parser, 'distilled', batch=8, rate=3e-4)
    add = parser.add_argument
    add('--teacher', default='transformer', help='checkpoint to learn from')
    add('--sets', default='160x96:.5,256x160:.5', help='SIZE:SHARE,...')
    add('--student-steps', type=int, default=8)
    add('--inner', type=int, default=2, help="the teacher's steps in one of the student's")
    return parser.parse_args()


def main():
    """Command line."""
    ranks.limit_threads()
    opts = options()
    team = ranks.start(opts.ranks, 'train.distil')
    from train.train_transformer import load_samples

    trainer(opts, team, load_samples(opts.sets)).train()


if __name__ == '__main__':
    main()

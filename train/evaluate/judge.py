# SPDX-License-Identifier: GPL-3.0-or-later
"""The judges: of stills, of motion, of sounds. They are trained on composed clips only.

    python3 -m train.evaluate.judge stills --minutes 20     needs the set `pictures` of 160x96
    python3 -m train.evaluate.judge motion --minutes 10     needs the set `video` of 160x96
    python3 -m train.evaluate.judge sounds --minutes 10     needs the set `sounds`

The first two look at latents of the frozen encoder, which the denoiser's training needs anyway: what
is judged is brought to 160x96 and encoded. They see them through noise, so that they judge what is
shown and not how sharp it is. The end of each set is held out; `report --world` says how certain
the judges are, and nothing that they say about a model can be more certain.
"""
import argparse

from train.loop import ranks

HEIGHT, WIDTH = 96, 160
SIZE = f'{WIDTH}x{HEIGHT}'
MOMENTS = (0, 6, 12, 18, 24)  # of the 25 frames of a clip, looked at one by one
NOISE = 0.5  # largest standard deviation of what is added to the latents, whose own is 1
HELD_OUT = 500
NAMES = {'stills': 'judge-stills', 'motion': 'judge-motion', 'sounds': 'judge-sounds'}
RATES = {'stills': 2e-3, 'motion': 2e-3, 'sounds': 1e-3}
CHANNELS, LATENT_FRAMES = 48, 7


def _nets():
    import torch
    from torch import nn

    class Norm(nn.GroupNorm):
        """In float32, whatever comes in."""

        def forward(self, x):
            with torch.autocast('cpu', enabled=False):
                return super().forward(x.float())

    def block(inputs, outputs, stride=1):
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1), Norm(8, outputs), nn.SiLU()
        )

    class Residual(nn.Module):
        """x + what two convolutions make of it."""

        def __init__(self, width):
            super().__init__()
            self.inner = nn.Sequential(block(width, width), block(width, width))

        def forward(self, x):
            return x + self.inner(x)

    class Judge(nn.Module):
        """Pictures [batch, inputs, h, w] -> one linear answer a question."""

        def __init__(self, inputs, stages, answers):
            """stages: [(width, stride, residual blocks)]; answers: how many each question has."""
            super().__init__()
            layers = []
            for width, stride, residuals in stages:
                layers += [block(inputs, width, stride), *(Residual(width) for _ in range(residuals))]
                inputs = width
            self.trunk = nn.Sequential(*layers)
            self.heads = nn.ModuleList([nn.Linear(2 * inputs, count) for count in answers])

        def features(self, x):
            """Mean and maximum over the picture, [batch, features]."""
            hidden = self.trunk(x).flatten(2)
            return torch.cat([hidden.mean(2), hidden.amax(2)], 1).float()

        def forward(self, x):
            features = self.features(x)
            return [head(features) for head in self.heads]

    return Judge


def net_of(what):
    """An untrained judge."""
    from train.evaluate import labels

    if what == 'sounds':
        stages = [(24, 2, 0), (48, 2, 1), (96, 2, 1)]
        return _nets()(1, stages, [len(labels.sound_classes())])
    inputs = CHANNELS if what == 'stills' else CHANNELS * LATENT_FRAMES
    stages = [(192, 1, 2), (256, 2, 1)]
    return _nets()(inputs, stages, [len(question.answers) for question in labels.questions(what)])


def answers_of(what, seeds):
    """Right answers as indices, int64 [seeds, questions], -1 where a question is not asked."""
    import numpy as np

    from train.evaluate import labels
    from train.world import plan

    rows = []
    for seed in seeds:
        scene = plan.plan(seed)
        if what == 'sounds':
            rows.append([labels.sound_classes().index(labels.sound_answer(scene))])
            continue
        right = labels.answers(scene)
        rows.append(
            [
                question.answers.index(right[question.name]) if question.name in right else -1
                for question in labels.questions(what)
            ]
        )
    return np.array(rows)


def normalised(latents):
    """Raw latents [batch, 48, frames, h, w] -> what a judge sees, [batch, 48 * frames, h, w]."""
    from train.loop.checkpoint import average_weights

    weights = average_weights('video-vae')
    mean, std = (weights[name].view(1, -1, 1, 1, 1) for name in ('mean', 'std'))
    return ((latents - mean) / std).flatten(1, 2)


def heard(waves):
    """Waves [batch, samples] -> mel pictures [batch, 1, mels, frames]."""
    from train.models.mel import log_mel

    return log_mel(waves)[:, None] / 2 + 1


def load_set(what):
    """(what a judge sees of every row, right answers) of the set it learns from."""
    import numpy as np
    import torch

    from train import dataset

    if what == 'sounds':
        waves = torch.from_numpy(np.load(dataset.sounds_path()).astype(np.float32) / 32768)
        seen = torch.cat([heard(part).bfloat16() for part in waves.split(64)])
    else:
        path = dataset.pictures_path(SIZE) if what == 'stills' else dataset.video_path(SIZE)
        seen = normalised(torch.from_numpy(np.load(path).astype(np.float32))).bfloat16()
    first = dataset.PICTURE_SEED if what == 'stills' else 0
    return seen, torch.from_numpy(answers_of(what, range(first, first + len(seen))))


def loss_of(net, seen, right):
    """(loss, [share of right answers to each question]) over what is asked."""
    import torch
    from torch.nn import functional as F

    with torch.autocast('cpu', torch.bfloat16):
        answers = net(seen)
    loss, shares = 0.0, []
    for answer, target in zip(answers, right.unbind(1)):
        asked = target >= 0
        if asked.any():
            loss = loss + F.cross_entropy(answer[asked].float(), target[asked], label_smoothing=0.05)
        hits = (answer[asked].argmax(1) == target[asked]).float()
        shares.append(float(hits.mean()) if asked.any() else float('nan'))
    return loss, shares


def trainer(opts, team):
    """The run that the command line asks for."""
    import torch

    from train.loop import checkpoint, muon, run

    seen, right = load_set(opts.what)
    held_out = min(HELD_OUT, len(seen) // 4)

    class Trainer(run.Run):
        """One of the judges."""

        decay_part = 0.5

        def __init__(self):
            torch.manual_seed(opts.seed)
            model = net_of(opts.what)
            average = checkpoint.Average(model, decay=0.99)
            matrices = [p for p in model.parameters() if p.dim() == 4 and p.shape[1] > 1]
            chosen = {id(p) for p in matrices}
            others = [p for p in model.parameters() if id(p) not in chosen]
            optimiser = muon.Muon(matrices, others, rate=opts.rate, decay=0.02, ranks=team)
            super().__init__(opts, team, model, average, optimiser)

        def loss(self, own, common):
            rows = torch.from_numpy(own.integers(0, len(seen) - held_out, opts.batch))
            x = seen[rows].float()
            x = x + NOISE * torch.rand(len(x), 1, 1, 1) * torch.randn_like(x)
            total, shares = loss_of(self.model, x, right[rows])
            return total, dict(loss=total.detach(), first=shares[0])

        def held_out(self):
            """Shares of right answers on rows that were not learnt from."""
            with torch.no_grad():
                return loss_of(self.average.model, seen[-held_out:].float(), right[-held_out:])[1]

    return Trainer()


def load(what):
    """A trained judge."""
    from train.loop.checkpoint import average_weights

    net = net_of(what)
    net.load_state_dict(average_weights(NAMES[what]))
    return net.eval()


class Eye:
    """Judges clips: the frozen encoder, the judge of stills on single frames, that of motion on the whole."""

    def __init__(self, stills=None, motion=None, vae=None):
        from train.loop.checkpoint import average_weights
        from train.models.video_vae import VideoVae

        self.stills, self.motion = stills or load('stills'), motion or load('motion')
        if vae is None:
            vae = VideoVae()
            vae.load_state_dict(average_weights('video-vae'))
        self.vae = vae

    def look(self, frames):
        """uint8 [clips, 25, h, w, 3] of any size -> (stills [moments, clips, 48, 6, 10],
        clips [clips, 48 * 7, 6, 10]), as the judges see them.
        """
        import torch
        from torch.nn import functional as F

        clips, count = frames.shape[:2]
        pixels = torch.from_numpy(frames).flatten(0, 1).permute(0, 3, 1, 2).float() / 127.5 - 1
        small = F.interpolate(pixels, (HEIGHT, WIDTH), mode='area').unflatten(0, (clips, count))
        chosen = small[:, list(MOMENTS)].transpose(0, 1).flatten(0, 1)[:, :, None]
        with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
            stills = self.vae.encode_raw(chosen).float()
            whole = self.vae.encode_raw(small.transpose(1, 2)).float()
        return normalised(stills).unflatten(0, (len(MOMENTS), clips)), normalised(whole)

    def answers(self, frames):
        """{question: log-probabilities of its answers [clips, answers]}; stills agree by their mean."""
        import torch

        from train.evaluate import labels

        stills, whole = self.look(frames)
        with torch.no_grad():
            parts = self.stills(stills.flatten(0, 1)), self.motion(whole)
        found = {}
        for question, answer in zip(labels.questions('stills'), parts[0]):
            found[question.name] = answer.log_softmax(1).unflatten(0, stills.shape[:2]).mean(0)
        for question, answer in zip(labels.questions('motion'), parts[1]):
            found[question.name] = answer.log_softmax(1)
        return found

    def features(self, frames):
        """What the judge of stills sees in the middle of the clips, [clips, features]."""
        import torch

        with torch.no_grad():
            return self.stills.features(self.look(frames)[0][len(MOMENTS) // 2])


def options():
    """Command line."""
    from train.loop import run

    parser = argparse.ArgumentParser(description='Train a judge')
    parser.add_argument('what', choices=tuple(NAMES))
    run.add_options(parser, None, batch=64, rate=None, ranks=1)
    opts = parser.parse_args()
    opts.name = opts.name or NAMES[opts.what]
    opts.rate = opts.rate or RATES[opts.what]
    return opts


def main():
    """Command line."""
    from train.evaluate import labels

    ranks.limit_threads()
    opts = options()
    run = trainer(opts, ranks.start(opts.ranks, 'train.evaluate.judge'))
    run.train()
    names = ['sound'] if opts.what == 'sounds' else [q.name for q in labels.questions(opts.what)]
    print(', '.join(f'{name} {100 * share:.1f} %' for name, share in zip(names, run.held_out())))


if __name__ == '__main__':
    main()

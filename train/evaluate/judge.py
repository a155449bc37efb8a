# SPDX-License-Identifier: GPL-3.0-or-later
"""The two judges: one looks at clips, one listens. Both are trained on composed clips only.

    python3 -m train.evaluate.judge pictures --minutes 120
    python3 -m train.evaluate.judge sounds --minutes 40

They see the world through a mild blur and noise, so that they judge what is shown and not how
sharp it is. Their accuracy on held-out composed clips is printed: nothing they say about a model
can be more certain.
"""
import argparse

from train.loop import ranks

HEIGHT, WIDTH = 48, 80
MOMENTS = (0, 6, 12, 18, 24)  # of the 25 frames of a clip
TRAIN_SEED, HELD_OUT_SEED = 30_000_000, 13_000_000
DEFAULTS = {
    'pictures': dict(name='judge-pictures', batch=16),
    'sounds': dict(name='judge-sounds', batch=16),
}


def shrink(frames):
    """uint8 [25, h, w, 3] of any size -> float [3 * moments, HEIGHT, WIDTH] in -1..1."""
    import torch
    from torch.nn import functional as F

    chosen = torch.from_numpy(frames[list(MOMENTS)]).permute(0, 3, 1, 2).float() / 127.5 - 1
    small = F.interpolate(chosen, (HEIGHT, WIDTH), mode='area')
    return small.flatten(0, 1)


def picture_item(index, seed=TRAIN_SEED):
    """(frames as shrink() makes them, answers as indices, -1 where not asked) of a composed
    clip.
    """
    import numpy as np

    from train.evaluate import labels
    from train.world import clip, plan

    scene = plan.plan(seed + index)
    moments = [2 * moment for moment in MOMENTS]
    small = clip.render(scene, 2 * HEIGHT, 2 * WIDTH, moments)
    right = labels.answers(scene)
    asked = [
        question.answers.index(right[question.name]) if question.name in right else -1
        for question in labels.questions()
    ]
    return small, np.array(asked)


def sound_item(index, seed=TRAIN_SEED):
    """(wave, class index) of a composed clip."""
    from train.evaluate import labels
    from train.world import plan, sound

    scene = plan.plan(seed + index)
    return sound.mono(scene), labels.sound_classes().index(labels.sound_answer(scene))


def _norm_block(inputs, outputs, stride, conv, norm):
    from torch import nn

    return nn.Sequential(
        conv(inputs, outputs, 3, stride=stride, padding=1), norm(8, outputs), nn.SiLU()
    )


def picture_net():
    """All moments as channels -> features -> one linear answer a question."""
    from torch import nn

    from train.evaluate import labels

    class PictureJudge(nn.Module):
        """Small convolutional network; features [batch, 256] are also used to measure diversity."""

        def __init__(self):
            super().__init__()
            widths, layers = (3 * len(MOMENTS), 48, 96, 160, 256), []
            for inputs, outputs in zip(widths[:-1], widths[1:]):
                layers.append(_norm_block(inputs, outputs, 2, nn.Conv2d, nn.GroupNorm))
                layers.append(_norm_block(outputs, outputs, 1, nn.Conv2d, nn.GroupNorm))
            self.trunk = nn.Sequential(*layers)
            self.heads = nn.ModuleList(
                [
                    nn.Linear(2 * widths[-1], len(question.answers))
                    for question in labels.questions()
                ]
            )

        def features(self, x):
            """Mean and maximum over the picture, [batch, 512]."""
            import torch

            hidden = self.trunk(x).flatten(2)
            return torch.cat([hidden.mean(2), hidden.amax(2)], 1)

        def forward(self, x):
            features = self.features(x)
            return [head(features) for head in self.heads]

    return PictureJudge()


def sound_net():
    """Log-mel -> sound class."""
    from torch import nn

    from train.evaluate import labels

    class SoundJudge(nn.Module):
        """Small convolutional network over the mel spectrogram."""

        def __init__(self):
            super().__init__()
            widths, layers = (1, 24, 48, 96, 128), []
            for inputs, outputs in zip(widths[:-1], widths[1:]):
                layers.append(_norm_block(inputs, outputs, 2, nn.Conv2d, nn.GroupNorm))
            self.trunk = nn.Sequential(*layers)
            self.head = nn.Linear(2 * widths[-1], len(labels.sound_classes()))

        def forward(self, wave):
            import torch

            from train.models.mel import log_mel

            hidden = self.trunk(log_mel(wave)[:, None] / 2 + 1).flatten(2)
            return self.head(torch.cat([hidden.mean(2), hidden.amax(2)], 1))

    return SoundJudge()


def roughen(x):
    """Blur and noise for half of the pictures, so that the judge does not depend on fine detail."""
    import torch
    from torch.nn import functional as F

    blurred = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode='replicate'), 3, stride=1)
    which = (torch.rand(len(x)) < 0.5)[:, None, None, None]
    return torch.where(which, blurred, x) + 0.05 * torch.randn_like(x)


def picture_loss(net, small, asked):
    """(loss, share of right answers) over all questions that were asked."""
    from torch.nn import functional as F

    loss, right, total = 0.0, 0, 0
    for answer, target in zip(net(small), asked.unbind(1)):
        real = target >= 0
        if real.any():
            loss = loss + F.cross_entropy(answer[real], target[real])
            right += int((answer[real].argmax(1) == target[real]).sum())
            total += int(real.sum())
    return loss, right / max(1, total)


def trainer(opts, team):
    """The run that the command line asks for."""
    import numpy as np
    import torch
    from torch.nn import functional as F

    from train.loop import checkpoint, feed, muon, run

    class Trainer(run.Run):
        """Either judge."""

        def __init__(self):
            torch.manual_seed(opts.seed)
            model = picture_net() if opts.what == 'pictures' else sound_net()
            average = checkpoint.Average(model, every=4)
            matrices = [p for p in model.parameters() if p.dim() == 4 and p.numel() > 4000]
            chosen = {id(p) for p in matrices}
            others = [p for p in model.parameters() if id(p) not in chosen]
            optimiser = muon.Muon(matrices, others, rate=opts.rate, decay=0.01, ranks=team)
            super().__init__(opts, team, model, average, optimiser)
            make = picture_item if opts.what == 'pictures' else sound_item
            first = self.step * opts.batch * team.count + team.rank
            self.feed = feed.Feed(make, first, team.count, 4 * opts.batch, opts.workers)

        def loss(self, own, common):
            inputs, targets = zip(*[self.feed.take() for _ in range(opts.batch)])
            if opts.what == 'pictures':
                small = torch.from_numpy(np.stack(inputs)).permute(0, 1, 4, 2, 3).flatten(1, 2)
                small = F.avg_pool2d(small.float() / 127.5 - 1, 2)
                asked = torch.from_numpy(np.stack(targets))
                total, right = picture_loss(self.model, roughen(small), asked)
                return total, dict(loss=total, right=right)
            wave = torch.from_numpy(np.stack(inputs))
            answer, target = self.model(wave), torch.tensor(targets)
            total = F.cross_entropy(answer, target)
            return total, dict(loss=total, right=(answer.argmax(1) == target).float().mean())

    return Trainer()


def load(what):
    """A trained judge."""
    from train.loop.checkpoint import average_weights

    net = picture_net() if what == 'pictures' else sound_net()
    net.load_state_dict(average_weights(DEFAULTS[what]['name']))
    return net.eval()


def options():
    """Command line."""
    from train.loop import run

    parser = argparse.ArgumentParser(description='Train a judge')
    parser.add_argument('what', choices=tuple(DEFAULTS))
    run.add_options(parser, None, batch=None, rate=1e-3)
    parser.add_argument('--workers', type=int, default=1)
    opts = parser.parse_args()
    for key, value in DEFAULTS[opts.what].items():
        if getattr(opts, key) is None:
            setattr(opts, key, value)
    return opts


def main():
    """Command line."""
    ranks.limit_threads()
    opts = options()
    run = trainer(opts, ranks.start(opts.ranks, 'train.evaluate.judge'))
    run.train()
    run.feed.close()


if __name__ == '__main__':
    main()

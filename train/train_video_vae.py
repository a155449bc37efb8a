# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the video VAE; goes on from train/work/checkpoints/NAME.pt.

    python3 -m train.train_video_vae --stage linear --minutes 17 --batch 16 --rate 2e-3 --noise .02
    python3 -m train.train_video_vae --stage full --minutes 600
    python3 -m train.train_video_vae --stage decoder --minutes 60      (the latents stay valid)
"""
import argparse

from train.loop import ranks

MEASURED = 8  # crops on which the mean input of the heads is measured


def losses(decoded, frames):
    """(what is minimised, L1, MSE) of decoded frames against the originals, all [b, 3, t, h, w]."""
    from torch.nn import functional as F

    error = decoded - frames
    l1, mse = error.abs().mean(), error.pow(2).mean()
    edges = (error[..., 1:] - error[..., :-1]).abs().mean()
    edges = edges + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    flat = error.transpose(1, 2).flatten(0, 1)
    coarse = sum(F.avg_pool2d(flat, size).abs().mean() for size in (4, 16))
    loss = l1 + 2 * mse + 0.5 * edges + 0.5 * coarse
    if error.shape[2] > 1:
        loss = loss + 0.25 * (error[:, :, 1:] - error[:, :, :-1]).abs().mean()
    return loss, l1, mse


def split_parameters(model):
    """(matrices for Muon, the rest for AdamW)"""
    named = list(model.named_parameters())
    matrices = [p for _, p in named if p.dim() >= 4 and p.numel() >= 9000]
    chosen = {id(p) for p in matrices}
    return matrices, [p for _, p in named if id(p) not in chosen]


def trainer(opts, team):
    """The run that the command line asks for."""
    import torch

    from train import crops
    from train.loop import checkpoint, feed, muon, run
    from train.models import linear_start
    from train.models.video_vae import VideoVae

    class Trainer(run.Run):
        """The video VAE on space-time crops."""

        def __init__(self):
            torch.manual_seed(opts.seed)
            model = VideoVae()
            linear_start.start(model)
            average = checkpoint.Average(model, every=4)
            matrices, others = split_parameters(model)
            optimiser = muon.Muon(matrices, others, rate=opts.rate, decay=1e-3, ranks=team)
            super().__init__(opts, team, model, average, optimiser)
            for vae in (model, average.model):
                linear_start.set_linear(vae, opts.stage == 'linear')
            self.centres = (
                self.state.get('centres') if self.state.get('stage') == opts.stage else None
            )
            if self.centres is None:
                sample = [crops.crop(k, opts.frames, opts.side, opts.seed) for k in range(MEASURED)]
                self.centres = linear_start.measure_centres(model, crops.to_tensor(sample))
            self.centre()
            if opts.stage == 'decoder':
                for part in (model.encoder, model.conv1):
                    part.requires_grad_(False)
            make = crops.maker(opts.frames, opts.side, opts.seed)
            first = self.step * opts.batch * team.count + team.rank
            self.feed = feed.Feed(make, first, team.count, 4 * opts.batch, opts.workers)

        def centre(self):
            """Heads as they are trained."""
            for vae in (self.model, self.average.model):
                linear_start.centre_heads(vae, self.centres)

        def save(self):
            """With the heads folded. Every rank folds, so that all of them round alike."""
            for vae in (self.model, self.average.model):
                linear_start.fold_heads(vae)
            super().save()
            self.centre()

        def stored(self):
            return dict(config=self.model.config, stage=opts.stage, centres=self.centres)

        def loss(self, own, common):
            frames = crops.to_tensor([self.feed.take() for _ in range(opts.batch)])
            if common.random() < opts.single:
                index = int(common.integers(frames.shape[2]))
                frames = frames[:, :, index : index + 1]
            with torch.autocast('cpu', torch.bfloat16):
                with torch.set_grad_enabled(opts.stage != 'decoder'):
                    latents = self.model.encode_raw(frames).float()
                noisy = latents + torch.randn_like(latents) * opts.noise
                decoded = self.model.decode_raw(noisy).float()
            total, l1, mse = losses(decoded, frames)
            level = latents.pow(2).mean()
            if opts.stage != 'decoder':
                total = total + 2e-3 * (level - 1).clamp(min=0)
            psnr = 10 * torch.log10(4 / mse.clamp(min=1e-9))
            return total, dict(l1=l1, psnr=psnr, latent_level=level)

    return Trainer()


def options():
    """Command line."""
    from train.loop import run

    parser = argparse.ArgumentParser(description='Train the video VAE')
    run.add_options(parser, 'video-vae', batch=6, rate=3e-4)
    add = parser.add_argument
    add('--stage', choices=('linear', 'full', 'decoder'), default='full')
    add('--frames', type=int, default=9, help='1 + 4k')
    add('--side', type=int, default=96, help='crops are square, a multiple of 16')
    add(
        '--noise',
        type=float,
        default=0.03,
        help='on the latents, relative to their level of about 1',
    )
    add('--single', type=float, default=0.1, help='share of batches of single frames')
    add('--workers', type=int, default=1, help='composer processes a rank; 0: in the trainer')
    return parser.parse_args()


def main():
    """Command line."""
    ranks.limit_threads()
    opts = options()
    run = trainer(opts, ranks.start(opts.ranks, 'train.train_video_vae'))
    run.train()
    run.feed.close()


if __name__ == '__main__':
    main()

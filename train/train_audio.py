# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the audio VAE, then the vocoder, on the sound tracks of train/dataset.py sounds.

    python3 -m train.train_audio vae --minutes 60
    python3 -m train.train_audio vocoder --minutes 120
"""
import argparse

from train.loop import ranks

HELD_OUT = 64
# Standard deviations by which what counts as zero lies below the mean of the mels. The VAE has no biases and brings
# every frame to one length, so without a part that all frames have in common it could not tell loud from quiet.
LEVEL = 3.0
CROP_FRAMES = 32  # half a second for the vocoder
STFT_SIZES = (256, 512, 1024, 2048, 128)
MEASURED = 512  # tracks from which the mean and std of the mels come
DEFAULTS = {'vae': dict(name='audio-vae', batch=8), 'vocoder': dict(name='vocoder', batch=2)}


def mel_losses(decoded, mel):
    """(what is minimised, L1) of log-mels."""
    error = decoded - mel
    in_time = (error[..., 1:] - error[..., :-1]).abs().mean()
    return error.abs().mean() + 0.3 * error.pow(2).mean() + 0.2 * in_time, error.abs().mean()


def wave_losses(made, wave):
    """(what is minimised, STFT part, mel L1) of waves [batch, samples].

    Spectral convergence and log distance over several resolutions (Yamamoto et al., 2020).
    """
    import torch

    from train.models import mel

    total = 0.0
    for size in STFT_SIZES:
        window = torch.hann_window(size)
        a, b = (mel.magnitude(x, size, size // 4, window) for x in (made, wave))
        converged = (a - b).pow(2).sum((1, 2)).sqrt() / b.pow(2).sum((1, 2)).sqrt().clamp(min=1e-2)
        logs = (a.clamp(min=1e-4).log() - b.clamp(min=1e-4).log()).abs().mean()
        total = total + converged.mean() + 0.5 * logs
    stft = total / len(STFT_SIZES)
    mel_l1 = (mel.log_mel(made) - mel.log_mel(wave)).abs().mean()
    return stft + 1.5 * mel_l1, stft, mel_l1


def waves_of(tracks, rows):
    """Float waves [n, samples] of int16 tracks."""
    import numpy as np
    import torch

    return torch.from_numpy(tracks[rows].astype(np.float32) / 32768)


def trainer(opts, team, tracks):
    """The run that the command line asks for. tracks: int16 [clips, samples]."""
    import numpy as np
    import torch

    from train.loop import checkpoint, muon, run
    from train.models import audio_start
    from train.models.audio_vae import AudioVae
    from train.models.mel import CONFIG, log_mel
    from train.models.vocoder import Vocoder

    class Trainer(run.Run):
        """What both have in common."""

        def __init__(self, model):
            average = checkpoint.Average(model, every=4)
            matrices = [p for p in model.parameters() if p.dim() == 3 and p.numel() >= 4000]
            chosen = {id(p) for p in matrices}
            others = [p for p in model.parameters() if id(p) not in chosen]
            optimiser = muon.Muon(matrices, [], others, rate=opts.rate, decay=0.0, ranks=team)
            super().__init__(opts, team, model, average, optimiser)

        def draw(self, own):
            """Waves of training clips."""
            rows = own.choice(len(tracks) - HELD_OUT, opts.batch, replace=False)
            return waves_of(tracks, np.sort(rows))

    class VaeTrainer(Trainer):
        """The audio VAE."""

        def __init__(self):
            model = AudioVae()
            audio_start.start(model)
            super().__init__(model)
            for vae in (self.model, self.average.model):
                audio_start.set_linear(vae, opts.stage == 'linear')
            if not self.state:
                mels = log_mel(waves_of(tracks, slice(0, MEASURED)))
                for vae in (self.model, self.average.model):
                    vae.data_std.copy_(mels.std((0, 2))[None, :, None])
                    vae.data_mean.copy_(mels.mean((0, 2))[None, :, None] - LEVEL * vae.data_std)

        def loss(self, own, common):
            mel = log_mel(self.draw(own))
            latents = self.model.encode_raw(mel)
            decoded = self.model.decode_raw(latents + opts.noise * torch.randn_like(latents))
            total, l1 = mel_losses(decoded, mel)
            level = latents.pow(2).mean()
            total = total + 2e-3 * (level - 1).clamp(min=0)
            return total, dict(mel_l1=l1, latent_level=level)

    class VocoderTrainer(Trainer):
        """The vocoder; half of its inputs are mels that went through the audio VAE."""

        def __init__(self):
            super().__init__(Vocoder())
            self.vae = AudioVae().requires_grad_(False)
            self.vae.load_state_dict(checkpoint.average_weights('audio-vae'))

        def loss(self, own, common):
            wave = self.draw(own)
            mel, hop, half = log_mel(wave), CONFIG['hop'], len(wave) // 2
            if half:
                with torch.no_grad():
                    copied = self.vae.decode_raw(self.vae.encode_raw(mel[:half]))
                mel = torch.cat([copied, mel[half:]])
            start = int(own.integers(0, mel.shape[2] - CROP_FRAMES + 1))
            end = start + CROP_FRAMES
            made = self.model(mel[:, :, start:end])
            total, stft, mel_l1 = wave_losses(made, wave[:, start * hop : end * hop])
            return total, dict(stft=stft, mel_l1=mel_l1)

    torch.manual_seed(opts.seed)
    return VaeTrainer() if opts.what == 'vae' else VocoderTrainer()


def options():
    """Command line."""
    from train.loop import run

    parser = argparse.ArgumentParser(description='Train the audio VAE or the vocoder')
    parser.add_argument('what', choices=('vae', 'vocoder'))
    run.add_options(parser, None, batch=None, rate=1e-3)
    add = parser.add_argument
    add('--stage', choices=('linear', 'full'), default='full', help='of the VAE')
    add('--noise', type=float, default=0.1, help='on the latents of the VAE, relative to their level of about 1')
    opts = parser.parse_args()
    for key, value in DEFAULTS[opts.what].items():
        if getattr(opts, key) is None:
            setattr(opts, key, value)
    return opts


def main():
    """Command line."""
    ranks.limit_threads()
    opts = options()
    team = ranks.start(opts.ranks, 'train.train_audio')
    import numpy as np

    from train import dataset

    trainer(opts, team, np.load(dataset.sounds_path(), mmap_mode='r')).train()


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Waveform -> log-mel spectrogram, the front end of MMAudio's VAE at 16 kHz."""
import functools

import numpy as np
import torch
from torch.nn import functional as F

CONFIG = dict(
    n_fft=1024,
    hop=256,
    win=1024,
    n_mels=80,
    fmin=0,
    fmax=8000,
    log='log10',
    clip=1e-5,
    scale='slaney',
    norm='slaney',
    pad='reflect 384',
    center=False,
)
RATE = 16000
# Slaney's mel scale: linear to 1 kHz, then logarithmic, 27 steps to a factor of 6.4.
LINEAR_HZ_PER_MEL, BREAK_HZ = 200 / 3, 1000.0
LOG_STEP = np.log(6.4) / 27.0


def _hz(mel):
    knee = BREAK_HZ / LINEAR_HZ_PER_MEL
    above = BREAK_HZ * np.exp(LOG_STEP * (np.maximum(mel, knee) - knee))
    return np.where(mel < knee, mel * LINEAR_HZ_PER_MEL, above)


def _mel(hz):
    knee = BREAK_HZ / LINEAR_HZ_PER_MEL
    if hz < BREAK_HZ:
        return hz / LINEAR_HZ_PER_MEL
    return knee + np.log(hz / BREAK_HZ) / LOG_STEP


@functools.lru_cache(maxsize=1)
def filters():
    """Triangular filters of equal area, float32 [n_mels, n_fft / 2 + 1]."""
    bins = np.linspace(0, RATE / 2, CONFIG['n_fft'] // 2 + 1)
    edges = _hz(np.linspace(_mel(CONFIG['fmin']), _mel(CONFIG['fmax']), CONFIG['n_mels'] + 2))
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    triangles = np.maximum(0, np.minimum(rising, falling)) * (2 / (high - low))
    return torch.from_numpy(triangles.astype(np.float32))


def magnitude(wave, n_fft, hop, window):
    """Magnitudes [batch, n_fft / 2 + 1, frames], reflected at the ends so that frames = samples /
    hop.
    """
    pad = (n_fft - hop) // 2
    padded = F.pad(wave[:, None], (pad, pad), mode='reflect')[:, 0]
    spectrum = torch.stft(padded, n_fft, hop, window=window, center=False, return_complex=True)
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-9)


def log_mel(wave):
    """Wave [batch, samples] in -1..1 -> [batch, n_mels, samples / hop]."""
    n_fft, hop = CONFIG['n_fft'], CONFIG['hop']
    spectrum = magnitude(wave.clamp(-1, 1), n_fft, hop, torch.hann_window(n_fft))
    return torch.log10((filters() @ spectrum).clamp(min=CONFIG['clip']))

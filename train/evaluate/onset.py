# SPDX-License-Identifier: GPL-3.0-or-later
"""When something is seen to land, and when it is heard.

Measured on prompts in which one subject drops onto the floor of a plain studio: there the subject
is what differs from the colour of its row, and the thud is the strongest rise of low sound.
"""
import numpy as np

from train.world.effects import RATE

FPS = 12
DIFFERENT = 60  # levels of 255 that a pixel differs from the median of its row
LOW, HIGH = 50, 400  # Hz of a thud
FALLS, FALL_FRAMES = 0.25, 4  # a fall: this share of the height within so many frames
HOP = 160  # samples between two energies: 10 ms


def visible_landing(frames):
    """Second at which a falling subject turns: its top edge is lowest and then rises again, or
    stays.

    frames: uint8 [n, h, w, 3]. None when there is no subject or it does not fall. The top edge is
    watched, because a shadow waits on the floor before the subject arrives. Exact to half a frame.
    """
    video = frames.astype(np.int16)
    usual = np.median(video, axis=2, keepdims=True)
    rows = (np.abs(video - usual).max(-1) > DIFFERENT).sum(2) >= 3
    height = frames.shape[1]
    tops = np.array([row.argmax() if row.any() else -1 for row in rows])
    for now in range(1, len(tops) - 1):
        fallen = tops[now] - tops[max(0, now - FALL_FRAMES) : now + 1].min()
        if tops[now] >= 0 and tops[now + 1] <= tops[now] and fallen > height * FALLS:
            return now / FPS
    return None


def sound_onset(wave):
    """Second of the strongest rise of low sound, or None when all is silent. wave: float
    [samples].
    """
    spectrum = np.fft.rfft(wave)
    f = np.fft.rfftfreq(len(wave), 1 / RATE)
    low = np.fft.irfft(spectrum * ((f > LOW) & (f < HIGH)), len(wave))
    steps = len(low) // HOP
    energy = (low[: steps * HOP].reshape(steps, HOP) ** 2).mean(1)
    if energy.max() < 1e-7:
        return None
    smooth = np.log10(energy + energy.max() * 1e-3)
    rise = smooth[2:] - smooth[:-2]
    return (int(rise.argmax()) + 1.5) * HOP / RATE


def offset(frames, wave):
    """Milliseconds that the sound comes after the picture, or None."""
    seen, heard = visible_landing(frames), sound_onset(wave)
    return None if seen is None or heard is None else (heard - seen) * 1000

# SPDX-License-Identifier: GPL-3.0-or-later
"""Sounds made from formulas: footsteps, boings, engines, bells, birds. Mono float arrays at 16 kHz.

Each takes the scene's random generator, so one seed always sounds the same.
"""
import numpy as np

RATE = 16000


def seconds(count):
    """Time axis of count samples."""
    return np.arange(count) / RATE


def band_pass(signal, low, high):
    """Gentle band-pass by shaping the spectrum."""
    spectrum = np.fft.rfft(signal)
    f = np.fft.rfftfreq(len(signal), 1 / RATE)
    gain = 1 / (1 + (low / (f + 1)) ** 4) ** 0.5 / (1 + (f / high) ** 4) ** 0.5
    return np.fft.irfft(spectrum * gain, len(signal))


def noise(rng, count, low, high):
    """Band-limited noise of unit level."""
    signal = band_pass(rng.standard_normal(count), low, high)
    return signal / (signal.std() + 1e-9)


def envelope(count, attack, decay):
    """Linear attack, exponential decay (seconds)."""
    t = seconds(count)
    return np.clip(t / attack, 0, 1) * np.exp(-np.clip(t - attack, 0, None) / decay)


def tone(frequency, harmonics=(1,)):
    """Tone whose frequency may change: frequency [samples] in Hz, strength of each harmonic."""
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    return sum(level * np.sin((k + 1) * phase) for k, level in enumerate(harmonics))


def steady(frequency, count):
    """A constant frequency track."""
    return np.full(count, float(frequency))


def swell(t, rise, fall, length):
    """Fade in at rise per second, out at fall per second."""
    return np.clip(t * rise, 0, 1) * np.clip((length - t) * fall, 0, 1)


def arch(count):
    """Half a sine: 0 .. 1 .. 0."""
    return np.sin(np.pi * np.linspace(0, 1, count))


def boing(rng, size=1.0):
    """A spring; bigger is deeper."""
    n = int(0.34 * RATE)
    t = seconds(n)
    f = (
        (190 + 70 * rng.random())
        / size
        * (1 + 0.9 * np.exp(-t * 9) + 0.22 * np.sin(2 * np.pi * 17 * t) * np.exp(-t * 5))
    )
    return tone(f, (1, 0.45, 0.2)) * envelope(n, 0.004, 0.10)


def thud(rng):
    """Something heavy lands."""
    n = int(0.3 * RATE)
    body = tone(60 + 110 * np.exp(-seconds(n) * 30)) * envelope(n, 0.002, 0.07)
    return body + 0.25 * noise(rng, n, 100, 1500) * envelope(n, 0.001, 0.02)


def footstep(rng):
    """One step."""
    n = int(0.09 * RATE)
    return 0.6 * noise(rng, n, 150, 1400) * envelope(n, 0.002, 0.016) + 0.5 * tone(
        steady(95, n)
    ) * envelope(n, 0.002, 0.02)


def whoosh(rng, length=0.7):
    """Air moved by a spin."""
    n = int(length * RATE)
    t = np.linspace(0, 1, n)
    return (
        (noise(rng, n, 250, 1100) * (1 - t) + noise(rng, n, 600, 3200) * t)
        * np.sin(np.pi * t) ** 2
        * 0.5
    )


def slide(start, end, length):
    """Slide whistle from one frequency to another."""
    n = int(length * RATE)
    t = np.linspace(0, 1, n)
    fade = np.clip(np.minimum(t * 12, (1 - t) * 12), 0, 1)
    return tone(start * (end / start) ** t, (1, 0.12)) * fade * 0.5


def splash(rng):
    """Water."""
    n = int(0.8 * RATE)
    return noise(rng, n, 500, 4500) * envelope(n, 0.01, 0.18) * 0.6


def beeps(rng):
    """A robot's tune."""
    out = np.zeros(int(0.7 * RATE))
    n = int(0.11 * RATE)
    for k in range(5):
        f = rng.choice([523, 659, 784, 988, 1175, 1319])
        start = int(k * 0.13 * RATE)
        out[start : start + n] += (
            np.sign(np.sin(2 * np.pi * f * seconds(n))) * envelope(n, 0.003, 0.05) * 0.35
        )
    return out


def chirps(rng, count, low, high, birds=5):
    """Birds at random moments of count samples."""
    out = np.zeros(count)
    for _ in range(birds):
        n = int(rng.uniform(0.05, 0.14) * RATE)
        start = int(rng.integers(0, count - n))
        f = rng.uniform(low, high)
        t = np.linspace(0, 1, n)
        song = tone(f * (1 + 0.25 * np.sin(np.pi * t * rng.uniform(1, 3)))) * np.sin(np.pi * t) ** 2
        out[start : start + n] += song * rng.uniform(0.3, 1)
    return out


def siren(warbles):
    """Two-tone horn, or a warbling siren."""
    length = 1.7
    n = int(length * RATE)
    t = seconds(n)
    f = (
        800 + 350 * np.sin(2 * np.pi * 1.8 * t)
        if warbles
        else np.where((t * 2.2) % 2 < 1, 650, 870)
    )
    return tone(f, (1, 0.3, 0.25, 0.1)) * swell(t, 20, 10, length) * 0.45


def train_whistle(rng):
    """Steam."""
    length = 0.8
    n = int(length * RATE)
    steam = (
        tone(steady(620, n), (1, 0.4))
        + tone(steady(780, n), (1, 0.3))
        + 0.3 * noise(rng, n, 500, 5000)
    )
    return steam * swell(seconds(n), 15, 6, length) * 0.3


def bell(alarm):
    """A bell struck three times, or an alarm clock."""
    out = np.zeros(int(1.3 * RATE))
    f, strikes, gap, decay = (1900, 12, 0.08, 25) if alarm else (880, 3, 0.4, 4)
    for k in range(strikes):
        start = int(k * gap * RATE)
        t = seconds(len(out) - start)
        partials = sum(
            level * np.sin(2 * np.pi * f * ratio * t)
            for level, ratio in ((1, 1), (0.6, 2.76), (0.3, 5.4))
        )
        out[start:] += partials * np.exp(-t * decay) * 0.35
    return out


def melody(rng, blown):
    """Four notes of a chord, blown (trumpet) or plucked (guitar)."""
    out = np.zeros(int(1.3 * RATE))
    chord = rng.choice([[262, 330, 392, 523], [294, 370, 440, 587], [330, 392, 494, 659]])
    for k, f in enumerate(chord):
        start = int(k * 0.2 * RATE)
        n = len(out) - start
        note = tone(steady(f, n), (1, 0.6, 0.4, 0.3, 0.2) if blown else (1, 0.5, 0.25))
        out[start:] += (
            note * (envelope(n, 0.03, 0.25) if blown else envelope(n, 0.002, 0.35)) * 0.35
        )
    return out


def laugh():
    """Ha ha ha."""
    out = np.zeros(int(1.0 * RATE))
    n = int(0.12 * RATE)
    for k in range(5):
        start = int(k * 0.17 * RATE)
        out[start : start + n] += (
            tone(steady(420.0 - k * 18, n), (1, 0.7, 0.5, 0.3, 0.2)) * arch(n) * 0.3
        )
    return out


def sob():
    """Crying."""
    n = int(1.2 * RATE)
    t = seconds(n)
    cry = tone(520 - 90 * t + 30 * np.sin(2 * np.pi * 6 * t), (1, 0.7, 0.5, 0.2))
    return cry * (np.sin(2 * np.pi * 2.2 * t) > -0.3) * 0.25 * np.clip((1.2 - t) * 5, 0, 1)


def howl():
    """A wolf."""
    t = seconds(int(0.9 * RATE))
    f = 300 + 250 * np.clip(t * 3, 0, 1) - 120 * np.clip(t - 0.55, 0, 1)
    return tone(f, (1, 0.4, 0.15)) * swell(t, 8, 5, 0.9) * 0.6


def hiss(rng):
    """A snake."""
    n = int(0.9 * RATE)
    return noise(rng, n, 3000, 7500) * np.sin(np.pi * seconds(n) / 0.9) * 0.35


ENGINE_PITCH = {
    'motorcycle': 95,
    'racing car': 140,
    'tractor': 38,
    'lorry': 48,
    'delivery truck': 52,
    'bus': 50,
}


def engine(rng, sprite, count, running):
    """What a vehicle, boat or aircraft sounds like all the time."""
    t, name = seconds(count), sprite.name
    if name == 'helicopter':
        blades = np.maximum(0, np.sin(2 * np.pi * 13 * t)) ** 3
        return noise(rng, count, 60, 900) * blades * 0.7 + 0.1 * tone(
            steady(90, count), (1, 0.5, 0.3)
        )
    if name == 'rocket':
        return noise(rng, count, 40, 900) * 0.6 + 0.25 * noise(rng, count, 900, 4000)
    if name == 'airplane':
        return noise(rng, count, 200, 2500) * 0.35 + 0.2 * tone(steady(240, count), (1, 0.5, 0.4))
    if name == 'flying saucer':
        return tone(420 + 130 * np.sin(2 * np.pi * 5.5 * t), (1, 0.4, 0.15)) * 0.3
    if name == 'train':
        return noise(rng, count, 200, 2500) * np.maximum(0, np.sin(2 * np.pi * 4.5 * t)) ** 2 * 0.5
    if sprite.cls == 'boat':
        water = noise(rng, count, 150, 1500) * 0.2 * (1 + 0.5 * np.sin(2 * np.pi * 0.8 * t))
        motor = (
            tone(steady(70, count), (1, 0.6, 0.5, 0.3)) * 0.22
            if name in ('speedboat', 'ship')
            else 0
        )
        return water + motor
    base = ENGINE_PITCH.get(name, 66) * (1.25 if running else 0.8)
    f = base * (1 + 0.08 * np.sin(2 * np.pi * 0.45 * t) + (0.12 * t / 2 if running else 0))
    hum = (
        tone(f, (1, 0.7, 0.55, 0.4, 0.28, 0.2, 0.12))
        * (1 + 0.3 * np.sin(2 * np.pi * base / 2 * t))
        * 0.24
    )
    return hum + 0.10 * noise(rng, count, 80, 700)


WINGS = {'bee': 190, 'mosquito': 520, 'ladybug': 150}


def wing_buzz(name, count):
    """An insect on the wing."""
    f = WINGS[name] * (1 + 0.05 * np.sin(2 * np.pi * 3 * seconds(count)))
    return tone(f, (1, 0.8, 0.6, 0.5, 0.3, 0.2)) * 0.10

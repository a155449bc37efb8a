# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound track of a scene: ambience, engines, voices and the noises of what happens, in stereo.

Recordings come from Debian's tuxpaint-stamps-default, cut once into train/work/recordings.npz;
everything else is synthesised (effects.py). The model learns the mono mix.
"""
import functools
import glob
import math
import os
import subprocess

import numpy as np

from train import paths
from . import effects, motion
from .effects import RATE
from .settings import SETTINGS

SAMPLES = 33280  # 130 mel frames of 256: a little longer than the 25 frames at 12 a second
BANK = paths.WORK / 'recordings.npz'
# Subject -> recording.
_VOICES_TEXT = """
    dog = dog; poodle = dog; cat = blackcat; black cat = blackcat; lion = lion; tiger = tiger;
    leopard = tiger; horse = horse; unicorn = horse; zebra = zebra; deer = deer; bison = bison; ox
    = bull; cow = cow; pig = pig; boar = pig; ram = ram; sheep = sheep; goat = goat; camel = camel;
    llama = dromedary; giraffe = giraffe; elephant = elephant; mammoth = elephant;
    rhinoceros = hippopotamus; hippopotamus = hippopotamus; mouse = mouse; rat = mouse; hamster =
    mouse; rabbit = rabbit; beaver = beaver; bear = bear; polar bear = bear; koala = koala; panda =
    bear; otter = ferret; badger = badger; monkey = chimp; gorilla = gorilla; orangutan = gorilla;
    fox = fox; raccoon = ferret; frog = frog; lizard = iguana; turkey = turkey; chicken = hen;
    rooster = rooster; bird = blackbird; penguin = penguin; eagle = vulture; duck = duck; swan =
    gander; owl = owl; dodo = nandou; flamingo = heron_greatblue_flying; peacock = quetzal; parrot
    = tucan; bat = bat_left; bee = bee; mosquito = mosquito; cricket = grasshopper; spider =
    spider; blue whale = whale; whale = whale; dolphin = dolphin; seal = sea_lion; shark = orca;
    ghost = ghost; violin = violin; drum = drumkit; squirrel = squirrel; wombat = wombat
"""
VOICES = {
    name.strip(): file.strip() for name, file in (row.split('=') for row in _VOICES_TEXT.split(';'))
}
LOUDNESS = {'close': 1.0, 'medium': 0.8, 'far': 0.55}


def _cut(path):
    """The first sound of a recording: mono, trimmed to 1.3 s, faded, level 1; None if there is
    none.
    """
    command = [
        'ffmpeg',
        '-v',
        'quiet',
        '-i',
        path,
        '-ac',
        '1',
        '-ar',
        str(RATE),
        '-f',
        'f32le',
        '-',
    ]
    x = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)[
        : RATE * 8
    ]
    if len(x) < 800 or np.abs(x).max() < 1e-3:
        return None
    total = np.cumsum(np.pad(np.abs(x), 200))
    loudness = (total[400:] - total[:-400])[: len(x)]
    start = max(0, int(np.where(loudness > 0.12 * loudness.max())[0][0]) - 300)
    x = x[start : start + int(1.3 * RATE)]
    x = x - x.mean()
    fade = min(2000, len(x))
    x[-fade:] *= np.linspace(1, 0, fade)
    x[:80] *= np.linspace(0, 1, 80)
    return (x / (np.abs(x).max() + 1e-6)).astype(np.float16)


def build_recordings():
    """Cuts the wanted recordings into BANK."""
    pattern = str(paths.ASSETS / 'tuxpaint-stamps-default' / '**' / '*.ogg')
    files = {
        os.path.basename(path)[:-4]: path
        for path in sorted(glob.glob(pattern, recursive=True))
        if '_desc' not in path
    }
    wanted = [name for name in sorted(set(VOICES.values())) if name in files]
    cuts = {name: _cut(files[name]) for name in wanted}
    np.savez_compressed(BANK, **{name: cut for name, cut in cuts.items() if cut is not None})


@functools.lru_cache(maxsize=1)
def recordings():
    """Name -> recording, float32. Empty with the synthetic sheet of the tests."""
    if os.environ.get('RUSHES_TRAIN_SHEET') == 'synthetic':
        return {}
    if not BANK.exists():
        build_recordings()
    with np.load(BANK) as bank:
        return {name: bank[name].astype(np.float32) for name in bank.files}


def voice(rng, sprite):
    """What a subject says, or None if it is mute."""
    name, bank = sprite.name, recordings()
    if VOICES.get(name) in bank:
        return bank[VOICES[name]] * 0.9
    if name in ('dragon', 'dinosaur', 'T-Rex') and 'lion' in bank:
        lion = bank['lion']
        return np.interp(np.arange(0, len(lion) - 1, 0.72), np.arange(len(lion)), lion)[
            : int(1.3 * RATE)
        ]
    made = {
        'wolf': effects.howl,
        'baby chick': lambda: effects.chirps(rng, int(0.9 * RATE), 2600, 3400) * 0.8,
        'snake': lambda: effects.hiss(rng),
        'ambulance': lambda: effects.siren(False),
        'fire engine': lambda: effects.siren(False),
        'police car': lambda: effects.siren(True),
        'train': lambda: effects.train_whistle(rng),
        'bell': lambda: effects.bell(False),
        'alarm clock': lambda: effects.bell(True),
        'guitar': lambda: effects.melody(rng, False),
        'trumpet': lambda: effects.melody(rng, True),
        'robot': lambda: effects.beeps(rng),
        'laughing face': effects.laugh,
        'crying face': effects.sob,
    }
    for alias, original in (
        ('hatching chick', 'baby chick'),
        ('alien monster', 'robot'),
        ('alien', 'robot'),
        ('smiley face', 'laughing face'),
        ('party face', 'laughing face'),
        ('star-struck face', 'laughing face'),
    ):
        made[alias] = made[original]
    if name in made:
        return made[name]()
    return effects.splash(rng) * 0.5 if sprite.cls == 'sea' else None


def ambience(scene, rng):
    """Background, [2, SAMPLES]."""
    sides = []
    for side in range(2):
        x = _background(
            SETTINGS[scene.setting].ambience, scene, rng, side, effects.seconds(SAMPLES)
        )
        if scene.weather == 'rain':
            x = x * 0.4 + effects.noise(rng, SAMPLES, 900, 6500) * 0.06
        sides.append(x)
    return np.stack(sides)


def _background(kind, scene, rng, side, t):
    n, noise, tone = SAMPLES, effects.noise, effects.tone
    if kind in ('birds', 'forest') and scene.time_of_day == 'night':
        trill = np.sin(2 * np.pi * (4300 + 250 * side) * t) * (
            np.sin(2 * np.pi * 31 * t + side) > 0.2
        )
        return trill * (np.sin(2 * np.pi * 1.9 * t + side * 2) > 0.1) * 0.05 + 0.02 * noise(
            rng, n, 100, 900
        )
    if kind in ('birds', 'forest'):
        song = 0.07 * effects.chirps(rng, n, 2100, 4600)
        leaves = noise(rng, n, 150, 1500) * (1.6 if kind == 'forest' else 1)
        return song + 0.02 * leaves
    if kind == 'waves':
        return noise(rng, n, 250, 3000) * (
            0.05 + 0.07 * np.sin(np.pi * (t * 0.55 + 0.15 * side + scene.seed % 7 / 7)) ** 2
        )
    if kind in ('wind', 'coldwind'):
        gusts = 1 + 0.5 * np.sin(2 * np.pi * 0.7 * t + side + scene.seed % 5)
        return noise(rng, n, 300 if kind == 'coldwind' else 180, 900) * 0.06 * gusts
    if kind == 'city':
        return noise(rng, n, 50, 500) * 0.06 + 0.012 * tone(effects.steady(120, n), (1, 0.5))
    if kind == 'bubbles':
        x = noise(rng, n, 60, 350) * 0.06
        length = int(0.06 * RATE)
        for _ in range(6):
            start, f = int(rng.integers(0, n - length)), rng.uniform(350, 800)
            x[start : start + length] += (
                tone(np.linspace(f, f * 1.9, length)) * effects.arch(length) * 0.16
            )
        return x
    if kind == 'space':
        drone = tone(effects.steady(55.0 + side * 0.7, n), (1, 0.5, 0.2))
        drone = drone + 0.5 * tone(effects.steady(82.6 + side, n), (1, 0.3))
        return drone * 0.055 * (1 + 0.3 * np.sin(2 * np.pi * 0.4 * t))
    return noise(rng, n, 60, 500) * 0.004


class _Mixer:
    """Adds mono sounds to a stereo track, panned by the subject's place."""

    def __init__(self, track):
        self.track = track

    def at(self, sound, second, x, gain=1.0):
        """A sound that starts at a second and stays where it began."""
        start = int(second * RATE)
        if sound is None or start >= SAMPLES:
            return
        sound = sound[: SAMPLES - start]
        angle = (np.clip(x, -1, 1) + 1) * math.pi / 4
        self.track[0, start : start + len(sound)] += sound * math.cos(angle) * gain * 1.2
        self.track[1, start : start + len(sound)] += sound * math.sin(angle) * gain * 1.2

    def along(self, sound, left, right, gain=1.0):
        """A sound of the whole clip that moves with its subject."""
        self.track[0] += sound * left * gain
        self.track[1] += sound * right * gain


def hop_times(actor, setting):
    """Seconds at which a hopping subject touches the ground."""
    rate = motion.hop_rate(actor, setting)
    k = math.ceil(actor.phase)
    times = []
    while (k - actor.phase) / rate < 2.0:
        times.append((k - actor.phase) / rate)
        k += 1
    return times


def _add_event_sounds(mix, rng, actor, setting, where, gain):
    """The noises that an action makes."""
    action = actor.action
    if action in ('hop', 'bounce'):
        for second in hop_times(actor, setting):
            mix.at(effects.boing(rng, 0.7 + actor.height), second, where(second), 0.42 * gain)
    elif action == 'walk' and actor.sprite.cls in ('land', 'person', 'bird'):
        for k in range(math.ceil(2.0 * actor.rate * 2)):
            second = k / (actor.rate * 2)
            mix.at(effects.footstep(rng), second, where(second), 0.30 * gain)
    elif action == 'drop':
        x, landing = where(0), actor.landing
        mix.at(effects.slide(1500, 420, landing), 0, x, 0.28 * gain)
        for delay, level in ((0, 0.85), (0.42, 0.45), (0.68, 0.2)):
            mix.at(effects.thud(rng), landing + delay, x, level * gain)
    elif action == 'spin':
        period = 1 / motion.spin_rate(actor)
        for k in range(3):
            mix.at(effects.whoosh(rng, min(0.75, period * 0.8)), k * period, where(0), 0.4 * gain)
    elif action == 'rise':
        mix.at(effects.slide(320, 1050, 1.7), 0.1, where(1), 0.25 * gain)
    elif action == 'fall':
        mix.at(effects.slide(1000, 330, 1.7), 0.1, where(1), 0.25 * gain)
    elif action == 'leap':
        mix.at(effects.splash(rng), 0.22, where(0.25), 0.7 * gain)
        mix.at(effects.splash(rng), 1.72, where(1.75), 0.7 * gain)
    elif action == 'swim':
        n = int(1.8 * RATE)
        strokes = effects.noise(rng, n, 200, 900) * np.sin(np.linspace(0, 9, n)) ** 2 * 0.12
        mix.at(strokes, 0.1, where(1), gain)
    elif action == 'sail' and actor.sprite.cls != 'boat':
        for start, at in ((0.1, 0.4), (1.0, 1.2)):
            mix.at(effects.splash(rng), start + 0.5 * actor.phase, where(at), 0.25 * gain)


def _engine_level(actor, where, times):
    """How loud an engine is over the clip: louder when near the middle, or when it comes closer."""
    if actor.action in ('drive', 'fly'):
        return np.array([1 / (0.55 + where(second) ** 2) for second in times]) * 0.8
    if actor.action == 'approach':
        return np.linspace(0.45, 1.3, len(times))
    return np.ones(len(times))


def compose(scene):
    """Stereo sound track, float32 [2, SAMPLES] within -1..1."""
    rng = np.random.default_rng(scene.seed + 991)
    track = ambience(scene, rng)
    mix = _Mixer(track)
    t, times = effects.seconds(SAMPLES), np.linspace(0, 2.05, 60)
    for actor in scene.actors:
        sprite = actor.sprite

        def where(second, actor=actor):
            return motion.pose(actor, scene.setting, second).x

        gain = LOUDNESS[scene.size] / len(scene.actors) ** 0.5
        angle = (np.clip([where(second) for second in times], -1, 1) + 1) * math.pi / 4
        left, right = np.interp(t, times, np.cos(angle)), np.interp(t, times, np.sin(angle))
        if sprite.cls in ('vehicle', 'air', 'boat') and sprite.name != 'parachute':
            hum = effects.engine(
                rng, sprite, SAMPLES, actor.action in ('drive', 'fly', 'sail', 'approach')
            )
            hum = hum * np.interp(t, times, _engine_level(actor, where, times)) * gain * 0.55
            mix.along(hum, left, right, 1.3)
        if sprite.name in ('bee', 'mosquito') or (
            sprite.name == 'ladybug' and actor.action == 'fly'
        ):
            mix.along(effects.wing_buzz(sprite.name, SAMPLES) * gain, left, right, 1.3)
        elif actor.speaks:
            mix.at(voice(rng, sprite), actor.speaks_at, where(actor.speaks_at), 0.62 * gain)
        _add_event_sounds(mix, rng, actor, scene.setting, where, gain)
        if actor.action == 'roll':
            mix.along(effects.noise(rng, SAMPLES, 60, 420) * 0.10 * gain, left, right)
    return np.tanh(track * 1.1).astype(np.float32)


def mono(scene):
    """The track the model learns: float32 [SAMPLES]."""
    return compose(scene).mean(0)

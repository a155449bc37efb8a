# SPDX-License-Identifier: GPL-3.0-or-later
"""Every random decision of a clip, drawn from its seed.

plan(seed) -> Scene. The same seed gives the same scene on any machine; any decision may be forced,
which is how evaluation asks for one thing at a time. Lengths are in screen heights, times in
seconds.
"""
import dataclasses

import numpy as np

from . import sprites, subjects
from .settings import FAVOURITE_HOMES, HOMES, SETTINGS, STUDIOS

CLASS_SHARE = {
    'land': 0.26,
    'bird': 0.10,
    'flyer': 0.05,
    'bug': 0.03,
    'sea': 0.09,
    'vehicle': 0.13,
    'boat': 0.03,
    'air': 0.05,
    'face': 0.11,
    'person': 0.08,
    'object': 0.07,
}
CLASS_ACTIONS = {
    'land': ('stand', 'walk', 'walk', 'hop', 'approach', 'drop', 'hop', 'stand'),
    'bird': ('stand', 'walk', 'fly', 'hop', 'fly', 'approach'),
    'flyer': ('fly', 'fly', 'hover', 'approach'),
    'bug': ('stand', 'walk', 'hop', 'approach'),
    'sea': ('swim', 'swim', 'hover', 'approach', 'spin'),
    'vehicle': ('drive', 'drive', 'drive', 'stand', 'approach', 'drop'),
    'boat': ('sail', 'sail', 'stand'),
    'air': ('fly', 'fly', 'hover', 'rise'),
    'face': ('bounce', 'spin', 'rise', 'drop', 'approach', 'stand', 'roll'),
    'person': ('stand', 'walk', 'hop', 'approach', 'drop', 'stand'),
    'object': ('bounce', 'spin', 'rise', 'drop', 'approach', 'stand'),
}
TIMES_OF_DAY = ('day', 'sunset', 'night')
WEATHERS = ('clear', 'rain', 'snow')
CAMERAS = ('static', 'pan left', 'pan right', 'zoom in', 'zoom out')
SIZES = ('close', 'medium', 'far')
ALWAYS_DAY = ('studio', 'underwater', 'space', 'moon')
ALWAYS_CLEAR = ALWAYS_DAY + ('sky',)


@dataclasses.dataclass
class Actor:
    """One subject of a scene."""

    sprite: sprites.Sprite
    height: float  # of the picture, before perspective
    action: str
    heading: int  # -1 left, +1 right
    x0: float  # home position, 0 is the middle of the screen
    depth: float  # 0 horizon .. 1 front
    speed: float
    phase: float  # 0..1
    rate: float  # hops or strides per second
    hop_moves: bool  # do its hops also travel?
    amplitude: float  # height of a hop
    first_frame: int  # of its animation
    lift: float  # height above ground when flying or swimming
    landing: float  # second at which a dropped subject lands
    speaks: bool
    speaks_at: float


@dataclasses.dataclass
class Scene:
    """One clip."""

    seed: int
    setting: str
    studio: str
    time_of_day: str
    weather: str
    camera: str
    size: str
    actors: list
    clouds: int


def actions_for(sprite, setting):
    """What this subject can do in this place (repeats make an action likelier)."""
    cls, name = sprite.cls, sprite.name
    actions = CLASS_ACTIONS[cls]
    if setting == 'underwater':
        actions = ('swim', 'swim', 'hover', 'approach')
    elif setting == 'ocean' and cls != 'boat':
        if cls in ('sea', 'land', 'person'):
            actions = ('sail', 'sail', 'leap')
        elif cls in ('bird', 'air'):
            actions = ('sail', 'fly')
    elif setting == 'space':
        actions = ('hover', 'fly', 'spin', 'approach', 'rise')
    elif setting == 'sky':
        winged = cls in ('bird', 'flyer', 'air')
        actions = (
            ('fly', 'fly', 'hover', 'rise', 'spin') if winged else ('hover', 'rise', 'spin', 'fall')
        )
    elif cls == 'sea':
        actions = ('stand', 'hop', 'spin', 'approach')
    elif setting == 'moon':
        actions = ('hop', 'hop', 'stand', 'approach', 'walk' if cls == 'person' else 'rise')
    if name in ('soccer ball', 'basketball'):
        actions = ('bounce', 'bounce', 'roll', 'drop', 'spin')
    if name == 'parachute':
        actions = ('rise', 'hover', 'fall')
    if name == 'balloon':
        actions = ('rise', 'hover')
    return actions


def _choose_place(rng, sprite, setting, studio, time_of_day, weather, camera, size):
    """Setting, studio colour, time, weather, camera, size: forced values win, impossible ones are
    mended.
    """
    homes = FAVOURITE_HOMES.get(sprite.name) or HOMES[sprite.cls]
    if sprite.name in FAVOURITE_HOMES and rng.random() < 0.25:
        homes = HOMES[sprite.cls]
    setting = setting or homes[rng.integers(len(homes))]
    studio = studio or list(STUDIOS)[rng.integers(len(STUDIOS))]
    time_of_day = time_of_day or str(rng.choice(TIMES_OF_DAY, p=[0.62, 0.17, 0.21]))
    if setting in ALWAYS_DAY:
        time_of_day = 'day'
    weather = weather or str(rng.choice(WEATHERS, p=[0.78, 0.13, 0.09]))
    if setting in ALWAYS_CLEAR or (setting == 'desert' and weather == 'snow'):
        weather = 'clear'
    camera = camera or str(rng.choice(CAMERAS, p=[0.56, 0.11, 0.11, 0.12, 0.10]))
    size = size or str(rng.choice(SIZES, p=[0.32, 0.48, 0.20]))
    return setting, studio, time_of_day, weather, camera, size


def plan(
    seed,
    sheet=None,
    subject=None,
    setting=None,
    action=None,
    time_of_day=None,
    weather=None,
    camera=None,
    size=None,
    count=None,
    studio=None,
    speaks=None,
):
    """Scene of a seed. sheet: the sprite sheet (the built one if None); the others force a
    decision.
    """
    sheet = sheet or sprites.default_sheet()
    rng = np.random.default_rng(seed)
    cls = str(rng.choice(list(CLASS_SHARE), p=list(CLASS_SHARE.values())))
    first = sheet.by_class[cls][rng.integers(len(sheet.by_class[cls]))]
    if subject:
        first = sheet.by_name[subject]
    cls = first.cls
    setting, studio, time_of_day, weather, camera, size = _choose_place(
        rng, first, setting, studio, time_of_day, weather, camera, size
    )
    count = count or int(rng.choice([1, 2, 3], p=[0.78, 0.18, 0.04]))
    if cls in ('boat', 'air'):
        count = 1
    actions = actions_for(first, setting)
    cast = [first]
    while len(cast) < count:
        same_class = sheet.by_class[cls]
        cast.append(same_class[rng.integers(len(same_class))] if rng.random() < 0.7 else first)
    height = {'close': 0.66, 'medium': 0.46, 'far': 0.28}[size] * rng.uniform(0.92, 1.08)
    if count > 1:
        height = min(height, 0.5) * (0.92 if count == 2 else 0.75)
    lead_action = action or actions[rng.integers(len(actions))]
    lead_heading = int(rng.choice([-1, 1]))
    slots = {1: (0,), 2: (-0.36, 0.36), 3: (-0.5, 0, 0.5)}[count]
    actors = [
        _draw_actor(
            rng,
            sprite,
            index,
            slots[index],
            height,
            count,
            actions,
            lead_action,
            lead_heading,
            setting,
            speaks,
        )
        for index, sprite in enumerate(cast)
    ]
    kind = SETTINGS[setting].clouds
    clouds = int(rng.integers(2, 5)) * (kind > 0) + (4 if kind > 2 else 0)
    return Scene(seed, setting, studio, time_of_day, weather, camera, size, actors, clouds)


def lead_plan(seed, sheet=None):
    """Scene of a seed in which one of subjects.LEADS plays, not far away: what is learnt most."""
    sheet = sheet or sprites.default_sheet()
    known = [name for name in subjects.LEADS if name in sheet.by_name]
    rng = np.random.default_rng((seed, 1))
    subject, close = known[int(rng.integers(len(known)))], rng.random() < 0.45
    return plan(seed, sheet, subject=subject, size='close' if close else 'medium')


def _draw_actor(
    rng, sprite, index, slot, height, count, actions, lead_action, lead_heading, setting, speaks
):
    """One subject. The order of the draws is part of the world: appending is fine, reordering is
    not.
    """
    scale = 1 if index == 0 else rng.uniform(0.85, 1.05)
    follows = index == 0 or rng.random() < 0.5
    action = lead_action if follows or 'stand' not in actions else 'stand'
    heading = lead_heading if index == 0 or rng.random() < 0.75 else -lead_heading
    x0 = slot + rng.uniform(-0.12, 0.12) * (1 if count == 1 else 0.4)
    depth = rng.uniform(0.40, 0.66) if count == 1 else rng.uniform(0.36, 0.72)
    speed, phase, rate = rng.uniform(0.32, 0.62), rng.uniform(0, 1), rng.uniform(1.3, 2.1)
    hop_moves, amplitude = bool(rng.random() < 0.5), rng.uniform(0.16, 0.28)
    first_frame = int(rng.integers(0, max(1, sprite.frames)))
    lift, landing = rng.uniform(0.22, 0.40), rng.uniform(0.55, 1.0)
    speaks = bool(rng.random() < 0.8) if speaks is None else speaks
    speaks_at = rng.uniform(0.12, 1.0)
    rng.uniform(
        0.55, 0.9
    )  # once the time of a second call; kept so that every seed keeps its scene
    if setting in ('space', 'sky'):
        lift = rng.uniform(0.1, 0.25)
    height *= scale
    if action == 'approach':
        height = min(height, 0.6)
    if action == 'spin':
        height = min(height, 0.5)
    return Actor(
        sprite,
        height,
        action,
        heading,
        x0,
        depth,
        speed,
        phase,
        rate,
        hop_moves,
        amplitude,
        first_frame,
        lift,
        landing,
        speaks,
        speaks_at,
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a subject is at a time: the actions of the toy world as formulas of t.

Lengths are in screen heights, t in seconds from the start of a clip of CLIP_SECONDS.
"""
import math
from typing import NamedTuple

CLIP_SECONDS = 2.04
TRAVEL_PACE = {'walk': 0.85, 'drive': 1.35, 'swim': 1.0, 'sail': 0.6, 'fly': 1.25, 'roll': 1.0}
LEAP_START, LEAP_SECONDS = 0.25, 1.5
# (height factor, seconds) of the hops of a dropped subject after it lands
REBOUNDS = ((1.0, 0.42), (0.55, 0.26), (0.28, 0.15))


class Pose(NamedTuple):
    """Position x (0 = middle), lift above ground, rotation in radians, stretch, depth and scale."""

    x: float
    lift: float = 0.0
    rotation: float = 0.0
    stretch_x: float = 1.0
    stretch_y: float = 1.0
    depth: float = 0.0
    scale: float = 1.0


def hop_rate(actor, setting):
    """Hops per second: slower on the moon."""
    return actor.rate * (0.62 if setting == 'moon' else (1.0 if actor.action == 'hop' else 0.9))


def spin_rate(actor):
    """Turns per second of a spinning subject."""
    return (0.5 + 0.25 * actor.rate) * 0.62


def pose(actor, setting, t):
    """Pose of an actor at time t."""
    handler = _ACTIONS.get(actor.action)
    still = Pose(actor.x0, depth=actor.depth)
    return handler(actor, setting, t, still) if handler else still


def _travel(actor, t):
    return actor.x0 * 0.5 + actor.heading * actor.speed * TRAVEL_PACE[actor.action] * (t - 1.0)


def _walk(actor, setting, t, still):
    swing = math.sin(math.pi * actor.rate * 2 * t + actor.phase)
    return still._replace(x=_travel(actor, t), lift=0.022 * abs(swing), rotation=0.05 * swing)


def _drive(actor, setting, t, still):
    return still._replace(
        x=_travel(actor, t),
        lift=0.004 * math.sin(t * 40 + actor.phase),
        rotation=0.012 * math.sin(t * 23),
    )


def _swim(actor, setting, t, still):
    return still._replace(
        x=_travel(actor, t),
        lift=actor.lift + 0.04 * math.sin(2 * t * actor.rate + 6 * actor.phase),
        rotation=0.07 * math.sin(3 * t + 6 * actor.phase),
    )


def _hover(actor, setting, t, still):
    return still._replace(
        x=actor.x0 + 0.05 * math.sin(1.3 * t + 3 * actor.phase),
        lift=actor.lift + 0.045 * math.sin(2 * t * actor.rate + 6 * actor.phase),
        rotation=0.09 * math.sin(1.7 * t + 6 * actor.phase),
    )


def _sail(actor, setting, t, still):
    return still._replace(
        x=_travel(actor, t),
        lift=-0.01 + 0.022 * math.sin(2.4 * t + 6 * actor.phase),
        rotation=0.07 * math.sin(2.0 * t + 6 * actor.phase),
    )


def _fly(actor, setting, t, still):
    return still._replace(
        x=_travel(actor, t),
        lift=actor.lift + 0.05 * math.sin(2.2 * t + 6 * actor.phase),
        rotation=0.06 * math.sin(2.2 * t + 6 * actor.phase + 1.5),
    )


def _leap(actor, setting, t, still):
    u = (t - LEAP_START) / LEAP_SECONDS
    in_air = 0 < u < 1
    return still._replace(
        x=actor.x0 * 0.4 + actor.heading * actor.speed * (t - 1) * 1.2,
        lift=0.42 * 4 * u * (1 - u) - 0.06 if in_air else -0.5,
        rotation=actor.heading * (u - 0.5) * 1.5 if in_air else 0,
    )


def _hop(actor, setting, t, still):
    u = (hop_rate(actor, setting) * t + actor.phase) % 1.0
    height = (
        actor.amplitude
        * (1.0 if actor.action == 'hop' else 1.35)
        * (1.5 if setting == 'moon' else 1)
    )
    squash = max(0, 1 - min(u, 1 - u) * 9)
    x = actor.x0
    if actor.hop_moves:
        x = actor.x0 * 0.5 + actor.heading * actor.speed * 0.6 * (t - 1.0)
    return still._replace(
        x=x,
        lift=height * 4 * u * (1 - u),
        stretch_y=1 - 0.22 * squash + 0.05 * (1 - squash),
        stretch_x=1 + 0.16 * squash - 0.03 * (1 - squash),
    )


def _spin(actor, setting, t, still):
    floats = setting in ('space', 'sky', 'underwater')
    return still._replace(
        rotation=actor.heading * 2 * math.pi * (0.5 + 0.25 * actor.rate) * t * 0.62,
        lift=actor.lift if floats else 0.06,
    )


def _roll(actor, setting, t, still):
    turn = actor.heading * 2 * math.pi * actor.speed * (t - 1.0) / (math.pi * actor.height * 0.8)
    return still._replace(x=_travel(actor, t), rotation=turn)


def _rise(actor, setting, t, still):
    return still._replace(
        x=actor.x0 + 0.04 * math.sin(2.2 * t),
        lift=0.02 + (0.18 + 0.5 * actor.speed) * t * 0.8,
        rotation=0.08 * math.sin(2 * t + 6 * actor.phase),
    )


def _fall(actor, setting, t, still):
    return still._replace(
        lift=0.62 - (0.2 + 0.4 * actor.speed) * t * 0.7,
        rotation=0.14 * math.sin(2 * t + 6 * actor.phase),
    )


def _drop(actor, setting, t, still):
    if t < actor.landing:
        return still._replace(
            lift=1.15 * (1 - (t / actor.landing) ** 2), stretch_x=0.96, stretch_y=1.06
        )
    since = t - actor.landing
    for height, seconds in REBOUNDS:
        if since < seconds:
            p = since / seconds
            squash = max(0, 1 - min(p, 1 - p) * 7) * height
            return still._replace(
                lift=0.20 * height * height * 4 * p * (1 - p),
                stretch_x=1 + 0.2 * squash,
                stretch_y=1 - 0.25 * squash,
            )
        since -= seconds
    return still


def _approach(actor, setting, t, still):
    k = t / CLIP_SECONDS
    k = k * k * (3 - 2 * k)
    on_foot = actor.sprite.cls in ('land', 'person', 'bird', 'bug')
    lift = 0.02 * abs(math.sin(6 * t)) if on_foot else 0
    if setting in ('space', 'sky', 'underwater') or actor.sprite.cls == 'flyer':
        lift = actor.lift
    return still._replace(
        scale=0.55 + 0.75 * k,
        depth=actor.depth * (0.5 + 0.55 * k) + 0.05,
        rotation=0.03 * math.sin(5 * t),
        lift=lift,
    )


_ACTIONS = {
    'walk': _walk,
    'drive': _drive,
    'swim': _swim,
    'hover': _hover,
    'sail': _sail,
    'fly': _fly,
    'leap': _leap,
    'hop': _hop,
    'bounce': _hop,
    'spin': _spin,
    'roll': _roll,
    'rise': _rise,
    'fall': _fall,
    'drop': _drop,
    'approach': _approach,
}

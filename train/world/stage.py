# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays a scene out: the colours of its light, where scenery and clouds stand.

World coordinates: x in screen heights from the middle, y in screen heights from the top, depth 0
at the horizon to 1 at the front. What a frame looks like at a time is drawn by shot.py.
"""
import numpy as np

from .settings import SETTINGS, STUDIOS, rgb
from .shot import Shot

GROUND_LIGHT = {'day': (1, 1, 1), 'sunset': (1.04, 0.86, 0.74), 'night': (0.42, 0.50, 0.78)}
SUBJECT_LIGHT = {'day': (1, 1, 1), 'sunset': (1.04, 0.92, 0.84), 'night': (0.74, 0.80, 1.0)}
MOUNTAINS = ('mountain', 'snow-capped mountain', 'mount fuji', 'volcano')


def _mix(a, b, share):
    return np.array(a) * (1 - share) + np.array(b) * share


class Palette:
    """Colours of a scene under its light."""

    def __init__(self, scene, setting):
        time, weather = scene.time_of_day, scene.weather
        self.light = np.array(GROUND_LIGHT[time]) * (0.86 if weather == 'rain' else 1)
        self.subject_light = np.array(SUBJECT_LIGHT[time])
        if scene.setting == 'studio':
            top, bottom, far, near = (rgb(code) for code in STUDIOS[scene.studio])
            far = _mix(far, bottom, 0.5)
        else:
            top, bottom = self._sky(setting, time)
            far, near = (
                (rgb(code) for code in setting.ground) if setting.ground else (bottom, bottom)
            )
            if time == 'day' and weather == 'rain':
                top, bottom = _mix(top, rgb('7f93a8'), 0.55), _mix(bottom, rgb('b9c6d2'), 0.5)
            if time == 'day' and weather == 'snow':
                top = _mix(top, rgb('b4c6d8'), 0.5)
        self.sky = top, bottom
        far, near = np.array(far) * self.light, np.array(near) * self.light
        if weather == 'snow' and scene.setting in ('meadow', 'forest', 'city'):
            far = far * 0.45 + np.array(rgb('f4f8ff')) * 0.55 * self.light
            near = near * 0.5 + np.array(rgb('dfeaf6')) * 0.5 * self.light
        self.ground = far, near

    @staticmethod
    def _sky(setting, time):
        top, bottom = rgb(setting.sky[0]), rgb(setting.sky[1])
        if setting.has('space') or setting.has('under') or time == 'day':
            return top, bottom
        if time == 'sunset':
            return np.array(rgb('5b4a9c')) * 0.7 + np.array(top) * 0.15, rgb('ffb068')
        return rgb('0a1440'), rgb('2f4a86')


class Stage:
    """A scene's fixed layout, able to draw itself at any time."""

    def __init__(self, scene, sheet):
        self.scene, self.sheet = scene, sheet
        self.setting = SETTINGS[scene.setting]
        self.palette = Palette(scene, self.setting)
        rng = np.random.default_rng(scene.seed + 777)
        self.props = self._place_props(rng)
        horizon = self.setting.horizon
        self.clouds = [
            (
                rng.uniform(-1.3, 1.3),
                rng.uniform(0.04, horizon * 0.55 if horizon < 1 else 0.9),
                rng.uniform(0.16, 0.34),
                rng.uniform(0.03, 0.10),
                rng.uniform(0.75, 0.95),
            )
            for _ in range(scene.clouds)
        ]
        self.sun_x, self.sun_y = rng.uniform(-0.6, 0.6), rng.uniform(0.1, 0.24)
        self.ground_phase = rng.uniform(0, 6)

    def _place_props(self, rng):
        """Scenery as (kind, depth, x, data), back to front."""
        scene, setting = self.scene, self.setting
        props = []
        for colour, height in setting.hills:
            for k in range(5):
                x = -2.2 + k * 1.05 + rng.uniform(-0.3, 0.3)
                data = (
                    np.array(rgb(colour)) * self.palette.light,
                    height * rng.uniform(0.7, 1.3),
                    rng.uniform(0.6, 0.95),
                )
                props.append(('hill', 0.02, x, data))
        dense = setting.has('dense')
        count = int(rng.integers(7, 10)) if dense else int(rng.integers(3, 6))
        columns = np.linspace(-1.5, 1.5, count) + rng.uniform(-0.2, 0.2, count)
        back = setting.back
        if back:
            picked = []
            for _ in range(count):
                anything = dense or rng.random() < 0.55
                picked.append(back[rng.integers(len(back) if anything else min(2, len(back)))])
            for x, (label, height) in zip(columns, picked):
                depth = rng.uniform(0.02, 0.16)
                if label in MOUNTAINS:
                    depth = 0.0
                data = (label, height * rng.uniform(0.85, 1.2), rng.random() < 0.5)
                props.append(('sprite', depth, x, data))
        if setting.front:
            for _ in range(int(rng.integers(2, 6))):
                label, height = setting.front[rng.integers(len(setting.front))]
                side = rng.choice([-1, 1])
                depth = rng.choice([rng.uniform(0.2, 0.4), rng.uniform(0.75, 0.98)])
                x = side * rng.uniform(0.35, 1.15)
                props.append(
                    (
                        'sprite',
                        depth,
                        x,
                        (label, height * rng.uniform(0.8, 1.2), rng.random() < 0.5),
                    )
                )
        if setting.has('craters'):
            for _ in range(9):
                props.append(
                    (
                        'crater',
                        rng.uniform(0.1, 0.95),
                        rng.uniform(-1.4, 1.4),
                        rng.uniform(0.07, 0.2),
                    )
                )
        if setting.has('space'):
            props = [self._afloat(rng, prop) for prop in props]
        return sorted(props, key=lambda prop: prop[1])

    def _afloat(self, rng, prop):
        """In space everything but rocks hangs in the sky."""
        kind, _, x, data = prop
        if kind != 'sprite' or data[0] == 'rock':
            return prop
        return (
            'float',
            rng.uniform(0.02, 0.12),
            x,
            (*data, rng.uniform(0.08, 0.9 if self.scene.setting == 'space' else 0.4)),
        )

    def commands(self, frame, height, width):
        """Draw commands of a frame (24 a second), float32 [n, COMMAND_FLOATS]."""
        shot = Shot(self, frame, height, width)
        shot.draw()
        return np.asarray(shot.out, np.float32)

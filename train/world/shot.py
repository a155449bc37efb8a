# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws one frame of a laid-out scene as commands for compositor.c: backdrop, scenery, subjects,
weather.

The camera pans (parallax by depth) and zooms around ZOOM_CENTRE; coordinates are those of stage.py.
"""
import math

import numpy as np

from . import motion
from .settings import rgb

COMMAND_FLOATS = 20
FPS = 24
SKY, SPRITE, DISC, BAND, RAIN, FLAKES, STARS, GRADE, WAVES, GROUND = range(10)
ZOOM_CENTRE = 0.60
CLOUD_LIGHT = {'day': (1, 1, 1), 'sunset': (1.0, 0.80, 0.74), 'night': (0.36, 0.42, 0.62)}
SWAYING = (
    'palm tree',
    'tulip',
    'sunflower',
    'blossom',
    'rose',
    'herb',
    'seedling',
    'coral',
    'deciduous tree',
)
SKYLESS = ('studio', 'underwater', 'space', 'moon')


class Shot:
    """One frame being drawn; stage is the laid-out scene (stage.Stage)."""

    def __init__(self, stage, frame, height, width):
        self.stage, self.scene, self.setting = stage, stage.scene, stage.setting
        self.palette, self.sheet = stage.palette, stage.sheet
        self.frame, self.t = frame, frame / FPS
        self.h, self.w = height, width
        self.out = []
        k = self.t / motion.CLIP_SECONDS
        ease = k * k * (3 - 2 * k)
        camera = self.scene.camera
        self.pan = {'pan left': -0.5 * (k - 0.5), 'pan right': 0.5 * (k - 0.5)}.get(camera, 0.0)
        self.zoom = {'zoom in': 1 + 0.34 * ease, 'zoom out': 1.34 - 0.34 * ease}.get(camera, 1.0)
        self.horizon = self.setting.horizon
        self.horizon_px = self.y(self.horizon) if self.horizon < 1.5 else 3 * height

    def x(self, world_x, parallax):
        """World x -> pixels."""
        return (self.w / self.h / 2 + (world_x - self.pan * parallax) * self.zoom) * self.h

    def y(self, world_y):
        """World y -> pixels."""
        return (ZOOM_CENTRE + (world_y - ZOOM_CENTRE) * self.zoom) * self.h

    def add(self, *numbers):
        """One command."""
        self.out.append(list(numbers) + [0.0] * (COMMAND_FLOATS - len(numbers)))

    def disc(self, x, y, rx, ry, colour, alpha, softness, light=0):
        """An ellipse."""
        self.add(DISC, x, y, rx, ry, *colour, alpha, softness, light)

    def sprite(self, frame, x, y, width, height, rotation=0, flip=0, opacity=1, tint=(1, 1, 1)):
        """A sprite around its centre."""
        self.add(SPRITE, frame, x, y, width, height, rotation, float(flip), opacity, *tint)

    def draw(self):
        """Back to front."""
        self._sky()
        self._clouds()
        self._backdrop()
        self._sea()
        if self.setting.ground is not None and not self.setting.has('water'):
            texture = 0.012 if self.scene.setting in ('snow', 'city') else 0.035
            self.add(
                GROUND, self.horizon_px, texture, self.pan * self.h, 1.0, self.stage.ground_phase
            )
        self._props_and_actors()
        self._weather()

    def _sky(self):
        scene, setting, t, h = self.scene, self.setting, self.t, self.h
        self.add(
            SKY,
            self.horizon_px,
            *self.palette.sky[0],
            *self.palette.sky[1],
            *self.palette.ground[0],
            *self.palette.ground[1]
        )
        night = scene.time_of_day == 'night'
        if setting.has('space') or (night and not setting.has('under')):
            self.add(
                STARS,
                scene.seed % 9973,
                t,
                130 if setting.has('space') else 60,
                min(self.horizon_px, h),
                -self.pan * 0.15,
            )
        if scene.setting == 'space':
            self.disc(
                self.x(-0.5, 0.1), self.y(0.35), 0.9 * h, 0.5 * h, (0.42, 0.22, 0.62), 0.35, 1.0
            )
            self.disc(self.x(0.6, 0.1), self.y(0.7), 0.8 * h, 0.45 * h, (0.15, 0.3, 0.6), 0.35, 1.0)
        if scene.setting in SKYLESS:
            return
        x, y = self.x(self.stage.sun_x, 0.08), self.y(self.stage.sun_y)
        if night:
            moon = self.sheet.scenery['crescent moon' if scene.seed % 2 else 'full moon']
            self.disc(x, y, 0.2 * h, 0.2 * h, (0.8, 0.85, 1), 0.22, 1)
            self.sprite(moon.first, x, y, 0.17 * h * self.zoom, 0.17 * h * self.zoom)
        elif scene.weather == 'clear':
            if scene.time_of_day == 'sunset' and self.horizon < 1:
                size = 0.13 * h * self.zoom
                self.disc(
                    x, self.y(self.horizon - 0.08), 0.55 * h, 0.42 * h, (1, 0.75, 0.4), 0.55, 1
                )
                self.disc(x, self.y(self.horizon - 0.07), size, size, (1, 0.86, 0.5), 1, 0.12)
            elif scene.seed % 3 and scene.setting != 'sky':
                size = 0.2 * h * self.zoom
                self.disc(x, y, 0.3 * h, 0.3 * h, (1, 0.97, 0.75), 0.5, 1)
                self.sprite(self.sheet.scenery['sun'].first, x, y, size, size, t * 0.25)

    def _clouds(self):
        cloud = self.sheet.scenery['cloud']
        tint = CLOUD_LIGHT[self.scene.time_of_day]
        if self.scene.weather != 'clear' and self.scene.time_of_day == 'day':
            tint = (0.84, 0.87, 0.91)
        for x, y, height, speed, opacity in self.stage.clouds:
            size = height * self.h * self.zoom
            self.sprite(
                cloud.first,
                self.x(x + speed * (self.t - 1), 0.2),
                self.y(y),
                height * 1.15 * self.h * self.zoom,
                size,
                0,
                0,
                opacity,
                tint,
            )

    def _backdrop(self):
        h = self.h
        if self.setting.has('under'):
            for k in range(4):
                x = self.x(-0.7 + 0.45 * k + 0.05 * math.sin(self.t + k), 0.3)
                self.disc(x, self.y(-0.1), 0.10 * h, 1.0 * h, (0.75, 0.95, 1), 0.16, 1)
        if self.scene.setting == 'studio':
            self.disc(self.x(0, 0.3), self.y(0.42), 0.75 * h, 0.55 * h, (1, 1, 1), 0.35, 1)
            self.add(
                BAND,
                self.horizon_px - 4,
                self.horizon_px + 5,
                *self.palette.sky[1],
                *self.palette.ground[0],
                0.6,
                9
            )

    def _sea_colours(self):
        """(far, near) of the sea in this light, before the sunset's reflection."""
        return (
            np.array(rgb(self.setting.sea[1])) * self.palette.light,
            np.array(rgb(self.setting.sea[2])) * self.palette.light,
        )

    def _sea(self):
        if not self.setting.sea:
            return
        open_water = self.setting.has('water')
        top, bottom = self.y(self.setting.sea[0]), self.h if open_water else self.horizon_px
        far, near = self._sea_colours()
        if self.scene.time_of_day == 'sunset':
            far = far * 0.6 + np.array(rgb('ff9d6e')) * 0.4
        self.add(BAND, top, bottom + 1, *far, *near, 1, 1.2)
        white = 0.6 if self.scene.time_of_day == 'night' else 1.0
        self.add(WAVES, top, bottom, self.t, 0.34, white, white, white, self.pan * self.h)
        if not open_water:
            surf = 0.022 * self.h * (1 + 0.35 * math.sin(1.6 * self.t))
            self.disc(self.x(0, 0.4), bottom + 1.5, 1.6 * self.h, surf, (1, 1, 1), 0.8 * white, 0.5)

    def _props_and_actors(self):
        pending = list(self.stage.props)
        while pending and pending[0][1] < 0.3:
            self._prop(*pending.pop(0))
        if self.setting.has('road'):
            self._road()
        for actor in sorted(self.scene.actors, key=lambda one: one.depth):
            pose = motion.pose(actor, self.scene.setting, self.t)
            while pending and pending[0][1] < pose.depth:
                self._prop(*pending.pop(0))
            self._actor(actor, pose)
        for prop in pending:
            self._prop(*prop)

    def _road(self):
        light, h = self.palette.light, self.h
        top, bottom = self.y(self.horizon + 0.14), self.y(self.horizon + 0.38)
        self.add(
            BAND,
            top,
            bottom,
            *np.array(rgb('5b6270')) * light,
            *np.array(rgb('4a505e')) * light,
            1,
            1.5
        )
        for k in range(-4, 5):
            self.disc(
                self.x(k * 0.42, 0.7),
                (top + bottom) / 2,
                0.085 * h * self.zoom,
                0.010 * h * self.zoom,
                np.array(rgb('f4f1d8')) * light,
                0.95,
                0.35,
            )

    def _prop(self, kind, depth, x, data):
        parallax = 0.22 + 0.78 * depth
        ground_y = self.horizon + depth * (1 - self.horizon) * 0.92
        size = self.h * self.zoom
        if kind == 'hill':
            colour, height, width = data
            self.disc(
                self.x(x, parallax),
                self.y(self.horizon + 0.02),
                width * size,
                height * size,
                colour,
                1,
                0,
                0.45,
            )
        elif kind == 'crater':
            px, py = self.x(x, parallax), self.y(ground_y)
            self.disc(px, py, data * size, data * 0.3 * size, (0.42, 0.42, 0.5), 0.8, 0.35)
            self.disc(
                px,
                self.y(ground_y + 0.012),
                data * 0.8 * size,
                data * 0.22 * size,
                (0.62, 0.62, 0.70),
                0.8,
                0.35,
            )
        elif kind == 'float':
            label, height, flip, y = data
            self.sprite(
                self.sheet.scenery[label].first,
                self.x(x, parallax),
                self.y(y + 0.012 * math.sin(self.t + x * 9)),
                height * size,
                height * size,
                0.04 * math.sin(self.t * 0.7 + x),
                flip,
                1,
                (0.95, 0.95, 1),
            )
        else:
            self._standing_prop(depth, x, data, parallax, ground_y)

    def _standing_prop(self, depth, x, data, parallax, ground_y):
        label, height, flip = data
        prop = self.sheet.scenery[label]
        left, top, right, bottom = prop.box
        scale = height * self.h * self.zoom * (0.8 + 0.5 * depth) * 128 / (bottom - top)
        water = self.setting.has('water')
        if water:
            scale *= 0.7
            ground_y = self.horizon + 0.004
        foot_x, foot_y = self.x(x, parallax), self.y(ground_y)
        box_h, box_w = (bottom - top) / 128 * scale, (right - left) / 128 * scale
        if not water and depth > 0:
            shadow = 0.2 if self.scene.time_of_day == 'night' else 0.34
            self.disc(
                foot_x,
                foot_y - 0.01 * self.h,
                box_w * 0.55,
                box_h * 0.09 + 1,
                (0.05, 0.07, 0.16),
                shadow,
                1,
            )
        sway = 0
        if label in SWAYING:
            sway = (0.07 if self.setting.has('under') else 0.02) * math.sin(1.5 * self.t + x * 7)
        tint = self.palette.light
        if self.setting.has('under'):
            tint = tint * np.array([0.7, 0.92, 1.0])
        centre_y = foot_y - box_h * 0.5 - (128 - bottom - top) / 128 * scale * 0.5
        self.sprite(
            prop.first,
            foot_x + math.sin(sway) * box_h * 0.5,
            centre_y,
            scale,
            scale,
            sway,
            flip,
            1,
            tint,
        )

    def _ground_of(self, actor, depth):
        """World y on which an actor stands."""
        if self.scene.setting == 'studio':
            return 0.86
        if self.setting.has('water'):
            return self.horizon + 0.10 + depth * 0.38
        if self.scene.setting in ('space', 'sky'):
            return 0.86
        if self.setting.has('road') and actor.sprite.cls == 'vehicle':
            depth = 0.55
        if self.horizon < 0.7:
            return self.horizon + 0.06 + depth * (1 - self.horizon) * 0.72
        return 0.80 if self.horizon < 1 else 0.72

    def _actor(self, actor, pose):
        sprite, t, h = actor.sprite, self.t, self.h
        left, top, right, bottom = sprite.box
        depth = 0.55 if self.setting.has('road') and sprite.cls == 'vehicle' else pose.depth
        ground_y = self._ground_of(actor, depth)
        lift = pose.lift
        if actor.action not in ('drop', 'rise', 'fall', 'leap'):
            lift = min(lift, max(0.0, ground_y - actor.height * pose.scale - 0.03))
        pixels = actor.height * pose.scale * h * self.zoom
        size = pixels * 128 / max(bottom - top, (right - left) * 0.72)
        box_h, box_w = (bottom - top) / 128 * size, (right - left) / 128 * size
        foot_x, foot_y = self.x(pose.x, 0.55 + 0.45 * depth), self.y(ground_y)
        water = self.setting.has('water')
        self._contact(foot_x, foot_y, box_w, box_h, lift, water)
        flip = {'L': actor.heading > 0, 'R': actor.heading < 0, 'F': actor.phase > 0.5}[
            sprite.facing
        ]
        frame = sprite.first + (actor.first_frame + self.frame) % sprite.frames
        # The box's centre, not the sprite's, sits above the foot point; it turns with the sprite.
        off_x = ((left + right) / 2 - 64) / 128 * size * pose.stretch_x * (-1 if flip else 1)
        off_y = ((top + bottom) / 2 - 64) / 128 * size * pose.stretch_y
        cosine, sine = math.cos(pose.rotation), math.sin(pose.rotation)
        centre_y = foot_y - lift * h * self.zoom - box_h * pose.stretch_y * 0.5
        tint = self.palette.subject_light
        if self.setting.has('under'):
            tint = tint * np.array([0.86, 0.97, 1.0])
        opacity = 0.0 if actor.action == 'leap' and lift < -0.1 else 1.0
        self.sprite(
            frame,
            foot_x - (cosine * off_x - sine * off_y),
            centre_y - (sine * off_x + cosine * off_y),
            size * pose.stretch_x,
            size * pose.stretch_y,
            pose.rotation,
            flip,
            opacity,
            tint,
        )
        if water and lift < 0.1 and opacity > 0:
            far, near = self._sea_colours()
            self.disc(
                foot_x,
                foot_y + 0.005 * h,
                box_w * 0.52,
                box_h * 0.06 + 1,
                far * 0.35 + near * 0.65,
                0.85,
                0.6,
            )

    def _contact(self, x, y, box_w, box_h, lift, water):
        """The shadow on the ground, or the foam on the water."""
        if water:
            if abs(lift) < 0.12:
                self.disc(x, y, box_w * 0.6, box_h * 0.07 + 1, (0.9, 0.97, 1), 0.45, 0.9)
        elif self.scene.setting not in ('space', 'sky', 'underwater'):
            near = max(0.25, 1 - lift * 1.1)
            dark = 0.26 if self.scene.time_of_day == 'night' else 0.42
            self.disc(
                x,
                y - 0.012 * self.h,
                box_w * 0.52 * (0.6 + 0.4 * near),
                box_h * 0.085 + 1.5,
                (0.05, 0.05, 0.14),
                dark * near,
                1,
            )

    def _weather(self):
        scene, t = self.scene, self.t
        if self.setting.has('under'):
            self.add(FLAKES, scene.seed % 7919, t, 22, -0.35, 0.7, 0.013, 0.85, 0.97, 1, 0.6)
        if scene.weather == 'rain':
            self.add(RAIN, scene.seed % 7919, t, 90, 0.10 if scene.seed % 2 else -0.10, 0.75, 0.10)
        if scene.weather == 'snow':
            self.add(FLAKES, scene.seed % 7919, t, 70, 0.28, 0.95, 0.015, 1, 1, 1, 0)
        self.add(GRADE, *((1.0, 0.97, 0.95) if scene.time_of_day == 'sunset' else (1, 1, 1)), 0.22)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The twelve places of the toy world: colours, scenery and words.

Colours are RRGGBB. A setting has:

    sky, ground    (top, bottom) and (far, near) colours; ground None: there is no ground
    horizon        height of the horizon in screen heights from the top; above 1.5: none
    hills          [(colour, height)], drawn on the horizon
    sea            (top of the sea, far colour, near colour)
    back, front    [(scenery label, height in screen heights)], picked at random
    clouds         0 none, 1 some, 3 many
    words          ways to say where we are        ambience  the background sound
    flags          any of: dense road water under space craters
"""
from typing import NamedTuple


class Setting(NamedTuple):
    """One place; see the head of this file."""

    sky: tuple | None
    ground: tuple | None
    horizon: float
    words: tuple | None
    ambience: str
    hills: tuple = ()
    sea: tuple | None = None
    back: tuple = ()
    front: tuple = ()
    clouds: int = 0
    flags: frozenset = frozenset()

    def has(self, flag):
        """Is the flag set?"""
        return flag in self.flags


def rgb(code):
    """RRGGBB -> three floats 0..1."""
    return [int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]


SETTINGS = {
    'meadow': Setting(
        sky=('5aaef2', 'cfeeff'),
        ground=('a5dc74', '58b04c'),
        horizon=0.56,
        hills=(('8fd07a', 0.16), ('79c46c', 0.10)),
        back=(
            ('deciduous tree', 0.34),
            ('evergreen tree', 0.34),
            ('house with garden', 0.34),
            ('hut', 0.3),
            ('mountain', 0.4),
        ),
        front=(
            ('tulip', 0.15),
            ('sunflower', 0.2),
            ('blossom', 0.15),
            ('herb', 0.13),
            ('mushroom', 0.12),
            ('rose', 0.15),
        ),
        clouds=1,
        ambience='birds',
        words=('in a green meadow', 'on a grassy field', 'in a sunny meadow', 'on the grass'),
    ),
    'forest': Setting(
        sky=('7cc6c8', 'd5f2dc'),
        ground=('6fae5c', '356f3c'),
        horizon=0.54,
        hills=(('4f9560', 0.20), ('3f8452', 0.13)),
        back=(
            ('evergreen tree', 0.5),
            ('deciduous tree', 0.5),
            ('evergreen tree', 0.42),
            ('evergreen tree', 0.56),
        ),
        front=(
            ('mushroom', 0.15),
            ('wood', 0.16),
            ('herb', 0.15),
            ('seedling', 0.13),
            ('rock', 0.13),
        ),
        ambience='forest',
        flags=frozenset({'dense'}),
        words=('in a forest', 'in the woods', 'among the trees of a forest', 'in a pine forest'),
    ),
    'beach': Setting(
        sky=('4db4f5', 'd6f3ff'),
        ground=('f5dda6', 'e8bf7a'),
        horizon=0.62,
        sea=(0.42, '2f9fd8', '7fdcea'),
        back=(('palm tree', 0.5), ('umbrella on ground', 0.3), ('palm tree', 0.42)),
        front=(('spiral shell', 0.11), ('coral', 0.13), ('herb', 0.1)),
        clouds=1,
        ambience='waves',
        words=(
            'on a sandy beach',
            'at the beach',
            'on the beach by the sea',
            'on a tropical beach',
        ),
    ),
    'desert': Setting(
        sky=('6cbcf0', 'ffeecb'),
        ground=('f0c67e', 'd8944e'),
        horizon=0.55,
        hills=(('eab56c', 0.13), ('e0a45a', 0.08)),
        back=(('cactus', 0.34), ('rock', 0.2), ('cactus', 0.28), ('mountain', 0.35)),
        front=(('cactus', 0.2), ('rock', 0.12)),
        ambience='wind',
        words=(
            'in the desert',
            'in a sandy desert',
            'among cactuses in the desert',
            'on desert sand',
        ),
    ),
    'snow': Setting(
        sky=('8fc3ee', 'eef6ff'),
        ground=('f7fbff', 'c9def2'),
        horizon=0.55,
        hills=(('e6f1fc', 0.17), ('dbe9f8', 0.10)),
        back=(
            ('evergreen tree', 0.36),
            ('snow-capped mountain', 0.42),
            ('hut', 0.28),
            ('mount fuji', 0.4),
            ('evergreen tree', 0.3),
        ),
        front=(('rock', 0.11), ('evergreen tree', 0.2)),
        clouds=1,
        ambience='coldwind',
        words=('in the snow', 'on a snowy field', 'in a snowy landscape', 'in a white winter land'),
    ),
    'city': Setting(
        sky=('6fb7ee', 'e2eff8'),
        ground=('b9bfc9', '7d8494'),
        horizon=0.58,
        back=(
            ('office building', 0.48),
            ('hotel', 0.42),
            ('bank', 0.34),
            ('department store', 0.44),
            ('school', 0.36),
            ('hospital', 0.42),
            ('convenience store', 0.3),
            ('house', 0.32),
            ('church', 0.4),
        ),
        front=(('vertical traffic light', 0.26), ('bus stop', 0.24), ('potted plant', 0.13)),
        clouds=1,
        ambience='city',
        flags=frozenset({'road', 'dense'}),
        words=(
            'in the city',
            'on a city street',
            'in a busy town',
            'on the street between buildings',
        ),
    ),
    'ocean': Setting(
        sky=('58b4f4', 'd9f3ff'),
        ground=('4fb6e4', '1565ad'),
        horizon=0.47,
        sea=(0.47, '56bde6', '1463ac'),
        back=(('mountain', 0.22), ('palm tree', 0.2)),
        clouds=1,
        ambience='waves',
        flags=frozenset({'water'}),
        words=('on the ocean', 'on the blue sea', 'on the open sea', 'on the waves'),
    ),
    'underwater': Setting(
        sky=('35b3e0', '116aa8'),
        ground=('5f9f9a', 'c4b07a'),
        horizon=0.80,
        back=(('coral', 0.24), ('herb', 0.26), ('rock', 0.16), ('coral', 0.18)),
        front=(('spiral shell', 0.1), ('coral', 0.15), ('herb', 0.16)),
        ambience='bubbles',
        flags=frozenset({'under'}),
        words=(
            'under water',
            'in the deep blue sea',
            'underwater among corals',
            'at the bottom of the sea',
        ),
    ),
    'space': Setting(
        sky=('0b0b2a', '3a1f5e'),
        ground=None,
        horizon=2.0,
        back=(
            ('ringed planet', 0.3),
            ('globe showing Americas', 0.34),
            ('full moon', 0.22),
            ('comet', 0.18),
            ('satellite', 0.2),
            ('star', 0.1),
        ),
        ambience='space',
        flags=frozenset({'space'}),
        words=('in outer space', 'in space among the stars', 'floating in space', 'in deep space'),
    ),
    'moon': Setting(
        sky=('07071c', '1e1e46'),
        ground=('b8b8c6', '7c7c90'),
        horizon=0.62,
        back=(('rock', 0.15), ('globe showing Americas', 0.26)),
        front=(('rock', 0.13),),
        ambience='space',
        flags=frozenset({'space', 'craters'}),
        words=('on the moon', 'on the surface of the moon'),
    ),
    'sky': Setting(
        sky=('3f9cf0', 'cdeeff'),
        ground=None,
        horizon=2.0,
        clouds=3,
        ambience='wind',
        words=('high in the sky', 'in the sky between clouds', 'up in the clouds'),
    ),
    'studio': Setting(sky=None, ground=None, horizon=0.66, words=None, ambience='quiet'),
}

# Studio backdrops: sky top, sky bottom, floor far, floor near.
STUDIOS = {
    'pink': ('ffb3cf', 'ffd9e6', 'ff9cc0', 'f77fae'),
    'yellow': ('ffe07a', 'fff2bf', 'ffd25c', 'f2b736'),
    'mint': ('9fe8c8', 'd6f8ea', '86dab8', '5cc49b'),
    'lavender': ('c9b8ff', 'e8e0ff', 'b7a3fa', '967fe6'),
    'blue': ('8fc7ff', 'd3e9ff', '79b8fb', '4f98ea'),
    'orange': ('ffc089', 'ffe4c9', 'ffb070', 'f28f43'),
    'grey': ('c8ccd6', 'eceef3', 'b9bec9', '959baa'),
    'white': ('eef0f4', 'ffffff', 'e6e9ef', 'cfd4de'),
    'green': ('a5dd8a', 'dcf5d0', '8fd070', '66b648'),
    'red': ('ff9c94', 'ffd2cd', 'fb837a', 'e8584f'),
}

# Where each class of subject lives, and where some subjects rather live.
HOMES = {
    'land': ('meadow', 'forest', 'desert', 'snow', 'city', 'beach', 'studio'),
    'bird': ('meadow', 'forest', 'beach', 'snow', 'sky', 'studio', 'city'),
    'flyer': ('meadow', 'forest', 'sky', 'studio'),
    'bug': ('meadow', 'forest', 'desert', 'studio'),
    'sea': ('underwater', 'underwater', 'ocean', 'beach', 'studio'),
    'vehicle': ('city', 'city', 'meadow', 'desert', 'snow', 'beach', 'forest', 'studio'),
    'boat': ('ocean',),
    'air': ('sky', 'meadow', 'city', 'desert', 'beach', 'space'),
    'face': ('studio', 'studio', 'meadow', 'beach', 'space', 'sky', 'city', 'moon'),
    'person': ('city', 'meadow', 'beach', 'snow', 'forest', 'studio', 'desert'),
    'object': ('studio', 'studio', 'meadow', 'beach', 'snow', 'city'),
}
FAVOURITE_HOMES = {
    'astronaut': ('moon', 'space', 'moon'),
    'rocket': ('space', 'sky', 'moon'),
    'flying saucer': ('space', 'sky', 'city', 'meadow', 'moon'),
    'alien': ('moon', 'space', 'studio'),
    'robot': ('moon', 'city', 'studio'),
    'alien monster': ('space', 'moon', 'studio'),
    'camel': ('desert',),
    'penguin': ('snow', 'studio'),
    'polar bear': ('snow', 'studio'),
    'Santa Claus': ('snow', 'city', 'studio'),
    'snowman': ('snow', 'snow', 'studio'),
    'mermaid': ('underwater', 'ocean', 'beach'),
    'surfer': ('ocean',),
    'duck': ('ocean', 'meadow', 'studio'),
    'swan': ('ocean', 'meadow'),
    'crab': ('beach', 'underwater', 'studio'),
    'lobster': ('underwater', 'beach', 'studio'),
    'star': ('sky', 'space', 'studio'),
    'glowing star': ('sky', 'space', 'studio'),
    'sun face': ('sky', 'studio', 'meadow'),
    'moon face': ('sky', 'space', 'studio'),
    'Christmas tree': ('snow', 'studio'),
    'turtle': ('beach', 'meadow', 'underwater'),
    'seal': ('snow', 'beach', 'ocean'),
    'scorpion': ('desert', 'studio'),
    'balloon': ('sky', 'meadow', 'studio'),
    'parachute': ('sky', 'meadow', 'beach'),
    'train': ('meadow', 'snow', 'desert', 'studio'),
    'whale': ('ocean', 'underwater'),
    'blue whale': ('ocean', 'underwater'),
    'dolphin': ('ocean', 'underwater'),
}

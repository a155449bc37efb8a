# SPDX-License-Identifier: GPL-3.0-or-later
"""The composer, on the synthetic sprite sheet."""
import sys

import numpy as np

from train.tests import tap
from train.world import caption, clip, motion, plan, settings, sound, sprites, words

SHEET = sprites.default_sheet()
SEEDS = range(40)


def _scene(seed, **forced):
    return plan.plan(seed, SHEET, **forced)


def test_the_same_seed_gives_the_same_scene():
    for seed in SEEDS:
        assert _scene(seed) == _scene(seed)


def test_different_seeds_give_different_scenes():
    assert len({repr(_scene(seed)) for seed in SEEDS}) == len(SEEDS)


def test_the_same_seed_gives_the_same_pixels():
    first, second = (clip.render(_scene(7), 96, 160, (0, 24)) for _ in range(2))
    assert first.shape == (2, 96, 160, 3) and np.array_equal(first, second)


def test_a_frame_does_not_depend_on_the_frames_around_it():
    for seed in (3, 11):
        together = clip.render(_scene(seed), 48, 80, (0, 10, 20))
        assert np.array_equal(together[1:2], clip.render(_scene(seed), 48, 80, (10,)))


def test_a_clip_moves():
    moving = [
        seed for seed in SEEDS if not np.array_equal(*clip.render(_scene(seed), 48, 80, (0, 24)))
    ]
    assert len(moving) >= len(SEEDS) * 0.8


def test_the_same_seed_gives_the_same_sound():
    assert np.array_equal(sound.compose(_scene(5)), sound.compose(_scene(5)))


def test_sound_is_within_range_and_not_silent():
    for seed in SEEDS:
        track = sound.compose(_scene(seed))
        assert track.shape == (2, sound.SAMPLES) and np.isfinite(track).all()
        assert 0 < np.abs(track).max() <= 1


def test_a_dropped_subject_is_heard_when_it_lands():
    scene = _scene(
        9, subject='pumpkin', setting='studio', action='drop', speaks=False, count=1, size='close'
    )
    track, rate = np.abs(sound.compose(scene)).max(0), 16000
    landing = int(scene.actors[0].landing * rate)
    assert track[landing : landing + 800].max() > 2 * track[landing - 800 : landing].max()
    assert motion.pose(scene.actors[0], 'studio', scene.actors[0].landing).lift < 0.01


def test_forced_decisions_are_kept():
    scene = _scene(
        1,
        subject='dog',
        setting='beach',
        action='walk',
        time_of_day='night',
        weather='rain',
        camera='pan left',
        size='far',
        count=2,
    )
    lead = scene.actors[0]
    assert (lead.sprite.name, lead.action, scene.setting, scene.time_of_day) == (
        'dog',
        'walk',
        'beach',
        'night',
    )
    assert (scene.weather, scene.camera, scene.size, len(scene.actors)) == (
        'rain',
        'pan left',
        'far',
        2,
    )


def test_there_is_no_weather_where_there_is_no_sky():
    for setting in ('space', 'underwater', 'studio', 'moon'):
        scene = _scene(2, setting=setting, weather='rain', time_of_day='night')
        assert (scene.weather, scene.time_of_day) == ('clear', 'day')


def test_the_caption_names_what_is_forced():
    text = caption.caption(
        _scene(4, subject='penguin', setting='snow', action='walk', count=1)
    ).lower()
    assert 'penguin' in text and ('snow' in text or 'winter' in text)


def test_captions_of_one_scene_vary():
    assert len(set(caption.captions(_scene(12), 8))) >= 4


def test_heading_right_moves_right_and_says_so():
    for seed in SEEDS:
        scene = _scene(seed, action='walk', subject='dog', setting='meadow', count=1)
        actor = scene.actors[0]
        assert (
            np.sign(motion.pose(actor, 'meadow', 2).x - motion.pose(actor, 'meadow', 0).x)
            == actor.heading
        )
        side = 'right' if actor.heading > 0 else 'left'
        assert side in caption.caption(scene).lower()


def test_every_action_has_words_and_every_home_exists():
    actions = {action for known in plan.CLASS_ACTIONS.values() for action in known}
    assert actions | {'roll', 'fall', 'leap'} == set(words.ACTIONS)
    homes = set().union(*settings.HOMES.values(), *settings.FAVOURITE_HOMES.values())
    assert homes == set(settings.SETTINGS)


def test_every_word_table_names_known_subjects():
    names = set(SHEET.by_name)
    for table in (words.NAMES, words.SYNONYMS, words.CALLS, settings.FAVOURITE_HOMES):
        assert set(table) <= names, set(table) - names


def test_every_prop_is_in_the_sheet():
    for setting in settings.SETTINGS.values():
        for label, _ in setting.back + setting.front:
            assert label in SHEET.scenery, label


def test_every_action_in_every_setting_can_be_drawn():
    for index, setting in enumerate(settings.SETTINGS):
        for action in words.ACTIONS:
            frames = clip.render(_scene(index, setting=setting, action=action), 32, 48, (0, 30))
            assert frames.std() > 0


def test_plurals_are_english():
    expected = {
        'dog': 'dogs',
        'sheep': 'sheep',
        'fox': 'foxes',
        'fairy': 'fairies',
        'mouse': 'mice',
        'police woman': 'police women',
        'human': 'humans',
        'monkey': 'monkeys',
    }
    assert {word: words.plural(word) for word in expected} == expected
    assert words.plural_verb('is walking left') == 'are walking left'
    assert words.plural_verb('flies to the left') == 'fly to the left'


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

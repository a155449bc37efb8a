# SPDX-License-Identifier: GPL-3.0-or-later
"""Says in English what a scene shows and how it sounds.

One scene has many captions: variant 0 is drawn from the scene's own seed, further variants from
others.
"""
import numpy as np

from . import words
from .settings import SETTINGS

VARIANT_STRIDE = 77777777
NO_TIME_OF_DAY = ('studio', 'space', 'moon', 'underwater')


class _Dice:
    """Random choices of one caption."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def pick(self, options):
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]

    def chance(self, probability):
        """True with this probability."""
        return self.rng.random() < probability


def captions(scene, count=4):
    """Several captions of a scene, with the rarer words."""
    return [caption(scene, variant, rare_words=True) for variant in range(count)]


def caption(scene, variant=0, rare_words=False):
    """One caption. rare_words: also use words.SYNONYMS for the subjects."""
    dice = _Dice(scene.seed + VARIANT_STRIDE * variant + 4242)
    setting = SETTINGS[scene.setting]
    who, action, alone = _subject(dice, scene, rare_words)
    place, time, weather = _surroundings(dice, scene, setting)
    core = ' '.join(part for part in (who, action, place, time, weather) if part)
    if dice.chance(0.18):
        lead = place + ',' if place else ''
        core = ' '.join(part for part in (lead, who, action, time, weather) if part)
    parts = [_capital(core) + '.']
    shot = dice.pick(words.SHOTS[scene.size])
    camera = dice.pick(words.CAMERAS[scene.camera])
    for phrase in (shot if dice.chance(0.75) else '', camera if dice.chance(0.85) else ''):
        if phrase:
            parts.append(_capital(phrase) + '.')
    sounds = _sounds(dice, scene, setting, alone)
    if sounds and dice.chance(0.8):
        rest = [sound[0].lower() + sound[1:] for sound in sounds[1:]]
        parts.append(', '.join(sounds[:1] + rest) + '.')
    text = ' '.join(parts)
    if dice.chance(0.12):
        text = text.lower().replace('.', ',').rstrip(',')
    if dice.chance(0.08):
        text = _capital(core)
    return text


def _capital(text):
    return text[0].upper() + text[1:]


def _names(sprite, rare_words):
    """Words for a subject; with rare words the common ones keep about half of the share."""
    common = words.NAMES.get(sprite.name, (sprite.name,))
    extra = words.SYNONYMS.get(sprite.name, ()) if rare_words else ()
    return (common * 3)[:4] + extra if extra else common


def _name(dice, actor, rare_words):
    word = dice.pick(_names(actor.sprite, rare_words))
    adjective = dice.pick(words.ADJECTIVES) if actor.sprite.cls != 'face' else ''
    if word == 'Santa Claus':
        return word
    return adjective + ' ' + word if adjective else word


def _article(name):
    return name if name.startswith('Santa') else words.with_article(name)


def _subject(dice, scene, rare_words):
    """(who, does what, is it alone)"""
    lead = scene.actors[0]
    action = dice.pick(words.ACTIONS[lead.action]).format(
        side='right' if lead.heading > 0 else 'left'
    )
    if lead.sprite.facing == 'F' and lead.action == 'stand':
        action = dice.pick(words.FRONTAL_STAND)
    names = [actor.sprite.name for actor in scene.actors]
    if len(names) == 1:
        return _article(_name(dice, lead, rare_words)), action, True
    if names.count(names[0]) == len(names):
        number = dice.pick(('two', 'two') if len(names) == 2 else ('three',))
        who = number + ' ' + words.plural(dice.pick(_names(lead.sprite, rare_words)))
    else:
        who = ' and '.join(_article(_name(dice, actor, rare_words)) for actor in scene.actors)
    return who, words.plural_verb(action), False


def _surroundings(dice, scene, setting):
    """(place, time of day, weather) as phrases, '' when left unsaid."""
    if scene.setting == 'studio':
        colour = words.with_article(scene.studio)
        place = f'on {colour} background' if dice.chance(0.6) else f'in {colour} studio'
    else:
        place = dice.pick(setting.words)
    time = ''
    if scene.setting not in NO_TIME_OF_DAY:
        time = dice.pick(words.TIMES[scene.time_of_day])
    rain = (
        'in the rain',
        'while it rains',
        'on a rainy day' if scene.time_of_day == 'day' else 'in heavy rain',
    )
    weather = dice.pick(
        {'clear': ('', '', ''), 'rain': rain, 'snow': words.SNOWFALL}[scene.weather]
    )
    return place, time, weather


def _sounds(dice, scene, setting, alone):
    """What is heard: the event first, then the surroundings."""
    lead = scene.actors[0]
    name = lead.sprite.name
    sounds = []
    if lead.speaks and name in words.CALLS:
        speaker = dice.pick((f'The {name}', 'It')) if alone else f'The {name}'
        sounds.append(f'{speaker} {words.CALLS[name]}')
    elif lead.action in ('bounce', 'hop'):
        sounds.append(dice.pick(words.HOP_SOUNDS))
    elif lead.action == 'drop':
        sounds.append(dice.pick(words.DROP_SOUNDS))
    elif lead.sprite.cls == 'vehicle':
        sounds.append(dice.pick(words.ENGINE_SOUNDS))
    elif lead.action == 'spin':
        sounds.append(dice.pick(words.SPIN_SOUNDS))
    if dice.chance(0.6):
        background = dice.pick(
            words.AMBIENCES[setting.ambience] if scene.weather != 'rain' else words.RAIN_AMBIENCES
        )
        quiet_night = scene.time_of_day == 'night' and scene.weather == 'clear'
        if quiet_night and setting.ambience in ('birds', 'forest'):
            background = dice.pick(words.NIGHT_AMBIENCES)
        sounds.append(_capital(background))
    return sounds

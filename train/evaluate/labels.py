# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be right or wrong about a clip, and the prompts on which it is asked.

The labels of a scene come from the composer's own decisions, those of a prompt from the scene whose
caption it is. Held-out prompts are captions of seeds that no training uses.
"""
from typing import NamedTuple

from train.world import caption, plan, sprites, words
from train.world.settings import SETTINGS

PROMPT_SEED = 12_000_000
NONE = 'none'
TRAVELLING = ('walk', 'drive', 'swim', 'sail', 'fly', 'roll', 'leap')
# Time of day and weather are only asked where the composer lets them vary.
TIMELESS, WEATHERLESS = plan.ALWAYS_DAY, plan.ALWAYS_CLEAR


class Question(NamedTuple):
    """One thing to judge: its name, its possible answers, and what shows it ('stills' or 'motion')."""

    name: str
    answers: tuple
    shown_by: str


def subjects():
    """Names of all subjects, in the order of the sheet."""
    return tuple(sprite.name for sprite in sprites.default_sheet().subjects)


def questions(shown_by=None):
    """Everything that is asked about pictures, or what stills or only motion can show."""
    every = (
        Question('subject', subjects(), 'stills'),
        Question('count', ('1', '2', '3'), 'stills'),
        Question('setting', tuple(SETTINGS), 'stills'),
        Question('time', plan.TIMES_OF_DAY, 'stills'),
        Question('weather', plan.WEATHERS, 'stills'),
        Question('action', tuple(words.ACTIONS), 'motion'),
        Question('direction', ('left', 'right', NONE), 'motion'),
        Question('camera', plan.CAMERAS, 'motion'),
    )
    return tuple(question for question in every if shown_by in (None, question.shown_by))


def answers(scene):
    """Question name -> right answer, leaving out what the scene cannot show."""
    lead = scene.actors[0]
    side = 'right' if lead.heading > 0 else 'left'
    right = dict(
        subject=lead.sprite.name,
        count=str(len(scene.actors)),
        setting=scene.setting,
        action=lead.action,
        direction=side if lead.action in TRAVELLING else NONE,
        camera=scene.camera,
    )
    if scene.setting not in TIMELESS:
        right['time'] = scene.time_of_day
    if scene.setting not in WEATHERLESS:
        right['weather'] = scene.weather
    return right


EVENT_SOUNDS = {
    'hop': 'boing',
    'bounce': 'boing',
    'drop': 'whistle and thud',
    'spin': 'whoosh',
    'rise': 'slide up',
    'fall': 'slide down',
    'leap': 'splash',
    'swim': 'strokes',
}


def sound_classes():
    """Answers of the judge of sounds."""
    return tuple(
        sorted({*words.CALLS.values(), *EVENT_SOUNDS.values(), 'engine', 'footsteps', NONE})
    )


def sound_answer(scene):
    """The most striking sound of a scene's lead: its voice, else its event, else its engine."""
    lead = scene.actors[0]
    if lead.speaks and lead.sprite.name in words.CALLS:
        return words.CALLS[lead.sprite.name]
    if lead.action in EVENT_SOUNDS:
        return EVENT_SOUNDS[lead.action]
    if lead.sprite.cls in ('vehicle', 'air', 'boat'):
        return 'engine'
    if lead.action == 'walk' and lead.sprite.cls in ('land', 'person', 'bird'):
        return 'footsteps'
    return NONE


class Prompt(NamedTuple):
    """One held-out prompt with what must come of it."""

    text: str
    answers: dict
    sound: str
    scene: plan.Scene


def said(text, right, scene):
    """The answers that a caption really states; what it leaves open is not judged."""
    lower = text.lower()
    kept = dict(right)
    if scene.time_of_day != 'day' and not any(
        phrase and phrase in lower for phrase in words.TIMES[scene.time_of_day]
    ):
        kept.pop('time', None)
    camera = words.CAMERAS[scene.camera]
    if not any(phrase and phrase in lower for phrase in camera):
        kept.pop('camera', None)
    if right['direction'] != NONE and right['direction'] not in lower:
        kept.pop('direction', None)
    return kept


def prompts(count=500, leads=False):
    """The held-out prompts: always the same ones, of the whole world or of its leading subjects."""
    out, make = [], plan.lead_plan if leads else plan.plan
    for seed in range(PROMPT_SEED, PROMPT_SEED + count):
        scene = make(seed)
        text = caption.caption(scene)
        out.append(Prompt(text, said(text, answers(scene), scene), sound_answer(scene), scene))
    return out

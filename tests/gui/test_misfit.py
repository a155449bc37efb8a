# SPDX-License-Identifier: GPL-3.0-or-later
"""A job that the device has no room for is refused before it begins, with what would fit.

usage: test_misfit.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the real one, told to use
little memory. Prints TAP; pictures of the window go into SCREENSHOTS.
"""
import pathlib
import sys

from studio import (HOME, RUSHES, STUDIO, button_named, check, finish, focused, keys, named, need, pyatspi, session, settle, shot,
                    start, tab_to, wait, write)

MEGABYTES = 60  # too few for 256x160, enough for 160x96


def can_generate():
    return button_named("Generate").getState().contains(pyatspi.STATE_SENSITIVE)


def choose_size(text):
    """With the keys, down the list. What would fit is told meanwhile, and may close the list: then it is opened again."""
    def has_moved():
        if named(f"Size: {text}"):
            return True
        need("the keys at the size", lambda: tab_to("Size: "))
        keys("space")
        if wait(lambda: focused().getRole() == pyatspi.ROLE_LIST_ITEM, 5):
            before = need("the size", lambda: named("Size: ")).name
            keys("Down")
            keys("Return")
            wait(lambda: named("Size: ").name != before, 5)
        else:
            keys("Escape")
        return named(f"Size: {text}")
    need(f"the size is {text}", has_moved)


def main():
    home = HOME
    engine = pathlib.Path(RUSHES).resolve().parent.parent / "engine" / "rushes-engine"
    small = home / "small-engine"
    small.write_text(f'#!/bin/sh\nexec "{engine}" --budget {MEGABYTES} "$@"\n')
    small.chmod(0o755)
    STUDIO["RUSHES_ENGINE"] = str(small)
    with session():
        start()
        need("the model", lambda: named("Rushes Mini"))
        keys("ctrl+p")
        need("the words have the focus", lambda: focused().name == "Prompt")
        write("a red heart")
        check("too large a job is told with what would fit", wait(lambda: named("too much here. 160×96 with 25 frames would fit.")))
        check("and cannot be begun", not can_generate())
        keys("ctrl+Return")
        settle(20)
        check("with Ctrl+Enter neither", not named("Take 2"))
        shot("misfit")
        choose_size("160×96")
        check("what would fit does", wait(lambda: not named("too much here") and can_generate()))
        keys("ctrl+p")
        keys("ctrl+Return")
        check("and is begun", wait(lambda: named("Take 2")))
    return finish()


sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""A job that the device has no room for is refused before it begins, with what would fit.

usage: test_misfit.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the real one, told to use
little memory. Prints TAP; pictures of the window go into SCREENSHOTS.
"""
import os
import pathlib
import subprocess
import sys
import time

from studio import RUSHES, STUDIO, box, button_named, check, end, finish, manage_windows, named, pyatspi, shot, wait, xdo

MEGABYTES = 60  # too few for 256x160, enough for 160x96


def can_generate():
    return button_named("Generate").getState().contains(pyatspi.STATE_SENSITIVE)


def choose_size(text, tries=8):
    """Down the list, one size at a time, until that one is chosen."""
    for _ in range(tries):
        left, top, width, height = box("Size")
        xdo("mousemove", left + width // 2, top + height // 2, "click", 1)
        time.sleep(0.7)
        xdo("key", "Down", "Return")
        if wait(lambda: named(f"Size: {text}"), 2):
            return


def main():
    home = pathlib.Path(os.environ["HOME"])
    engine = pathlib.Path(RUSHES).resolve().parent.parent / "engine" / "rushes-engine"
    small = home / "small-engine"
    small.write_text(f'#!/bin/sh\nexec "{engine}" --budget {MEGABYTES} "$@"\n')
    small.chmod(0o755)
    STUDIO["RUSHES_ENGINE"] = str(small)
    manager = manage_windows()
    studio = subprocess.Popen([RUSHES], env=STUDIO)
    try:
        wait(lambda: named("Rushes Mini"))
        xdo("key", "ctrl+p")
        xdo("type", "a red heart")
        check("too large a job is told with what would fit", wait(lambda: named("too much here. 160×96 with 25 frames would fit.")))
        check("and cannot be begun", not can_generate())
        xdo("key", "ctrl+Return")
        time.sleep(1)
        check("with Ctrl+Enter neither", not named("Take 2"))
        shot("misfit")
        choose_size("160×96")
        check("what would fit does", wait(lambda: not named("too much here") and can_generate(), 20))
        xdo("key", "ctrl+p")
        xdo("key", "ctrl+Return")
        check("and is begun", wait(lambda: named("Take 2"), 20))
    finally:
        end(studio, manager)
    return finish()


sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""The self-test of the device in the window: it says how far it is, and stops when it is told to.

usage: test_self_test.py RUSHES SCREENSHOTS; under a session bus and a display. What it runs is the real program of
checks, on the machine's own device. Prints TAP; pictures of the window go into SCREENSHOTS.
"""
import os
import pathlib
import re
import subprocess
import sys

from studio import (RUSHES, STUDIO, application, button_named, check, choose, end, finish, manage_windows, named, press, shot,
                    wait, walk)


def running(session):
    """The programs of checks that descend from the studio, by their session."""
    found = subprocess.run(["ps", "-s", str(session), "-o", "comm="], capture_output=True, text=True, check=False).stdout
    return [name for name in found.split() if name.startswith("rushes-ops")]


def progress():
    """(checks done, of how many) as the dialog says it, or None."""
    node = named("Check ")
    said = re.match(r"Check (\d+) of (\d+), [\d a-z]+ used: .", node.name) if node else None
    return tuple(map(int, said.groups())) if said else None


def bar():
    for node in walk(application()):
        if node.name == "Checks done":
            return node.queryValue().currentValue
    return None


def main():
    home = pathlib.Path(os.environ["HOME"])
    manager = manage_windows()
    studio = subprocess.Popen([os.path.abspath(RUSHES)], env=STUDIO, cwd=home, start_new_session=True)
    try:
        check("the studio opens", wait(lambda: named("Generate")))
        check("the self-test is in the menu", choose("Self-Test of the Device"))
        check("its checks run", wait(lambda: running(studio.pid)))
        first = wait(progress, 120)
        check("it says which check of how many is done and what time was used", first and 1 <= first[0] <= first[1])
        check("of all that there are, operations and golden cases", first and first[1] > 150)
        later = wait(lambda: progress() if progress()[0] > first[0] else None, 240)
        check("it goes on", later and later[1] == first[1])
        check("the bar stands at the same share", later and wait(lambda: 0 < bar() < 1 and bar() >= later[0] / later[1] - 0.01, 10))
        shot("self-test")
        check("it can be stopped", press("Stop"))
        check("the dialog is gone", wait(lambda: not button_named("Stop"), 10))
        check("and so is what it ran", wait(lambda: not running(studio.pid), 10))
        check("the studio goes on", named("Generate"))
    finally:
        end(studio, manager)
    wait(lambda: not application(), 5)
    return finish()


sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""The self-test of the device in the window: it says how far it is, and stops when it is told to.

usage: test_self_test.py RUSHES SCREENSHOTS; under a session bus and a display. What it runs is the real program of
checks, on the machine's own device. Prints TAP; pictures of the window go into SCREENSHOTS.
"""
import re
import subprocess
import sys

from studio import (HOME, application, button_named, check, choose, finish, in_front, named, press, session, shot, start, wait,
                    walk)


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
    with session():
        studio = start(cwd=HOME, start_new_session=True)
        check("the studio opens", in_front())
        check("the self-test is in the menu", choose("Self-Test of the Device"))
        check("its checks run", wait(lambda: running(studio.pid)))
        first = wait(progress, 120)
        check("it says which check of how many is done and what time was used", first and 1 <= first[0] <= first[1])
        check("of all that there are, operations and golden cases", first and first[1] > 150)
        later = wait(lambda: progress() if progress()[0] > first[0] else None, 240)
        check("it goes on", later and later[1] == first[1])
        check("the bar stands at the same share", later and wait(lambda: 0 < bar() < 1 and bar() >= later[0] / later[1] - 0.01))
        shot("self-test")
        check("it can be stopped", press("Stop"))
        check("the dialog is gone", wait(lambda: not button_named("Stop")))
        check("and so is what it ran", wait(lambda: not running(studio.pid)))
        check("the studio goes on", wait(lambda: named("Generate")))
    return finish()


sys.exit(main())

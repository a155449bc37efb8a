# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the three pictures of the window that the README shows, with the bundled model at work. One step:

    tests/gui/on-display.sh /usr/bin/python3 tests/gui/retake_screenshots.py build/ui/rushes docs ["other words"]

It needs a build, and two takes' time. studio-light.png: prompt, preview, takes and timeline; studio-forming.png: a take that
forms; studio-dark.png: the take and its extension in a row, on a dark desktop. All of 1000x700.
"""
import re
import subprocess
import sys
import time

from studio import RUSHES, SHOTS, STUDIO, choose, manage_windows, named, press, pyatspi, wait, xdo

SIZE = (1000, 700)
STUDIO.pop("RUSHES_ENGINE", None)


def start(**env):
    """-> the studio, and its window of that size"""
    studio = subprocess.Popen([RUSHES], env={**STUDIO, "GSETTINGS_BACKEND": "memory", "GSK_RENDERER": "cairo", **env})
    if not wait(lambda: named("Generate", pyatspi.ROLE_PUSH_BUTTON)):
        sys.exit("the window does not open")
    found = wait(lambda: subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(studio.pid)], capture_output=True,
                                        text=True, check=False).stdout.split())
    xdo("windowsize", "--sync", found[-1], *SIZE)
    time.sleep(1)
    return studio, found[-1]


def picture(window, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    subprocess.run(["import", "-window", window, str(SHOTS / f"{name}.png")], check=True)
    print(SHOTS / f"{name}.png", flush=True)


def must(what, found):
    if not found:
        sys.exit(f"{what}: not seen")


def generate(number):
    xdo("key", "ctrl+Return")
    must(f"take {number} at work", wait(lambda: named(f"Take {number}, "), 120))


def forming():
    """The step that the preview shows, 0 when it shows none: reading the window takes longer than a step."""
    label = named("Forming, step ")
    return int(re.search(r"step (\d+)", label.name)[1]) if label else 0


def main():
    manager = manage_windows()
    studio, window = start()
    try:
        must("the sample", wait(lambda: named("Take 1, done")))
        press("Same seed, new words")
        time.sleep(0.4)
        if len(sys.argv) > 3:
            xdo("type", "--delay", "5", sys.argv[3])
        generate(2)
        must("take 2", wait(lambda: named("Take 2, done"), 600))
        wait(lambda: not named("Pause", pyatspi.ROLE_PUSH_BUTTON), 5)
        xdo("key", "Escape", "k", "e")
        must("its shot", wait(lambda: named("Shot 1:")))
        must("what it goes on from", choose("Extend This Take") and wait(lambda: named("Starts from the end of take 2"), 5))
        generate(3)
        must("some of the steps", wait(lambda: forming() >= 5, 600))
        picture(window, "studio-forming")
        must("take 3", wait(lambda: named("Take 3, done"), 600))
        xdo("key", "Escape", "k", "e")
        must("the second shot", wait(lambda: named("Shot 2:")))
        xdo("key", "End", "shift+Left")
        time.sleep(6)  # the sentences at the bottom go away
        picture(window, "studio-light")
        studio.kill()
        studio.wait()
        studio, window = start(ADW_DEBUG_COLOR_SCHEME="prefer-dark")
        must("the takes again", wait(lambda: named("Take 3, done")))
        xdo("key", "Escape", "k", "Home", "period", "period", "period")
        time.sleep(6)
        picture(window, "studio-dark")
    finally:
        studio.terminate()
        studio.wait()
        if manager:
            manager.terminate()


main()

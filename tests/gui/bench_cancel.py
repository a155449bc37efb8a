# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how long Escape takes in the window, with the bundled model at work:

    tests/gui/on-display.sh /usr/bin/python3 tests/gui/bench_cancel.py build/ui/rushes build/screenshots

A take is cancelled in each stage of its making, and once with a second take waiting behind it. For each moment: from
Escape until the window asks, from the answer until the take's card says "cancelled", and from the answer until the
worker has stopped computing (its processor time stands still) or has begun with the take that waited. Not a test: the
figures depend on what else the machine does, so the load average stands beside them.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

from studio import STUDIO, application, named, pyatspi, session, start, wait, walk, xdo

QUESTION = "Cancel the Take Being Made?"
STILL = 0.25  # s without a tick of the worker's clocks
STUDIO.pop("RUSHES_ENGINE", None)


def must(what, found):
    if not found:
        sys.exit(f"{what}: not seen")
    return found


def ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def worker_of(studio):
    found = subprocess.run(["pgrep", "-P", str(studio.pid)], capture_output=True, text=True, check=False).stdout.split()
    return int(found[0]) if found else None


class Window:
    """Its parts that are asked often, found once: each look at the whole window is hundreds of questions."""

    def __init__(self):
        self.application = application()
        self.strip = must("the strip", named("Takes", pyatspi.ROLE_LIST))
        progress = must("the progress", named("Progress of this take")).parent
        self.labels = [node for node in walk(progress) if node.getRole() == pyatspi.ROLE_LABEL]

    def card(self, number):
        """That of the take, by its place in the strip."""
        return self.strip.getChildAtIndex(number - 1) if self.strip.childCount >= number else None

    def stage(self):
        """What the preview says is being done."""
        return " ".join(node.name for node in self.labels if node.name)

    def step(self):
        said = re.search(r"Forming, step (\d+)", self.stage())
        return int(said[1]) if said else 0


def cancel(window, number, pid, waits):
    """Escape and the answer. -> what was done, seconds until it asks, the card says it, the worker is free"""
    node = window.card(number)
    windows = window.application.childCount
    began = time.monotonic()
    xdo("key", "Escape")
    must("the question", wait(lambda: window.application.childCount > windows))
    asked = time.monotonic() - began
    time.sleep(0.3)  # the question slides in
    was = window.stage()
    began = time.monotonic()
    xdo("key", "alt+c")
    said = free = None
    last, since = ticks(pid), began
    while time.monotonic() - began < 10 and (said is None or free is None):
        now = time.monotonic()
        if said is None and f"Take {number}, cancelled" in node.name:
            said = now - began
        if waits and said is not None and "being made" in window.card(number + 1).name:
            free = time.monotonic() - began
        elif not waits and ticks(pid) != last:
            last, since = ticks(pid), now
        elif not waits and said is not None and now - since > STILL:
            free = since - began
        time.sleep(0.01)
    return was, asked, said, free


def moment(window, number, pid, what, reached, waits=False):
    for _ in range(2 if waits else 1):
        xdo("key", "ctrl+Return")
    must(f"take {number}", wait(lambda: "being made" in window.card(number).name, 120))
    must("the one that waits", not waits or wait(lambda: window.card(number + 1)))
    must(what, wait(reached, 300))
    was, asked, said, free = cancel(window, number, pid, waits)
    print(f"{what:28} asked {asked:.2f} s  card {said or -1:.2f} s  worker {free or -1:.2f} s  load {os.getloadavg()[0]:.1f}  "
          f"at: {was}", flush=True)
    return max(said or 99, free or 99)


def main():
    with session():
        studio = start(env={**STUDIO, "GSETTINGS_BACKEND": "memory", "GSK_RENDERER": "cairo"})
        must("the sample", wait(lambda: named("Take 1, done")))
        pid = must("the worker", wait(lambda: worker_of(studio)))
        must("the device", wait(lambda: named("Rushes Mini"), 60))
        window = Window()
        xdo("key", "Escape")
        moments = [("as soon as it is made", lambda: True), ("reading the prompt", lambda: "Reading" in window.stage()),
                   ("first step", lambda: window.step() >= 1), ("middle", lambda: window.step() >= 7),
                   ("decoding the picture", lambda: "Decoding frames" in window.stage()),
                   ("decoding the sound", lambda: "Decoding sound" in window.stage())]
        took = [moment(window, number, pid, *which) for number, which in enumerate(moments, 2)]
        took.append(moment(window, 8, pid, "one waits behind it", lambda: window.step() >= 3, waits=True))
        print(f"{len(took)} takes cancelled, the longest in {max(took):.2f} s", flush=True)


main()

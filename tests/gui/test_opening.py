# SPDX-License-Identifier: GPL-3.0-or-later
"""A last project that does not open keeps nobody out of the studio.

usage: test_opening.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the test double that
RUSHES_ENGINE names. Prints TAP; pictures of the window go into SCREENSHOTS.
"""
import json
import os
import pathlib
import subprocess
import sys
import time

from studio import RUSHES, STUDIO, application, button_named, check, choose, end, finish, manage_windows, named, press, shot, wait, xdo


def main():
    home = pathlib.Path(os.environ["HOME"])
    newer = home / "Newer.rushes"
    (newer / "takes").mkdir(parents=True)
    (newer / "project.json").write_text('{"version": 999}')
    recent = pathlib.Path(os.environ["XDG_DATA_HOME"]) / "rushes" / "recent.json"
    recent.parent.mkdir(parents=True)
    recent.write_text(json.dumps({"projects": [str(newer)]}))
    manager = manage_windows()
    studio = subprocess.Popen([os.path.abspath(RUSHES)], env=STUDIO, cwd=home)
    try:
        check("a last project of a newer version is named",
              wait(lambda: named(f"{newer} was made by a newer version of Rushes: update Rushes to open it.")))
        check("beside it are another and a new project", button_named("Open Another…") and button_named("New Project…"))
        check("but no rebuilding, which would lose what is new", not button_named("Rebuild From Takes"))
        shot("opening-newer")
        for what in ("Open Another…", "New Project…"):
            press(what)
            wait(lambda: button_named("Cancel"), 10)
            press("Cancel")
            wait(lambda: not button_named("Cancel"), 10)
            check(f"who chooses nothing is asked again: {what}", wait(lambda: button_named("New Project…"), 10))
        press("New Project…")
        wait(lambda: button_named("Create"), 10)
        time.sleep(0.5)
        xdo("key", "ctrl+a")
        xdo("type", str(home / "Mine.rushes"))
        xdo("key", "Return")
        check("a new project opens", wait(lambda: named("Mine") and named("Generate"), 10))
        check("the other one is as it was", (newer / "project.json").read_text() == '{"version": 999}')
        end(studio, None)
        (home / "Mine.rushes" / "project.json").write_text("nonsense")
        half = home / "Mine.rushes" / "takes" / "half"
        half.mkdir(parents=True)
        (half / "take.mkv").write_bytes(b"film")
        studio = subprocess.Popen([os.path.abspath(RUSHES)], env=STUDIO, cwd=home)
        wait(lambda: button_named("Rebuild From Takes"))
        check("nonsense in project.json can be rebuilt", press("Rebuild From Takes") and wait(lambda: named("Generate"), 10))
        kept = list((home / "Mine.rushes").glob("project.json.damaged-*"))
        check("a take that was copied by half is named", wait(lambda: named("The take in takes/half has a film but no take.json"), 10))
        check("a project can be saved as another", choose("Save As") and wait(lambda: button_named("Save"), 10))
        time.sleep(0.5)
        xdo("key", "ctrl+a")
        xdo("type", str(home / "Second one"))
        xdo("key", "Return")
        check("the window goes over to the copy", wait(lambda: named("Second one"), 20))
        copies = [(home / name / "takes" / "half" / "take.mkv").read_bytes() for name in ("Mine.rushes", "Second one.rushes")]
        check("which has all files, and the first one keeps its own", copies == [b"film", b"film"])
        check("and the nonsense is kept", [file.read_text() for file in kept] == ["nonsense"])
    finally:
        end(studio, manager)
    wait(lambda: not application(), 5)
    return finish()


sys.exit(main())

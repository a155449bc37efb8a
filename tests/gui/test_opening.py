# SPDX-License-Identifier: GPL-3.0-or-later
"""A last project that does not open keeps nobody out of the studio.

usage: test_opening.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the test double that
RUSHES_ENGINE names. Prints TAP; pictures of the window go into SCREENSHOTS.
"""
import json
import os
import pathlib
import sys

from studio import HOME, button_named, check, choose, finish, named, need, press, save_as, session, shot, start, stop, wait


def main():
    home = HOME
    newer = home / "Newer.rushes"
    (newer / "takes").mkdir(parents=True)
    (newer / "project.json").write_text('{"version": 999}')
    recent = pathlib.Path(os.environ["XDG_DATA_HOME"]) / "rushes" / "recent.json"
    recent.parent.mkdir(parents=True)
    recent.write_text(json.dumps({"projects": [str(newer)]}))
    with session():
        studio = start(cwd=home)
        check("a last project of a newer version is named",
              wait(lambda: named(f"{newer} was made by a newer version of Rushes: update Rushes to open it.")))
        check("beside it are another and a new project", wait(lambda: button_named("Open Another…") and button_named("New Project…")))
        check("but no rebuilding, which would lose what is new", not button_named("Rebuild From Takes"))
        shot("opening-newer")
        for what in ("Open Another…", "New Project…"):
            press(what)
            press("Cancel")
            need("the file chooser is closed", lambda: not button_named("Cancel"))
            check(f"who chooses nothing is asked again: {what}", wait(lambda: button_named("New Project…")))
        press("New Project…")
        save_as(home / "Mine.rushes", "New Project")
        check("a new project opens", wait(lambda: named("Mine") and named("Generate")))
        check("the other one is as it was", (newer / "project.json").read_text() == '{"version": 999}')
        stop(studio)
        (home / "Mine.rushes" / "project.json").write_text("nonsense")
        half = home / "Mine.rushes" / "takes" / "half"
        half.mkdir(parents=True)
        (half / "take.mkv").write_bytes(b"film")
        start(cwd=home)
        check("nonsense in project.json can be rebuilt", press("Rebuild From Takes") and wait(lambda: named("Generate")))
        kept = list((home / "Mine.rushes").glob("project.json.damaged-*"))
        check("a take that was copied by half is named", wait(lambda: named("The take in takes/half has a film but no take.json")))
        check("a project can be saved as another", choose("Save As"))
        save_as(home / "Second one", "Save Project As")
        check("the window goes over to the copy", wait(lambda: named("Second one")))
        copies = [(home / name / "takes" / "half" / "take.mkv").read_bytes() for name in ("Mine.rushes", "Second one.rushes")]
        check("which has all files, and the first one keeps its own", copies == [b"film", b"film"])
        check("and the nonsense is kept", [file.read_text() for file in kept] == ["nonsense"])
    return finish()


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consent and rights with the real pointer and keys: a picture of a person is refused without a record and used under one,
revoking lists and marks the take, and a rights list refuses and warns.

usage: test_rights.py RUSHES SCREENSHOTS; under a session bus and a display. Prints TAP; pictures of the window go into
SCREENSHOTS.
"""
import datetime
import json
import os
import pathlib
import struct
import subprocess
import sys
import time
import zlib

from studio import (RUSHES, STUDIO, application, check, choose, drag_file, finish, manage_windows, named, press, press_at,
                    pyatspi, shot, wait, walk, xdo)

STUDIO.pop("G_DEBUG", None)  # as in test_timeline.py
RIGHTS = """[Wanda Example]
aliases=The Violet Witch
owner=Example Pictures
reason=not licensed for generated media
action=refuse

[Old Harbour]
owner=Port of Example
action=warn
"""


def make_picture(path):
    """A grey PNG of 64 x 40."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + bytes((90 + y, 120, 60)) * 64 for y in range(40))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 40, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def takes(film):
    return [json.loads(path.read_text()) for path in film.glob("takes/*/take.json")]


def words(text):
    """Typed into the prompt as a person does."""
    press("Same seed, new words")
    time.sleep(0.4)
    xdo("type", "--delay", "5", text)
    content = wait(lambda: named("Prompt", pyatspi.ROLE_TEXT)).queryText()
    return wait(lambda: content.getText(0, content.characterCount) == text, 10)


def tab_to(name):
    """Moves the focus with Tab until the text of that name has it."""
    for _ in range(10):
        node = named(name, pyatspi.ROLE_TEXT)
        if node and node.getState().contains(pyatspi.STATE_FOCUSED):
            return node
        xdo("key", "Tab")
        time.sleep(0.1)
    return None


def fill(name, text):
    """What has the focus is the field of that name; the next one has it afterwards."""
    xdo("key", "ctrl+a")
    xdo("type", "--delay", "5", text)
    content = wait(lambda: named(name, pyatspi.ROLE_TEXT), 5).queryText()
    check(f"\"{name}\" takes its words", wait(lambda: content.getText(0, content.characterCount) == text, 5))
    xdo("key", "Tab")
    time.sleep(0.2)


def refuse_without_record(film, picture):
    check("a prompt can be written", words("a woman waves"))
    for _ in range(3):  # the window that it is dragged from may come late
        drag_file(str(picture), (160, 200))
        if wait(lambda: named("Does the Picture Show a Person?"), 8):
            break
    check("a picture put in asks whether it shows a person", named("Does the Picture Show a Person?"))
    shot("rights-1-question")
    xdo("key", "alt+p")
    check("asks for the record of consent", wait(lambda: named("The picture shows a person. Choose the record"), 10))
    xdo("key", "Escape")
    check("without one the picture says what it lacks",
          wait(lambda: named("The picture shows a person: choose the consent record"), 10))
    check("and the sentence stands below the prompt", wait(lambda: named("shows a person", pyatspi.ROLE_LABEL), 10))
    press("Generate")
    time.sleep(2)
    check("and nothing is generated", not takes(film))
    shot("rights-2-refused")


def sign_record(film):
    badge = wait(lambda: named("The picture shows a person: choose the consent record"), 10)
    badge.queryAction().doAction(0)
    wait(lambda: named("Does the Picture Show a Person?"), 10)
    xdo("key", "alt+p")
    check("a record can be written", press("New Record"))
    day = datetime.date.today() + datetime.timedelta(days=30)
    wait(lambda: named("Who agrees", pyatspi.ROLE_TEXT), 10)
    fill("Who agrees", "Ada Example")
    fill("For what", "short films")
    fill("Until and including", "next spring")
    press("Sign and Keep")
    check("a last day that is none is told", wait(lambda: named("Write the last day as year-month-day"), 5))
    fill("Until and including", day.isoformat())  # which has the focus again
    check("Tab goes to the statement", tab_to("Statement"))
    fill("Statement", "Yes, you may.")
    shot("rights-3-record")
    press("Sign and Keep")
    check("under the record the picture can be used",
          wait(lambda: named(f"The picture shows Ada Example, who agreed until {day.isoformat()}"), 10))
    press("Generate")
    check("and a take is made", wait(lambda: [one for one in takes(film) if one["state"] == "done"], 60))
    check("which names the record", all(one["recipe"].get("consent") for one in takes(film)))
    shot("rights-4-made")


def revoke(film):
    check("Consent Records is in the menu", choose("Consent Records"))
    check("it lists the record, which can be revoked", press("Revoke the consent of Ada Example"))
    check("revoking lists the takes that were made under it",
          wait(lambda: named("Revoke the Consent of Ada Example?") and named("take 1: a woman waves"), 10))
    shot("rights-5-revoke")
    xdo("key", "alt+r")
    check("it is told", wait(lambda: named("Jobs that wait are refused, and the takes are marked."), 10))
    shot("rights-6-revoked")
    xdo("key", "Escape")
    check("one Escape closes the records while a toast is shown", wait(lambda: not named("Who agreed to be used"), 20))
    check("the take is marked in the strip",
          wait(lambda: next((node for node in walk(application()) if "Take 1" in node.name
                             and ("consent" in (node.name + node.description).lower()
                                  or "revoked" in (node.name + node.description).lower())), None), 10))
    count = len(takes(film))
    press("Generate")
    time.sleep(2)
    check("and nothing more is generated with the picture", len(takes(film)) == count)
    check("for the reason that is shown", named("revoked", pyatspi.ROLE_LABEL))
    shot("rights-7-flagged")
    xdo("key", "ctrl+e")
    check("its take cannot be exported", wait(lambda: named("Take 1 cannot be exported: Ada Example revoked"), 10))
    export = named("Export…", pyatspi.ROLE_PUSH_BUTTON)
    check("and there is nothing to press", export and not export.getState().contains(pyatspi.STATE_SENSITIVE))
    shot("rights-8-export")


def obey_lists(home, film):
    folder = home / "config/rushes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rights.list").write_text(RIGHTS)
    count = len(takes(film))
    words("W4nda  EX-AMPLE in the rain")
    check("a name on the list is refused in spite of its spelling",
          wait(lambda: named("Wanda Example", pyatspi.ROLE_LABEL), 10))
    press("Generate")
    time.sleep(2)
    check("and nothing is generated", len(takes(film)) == count)
    shot("rights-9-refused")
    words("boats in the old harbour")
    check("a name that only warns does", wait(lambda: named("Old Harbour", pyatspi.ROLE_LABEL), 10))
    shot("rights-10-warned")
    press("Generate")
    check("and is generated", wait(lambda: len([one for one in takes(film) if one["state"] == "done"]) > count, 60))
    (folder / "rights.list").write_text("[Wanda Example]\naction=perhaps\n")
    words("a quiet lake")
    check("a list that cannot be read allows nothing", wait(lambda: named("rights.list", pyatspi.ROLE_LABEL), 10))
    shot("rights-11-unreadable")
    (folder / "rights.list").unlink()
    check("until it is mended", wait(lambda: not named("rights.list", pyatspi.ROLE_LABEL), 10))


def main():
    home = pathlib.Path(os.environ["HOME"])
    film, picture = home / "Party.rushes", home / "ada.png"
    film.mkdir()
    (film / "project.json").write_text(json.dumps({"version": 1, "title": "Party", "takes": [], "shots": []}))
    make_picture(picture)
    manager = manage_windows()
    with (home / "log").open("ab") as said:
        studio = subprocess.Popen([RUSHES, str(film)], env=STUDIO, stderr=said)
    try:
        check("the project is open", wait(lambda: named("Prompt", pyatspi.ROLE_TEXT)))
        shot("rights-0-open")
        time.sleep(1)
        refuse_without_record(film, picture)
        sign_record(film)
        revoke(film)
        xdo("key", "Escape")
        check("the picture can be taken out again", press("Remove the first frame"))
        obey_lists(home, film)
    finally:
        studio.terminate()
        studio.wait()
        if manager:
            manager.terminate()
    wrong = [line for line in (home / "log").read_text(errors="replace").splitlines() if "CRITICAL" in line]
    print("\n".join(f"# {line}" for line in wrong))
    return finish()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consent and rights with the real pointer and keys: a picture of a person is refused without a record and used under one,
revoking lists and marks the take, and a rights list refuses and warns.

usage: test_rights.py RUSHES SCREENSHOTS; under a session bus and a display. Prints TAP; pictures of the window go into
SCREENSHOTS.
"""
import datetime
import json
import struct
import sys
import zlib

from studio import (HOME, STUDIO, act, active, application, check, choose, drag_file, finish, focused, in_front, keys, named,
                    need, press, pyatspi, says, session, settle, shot, start, tab_to, wait, walk, write)

STUDIO.pop("G_DEBUG", None)  # as in test_timeline.py
QUESTION, RECORD = "Does the Picture Show a Person?", "Consent Records"
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
    need("the words have the focus", lambda: focused().name == "Prompt")
    write(text)
    return says("Prompt", text)


def fill(name, text):
    """What has the focus is the field of that name, which does not tell that itself; the next one has it afterwards."""
    keys("ctrl+a", window=RECORD)
    write(text)
    check(f"\"{name}\" takes its words", says(name, text))
    keys("Tab", window=RECORD)


def refuse_without_record(film, picture):
    check("a prompt can be written", words("a woman waves"))
    drag_file(str(picture), (160, 200))
    check("a picture put in asks whether it shows a person", in_front(QUESTION))
    shot("rights-1-question")
    keys("alt+p", window=QUESTION)
    check("asks for the record of consent", wait(lambda: named("The picture shows a person. Choose the record")))
    keys("Escape", window=RECORD)
    check("without one the picture says what it lacks",
          wait(lambda: named("The picture shows a person: choose the consent record")))
    check("and the sentence stands below the prompt", wait(lambda: named("shows a person", pyatspi.ROLE_LABEL)))
    press("Generate")
    settle(20)
    check("and nothing is generated", not takes(film))
    shot("rights-2-refused")


def sign_record(film):
    in_front()
    act(need("the picture's badge", lambda: named("The picture shows a person: choose the consent record")))
    keys("alt+p", window=QUESTION)
    check("a record can be written", press("New Record"))
    need("the first field has the focus", lambda: active(RECORD) and not focused())
    day = datetime.date.today() + datetime.timedelta(days=30)
    fill("Who agrees", "Ada Example")
    fill("For what", "short films")
    fill("Until and including", "next spring")
    press("Sign and Keep")
    check("a last day that is none is told", wait(lambda: named("Write the last day as year-month-day")))
    fill("Until and including", day.isoformat())  # which has the focus again
    check("Tab goes to the statement", tab_to("Statement", pyatspi.ROLE_TEXT))
    fill("Statement", "Yes, you may.")
    shot("rights-3-record")
    press("Sign and Keep")
    check("under the record the picture can be used",
          wait(lambda: named(f"The picture shows Ada Example, who agreed until {day.isoformat()}")))
    press("Generate")
    check("and a take is made", wait(lambda: [one for one in takes(film) if one["state"] == "done"]))
    check("which names the record", all(one["recipe"].get("consent") for one in takes(film)))
    shot("rights-4-made")


def revoke(film):
    check("Consent Records is in the menu", choose("Consent Records"))
    check("it lists the record, which can be revoked", press("Revoke the consent of Ada Example"))
    check("revoking lists the takes that were made under it",
          wait(lambda: named("Revoke the Consent of Ada Example?") and named("take 1: a woman waves")))
    shot("rights-5-revoke")
    keys("alt+r", window="Revoke the Consent of Ada Example?")
    check("it is told", wait(lambda: named("Jobs that wait are refused, and the takes are marked.")))
    shot("rights-6-revoked")
    keys("Escape", window=RECORD)
    check("one Escape closes the records while a toast is shown", wait(lambda: not named("Who agreed to be used")))
    check("the take is marked in the strip",
          wait(lambda: next((node for node in walk(application()) if "Take 1" in node.name
                             and ("consent" in (node.name + node.description).lower()
                                  or "revoked" in (node.name + node.description).lower())), None)))
    count = len(takes(film))
    press("Generate")
    settle(20)
    check("and nothing more is generated with the picture", len(takes(film)) == count)
    check("for the reason that is shown", wait(lambda: named("revoked", pyatspi.ROLE_LABEL)))
    shot("rights-7-flagged")
    keys("ctrl+e")
    check("its take cannot be exported", wait(lambda: named("Take 1 cannot be exported: Ada Example revoked")))
    export = need("the button that exports", lambda: named("Export…", pyatspi.ROLE_PUSH_BUTTON))
    check("and there is nothing to press", not export.getState().contains(pyatspi.STATE_SENSITIVE))
    shot("rights-8-export")


def obey_lists(home, film):
    folder = home / "config/rushes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rights.list").write_text(RIGHTS)
    count = len(takes(film))
    check("other words can be written", words("W4nda  EX-AMPLE in the rain"))
    check("a name on the list is refused in spite of its spelling",
          wait(lambda: named("Wanda Example", pyatspi.ROLE_LABEL)))
    press("Generate")
    settle(20)
    check("and nothing is generated", len(takes(film)) == count)
    shot("rights-9-refused")
    check("other words can be written", words("boats in the old harbour"))
    check("a name that only warns does", wait(lambda: named("Old Harbour", pyatspi.ROLE_LABEL)))
    shot("rights-10-warned")
    press("Generate")
    check("and is generated", wait(lambda: len([one for one in takes(film) if one["state"] == "done"]) > count))
    (folder / "rights.list").write_text("[Wanda Example]\naction=perhaps\n")
    check("other words can be written", words("a quiet lake"))
    check("a list that cannot be read allows nothing", wait(lambda: named("rights.list", pyatspi.ROLE_LABEL)))
    shot("rights-11-unreadable")
    (folder / "rights.list").unlink()
    check("until it is mended", wait(lambda: not named("rights.list", pyatspi.ROLE_LABEL)))


def main():
    home = HOME
    film, picture = home / "Party.rushes", home / "ada.png"
    film.mkdir()
    (film / "project.json").write_text(json.dumps({"version": 1, "title": "Party", "takes": [], "shots": []}))
    make_picture(picture)
    with session():
        start(film, log=home / "log")
        check("the project is open", wait(lambda: named("Prompt", pyatspi.ROLE_TEXT)))
        shot("rights-0-open")
        in_front()
        refuse_without_record(film, picture)
        sign_record(film)
        revoke(film)
        keys("Escape", window="Export")
        in_front()
        check("the picture can be taken out again", press("Remove the first frame"))
        obey_lists(home, film)
    wrong = [line for line in (home / "log").read_text(errors="replace").splitlines() if "CRITICAL" in line]
    print("\n".join(f"# {line}" for line in wrong))
    return finish()


if __name__ == "__main__":
    sys.exit(main())

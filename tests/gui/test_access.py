# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything in the studio's windows that can take the focus has a name, and Tab reaches what is in the main one.

usage: test_access.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the test double that
RUSHES_ENGINE names. Prints TAP; pictures of the windows go into SCREENSHOTS.
"""
import os
import pathlib
import subprocess
import sys
import time

from studio import (RUSHES, STUDIO, application, check, choose, end, finish, focused, manage_windows, named, press, pyatspi,
                    shot, wait, walk, xdo)

# They pass the focus on to what is in them, which has a name.
NAMELESS = {pyatspi.ROLE_SCROLL_PANE, pyatspi.ROLE_FRAME, pyatspi.ROLE_WINDOW, pyatspi.ROLE_LIST}
# What GTK calls a widget that nobody named: its type.
TYPES = ("Gtk", "Adw", "Rushes")


def focusable(node):
    state = node.getState()
    inside = node.getRole() == pyatspi.ROLE_FILLER and node.name == "GtkListItemWidget"  # a drop-down's own row
    return (not inside and state.contains(pyatspi.STATE_FOCUSABLE) and state.contains(pyatspi.STATE_VISIBLE)
            and state.contains(pyatspi.STATE_SENSITIVE))


def speaks(node):
    """Whether it has a name: a row of a combination row's list is its label, and libadwaita names no more than that."""
    if node.name and not node.name.startswith(TYPES):
        return True
    return node.getRole() == pyatspi.ROLE_LIST_ITEM and node.parent.name == "GtkListView" and any(
        child.name for child in walk(node))


def unnamed(root):
    found = []
    for node in walk(root):
        try:
            if focusable(node) and node.getRole() not in NAMELESS and not speaks(node):
                inside = [child.name for child in walk(node) if child.name]
                parents = f"{node.parent.name or node.parent.getRoleName()}"
                found.append(f"{node.getRoleName()} {node.name!r} in {parents!r} with {inside[:3]}")
        except Exception:  # it went away meanwhile
            continue
    return found


def all_named(what, root=None):
    lacking = unnamed(root or application())
    for line in lacking[:12]:
        print(f"# no name: {line}")
    check(f"all that can take the focus has a name: {what}", not lacking)


def close(before):
    """Escape, until as many windows are left as there were."""
    for _ in range(3):
        if application().childCount <= before:
            return True
        xdo("key", "Escape")
        wait(lambda: application().childCount <= before, 2)
    return application().childCount <= before


def dialog(item, what, picture, ours=True):
    before = application().childCount
    if not check(f"the menu opens {what}", choose(item) and wait(lambda: application().childCount > before, 20)):
        return
    time.sleep(0.7)
    shot(f"access-{picture}")
    if ours:
        all_named(what)
    check(f"Escape closes {what}", close(before))


def tab_reaches(names):
    """Presses Tab all the way round. -> those of `names` (parts of them; a tuple: one of these whole) it never came to"""
    left, seen = set(names), []
    for _ in range(70):
        xdo("key", "Tab")
        time.sleep(0.12)
        node = focused()
        name = node.name if node else "nothing"
        seen.append(name)
        left = {want for want in left if not (name in want if isinstance(want, tuple) else want in name)}
        if not left:
            break
    print(f"# Tab came to: {', '.join(seen)}")
    return left


def main():
    home = pathlib.Path(os.environ["HOME"])
    manager = manage_windows()
    STUDIO["RUSHES_MODELS"] = str(home / "no models")
    studio = subprocess.Popen([RUSHES], env=STUDIO)
    try:
        wait(lambda: named("Test Model"))
        all_named("a project without takes")
        xdo("key", "ctrl+Return")
        wait(lambda: named("Take 1, done"))
        xdo("key", "Escape")
        xdo("key", "e")
        wait(lambda: named("Shot 1:"))
        time.sleep(0.5)
        all_named("a take and a shot")
        check("a take's row says what the take is", named("Take 1, done", pyatspi.ROLE_LIST_ITEM))
        # A screen reader may ask for a window just closed. GTK 4.8 answers with the last one, and ends when that one
        # was never shown.
        application().getChildAtIndex(application().childCount)
        check("asking for a window that is not there ends nothing", wait(lambda: named("Generate"), 10))
        missed = tab_reaches(["Prompt", "Avoid", "Length", "Size", "Guidance", "Seed", "Steps", "Takes: 1 take",
                              "First frame", "Generate", "Same words, new seed", "Same seed, new words", "Preview",
                              "Position in the clip", ("Pause", "Play"),  # the name changes when the clip ends
                              "Mark in", "Zoom", "Take 1, done", "Play the timeline", "Aspect of the film", "Shot 1",
                              "Main menu", "Export", "Queue", "Undo", "Open a project"])
        check(f"Tab reaches every part of the window, missed: {sorted(map(str, missed))}", not missed)
        for item, what, picture in (("History and Search", "the history", "history"),
                                    ("Consent Records", "consent records", "consent"),
                                    ("Rights Lists", "rights lists", "rights"),
                                    ("Who Signs Exports", "who signs", "signer")):
            dialog(item, what, picture)
        dialog("Keyboard Shortcuts", "the shortcuts", "shortcuts", ours=False)  # GTK's, with a search button of its own
        dialog("About Rushes", "About", "about", ours=False)  # libadwaita's
        before = application().childCount
        xdo("key", "ctrl+e")
        check("Ctrl+E opens exporting", wait(lambda: application().childCount > before, 20))
        time.sleep(0.7)
        shot("access-export")
        all_named("exporting")
        check("Escape closes exporting", close(before))
        for name in ("Queue", "Length", "Guidance", "Seed", "Steps", "Takes: 1"):
            opened = press(name)
            time.sleep(0.5)
            shot(f"access-{name.split(':')[0].lower()}")
            check(f"{name} opens", opened)
            all_named(name)
            xdo("key", "Escape")
            time.sleep(0.3)
    finally:
        end(studio, manager)
    return finish()


sys.exit(main())

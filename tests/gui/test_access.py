# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything in the studio's windows that can take the focus has a name, and Tab reaches what is in the main one.

usage: test_access.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the test double that
RUSHES_ENGINE names. Prints TAP; pictures of the windows go into SCREENSHOTS.
"""
import sys

from studio import (active, application, check, choose, finish, focused, has_keys, in_front, keys, named, need, press,
                    pyatspi, session, settle, shot, start_without_sample, wait, walk, windows, xdo)

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


def dialog(what, picture, ours=True):
    """The window that was just opened: what is in it has names, and Escape closes it."""
    window = need(what, lambda: next(filter(has_keys, windows()[1:]), None))
    settle()
    shot(f"access-{picture}")
    if ours:
        all_named(what)
    xdo("key", "Escape")
    if not wait(lambda: window not in windows(), 5):  # a search may be open in it, which the first one closed
        xdo("key", "Escape")
    check(f"Escape closes {what}", wait(lambda: len(windows()) == 1 and active()))


def tab_reaches(names):
    """Presses Tab all the way round. -> those of `names` (parts of them; a tuple: one of these whole) it never came to"""
    left, seen = set(names), []
    for _ in range(70):
        before = focused()
        xdo("key", "Tab")
        wait(lambda: focused() not in (None, before), 5)
        node = focused()
        name = node.name if node else "nothing"
        seen.append(name)
        left = {want for want in left if not (name in want if isinstance(want, tuple) else want in name)}
        if not left:
            break
    print(f"# Tab came to: {', '.join(seen)}")
    return left


def main():
    with session():
        start_without_sample()
        all_named("a project without takes")
        keys("ctrl+Return")
        need("a take", lambda: named("Take 1, done"))
        keys("Escape")
        keys("e")
        need("a shot", lambda: named("Shot 1:"))
        all_named("a take and a shot")
        check("a take's row says what the take is", named("Take 1, done", pyatspi.ROLE_LIST_ITEM))
        # A screen reader may ask for a window just closed. GTK 4.8 answers with the last one, and ends when that one
        # was never shown.
        application().getChildAtIndex(application().childCount)
        check("asking for a window that is not there ends nothing", wait(lambda: named("Generate")))
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
            check(f"the menu opens {what}", choose(item))
            dialog(what, picture)
        choose("Keyboard Shortcuts")
        dialog("the shortcuts", "shortcuts", ours=False)  # GTK's, with a search button of its own
        choose("About Rushes")
        dialog("About", "about", ours=False)  # libadwaita's
        keys("ctrl+e")
        check("Ctrl+E opens exporting", in_front("Export"))
        dialog("exporting", "export")
        for name in ("Queue", "Length", "Guidance", "Seed", "Steps", "Takes: 1"):
            opened = press(name)
            settle()
            shot(f"access-{name.split(':')[0].lower()}")
            check(f"{name} opens", opened)
            all_named(name)
            keys("Escape")
    return finish()


sys.exit(main())

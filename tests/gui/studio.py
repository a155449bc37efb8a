# SPDX-License-Identifier: GPL-3.0-or-later
"""The studio's window as a person has it: found through the accessibility bus, worked with the pointer and keys.

Rules that are checked are printed as TAP; finish() ends it. The programs under test read sys.argv[1] (RUSHES) and
sys.argv[2] (where pictures of the window go).
"""
import os
import pathlib
import subprocess
import sys
import time

# Warnings end the studio, not this script: its own bindings warn when a service answers late.
STUDIO = dict(os.environ)
os.environ.pop("G_DEBUG", None)

import pyatspi  # noqa: E402
from gi.repository import Atspi  # noqa: E402

# A busy machine answers late: by default what is not there within 0.8 s counts as not there at all.
Atspi.set_timeout(30000, 30000)

RUSHES, SHOTS = sys.argv[1], pathlib.Path(sys.argv[2])
cases = []


def check(name, ok):
    cases.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(cases)} - {name}", flush=True)
    return ok


def finish():
    """Ends the TAP. -> the exit status"""
    print(f"1..{len(cases)}")
    return 0 if all(cases) else 1


def shot(name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    subprocess.run(["import", "-window", "root", str(SHOTS / f"{name}.png")], check=False)


def end(studio, manager):
    studio.terminate()
    studio.wait()
    if manager:
        manager.terminate()


def manage_windows():
    """A window manager, where there is one; end it with terminate()."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(["openbox"], **quiet) if os.path.exists("/usr/bin/openbox") else None


def walk(node, depth=0):
    if node is None or depth > 60:
        return
    yield node
    try:
        count = node.childCount
    except Exception:
        return
    for index in range(count):
        try:
            child = node.getChildAtIndex(index)
        except Exception:
            continue
        yield from walk(child, depth + 1)


def wait(find, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = find()
        except Exception:
            found = None
        if found:
            return found
        time.sleep(0.1)
    return None


def focused():
    """What has the focus and is more than a frame around it."""
    around = (pyatspi.ROLE_SCROLL_PANE, pyatspi.ROLE_FRAME, pyatspi.ROLE_WINDOW, pyatspi.ROLE_LIST)
    for node in walk(application()):
        if node.getState().contains(pyatspi.STATE_FOCUSED) and node.getRole() not in around:
            return node
    return None


def application():
    desktop = pyatspi.Registry.getDesktop(0)
    for index in range(desktop.childCount):
        app = desktop.getChildAtIndex(index)
        if app and "rushes" in app.name.lower():
            return app
    return None


def named(text, role=None):
    for node in walk(application()):
        if text in node.name and (role is None or node.getRole() == role):
            return node
    return None


def button_named(text):
    """One that can be pressed: a menu button is a button around the one that does it."""
    for node in walk(application()):
        if text in node.name and node.getRole() in (pyatspi.ROLE_PUSH_BUTTON, pyatspi.ROLE_TOGGLE_BUTTON):
            try:
                if node.queryAction().nActions:
                    return node
            except NotImplementedError:
                continue
    return None


def press(text):
    button = wait(lambda: button_named(text))
    if not button:
        return False
    return button.queryAction().doAction(0)


def xdo(*words):
    subprocess.run(["xdotool", *map(str, words)], check=False)


def chooser(title):
    """The window of a file chooser, as long as it is to be seen."""
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", title], capture_output=True, text=True,
                           check=False)
    return found.stdout.split()


def save_as(path, title):
    """Answers the file chooser of that title. It may not be ready for its answer when it is first seen."""
    window = wait(lambda: chooser(title), 10)
    for _ in range(3 if window else 0):
        time.sleep(0.7)
        xdo("windowfocus", "--sync", window[-1])
        xdo("key", "ctrl+a")
        xdo("type", "--delay", "4", str(path))
        time.sleep(0.5)
        xdo("key", "Return")
        if wait(lambda: not chooser(title), 5):
            return


def open_file(path, title):
    """The same for one that opens a file, where a path begins with its first letter."""
    window = wait(lambda: chooser(title), 10)
    for _ in range(3 if window else 0):
        time.sleep(1.5)
        xdo("windowfocus", "--sync", window[-1])
        xdo("type", "--delay", "12", str(path))
        time.sleep(0.7)
        xdo("key", "Return")
        if wait(lambda: not chooser(title), 5):
            return
        xdo("key", "ctrl+a")


def choose(text):
    """An item of the main menu."""
    menu = wait(lambda: named("Main menu"))
    for node in walk(menu):
        try:
            if node.queryAction().nActions and node.queryAction().doAction(0):
                break
        except NotImplementedError:
            pass
    item = wait(lambda: named(text, pyatspi.ROLE_MENU_ITEM), 5)
    return bool(item) and item.queryAction().doAction(0)


def window_place():
    """Where the content of the studio's main window begins on the screen."""
    frame = wait(lambda: next(node for node in walk(application()) if node.getRole() == pyatspi.ROLE_FRAME), 5)
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", f"^{frame.name}$"], capture_output=True, text=True,
                           check=False)
    text = subprocess.run(["xdotool", "getwindowgeometry", "--shell", found.stdout.split()[-1]], capture_output=True,
                          text=True, check=False).stdout
    fields = {key: int(value) for key, value in (line.split("=") for line in text.split())}
    area = frame.queryComponent().getExtents(pyatspi.WINDOW_COORDS)
    # Its own border is part of the window, and all around.
    return fields["X"] + (fields["WIDTH"] - area.width) // 2, fields["Y"] + (fields["HEIGHT"] - area.height) // 2


def box(name):
    """x, y, width, height of what has that name, on the screen."""
    node = wait(lambda: named(name), 10)
    area = node.queryComponent().getExtents(pyatspi.WINDOW_COORDS)
    left, top = window_place()
    return left + area.x, top + area.y, area.width, area.height


def press_at(x, y):
    xdo("mousemove", round(x), round(y))
    time.sleep(0.15)
    xdo("click", 1)
    time.sleep(0.15)


def drag(start, end):
    """With the pointer, from point to point, as slowly as a hand."""
    xdo("mousemove", *start, "mousedown", 1)
    time.sleep(0.15)
    for step in range(1, 13):
        xdo("mousemove", *(round(a + (b - a) * step / 12) for a, b in zip(start, end)))
        time.sleep(0.03)
    time.sleep(0.2)
    xdo("mouseup", 1)
    time.sleep(0.3)


def drag_file(file, end):
    """Drags a file from another program's window to a point of the studio's."""
    source = subprocess.Popen([sys.executable, str(pathlib.Path(__file__).with_name("drag_source.py")), file])
    window = wait(lambda: subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "drag source"], capture_output=True,
                                         text=True, check=False).stdout.split())
    if window:
        time.sleep(0.5)
        xdo("windowmove", window[-1], 1180, 820)
        xdo("windowraise", window[-1])
        time.sleep(0.4)
    drag((1220, 860), end)
    time.sleep(0.7)
    source.terminate()
    source.wait()

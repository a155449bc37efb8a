# SPDX-License-Identifier: GPL-3.0-or-later
"""The studio's windows as a person has them: found through the accessibility bus, worked with the pointer and keys.

Rules that are checked are printed as TAP; finish() ends it. The programs under test read sys.argv[1] (RUSHES) and
sys.argv[2] (where pictures of the window go).
"""
import contextlib
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
HOME = pathlib.Path(os.environ["HOME"])
LIMIT = 120  # s. It only ends what never comes: one write to a slow disk can hold the studio for half a minute.
cases = []
studios = []


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


def start(*arguments, log=None, **options):
    """A studio. log: the file to which it appends what it says. options: as those of Popen"""
    with contextlib.ExitStack() as files:
        said = files.enter_context(log.open("ab")) if log else None
        command = [os.path.abspath(RUSHES), *map(str, arguments)]
        studios.append(subprocess.Popen(command, stderr=said, **{"env": STUDIO, **options}))
    return studios[-1]


def start_without_sample(**environment):
    """A studio that has no take yet and the test double for an engine, ready for its first key."""
    STUDIO["RUSHES_MODELS"] = str(HOME / "no models")
    studio = start(env={**STUDIO, **environment})
    need("the model", lambda: named("Test Model"))
    in_front()
    return studio


def stop(studio, kill=False):
    """Ends it, and returns when it is gone from the accessibility bus, too: the next one is not taken for it."""
    (studio.kill if kill else studio.terminate)()
    studio.wait()
    studios.remove(studio)
    need("the studio is gone", lambda: studios or not application())


def manage_windows():
    """A window manager, where there is one; end it with terminate()."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(["openbox"], **quiet) if os.path.exists("/usr/bin/openbox") else None


@contextlib.contextmanager
def session():
    """A window manager as long as it lasts; after it every studio is ended that start() made, whatever went wrong."""
    manager = manage_windows()
    try:
        yield
    finally:
        for studio in studios:
            studio.terminate()
            studio.wait()
        if manager:
            manager.terminate()


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


def wait(find, seconds=LIMIT):
    """What find() gives as soon as that is something, else None. Once more when the time is over: on a slow machine one
    look at the windows can take all of it."""
    end = time.monotonic() + seconds
    while True:
        last = time.monotonic() >= end
        try:
            found = find()
        except Exception:
            found = None
        if found or last:
            return found or None
        time.sleep(0.1)


def need(what, find):
    """The same for that without which nothing after it makes sense: if it does not come the test ends here, and says which
    thing was waited for and what was there instead."""
    found = wait(find)
    if not found:
        check(what, False)
        node = focused()
        print(f"# the windows: {[window.name for window in windows()]}; the keys go to {key_window()!r}; the focus is "
              f"on {node and (node.name, node.getRoleName())}; waited {LIMIT} s", flush=True)
        shot(f"missing-{pathlib.Path(sys.argv[0]).stem}")
        sys.exit(finish())
    return found


def application():
    desktop = pyatspi.Registry.getDesktop(0)
    for index in range(desktop.childCount):
        app = desktop.getChildAtIndex(index)
        if app and "rushes" in app.name.lower():
            return app
    return None


def windows():
    """The studio's windows: its main one, then those that stand before it."""
    app = application()
    return [app.getChildAtIndex(index) for index in range(app.childCount)] if app else []


def key_window():
    """The title of the window that the display gives the keys to."""
    return subprocess.run(["xdotool", "getwindowfocus", "getwindowname"], capture_output=True, text=True,
                          check=False).stdout.strip()


def has_keys(window):
    """Whether the keys go to it, as far as the studio knows. GTK tells that of frames alone: of a dialog the display does."""
    if window.getRole() == pyatspi.ROLE_FRAME:
        return window.getState().contains(pyatspi.STATE_ACTIVE)
    return window.name == key_window()


def active(title=None):
    """The window of that title (without: the main one) if the keys go to it, else None."""
    there = windows()
    wanted = there[:1] if title is None else [window for window in there if window.name == title]
    return next(filter(has_keys, wanted), None)


def focused():
    """What has the focus and is more than a frame around it, in the window that the keys go to."""
    around = (pyatspi.ROLE_SCROLL_PANE, pyatspi.ROLE_FRAME, pyatspi.ROLE_WINDOW, pyatspi.ROLE_LIST)
    for node in walk(next(filter(has_keys, windows()), None)):
        if node.getState().contains(pyatspi.STATE_FOCUSED) and node.getRole() not in around:
            return node
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


def text_of(name):
    """What is written in the text of that name, None when there is no such text."""
    node = named(name, pyatspi.ROLE_TEXT)
    content = node.queryText() if node else None
    return content.getText(0, content.characterCount) if content else None


def says(name, text):
    return wait(lambda: text_of(name) == text)


# ---- what a person does: nothing before the window is there that it is meant for, and each returns when the studio has
# seen to it. No pause is right on every machine.
def xdo(*words):
    subprocess.run(["xdotool", *map(str, words)], check=False)


def asked(*words):
    """What xdotool answers."""
    return subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True, check=False).stdout.split()


def settle(rounds=3):
    """Returns when the programs on the display have seen to the keys and the pointer so far: each answers a question only
    after what came before it, and draws between two of them."""
    desktop = pyatspi.Registry.getDesktop(0)
    for _ in range(rounds):
        for index in range(desktop.childCount):
            try:
                desktop.getChildAtIndex(index).getChildAtIndex(0).queryComponent().getExtents(pyatspi.WINDOW_COORDS)
            except Exception:  # it went away, or has no window
                continue
        time.sleep(0.03)


def in_front(title=None):
    """Waits until the keys go to the window of that title (without: the main one), no other standing or closing before it.
    Openbox sometimes gives them to no window at all when one is closed; a person presses on the window then."""
    def has_come():
        if wait(lambda: active(title), 3):
            return True
        there = [window.name for window in windows()]
        if there and key_window() not in there:
            xdo("search", "--onlyvisible", "--name", f"^{title or there[0]}$", "windowactivate")
        return False
    return need(f"the keys go to {title or 'the main window'}", has_come)


def keys(*names, window=None):
    """Pressed once, in that window."""
    in_front(window)
    xdo("key", *names)
    settle()


def write(text):
    """Typed into what has the focus."""
    xdo("type", "--delay", "5", text)
    settle()


def tab_to(name, role=None):
    """Moves the focus with Tab until that has it, waiting each time until it has gone on. -> that, or None"""
    for _ in range(60):
        node = focused()
        if node and name in node.name and role in (None, node.getRole()):
            return node
        xdo("key", "Tab")
        wait(lambda before=node: focused() != before, 5)
    return None


def act(node):
    """As a screen reader does. A button of GTK is clicked a quarter of a second after it was told to be."""
    done = node.queryAction().doAction(0)
    time.sleep(0.3)
    settle()
    return done


def press(text):
    return act(need(f"the button {text!r}", lambda: button_named(text)))


def choose(text):
    """An item of the main menu."""
    for node in walk(need("the main menu", lambda: named("Main menu"))):
        try:
            if node.queryAction().nActions and act(node):
                break
        except NotImplementedError:
            pass
    return act(need(f"{text!r} in the main menu", lambda: named(text, pyatspi.ROLE_MENU_ITEM)))


# ---- file choosers ----
def chooser(title):
    """The window of a file chooser, as long as it is to be seen."""
    return asked("search", "--onlyvisible", "--name", f"^{title}$")


def written(title):
    """How many characters stand in the text of that chooser that has the focus, None when none has. GTK 4.8 tells no more
    about it."""
    for window in windows():
        for node in walk(window if window.name == title else None):
            if node.getRole() == pyatspi.ROLE_TEXT and node.getState().contains(pyatspi.STATE_FOCUSED):
                return node.queryText().characterCount
    return None


def answer(path, title, begin):
    """Writes the path into the chooser and waits until it is closed. begin: makes its text ready, and is true then"""
    window = need(f"the file chooser {title!r}", lambda: chooser(title))[-1]
    need(f"the keys go to {title!r}", lambda: asked("getwindowfocus") == [window] or xdo("windowfocus", window))

    def has_path():
        need(f"{title!r} takes a path", begin)
        write(str(path)[written(title) or 0:])
        return wait(lambda: written(title) == len(str(path)), 10)
    # While letters come it looks for files of such names and may complete them: then the path is written anew.
    need(f"{title!r} has the path {path}", has_path)
    xdo("key", "Return")
    need(f"{title!r} is closed", lambda: not chooser(title))


def save_as(path, title):
    """Answers the file chooser of that title, which proposes a name."""
    def begin():
        if written(title) is None:
            return False
        xdo("key", "ctrl+a", "Delete")
        settle()
        return written(title) == 0
    answer(path, title, begin)


def open_file(path, title):
    """The same for one that opens a file, where a path begins with its first letter."""
    def begin():
        if written(title) is None:
            xdo("type", str(path)[0])
        else:
            xdo("key", "ctrl+a", "Delete")
            xdo("type", str(path)[0])
        settle()
        return wait(lambda: written(title) == 1, 2)
    answer(path, title, begin)


# ---- the pointer ----
def window_place():
    """Where the content of the studio's main window begins on the screen."""
    frame = need("the main window", windows)[0]
    window = need("the main window on the screen", lambda: asked("search", "--onlyvisible", "--name", f"^{frame.name}$"))[-1]
    fields = {key: int(value) for key, value in (line.split("=") for line in asked("getwindowgeometry", "--shell", window))}
    area = frame.queryComponent().getExtents(pyatspi.WINDOW_COORDS)
    # Its own border is part of the window, and all around.
    return fields["X"] + (fields["WIDTH"] - area.width) // 2, fields["Y"] + (fields["HEIGHT"] - area.height) // 2


def box(name):
    """x, y, width, height of what has that name, on the screen, once it stays where it is."""
    seen = []

    def still():
        area = named(name).queryComponent().getExtents(pyatspi.WINDOW_COORDS)
        seen.append((area.x, area.y, area.width, area.height))
        settle()
        return area.width > 0 and seen[-1:] == seen[-2:-1]
    need(f"{name!r}, at rest", still)
    (x, y, width, height), (left, top) = seen[-1], window_place()
    return left + x, top + y, width, height


def press_at(x, y):
    # From beside it: GTK takes a press where nothing moved since a popover closed for one on the popover.
    xdo("mousemove", round(x) - 2, round(y), "mousemove", round(x), round(y))
    settle()
    xdo("click", 1)
    settle()


def drag(start, end):
    """With the pointer, from point to point, no faster than the studio follows."""
    xdo("mousemove", *map(round, start))
    settle()
    xdo("mousedown", 1)
    settle()
    for step in range(1, 13):
        xdo("mousemove", *(round(a + (b - a) * step / 12) for a, b in zip(start, end)))
        settle(1)
    # What is dragged from program to program is dropped where both last spoke of, which may be a step behind.
    for off in (1, 0):
        xdo("mousemove", round(end[0]) + off, round(end[1]))
        settle()
    xdo("mouseup", 1)
    settle()


def drag_file(file, end):
    """Drags a file from another program's window to a point of the studio's."""
    source = subprocess.Popen([sys.executable, str(pathlib.Path(__file__).with_name("drag_source.py")), file])

    def under_pointer(window):
        xdo("windowmove", window, 1180, 820, "windowraise", window, "mousemove", 1220, 860)
        settle()
        return {"X=1180", "Y=820"} <= set(asked("getwindowgeometry", "--shell", window))
    try:
        window = need("a file to drag", lambda: asked("search", "--onlyvisible", "--name", "drag source"))[-1]
        need("the file under the pointer", lambda: under_pointer(window))
        drag((1220, 860), end)
        need(f"{file} is let go of", lambda: source.poll() is not None)
    finally:
        source.kill()
        source.wait()

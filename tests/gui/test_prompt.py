# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: where the letters go, what the fields make of what is typed, and finding words again.

usage: test_prompt.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the test
double that RUSHES_ENGINE names. Prints TAP; pictures of the window go into SCREENSHOTS.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from studio import (RUSHES, STUDIO, application, check, choose, drag_file, end, finish, focused, manage_windows, named, press, pyatspi,
                    shot, wait, walk, xdo)


def text_of(name):
    content = named(name, pyatspi.ROLE_TEXT).queryText()
    return content.getText(0, content.characterCount)


def says(name, text, seconds=10):
    return wait(lambda: text_of(name) == text, seconds)


def open_chip(name, field):
    """Its popover, with all of what stands in the field selected."""
    press(name)
    opened = wait(lambda: focused() and field in focused().name, 10)
    xdo("key", "ctrl+a")
    return opened


def close_chip():
    xdo("key", "Return", "Escape")
    time.sleep(0.3)


def rows():
    """The takes that the history names."""
    window = application().getChildAtIndex(application().childCount - 1)
    return [node.name for node in walk(window) if node.getRole() == pyatspi.ROLE_LIST_ITEM]


def windows():
    return [application().getChildAtIndex(index).name for index in range(application().childCount)]


def frame():
    """The one that the readout names."""
    return int(named(" · frame ", pyatspi.ROLE_LABEL).name.split("frame ")[1].split(" ")[0])


def from_the_keyboard():
    wait(lambda: named("Test Model"))
    check("a project without takes opens in its prompt", wait(lambda: focused().name == "Prompt", 10))
    xdo("type", "a fox & a <b>crab</b>")
    check("so that what is typed is the prompt", says("Prompt", "a fox & a <b>crab</b>"))
    xdo("key", "ctrl+Return")
    wait(lambda: named("Take 1, done"))
    xdo("key", "Escape")
    check("Ctrl+P goes back to the words", xdo("key", "ctrl+p") or wait(lambda: focused().name == "Prompt", 5))


def fields():
    open_chip("Seed", "Seed")
    xdo("type", "4x7 1")
    check("a seed takes digits and nothing else", says("Seed", "471", 5))
    xdo("key", "ctrl+a")
    xdo("type", "99999999999999999999")
    close_chip()
    kept = next(node.name for node in walk(application()) if node.name.startswith("Seed: "))
    open_chip("Seed", "Seed")
    seed = text_of("Seed")
    check("one that is too large is not left standing", int(seed) < 2**64 and kept.rstrip(" •").endswith(seed[-3:]))
    close_chip()
    open_chip("Length", "Length in frames")
    xdo("type", "26")
    close_chip()
    check("a length that the model does not make becomes the nearest", wait(lambda: named("Length: 2.1 s"), 5))


def recall():
    xdo("key", "ctrl+p")
    xdo("type", "a heron")
    xdo("key", "ctrl+Return")
    wait(lambda: named("Take 2, done"))
    xdo("key", "alt+Up")
    check("Alt+Up brings the prompt before this one", says("Prompt", "a fox & a <b>crab</b>"))
    xdo("key", "alt+Down")
    check("Alt+Down goes back", says("Prompt", "a heron"))
    xdo("key", "alt+Up", "End")
    says("Prompt", "a fox & a <b>crab</b>")
    xdo("type", " at sea")
    says("Prompt", "a fox & a <b>crab</b> at sea")
    xdo("key", "alt+Down")
    check("words that were changed since are not replaced by those before", says("Prompt", "a fox & a <b>crab</b> at sea", 2))


def keys():
    xdo("key", "Escape", "k", "Home")
    wait(lambda: frame() == 1, 10)
    xdo("key", "Caps_Lock", "l")
    check("L plays with Caps Lock on", wait(lambda: frame() > 6, 10))
    xdo("key", "k", "Home", "Caps_Lock")
    check("and Home is Home", wait(lambda: frame() == 1, 10))


def first_frame(home):
    """One whose copy somebody has taken out of the project."""
    xdo("key", "Escape")
    choose("Start From This Frame")
    check("a frame can be where the next take starts", wait(lambda: named("Starts from take 2, frame"), 10))
    shutil.rmtree(next(home.glob("*.rushes")) / "inputs")
    xdo("key", "ctrl+Return")
    check("when its picture is gone that is said", wait(lambda: named("is not in the project any more: choose it again"), 10))
    check("and no take is made that could only fail", not named("Take 3"))
    press("Remove the first frame")
    check("without it all is well", wait(lambda: named("First frame: choose an image"), 10))


def search(home, studio):
    """In a project that this studio has never seen. -> the studio that is there now"""
    first = next(home.glob("*.rushes"))
    there = home / "Tom & Jerry_2.rushes"
    shutil.copytree(first, there)
    for file in there.glob("takes/*/take.json"):
        take = json.loads(file.read_text())
        take["recipe"]["prompt"] = take["recipe"]["prompt"].replace("heron", "walrus & friend")
        file.write_text(json.dumps(take))
    drag_file(str(there), (645, 330))
    check("a project's folder that is dropped opens, called as the folder", wait(lambda: there.stem in windows()))
    end(studio, None)
    wait(lambda: not application(), 10)
    studio = subprocess.Popen([RUSHES], env=STUDIO)
    wait(lambda: named("Take 2, done"))
    check("the next time it is the one that opens", windows() == [there.stem])
    check("with its picture in focus", wait(lambda: focused().name == "Preview", 10))
    xdo("key", "Home", "space")
    check("so that Space plays", wait(lambda: frame() > 6, 10))
    xdo("key", "k", "ctrl+f")
    wait(lambda: len(rows()) == 2)
    time.sleep(0.5)
    shot("prompt-history")
    check("the history tells from which take one grew", [row[0] for row in rows()] == ["1", "2"])
    words = [node.name for node in walk(application()) if node.getRole() == pyatspi.ROLE_LABEL]
    check("and shows the words of a take, whatever is in them", "a heron" not in words and "walrus & friend" in " ".join(words))
    xdo("type", "walrus")
    check("words of takes that were made elsewhere are found", wait(lambda: len(rows()) == 1 and "walrus" in rows()[0], 10))
    xdo("key", "ctrl+a")
    xdo("type", "heron")
    check("and those of other projects", wait(lambda: len(rows()) == 1 and "heron" in rows()[0], 10))
    check("with all their words", wait(lambda: named("a heron", pyatspi.ROLE_LABEL), 5))
    xdo("key", "ctrl+a")
    xdo("type", "nobody")
    check("where nothing is found that is said", wait(lambda: named("No take has these words"), 10))
    shot("prompt-nothing-found")
    xdo("key", "Escape", "Escape")
    return studio


def from_a_take(home):
    """The seed or the words of the take that is looked at, with what was set for the next one since."""
    film = next(home.glob("Tom*.rushes"))
    takes = {take["number"]: take["recipe"] for take in map(json.loads, (file.read_text() for file in film.glob("takes/*/take.json")))}
    for chip, field, value in (("Steps", "Steps", "5"), ("Length", "Length in frames", "13"), ("Seed", "Seed", "471")):
        open_chip(chip, field)
        xdo("type", value)
        close_chip()
    xdo("key", "ctrl+p", "End")
    xdo("key", "ctrl+a")
    xdo("type", "an otter")
    says("Prompt", "an otter")
    press("Same seed, new words")
    check("the seed of a take can be had", wait(lambda: named(f"Seed: seed …{int(takes[2]['seed']) % 1000:03}"), 10))
    check("without what was written and set since", says("Prompt", "an otter", 5) and named("Steps: 5") and named("Length: 1.1 s"))
    press("Same words, new seed")
    wait(lambda: named("Take 3, done"))
    made = next(take["recipe"] for take in map(json.loads, (file.read_text() for file in film.glob("takes/*/take.json")))
                if take["number"] == 3)
    check("and the words without the settings", [made["prompt"], made["steps"], made["frames"]] == [takes[2]["prompt"], 5, 13])
    check("with another seed", made["seed"] not in (takes[2]["seed"], "471"))


def main():
    home = pathlib.Path(os.environ["HOME"])
    manager = manage_windows()
    STUDIO["RUSHES_MODELS"] = str(home / "no models")
    studio = subprocess.Popen([RUSHES], env=STUDIO)
    try:
        from_the_keyboard()
        fields()
        recall()
        keys()
        first_frame(home)
        studio = search(home, studio)
        from_a_take(home)
    finally:
        end(studio, manager)
    return finish()


sys.exit(main())

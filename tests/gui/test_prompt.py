# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: where the letters go, what the fields make of what is typed, and finding words again.

usage: test_prompt.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the test
double that RUSHES_ENGINE names. Prints TAP; pictures of the window go into SCREENSHOTS.
"""
import json
import shutil
import sys

from studio import (HOME, active, application, check, choose, drag_file, finish, focused, in_front, keys, named, need, press,
                    pyatspi, says, session, shot, start, start_without_sample, stop, text_of, wait, walk, windows, write)


def open_chip(name, field):
    """Its popover, with all of what stands in the field selected."""
    in_front()
    press(name)
    need(f"{field!r} has the focus", lambda: field in focused().name)
    keys("ctrl+a")


def close_chip():
    field = focused()
    keys("Return")
    keys("Escape")
    need("the popover is closed", lambda: focused() not in (None, field))


def rows():
    """The takes that the history names."""
    return [node.name for node in walk(active("History and Search")) if node.getRole() == pyatspi.ROLE_LIST_ITEM]


def titles():
    return [window.name for window in windows()]


def frame():
    """The one that the readout names."""
    return int(named(" · frame ", pyatspi.ROLE_LABEL).name.split("frame ")[1].split(" ")[0])


def from_the_keyboard():
    check("a project without takes opens in its prompt", wait(lambda: focused().name == "Prompt"))
    write("a fox & a <b>crab</b>")
    check("so that what is typed is the prompt", says("Prompt", "a fox & a <b>crab</b>"))
    keys("ctrl+Return")
    need("a take", lambda: named("Take 1, done"))
    keys("Escape")
    need("Escape leaves the words", lambda: focused().name != "Prompt")
    keys("ctrl+p")
    check("Ctrl+P goes back to the words", wait(lambda: focused().name == "Prompt"))


def fields():
    open_chip("Seed", "Seed")
    write("4x7 1")
    check("a seed takes digits and nothing else", says("Seed", "471"))
    keys("ctrl+a")
    write("99999999999999999999")
    close_chip()
    kept = next(node.name for node in walk(application()) if node.name.startswith("Seed: "))
    open_chip("Seed", "Seed")
    seed = text_of("Seed")
    check("one that is too large is not left standing", int(seed) < 2**64 and kept.rstrip(" •").endswith(seed[-3:]))
    close_chip()
    open_chip("Length", "Length in frames")
    write("26")
    close_chip()
    check("a length that the model does not make becomes the nearest", wait(lambda: named("Length: 2.1 s")))


def recall():
    keys("ctrl+p")
    need("the words have the focus", lambda: focused().name == "Prompt")
    write("a heron")
    keys("ctrl+Return")
    need("another take", lambda: named("Take 2, done"))
    keys("alt+Up")
    check("Alt+Up brings the prompt before this one", says("Prompt", "a fox & a <b>crab</b>"))
    keys("alt+Down")
    check("Alt+Down goes back", says("Prompt", "a heron"))
    keys("alt+Up", "End")
    need("the words before", lambda: text_of("Prompt") == "a fox & a <b>crab</b>")
    write(" at sea")
    need("other words", lambda: text_of("Prompt") == "a fox & a <b>crab</b> at sea")
    keys("alt+Down")
    check("words that were changed since are not replaced by those before", text_of("Prompt") == "a fox & a <b>crab</b> at sea")


def keys_of_the_player():
    keys("Escape", "k", "Home")
    need("the first frame", lambda: frame() == 1)
    keys("Caps_Lock", "l")
    check("L plays with Caps Lock on", wait(lambda: frame() > 6))
    keys("k", "Home", "Caps_Lock")
    check("and Home is Home", wait(lambda: frame() == 1))


def first_frame(home):
    """One whose copy somebody has taken out of the project."""
    keys("Escape")
    choose("Start From This Frame")
    check("a frame can be where the next take starts", wait(lambda: named("Starts from take 2, frame")))
    shutil.rmtree(next(home.glob("*.rushes")) / "inputs")
    keys("ctrl+Return")
    check("when its picture is gone that is said", wait(lambda: named("is not in the project any more: choose it again")))
    check("and no take is made that could only fail", not named("Take 3"))
    press("Remove the first frame")
    check("without it all is well", wait(lambda: named("First frame: choose an image")))


def search(home, studio):
    """In a project that this studio has never seen."""
    first = next(home.glob("*.rushes"))
    there = home / "Tom & Jerry_2.rushes"
    shutil.copytree(first, there)
    for file in there.glob("takes/*/take.json"):
        take = json.loads(file.read_text())
        take["recipe"]["prompt"] = take["recipe"]["prompt"].replace("heron", "walrus & friend")
        file.write_text(json.dumps(take))
    drag_file(str(there), (645, 330))
    check("a project's folder that is dropped opens, called as the folder", wait(lambda: there.stem in titles()))
    stop(studio)
    start()
    need("the take", lambda: named("Take 2, done"))
    in_front()
    check("the next time it is the one that opens", titles() == [there.stem])
    check("with its picture in focus", wait(lambda: focused().name == "Preview"))
    keys("Home", "space")
    check("so that Space plays", wait(lambda: frame() > 6))
    keys("k", "ctrl+f")
    need("two takes in the history", lambda: len(rows()) == 2)
    shot("prompt-history")
    check("the history tells from which take one grew", [row[0] for row in rows()] == ["1", "2"])
    words = [node.name for node in walk(application()) if node.getRole() == pyatspi.ROLE_LABEL]
    check("and shows the words of a take, whatever is in them", "a heron" not in words and "walrus & friend" in " ".join(words))
    write("walrus")
    check("words of takes that were made elsewhere are found", wait(lambda: len(rows()) == 1 and "walrus" in rows()[0]))
    keys("ctrl+a", window="History and Search")
    write("heron")
    check("and those of other projects", wait(lambda: len(rows()) == 1 and "heron" in rows()[0]))
    check("with all their words", wait(lambda: named("a heron", pyatspi.ROLE_LABEL)))
    keys("ctrl+a", window="History and Search")
    write("nobody")
    check("where nothing is found that is said", wait(lambda: named("No take has these words")))
    shot("prompt-nothing-found")
    keys("Escape", window="History and Search")
    if active("History and Search"):  # the first one was the search's
        keys("Escape", window="History and Search")
    in_front()


def from_a_take(home):
    """The seed or the words of the take that is looked at, with what was set for the next one since."""
    film = next(home.glob("Tom*.rushes"))
    takes = {take["number"]: take["recipe"] for take in map(json.loads, (file.read_text() for file in film.glob("takes/*/take.json")))}
    for chip, field, value in (("Steps", "Steps", "5"), ("Length", "Length in frames", "13"), ("Seed", "Seed", "471")):
        open_chip(chip, field)
        write(value)
        close_chip()
    keys("ctrl+p")
    need("the words have the focus", lambda: focused().name == "Prompt")
    keys("ctrl+a")
    write("an otter")
    need("other words", lambda: text_of("Prompt") == "an otter")
    press("Same seed, new words")
    check("the seed of a take can be had", wait(lambda: named(f"Seed: seed …{int(takes[2]['seed']) % 1000:03}")))
    check("without what was written and set since", says("Prompt", "an otter") and named("Steps: 5") and named("Length: 1.1 s"))
    press("Same words, new seed")
    need("the third take", lambda: named("Take 3, done"))
    made = next(take["recipe"] for take in map(json.loads, (file.read_text() for file in film.glob("takes/*/take.json")))
                if take["number"] == 3)
    check("and the words without the settings", [made["prompt"], made["steps"], made["frames"]] == [takes[2]["prompt"], 5, 13])
    check("with another seed", made["seed"] not in (takes[2]["seed"], "471"))


def main():
    with session():
        studio = start_without_sample()
        from_the_keyboard()
        fields()
        recall()
        keys_of_the_player()
        first_frame(HOME)
        search(HOME, studio)
        from_a_take(HOME)
    return finish()


sys.exit(main())

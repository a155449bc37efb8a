# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue as a person works it: pressed from the window, and found again after the studio was killed.

usage: test_queue_button.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the test double that
RUSHES_ENGINE names, which stays at each job's second step; a job that goes on from there is not held. Prints TAP;
pictures of the window go into SCREENSHOTS.
"""
import shutil
import sys

from studio import (HOME, STUDIO, act, application, button_named, check, finish, focused, keys, named, need, press, pyatspi, session,
                    shot, start, start_without_sample, stop, text_of, wait, walk, write)

WORDS = {1: "a heron", 2: "a crab", 3: "a fox"}


def rows():
    """Of the queue: [(row, its texts)], the first to be made first."""
    lists = [node for node in walk(application()) if node.getRole() == pyatspi.ROLE_LIST_ITEM]
    texts = [(row, [node.name for node in walk(row) if node.getRole() == pyatspi.ROLE_LABEL]) for row in lists]
    return [(row, said) for row, said in texts if said and said[0].startswith("Take ") and " · " in said[0]]


def order():
    return [int(said[0].split()[1]) for _row, said in rows()]


def state(take):
    return next((" ".join(said[1:]) for _row, said in rows() if said[0].startswith(f"Take {take} ")), "")


def press_in(take, name):
    def button():
        row = next(row for row, said in rows() if said[0].startswith(f"Take {take} "))
        return next(node for node in walk(row) if node.getRole() == pyatspi.ROLE_PUSH_BUTTON and node.name == name)
    act(need(f"{name!r} of take {take}", button))


def open_queue(take):
    check("the queue's button names the take that is being made", wait(lambda: button_named(f"Take {take} · ")))
    press(f"Take {take} · ")
    need("the rows of the queue", rows)


def ask(words):
    """Puts them into the queue."""
    keys("ctrl+p")
    need("the words have the focus", lambda: focused().name == "Prompt")
    keys("ctrl+a")
    write(words)
    need(f"the words {words!r}", lambda: text_of("Prompt") == words)
    keys("ctrl+Return")


def work_the_queue():
    for take, words in WORDS.items():
        ask(words)
        check(f"{words} is queued", wait(lambda take=take: named(f"Take {take}, ")))
    open_queue(1)
    check("the first is being made, the others wait in their order",
          wait(lambda: order() == [1, 2, 3] and "Forming" in state(1) and state(3) == "Waiting"))
    press_in(3, "Earlier")
    check("Earlier puts the last before the one above it", wait(lambda: order() == [1, 3, 2]))
    press_in(3, "Later")
    check("Later puts it back", wait(lambda: order() == [1, 2, 3]))
    press_in(3, "Earlier")
    need("the last before the one above it", lambda: order() == [1, 3, 2])
    press_in(1, "Pause")
    check("Pause stops the one that is being made", wait(lambda: state(1) == "Paused"))
    check("and the next one begins, not the one queued before it",
          wait(lambda: "Forming" in state(3) and state(2) == "Waiting"))
    shot("queue")
    press_in(1, "Resume")
    check("Resume lets it wait for its turn, with its steps kept", wait(lambda: "last step" in state(1)))


def cancel_from_elsewhere():
    """What was begun goes on from its second step, so that only the take that had not begun is held."""
    open_queue("2 of My first film")
    check("from another project, a take is named with its own", wait(lambda: order() == [2] and "Forming" in state(2)))
    press_in(2, "Cancel")
    check("Cancel ends it, and nothing is left to do", wait(lambda: button_named("Queue")))


def find_it_again():
    check("what was begun before the kill is finished", wait(lambda: named("Take 1, done") and named("Take 3, done")))
    check("what was put last came last", wait(lambda: named("Take 2, cancelled")))


def main():
    hold = HOME / "hold"
    hold.write_text("stay")
    with session():
        studio = start_without_sample(FAKE_HOLD=str(hold))  # the first take is the creator's
        work_the_queue()
        stop(studio, kill=True)
        first = next(HOME.rglob("My first film.rushes"))
        studio = start(shutil.copytree(first, HOME / "Other.rushes"), env={**STUDIO, "FAKE_HOLD": str(hold)})
        cancel_from_elsewhere()
        stop(studio)
        start(first)
        find_it_again()
    return finish()


sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""A film is cut, dubbed, exported and shared with the real pointer and keys, and the project says what came of it.

usage: test_timeline.py RUSHES SCREENSHOTS; under a session bus and a display. Prints TAP; pictures of the window go into
SCREENSHOTS.
"""
import json
import math
import os
import struct
import subprocess
import sys
import wave

from studio import (HOME, RUSHES, STUDIO, box, check, choose, drag, drag_file, finish, focused, in_front, keys, named, need,
                    open_file, press, press_at, pyatspi, save_as, says, session, shot, start, stop, tab_to, wait, walk, write,
                    xdo)

# GTK's file chooser now and then tells the accessibility bus of a text that it does not have there (a critical warning of
# its own), which must not end the studio: what it says is looked at when it is over.
STUDIO.pop("G_DEBUG", None)
NOT_OURS = "g_variant_is_object_path"
FPS, FRAMES, WIDTH, HEIGHT, RATE = 10, 30, 64, 40, 16000


def make_project(folder):
    """Two takes of three seconds, one shot of each."""
    for number, colour in ((1, (200, 60, 40)), (2, (40, 90, 200))):
        take = folder / "takes" / f"take-{number}"
        take.mkdir(parents=True)
        recipe = {"version": 1, "model": "mini", "prompt": f"colour {number}", "negative": "", "seed": str(number),
                  "width": WIDTH, "height": HEIGHT, "frames": FRAMES, "fps": FPS, "steps": 8, "guidance": 4,
                  "audio_guidance": 3, "shift": 3, "sampler": "euler-linear"}
        (take / "take.json").write_text(json.dumps(
            {"version": 1, "number": number, "state": "done", "created": 1795000000 + number, "star": False, "note": "",
             "rate": RATE, "channels": 1, "recipe": recipe, "result": {"frames": FRAMES, "samples": RATE * 3, "rate": RATE}}))
        (take / "frames.rgb").write_bytes(bytes(colour) * (WIDTH * HEIGHT * FRAMES))
        (take / "audio.f32").write_bytes(b"".join(
            struct.pack("<f", 0.3 * math.sin(2 * math.pi * 220 * number * n / RATE)) for n in range(RATE * 3)))
    (folder / "project.json").write_text(json.dumps(
        {"version": 1, "title": "Cut", "takes": ["take-1", "take-2"],
         "shots": [{"id": f"shot-{n}", "take": f"take-{n}", "in": 0, "out": FRAMES - 1} for n in (1, 2)]}))


def make_sound(path):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n / 20))) for n in range(RATE * 2)))


def state(folder):
    """The shots and the sounds as they are on the disk: project.json, and the journal's edits on top."""
    project = json.loads((folder / "project.json").read_text())
    shots, values = project["shots"], project
    journal = folder / "journal.jsonl"
    lines = map(json.loads, journal.read_text().splitlines() if journal.exists() else [])
    later = [edit for edit in lines if edit.get("seq", 0) > project.get("seq", 0)]
    for edit in (part for edit in later for part in edit.get("ops", [edit])):
        at = next((n for n, one in enumerate(shots) if one["id"] == edit.get("id")), None)
        if edit["op"] == "shot-set":
            shots[at].update(edit["fields"])
        elif edit["op"] == "shot-move":
            shots.insert(edit["index"], shots.pop(at))
        elif edit["op"] == "shot-add":
            shots.insert(edit.get("index", len(shots)), edit["shot"])
        elif edit["op"] == "shot-remove":
            shots.pop(at)
        elif edit["op"] == "set":
            values[edit["key"]] = edit["value"]
    return shots, values.get("sound") or []


def near(value, goal, within):
    return abs(value - goal) <= within


def change_shots(film):
    """Trims, fades, the dissolve, another order: what the pointer does to shots."""
    x, y, width, height = box("Shot 1:")
    second = width / 3  # pixels
    middle = y + height // 2
    drag((x + width - 3, middle), (x + width - 3 - second, middle))
    check("dragging a shot's end trims it", wait(lambda: near(state(film)[0][0]["out"], 19, 1)))
    drag((x + 3, middle), (x + 3 + second / 2, middle))
    check("dragging its beginning trims that", wait(lambda: near(state(film)[0][0]["in"], 5, 1)))
    x, y, width, height = box("Shot 2:")
    drag((x + 14, y + 8), (x + 14 + second, y + 8))
    check("the knob at its top left fades it in", wait(lambda: near(state(film)[0][1].get("fade_in", 0), 1, 0.1)))
    drag((x + width - 14, y + 8), (x + width - 14 - second / 2, y + 8))
    check("the one at its top right fades it out", wait(lambda: near(state(film)[0][1].get("fade_out", 0), 0.5, 0.1)))
    drag((x + 14, y + height - 8), (x + 14 + second / 2, y + height - 8))
    check("the knob at its bottom dissolves from the shot before",
          wait(lambda: near(state(film)[0][1].get("dissolve", 0), 0.5, 0.1)))
    length = (state(film)[0][0]["out"] - state(film)[0][0]["in"] + 1 + FRAMES) / FPS - 0.5
    check("the title says how long the film is, the dissolve counted once",
          wait(lambda: named(f"2 shots, 0:{length:05.2f}", pyatspi.ROLE_LABEL)
               or named(f"2 shots, 0:{length + 0.1:05.2f}", pyatspi.ROLE_LABEL)))
    shot("timeline-1-cut")
    for label in ("dissolve", "fade_out", "fade_in"):
        keys("ctrl+z")
        check(f"undo takes the {label.replace('_', ' ')} back", wait(lambda: not state(film)[0][1].get(label)))
    a, b = box("Shot 1:"), box("Shot 2:")
    drag((b[0] + b[2] // 2, b[1] + 30), (a[0] + 20, a[1] + 30))
    check("a shot dragged before another stands there",
          wait(lambda: [one["id"] for one in state(film)[0]] == ["shot-2", "shot-1"]))
    keys("ctrl+z")
    need("the former order", lambda: [one["id"] for one in state(film)[0]] == ["shot-1", "shot-2"])
    return second


def use_keys(film):
    """What is done with keys alone, each of it taken back."""
    in_front()
    x, y, width, height = box("Shot 1:")
    press_at(x + width // 2, y + height // 2)
    press_at(x + width // 3, y - 16)
    keys("s")
    check("S splits the shot at the play head", need("three shots", lambda: len(state(film)[0]) == 3))
    parts = [(one["in"], one["out"]) for one in state(film)[0]]
    check("without a frame lost or shown twice", parts[0][0] == 0 and parts[0][1] + 1 == parts[1][0] and parts[1][1] == 29)
    keys("shift+m")
    check("Shift+M sets a marker there",
          wait(lambda: '"marker' in (film / "journal.jsonl").read_text()))
    x, y, width, height = box("Shot 2:")
    press_at(x + width // 2, y + height // 2)
    keys("Delete")
    check("Delete takes the chosen shot out and closes the gap",
          wait(lambda: [(one["in"], one["out"]) for one in state(film)[0]] == [parts[0], parts[2]]))
    for _ in range(3):
        keys("ctrl+z")
    check("Ctrl+Z takes it all back",
          wait(lambda: [(one["in"], one["out"]) for one in state(film)[0]] == [(0, 29), (0, 29)]))
    keys("Escape")


def move_head(second):
    x, y, _width, _height = box("Shot 1:")
    ruler = y - 16
    press_at(x + round(second), ruler)
    check("a press on the ruler puts the play head there", wait(lambda: named("frame 11 / ") or named("frame 10 / ")))
    drag((x + second, ruler), (x + 2 * second, ruler))
    check("dragging it moves through the film", wait(lambda: named("frame 21 / ") or named("frame 20 / ")))


def sounds(film):
    return state(film)[1]


def choose_sound():
    x, y, width, height = box("Sound: ")
    press_at(x + width // 2, y + height - 6)


def change_sounds(film, second, file):
    x, y, _width, height = box("Shot 1:")
    drag_file(str(file), (round(x + second), y + height // 2))
    check("a file dropped on the timeline sounds from there",
          wait(lambda: sounds(film) and near(sounds(film)[0]["at"], 1, 0.15)))
    x, y, width, height = box("Sound: ")
    at = sounds(film)[0]["at"]
    middle = y + height - 6
    drag((x + width // 2, middle), (x + width // 2 + second / 2, middle))
    check("a sound is moved by its middle", wait(lambda: near(sounds(film)[0]["at"], at + 0.5, 0.15)))
    x, y, width, height = box("Sound: ")
    drag((x + width - 3, middle), (x + width - 3 - second / 2, middle))
    check("and trimmed at its end", wait(lambda: near(sounds(film)[0]["out"], 1.5, 0.15)))
    drag((x + 3, middle), (x + 3 + second / 4, middle))
    check("and at its beginning", wait(lambda: near(sounds(film)[0]["in"], 0.25, 0.15)))
    x, y, width, height = box("Sound: ")
    drag((x + 14, y + 8), (x + 14 + second / 2, y + 8))
    check("its knob fades it in", wait(lambda: near(sounds(film)[0].get("fade_in", 0), 0.5, 0.1)))
    x, y, _width, _height = box("Shot 1:")
    press_at(x + round(1.9 * second), y - 16)
    choose_sound()
    keys("i")
    check("I lets the chosen sound begin at the play head", wait(lambda: near(sounds(film)[0]["at"], 1.9, 0.11)))
    press_at(x + round(2.4 * second), y - 16)
    choose_sound()
    keys("o")
    check("O lets it end there",
          wait(lambda: near(sounds(film)[0]["at"] + sounds(film)[0]["out"] - sounds(film)[0]["in"], 2.5, 0.11)))
    shot("timeline-2-sound")


def use_inspector(film):
    x, y, width, height = box("Shot 1:")
    xdo("mousemove", x + width // 2, y + height // 2, "click", "--repeat", 2, "--delay", 60, 1)
    gain = need("a shot's gain", lambda: named("Gain, dB", pyatspi.ROLE_SPIN_BUTTON))
    check("a double press opens a shot's settings", gain)
    gain.queryValue().currentValue = -6
    check("its gain is set there", wait(lambda: state(film)[0][0].get("gain_db") == -6))
    check("Tab goes to its mute", tab_to("Mute this shot", pyatspi.ROLE_CHECK_BOX))
    keys("space")
    check("and whether it is mute", wait(lambda: state(film)[0][0].get("mute") is True))
    shot("timeline-3-settings")
    keys("Escape")
    need("the settings are closed", lambda: not named("Gain, dB", pyatspi.ROLE_SPIN_BUTTON))


def speak(film):
    keys("t")
    check("T opens the window for a spoken line", in_front("Spoken Line"))
    check("in which its words have the focus", wait(lambda: focused().name == "Words of the line"))
    write("once upon a time")
    check("and are typed", says("Words of the line", "once upon a time"))
    shot("timeline-4-spoken")
    press("Speak")
    check("its words are spoken on the timeline",
          wait(lambda: [one["words"] for one in sounds(film) if "words" in one] == ["once upon a time"]))
    check("in a block that says so", wait(lambda: named("Spoken line: “once upon a time”")))


def switch(name, on):
    """A switch of the export window, by Tab and the space bar."""
    def is_on():
        return tab_to(name, pyatspi.ROLE_CHECK_BOX).getState().contains(pyatspi.STATE_CHECKED) == on
    need(f"Tab comes to {name!r}", lambda: tab_to(name, pyatspi.ROLE_CHECK_BOX))
    if not is_on():
        keys("space", window="Export")
    return wait(is_on)


def open_export():
    keys("ctrl+e")
    return in_front("Export")


def choose_film():
    """In place of the take, in the export window."""
    def on(role, text=""):
        """What has the focus: of that role, and it says that."""
        node = focused()
        return node.getRole() == role and any(text in part.name for part in walk(node))
    film = "The film on the timeline"
    need("Tab comes to what is exported", lambda: tab_to("What", pyatspi.ROLE_COMBO_BOX))
    keys("space", window="Export")
    need("the list of what can be exported", lambda: on(pyatspi.ROLE_LIST_ITEM))
    keys("Down", window="Export")
    need("Down goes to the film", lambda: on(pyatspi.ROLE_LIST_ITEM, film))
    keys("Return", window="Export")
    need("Return chooses the film", lambda: on(pyatspi.ROLE_COMBO_BOX, film))


def export(film, out):
    keys("Escape")
    check("Ctrl+E opens the export window", open_export())
    check("which says how large the file will be", wait(lambda: named("About ", pyatspi.ROLE_LABEL)))
    choose_film()
    check("a time stamp can be wanted", switch("Time stamp", True))
    check("and demanded", switch("Only with the stamp", True))
    press("Export…")
    check("its authority has to be named", wait(lambda: named("Type the address of a time-stamping authority")))
    check("which has the focus then", tab_to("Address of the time-stamping authority", pyatspi.ROLE_TEXT))
    write("http://127.0.0.1:1/stamp")  # where nobody answers
    shot("timeline-5-export")
    press("Export…")
    save_as(out, "Export To")
    check("without the stamp that is demanded it fails, and says so",
          wait(lambda: named("time-stamped or not made at all")))
    check("and nothing is written", not out.exists() and not list(out.parent.glob(".out*")))
    open_export()
    choose_film()
    kept = {name: need(name, lambda name=name: named(name, pyatspi.ROLE_CHECK_BOX)) for name in ("Time stamp", "Only with the stamp")}
    check("what was chosen about stamps is kept", all(node.getState().contains(pyatspi.STATE_CHECKED) for node in kept.values()))
    check("a stamp can be left out again", switch("Time stamp", False))
    check("a label can be put in", switch("Label", True))
    press("Export…")
    save_as(out, "Export To")
    check("the film is written", need(out, out.exists))
    told = subprocess.run([RUSHES, "inspect", str(out)], env=STUDIO, capture_output=True, text=True, check=False)
    check("with its credentials", told.returncode == 0 and "as it was when" in told.stdout)
    frames = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-count_frames", "-show_entries",
                             "stream=nb_read_frames", "-of", "csv=p=0", str(out)], capture_output=True, text=True, check=False)
    check("frame for frame", frames.stdout.strip() == str(sum(one["out"] - one["in"] + 1 for one in state(film)[0])))


def share(packed):
    check("Share Project packs it", choose("Share Project"))
    save_as(packed, "Share the Project")
    check("into one file", wait(packed.exists) and wait(lambda: named("is packed")))
    alone = packed.with_name("alone.rushes.zip")
    check("Share This Take packs one", choose("Share This Take"))
    save_as(alone, "Share This Take")
    need("that one is packed", lambda: alone.exists() and named(f"{alone.name} is packed"))
    packed.with_name("alone").mkdir()
    told = subprocess.run([RUSHES, "unpack", str(alone), "-o", str(packed.with_name("alone"))], env=STUDIO, capture_output=True,
                          text=True, check=False)
    if told.returncode:
        print("#", told.stderr.strip())
    takes = [take.name for take in packed.with_name("alone").glob("**/takes/*")]
    check("and no other", told.returncode == 0 and takes == ["take-2"])


def open_elsewhere(packed, home):
    """On a machine that has never seen it."""
    home.mkdir()
    here = home / packed.name
    here.write_bytes(packed.read_bytes())
    elsewhere = {**STUDIO, "HOME": str(home), **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("DATA", "CONFIG", "CACHE")}}
    studio = start(log=home / "log", env=elsewhere)
    in_front()
    check("Open Shared Project is in the menu", choose("Open Shared Project"))
    open_file(here, "Open a Shared Project")
    check("another machine opens it with its shots", wait(lambda: named("Shot 2: colour 2")))
    check("its sounds", wait(lambda: named("Spoken line: “once upon a time”") and named("Sound: tone")))
    check("and its takes", wait(lambda: named("Take 1, done") and named("Take 2, done")))
    project = here.with_name("Cut.rushes")
    check("with credits and the model's licence",
          (project / "credits/CREDITS.txt").exists() and list(project.glob("credits/**/LICENSE*"))
          and list(project.glob("credits/**/DATA.md")))
    shot("timeline-6-elsewhere")
    stop(studio)


def lose_a_take(film):
    """The folder of a take goes away while the studio is closed."""
    os.rename(film / "takes/take-2", film.with_name("take-2"))
    studio = start(film, log=film.with_name("log"))
    check("a shot whose take is gone says so on the timeline", wait(lambda: named("Shot 2 is missing", pyatspi.ROLE_LIST_ITEM)))
    in_front()
    x, y, width, height = box("Shot 2:")
    press_at(x + width // 2, y + height // 2)
    check("and in the preview", wait(lambda: "Shot 2 is missing" in named("Preview", pyatspi.ROLE_IMAGE).description))
    shot("timeline-7-missing")
    open_export()
    choose_film()
    check("and the film is not exported", wait(lambda: named("The film is not complete. Shot 2 is missing")))
    stop(studio)


def main():
    home = HOME
    film, file = home / "Cut.rushes", home / "tone.wav"
    make_project(film)
    make_sound(file)
    with session():
        studio = start(film, log=film.with_name("log"))
        check("the film is on the timeline", wait(lambda: named("Shot 2:")))
        use_keys(film)
        second = change_shots(film)
        move_head(second)
        change_sounds(film, second, file)
        use_inspector(film)
        speak(film)
        export(film, home / "out.mp4")
        share(home / "Cut.rushes.zip")
        stop(studio)
        open_elsewhere(home / "Cut.rushes.zip", home / "elsewhere")
        lose_a_take(film)
    said = [line for log in (home / "log", home / "elsewhere/log") for line in log.read_text(errors="replace").splitlines()]
    wrong = [line for line in said if ("CRITICAL" in line or "WARNING" in line) and NOT_OURS not in line]
    print("\n".join(f"# {line}" for line in wrong))
    check("the studio warns of nothing meanwhile", not wrong)
    return finish()


if __name__ == "__main__":
    sys.exit(main())

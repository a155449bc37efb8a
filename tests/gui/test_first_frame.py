# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture dropped on the window becomes a take's first frame in its own colours, whatever kind of file it is.

usage: test_first_frame.py RUSHES SCREENSHOTS; under a session bus and a display. The worker is the test double that
RUSHES_ENGINE names: what is measured is what the engine is given. Prints TAP.
"""
import json
import os
import struct
import subprocess
import sys
import zlib

from studio import (HOME, RUSHES, STUDIO, check, drag_file, finish, in_front, keys, named, need, press, session, shot,
                    start_without_sample)
from gi.repository import GdkPixbuf

# Quarters, as they are seen: above, then below.
COLOURS = [(200, 40, 30), (40, 160, 60), (30, 60, 190), (236, 224, 120)]
WIDTH, HEIGHT = 320, 200  # the shape of the takes: nothing is cut off


def quarters(width, height):
    return [[COLOURS[(2 if y >= height // 2 else 0) + (1 if x >= width // 2 else 0)] for x in range(width)] for y in range(height)]


def png(path, kind, bits, pixel):
    """Writes the quarters, each pixel packed by `pixel`."""
    rows = b"".join(b"\0" + b"".join(map(pixel, row)) for row in quarters(WIDTH, HEIGHT))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, kind, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks))


def jpeg(path, turned):
    """The quarters as a camera saves them; turned: it lay on its side, and the file says so."""
    rows = quarters(WIDTH, HEIGHT)
    if turned:  # a quarter turn to the left, which orientation 6 takes back
        rows = [[rows[y][x] for y in range(HEIGHT)] for x in reversed(range(WIDTH))]
    raw = b"".join(bytes(pixel) for row in rows for pixel in row)
    picture = GdkPixbuf.Pixbuf.new_from_data(raw, GdkPixbuf.Colorspace.RGB, False, 8, len(rows[0]), len(rows), len(rows[0]) * 3)
    done, data = picture.save_to_bufferv("jpeg", ["quality"], ["95"])
    held = b"\xff\xe1\0\x22Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    path.write_bytes(data[:2] + held + data[2:] if turned else data)


def grey(colour):
    return round(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])


def over_white(colour):
    return tuple(round((255 + value) / 2) for value in colour)


def middles(rgb, width, height):
    """The colour in the middle of each quarter."""
    return [tuple(rgb[(y * width + x) * 3 + part] for part in range(3))
            for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]


def started(home):
    found = {}
    for file in home.glob("*.rushes/takes/*/take.json"):
        take = json.loads(file.read_text())
        if take["state"] == "done" and take["recipe"].get("conditioning"):
            found[take["recipe"]["conditioning"]["source"]] = (file.parent / "condition.rgb", take["recipe"])
    return found


def check_colours(home, name, what, wanted):
    """Drops the file and looks at what the take was given."""
    drag_file(str(home / name), (645, 330))
    need(f"{what} can be dropped", lambda: named(f"Starts from {name}"))
    press("Nobody")  # is on it
    in_front()
    shot(f"first-frame-{name}")
    keys("ctrl+Return")
    file, recipe = need(f"the take of {name}", lambda: started(home)[name])
    got = middles(file.read_bytes(), recipe["width"], recipe["height"])
    off = max((abs(a - b) for one, other in zip(got, wanted) for a, b in zip(one, other)), default=255)
    print(f"# {name}: at most {off} of 255 off, {got}")
    check(f"{what} keeps its colours and stands upright", off <= 3)
    check("and is the same from the command line", from_the_command_line(home / name, recipe) == file.read_bytes())


def from_the_command_line(picture, recipe):
    """What a take of the same size is given by `rushes generate --image`."""
    folder = picture.with_suffix(".take")
    size = f"{recipe['width']}x{recipe['height']}"
    subprocess.run([os.path.abspath(RUSHES), "generate", "--quiet", "--unsigned", "--image", picture.name, "--take", folder.name, "--size",
                    size, "-o", f"{folder.name}.mp4", "a fox"], cwd=picture.parent, env=STUDIO, check=False)
    return (folder / "condition.rgb").read_bytes()


def main():
    home = HOME
    png(home / "deep.png", 2, 16, lambda c: struct.pack(">HHH", *(value * 257 for value in c)))
    png(home / "grey.png", 0, 8, lambda c: bytes((grey(c),)))
    png(home / "alpha.png", 6, 8, lambda c: bytes((*c, 128)))
    jpeg(home / "plain.jpg", False)
    jpeg(home / "turned.jpg", True)
    with session():
        start_without_sample()
        check_colours(home, "plain.jpg", "a JPEG", COLOURS)
        check_colours(home, "deep.png", "a PNG of 16 bits", COLOURS)
        check_colours(home, "grey.png", "a grey PNG", [(grey(colour),) * 3 for colour in COLOURS])
        check_colours(home, "alpha.png", "a PNG that lets half of the light through, on white", list(map(over_white, COLOURS)))
        check_colours(home, "turned.jpg", "a photograph of a camera on its side", COLOURS)
    return finish()


sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""Test Anything Protocol for the end-to-end scripts, and the few measurements they share."""
import array
import json
import os
import subprocess
import sys
import traceback

cases = []


def case(function):
    cases.append(function)
    return function


def run():
    """Runs every @case in order; a case fails by raising."""
    failed = 0
    print(f"1..{len(cases)}")
    for number, function in enumerate(cases, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception:
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print(f"not ok {number} - {function.__name__}", flush=True)
    sys.exit(1 if failed else 0)


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def probe(path):
    """ffprobe's view of a file: {"streams": {"video": {...}, "audio": {...}}, "format": {...}}."""
    found = json.loads(output("ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", path))
    found["streams"] = {stream["codec_type"]: stream for stream in found["streams"]}
    return found


def samples(path, rate):
    decoded = array.array("f")
    decoded.frombytes(output("ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-ac", "1", "-ar", str(rate), "-"))
    return decoded


def luma(path, width, height):
    """Mean brightness of every frame."""
    pixels = output("ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-")
    size = width * height
    return [sum(pixels[at:at + size]) / size for at in range(0, len(pixels), size)]

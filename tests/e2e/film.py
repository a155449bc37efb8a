# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects whose pictures and sound are known to the pixel and the sample, written as the studio writes them."""
import array
import json
import pathlib
import random


def flash_and_click(frames, fps, rate, flash):
    """Dark frames with a white one, silence with a click as that one begins. -> (one grey level a frame, samples)"""
    samples = array.array("f", bytes(4 * round(frames / fps * rate)))
    start = round(flash / fps * rate)
    # A burst rather than one sample: a lossy codec keeps its onset.
    for n in range(start, min(len(samples), start + rate // 50)):
        samples[n] = 0.8 if (n - start) % 8 < 4 else -0.8
    return [255 if n == flash else 16 for n in range(frames)], samples


def noise(frames, width, height):
    """Pictures that no encoder makes small."""
    picture = random.Random(1).randbytes(width * height * 3)
    return b"".join(picture[n % 997:] + picture[:n % 997] for n in range(frames))


def make(folder, width, height, fps, rate, pictures, samples):
    """A project with one take and a shot of all of it; `pictures`: grey levels, one a frame, or packed RGB."""
    folder = pathlib.Path(folder)
    take = folder / "takes" / "take-1"
    take.mkdir(parents=True)
    if isinstance(pictures, list):
        pictures = b"".join(bytes([level]) * (width * height * 3) for level in pictures)
    frames = len(pictures) // (width * height * 3)
    recipe = {"version": 1, "model": "mini", "prompt": "flash and click", "negative": "", "seed": "1", "width": width,
              "height": height, "frames": frames, "fps": fps, "steps": 8, "guidance": 4, "audio_guidance": 3, "shift": 3,
              "sampler": "euler-linear"}
    (take / "take.json").write_text(json.dumps(
        {"version": 1, "number": 1, "state": "done", "created": 1795000000, "star": False, "note": "", "rate": rate,
         "channels": 1, "recipe": recipe, "result": {"frames": frames, "samples": len(samples), "rate": rate}}))
    (take / "frames.rgb").write_bytes(pictures)
    (take / "audio.f32").write_bytes(samples.tobytes())
    (folder / "project.json").write_text(json.dumps(
        {"version": 1, "title": folder.stem, "takes": ["take-1"],
         "shots": [{"id": "shot-1", "take": "take-1", "in": 0, "out": frames - 1}]}))
    return folder

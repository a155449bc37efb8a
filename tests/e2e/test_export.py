#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`rushes export` in every kind of file: how many frames, how long, in sync, in which colours, and nothing left of a failure."""
import array
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

import film
import matroska
import tap

RUSHES = os.path.abspath(sys.argv[1])
# Preset, ending, the file's own clock in seconds (None: exact), and whether an odd last column or row is kept.
KINDS = (("web", ".mp4", None, False), ("webm", ".webm", 0.001, False), ("av1", ".webm", 0.001, False),
         ("archive", ".mkv", 0.001, True), ("gif", ".gif", 0.01, True), ("png", "", None, True), ("wav", ".wav", None, True))
NTSC = 30000 / 1001
# width, height, frames, frames a second, samples a second: one frame, an aspect each, odd sides, a rate without an end.
SHAPES = ((64, 40, 1, 12, 16000), (66, 42, 25, 12, 16000), (90, 160, 97, 24, 44100), (160, 160, 25, NTSC, 16000),
          (65, 41, 25, 25, 48000))
TWO_FRAMES_OF_CLOCK = 1.5  # of that clock: a time and a length may each be rounded


class Place:
    """A home of its own, and a folder to export to."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp())
        self.out = self.path / "out"
        self.out.mkdir()
        self.environment = {**os.environ, "HOME": str(self.path), "XDG_DATA_HOME": str(self.path / "data"),
                            "XDG_CONFIG_HOME": str(self.path / "config"), "TMPDIR": str(self.path)}
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def export(self, project, target, preset, *more, **how):
        return subprocess.run([RUSHES, "export", project, "-o", target, "-p", preset, *more], env=self.environment,
                              capture_output=True, text=True, check=False, **how)


def times_of(path):
    """When each frame is shown, in seconds."""
    found = json.loads(tap.output("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
                                  "frame=best_effort_timestamp_time", "-of", "json", path))
    return [float(frame["best_effort_timestamp_time"]) for frame in found["frames"]]


def onset(path):
    decoded = array.array("f")
    decoded.frombytes(tap.output("ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-ac", "1", "-ar", "48000", "-"))
    return next(n for n, value in enumerate(decoded) if abs(value) > 0.3) / 48000


def brightest(path, width, height):
    # Every frame as it is stored, once.
    grey = tap.output("ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-")
    size = width * height
    return [n for n in range(len(grey) // size) if sum(grey[n * size:(n + 1) * size]) > 128 * size]


def check_pictures(folder, width, height, frames, flash):
    names = sorted(os.listdir(folder))
    assert names == [*(f"frame-{n:06}.png" for n in range(frames)), "recipe.json"], names[-2:]
    for n in (0, flash, frames - 1):
        stream = tap.probe(folder / names[n])["streams"]["video"]
        assert (stream["width"], stream["height"]) == (width, height)
        assert bool(brightest(folder / names[n], width, height)) == (n == flash), n


def check_file(path, shape, clock, flash):
    width, height, frames, fps, _rate = shape
    seconds, within = frames / fps, TWO_FRAMES_OF_CLOCK * clock if clock else 1e-4
    found = tap.probe(path)
    video, sound = found["streams"].get("video"), found["streams"].get("audio")
    assert abs(float(found["format"]["duration"]) - seconds) <= within, (found["format"]["duration"], seconds)
    shown = flash / fps
    if video:
        assert int(video["nb_read_frames"]) == frames, video["nb_read_frames"]
        assert (video["width"], video["height"]) == (width, height), (video["width"], video["height"])
        times = times_of(path)
        assert all(abs(at - n / fps) <= within for n, at in enumerate(times)), times
        assert brightest(path, width, height) == [flash]
        shown = times[flash]
    for stream in (video, sound):
        if stream and "duration" in stream:
            assert abs(float(stream["duration"]) - seconds) <= within, (stream["duration"], seconds)
    if sound:
        assert abs(onset(path) - shown) < 0.005, (onset(path), shown)


@tap.case
def every_kind_has_its_frames_its_length_and_its_sound_in_place():
    with Place() as place:
        for number, shape in enumerate(SHAPES):
            width, height, frames, fps, rate = shape
            flash = frames * 2 // 3
            project = film.make(place.path / f"{number}.rushes", width, height, fps, rate,
                                *film.flash_and_click(frames, fps, rate, flash))
            for preset, ending, clock, keeps_odd in KINDS:
                # The film where its canvas is the take; the take itself where it has an odd side.
                even = (width & ~1, height & ~1)
                which = [] if even == (width, height) else ["--take", "1"]
                size = (width, height) if keeps_odd else even
                target = place.out / f"{number}-{preset}{ending}"
                done = place.export(project, target, preset, "--unsigned", "--no-watermark", *which)
                assert done.returncode == 0, (preset, shape, done.stderr)
                if preset == "png":
                    check_pictures(target, *size, frames, flash)
                else:
                    check_file(target, (*size, frames, fps, rate), clock, flash)


@tap.case
def matroska_and_webm_say_in_their_own_words_which_colours_they_hold():
    limited_709 = {"matrix": 1, "range": 1, "transfer": 1, "primaries": 1}
    with Place() as place:
        project = film.make(place.path / "a.rushes", 64, 40, 12, 16000, *film.flash_and_click(13, 12, 16000, 5))
        for preset, ending, codec, wanted in (("webm", ".webm", "V_VP9", limited_709), ("av1", ".webm", "V_AV1", limited_709),
                                              ("archive", ".mkv", "V_FFV1", {"matrix": 0, "range": 2, "transfer": 13, "primaries": 1})):
            target = place.out / (preset + ending)
            assert place.export(project, target, preset).returncode == 0
            found = matroska.read(target)
            assert found["video"]["codec"] == codec and (found["video"]["width"], found["video"]["height"]) == (64, 40)
            colour = {key: value for key, value in found["video"]["colour"].items() if key in wanted}
            assert colour == wanted, (preset, found["video"]["colour"])
            seconds = found["info"]["duration"] * found["info"]["timestamp_scale"] / 1e9
            assert abs(seconds - 13 / 12) <= 0.0015, seconds


def big_project(place):
    frames = 48
    return film.make(place.path / "big.rushes", 192, 120, 12, 48000, film.noise(frames, 192, 120), array.array("f", bytes(4 * 48000 * 4)))


def little_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def over_an_old_film(place):
    """Every kind of file, where an old film has the name already."""
    for preset, ending, _clock, _odd in KINDS:
        if preset == "png":
            continue  # a folder, and each of its pictures is a small file
        target = place.out / ("film" + ending)
        target.write_text("the old film")
        yield preset, target
        assert os.listdir(place.out) == [target.name], os.listdir(place.out)
        target.unlink()


@tap.case
def a_full_disk_is_named_and_leaves_what_was_there():
    with Place() as place:
        project = big_project(place)
        for preset, target in over_an_old_film(place):
            done = place.export(project, target, preset, preexec_fn=little_disk)
            assert done.returncode == 6, (preset, done.returncode, done.stderr)
            assert str(target) in done.stderr and "cannot be written" in done.stderr and done.stderr.count("\n") == 1, done.stderr
            assert target.read_text() == "the old film"


@tap.case
def cancel_leaves_what_was_there():
    with Place() as place:
        project = big_project(place)
        for preset, target in over_an_old_film(place):
            running = subprocess.Popen([RUSHES, "export", project, "-o", target, "-p", preset, "--json"], env=place.environment,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            running.stdout.readline()  # it has begun to write
            running.send_signal(signal.SIGINT)
            said = running.communicate()[1]
            if running.returncode == 0:  # it was done already
                continue
            assert running.returncode == 130 and "nothing was left behind" in said, (preset, running.returncode, said)
            assert target.read_text() == "the old film", preset
        pictures = place.out / "pictures"
        running = subprocess.Popen([RUSHES, "export", project, "-o", pictures, "-p", "png", "--json"], env=place.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.stdout.readline()
        running.terminate()
        running.communicate()
        assert os.listdir(place.out) == (["pictures"] if running.returncode == 0 else []), os.listdir(place.out)


@tap.case
def a_target_that_cannot_be_written_is_told_before_the_work():
    with Place() as place:
        project = big_project(place)
        full = place.path / "full"
        full.mkdir()
        (full / "mine.txt").write_text("mine")
        for target, preset, words in ((place.out / "none" / "a.mp4", "web", "its folder is not there"),
                                      (full, "web", "it is a folder"), (full, "png", "there are files in that folder"),
                                      (full / "mine.txt", "png", "it is a file"), ("/sys/a.gif", "gif", "choose another")):
            done = place.export(project, target, preset, "--json")
            assert done.returncode == 4 and done.stdout == "", (preset, done.stdout, done.stderr)
            assert str(target) in done.stderr and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
        assert os.listdir(full) == ["mine.txt"] and (full / "mine.txt").read_text() == "mine" and os.listdir(place.out) == []


@tap.case
def sound_that_is_not_whole_is_told_and_nothing_is_written():
    with Place() as place:
        project = film.make(place.path / "a.rushes", 64, 40, 12, 16000, *film.flash_and_click(25, 12, 16000, 5))
        sound = project / "takes" / "take-1" / "audio.f32"
        whole = sound.read_bytes()
        target = place.out / "film.mp4"
        for kept in (whole[:len(whole) // 2], b""):
            sound.write_bytes(kept)
            done = place.export(project, target, "web")
            assert done.returncode != 0 and "The sound of shot 1 is not whole" in done.stderr and "of 2.08 seconds" in done.stderr, done.stderr
            assert os.listdir(place.out) == []
        sound.write_bytes(whole)
        assert place.export(project, target, "web").returncode == 0


@tap.case
def a_damaged_recipe_beside_pictures_is_told_and_not_taken_for_none():
    with Place() as place:
        project = film.make(place.path / "a.rushes", 64, 40, 12, 16000, *film.flash_and_click(25, 12, 16000, 5))
        target = place.out / "pictures"
        assert place.export(project, target, "png", "--watermark").returncode == 0

        def inspect(*options):
            done = subprocess.run([RUSHES, "inspect", target, *options], env=place.environment, capture_output=True, text=True,
                                  check=False)
            return done.returncode, done.stdout, done.stderr

        assert "flash and click" in inspect("--recipe")[1]
        recipe = target / "recipe.json"
        recipe.write_text(recipe.read_text()[:40] + "\nnonsense")
        status, said, _ = inspect()
        assert f"{recipe} cannot be read as JSON from line" in said, said
        assert "Recipe     none" not in said
        told = json.loads(inspect("--json")[1])
        assert told["recipe"] is None and "cannot be read as JSON" in told["recipe_problem"], told
        status, said, failure = inspect("--recipe")
        assert status == 4 and said == "" and str(recipe) in failure and "cannot be read" in failure, failure
        recipe.unlink()
        assert "carries no recipe" in inspect("--recipe")[2]


tap.run()

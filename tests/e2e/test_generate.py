#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`rushes generate` and its neighbours as a creator runs them, on the bundled model."""
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

import tap

RUSHES, MODELS, CACHE = map(os.path.abspath, sys.argv[1:4])
SMALL = ["--size", "160x96", "--frames", "9", "--steps", "2", "--seed", "7"]
WORDS = "a red fox hops in the snow at night"


class Place:
    """A folder to work in, with its own folder for temporary files that must be empty at the end."""

    def __enter__(self):
        self.path = tempfile.mkdtemp()
        self.temporary = os.path.join(self.path, "tmp")
        os.mkdir(self.temporary)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def __call__(self, name):
        return os.path.join(self.path, name)

    def environment(self, **more):
        return {**os.environ, "TMPDIR": self.temporary, "XDG_CACHE_HOME": CACHE, "RUSHES_MODELS": MODELS, **more}

    def run(self, *arguments, limit=None, **more):
        def restrict():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return subprocess.run([RUSHES, *arguments], env=self.environment(**more), cwd=self.path, capture_output=True,
                              preexec_fn=restrict if limit else None)

    def generate(self, *arguments, **more):
        done = self.run("generate", WORDS, *SMALL, *arguments, **more)
        assert done.returncode == 0, done.stderr
        assert os.listdir(self.temporary) == [], os.listdir(self.temporary)
        return done


def read(path):
    with open(path, "rb") as file:
        return file.read()


@tap.case
def a_clip_has_its_frames_its_sound_and_their_lengths():
    with Place() as place:
        place.generate("-o", "clip.mp4")
        assert sorted(os.listdir(place.path)) == ["clip.mp4", "tmp"]
        found = tap.probe(place("clip.mp4"))
        video, sound = found["streams"]["video"], found["streams"]["audio"]
        assert (video["codec_name"], sound["codec_name"]) == ("h264", "aac")
        assert (video["width"], video["height"], int(video["nb_read_frames"])) == (160, 96, 9)
        assert abs(float(video["duration"]) - 9 / 12) < 1e-4, video["duration"]
        assert abs(float(sound["duration"]) - 9 / 12) < 0.05, sound["duration"]
        assert float(video["start_time"]) == 0 and float(sound["start_time"]) == 0


@tap.case
def a_recipe_renders_the_same_bits_again():
    with Place() as place:
        place.generate("-o", "first.mp4", "--take", place("a"))
        recipe = place.run("inspect", "--recipe", "first.mp4")
        assert recipe.returncode == 0, recipe.stderr
        assert json.loads(recipe.stdout)["prompt"] == WORDS
        with open(place("recipe.json"), "wb") as file:
            file.write(recipe.stdout)
        done = place.run("generate", "--job", "recipe.json", "-o", "second.mp4", "--take", place("b"))
        assert done.returncode == 0, done.stderr
        for name in ("frames.rgb", "audio.f32"):
            assert read(place("a/" + name)) == read(place("b/" + name)), name


@tap.case
def inspect_tells_a_person_how_the_clip_was_made():
    with Place() as place:
        place.generate("-o", "clip.mp4")
        told = place.run("inspect", "clip.mp4").stdout.decode()
        assert WORDS in told and "mini" in told and "160x96" in told, told


@tap.case
def json_lines_tell_a_program_how_it_goes():
    with Place() as place:
        done = place.generate("-o", "clip.mp4", "--json")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        kinds = [event["event"] for event in events]
        assert kinds[-1] == "written" and "accepted" in kinds and "frame" in kinds and "done" in kinds, kinds


@tap.case
def a_clip_can_start_from_a_picture():
    with Place() as place:
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=400x300:rate=1:duration=1", "-frames:v", "1",
                        place("first.png")], check=True)
        place.generate("-o", "plain.mp4", "--take", place("plain"))
        place.generate("-o", "clip.mp4", "--take", place("take"), "--image", "first.png")
        size = 160 * 96 * 3
        condition = read(place("take/condition.rgb"))
        assert len(condition) == size

        def distance(take):
            frame = read(place(take + "/frames.rgb"))[:size]
            return sum(abs(a - b) for a, b in zip(frame, condition)) / size
        assert distance("take") < distance("plain"), (distance("take"), distance("plain"))
        told = json.loads(place.run("inspect", "--recipe", "clip.mp4").stdout)
        assert told["conditioning"]["kind"] == "image" and len(told["conditioning"]["video_sha256"]) == 64


@tap.case
def a_clip_can_continue_another():
    with Place() as place:
        place.generate("-o", "first.mp4")
        place.generate("-o", "next.mp4", "--take", place("take"), "--extend", "first.mp4", "--overlap", "5")
        assert len(read(place("take/condition.rgb"))) == 160 * 96 * 3 * 5
        assert len(read(place("take/condition.f32"))) == 4 * round(5 * 16000 / 12)
        assert int(tap.probe(place("next.mp4"))["streams"]["video"]["nb_read_frames"]) == 9


def children(pid):
    """Processes whose parent is `pid`."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                if int(file.read().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(name))
        except OSError:
            continue
    return found


@tap.case
def a_killed_engine_is_started_again_and_the_clip_is_the_same():
    with Place() as place:
        steps = [*SMALL[:5], "6", *SMALL[6:]]
        done = place.run("generate", WORDS, *steps, "-o", "whole.mp4", "--take", place("whole"))
        assert done.returncode == 0, done.stderr
        process = subprocess.Popen([RUSHES, "generate", WORDS, *steps, "-o", "clip.mp4", "--take", place("take"), "--json"],
                                   env=place.environment(), cwd=place.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        killed = False
        for line in process.stdout:
            event = json.loads(line)
            if not killed and event["event"] == "progress" and event["stage"] == "denoise" and event["step"] >= 2:
                os.kill(children(process.pid)[0], signal.SIGKILL)
                killed = True
        assert process.wait() == 0 and killed, process.stderr.read()
        for name in ("frames.rgb", "audio.f32"):
            assert read(place("take/" + name)) == read(place("whole/" + name)), name


@tap.case
def cancelling_leaves_nothing_behind():
    with Place() as place:
        process = subprocess.Popen([RUSHES, "generate", WORDS, "--steps", "40", "--seed", "7", "-o", "clip.mp4", "--json"],
                                   env=place.environment(), cwd=place.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "progress" and event["stage"] == "denoise" and event["step"] >= 1:
                break
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == 130, process.returncode
        assert os.listdir(place.path) == ["tmp"] and os.listdir(place.temporary) == [], os.listdir(place.path)


def copy_model(folder, **replaced):
    """models/mini with some files replaced by other bytes (None: left out)."""
    os.makedirs(folder)
    for name in os.listdir(os.path.join(MODELS, "mini")):
        if name not in replaced:
            os.symlink(os.path.join(MODELS, "mini", name), os.path.join(folder, name))
    for name, data in replaced.items():
        if data is not None:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)


def with_nan(data):
    """A GGUF file of models/mini with a NaN in its first number: a value or the scale of a block."""
    at = 8

    def take(form):
        nonlocal at
        at += struct.calcsize("<" + form)
        return struct.unpack_from("<" + form, data, at - struct.calcsize("<" + form))[0]

    def text():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length:at]

    tensors, keys = take("Q"), take("Q")
    for _ in range(keys):
        text()
        if take("I") == 8:
            text()
        else:
            assert take("I") == 5
            count = take("Q")
            at += 4 * count
    kinds = []
    for _ in range(tensors):
        text()
        dimensions = take("I")
        at += 8 * dimensions
        kinds.append(take("I"))
        at += 8
    at += -at % 32
    nan = {0: b"\x00\x00\xc0\x7f", 1: b"\x00\x7e", 8: b"\x00\x7e"}[kinds[0]]
    return data[:at] + nan + data[at + len(nan):]


def refuse(status, *arguments, words=WORDS, limit=None, **environment):
    with Place() as place:
        with open(place("clip.mp4"), "w") as file:
            file.write("was here before")
        done = place.run("generate", *([words] if words is not None else []), *arguments, "-o", "clip.mp4", limit=limit,
                         **environment)
        text = done.stderr.decode()
        assert done.returncode == status, (arguments, done.returncode, text)
        assert text.startswith("rushes: ") and text.count("\n") == 1 and text.endswith(".\n"), (arguments, text)
        assert read(place("clip.mp4")) == b"was here before", arguments
        assert sorted(os.listdir(place.path)) == ["clip.mp4", "tmp"] and os.listdir(place.temporary) == [], arguments
        return text


@tap.case
def words_that_cannot_be_used_are_refused_in_one_sentence():
    assert "empty" in refuse(1, words="")
    assert "empty" in refuse(1, words=" \t\n")
    assert "UTF-8" in refuse(1, words=b"a fox \xff\xfe")
    assert "bytes" in refuse(1, words="fox " * 25000)
    assert "words" in refuse(1, words=None)


@tap.case
def impossible_settings_are_refused_in_one_sentence():
    assert "7x7" in refuse(1, "--size", "7x7") and "; 256x176 is the nearest" in refuse(1, "--size", "250x170")
    refuse(1, "--size", "160by96")
    refuse(1, "--size", "4096000x64")
    assert "24 frames" in refuse(1, "--frames", "24")
    refuse(1, "--frames", "100001")
    refuse(1, "--frames", "-3")
    refuse(1, "--steps", "100000")
    refuse(1, "--guidance", "nan", "--steps", "0x")
    refuse(1, "--guidance", "0.2")
    refuse(1, "--seed", "-1")
    refuse(1, "--seconds", "-1")
    refuse(1, "--sampler", "magic")
    refuse(1, "--no-such-option")
    refuse(4, "--image", "/nonexistent.png")
    refuse(4, "--image", "/etc/passwd")
    refuse(4, "--extend", "/etc/passwd")
    refuse(4, "--job", "/etc/passwd")


@tap.case
def a_recipe_without_its_pictures_says_what_to_give():
    for kind, option in (("image", "--image"), ("extend", "--extend")):
        with tempfile.TemporaryDirectory() as folder:
            job = os.path.join(folder, "job.json")
            with open(job, "w") as file:
                json.dump({"version": 1, "model": "mini", "prompt": WORDS, "width": 160, "height": 96, "frames": 9, "steps": 2,
                           "seed": "7", "conditioning": {"kind": kind, "video": "condition.rgb", "frames": 1}}, file)
            text = refuse(4, "--job", job, words=None)
            assert option in text and "condition.rgb is not beside it" in text, text


NOT_NUMBERS = ("", "nan", "inf", "-inf", "0", "-1", "1e999", "0x10", "4 ", "7;", "99999999999999999999")


@tap.case
def a_number_that_is_none_is_refused_by_every_option_that_wants_one():
    options = [("generate", WORDS, "--" + name) for name in
               ("seconds", "frames", "steps", "guidance", "audio-guidance", "shift", "overlap")]
    options += [("bench", "--runs"), ("export", ".", "-o", "film.mp4", "--take"), ("export", ".", "-o", "film.mp4", "--quality")]
    with Place() as place:
        for *command, option in options:
            whole = option in ("--frames", "--steps", "--overlap", "--runs", "--take", "--quality")
            for number in NOT_NUMBERS + (("1.5",) if whole else ()):
                done = place.run(*command, f"{option}={number}")
                text = done.stderr.decode()
                assert done.returncode == 1 and not done.stdout, (command, option, number, done)
                assert text.startswith(f"rushes: {option} wants ") and text.count("\n") == 1, (option, number, text)
        for seed in [number for number in NOT_NUMBERS if number != "0"]:
            done = place.run("generate", WORDS, f"--seed={seed}")
            assert done.returncode == 1 and done.stderr.startswith(b"rushes: --seed wants "), (seed, done)
        assert os.listdir(place.path) == ["tmp"] and os.listdir(place.temporary) == []


@tap.case
def an_unknown_capability_or_device_is_one_sentence_of_every_command():
    with Place() as place:
        for command in (("devices",), ("generate", WORDS), ("verify",), ("verify", "a-mel-16k"), ("bench", "linear"),
                        ("bench", "run")):
            for mask in ("-x", "x", "fp16", "-fp16,-x", "-"):
                done = place.run(*command, "--caps=" + mask)
                text = done.stderr.decode()
                assert done.returncode == 1 and not done.stdout, (command, mask, done)
                assert text.startswith("rushes: ") and text.count("\n") == 1, (command, mask, text)
                assert "'" + mask.split(",")[-1] + "'" in text and "known are: fp16, " in text, (command, mask, text)
            if command != ("devices",):
                done = place.run(*command, "--device", "no such device")
                assert done.returncode == 2 and not done.stdout and done.stderr.count(b"\n") == 1, (command, done)
                assert b"no such device" in done.stderr, (command, done)


@tap.case
def models_that_cannot_be_used_are_refused_in_one_sentence():
    assert "nothing-here" in refuse(4, "--model", "nothing-here")
    mini = os.path.join(MODELS, "mini")
    with tempfile.TemporaryDirectory() as folder:
        def model(name, **replaced):
            path = os.path.join(folder, name)
            copy_model(path, **replaced)
            return path
        weights = read(os.path.join(mini, "vae.gguf"))
        truncated = refuse(4, "--model", model("truncated", **{"vae.gguf": weights[:len(weights) // 2]}))
        assert "vae.gguf" in truncated, truncated
        refuse(4, "--model", model("empty", **{"transformer.gguf": b""}))
        refuse(4, "--model", model("missing", **{"transformer.gguf": None}))
        refuse(4, "--model", model("words", **{"model.json": b"not a model"}))
        refuse(4, "--model", model("tokenizer", **{"tokenizer.model": b"\x00" * 1000}))
        for component in ("vae", "transformer", "text_encoder", "audio_vae", "vocoder"):
            name = component + ".gguf"
            told = refuse(4, "--model", model("nan-" + component, **{name: with_nan(read(os.path.join(mini, name)))}), *SMALL)
            assert name in told and "not a number" in told, told


@tap.case
def a_full_disk_is_told_and_nothing_is_lost():
    assert "clip" not in refuse(6, *SMALL, limit=20000)
    with Place() as place:
        # Room for the checkpoints and not for the pictures: the last step survives, and the job goes on from it.
        done = place.run("generate", WORDS, *SMALL, "-o", "clip.mp4", "--take", place("take"), limit=200000)
        assert done.returncode == 6, (done.returncode, done.stderr)
        assert "step.safetensors" in os.listdir(place("take")), os.listdir(place("take"))
        done = place.generate("-o", "clip.mp4", "--take", place("take"), "--json")
        accepted = next(json.loads(line) for line in done.stdout.splitlines() if b'"accepted"' in line)
        assert accepted["resumed_step"] == 2, accepted


@tap.case
def a_place_that_cannot_be_written_is_found_out_before_the_work():
    with Place() as place:
        for output in ("/nonexistent/clip.mp4", "clip.avi", "tmp"):
            done = place.run("generate", WORDS, "-o", output, "--json")
            assert done.returncode == 4 and done.stderr.count(b"\n") == 1, (output, done.stderr)
            assert b'"accepted"' not in done.stdout, done.stdout


@tap.case
def without_a_device_generate_says_so():
    assert "Vulkan" in refuse(2, VK_ICD_FILENAMES="/nonexistent", VK_DRIVER_FILES="/nonexistent")


@tap.case
def devices_and_models_are_listed():
    with Place() as place:
        devices = json.loads(place.run("devices", "--json").stdout)
        assert devices and devices[0]["name"] and "caps" in devices[0], devices
        masked = json.loads(place.run("devices", "--json", "--caps=-fp16").stdout)
        assert "fp16" not in masked[0]["caps"], masked
        models = json.loads(place.run("models", "--json").stdout)
        assert any(model["id"] == "mini" and model["audio"] for model in models), models
        assert place.run("models", RUSHES_MODELS="/nonexistent").returncode == 4
        assert place.run("devices", VK_ICD_FILENAMES="/nonexistent", VK_DRIVER_FILES="/nonexistent").returncode == 2


@tap.case
def verify_counts_cases_and_tells_their_errors():
    with Place() as place:
        done = place.run("verify", "a-mel-16k", "a-guidance")
        assert done.returncode == 0, done.stderr
        lines = done.stdout.decode().splitlines()
        assert lines[-1] == "2 passed, 0 failed", lines[-1]
        assert any("mel_basis" in line and "e" in line for line in lines), lines
        # A case whose expected numbers are others must fail.
        case = os.path.join(MODELS, "..", "tests", "golden", "cases", "a-mel-16k")
        shutil.copytree(case, place("wrong"))
        path = place("wrong/io.safetensors")
        data = bytearray(read(path))
        header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
        begin, end = header["out.mel"]["data_offsets"]
        at = 8 + struct.unpack("<Q", data[:8])[0] + (begin + end) // 2 // 4 * 4
        data[at:at + 4] = struct.pack("<f", 1e6)
        os.chmod(path, 0o644)
        with open(path, "wb") as file:
            file.write(data)
        done = place.run("verify", "wrong")
        assert done.returncode == 7 and b"0 passed, 1 failed" in done.stdout, done.stdout[-300:]
        assert place.run("verify", "no-such-case").returncode not in (0, 7)
        assert place.run("verify", VK_ICD_FILENAMES="/nonexistent", VK_DRIVER_FILES="/nonexistent").returncode == 2


@tap.case
def bench_times_operations_as_lines_of_json():
    with Place() as place:
        done = place.run("bench", "--json", "linear 33x20x7")
        assert done.returncode == 0, done.stderr
        entries = [json.loads(line) for line in done.stdout.splitlines()]
        assert entries and all(entry["us"] > 0 and entry["gflops"] >= 0 for entry in entries), entries
        assert place.run("bench", "no-such-operation").returncode == 1


@tap.case
def every_command_has_help():
    with Place() as place:
        for command in ("generate", "devices", "models", "verify", "bench", "inspect"):
            done = place.run(command, "--help")
            assert done.returncode == 0 and b"--help" in done.stdout and not done.stderr, command
        assert place.run("--help").returncode == 0
        assert place.run("--version").stdout.startswith(b"rushes ")


tap.run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker program over its protocol: resuming, cancelling, and staying up under nonsense."""
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time

import tap
from worker import Worker

ENGINE, MODELS, CACHE, LOSE_DEVICE = map(os.path.abspath, sys.argv[1:5])
os.makedirs(CACHE, exist_ok=True)
JOB = {"version": 1, "model": "mini", "prompt": "a red fox hops in the snow at night", "seed": "7",
       "width": 160, "height": 96, "frames": 9, "steps": 4}


def start(*options):
    worker = Worker(ENGINE, MODELS, CACHE, *options)
    worker.hello()
    return worker


def contents(take):
    return {name: open(os.path.join(take, name), "rb").read() for name in ("step.safetensors", "frames.rgb", "audio.f32")}


def render(job=JOB):
    """Every file of an uninterrupted run in a worker of its own."""
    with tempfile.TemporaryDirectory() as take:
        worker = start()
        events = worker.run(job, take)
        assert events[-1]["event"] == "done", events[-1]
        assert worker.quit() == 0
        return contents(take)


REFERENCE = {}


def reference():
    if not REFERENCE:
        REFERENCE.update(render())
    return REFERENCE


@tap.case
def the_same_seed_gives_the_same_bits_in_another_process():
    first = reference()
    assert len(first["frames.rgb"]) == 160 * 96 * 3 * 9
    assert render() == first


@tap.case
def another_seed_gives_another_clip():
    assert render({**JOB, "seed": "8"})["frames.rgb"] != reference()["frames.rgb"]


def kill_at(step, stage):
    """Kills the worker with SIGKILL when `stage` reports `step`, starts the job again, compares the bits."""
    with tempfile.TemporaryDirectory() as take:
        worker = start()

        def kill(event):
            if event["event"] == "progress" and event["stage"] == stage and event["step"] >= step:
                worker.kill()
        events = worker.run(JOB, take, kill)
        assert events[-1]["event"] not in ("done", "error"), events[-1]
        worker = start()
        events = worker.run(JOB, take)
        accepted = next(event for event in events if event["event"] == "accepted")
        assert events[-1]["event"] == "done", events[-1]
        assert contents(take) == reference()
        assert sorted(os.listdir(take)) == ["audio.f32", "frames.rgb", "step.safetensors"], os.listdir(take)
        assert worker.quit() == 0
        return accepted["resumed_step"]


@tap.case
def a_job_killed_while_denoising_resumes_bit_for_bit():
    for step in (1, 2, 3):
        resumed = kill_at(step, "denoise")
        assert resumed >= step, (step, resumed)


@tap.case
def a_job_killed_before_the_first_step_starts_again_bit_for_bit():
    assert kill_at(0, "load") == 0
    assert kill_at(1, "text") == 0


@tap.case
def a_job_killed_while_decoding_resumes_bit_for_bit():
    assert kill_at(1, "decode") == 4
    assert kill_at(1, "audio") == 4


@tap.case
def a_job_that_loses_its_device_says_so_and_resumes_bit_for_bit():
    with tempfile.TemporaryDirectory() as take, tempfile.TemporaryDirectory() as other:
        sign = os.path.join(other, "lost")
        worker = Worker(ENGINE, MODELS, CACHE, LD_PRELOAD=LOSE_DEVICE, RUSHES_LOSE_WHEN=sign)
        worker.hello()

        def lose(event):
            if event["event"] == "progress" and event["stage"] == "denoise" and event["step"] == 2:
                open(sign, "w").close()
        told = worker.run(JOB, take, lose)[-1]
        assert told["event"] == "error" and told["code"] == "device", told
        assert "was lost" in told["what"] and "tart the job again" in told["hint"], told
        assert worker.process.wait(timeout=120) == 3
        worker = start()
        events = worker.run(JOB, take)
        assert next(event for event in events if event["event"] == "accepted")["resumed_step"] >= 2, events
        assert contents(take) == reference()
        worker.quit()


@tap.case
def a_checkpoint_of_another_job_is_not_used():
    with tempfile.TemporaryDirectory() as take:
        worker = start()
        worker.run({**JOB, "prompt": "a blue boat on the sea"}, take)
        events = worker.run(JOB, take)
        assert next(event for event in events if event["event"] == "accepted")["resumed_step"] == 0
        assert contents(take) == reference()
        worker.quit()


@tap.case
def a_damaged_checkpoint_starts_the_job_again():
    with tempfile.TemporaryDirectory() as take:
        with open(os.path.join(take, "step.safetensors"), "wb") as file:
            file.write(reference()["step.safetensors"][:200])
        worker = start()
        events = worker.run(JOB, take)
        assert next(event for event in events if event["event"] == "accepted")["resumed_step"] == 0
        assert contents(take) == reference()
        worker.quit()


@tap.case
def jobs_of_other_sizes_in_one_worker_leave_no_trace():
    with tempfile.TemporaryDirectory() as take:
        worker = start()
        events = worker.run({**JOB, "width": 96, "height": 160, "frames": 5, "steps": 2}, take)
        assert events[-1]["event"] == "done", events[-1]
        shutil.rmtree(take)
        os.mkdir(take)
        worker.run(JOB, take)
        assert contents(take) == reference()
        worker.quit()


@tap.case
def progress_never_falls_and_the_end_is_told():
    with tempfile.TemporaryDirectory() as take:
        worker = start()
        events = worker.run(JOB, take)
        worker.quit()
        written = contents(take)
    progress = [event for event in events if event["event"] == "progress"]
    fractions = [event["fraction"] for event in progress]
    assert fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] <= 1, fractions
    stages = list(dict.fromkeys(event["stage"] for event in progress))
    assert stages == ["load", "text", "denoise", "decode", "audio"], stages
    assert [event["index"] for event in events if event["event"] == "frame"][-1] == 8
    done = events[-1]
    assert done["frames"] == 9 and done["samples"] > 0 and len(done["hashes"]["vae"]) == 64
    hashes = {name: hashlib.sha256(written[name]).hexdigest() for name in ("frames.rgb", "audio.f32")}
    assert done["files"] == hashes, done["files"]
    assert done["peak_bytes"] > 0 and done["forecast_bytes"] > 0


@tap.case
def cancel_costs_less_than_a_second_of_both_processors():
    for stage in ("text", "denoise", "decode"):
        with tempfile.TemporaryDirectory() as take:
            worker = start()
            when = []

            def cancel(event):
                if not when and event["event"] == "progress" and event["stage"] == stage and event["step"] >= 1:
                    when.append(worker.processor_seconds())
                    worker.send("cancel", target=worker.id)
            # Long enough to still run when the cancel comes.
            events = worker.run({**JOB, "frames": 25, "steps": 30 if stage != "decode" else 1}, take, cancel)
            assert events[-1]["event"] == "cancelled", (stage, events[-1])
            # What the machine does besides does not count.
            spent = worker.processor_seconds() - when[0]
            print(f"# {stage}: {spent:.2f} s")
            assert spent < os.cpu_count(), (stage, spent)
            assert worker.quit() == 0


@tap.case
def a_cancel_while_the_sound_is_decoded_leaves_nothing_half_written():
    job = {**JOB, "width": 64, "height": 64, "frames": 193, "steps": 1}
    whole = render(job)
    with tempfile.TemporaryDirectory() as take:
        worker = start()
        when = []

        def cancel(event):
            if not when and event["event"] == "progress" and event["stage"] == "audio":
                begun = worker.processor_seconds()
                while worker.processor_seconds() < begun + 0.3:  # of about 2: in the midst of it
                    time.sleep(0.01)
                when.append(worker.processor_seconds())
                worker.send("cancel", target=worker.id)
        events = worker.run(job, take, cancel)
        assert events[-1]["event"] == "cancelled", events[-1]
        assert not [event for event in events if event["event"] == "audio"]
        spent = worker.processor_seconds() - when[0]
        print(f"# sound: {spent:.2f} s")
        assert spent < os.cpu_count(), spent
        # All pictures, the steps to go on from, and no trace of the sound.
        assert sorted(os.listdir(take)) == ["frames.rgb", "step.safetensors"], os.listdir(take)
        assert os.path.getsize(os.path.join(take, "frames.rgb")) == 64 * 64 * 3 * 193
        assert worker.run(job, take)[-1]["event"] == "done"
        assert contents(take) == whole
        assert worker.quit() == 0


@tap.case
def requests_are_answered_while_a_job_runs():
    with tempfile.TemporaryDirectory() as take:
        worker = start()
        number = worker.send("generate", job={**JOB, "steps": 30}, take=take, previews=True)
        while worker.event()["event"] != "accepted":
            pass
        tokens = worker.send("tokenize", model="mini", text="a red fox")
        estimate = worker.send("estimate", job=JOB)
        answers = {}
        while tokens not in answers or estimate not in answers:
            event = worker.event()
            assert event["event"] not in ("done", "error"), event
            answers[event["id"]] = event
        assert answers[tokens]["count"] > 1, answers[tokens]
        assert answers[estimate]["fits"] and answers[estimate]["device_bytes"] > 0, answers[estimate]
        worker.send("cancel", target=number)
        while worker.event()["event"] != "cancelled":
            pass
        worker.quit()


@tap.case
def a_first_forecast_is_rough_and_the_next_comes_from_the_run():
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as take:
        worker = Worker(ENGINE, MODELS, os.path.join(cache, "new", "rushes"))
        worker.hello()
        worker.send("load", model="mini")
        assert worker.event()["event"] == "loaded"
        asked = 0
        while True:
            worker.send("estimate", job=JOB)
            first = worker.event()
            assert first["rough"], first
            if not first.get("measuring"):
                break
            assert first["seconds"] < 0, first  # nothing is claimed before anything is known
            asked += 1
            time.sleep(0.1)
        assert asked > 0 and first["build_s"] > 0 and first["seconds"] > first["build_s"], (asked, first)
        assert worker.run(JOB, take)[-1]["event"] == "done"
        worker.send("estimate", job=JOB)
        second = worker.event()
        assert "rough" not in second and second["seconds"] > 0 and second["build_s"] == 0, second
        worker.quit()


@tap.case
def a_waiting_job_can_be_cancelled_before_its_turn():
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        worker = start()
        running = worker.send("generate", job={**JOB, "steps": 30}, take=first)
        waiting = worker.send("generate", job=JOB, take=second)
        worker.send("cancel", target=waiting)
        while True:
            event = worker.event()
            if event["event"] == "cancelled":
                assert event["id"] == waiting
                break
            assert event["event"] not in ("done", "error"), event
        worker.send("cancel", target=running)
        worker.quit()


@tap.case
def nonsense_gives_one_error_each_and_changes_nothing():
    worker = start()
    lines = [b"", b"nonsense", b"{}", b"\xff\xfe", b"[" * 5000, b'{"request":"dance","id":9}',
             b'{"request":"generate","id":9,"job":{"version":1,"model":"mini"},"take":"/"}',
             b'{"request":"load","id":9,"model":"../../etc"}', b'{"request":"load","id":9,"model":"nothing"}',
             b'{"request":"hello","id":9,"protocol":99}', b"x" * (1024 * 1024 + 200000)]
    for line in lines:
        worker.line(line)
        event = worker.event()
        assert event["event"] == "error" and event["what"].endswith(".") and event["code"], (line[:60], event)
    worker.send("tokenize", model="mini", text="still here")
    assert worker.event()["event"] == "tokens"
    assert worker.quit() == 0


@tap.case
def the_worker_ends_with_its_client_and_on_request():
    worker = start()
    worker.send("quit")
    assert worker.process.wait(timeout=120) == 0
    worker = start()
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(timeout=120) == 0
    assert start().quit() == 0


@tap.case
def without_a_device_the_worker_says_so_and_ends_with_2():
    worker = Worker(ENGINE, MODELS, CACHE, VK_ICD_FILENAMES="/nonexistent", VK_DRIVER_FILES="/nonexistent")
    worker.send("hello", protocol=1)
    event = worker.event()
    assert event["event"] == "error" and event["code"] == "device", event
    assert worker.process.wait(timeout=120) == 2


@tap.case
def a_job_too_large_for_the_device_is_refused_with_what_would_fit():
    worker = start("--budget", "200")
    worker.send("estimate", job={**JOB, "width": 1280, "height": 736, "frames": 97})
    event = worker.event()
    assert event["event"] == "estimate" and not event["fits"], event
    fit = event["what_would_fit"]
    worker.send("estimate", job={**JOB, **fit})
    assert worker.event()["fits"], fit
    with tempfile.TemporaryDirectory() as take:
        events = worker.run({**JOB, "width": 1280, "height": 736, "frames": 97}, take)
        assert events[-1]["event"] == "error" and events[-1]["code"] == "memory", events[-1]
    worker.quit()


@tap.case
def what_would_fit_is_rather_a_smaller_clip_than_a_larger_still():
    worker = start("--budget", "60")
    worker.send("estimate", job={**JOB, "width": 256, "height": 160, "frames": 97})
    fit = worker.event()["what_would_fit"]
    assert (fit["width"], fit["height"]) == (160, 96) and fit["frames"] > 4, fit
    worker.quit()


tap.run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flash and a click pushed at one moment leave the MP4 at one moment, as FFmpeg decodes it."""
import os
import subprocess
import sys
import tempfile

import tap

WRITER = sys.argv[1]


def check(fps, rate, frames, flash, *order):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "clip.mp4")
        subprocess.run([WRITER, path, str(fps), str(rate), str(frames), str(flash), *order], check=True)
        assert os.listdir(folder) == ["clip.mp4"], os.listdir(folder)

        found = tap.probe(path)
        video, sound = found["streams"]["video"], found["streams"]["audio"]
        assert (video["codec_name"], sound["codec_name"]) == ("h264", "aac")
        assert int(video["nb_read_frames"]) == frames, video["nb_read_frames"]
        assert abs(float(video["duration"]) - frames / fps) < 1e-4, video["duration"]
        assert abs(float(sound["duration"]) - frames / fps) < 1e-4, sound["duration"]
        assert abs(float(found["format"]["duration"]) - frames / fps) < 2e-3, found["format"]["duration"]
        assert float(video["start_time"]) == 0 and float(sound["start_time"]) == 0

        bright = tap.luma(path, 250, 160)
        assert [i for i, mean in enumerate(bright) if mean > 128] == [flash], bright
        decoded = tap.samples(path, 48000)
        onset = next(i for i, value in enumerate(decoded) if abs(value) > 0.3)
        assert abs(onset / 48000 - flash / fps) < 0.001, (onset / 48000, flash / fps)


@tap.case
def sound_and_picture_meet_at_12_frames_a_second():
    check(12, 16000, 25, 10)


@tap.case
def the_order_of_pushing_does_not_matter():
    check(24, 16000, 49, 30, "sound")


@tap.case
def a_click_at_the_very_start_is_not_lost():
    check(25, 48000, 50, 0)


@tap.case
def a_long_clip_stays_in_sync_at_its_end():
    check(30, 44100, 600, 590)


tap.run()

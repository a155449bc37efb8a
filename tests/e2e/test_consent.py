#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consent and rights from the command line, with the worker's test double: who may be shown, and what then travels along."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import tap

RUSHES, ENGINE, GRANT = map(os.path.abspath, sys.argv[1:4])
ADA = ["--person", "Ada Example", "--scope", "a short film", "--until", "2999-12-31", "--statement", "You may use my face in it."]


class Place:
    """A person's home, with one picture in it."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp())
        self.environment = {**os.environ, "HOME": str(self.path), "XDG_DATA_HOME": str(self.path / "data"),
                            "XDG_CONFIG_HOME": str(self.path / "config"), "XDG_CACHE_HOME": str(self.path / "cache"),
                            "TMPDIR": str(self.path), "RUSHES_ENGINE": ENGINE, "FAKE_STEP_MS": "0", "FAKE_FRAME_MS": "0"}
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x40:rate=1:duration=1", "-frames:v", "1",
                        self.path / "ada.png"], check=True)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def run(self, *arguments, **more):
        return subprocess.run([RUSHES, *map(str, arguments)], env={**self.environment, **more}, cwd=self.path,
                              capture_output=True, text=True)

    def consent(self, *arguments):
        done = self.run("consent", "add", *ADA, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def generate(self, *arguments, **more):
        return self.run("generate", "a person waves", "-o", "clip.mp4", "--frames", "9", *arguments, **more)

    def refused(self, done, *words):
        assert done.returncode == 1, (done.returncode, done.stderr)
        assert all(word in done.stderr for word in words) and done.stderr.count("\n") == 1, done.stderr
        assert not (self.path / "clip.mp4").exists()

    def recipe(self, clip="clip.mp4"):
        return json.loads(self.run("inspect", "--recipe", clip).stdout)


@tap.case
def a_picture_of_a_person_needs_a_record_that_stands():
    with Place() as place:
        assert place.run("consent", "mark", "ada.png").returncode == 0
        place.refused(place.generate("--image", "ada.png"), "no consent record")
        place.refused(place.generate("--image", "ada.png", "--person", "0"), "no consent record's name")
        record = place.consent()
        shutil.copy(place.path / "ada.png", place.path / "again.png")
        place.refused(place.generate("--image", "again.png"), "no consent record")
        done = place.generate("--image", "again.png", "--person", record)
        assert done.returncode == 0, done.stderr
        assert place.recipe()["consent"]["record"] == record
        (place.path / "clip.mp4").unlink()
        assert place.run("consent", "revoke", record).returncode == 0
        place.refused(place.generate("--image", "ada.png", "--person", record), "Ada Example revoked")


@tap.case
def a_record_that_has_ended_is_refused():
    with Place() as place:
        record = subprocess.run([GRANT, "2"], env=place.environment, capture_output=True, text=True, check=True).stdout.strip()
        while "ended" not in place.run("consent", "list").stdout:
            time.sleep(0.1)
        place.refused(place.generate("--image", "ada.png", "--person", record), "Ada Example ended on", "ask for a new one")


@tap.case
def a_record_for_another_picture_is_refused():
    with Place() as place:
        (place.path / "other.png").write_bytes((place.path / "ada.png").read_bytes() + b" ")
        record = place.consent("--picture", "other.png")
        place.refused(place.generate("--image", "ada.png", "--person", record), "another picture")
        bound = place.consent("--project", "Picnic.rushes")
        place.refused(place.generate("--image", "ada.png", "--person", bound), 'project "Picnic" only')


@tap.case
def an_edited_record_is_refused():
    with Place() as place:
        record = place.consent()
        path = place.path / "data/rushes/consents" / (record + ".consent.json")
        assert path.stat().st_mode & 0o77 == 0
        path.write_text(path.read_text().replace("a short film", "everything!!"))
        place.refused(place.generate("--image", "ada.png", "--person", record), "changed after it was signed")
        listed = place.run("consent", "list")
        assert listed.returncode == 4 and listed.stdout == "" and record in listed.stderr


@tap.case
def what_continues_a_clip_carries_its_record_on():
    with Place() as place:
        record = place.consent()
        assert place.generate("--image", "ada.png", "--person", record).returncode == 0
        picture = hashlib.sha256((place.path / "ada.png").read_bytes()).hexdigest()
        assert f"Starts on  a picture, SHA-256 {picture}\n" in place.run("inspect", "clip.mp4").stdout
        os.rename(place.path / "clip.mp4", place.path / "first.mp4")
        done = place.generate("--extend", "first.mp4", "--overlap", "5")
        assert done.returncode == 0, done.stderr
        assert "Starts on  the last 5 frames of a clip\n" in place.run("inspect", "clip.mp4").stdout
        assert place.recipe()["consent"] == place.recipe("first.mp4")["consent"]
        (place.path / "clip.mp4").unlink()
        place.run("consent", "revoke", record)
        place.refused(place.generate("--extend", "first.mp4", "--overlap", "5"), "revoked")


@tap.case
def credentials_name_the_record():
    with Place() as place:
        record = place.consent()
        assert place.generate("--image", "ada.png", "--person", record).returncode == 0
        clip = (place.path / "clip.mp4").read_bytes()
        mark = clip.find(b"org.rushes.recipe")
        assert mark > 0 and record.encode() in clip[mark:mark + 4000]


@tap.case
def a_revocation_while_the_clip_is_made_leaves_no_clip():
    with Place() as place:
        record = place.consent()
        job = subprocess.Popen([RUSHES, "generate", "a person waves", "-o", "clip.mp4", "--image", "ada.png", "--person", record, "--json"],
                               env={**place.environment, "FAKE_FRAME_MS": "60"}, cwd=place.path, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in job.stdout:
            if json.loads(line)["event"] == "frame":
                break
        assert place.run("consent", "revoke", record).returncode == 0
        _, told = job.communicate()
        assert job.returncode == 1 and "revoked" in told and not (place.path / "clip.mp4").exists(), told


@tap.case
def what_a_record_lacks_is_said():
    with Place() as place:
        for left_out in range(0, 8, 2):
            done = place.run("consent", "add", *ADA[:left_out], *ADA[left_out + 2:])
            assert done.returncode == 1 and "wants --person" in done.stderr, done.stderr
        for until in ("yesterday", "2027-02-30", "2027-06-30 "):
            done = place.run("consent", "add", *ADA[:5], until, *ADA[6:])
            assert done.returncode == 1 and "--until" in done.stderr, done.stderr
        done = place.run("consent", "add", *ADA[:5], "2001-01-01", *ADA[6:])
        assert done.returncode == 1 and "ended on 2001" in done.stderr, done.stderr
        done = place.run("consent", "add", *ADA, "--picture", "none.png")
        assert done.returncode == 4 and "none.png" in done.stderr, done.stderr
        assert place.run("consent", "list").stdout == ""
        done = place.generate("--person", "11111111-1111-4111-8111-111111111111")
        assert "--image" in done.stderr, done.stderr


@tap.case
def a_list_that_is_followed_holds_and_lets_go():
    with Place() as place:
        (place.path / "studio.list").write_text("[Zorgon]\nowner=Zorg Pictures\nreason=not licensed\naction=refuse\n")
        assert place.run("rights", "list").stdout != ""  # also where there is none
        assert place.run("rights", "check", "a crab named Zorgon").returncode == 0
        assert place.run("rights", "subscribe", "studio.list").stdout == "studio.list\n"
        assert place.run("rights", "subscribe", "studio.list").stdout == "studio.list\n"  # once is enough
        place.refused(place.run("rights", "check", "a crab named Z0RGON"), "Zorg Pictures", "not licensed")
        place.refused(place.run("generate", "a crab named Zorgon", "-o", "clip.mp4"), "Zorg Pictures")
        (place.path / "studio.list").write_text("[Zorgon]\naction=warn\n")
        assert "rights list" in place.run("rights", "check", "Zorgon").stdout
        (place.path / "studio.list").unlink()
        place.refused(place.run("generate", "a crab", "-o", "clip.mp4"), "studio.list", "unsubscribe")
        assert place.run("rights", "unsubscribe", "studio.list").returncode == 0
        assert place.run("rights", "check", "Zorgon").returncode == 0
        done = place.run("rights", "unsubscribe", "studio.list")
        assert done.returncode == 4 and "not subscribed" in done.stderr
        (place.path / "bad.list").write_text("[Zorgon]\naction=perhaps\n")
        assert place.run("rights", "subscribe", "bad.list").returncode == 4
        assert os.listdir(place.path / "config/rushes/rights.d") == []


tap.run()

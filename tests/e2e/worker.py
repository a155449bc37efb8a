# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of rushes-engine in a few lines: one worker process, requests out, events in."""
import json
import os
import subprocess


class Worker:
    def __init__(self, engine, models, cache, *options, **environment):
        self.process = subprocess.Popen(
            [engine, "--models", models, "--cache", cache, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        self.id = 0

    def send(self, request, **fields):
        self.id += 1
        self.line(json.dumps({"request": request, "id": self.id, **fields}).encode())
        return self.id

    def line(self, text):
        self.process.stdin.write(text + b"\n")
        self.process.stdin.flush()

    def event(self):
        """The next event that is no log line; None when the worker has closed its output."""
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] != "log":
                return event
        return None

    def hello(self):
        self.send("hello", protocol=1)
        event = self.event()
        assert event["event"] == "ready", event
        return event

    def run(self, job, take, on_event=None):
        """Runs a job to its end and returns all its events; on_event may kill the worker."""
        number = self.send("generate", job=job, take=take, previews=False)
        events = []
        while True:
            event = self.event()
            if event is None:
                return events
            if event.get("id") != number:
                continue
            events.append(event)
            if on_event:
                on_event(event)
            if event["event"] in ("done", "cancelled", "error"):
                return events

    def kill(self):
        self.process.kill()
        self.process.wait()

    def processor_seconds(self):
        """What the worker has used so far, all threads."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def quit(self):
        self.process.stdin.close()
        return self.process.wait(timeout=120)

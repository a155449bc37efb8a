#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The man page and the bash completion against what the program says of itself."""
import re
import subprocess
import sys

import tap

RUSHES, PAGE, COMPLETION = sys.argv[1:4]


def told(*arguments):
    return tap.output(RUSHES, *arguments, "--help").decode()


COMMANDS = re.findall(r"^  (\w+) +\w", told().partition("Commands:")[2], re.MULTILINE)


def options(command):
    found = re.findall(r"^  (?:-\w, )?--([a-z][a-z-]*)", told(command), re.MULTILINE)
    return [name for name in found if name != "help"]


def completed(*words):
    """What Tab offers after these words; the last one is being typed."""
    script = ('source "$1"; shift; COMP_WORDS=(rushes "$@"); COMP_CWORD=$#; _rushes; printf "%s\\n" "${COMPREPLY[@]}"')
    return tap.output("bash", "-c", script, "bash", COMPLETION, *words).decode().split()


@tap.case
def the_man_page_has_every_command_and_option():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read().replace("\\-", "-")
    assert len(COMMANDS) >= 7, COMMANDS
    for command in COMMANDS:
        section = re.search(rf"^\.SS {command}$(.*?)(?=^\.S)", page, re.MULTILINE | re.DOTALL)
        assert section, f"no section about {command}"
        text = section.group(1) + page.partition(".SH DEVICES")[2]
        for option in options(command):
            assert re.search(rf"--{option}(?![a-z-])", text), f"{command} --{option}"


@tap.case
def the_man_page_is_formatted_without_a_warning():
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", PAGE], capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


@tap.case
def completion_offers_every_command_and_option():
    assert set(COMMANDS) <= set(completed("")), COMMANDS
    for command in COMMANDS:
        offered = {word.removeprefix("--") for word in completed(command, "--")} - {"help"}
        assert offered == set(options(command)), (command, offered ^ set(options(command)))
    assert completed("gen") == ["generate"]
    assert completed("generate", "--sampler", "=", "u") == ["unipc"]


tap.run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every tracked source file: an SPDX line, at most 600 lines, no catch-all name, no path of one machine, no registry host,
no mark of unfinished work."""
import os
import re
import subprocess
import sys

SOURCE = (".c", ".h", ".comp", ".glsl", ".py", ".sh")
LIMIT_LINES = 600
CATCH_ALL = re.compile(r"(^|/)(utils?|common|misc|helpers?)\.(c|h|py|glsl)$")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|home/[a-z])/")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
REGISTRY = re.compile(r"https?://[^\s\"']*(registry\.npm|pypi\.org|deb\.debian|crates\.io)", re.IGNORECASE)


def main():
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    problems = {"SPDX line first": [], "at most 600 lines": [], "names say a concept": [], "no machine path or registry host": [],
                "nothing is marked unfinished": []}
    for path in files:
        is_source = path.endswith(SOURCE) or os.path.basename(path) in ("meson.build", "run") and "/corpus/" not in path
        if not is_source or not os.path.isfile(path):
            continue
        text = open(path, encoding="utf-8", errors="replace").read()
        if "SPDX-License-Identifier: GPL-3.0-or-later" not in "\n".join(text.splitlines()[:3]):
            problems["SPDX line first"].append(path)
        lines = text.count("\n")
        if lines > LIMIT_LINES:
            problems["at most 600 lines"].append(f"{path}: {lines}")
        if CATCH_ALL.search(path):
            problems["names say a concept"].append(path)
        if path != "tests/style/check_files.py":
            for number, line in enumerate(text.splitlines(), 1):
                if MACHINE_PATH.search(line) or REGISTRY.search(line):
                    problems["no machine path or registry host"].append(f"{path}:{number}")
                if UNFINISHED.search(line):
                    problems["nothing is marked unfinished"].append(f"{path}:{number}")
    print(f"1..{len(problems)}")
    for number, (rule, found) in enumerate(problems.items(), 1):
        for line in found[:20]:
            print("# " + line)
        print(f"{'not ok' if found else 'ok'} {number} - {rule}")
    return any(problems.values())


if __name__ == "__main__":
    sys.exit(main())

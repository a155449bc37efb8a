#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the results of one or more build folders and prints `N passed, N failed, N skipped`.

Each TAP line of each test program counts; a program that died, timed out or printed no plan counts as one
failure more. Reads meson's testlog*.json, written by the last `meson test` of that folder.
"""
import glob
import json
import re
import sys

LINE = re.compile(r"^(ok|not ok)\b([^#\n]*)(#\s*SKIP)?", re.MULTILINE | re.IGNORECASE)
SKIPPED_PROGRAM = re.compile(r"^1\.\.0\s*#\s*SKIP", re.MULTILINE | re.IGNORECASE)


def count(entry):
    """(passed, failed, skipped) of one test program."""
    text = entry.get("stdout", "")
    passed = failed = skipped = 0
    for verdict, _, skip in LINE.findall(text):
        if skip:
            skipped += 1
        elif verdict.lower() == "ok":
            passed += 1
        else:
            failed += 1
    if SKIPPED_PROGRAM.search(text) or entry["result"] == "SKIP":
        skipped += passed == skipped == 0
    elif entry["result"] not in ("OK", "EXPECTEDFAIL"):
        failed += failed == 0
    elif passed + skipped + failed == 0:
        passed = 1  # an exit-code test without TAP lines
    return passed, failed, skipped


def main(folders):
    total = [0, 0, 0]
    for folder in folders:
        logs = glob.glob(f"{folder}/meson-logs/testlog*.json")
        if not logs:
            print(f"{folder}: no test log was written")
            total[1] += 1
        for log in logs:
            with open(log, encoding="utf-8") as lines:
                for line in lines:
                    entry = json.loads(line)
                    result = count(entry)
                    total = [a + b for a, b in zip(total, result)]
                    if result[1]:
                        print(f"failed: {folder}: {entry['name']} ({entry['result']})")
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

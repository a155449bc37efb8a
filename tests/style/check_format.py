#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every C file is as clang-format 14 writes it with the tree's .clang-format."""
import shutil
import subprocess
import sys


def main():
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    print("1..1")
    if not tool:
        print("not ok 1 - clang-format is installed")
        return 1
    files = subprocess.run(["git", "ls-files", "*.c", "*.h", ":!shaders"], capture_output=True, text=True, check=True).stdout.split()
    bad = []
    for start in range(0, len(files), 50):
        run = subprocess.run([tool, "--dry-run", "-Werror", *files[start : start + 50]], capture_output=True, text=True)
        if run.returncode:
            bad += sorted({line.split(":")[0] for line in run.stderr.splitlines() if ": error:" in line})
    for path in bad:
        print(f"# {path}: run clang-format -i on it")
    print(("not ok" if bad or not files else "ok") + f" 1 - {len(files)} files are formatted")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails when an #include crosses a layer: ui -> app, engine alone, and no GLib, GTK or Vulkan where it does not belong."""
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# What files below a folder must not include: (pattern of the included path, why).
FORBIDDEN = {
    "engine/": [
        (r"^(glib|gio|gtk|gdk|gst|adwaita|gobject|sqlite3|cbor|openssl|curl)", "the engine knows libc, pthreads, Vulkan and cJSON only"),
        (r"^(app|ui)/", "the engine knows nothing of the studio"),
    ],
    "app/": [
        (r"^(gtk|gdk/|adwaita|gtksourceview)", "app has no widgets"),
        (r"^(vulkan|rsh\.h|engine/|gpu/|graph/|ops/|models/|formats/|run/|base/|sample/|ref/)", "app reaches the engine through the protocol only"),
        (r"^ui/", "dependence runs ui -> app"),
    ],
    "ui/": [
        (r"^(vulkan|rsh\.h|engine/|gpu/|graph/|ops/|models/|formats/|run/|base/|sample/|ref/)", "ui reaches the engine through app only"),
    ],
}
# The reference implementations serve tests and `rushes verify`; nothing that renders may lean on them.
REFERENCE = re.compile(r'^ref/')
REFERENCE_USERS = ("engine/ref/", "engine/verify/", "engine/worker/", "tests/")


def tracked():
    out = subprocess.run(["git", "ls-files", "*.c", "*.h", "*.comp", "*.glsl"], capture_output=True, text=True, check=True)
    return out.stdout.split()


def main():
    files = tracked()
    bad = []
    for path in files:
        text = open(path, encoding="utf-8").read()
        for _, name in INCLUDE.findall(text):
            for folder, rules in FORBIDDEN.items():
                if path.startswith(folder):
                    bad += [f"{path} includes {name}: {why}" for pattern, why in rules if re.match(pattern, name)]
            if REFERENCE.match(name) and not path.startswith(REFERENCE_USERS):
                bad.append(f"{path} includes {name}: the reference is for tests and verification")
    print("1..1")
    for line in bad:
        print("# " + line)
    print(("not ok" if bad or not files else "ok") + f" 1 - {len(files)} files stay inside their layer")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Signs three kinds of clip with the program given first and has the one given second change each of their bytes.
# usage: changed_bytes.sh SIGN_CLIP CHANGE_BYTES
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
clips=$(mktemp -d)
trap 'rm -rf "$clips"' EXIT
"$1" "$clips/clip.mp4" "$clips/identity"
"$1" "$clips/film.mp4" "$clips/identity" film
python3 "$here/test_time_stamp.py" "$1" "$clips" >&2 # leaves stamped.mp4
"$2" "$clips/clip.mp4" "$clips/film.mp4" "$clips/stamped.mp4"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Signs clips with the program given first and lets the npm validators judge them. The validators are installed into the
# folder given second, once. usage: validate.sh SIGN_CLIP WORK_FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sign=$1
work=$2
mkdir -p "$work/validators"
cp "$here/package.json" "$here/validate.mjs" "$work/validators/"
if [ ! -d "$work/validators/node_modules/@trustnxt/c2pa-ts" ]; then
  # Neither needs its install script; the native one ships its library inside the package.
  (cd "$work/validators" && npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error >&2)
fi
clips=$work/clips
rm -rf "$clips"
mkdir -p "$clips"
"$sign" "$clips/clip.mp4" "$clips/identity"
"$sign" "$clips/film.mp4" "$clips/identity" film
python3 "$here/test_time_stamp.py" "$sign" "$clips" >&2 # leaves stamped.mp4
cp "$clips/identity/root.pem" "$clips/root.pem"
cd "$work/validators"
exec node validate.mjs "$clips"

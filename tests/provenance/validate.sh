#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes every kind of export with the program given first and lets the npm validators judge them. The validators are installed into the
# folder given second, once. usage: validate.sh SIGN_EXPORTS WORK_FOLDER
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
exports=$work/exports
rm -rf "$exports"
python3 "$here/sign_exports.py" "$sign" "$exports" >&2
cd "$work/validators"
exec node validate.mjs "$exports"

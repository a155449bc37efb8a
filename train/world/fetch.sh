#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetches what the toy world is made of, through npm and apt, into train/work/assets (0.9 GB; about five
# minutes), and builds the sprite sheet. What comes from where under which licence: train/world/SOURCES.md.
# Needs npm and, to install missing packages, root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${RUSHES_TRAIN_WORK:-$here/../work}
assets=$work/assets
mkdir -p "$assets"

tools="python3-torch python3-numpy python3-pil sentencepiece ffmpeg gcc libc6-dev"
if ! dpkg -s $tools >/dev/null 2>&1; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $tools
fi

# npm package -> folder of its last name part
fetch_npm() {
    local folder=$assets/${1##*/}
    [ -d "$folder" ] && return
    (cd "$assets" && archive=$(npm pack --silent "$1@$2" | tail -1) && mkdir -p "$folder.partial" &&
        tar xzf "$archive" -C "$folder.partial" --strip-components=1 && rm -f "$archive" &&
        mv "$folder.partial" "$folder")
}

# Debian package -> folder of its name, unpacked and not installed
fetch_deb() {
    local folder=$assets/$1
    [ -d "$folder" ] && return
    (cd "$assets" && apt-get download -q "$1" && dpkg -x "$1"_*.deb "$folder.partial" &&
        rm -f "$1"_*.deb && mv "$folder.partial" "$folder")
}

for part in 1 2 3 4; do
    fetch_npm "@lobehub/fluent-emoji-anim-$part" 1
done
fetch_npm @lobehub/fluent-emoji-3d 1
fetch_npm emojibase-data 17
fetch_deb tuxpaint-stamps-default
fetch_deb wordnet-base

cd "$here/../.."
[ -s "$work/sprites.json" ] || RUSHES_TRAIN_WORK=$work /usr/bin/python3 -m train.world.sprites
echo "assets and sprite sheet are in $work"

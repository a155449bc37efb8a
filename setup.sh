#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The two commands of Rushes on a fresh Debian 12:
#   ./setup.sh run [WORDS]   installs what is missing, builds, and opens the studio; with no display it
#                            renders a clip of the words (or of a sample prompt) and says where it is
#   ./setup.sh test          installs what the tests need, builds, runs every suite and prints the count
set -euo pipefail
cd "$(dirname "$0")"

build_packages="gcc libc6-dev meson ninja-build pkg-config python3 glslang-tools spirv-tools
  libvulkan-dev libcjson-dev libsqlite3-dev libssl-dev libcbor-dev libebur128-dev libfftw3-dev libcurl4-openssl-dev libespeak-ng-dev libgif-dev libarchive-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgdk-pixbuf-2.0-dev libgtk-4-dev libadwaita-1-dev libgtksourceview-5-dev
  libglib2.0-dev-bin gettext desktop-file-utils"
run_packages="mesa-vulkan-drivers gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-x adwaita-icon-theme espeak-ng-data"
test_packages="clang-format-14 vulkan-validationlayers ffmpeg xvfb xauth openbox dbus dbus-x11 at-spi2-core python3-pyatspi
  gir1.2-atspi-2.0 gir1.2-gtk-4.0 python3-gi xdotool imagemagick x11-apps python3-numpy appstream libasan8 libubsan1 npm nodejs
  man-db groff-base
  python3-torch python3-pil"

say() { printf '\n== %s\n' "$*"; }

# Only what dpkg does not know is asked for, so that a second run needs neither root nor a network.
install() {
  local missing=()
  for package in "$@"; do
    # A program that is there without its package (a newer node, say) counts as installed.
    case $package in nodejs | npm) command -v "${package%js}" >/dev/null && continue ;; esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing ${missing[*]}"
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" apt-get update -q
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

configure() { # folder, meson options
  local folder=$1
  shift
  if [ -f "$folder/build.ninja" ]; then
    meson configure "$folder" "$@"
  else
    meson setup "$folder" "$@"
  fi
}

run() {
  # shellcheck disable=SC2086
  install $build_packages $run_packages
  say "Building"
  configure build -Db_ndebug=true
  ninja -C build
  if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ $# -eq 0 ]; then
    exec build/ui/rushes
  fi
  local words="${*:-A red fox hops in the snow at night}"
  local clip=build/sample.mp4
  say "No window to open: rendering \"$words\""
  build/ui/rushes generate "$words" -o "$clip"
  echo "The clip is $PWD/$clip"
}

run_tests() {
  # shellcheck disable=SC2086
  install $build_packages $run_packages $test_packages
  export RSH_REQUIRE_GPU=1 RUSHES_REQUIRE_DISPLAY=1 LC_ALL=C.UTF-8
  local failed=0
  say "Building with warnings as errors"
  configure build-test --werror -Dbuildtype=debugoptimized
  ninja -C build-test
  say "Running every suite"
  meson test -C build-test --no-rebuild --print-errorlogs || failed=1
  say "Building with the address and undefined-behaviour sanitizers"
  configure build-asan --werror -Db_sanitize=address,undefined -Db_lundef=false
  ninja -C build-asan
  say "Running the suites that gain from the sanitizers"
  meson test -C build-asan --no-rebuild --print-errorlogs --setup asan \
    --suite unit --suite fuzz --suite api || failed=1
  python3 tests/summary.py build-test build-asan || failed=1
  return $failed
}

case ${1:-} in
run)
  shift
  run "$@"
  ;;
test) run_tests ;;
*)
  sed -n '4,8s/^# \{0,1\}//p' "$0"
  exit 2
  ;;
esac

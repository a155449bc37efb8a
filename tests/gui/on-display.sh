#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a command on a display, a session bus and a home of its own. Standard output is the command's alone: what
# services on the bus print goes to standard error.
home=$(mktemp -d)
export HOME="$home" XDG_DATA_HOME="$home/data" XDG_CONFIG_HOME="$home/config" XDG_CACHE_HOME="$home/cache"
dbus-run-session -- xvfb-run -a -s "-screen 0 1280x900x24" sh -c 'exec "$@" >&3 3>&-' command "$@" 3>&1 >&2
status=$?
rm -rf "$home"
exit $status

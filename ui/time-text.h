// SPDX-License-Identifier: GPL-3.0-or-later
//
// time-text.h - lengths of time and sizes of memory as the studio writes them. All owned by the
// caller.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

char *rushes_time_text_clip(double seconds);  // "0:01.04": minutes, seconds, hundredths
char *rushes_time_text_left(double seconds);  // "6 s left", "2 min left", "" when negative
char *rushes_time_text_about(double seconds); // "11 s", "2 min", "1 h 5 min"
char *rushes_time_text_bytes(double bytes);   // "0.6 GB", "12 MB", "340 kB"

G_END_DECLS

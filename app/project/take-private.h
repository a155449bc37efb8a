// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-private.h - a take as its two files see it: take.c (what it is and tells) and take-file.c (its folder
// and take.json).
#pragma once
#include "project/take.h"

struct _RushesTake {
    GObject parent_instance;

    char *folder, *id, *parent;
    int number;
    gint64 created;
    RushesRecipe *recipe;
    RushesTakeState state;
    gboolean star;
    char *note;
    char *error, *flag;
    cJSON *result;
    int rate, channels;

    char *stage;
    double fraction, eta;
    guint thumbnail_serial;
    RushesFrameStore *store;
    GBytes *preview;
    int preview_width, preview_height, preview_frames;
};

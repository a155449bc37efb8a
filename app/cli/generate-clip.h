// SPDX-License-Identifier: GPL-3.0-or-later
// generate-clip.h - a finished take as a signed file: MP4, or what the ending of the path says.
#pragma once
#include <cjson/cJSON.h>
#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct RushesGeneratedClip {
    const char *take;    // its folder
    const cJSON *recipe; // the job as it was accepted, with the worker's result under "made"
    const char *path;
    gboolean is_unsigned; // leave the content credentials out
    gboolean is_unmarked; // leave the invisible mark out
    int frames;           // set by the writing
} RushesGeneratedClip;

gboolean rushes_generate_write_clip(RushesGeneratedClip *clip, GError **error);

G_END_DECLS

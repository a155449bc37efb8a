// SPDX-License-Identifier: GPL-3.0-or-later
//
// sample-file.h - writes one file of samples into a project's media folder: under a temporary name, synced and renamed,
// so that what has a name there is whole. For media.c and speech.c.
#pragma once
#include <stdio.h>

#include "timeline/timeline.h"

G_BEGIN_DECLS

#define RUSHES_SAMPLE_FILE_ENDING ".f32"
#define RUSHES_SAMPLE_FRAME_BYTES (RUSHES_TIMELINE_CHANNELS * sizeof(float))
// Four hours, 5.5 GB: beyond that a file was mistaken, or made to fill the disk.
#define RUSHES_SAMPLE_FILE_MOST                                                                    \
    ((guint64)4 * 3600 * RUSHES_TIMELINE_RATE * RUSHES_SAMPLE_FRAME_BYTES)

typedef struct RushesSampleFile {
    char *path, *temporary;
    FILE *file;
    guint64 bytes;
} RushesSampleFile;

// The media folder, made when it is not there; owned by the caller.
char *rushes_sample_file_folder(RushesProject *project, GError **error);
gboolean rushes_sample_file_open(RushesSampleFile *out, const char *folder, const char *name,
                                 GError **error);
// Interleaved samples at RUSHES_TIMELINE_RATE; refuses more than four hours.
gboolean rushes_sample_file_add(RushesSampleFile *out, const void *data, gsize bytes,
                                GError **error);
// Ends the file and frees what `out` holds; `good` FALSE removes it. Also for one that could not be opened.
gboolean rushes_sample_file_close(RushesSampleFile *out, gboolean good, GError **error);

G_END_DECLS

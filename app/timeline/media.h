// SPDX-License-Identifier: GPL-3.0-or-later
//
// media.h - imported music and voice: any file that GStreamer decodes, kept in the project's folder as plain
// samples, so that mixing is reading. Spoken lines (speech.h) lie there too. Files are named by the SHA-256 of what they were made from.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

// Decodes the sound of the file at `path` into the project's media folder (f32, 48 kHz, stereo). Returns the name to
// put into a sound clip's "media"; importing the same file again returns the same name at once. Blocks; any
// thread. NULL with one sentence when there is no sound in it or the disk is full.
char *rushes_media_import(RushesProject *project, const char *path, GCancellable *cancellable,
                          GError **error);

// The samples of an imported sound, open for reading from any thread.
typedef struct RushesMedia RushesMedia;

// By its media name. NULL with an error when the name is none or the file is gone. Unref it.
RushesMedia *rushes_media_open(RushesProject *project, const char *name, GError **error);
RushesMedia *rushes_media_ref(RushesMedia *self);
void rushes_media_unref(RushesMedia *self);
double rushes_media_seconds(const RushesMedia *self);
// `count` moments from `first` on, f32 at RUSHES_TIMELINE_RATE, interleaved stereo. FALSE and silence when the file no
// longer holds them: somebody may have cut it short since it was opened.
gboolean rushes_media_read(const RushesMedia *self, gint64 first, gsize count, float *out);
// The loudest absolute sample of each of `a_second` spans a second, over both channels; owned by the caller.
float *rushes_media_read_peaks(const RushesMedia *self, guint a_second, gsize *count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesMedia, rushes_media_unref)

G_END_DECLS

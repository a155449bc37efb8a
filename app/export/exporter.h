// SPDX-License-Identifier: GPL-3.0-or-later
//
// exporter.h - a take or the film becomes a file: read frame by frame from a RushesFrameSource, the very one that the
// preview shows, encoded, and signed with content credentials. Runs in a thread of its own.
//
// On failure or cancel nothing is left under the target's name and a file that was there stays as it was. Until it is whole
// everything lies in a hidden folder beside the target; only a killed program leaves that, see export-target.h.
#pragma once
#include "export/clip-container.h"
#include "export/export-inputs.h"
#include "export/picture-marks.h"
#include "playback/frame-source.h"
#include "provenance/credentials.h"

G_BEGIN_DECLS

// What is written. Strings are copied by start.
typedef struct RushesExportOptions {
    RushesContainer container;
    int quality;                         // constant rate factor, 0 (best) to 51; 0 stands for 18
    gboolean normalise;                  // sound brought to -14 LUFS, true peak at most -1 dB
    const char *recipe;                  // JSON, or NULL
    const char *title;                   // for the credentials
    gboolean composite;                  // a film of several takes or with imported sound
    const char *const *edits;            // C2PA actions, or NULL
    const RushesIngredient *ingredients; // copied
    gsize ingredient_count;
    const char *identity_folder; // where the signing key is kept; NULL writes no credentials
    const char *signer;          // name of a new identity
    guint32 tag;                 // names the temporary folder beside the target; 0: by chance
    const RushesMarkSpan *marks; // the invisible mark, copied; see picture-marks.h
    gsize mark_count;
    RushesExportInputs *inputs;   // what it is made from; kept with a reference; or NULL
    gboolean visible_mark;        // the label "MADE WITH AI"
    const char *time_stamp_url;   // of an authority that stamps the signature, or NULL
    gboolean time_stamp_required; // no stamp, no file
} RushesExportOptions;

// A preset by name; FALSE when there is none. rushes_export_preset_name(i) is NULL past the last.
typedef struct RushesExportPreset {
    const char *name;   // "web"
    const char *title;  // "Web"
    const char *detail; // one line for people
    RushesContainer container;
    int quality;
    const char *aspect; // "9:16", or NULL for the film's own
    int shorter_side;   // pixels that the canvas is brought to; 0: as it is
    gboolean normalise;
} RushesExportPreset;
const RushesExportPreset *rushes_export_preset(const char *name);
const RushesExportPreset *rushes_export_preset_at(guint index);

#define RUSHES_TYPE_EXPORTER (rushes_exporter_get_type())
G_DECLARE_FINAL_TYPE(RushesExporter, rushes_exporter, RUSHES, EXPORTER, GObject)

// Properties "fraction" (0 to 1), "eta" (seconds, negative while unknown) and "phase" (for people: "Writing frames"),
// notified on the main context that was the thread's default at start. The source must not change its format while it runs: give it an own composer.
RushesExporter *rushes_exporter_new(RushesFrameSource *source, const char *path,
                                    const RushesExportOptions *options);
// Holds the writing between two frames, and lets it go on; what is held can still be cancelled. Any thread.
void rushes_exporter_set_paused(RushesExporter *self, gboolean paused);
void rushes_exporter_start(RushesExporter *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
gboolean rushes_exporter_finish(RushesExporter *self, GAsyncResult *result, GError **error);
// The same in the calling thread, for headless use.
gboolean rushes_exporter_run(RushesExporter *self, GCancellable *cancellable, GError **error);
// After success: what the creator has to know of the file, as that it has no time stamp although one was asked for, or is
// less loud than wanted; NULL when there is nothing.
const char *rushes_exporter_get_notice(RushesExporter *self);
double rushes_exporter_get_fraction(RushesExporter *self);
double rushes_exporter_get_eta(RushesExporter *self);
const char *rushes_exporter_get_phase(RushesExporter *self); // static

// About how many bytes the file will have, from encoding a few frames of it; 0 when that cannot be said. Blocks for up
// to a second or so; for a thread, of an exporter that is not started.
guint64 rushes_exporter_estimate(RushesExporter *self);

G_END_DECLS

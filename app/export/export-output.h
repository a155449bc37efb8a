// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-output.h - the file that an export writes, whichever kind it is: pictures and sound go in frame by frame.
#pragma once
#include "export/exporter.h"
#include "export/gif-writer.h"
#include "export/limiter.h"
#include "media/clip-writer.h"

G_BEGIN_DECLS

// Zeros: not open. One of the two is set while it is.
typedef struct RushesExportOutput {
    RushesClipWriter *clip;
    RushesGifWriter *gif;
} RushesExportOutput;

// Creates the file `path` (a folder for picture sequences) of options->container, for frames and sound of `format`.
gboolean rushes_export_output_open(RushesExportOutput *out, const char *path,
                                   const RushesExportOptions *options,
                                   const RushesFrameFormat *format, GError **error);
// rgb: packed, format's width x height; NULL for a container without pictures, whose length comes from its frames too.
gboolean rushes_export_output_add_frame(RushesExportOutput *out, const guint8 *rgb, GError **error);
// The source's sound of one frame's time, or what `limiter` (may be NULL) makes of it: then frames must come in order,
// from the first. For containers with sound only.
gboolean rushes_export_output_add_sound(RushesExportOutput *out, RushesFrameSource *source,
                                        const RushesFrameFormat *format, int frame,
                                        RushesLimiter *limiter, GError **error);
gboolean rushes_export_output_finish(RushesExportOutput *out, GError **error);
// Closes what is open; harmless when nothing is.
void rushes_export_output_clear(RushesExportOutput *out);

G_END_DECLS

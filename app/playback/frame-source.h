// SPDX-License-Identifier: GPL-3.0-or-later
//
// frame-source.h - moving pictures with sound that can be asked for by number: a take's frame store,
// or a timeline that composes its frames. The player, the scrub bar and the comparison know nothing
// else of what they show.
//
// Threads   get_format, read_frame and read_samples may be called from any thread at any time.
//           "changed" is emitted on the main thread, when more is ready or the format is another.
#pragma once
#include <glib-object.h>

G_BEGIN_DECLS

typedef struct RushesFrameFormat {
    int width, height; // pixels
    double fps;
    int frames; // of the finished clip
    int ready;  // frames 0 to ready - 1 can be read
    int rate;   // samples a second, 0 without sound
    int channels;
    gint64 samples; // a channel, that can be read
} RushesFrameFormat;

#define RUSHES_TYPE_FRAME_SOURCE (rushes_frame_source_get_type())
G_DECLARE_INTERFACE(RushesFrameSource, rushes_frame_source, RUSHES, FRAME_SOURCE, GObject)

struct _RushesFrameSourceInterface {
    GTypeInterface parent_interface;

    void (*get_format)(RushesFrameSource *self, RushesFrameFormat *format);
    GBytes *(*read_frame)(RushesFrameSource *self, int index, GError **error);
    gboolean (*read_samples)(RushesFrameSource *self, gint64 first, gsize count, float *out,
                             GError **error);
};

void rushes_frame_source_get_format(RushesFrameSource *self, RushesFrameFormat *format);

// Packed RGB, 8 bits each, width * height * 3 bytes; owned by the caller. NULL with an error when
// the frame is not ready or cannot be read.
GBytes *rushes_frame_source_read_frame(RushesFrameSource *self, int index, GError **error);

// Fills out[count * channels], interleaved; silence where there is no sound (yet). FALSE with an error when sound that
// was there cannot be read any more: silence stands in its place, which a preview may play and no file may keep.
gboolean rushes_frame_source_read_samples(RushesFrameSource *self, gint64 first, gsize count,
                                          float *out, GError **error);

// For implementations: say that the format has changed.
void rushes_frame_source_changed(RushesFrameSource *self);

// A picture at most `width` x `height` that keeps the proportions, by averaging: packed RGB with
// its size in the two last arguments. Owned by the caller; NULL when the frame cannot be read.
GBytes *rushes_frame_source_read_thumbnail(RushesFrameSource *self, int index, int width,
                                           int height, int *thumb_width, int *thumb_height);

// The loudest absolute sample in each of `count` equal spans of the whole clip, over all channels: peaks[first] to
// peaks[end - 1] of peaks[count].
void rushes_frame_source_read_peaks(RushesFrameSource *self, guint count, guint first, guint end,
                                    float *peaks);

G_END_DECLS

// SPDX-License-Identifier: GPL-3.0-or-later
//
// clip-decoder.h - one stream of a file, decoded by GStreamer sample by sample. One thread at a time; every
// call may block while the decoder works.
#pragma once
#include <gio/gio.h>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct RushesClipDecoder {
    GstElement *pipeline;
    GstAppSink *sink;
    char *name; // of the file, for people
} RushesClipDecoder;

// `chain` is what stands between the file and the sink, decoders included. FALSE with an error when the
// file cannot be read; clear it in any case.
gboolean rushes_clip_decoder_open(RushesClipDecoder *self, const char *file, const char *chain,
                                  GError **error);
// The next sample, owned by the caller; NULL at the end, or with an error when the file cannot be
// decoded.
GstSample *rushes_clip_decoder_pull(const RushesClipDecoder *self, GError **error);
// The next picture as a frame of `info`, mapped for reading; the caller unmaps it. FALSE at the end, or
// with an error.
gboolean rushes_clip_decoder_pull_frame(const RushesClipDecoder *self, GstVideoFrame *frame,
                                        GError **error);
// What the pipeline says is wrong with the file, or that it holds nothing of the wanted kind. Returns FALSE.
gboolean rushes_clip_decoder_fail(const RushesClipDecoder *self, GError **error);
void rushes_clip_decoder_clear(RushesClipDecoder *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RushesClipDecoder, rushes_clip_decoder_clear)

G_END_DECLS

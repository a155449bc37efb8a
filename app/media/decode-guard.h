// SPDX-License-Identifier: GPL-3.0-or-later
//
// decode-guard.h - what a file from a stranger may not make its decoder do: fetch anything from elsewhere (a playlist or a
// session description is a list of addresses), or build pictures that fill the memory. It also keeps AIFF files from being
// decoded before anything listens.
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define RUSHES_MOST_SIDE   16384    // pixels
#define RUSHES_MOST_PIXELS 67108864 // a picture: 8192 x 8192

// Puts the rules on the pipeline's element `decodebin name=decode`, if it has one, before it plays.
void rushes_decode_guard(GstElement *pipeline);
// Why the decoder was kept from its work, as the end of a sentence; NULL when it was not. Static.
const char *rushes_decode_guard_refusal(GstElement *pipeline);

G_END_DECLS

// SPDX-License-Identifier: GPL-3.0-or-later
//
// clip-container.h - the kinds of file a clip can become, and the GStreamer branches that make each. What a
// kind needs after muxing (edit lists, a folder instead of a file) is its finish.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum RushesContainer {
    RUSHES_CONTAINER_MP4,      // H.264 and AAC; the only one that carries credentials inside
    RUSHES_CONTAINER_WEBM,     // VP9 and Opus
    RUSHES_CONTAINER_WEBM_AV1, // AV1 and Opus
    RUSHES_CONTAINER_MKV, // FFV1 and FLAC: every code value and sample as composed (sound at 24 bits)
    RUSHES_CONTAINER_WAV, // the sound alone, 16 bits
    RUSHES_CONTAINER_PNG, // a folder of numbered pictures
    RUSHES_CONTAINER_GIF, // pictures with at most 256 colours each, no sound
} RushesContainer;

// Name for commands ("mp4", "webm", "av1", "mkv", "wav", "png", "gif"), ending of files (without dot) and media type.
const char *rushes_container_name(RushesContainer container);
const char *rushes_container_ending(RushesContainer container);
const char *rushes_container_media_type(RushesContainer container);
gboolean rushes_container_has_video(RushesContainer container);
gboolean rushes_container_has_sound(RushesContainer container);
// Whether the invisible mark goes in without being asked for: GIF loses it to its 256 colours, and the lossless kinds
// stay as they were composed.
gboolean rushes_container_is_marked(RushesContainer container);
// By name, or by the ending of a path. FALSE when there is none.
gboolean rushes_container_from_name(const char *name, RushesContainer *container);
gboolean rushes_container_from_path(const char *path, RushesContainer *container);

// Whether its pipeline reads pictures as I420, BT.709, limited range (picture-yuv.h), and not as packed RGB.
gboolean rushes_container_wants_yuv(RushesContainer container);

// The pipeline that reads `appsrc name=video` and `appsrc name=audio` and ends in `filesink name=file`. `quality` is a
// constant rate factor, 0 (best) to 51; `channels` is 0 without sound. Owned by the caller; NULL with an error when
// an encoder is not installed. Not for GIF, which has no element.
char *rushes_container_pipeline(RushesContainer container, int quality, int channels,
                                GError **error);

G_END_DECLS

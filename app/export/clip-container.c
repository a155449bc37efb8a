// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/clip-container.h"

#include <gio/gio.h>
#include <gst/gst.h>
#include <string.h>

// AAC players agree on few rates; every one of them plays this, and Opus knows no higher one.
#define AUDIO_RATE 48000
#define QUEUE      "queue max-size-buffers=0 max-size-bytes=0 max-size-time=0"

typedef struct Kind {
    const char *name, *ending, *media_type;
    gboolean has_video, has_sound;
    const char *needs[3]; // elements beyond the base plug-ins
} Kind;

static const Kind kinds[] = {
    [RUSHES_CONTAINER_MP4] = {"mp4", "mp4", "video/mp4", TRUE, TRUE, {"avenc_aac", "mp4mux"}},
    [RUSHES_CONTAINER_WEBM] =
        {"webm", "webm", "video/webm", TRUE, TRUE, {"vp9enc", "opusenc", "webmmux"}},
    [RUSHES_CONTAINER_WEBM_AV1] =
        {"av1", "webm", "video/webm", TRUE, TRUE, {"av1enc", "opusenc", "webmmux"}},
    [RUSHES_CONTAINER_MKV] =
        {"mkv", "mkv", "video/x-matroska", TRUE, TRUE, {"avenc_ffv1", "flacenc", "matroskamux"}},
    [RUSHES_CONTAINER_WAV] = {"wav", "wav", "audio/wav", FALSE, TRUE, {"wavenc"}},
    [RUSHES_CONTAINER_PNG] = {"png", "", "image/png", TRUE, FALSE, {"pngenc", "multifilesink"}},
    [RUSHES_CONTAINER_GIF] = {"gif", "gif", "image/gif", TRUE, FALSE, {NULL}},
};

const char *rushes_container_name(RushesContainer container)
{
    return kinds[container].name;
}

const char *rushes_container_ending(RushesContainer container)
{
    return kinds[container].ending;
}

const char *rushes_container_media_type(RushesContainer container)
{
    return kinds[container].media_type;
}

gboolean rushes_container_has_video(RushesContainer container)
{
    return kinds[container].has_video;
}

gboolean rushes_container_has_sound(RushesContainer container)
{
    return kinds[container].has_sound;
}

gboolean rushes_container_is_marked(RushesContainer container)
{
    return container == RUSHES_CONTAINER_MP4 || container == RUSHES_CONTAINER_WEBM ||
           container == RUSHES_CONTAINER_WEBM_AV1;
}

gboolean rushes_container_from_name(const char *name, RushesContainer *container)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *container = (RushesContainer)i;
            return TRUE;
        }
    return FALSE;
}

gboolean rushes_container_from_path(const char *path, RushesContainer *container)
{
    const char *dot = strrchr(path, '.');

    for (guint i = 0; dot && i < G_N_ELEMENTS(kinds); i++)
        if (*kinds[i].ending && g_ascii_strcasecmp(kinds[i].ending, dot + 1) == 0) {
            *container = (RushesContainer)i;
            return TRUE;
        }
    return FALSE;
}

static gboolean is_installed(const char *element)
{
    g_autoptr(GstElementFactory) factory = gst_element_factory_find(element);

    return factory != NULL;
}

// The installed H.264 encoder with its settings; NULL when there is none.
static char *h264_encoder(int quality)
{
    // No B-frames: decoding order is then showing order, and the first frame needs no edit list. Chroma a little
    // finer than its default: it brings saturated bars from 3 code values off to 1 for hardly a byte.
    if (is_installed("x264enc"))
        return g_strdup_printf(
            "x264enc pass=qual quantizer=%d bframes=0 speed-preset=medium key-int-max=48 "
            "option-string=chroma-qp-offset=-3",
            quality);
    if (is_installed("openh264enc"))
        return g_strdup_printf("openh264enc rate-control=off qp-min=%d qp-max=%d gop-size=48",
                               MAX(quality - 2, 1), MIN(quality + 2, 51));
    return NULL;
}

// Everything between the video source and the muxer. VP9 and AV1 count their quality to 63.
static char *video_branch(RushesContainer container, int quality, GError **error)
{
    int wide_quality = quality * 63 / 51;

    switch (container) {
    case RUSHES_CONTAINER_MP4: {
        g_autofree char *encoder = h264_encoder(quality);
        if (encoder)
            return g_strdup_printf("%s ! h264parse", encoder);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "No H.264 encoder is installed; install the GStreamer ugly or bad plug-ins.");
        return NULL;
    }
    case RUSHES_CONTAINER_WEBM:
        // No look-ahead: at the end this element loses frames that the encoder still holds (13 of 34
        // came out of pure noise with the default).
        return g_strdup_printf(
            "vp9enc end-usage=cq cq-level=%d min-quantizer=0 max-quantizer=%d "
            "target-bitrate=100000000 deadline=1000000 cpu-used=2 row-mt=true timebase=1/90000 "
            "lag-in-frames=0 auto-alt-ref=false keyframe-max-dist=96",
            wide_quality, wide_quality);
    case RUSHES_CONTAINER_WEBM_AV1:
        return g_strdup_printf(
            "av1enc name=av1 end-usage=vbr target-bitrate=100000 min-quantizer=%d max-quantizer=%d "
            "cpu-used=6 lag-in-frames=0 keyframe-max-dist=96 ! av1parse",
            wide_quality, wide_quality);
    case RUSHES_CONTAINER_MKV:
        // The one 8-bit RGB layout that the encoder takes.
        return g_strdup("videoconvert ! video/x-raw,format=BGRx ! avenc_ffv1 slices=4 slicecrc=1");
    case RUSHES_CONTAINER_PNG:
        return g_strdup("videoconvert ! pngenc compression-level=6");
    case RUSHES_CONTAINER_WAV:
    case RUSHES_CONTAINER_GIF:
        break;
    }
    return NULL;
}

static char *audio_branch(RushesContainer container, int channels)
{
    const char *resample = "audioconvert ! audioresample quality=10 ! audio/x-raw,rate=48000";

    switch (container) {
    case RUSHES_CONTAINER_MP4:
        return g_strdup_printf("%s ! avenc_aac bitrate=%d ! aacparse", resample, 96000 * channels);
    case RUSHES_CONTAINER_WEBM:
    case RUSHES_CONTAINER_WEBM_AV1:
        return g_strdup_printf("%s ! opusenc bitrate=%d", resample, 80000 * channels);
    case RUSHES_CONTAINER_MKV:
        return g_strdup("audioconvert dithering=none ! audio/x-raw,format=S24LE ! flacenc");
    case RUSHES_CONTAINER_WAV:
        return g_strdup_printf("%s ! audioconvert ! audio/x-raw,format=S16LE ! wavenc", resample);
    case RUSHES_CONTAINER_PNG:
    case RUSHES_CONTAINER_GIF:
        break;
    }
    return NULL;
}

static const char *muxer(RushesContainer container)
{
    switch (container) {
    case RUSHES_CONTAINER_MP4:
        return "mp4mux name=mux movie-timescale=48000 ! filesink name=file";
    case RUSHES_CONTAINER_WEBM:
    case RUSHES_CONTAINER_WEBM_AV1:
        return "webmmux name=mux ! filesink name=file";
    case RUSHES_CONTAINER_MKV:
        return "matroskamux name=mux ! filesink name=file";
    case RUSHES_CONTAINER_PNG:
        return "multifilesink name=file";
    case RUSHES_CONTAINER_WAV:
        return "filesink name=file";
    case RUSHES_CONTAINER_GIF:
        break;
    }
    return "";
}

gboolean rushes_container_wants_yuv(RushesContainer container)
{
    return container == RUSHES_CONTAINER_MP4 || container == RUSHES_CONTAINER_WEBM ||
           container == RUSHES_CONTAINER_WEBM_AV1;
}

char *rushes_container_pipeline(RushesContainer container, int quality, int channels,
                                GError **error)
{
    const Kind *kind = &kinds[container];
    gboolean one_branch = !(kind->has_video && kind->has_sound);

    for (guint i = 0; i < G_N_ELEMENTS(kind->needs) && kind->needs[i]; i++)
        if (!is_installed(kind->needs[i])) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                        "GStreamer's %s, which %s files need, is not installed; install the good, "
                        "bad and libav "
                        "plug-ins.",
                        kind->needs[i], kind->name);
            return NULL;
        }
    g_autoptr(GString) text = g_string_new(NULL);
    if (kind->has_video) {
        g_autofree char *video = video_branch(container, quality, error);
        if (!video)
            return NULL;
        g_string_append_printf(text, "appsrc name=video ! %s ! " QUEUE " ! %s", video,
                               muxer(container));
    }
    if (kind->has_sound && channels > 0) {
        g_autofree char *audio = audio_branch(container, channels);
        g_string_append_printf(text, " appsrc name=audio ! %s ! " QUEUE " ! %s", audio,
                               one_branch ? muxer(container) : "mux.");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

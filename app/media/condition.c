// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/condition.h"

#include <gst/video/video.h>
#include <string.h>

#include "media/clip-decoder.h"
#include "media/picture-file.h"

#define VIDEO_FILE "condition.rgb"
#define AUDIO_FILE "condition.f32"

// The next frame as packed RGB of the job's size; NULL without an error at the end.
static guint8 *pull_frame(RushesClipDecoder *self, const RushesConditionFormat *format,
                          GError **error)
{
    GstVideoFrame frame;

    if (!rushes_clip_decoder_pull_frame(self, &frame, error))
        return NULL;
    guint8 *pixels = rushes_picture_cover(
        GST_VIDEO_FRAME_PLANE_DATA(&frame, 0), GST_VIDEO_FRAME_WIDTH(&frame),
        GST_VIDEO_FRAME_HEIGHT(&frame), (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0),
        format->width, format->height);
    gst_video_frame_unmap(&frame);
    return pixels;
}

static gboolean write_file(const char *take, const char *name, const void *data, gsize bytes,
                           GError **error)
{
    g_autofree char *path = g_build_filename(take, name, NULL);
    g_autoptr(GError) cause = NULL;

    if (g_file_set_contents(path, data, (gssize)bytes, &cause))
        return TRUE;
    g_set_error(error, G_IO_ERROR,
                cause->code == G_FILE_ERROR_NOSPC ? G_IO_ERROR_NO_SPACE : G_IO_ERROR_FAILED,
                "%s cannot be written: %s", path, cause->message);
    return FALSE;
}

// The first frame of a clip, or a picture of a kind that only GStreamer reads.
static guint8 *read_first_frame(const char *file, const RushesConditionFormat *format,
                                GError **error)
{
    g_auto(RushesClipDecoder) decoder = {0};

    if (!rushes_clip_decoder_open(
            &decoder, file,
            "decodebin name=decode ! videoconvert ! videoflip video-direction=auto ! "
            "videoconvert ! video/x-raw,format=RGB",
            error))
        return NULL;
    guint8 *pixels = pull_frame(&decoder, format, error);
    if (!pixels && error && !*error)
        rushes_clip_decoder_fail(&decoder, error);
    return pixels;
}

static guint8 *read_picture(const char *file, const RushesConditionFormat *format, GError **error)
{
    int width, height;
    g_autoptr(GBytes) rgb = rushes_picture_read(file, &width, &height, error);

    return rgb ? rushes_picture_cover(g_bytes_get_data(rgb, NULL), width, height, (gsize)width * 3,
                                      format->width, format->height)
               : NULL;
}

cJSON *rushes_condition_from_picture(const char *file, const RushesConditionFormat *format,
                                     const char *take, GError **error)
{
    gsize bytes = (gsize)format->width * (gsize)format->height * 3;
    g_autofree guint8 *pixels = rushes_picture_is_known(file)
                                    ? read_picture(file, format, error)
                                    : read_first_frame(file, format, error);

    if (!pixels || !write_file(take, VIDEO_FILE, pixels, bytes, error))
        return NULL;

    cJSON *conditioning = cJSON_CreateObject();
    cJSON_AddStringToObject(conditioning, "kind", "image");
    cJSON_AddStringToObject(conditioning, "video", VIDEO_FILE);
    cJSON_AddNumberToObject(conditioning, "frames", 1);
    return conditioning;
}

// The last `frames` frames, in order, packed; *total is how many the clip has.
static guint8 *pull_last_frames(const char *file, int frames, const RushesConditionFormat *format,
                                int *total, GError **error)
{
    g_auto(RushesClipDecoder) decoder = {0};
    gsize bytes = (gsize)format->width * (gsize)format->height * 3;
    g_autofree guint8 *ring = g_malloc(bytes * (gsize)frames);
    g_autoptr(GError) failure = NULL;
    g_autofree char *chain = g_strdup_printf("decodebin name=decode ! videoconvert ! videoflip "
                                             "video-direction=auto ! videorate ! videoconvert ! "
                                             "video/x-raw,format=RGB,framerate=%d/1000",
                                             (int)(format->fps * 1000.0 + 0.5));
    guint8 *pixels;

    *total = 0;
    if (!rushes_clip_decoder_open(&decoder, file, chain, error))
        return NULL;
    while ((pixels = pull_frame(&decoder, format, &failure))) {
        memcpy(ring + bytes * (gsize)(*total % frames), pixels, bytes);
        (*total)++;
        g_free(pixels);
    }
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (*total < frames) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s has %d frames at %g a second; to continue a clip takes at least %d.",
                    decoder.name, *total, format->fps, frames);
        return NULL;
    }
    guint8 *out = g_malloc(bytes * (gsize)frames);
    for (int i = 0; i < frames; i++)
        memcpy(out + bytes * (gsize)i, ring + bytes * (gsize)((*total + i) % frames), bytes);
    return out;
}

// All samples, mono; empty when the clip is silent.
static GArray *pull_samples(const char *file, int rate)
{
    g_auto(RushesClipDecoder) decoder = {0};
    GArray *samples = g_array_new(FALSE, FALSE, sizeof(float));
    g_autofree char *chain =
        g_strdup_printf("decodebin name=decode ! audioconvert ! audioresample quality=10 ! "
                        "audio/x-raw,format=F32LE,rate=%d,channels=1,layout=interleaved",
                        rate);
    GstSample *sample;

    if (!rushes_clip_decoder_open(&decoder, file, chain, NULL))
        return samples;
    while ((sample = rushes_clip_decoder_pull(&decoder, NULL))) {
        GstBuffer *buffer = gst_sample_get_buffer(sample);
        GstMapInfo map;
        if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
            g_array_append_vals(samples, map.data, (guint)(map.size / sizeof(float)));
            gst_buffer_unmap(buffer, &map);
        }
        gst_sample_unref(sample);
    }
    return samples;
}

cJSON *rushes_condition_from_clip(const char *file, int frames, const RushesConditionFormat *format,
                                  const char *take, GError **error)
{
    gsize bytes = (gsize)format->width * (gsize)format->height * 3;
    int total = 0;

    g_autofree guint8 *pixels = pull_last_frames(file, frames, format, &total, error);
    if (!pixels || !write_file(take, VIDEO_FILE, pixels, bytes * (gsize)frames, error))
        return NULL;
    cJSON *conditioning = cJSON_CreateObject();
    cJSON_AddStringToObject(conditioning, "kind", "extend");
    cJSON_AddStringToObject(conditioning, "video", VIDEO_FILE);
    cJSON_AddNumberToObject(conditioning, "frames", frames);
    if (format->rate <= 0)
        return conditioning;

    g_autoptr(GArray) samples = pull_samples(file, format->rate);
    guint start = (guint)((total - frames) * (double)format->rate / format->fps + 0.5);
    guint wanted = (guint)(frames * (double)format->rate / format->fps + 0.5);
    if (samples->len <= start)
        return conditioning;
    // A sound track that ends a little before its pictures goes on in silence.
    g_autofree float *kept = g_new0(float, wanted);
    memcpy(kept, (float *)(gpointer)samples->data + start,
           MIN(wanted, samples->len - start) * sizeof(float));
    if (!write_file(take, AUDIO_FILE, kept, wanted * sizeof(float), error)) {
        cJSON_Delete(conditioning);
        return NULL;
    }
    cJSON_AddStringToObject(conditioning, "audio", AUDIO_FILE);
    cJSON_AddNumberToObject(conditioning, "samples", wanted);
    return conditioning;
}

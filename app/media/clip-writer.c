// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/clip-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <string.h>
#include <unistd.h>

#include "media/av1-colour.h"
#include "media/mp4-boxes.h"
#include "media/picture-yuv.h"

// AAC players agree on few rates; every one of them plays this.
#define AUDIO_RATE 48000
// Samples that avenc_aac puts before the first one: FFmpeg's encoder delay, one AAC frame. Measured with a
// click (tests/e2e): without the edit list the sound is 21.3 ms late.
#define AAC_PRIMING 1024
#define QUALITY     18
// What may wait for the encoders: enough to keep them busy.
#define FRAMES_AHEAD 8
#define BYTES_AHEAD  (4 * 1024 * 1024)
#define LOOK_AGAIN   (2 * GST_MSECOND)

struct RushesClipWriter {
    char *path, *muxed, *rewritten; // final name, and two temporary ones beside it
    char *recipe;
    RushesClipFormat format;
    gsize frame_bytes;
    int width, height; // as encoded
    GstElement *pipeline;
    GstAppSrc *video, *audio; // NULL where the container has none
    guint64 frames, samples;
};

static gboolean take_bus_error(RushesClipWriter *self, GstMessage *message, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *detail = NULL;
    g_autofree char *name = g_filename_display_name(self->path);

    gst_message_parse_error(message, &cause, &detail);
    if (g_error_matches(cause, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT))
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                    "%s cannot be written: there is no space left on the device.", name);
    else if (detail && strstr(detail, g_strerror(EFBIG)))
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                    "%s cannot be written: it would be larger than files may be there.", name);
    else
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be written: %s", name,
                    cause->message);
    return FALSE;
}

static gboolean check_bus(RushesClipWriter *self, GError **error)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(self->pipeline);
    g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);

    return message ? take_bus_error(self, message, error) : TRUE;
}

static void set_up_sources(RushesClipWriter *self)
{
    const RushesClipFormat *format = &self->format;
    gboolean yuv = rushes_container_wants_yuv(format->container);
    const char *packed = format->pixels == RUSHES_PIXELS_RGBA ? "RGBA" : "RGB";
    g_autoptr(GstCaps) video =
        gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, yuv ? "I420" : packed, "width",
                            G_TYPE_INT, self->width, "height", G_TYPE_INT, self->height,
                            "framerate", GST_TYPE_FRACTION, format->fps_num, format->fps_den,
                            "colorimetry", G_TYPE_STRING, yuv ? "bt709" : "1:1:7:1", NULL);
    if (self->video)
        g_object_set(self->video, "caps", video, "format", GST_FORMAT_TIME, "max-bytes", (guint64)0,
                     NULL);
    if (self->audio) {
        g_autoptr(GstCaps) audio = gst_caps_new_simple(
            "audio/x-raw", "format", G_TYPE_STRING, "F32LE", "layout", G_TYPE_STRING, "interleaved",
            "rate", G_TYPE_INT, format->rate, "channels", G_TYPE_INT, format->channels, NULL);
        g_object_set(self->audio, "caps", audio, "format", GST_FORMAT_TIME, "max-bytes", (guint64)0,
                     NULL);
    }
}

// Between the AV1 encoder and its parser, which reads the colours out of the stream for the muxer.
static GstPadProbeReturn tag_av1(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info,
                                 gpointer data G_GNUC_UNUSED)
{
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstMapInfo map;
    gsize bytes;

    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return GST_PAD_PROBE_OK;
    GByteArray *tagged = rushes_av1_tag_colour(map.data, map.size);
    gst_buffer_unmap(buffer, &map);
    if (!tagged)
        return GST_PAD_PROBE_OK;
    guint8 *unit = g_byte_array_steal(tagged, &bytes);
    g_byte_array_unref(tagged);
    GstBuffer *coloured = gst_buffer_new_wrapped(unit, bytes);
    gst_buffer_copy_into(coloured, buffer, GST_BUFFER_COPY_METADATA, 0, -1);
    gst_buffer_unref(buffer);
    GST_PAD_PROBE_INFO_DATA(info) = coloured;
    return GST_PAD_PROBE_OK;
}

static void tag_colours(RushesClipWriter *self)
{
    g_autoptr(GstElement) encoder = gst_bin_get_by_name(GST_BIN(self->pipeline), "av1");
    g_autoptr(GstPad) pad = encoder ? gst_element_get_static_pad(encoder, "src") : NULL;

    if (pad)
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, tag_av1, NULL, NULL);
}

// Numbered pictures go into a folder, everything else into one file; both have a temporary name at first.
static gboolean open_output(RushesClipWriter *self, GstElement *file, GError **error)
{
    g_autofree char *pictures = g_build_filename(self->muxed, "frame-%06d.png", NULL);
    gboolean is_folder = self->format.container == RUSHES_CONTAINER_PNG;

    g_object_set(file, "location", is_folder ? pictures : self->muxed, NULL);
    if (!is_folder || g_mkdir(self->muxed, 0755) == 0)
        return TRUE;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s cannot be created: %s.",
                self->path, g_strerror(errno));
    return FALSE;
}

RushesClipWriter *rushes_clip_writer_new(const char *path, const RushesClipFormat *format,
                                         GError **error)
{
    g_autoptr(RushesClipWriter) self = g_new0(RushesClipWriter, 1);

    g_return_val_if_fail(format->width > 1 && format->height > 1 && format->fps_num > 0 &&
                             format->fps_den > 0,
                         NULL);
    gst_init(NULL, NULL);
    self->path = g_strdup(path);
    self->format = *format;
    // Colour in pairs of pixels has no odd last column or row; the film's canvas leaves it out too.
    gboolean in_pairs = rushes_container_wants_yuv(format->container);
    self->width = in_pairs ? MAX(2, format->width & ~1) : format->width;
    self->height = in_pairs ? MAX(2, format->height & ~1) : format->height;
    self->frame_bytes = (gsize)format->width * (gsize)format->height *
                        (format->pixels == RUSHES_PIXELS_RGBA ? 4 : 3);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    self->muxed = g_strdup_printf("%s/.%s.%08x.media", folder, base, g_random_int());
    self->rewritten = g_strdup_printf("%s/.%s.%08x.part", folder, base, g_random_int());

    g_autofree char *text = rushes_container_pipeline(
        format->container, format->quality > 0 ? format->quality : QUALITY,
        format->rate > 0 ? format->channels : 0, error);
    if (!text)
        return NULL;
    self->pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
    if (!self->pipeline)
        return NULL;

    g_autoptr(GstElement) file = gst_bin_get_by_name(GST_BIN(self->pipeline), "file");
    if (!open_output(self, file, error))
        return NULL;
    // Each is there when the container has such a branch, and NULL otherwise.
    self->video = (GstAppSrc *)gst_bin_get_by_name(GST_BIN(self->pipeline), "video");
    self->audio = (GstAppSrc *)gst_bin_get_by_name(GST_BIN(self->pipeline), "audio");
    set_up_sources(self);
    tag_colours(self);
    if (gst_element_set_state(self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        if (check_bus(self, error))
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be written.", path);
        return NULL;
    }
    return g_steal_pointer(&self);
}

void rushes_clip_writer_set_recipe(RushesClipWriter *self, const char *json)
{
    g_free(self->recipe);
    self->recipe = g_strdup(json);
}

// Waits until the encoders have taken most of what was pushed. Not left to the source itself: one that blocks does so
// for ever when the pipeline behind it has ended with an error, as on a full disk.
static gboolean wait_for_room(RushesClipWriter *self, GstAppSrc *source, GError **error)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(self->pipeline);
    guint64 most = MAX((guint64)self->frame_bytes * FRAMES_AHEAD, BYTES_AHEAD);

    while (gst_app_src_get_current_level_bytes(source) > most) {
        g_autoptr(GstMessage) message =
            gst_bus_timed_pop_filtered(bus, LOOK_AGAIN, GST_MESSAGE_ERROR);
        if (message)
            return take_bus_error(self, message, error);
    }
    return TRUE;
}

static gboolean push(RushesClipWriter *self, GstAppSrc *source, const void *data, gsize bytes,
                     GstClockTime start, GstClockTime end, GError **error)
{
    if (!wait_for_room(self, source, error))
        return FALSE;
    GstBuffer *buffer = gst_buffer_new_memdup(data, bytes);
    GST_BUFFER_PTS(buffer) = start;
    GST_BUFFER_DURATION(buffer) = end - start;
    if (gst_app_src_push_buffer(source, buffer) != GST_FLOW_OK) {
        if (check_bus(self, error))
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be written.", self->path);
        return FALSE;
    }
    return check_bus(self, error);
}

static gboolean push_yuv(RushesClipWriter *self, const guint8 *pixels, GstClockTime start,
                         GstClockTime end, GError **error)
{
    GstVideoInfo info;
    RushesPlane planes[3];

    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, (guint)self->width,
                              (guint)self->height);
    g_autofree guint8 *yuv = g_malloc0(GST_VIDEO_INFO_SIZE(&info));
    for (guint i = 0; i < 3; i++)
        planes[i] = (RushesPlane){yuv + GST_VIDEO_INFO_PLANE_OFFSET(&info, i),
                                  (gsize)GST_VIDEO_INFO_PLANE_STRIDE(&info, i)};
    rushes_picture_to_yuv(pixels, self->format.pixels == RUSHES_PIXELS_RGBA ? 4 : 3,
                          self->frame_bytes / (gsize)self->format.height, self->width, self->height,
                          planes);
    return push(self, self->video, yuv, GST_VIDEO_INFO_SIZE(&info), start, end, error);
}

gboolean rushes_clip_writer_add_frame(RushesClipWriter *self, const guint8 *pixels, GError **error)
{
    const RushesClipFormat *format = &self->format;
    guint64 second = GST_SECOND * (guint64)format->fps_den, rate = (guint64)format->fps_num;
    GstClockTime start = gst_util_uint64_scale(self->frames, second, rate);
    GstClockTime end = gst_util_uint64_scale(self->frames + 1, second, rate);

    self->frames++;
    if (!self->video)
        return TRUE;
    if (rushes_container_wants_yuv(format->container))
        return push_yuv(self, pixels, start, end, error);
    // GStreamer wants rows padded to 4 bytes; ours are packed.
    gsize row = self->frame_bytes / (gsize)format->height, padded = (row + 3) & ~(gsize)3;
    if (row == padded)
        return push(self, self->video, pixels, self->frame_bytes, start, end, error);
    g_autofree guint8 *rows = g_malloc0(padded * (gsize)format->height);
    for (gsize y = 0; y < (gsize)format->height; y++)
        memcpy(rows + y * padded, pixels + y * row, row);
    return push(self, self->video, rows, padded * (gsize)format->height, start, end, error);
}

gboolean rushes_clip_writer_add_samples(RushesClipWriter *self, const float *samples, gsize count,
                                        GError **error)
{
    if (!self->audio)
        return TRUE;
    guint64 rate = (guint64)self->format.rate;
    const gsize piece = 16384; // small enough for the source to push back

    for (gsize at = 0; at < count;) {
        gsize now = MIN(piece, count - at);
        GstClockTime start = gst_util_uint64_scale(self->samples, GST_SECOND, rate);
        GstClockTime end = gst_util_uint64_scale(self->samples + now, GST_SECOND, rate);
        gsize values = (gsize)self->format.channels;
        if (!push(self, self->audio, samples + at * values, now * values * sizeof(float), start,
                  end, error))
            return FALSE;
        self->samples += now;
        at += now;
    }
    return TRUE;
}

// Says the name that the file was to have, and not one that it has while it is made.
static gboolean fail_by_name(const RushesClipWriter *self, const GError *cause, GError **error)
{
    g_autofree char *name = g_filename_display_name(self->path);
    const char *temporary[] = {self->muxed, self->rewritten};
    g_autoptr(GString) message = g_string_new(cause->message);

    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ||
        g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOSPC)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                    "%s cannot be written: there is no space left on the device.", name);
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(temporary); i++) {
        g_autofree char *hidden = g_filename_display_name(temporary[i]);
        g_string_replace(message, hidden, name, 0);
    }
    g_set_error_literal(error, cause->domain, cause->code, message->str);
    return FALSE;
}

static gboolean rewrite_mp4(RushesClipWriter *self, GError **error)
{
    RushesMp4Edit edit = {
        .audio_skip = AAC_PRIMING,
        .audio_rate = AUDIO_RATE,
        .recipe = self->recipe,
    };
    g_autoptr(GError) cause = NULL;

    if (self->samples > 0)
        edit.audio_samples =
            gst_util_uint64_scale_round(self->samples, AUDIO_RATE, (guint64)self->format.rate);
    return rushes_mp4_rewrite(self->muxed, self->rewritten, &edit, &cause) ||
           fail_by_name(self, cause, error);
}

static gboolean write_recipe(const RushesClipWriter *self, GError **error)
{
    g_autofree char *path = g_build_filename(self->muxed, RUSHES_PICTURES_RECIPE, NULL);
    g_autoptr(GError) cause = NULL;

    return g_file_set_contents_full(path, self->recipe, -1,
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                    0644, &cause) ||
           fail_by_name(self, cause, error);
}

// A file or a folder must be on the disk before its name says that it is whole.
static gboolean sync_output(const char *path)
{
    int fd = g_open(path, O_RDONLY | O_CLOEXEC, 0);
    gboolean synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return synced;
}

static void remove_output(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        g_unlink(inside);
    }
    g_remove(path);
}

gboolean rushes_clip_writer_finish(RushesClipWriter *self, GError **error)
{
    if (self->frames == 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "A clip without a frame cannot be written.");
        return FALSE;
    }
    if (self->video)
        gst_app_src_end_of_stream(self->video);
    if (self->audio)
        gst_app_src_end_of_stream(self->audio);

    g_autoptr(GstBus) bus = gst_element_get_bus(self->pipeline);
    g_autoptr(GstMessage) message =
        gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        return take_bus_error(self, message, error);
    gst_element_set_state(self->pipeline, GST_STATE_NULL);

    if (self->format.container == RUSHES_CONTAINER_MP4 && !rewrite_mp4(self, error))
        return FALSE;
    if (self->format.container == RUSHES_CONTAINER_PNG && self->recipe &&
        !write_recipe(self, error))
        return FALSE;
    const char *finished =
        self->format.container == RUSHES_CONTAINER_MP4 ? self->rewritten : self->muxed;
    if (sync_output(finished) && g_rename(finished, self->path) == 0)
        return TRUE;
    int cause = errno;
    g_autofree char *name = g_filename_display_name(self->path);
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(cause), "%s cannot be written: %s.", name,
                g_strerror(cause));
    return FALSE;
}

void rushes_clip_writer_free(RushesClipWriter *self)
{
    if (!self)
        return;
    if (self->pipeline)
        gst_element_set_state(self->pipeline, GST_STATE_NULL);
    g_clear_object(&self->video);
    g_clear_object(&self->audio);
    g_clear_object(&self->pipeline);
    if (self->muxed)
        remove_output(self->muxed);
    if (self->rewritten)
        g_unlink(self->rewritten);
    g_free(self->path);
    g_free(self->muxed);
    g_free(self->rewritten);
    g_free(self->recipe);
    g_free(self);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/media.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "media/decode-guard.h"
#include "media/steady-file.h"
#include "rushes-error.h"
#include "timeline/sample-file.h"

static char *hash_file(const char *path, GError **error)
{
    // A pipe would be waited for, a device would never end.
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "%s: there is no such file; choose a music or voice file.", path);
        return NULL;
    }
    g_autoptr(GError) reason = NULL;
    char *hash = rushes_steady_file_checksum(path, &reason);

    if (!hash)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "%s Choose another file, or allow that it is read.", reason->message);
    return hash;
}

// ---- decoding ----
// How long a decoder may give nothing and take nothing of its file, while it says neither that it has ended nor that it
// failed: some of GStreamer's never say either.
#define STALLED (20 * G_USEC_PER_SEC)

// What the decoder last did: sound has come, or more of the file was read.
typedef struct Pulse {
    gint64 read; // bytes of the file
    gint64 time; // monotonic
} Pulse;

static gboolean has_stalled(GstElement *pipeline, Pulse *pulse)
{
    g_autoptr(GstElement) file = gst_bin_get_by_name(GST_BIN(pipeline), "file");
    gint64 read = -1, now = g_get_monotonic_time();

    gst_element_query_position(file, GST_FORMAT_BYTES, &read);
    if (read != pulse->read)
        *pulse = (Pulse){.read = read, .time = now};
    return now - pulse->time > STALLED;
}

static gboolean pull_samples(GstElement *pipeline, GstAppSink *sink, RushesSampleFile *out,
                             GCancellable *cancellable, GError **error)
{
    Pulse pulse = {.read = -1, .time = g_get_monotonic_time()};

    while (!g_cancellable_set_error_if_cancelled(cancellable, error)) {
        g_autoptr(GstSample) sample = gst_app_sink_try_pull_sample(sink, 200 * GST_MSECOND);
        if (sample) {
            GstMapInfo map;
            GstBuffer *buffer = gst_sample_get_buffer(sample);
            if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_READ))
                continue;
            gboolean written = rushes_sample_file_add(out, map.data, map.size, error);
            gst_buffer_unmap(buffer, &map);
            if (!written)
                return FALSE;
            pulse.time = g_get_monotonic_time();
        } else if (gst_app_sink_is_eos(sink)) {
            return TRUE;
        } else {
            g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
            g_autoptr(GstMessage) message =
                gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
            g_autoptr(GError) reason = NULL;
            if (!message && !has_stalled(pipeline, &pulse))
                continue;
            if (!message) {
                g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                            "its decoder gives no sound and does not end; choose a music or voice "
                            "file, or convert it to WAV or FLAC first.");
                return FALSE;
            }
            if (GST_MESSAGE_TYPE(message) ==
                GST_MESSAGE_EOS) // the file ended and never had a sound stream
                return TRUE;
            gst_message_parse_error(message, &reason, NULL);
            // Said of pictures and of films without sound too.
            if (g_error_matches(reason, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
                g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                            "it holds no sound that can be decoded here; choose a music or voice "
                            "file, or convert it to WAV or FLAC first.");
            else
                g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                            "its sound cannot be decoded (%s); choose another file, or convert it "
                            "to WAV or FLAC first.",
                            reason->message);
            return FALSE;
        }
    }
    return FALSE;
}

static gboolean decode(const char *path, RushesSampleFile *out, GCancellable *cancellable,
                       GError **error)
{
    g_autofree char *text =
        g_strdup_printf("filesrc name=file ! decodebin name=decode expose-all-streams=false "
                        "caps=\"audio/x-raw(ANY)\" ! audioconvert ! audioresample ! "
                        "audio/x-raw,format=F32LE,rate=%d,channels=%d,layout=interleaved ! "
                        "appsink name=sink sync=false max-buffers=64",
                        RUSHES_TIMELINE_RATE, RUSHES_TIMELINE_CHANNELS);
    g_autoptr(GstElement) pipeline = gst_parse_launch(text, error);

    if (!pipeline)
        return FALSE;
    g_autoptr(GstElement) file = gst_bin_get_by_name(GST_BIN(pipeline), "file");
    g_autoptr(GstElement) sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    g_object_set(file, "location", path, NULL);
    rushes_decode_guard(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gboolean good = pull_samples(pipeline, GST_APP_SINK(sink), out, cancellable, error);
    const char *refusal = rushes_decode_guard_refusal(pipeline);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    if (refusal && !g_cancellable_is_cancelled(cancellable)) {
        g_clear_error(error);
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT, "%s.", refusal);
        good = FALSE;
    }
    if (good && out->bytes < RUSHES_SAMPLE_FRAME_BYTES) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "it holds no sound; choose a music or voice file.");
        good = FALSE;
    }
    if (!good)
        g_prefix_error(error, "%s: ", path);
    return good;
}

char *rushes_media_import(RushesProject *project, const char *path, GCancellable *cancellable,
                          GError **error)
{
    g_autofree char *folder = rushes_sample_file_folder(project, error);
    g_autofree char *hash = folder ? hash_file(path, error) : NULL;
    RushesSampleFile out = {0};

    if (!hash)
        return NULL;
    g_autofree char *name = g_strconcat(hash, RUSHES_SAMPLE_FILE_ENDING, NULL);
    g_autofree char *there = g_build_filename(folder, name, NULL);
    if (g_file_test(there, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer(&name);
    gboolean good = rushes_sample_file_open(&out, folder, name, error) &&
                    decode(path, &out, cancellable, error);
    return rushes_sample_file_close(&out, good, error) ? g_steal_pointer(&name) : NULL;
}

// ---- reading ----
struct RushesMedia {
    RushesSteadyFile file;
    guint64 frames; // moments: a sample for each channel
};

RushesMedia *rushes_media_open(RushesProject *project, const char *name, GError **error)
{
    // Only what an import made: 64 hex digits, so that no edited project reaches outside its folder.
    gboolean valid = strlen(name) == 64 + strlen(RUSHES_SAMPLE_FILE_ENDING) &&
                     g_str_has_suffix(name, RUSHES_SAMPLE_FILE_ENDING) &&
                     strspn(name, "0123456789abcdef") == 64;
    if (!valid) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "\"%s\" is no name of an imported sound; import it again", name);
        return NULL;
    }
    g_autofree char *path =
        g_build_filename(rushes_project_get_folder(project), "media", name, NULL);
    g_autoptr(RushesMedia) self = g_atomic_rc_box_new0(RushesMedia);
    self->file.fd = -1;
    if (!rushes_steady_file_open(&self->file, path, NULL)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "media/%s cannot be read; put it back, or import the sound again.", name);
        return NULL;
    }
    if (self->file.bytes > RUSHES_SAMPLE_FILE_MOST) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "media/%s is longer than the four hours that an import makes; import the sound "
                    "again.",
                    name);
        return NULL;
    }
    self->frames = self->file.bytes / RUSHES_SAMPLE_FRAME_BYTES;
    return g_steal_pointer(&self);
}

RushesMedia *rushes_media_ref(RushesMedia *self)
{
    return g_atomic_rc_box_acquire(self);
}

static void media_clear(gpointer data)
{
    rushes_steady_file_clear(&((RushesMedia *)data)->file);
}

void rushes_media_unref(RushesMedia *self)
{
    g_atomic_rc_box_release_full(self, media_clear);
}

double rushes_media_seconds(const RushesMedia *self)
{
    return (double)self->frames / RUSHES_TIMELINE_RATE;
}

gboolean rushes_media_read(const RushesMedia *self, gint64 first, gsize count, float *out)
{
    if (rushes_steady_file_read(&self->file, (guint64)first * RUSHES_SAMPLE_FRAME_BYTES, out,
                                count * RUSHES_SAMPLE_FRAME_BYTES, NULL))
        return TRUE;
    memset(out, 0, count * RUSHES_SAMPLE_FRAME_BYTES);
    return FALSE;
}

float *rushes_media_read_peaks(const RushesMedia *self, guint a_second, gsize *count)
{
    gsize frames = (gsize)self->frames, span = MAX(1, RUSHES_TIMELINE_RATE / a_second);
    g_autofree float *values = g_new(float, span *RUSHES_TIMELINE_CHANNELS);

    *count = (frames + span - 1) / span;
    float *peaks = g_new0(float, MAX(1, *count));
    for (gsize i = 0; i < *count; i++) {
        gsize now = MIN(span, frames - i * span);
        rushes_media_read(self, (gint64)(i * span), now, values);
        for (gsize n = 0; n < now * RUSHES_TIMELINE_CHANNELS; n++) {
            float loud = fabsf(values[n]);
            peaks[i] = loud > peaks[i] ? loud : peaks[i]; // a NaN of a damaged file is not louder
        }
    }
    return peaks;
}

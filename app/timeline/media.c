// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/media.h"

#include <errno.h>
#include <espeak-ng/speak_lib.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "rushes-error.h"
#include "timeline/timeline.h"

#define ENDING          ".f32"
#define FRAME_BYTES     (RUSHES_TIMELINE_CHANNELS * sizeof(float))
#define MAX_MEDIA_BYTES ((guint64)4 * 3600 * RUSHES_TIMELINE_RATE * FRAME_BYTES) // four hours
#define MAX_WORDS_BYTES 4096

static char *media_folder(RushesProject *project, GError **error)
{
    char *folder = g_build_filename(rushes_project_get_folder(project), "media", NULL);

    if (g_mkdir_with_parents(folder, 0755) == 0)
        return folder;
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be created (%s)", folder,
                g_strerror(errno));
    g_free(folder);
    return NULL;
}

static char *hash_file(const char *path, GError **error)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);

    if (!file)
        return NULL;
    g_autoptr(GBytes) bytes = g_mapped_file_get_bytes(file);
    return g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
}

// ---- writing: a temporary name, synced and renamed ----
typedef struct SampleFile {
    char *path, *temporary;
    FILE *file;
    guint64 bytes;
} SampleFile;

static gboolean sample_file_open(SampleFile *out, const char *folder, const char *name,
                                 GError **error)
{
    out->path = g_build_filename(folder, name, NULL);
    out->temporary = g_strconcat(out->path, ".new", NULL);
    out->file = fopen(out->temporary, "we");
    if (!out->file)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)",
                    out->temporary, g_strerror(errno));
    return out->file != NULL;
}

static gboolean sample_file_add(SampleFile *out, const void *data, gsize bytes, GError **error)
{
    out->bytes += bytes;
    if (out->bytes > MAX_MEDIA_BYTES) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "The sound is longer than four hours; cut it first");
        return FALSE;
    }
    if (fwrite(data, 1, bytes, out->file) == bytes)
        return TRUE;
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", out->temporary,
                g_strerror(errno));
    return FALSE;
}

// Ends the file; `good` FALSE removes it.
static gboolean sample_file_close(SampleFile *out, gboolean good, GError **error)
{
    if (out->file) {
        gboolean flushed = fflush(out->file) == 0 && fsync(fileno(out->file)) == 0;
        flushed = fclose(out->file) == 0 && flushed;
        if (good && !(flushed && g_rename(out->temporary, out->path) == 0)) {
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)",
                        out->path, g_strerror(errno));
            good = FALSE;
        }
        if (!good)
            g_unlink(out->temporary);
    }
    g_free(out->path);
    g_free(out->temporary);
    return good;
}

// ---- decoding ----
static gboolean pull_samples(GstElement *pipeline, GstAppSink *sink, SampleFile *out,
                             GCancellable *cancellable, GError **error)
{
    while (!g_cancellable_set_error_if_cancelled(cancellable, error)) {
        g_autoptr(GstSample) sample = gst_app_sink_try_pull_sample(sink, 200 * GST_MSECOND);
        if (sample) {
            GstMapInfo map;
            GstBuffer *buffer = gst_sample_get_buffer(sample);
            if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_READ))
                continue;
            gboolean written = sample_file_add(out, map.data, map.size, error);
            gst_buffer_unmap(buffer, &map);
            if (!written)
                return FALSE;
        } else if (gst_app_sink_is_eos(sink)) {
            return TRUE;
        } else {
            g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
            g_autoptr(GstMessage) message =
                gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
            g_autoptr(GError) reason = NULL;
            if (!message)
                continue;
            if (GST_MESSAGE_TYPE(message) ==
                GST_MESSAGE_EOS) // the file ended and never had a sound stream
                return TRUE;
            gst_message_parse_error(message, &reason, NULL);
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                        "its sound cannot be decoded (%s)", reason->message);
            return FALSE;
        }
    }
    return FALSE;
}

static gboolean decode(const char *path, SampleFile *out, GCancellable *cancellable, GError **error)
{
    g_autofree char *text =
        g_strdup_printf("filesrc name=file ! decodebin ! audioconvert ! audioresample ! "
                        "audio/x-raw,format=F32LE,rate=%d,channels=%d,layout=interleaved ! "
                        "appsink name=sink sync=false max-buffers=64",
                        RUSHES_TIMELINE_RATE, RUSHES_TIMELINE_CHANNELS);
    g_autoptr(GstElement) pipeline = gst_parse_launch(text, error);

    if (!pipeline)
        return FALSE;
    g_autoptr(GstElement) file = gst_bin_get_by_name(GST_BIN(pipeline), "file");
    g_autoptr(GstElement) sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    g_object_set(file, "location", path, NULL);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gboolean good = pull_samples(pipeline, GST_APP_SINK(sink), out, cancellable, error);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    if (good && out->bytes < FRAME_BYTES) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "it holds no sound; choose a music or voice file");
        good = FALSE;
    }
    if (!good)
        g_prefix_error(error, "%s: ", path);
    return good;
}

char *rushes_media_import(RushesProject *project, const char *path, GCancellable *cancellable,
                          GError **error)
{
    g_autofree char *folder = media_folder(project, error);
    g_autofree char *hash = folder ? hash_file(path, error) : NULL;
    SampleFile out = {0};

    if (!hash)
        return NULL;
    g_autofree char *name = g_strconcat(hash, ENDING, NULL);
    g_autofree char *there = g_build_filename(folder, name, NULL);
    if (g_file_test(there, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer(&name);
    gboolean good =
        sample_file_open(&out, folder, name, error) && decode(path, &out, cancellable, error);
    return sample_file_close(&out, good, error) ? g_steal_pointer(&name) : NULL;
}

// ---- speech. espeak-ng keeps one voice a process, so one line is spoken at a time. ----
static GMutex speech_lock;
static GArray *spoken; // short, filled by the callback

static int collect_speech(short *samples, int count, espeak_EVENT *events G_GNUC_UNUSED)
{
    if (samples && count > 0)
        g_array_append_vals(spoken, samples, (guint)count);
    return 0;
}

// Linear interpolation is enough for a voice whose band ends far below half of its own rate.
static gboolean write_speech(SampleFile *out, int rate, GError **error)
{
    gsize count = (gsize)((double)spoken->len * RUSHES_TIMELINE_RATE / rate);

    for (gsize i = 0; i < count; i++) {
        double at = (double)i * rate / RUSHES_TIMELINE_RATE;
        guint index = (guint)at;
        double fraction = at - index;
        short a = g_array_index(spoken, short, index);
        short b = index + 1 < spoken->len ? g_array_index(spoken, short, index + 1) : 0;
        float value = (float)((a + fraction * (b - a)) / 32768.0);
        float frame[RUSHES_TIMELINE_CHANNELS] = {value, value};
        if (!sample_file_add(out, frame, sizeof(frame), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean speak_locked(const char *words, const char *voice, SampleFile *out, GError **error)
{
    static int rate;

    if (!rate)
        rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, 0);
    if (rate <= 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "No voice is installed; install the package espeak-ng-data");
        rate = 0;
        return FALSE;
    }
    espeak_SetSynthCallback(collect_speech);
    if (espeak_SetVoiceByName(voice) != EE_OK) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "There is no voice \"%s\"; try \"en\" or \"de+f3\"", voice);
        return FALSE;
    }
    if (espeak_Synth(words, strlen(words) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, NULL) !=
            EE_OK ||
        espeak_Synchronize() != EE_OK || spoken->len == 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "These words cannot be spoken; write some letters");
        return FALSE;
    }
    return write_speech(out, rate, error);
}

char *rushes_media_speak(RushesProject *project, const char *words, const char *voice,
                         GError **error)
{
    g_autofree char *folder = media_folder(project, error);
    SampleFile out = {0};

    if (!folder)
        return NULL;
    if (strlen(words) > MAX_WORDS_BYTES || !g_utf8_validate(words, -1, NULL)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "A spoken line is UTF-8 text of at most %d bytes", MAX_WORDS_BYTES);
        return NULL;
    }
    g_autofree char *key = g_strconcat("espeak-ng\n", voice, "\n", words, NULL);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
    g_autofree char *name = g_strconcat(hash, ENDING, NULL);
    g_mutex_lock(&speech_lock);
    spoken = g_array_new(FALSE, FALSE, sizeof(short));
    gboolean good =
        sample_file_open(&out, folder, name, error) && speak_locked(words, voice, &out, error);
    good = sample_file_close(&out, good, error);
    g_clear_pointer(&spoken, g_array_unref);
    g_mutex_unlock(&speech_lock);
    return good ? g_steal_pointer(&name) : NULL;
}

// ---- reading ----
GMappedFile *rushes_media_map(RushesProject *project, const char *name, GError **error)
{
    // Only what an import made: 64 hex digits, so that no edited project reaches outside its folder.
    gboolean valid = strlen(name) == 64 + strlen(ENDING) && g_str_has_suffix(name, ENDING) &&
                     strspn(name, "0123456789abcdef") == 64;
    if (!valid) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "\"%s\" is no name of an imported sound; import it again", name);
        return NULL;
    }
    g_autofree char *path =
        g_build_filename(rushes_project_get_folder(project), "media", name, NULL);
    GMappedFile *samples = g_mapped_file_new(path, FALSE, error);
    if (!samples)
        g_prefix_error(error, "An imported sound is gone: ");
    return samples;
}

double rushes_media_seconds(GMappedFile *samples)
{
    return (double)(g_mapped_file_get_length(samples) / FRAME_BYTES) / RUSHES_TIMELINE_RATE;
}

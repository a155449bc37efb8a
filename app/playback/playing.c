// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/playing.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <math.h>

#define SAMPLES_A_BUFFER 1024

// Shared with the streaming threads; alive until the pipeline is down.
struct RushesPlaying {
    gatomicrefcount references;
    gboolean stopped; // main thread only
    RushesPlayingFrameFunc on_frame;
    RushesPlayingEndFunc on_end;
    gpointer data;
    RushesFrameSource *source;
    RushesPlayPlan *plan;
    RushesFrameFormat format;
    GstElement *pipeline;
    guint64 next_frame;  // video thread
    guint64 next_sample; // audio thread
    GMutex lock;         // guards the slot and the failure
    GBytes *pending;     // newest frame that the main thread has not shown
    int pending_index;
    guint dropped;
    char *failure; // why the next frame cannot be read, once that is so
    guint bus_watch;
};

static void playing_unref(gpointer data)
{
    RushesPlaying *now = data;
    if (!g_atomic_ref_count_dec(&now->references))
        return;
    g_clear_object(&now->source);
    g_clear_pointer(&now->pending, g_bytes_unref);
    rushes_play_plan_free(now->plan);
    gst_clear_object(&now->pipeline);
    g_mutex_clear(&now->lock);
    g_free(now->failure);
    g_free(now);
}

static RushesPlaying *playing_ref(RushesPlaying *now)
{
    g_atomic_ref_count_inc(&now->references);
    return now;
}

// Main thread. At once: the sound alone could go on for long.
static gboolean tell_failure(gpointer data)
{
    RushesPlaying *now = data;

    g_mutex_lock(&now->lock);
    g_autofree char *failure = g_strdup(now->failure);
    g_mutex_unlock(&now->lock);
    if (!now->stopped)
        now->on_end(failure, now->data);
    return G_SOURCE_REMOVE;
}

static void fail(RushesPlaying *now, const char *failure)
{
    g_mutex_lock(&now->lock);
    g_free(now->failure);
    now->failure = g_strdup(failure);
    g_mutex_unlock(&now->lock);
    g_idle_add_full(G_PRIORITY_DEFAULT, tell_failure, playing_ref(now), playing_unref);
}

// Video thread.
static void need_video(GstAppSrc *appsrc, guint length, gpointer data)
{
    RushesPlaying *now = data;
    g_autoptr(GError) failure = NULL;
    double position;

    if (!rushes_play_plan_locate(now->plan, (double)now->next_frame, &position, NULL)) {
        gst_app_src_end_of_stream(appsrc);
        return;
    }
    int index = (int)floor(position + 1e-6);
    GBytes *frame = rushes_frame_source_read_frame(now->source, index, &failure);
    if (!frame) {
        fail(now, failure->message);
        gst_app_src_end_of_stream(appsrc);
        return;
    }
    GstBuffer *buffer = gst_buffer_new_wrapped_bytes(frame);
    g_bytes_unref(frame);
    GST_BUFFER_PTS(buffer) = (GstClockTime)((double)now->next_frame / now->format.fps * GST_SECOND);
    GST_BUFFER_DURATION(buffer) = (GstClockTime)(GST_SECOND / now->format.fps);
    GST_BUFFER_OFFSET(buffer) = (guint64)index;
    now->next_frame++;
    gst_app_src_push_buffer(appsrc, buffer);
}

// The sample at a fractional place, between its two neighbours; `at` counts from `first`.
static float sample_between(const float *samples, int channels, double at, int channel)
{
    gsize index = (gsize)at;
    float share = (float)(at - (double)index);
    float left = samples[index * (gsize)channels + (gsize)channel];
    float right = samples[(index + 1) * (gsize)channels + (gsize)channel];
    return left + (right - left) * share;
}

// One stretch of samples that lies in a single segment, from output sample `from` on.
static void fill_stretch(RushesPlaying *now, const double *places, guint count, float *out)
{
    int channels = now->format.channels;
    double low = MIN(places[0], places[count - 1]), high = MAX(places[0], places[count - 1]);
    gint64 first = (gint64)floor(low);
    gsize span = (gsize)((gint64)floor(high) - first) + 2;
    g_autofree float *samples = g_new(float, span *(gsize)channels);

    rushes_frame_source_read_samples(now->source, first, span, samples, NULL);
    for (guint i = 0; i < count; i++) {
        for (int c = 0; c < channels; c++)
            out[i * (guint)channels + (guint)c] =
                sample_between(samples, channels, places[i] - (double)first, c);
    }
}

// Audio thread.
static void need_audio(GstAppSrc *appsrc, guint length, gpointer data)
{
    RushesPlaying *now = data;
    const RushesFrameFormat *format = &now->format;
    gsize bytes = SAMPLES_A_BUFFER * (gsize)format->channels * sizeof(float);
    double places[SAMPLES_A_BUFFER];
    guint turns[SAMPLES_A_BUFFER];
    guint count = 0;

    while (count < SAMPLES_A_BUFFER) {
        double moment =
            (double)(now->next_sample + count) / format->rate * format->fps; // shown frames
        double position;
        if (!rushes_play_plan_locate(now->plan, moment, &position, &turns[count]))
            break;
        places[count++] = position / format->fps * format->rate;
    }
    if (count == 0) {
        gst_app_src_end_of_stream(appsrc);
        return;
    }
    float *out = g_malloc(bytes);
    for (guint from = 0; from < count;) {
        guint to = from + 1;
        while (to < count && turns[to] == turns[from])
            to++;
        fill_stretch(now, places + from, to - from, out + from * (guint)format->channels);
        from = to;
    }
    GstBuffer *buffer =
        gst_buffer_new_wrapped(out, count * (gsize)format->channels * sizeof(float));
    GST_BUFFER_PTS(buffer) =
        gst_util_uint64_scale(now->next_sample, GST_SECOND, (guint64)format->rate);
    GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(count, GST_SECOND, (guint64)format->rate);
    now->next_sample += count;
    gst_app_src_push_buffer(appsrc, buffer);
}

// Main thread.
static gboolean show_pending(gpointer data)
{
    RushesPlaying *now = data;

    g_mutex_lock(&now->lock);
    g_autoptr(GBytes) frame = g_steal_pointer(&now->pending);
    int index = now->pending_index;
    guint dropped = now->dropped;
    g_mutex_unlock(&now->lock);
    if (frame && !now->stopped)
        now->on_frame(index, frame, dropped, now->data);
    return G_SOURCE_REMOVE;
}

typedef struct MappedBuffer {
    GstBuffer *buffer;
    GstMapInfo map;
} MappedBuffer;

static void mapped_buffer_free(gpointer data)
{
    MappedBuffer *mapped = data;
    gst_buffer_unmap(mapped->buffer, &mapped->map);
    gst_buffer_unref(mapped->buffer);
    g_free(mapped);
}

// Streaming thread, at the moment when the frame is due.
static GstFlowReturn on_sample(GstAppSink *sink, gpointer data)
{
    RushesPlaying *now = data;
    g_autoptr(GstSample) sample = gst_app_sink_pull_sample(sink);

    if (!sample)
        return GST_FLOW_EOS;
    MappedBuffer *mapped = g_new0(MappedBuffer, 1);
    mapped->buffer = gst_buffer_ref(gst_sample_get_buffer(sample));
    if (!gst_buffer_map(mapped->buffer, &mapped->map, GST_MAP_READ)) {
        gst_buffer_unref(mapped->buffer);
        g_free(mapped);
        return GST_FLOW_ERROR;
    }
    GBytes *frame =
        g_bytes_new_with_free_func(mapped->map.data, mapped->map.size, mapped_buffer_free, mapped);
    g_mutex_lock(&now->lock);
    gboolean idle_waits = now->pending != NULL;
    now->dropped += idle_waits;
    g_clear_pointer(&now->pending, g_bytes_unref);
    now->pending = frame;
    now->pending_index = (int)GST_BUFFER_OFFSET(mapped->buffer);
    g_mutex_unlock(&now->lock);
    if (!idle_waits)
        g_idle_add_full(G_PRIORITY_HIGH, show_pending, playing_ref(now), playing_unref);
    return GST_FLOW_OK;
}

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer data)
{
    RushesPlaying *now = data;

    if (now->stopped)
        return G_SOURCE_REMOVE;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        g_autoptr(GError) failure = NULL;
        gst_message_parse_error(message, &failure, NULL);
        g_message("Playing stopped: %s", failure->message);
    }
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS ||
        GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        now->on_end(NULL, now->data); // stops this, and with it the watch
    return G_SOURCE_CONTINUE;
}

static GstElement *add_source(RushesPlaying *now, const char *name, GstCaps *caps,
                              guint64 most_bytes, void (*need)(GstAppSrc *, guint, gpointer))
{
    GstAppSrcCallbacks callbacks = {.need_data = need};
    GstElement *source = gst_bin_get_by_name(GST_BIN(now->pipeline), name);

    g_object_set(source, "caps", caps, "format", GST_FORMAT_TIME, "max-bytes", most_bytes, NULL);
    gst_app_src_set_callbacks(GST_APP_SRC(source), &callbacks, now, NULL);
    gst_caps_unref(caps);
    return source;
}

static gboolean build_pipeline(RushesPlaying *now, const char *audio_sink)
{
    const RushesFrameFormat *format = &now->format;
    gboolean sounds = format->rate > 0 && format->channels > 0 && audio_sink;
    g_autofree char *audio =
        sounds
            ? g_strdup_printf("appsrc name=audio ! audioconvert ! audioresample ! %s", audio_sink)
            : g_strdup("");
    g_autofree char *text = g_strdup_printf(
        "appsrc name=video ! appsink name=sink sync=true max-buffers=2 drop=false %s", audio);
    g_autoptr(GError) failure = NULL;

    now->pipeline = gst_parse_launch(text, &failure);
    if (failure) {
        g_message("The player cannot be built: %s", failure->message);
        return FALSE;
    }
    gsize bytes = (gsize)format->width * (gsize)format->height * 3;
    GstCaps *caps =
        gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "RGB", "width", G_TYPE_INT,
                            format->width, "height", G_TYPE_INT, format->height, "framerate",
                            GST_TYPE_FRACTION, (int)lround(format->fps * 1000), 1000, NULL);
    gst_object_unref(add_source(now, "video", caps, bytes * 3, need_video));
    if (sounds) {
        caps = gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING, "F32LE", "layout",
                                   G_TYPE_STRING, "interleaved", "rate", G_TYPE_INT, format->rate,
                                   "channels", G_TYPE_INT, format->channels, NULL);
        gst_object_unref(add_source(now, "audio", caps, 16384, need_audio));
    }
    GstElement *sink = gst_bin_get_by_name(GST_BIN(now->pipeline), "sink");
    GstAppSinkCallbacks callbacks = {.new_sample = on_sample};
    gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, now, NULL);
    gst_object_unref(sink);
    g_autoptr(GstBus) bus = gst_element_get_bus(now->pipeline);
    now->bus_watch = gst_bus_add_watch(bus, on_bus, now);
    return TRUE;
}

RushesPlaying *rushes_playing_start(RushesFrameSource *source, RushesPlayPlan *plan,
                                    const char *audio_sink, RushesPlayingFrameFunc on_frame,
                                    RushesPlayingEndFunc on_end, gpointer data)
{
    RushesPlaying *now = g_new0(RushesPlaying, 1);

    g_atomic_ref_count_init(&now->references);
    g_mutex_init(&now->lock);
    now->source = g_object_ref(source);
    now->plan = plan;
    now->on_frame = on_frame;
    now->on_end = on_end;
    now->data = data;
    rushes_frame_source_get_format(source, &now->format);
    if (!build_pipeline(now, audio_sink) ||
        gst_element_set_state(now->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        rushes_playing_stop(now);
        return NULL;
    }
    return now;
}

void rushes_playing_stop(RushesPlaying *self)
{
    self->stopped = TRUE;
    g_clear_handle_id(&self->bus_watch, g_source_remove);
    if (self->pipeline)
        gst_element_set_state(self->pipeline, GST_STATE_NULL); // joins the streaming threads
    playing_unref(self);
}

RushesPlayPlan *rushes_playing_get_plan(RushesPlaying *self)
{
    return self->plan;
}

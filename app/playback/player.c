// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/player.h"

#include <gst/gst.h>

#include "playback/playing.h"

#define FASTEST 8.0

struct _RushesPlayer {
    GObject parent_instance;

    char *audio_sink;
    RushesFrameSource *source;
    gulong changed_handler;
    RushesFrameFormat format;
    int position;
    double rate;
    gboolean loop, muted, playing;
    int mark_in, mark_out;
    RushesPlaying *now; // NULL while standing still
    guint shown, dropped;
};

enum {
    PROP_SOURCE = 1,
    PROP_POSITION,
    PROP_PLAYING,
    PROP_RATE,
    PROP_LOOP,
    PROP_MARK_IN,
    PROP_MARK_OUT,
    PROP_MUTED,
    N_PROPS
};
static GParamSpec *properties[N_PROPS];
enum { FRAME, FAILED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesPlayer, rushes_player, G_TYPE_OBJECT)

static void stop_pipeline(RushesPlayer *self);

static void rushes_player_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    RushesPlayer *self = RUSHES_PLAYER(object);

    switch (id) {
    case PROP_SOURCE:
        g_value_set_object(value, self->source);
        break;
    case PROP_POSITION:
        g_value_set_int(value, self->position);
        break;
    case PROP_PLAYING:
        g_value_set_boolean(value, self->playing);
        break;
    case PROP_RATE:
        g_value_set_double(value, self->rate);
        break;
    case PROP_LOOP:
        g_value_set_boolean(value, self->loop);
        break;
    case PROP_MARK_IN:
        g_value_set_int(value, self->mark_in);
        break;
    case PROP_MARK_OUT:
        g_value_set_int(value, self->mark_out);
        break;
    case PROP_MUTED:
        g_value_set_boolean(value, self->muted);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void rushes_player_set_property(GObject *object, guint id, const GValue *value,
                                       GParamSpec *pspec)
{
    RushesPlayer *self = RUSHES_PLAYER(object);

    if (id == PROP_LOOP)
        rushes_player_set_loop(self, g_value_get_boolean(value));
    else if (id == PROP_MUTED)
        rushes_player_set_muted(self, g_value_get_boolean(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void rushes_player_dispose(GObject *object)
{
    RushesPlayer *self = RUSHES_PLAYER(object);

    stop_pipeline(self);
    g_clear_signal_handler(&self->changed_handler, self->source);
    g_clear_object(&self->source);
    g_clear_pointer(&self->audio_sink, g_free);
    G_OBJECT_CLASS(rushes_player_parent_class)->dispose(object);
}

static void rushes_player_class_init(RushesPlayerClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    GParamFlags settable = flags | G_PARAM_WRITABLE | G_PARAM_EXPLICIT_NOTIFY;

    object->get_property = rushes_player_get_property;
    object->set_property = rushes_player_set_property;
    object->dispose = rushes_player_dispose;
    properties[PROP_SOURCE] =
        g_param_spec_object("source", NULL, NULL, RUSHES_TYPE_FRAME_SOURCE, flags);
    properties[PROP_POSITION] = g_param_spec_int("position", NULL, NULL, 0, G_MAXINT, 0, flags);
    properties[PROP_PLAYING] = g_param_spec_boolean("playing", NULL, NULL, FALSE, flags);
    properties[PROP_RATE] = g_param_spec_double("rate", NULL, NULL, -FASTEST, FASTEST, 1, flags);
    properties[PROP_LOOP] = g_param_spec_boolean("loop", NULL, NULL, FALSE, settable);
    properties[PROP_MARK_IN] = g_param_spec_int("mark-in", NULL, NULL, -1, G_MAXINT, -1, flags);
    properties[PROP_MARK_OUT] = g_param_spec_int("mark-out", NULL, NULL, -1, G_MAXINT, -1, flags);
    properties[PROP_MUTED] = g_param_spec_boolean("muted", NULL, NULL, FALSE, settable);
    g_object_class_install_properties(object, N_PROPS, properties);
    signals[FRAME] = g_signal_new("frame", RUSHES_TYPE_PLAYER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_BYTES);
    signals[FAILED] = g_signal_new("failed", RUSHES_TYPE_PLAYER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void rushes_player_init(RushesPlayer *self)
{
    self->rate = 1;
    self->mark_in = self->mark_out = -1;
}

RushesPlayer *rushes_player_new(const char *audio_sink)
{
    RushesPlayer *self = g_object_new(RUSHES_TYPE_PLAYER, NULL);
    gst_init(NULL, NULL);
    self->audio_sink = g_strdup(audio_sink ? audio_sink : "autoaudiosink");
    return self;
}

static void set_position(RushesPlayer *self, int frame)
{
    if (self->position == frame)
        return;
    self->position = frame;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_POSITION]);
}

static void set_playing(RushesPlayer *self, gboolean playing)
{
    if (self->playing == playing)
        return;
    self->playing = playing;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PLAYING]);
}

static void set_rate(RushesPlayer *self, double rate)
{
    if (self->rate == rate)
        return;
    self->rate = rate;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_RATE]);
}

// The frame where it stands, straight from the source.
static void show_still(RushesPlayer *self)
{
    g_autoptr(GError) failure = NULL;

    if (!self->source || self->format.ready == 0)
        return;
    g_autoptr(GBytes) frame =
        rushes_frame_source_read_frame(self->source, self->position, &failure);
    if (frame)
        g_signal_emit(self, signals[FRAME], 0, self->position, frame);
    else
        g_signal_emit(self, signals[FAILED], 0, failure->message);
}

static void stop_pipeline(RushesPlayer *self)
{
    g_clear_pointer(&self->now, rushes_playing_stop);
}

void rushes_player_get_range(RushesPlayer *self, int *first, int *last)
{
    int end = MAX(0, self->format.ready - 1);
    *first = CLAMP(self->mark_in, 0, end);
    *last = self->mark_out >= 0 ? CLAMP(self->mark_out, *first, end) : end;
}

static void set_plan_range(RushesPlayer *self, RushesPlayPlan *plan)
{
    int first, last;

    rushes_player_get_range(self, &first, &last);
    gboolean growing = self->format.ready < self->format.frames;
    rushes_play_plan_set_range(plan, first, last, self->loop || growing);
}

static void update_range(RushesPlayer *self)
{
    if (self->now)
        set_plan_range(self, rushes_playing_get_plan(self->now));
}

static void on_frame(int index, GBytes *frame, guint dropped, gpointer data)
{
    g_autoptr(RushesPlayer) self = g_object_ref(data);

    self->dropped = dropped;
    self->shown++;
    g_signal_emit(self, signals[FRAME], 0, index, frame);
    set_position(self, index);
}

static void on_end(const char *failure, gpointer data)
{
    g_autoptr(RushesPlayer) self = g_object_ref(data);

    rushes_player_pause(self);
    if (failure)
        g_signal_emit(self, signals[FAILED], 0, failure);
}

static void start_pipeline(RushesPlayer *self)
{
    RushesPlayPlan *plan = rushes_play_plan_new(self->position, self->rate);

    set_plan_range(self, plan);
    self->now = rushes_playing_start(self->source, plan, self->muted ? NULL : self->audio_sink,
                                     on_frame, on_end, self);
    if (!self->now)
        rushes_player_pause(self);
}

static void restart(RushesPlayer *self)
{
    if (!self->playing)
        return;
    stop_pipeline(self);
    start_pipeline(self);
}

static void on_source_changed(RushesFrameSource *source, RushesPlayer *self)
{
    RushesFrameFormat before = self->format;

    rushes_frame_source_get_format(source, &self->format);
    if (self->format.ready > 0)
        self->position = MIN(self->position, self->format.ready - 1);
    gboolean reshaped = before.width != self->format.width ||
                        before.height != self->format.height || before.fps != self->format.fps ||
                        before.rate != self->format.rate ||
                        before.channels != self->format.channels;
    if (self->playing && reshaped)
        restart(self);
    else
        update_range(self);
    if (!self->playing && before.ready <= self->position)
        show_still(self);
}

void rushes_player_set_source(RushesPlayer *self, RushesFrameSource *source)
{
    g_return_if_fail(RUSHES_IS_PLAYER(self));

    if (self->source == source)
        return;
    rushes_player_pause(self);
    g_clear_signal_handler(&self->changed_handler, self->source);
    g_set_object(&self->source, source);
    self->format = (RushesFrameFormat){0};
    self->mark_in = self->mark_out = -1;
    if (source) {
        rushes_frame_source_get_format(source, &self->format);
        self->changed_handler =
            g_signal_connect(source, "changed", G_CALLBACK(on_source_changed), self);
    }
    set_position(self, 0);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_SOURCE]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MARK_IN]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MARK_OUT]);
    show_still(self);
}

RushesFrameSource *rushes_player_get_source(RushesPlayer *self)
{
    return self->source;
}

int rushes_player_get_position(RushesPlayer *self)
{
    return self->position;
}

gboolean rushes_player_get_playing(RushesPlayer *self)
{
    return self->playing;
}

double rushes_player_get_rate(RushesPlayer *self)
{
    return self->rate;
}

static void play_at(RushesPlayer *self, double rate)
{
    int first, last;

    if (!self->source || self->format.ready == 0 || self->format.fps <= 0)
        return;
    rushes_player_get_range(self, &first, &last);
    // At the end, playing means from the beginning again.
    if (rate > 0 && (self->position >= last || self->position < first))
        set_position(self, first);
    else if (rate < 0 && (self->position <= first || self->position > last))
        set_position(self, last);
    set_rate(self, rate);
    self->shown = self->dropped = 0;
    stop_pipeline(self);
    set_playing(self, TRUE);
    start_pipeline(self);
}

void rushes_player_play(RushesPlayer *self)
{
    if (!self->playing)
        play_at(self, 1);
}

void rushes_player_pause(RushesPlayer *self)
{
    if (!self->playing)
        return;
    stop_pipeline(self);
    set_playing(self, FALSE);
    set_rate(self, 1);
    show_still(self);
}

void rushes_player_toggle(RushesPlayer *self)
{
    if (self->playing)
        rushes_player_pause(self);
    else
        rushes_player_play(self);
}

void rushes_player_seek(RushesPlayer *self, int frame)
{
    if (self->format.ready == 0)
        return;
    set_position(self, CLAMP(frame, 0, self->format.ready - 1));
    if (self->playing)
        restart(self);
    else
        show_still(self);
}

void rushes_player_step(RushesPlayer *self, int frames)
{
    rushes_player_pause(self);
    rushes_player_seek(self, self->position + frames);
}

void rushes_player_shuttle(RushesPlayer *self, int direction)
{
    if (direction == 0) {
        rushes_player_pause(self);
        return;
    }
    double rate = direction;
    if (self->playing && self->rate * direction > 0)
        rate = CLAMP(self->rate * 2, -FASTEST, FASTEST);
    play_at(self, rate);
}

void rushes_player_set_loop(RushesPlayer *self, gboolean loop)
{
    if (self->loop == !!loop)
        return;
    self->loop = !!loop;
    update_range(self);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_LOOP]);
}

gboolean rushes_player_get_loop(RushesPlayer *self)
{
    return self->loop;
}

void rushes_player_set_muted(RushesPlayer *self, gboolean muted)
{
    if (self->muted == !!muted)
        return;
    self->muted = !!muted;
    restart(self);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MUTED]);
}

void rushes_player_set_marks(RushesPlayer *self, int in, int out)
{
    int last = MAX(0, self->format.frames - 1);

    in = in < 0 ? -1 : MIN(in, last);
    out = out < 0 ? -1 : CLAMP(out, MAX(0, in), last);
    if (self->mark_in != in) {
        self->mark_in = in;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MARK_IN]);
    }
    if (self->mark_out != out) {
        self->mark_out = out;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MARK_OUT]);
    }
    update_range(self);
}

void rushes_player_get_statistics(RushesPlayer *self, guint *shown, guint *dropped)
{
    *shown = self->shown;
    *dropped = self->dropped;
}

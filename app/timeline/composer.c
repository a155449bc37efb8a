// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/composer.h"

#include <math.h>
#include <string.h>

#include "timeline/mixer.h"
#include "timeline/picture-scaler.h"

struct _RushesComposer {
    GObject parent_instance;

    GMutex lock; // guards the timeline and what is lost
    RushesTimeline *timeline;
    GHashTable *lost; // id of a shot with a picture that could not be read -> LostPicture
    gboolean strict;  // set before it is read by other threads
    RushesPictureScaler *scaler;
};

static void rushes_composer_iface_init(RushesFrameSourceInterface *iface);

typedef struct LostPicture {
    int frame; // of the shot's take
    char *why;
} LostPicture;

static void lost_picture_free(gpointer data)
{
    g_free(((LostPicture *)data)->why);
    g_free(data);
}

enum { LOST, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE(RushesComposer, rushes_composer, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(RUSHES_TYPE_FRAME_SOURCE,
                                                    rushes_composer_iface_init))

RushesTimeline *rushes_composer_get_timeline(RushesComposer *self)
{
    g_mutex_lock(&self->lock);
    RushesTimeline *timeline = rushes_timeline_ref(self->timeline);
    g_mutex_unlock(&self->lock);
    return timeline;
}

void rushes_composer_set_timeline(RushesComposer *self, RushesTimeline *timeline)
{
    g_mutex_lock(&self->lock);
    RushesTimeline *old = self->timeline;
    self->timeline = rushes_timeline_ref(timeline);
    g_mutex_unlock(&self->lock);
    rushes_timeline_unref(old);
    rushes_frame_source_changed(RUSHES_FRAME_SOURCE(self));
}

static gboolean tell_lost(gpointer data)
{
    g_signal_emit(data, signals[LOST], 0);
    return G_SOURCE_REMOVE;
}

// Any thread. What was read of the cut's take: a frame, or why there is none. A shot is lost with the first frame that
// cannot be read and found again with the same one: others of it may well be there. Each change is told once.
static void note_reading(RushesComposer *self, const RushesCut *cut, int frame, const char *failure)
{
    g_mutex_lock(&self->lock);
    LostPicture *known = g_hash_table_lookup(self->lost, cut->id);
    gboolean told = known ? !failure && known->frame == frame : failure != NULL;
    if (told && known) {
        g_hash_table_remove(self->lost, cut->id);
    } else if (told) {
        LostPicture *lost = g_new0(LostPicture, 1);
        lost->frame = frame;
        lost->why = g_strdup(failure);
        g_hash_table_insert(self->lost, g_strdup(cut->id), lost);
    }
    g_mutex_unlock(&self->lock);
    if (told)
        g_idle_add_full(G_PRIORITY_DEFAULT, tell_lost, g_object_ref(self), g_object_unref);
}

static char *cut_problem(RushesComposer *self, const RushesTimeline *timeline, guint index)
{
    const RushesCut *cut = timeline->cuts->pdata[index];

    if (cut->problem)
        return g_strdup(cut->problem);
    g_mutex_lock(&self->lock);
    const LostPicture *lost = g_hash_table_lookup(self->lost, cut->id);
    char *problem = lost ? g_strdup_printf("Shot %u: %s", index + 1, lost->why) : NULL;
    g_mutex_unlock(&self->lock);
    return problem;
}

char *rushes_composer_dup_problem(RushesComposer *self, int frame)
{
    g_autoptr(RushesTimeline) timeline = rushes_composer_get_timeline(self);
    int index = rushes_timeline_find_cut(timeline, frame);

    if (index < 0)
        return NULL;
    const RushesCut *cut = timeline->cuts->pdata[index];
    char *problem = cut_problem(self, timeline, (guint)index);
    if (!problem && index > 0 && frame - cut->start < cut->dissolve)
        problem = cut_problem(self, timeline, (guint)index - 1);
    return problem;
}

static void rushes_composer_get_format(RushesFrameSource *source, RushesFrameFormat *format)
{
    g_autoptr(RushesTimeline) timeline = rushes_composer_get_timeline(RUSHES_COMPOSER(source));

    *format = (RushesFrameFormat){
        .width = timeline->width,
        .height = timeline->height,
        .fps = timeline->fps,
        .frames = timeline->frames,
        .ready = timeline->frames,
        .rate = RUSHES_TIMELINE_RATE,
        .channels = RUSHES_TIMELINE_CHANNELS,
        .samples = llround(rushes_timeline_get_seconds(timeline) * RUSHES_TIMELINE_RATE),
    };
}

// How much of the cut is to be seen at `frame`, against black, in 1/denominator.
static int fade_weight(const RushesCut *cut, int frame, int *denominator)
{
    int from_start = frame - cut->start + 1;
    int to_end = cut->start + cut->length - frame;

    *denominator = 1;
    if (cut->fade_in && from_start <= cut->fade_in) {
        *denominator = cut->fade_in + 1;
        return from_start;
    }
    if (cut->fade_out && to_end <= cut->fade_out) {
        *denominator = cut->fade_out + 1;
        return to_end;
    }
    return 1;
}

void rushes_composer_set_strict(RushesComposer *self, gboolean strict)
{
    self->strict = strict;
}

// Stripes that nobody takes for a picture, where there is none.
static void paint_missing(guint8 *out, int width, int height)
{
    static const guint8 stripes[2][3] = {{96, 16, 24}, {32, 28, 28}};
    int band = MAX(2, MIN(width, height) / 10);

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, out += 3)
            memcpy(out, stripes[(x + y) / band % 2], 3);
}

// The cut's own picture on the canvas, faded. Stripes when its take is gone or not there yet, or NULL for a strict one.
static guint8 *cut_picture(RushesComposer *self, const RushesTimeline *timeline,
                           const RushesCut *cut, int frame, GError **error)
{
    gsize bytes = (gsize)timeline->width * (gsize)timeline->height * 3;
    guint8 *out = g_malloc0(bytes);
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) picture =
        cut->source ? rushes_frame_source_read_frame(
                          cut->source, rushes_cut_source_frame(timeline, cut, frame), &failure)
                    : NULL;
    int denominator;
    int weight = fade_weight(cut, frame, &denominator);

    if (cut->source && !cut->problem)
        note_reading(self, cut, rushes_cut_source_frame(timeline, cut, frame),
                     failure ? failure->message : NULL);
    if (!picture ||
        !rushes_picture_scaler_run(self->scaler, g_bytes_get_data(picture, NULL), cut->format.width,
                                   cut->format.height, cut->crop_x, cut->crop_y, out,
                                   timeline->width, timeline->height)) {
        if (!self->strict) {
            paint_missing(out, timeline->width, timeline->height);
            return out;
        }
        g_free(out);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "Frame %d of the film has no picture: %s",
                    frame + 1, failure ? failure->message : "its shot is missing.");
        return NULL;
    }
    if (denominator > 1)
        for (gsize i = 0; i < bytes; i++)
            out[i] = (guint8)((out[i] * weight + denominator / 2) / denominator);
    return out;
}

static GBytes *rushes_composer_read_frame(RushesFrameSource *source, int frame, GError **error)
{
    RushesComposer *self = RUSHES_COMPOSER(source);
    g_autoptr(RushesTimeline) timeline = rushes_composer_get_timeline(self);
    gsize bytes = (gsize)timeline->width * (gsize)timeline->height * 3;
    int index = rushes_timeline_find_cut(timeline, frame);

    if (index < 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "The film has %d frames; there is no frame %d", timeline->frames, frame);
        return NULL;
    }
    const RushesCut *cut = g_ptr_array_index(timeline->cuts, index);
    g_autofree guint8 *picture = cut_picture(self, timeline, cut, frame, error);
    int into = frame - cut->start;
    if (!picture)
        return NULL;
    if (index > 0 && into < cut->dissolve) {
        const RushesCut *before = g_ptr_array_index(timeline->cuts, index - 1);
        g_autofree guint8 *leaving = cut_picture(self, timeline, before, frame, error);
        if (!leaving)
            return NULL;
        int denominator = cut->dissolve + 1, weight = into + 1;
        for (gsize i = 0; i < bytes; i++)
            picture[i] = (guint8)((leaving[i] * (denominator - weight) + picture[i] * weight +
                                   denominator / 2) /
                                  denominator);
    }
    return g_bytes_new_take(g_steal_pointer(&picture), bytes);
}

static gboolean rushes_composer_read_samples(RushesFrameSource *source, gint64 first, gsize count,
                                             float *out, GError **error)
{
    g_autoptr(RushesTimeline) timeline = rushes_composer_get_timeline(RUSHES_COMPOSER(source));

    return rushes_mixer_run(timeline, first, count, out, error);
}

static void rushes_composer_iface_init(RushesFrameSourceInterface *iface)
{
    iface->get_format = rushes_composer_get_format;
    iface->read_frame = rushes_composer_read_frame;
    iface->read_samples = rushes_composer_read_samples;
}

static void rushes_composer_finalize(GObject *object)
{
    RushesComposer *self = RUSHES_COMPOSER(object);

    g_clear_pointer(&self->timeline, rushes_timeline_unref);
    g_clear_pointer(&self->lost, g_hash_table_unref);
    g_clear_pointer(&self->scaler, rushes_picture_scaler_free);
    g_mutex_clear(&self->lock);
    G_OBJECT_CLASS(rushes_composer_parent_class)->finalize(object);
}

static void rushes_composer_class_init(RushesComposerClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = rushes_composer_finalize;
    signals[LOST] = g_signal_new("lost", RUSHES_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}

static void rushes_composer_init(RushesComposer *self)
{
    g_mutex_init(&self->lock);
    self->scaler = rushes_picture_scaler_new();
    self->lost = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, lost_picture_free);
}

RushesComposer *rushes_composer_new(RushesTimeline *timeline)
{
    RushesComposer *self = g_object_new(RUSHES_TYPE_COMPOSER, NULL);

    self->timeline = rushes_timeline_ref(timeline);
    return self;
}

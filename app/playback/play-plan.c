// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/play-plan.h"

#include <math.h>

typedef struct Segment {
    double begins; // shown frames since the start of the playing
    double count;  // shown frames in it, whole
    double start;  // source frame of the first one
} Segment;

struct RushesPlayPlan {
    GMutex lock;
    GArray *segments;
    double start, step;
    int first, last;
    gboolean again;
};

RushesPlayPlan *rushes_play_plan_new(double start, double step)
{
    RushesPlayPlan *self = g_new0(RushesPlayPlan, 1);
    g_mutex_init(&self->lock);
    self->segments = g_array_new(FALSE, FALSE, sizeof(Segment));
    self->start = start;
    self->step = step;
    self->last = -1;
    return self;
}

void rushes_play_plan_free(RushesPlayPlan *self)
{
    if (!self)
        return;
    g_array_unref(self->segments);
    g_mutex_clear(&self->lock);
    g_free(self);
}

void rushes_play_plan_set_range(RushesPlayPlan *self, int first, int last, gboolean again)
{
    g_mutex_lock(&self->lock);
    self->first = first;
    self->last = last;
    self->again = again;
    g_mutex_unlock(&self->lock);
}

// With the lock held. FALSE when there is nothing more to show.
static gboolean add_segment(RushesPlayPlan *self)
{
    const Segment *before = self->segments->len > 0
                                ? &g_array_index(self->segments, Segment, self->segments->len - 1)
                                : NULL;
    Segment next = {.begins = before ? before->begins + before->count : 0};

    if (self->last < self->first || (before && !self->again))
        return FALSE;
    if (!before)
        next.start = CLAMP(self->start, self->first, self->last);
    else
        next.start = self->step > 0 ? self->first : self->last;
    double room = self->step > 0 ? self->last - next.start : next.start - self->first;
    next.count = floor(room / fabs(self->step)) + 1;
    g_array_append_val(self->segments, next);
    return TRUE;
}

gboolean rushes_play_plan_locate(RushesPlayPlan *self, double moment, double *position, guint *turn)
{
    gboolean found = FALSE;

    g_mutex_lock(&self->lock);
    // Moments come in rising order from two threads close together, so look from the end.
    for (guint i = self->segments->len; !found; i--) {
        if (i == 0) {
            const Segment *end = self->segments->len > 0 ? &g_array_index(self->segments, Segment,
                                                                          self->segments->len - 1)
                                                         : NULL;
            if (end && moment < end->begins + end->count)
                break; // before the first segment
            if (!add_segment(self))
                break;
            i = self->segments->len + 1;
            continue;
        }
        const Segment *segment = &g_array_index(self->segments, Segment, i - 1);
        if (moment >= segment->begins && moment < segment->begins + segment->count) {
            *position = segment->start + (moment - segment->begins) * self->step;
            if (turn)
                *turn = i - 1;
            found = TRUE;
        } else if (moment >= segment->begins) {
            i = 1; // past the last one
        }
    }
    g_mutex_unlock(&self->lock);
    return found;
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-snap.c - cuts, ends of sounds, markers and the play head attract what is dragged near them.
#include <math.h>

#include "timeline-private.h"
#include "timeline/film-edit.h"

#define REACH 8 // pixels

typedef struct Nearest {
    double seconds, place, distance; // what is looked for, the best place yet, how far it is
} Nearest;

static void offer(Nearest *nearest, double place)
{
    double distance = fabs(place - nearest->seconds);

    if (place >= 0 && distance < nearest->distance) {
        nearest->distance = distance;
        nearest->place = place;
    }
}

double timeline_snap(RushesTimelineRow *self, double seconds, const char *except)
{
    Nearest nearest = {.seconds = seconds, .place = -1, .distance = REACH / self->scale};
    double at, in, out;

    self->snap_line = -1;
    if (!self->snaps || !self->film)
        return seconds;
    offer(&nearest, 0);
    for (guint i = 0; i < self->film->cuts->len; i++) {
        const RushesCut *cut = self->film->cuts->pdata[i];
        offer(&nearest, cut->start / self->film->fps);
    }
    offer(&nearest, self->film->frames / self->film->fps);
    offer(&nearest, timeline_head(self));
    for (guint i = 0; rushes_film_get_marker(self->project, i, &at, NULL); i++)
        offer(&nearest, at);
    for (guint i = 0; i < self->sounds->len; i++) {
        RushesSoundBlock *block = self->sounds->pdata[i];
        if (except && g_str_equal(rushes_sound_block_get_id(block), except))
            continue;
        rushes_sound_block_get_times(block, &at, &in, &out);
        offer(&nearest, at);
        offer(&nearest, at + out - in);
    }
    self->snap_line = nearest.place;
    return nearest.place >= 0 ? nearest.place : seconds;
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-follow.c - the preview stays with the take that forms, from one variation to the next, until the creator
// chooses another one or the film.
#include "window-private.h"

static RushesTake *forming_take(RushesWindow *self)
{
    RushesQueueItem *item = rushes_queue_get_running(self->queue);
    RushesTake *take = item ? rushes_queue_item_get_take(item) : NULL;

    // One of another project is made just as well, but it is not in the strip.
    if (!take || rushes_project_find_take(self->project, rushes_take_get_id(take)) != take)
        return NULL;
    return take;
}

static void show(RushesWindow *self, RushesTake *take)
{
    self->following = TRUE;
    rushes_take_strip_select(self->strip, take);
    self->following = FALSE;
}

void window_follow(RushesWindow *self, RushesTake *first)
{
    RushesTake *forming = forming_take(self);

    self->follows = TRUE;
    show(self, forming ? forming : first);
    window_show_picture(self);
}

void window_follow_running(RushesWindow *self)
{
    RushesTake *forming = self->project && self->follows ? forming_take(self) : NULL;

    if (forming)
        show(self, forming);
}

void window_follow_chosen(RushesWindow *self, const GPtrArray *takes)
{
    if (!self->following)
        self->follows = takes->len == 1 && takes->pdata[0] == forming_take(self);
}

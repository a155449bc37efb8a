// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-focus.c - the keyboard's way through the lanes: each lane is one stop of Tab, arrows go along it; and which
// block is meant when a key is pressed.
#include "timeline-private.h"

static gboolean focus_child(RushesTimelineRow *self, GtkWidget *child)
{
    graphene_rect_t bounds;

    if (!gtk_widget_get_child_visible(child)) { // out of sight: first to where it is
        for (guint i = 0; i < self->blocks->len; i++)
            if (self->blocks->pdata[i] == child)
                timeline_scroll_to(self, timeline_shot_start(self, i),
                                   timeline_shot_start(self, i + 1));
        for (guint i = 0; i < self->sounds->len; i++)
            if (self->sounds->pdata[i] == child) {
                double at, in, out;
                rushes_sound_block_get_times(self->sounds->pdata[i], &at, &in, &out);
                timeline_scroll_to(self, at, at + out - in);
            }
        gtk_widget_set_child_visible(child, TRUE);
    } else if (gtk_widget_compute_bounds(child, GTK_WIDGET(self), &bounds)) {
        timeline_scroll_to(self, timeline_seconds(self, bounds.origin.x),
                           timeline_seconds(self, bounds.origin.x + bounds.size.width));
    }
    return gtk_widget_grab_focus(child);
}

gboolean timeline_move_focus(GtkWidget *widget, GtkDirectionType direction)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(widget);
    GPtrArray *lanes[] = {self->markers, self->blocks, self->sounds};
    gboolean back =
        direction == GTK_DIR_LEFT || direction == GTK_DIR_TAB_BACKWARD || direction == GTK_DIR_UP;
    gboolean along = direction == GTK_DIR_LEFT || direction == GTK_DIR_RIGHT;
    GtkWidget *focus = gtk_widget_get_focus_child(widget);
    int count = G_N_ELEMENTS(lanes), lane = back ? count : -1;
    guint index;

    if (focus && !gtk_widget_is_focus(focus)) // in the settings of a block, or its menu
        return gtk_widget_child_focus(focus, direction);
    for (int i = 0; focus && i < count; i++) {
        if (!g_ptr_array_find(lanes[i], focus, &index))
            continue;
        if (along) {
            guint last = lanes[i]->len - 1;
            guint next = back ? (index > 0 ? index - 1 : 0) : MIN(index + 1, last);
            return focus_child(self, lanes[i]->pdata[next]);
        }
        lane = i;
    }
    for (lane += back ? -1 : 1; lane >= 0 && lane < count; lane += back ? -1 : 1)
        if (lanes[lane]->len > 0)
            return focus_child(self, lanes[lane]->pdata[0]);
    return FALSE;
}

// The child of the lanes that has the focus, or whose menu or settings have it.
static GtkWidget *focused_child(RushesTimelineRow *self)
{
    GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
    GtkWidget *focus = root ? gtk_root_get_focus(root) : NULL;

    while (focus && gtk_widget_get_parent(focus) != GTK_WIDGET(self))
        focus = gtk_widget_get_parent(focus);
    return focus;
}

RushesShot *rushes_timeline_row_get_focused(RushesTimelineRow *self)
{
    GtkWidget *focus = focused_child(self);

    return RUSHES_IS_SHOT_BLOCK(focus) ? rushes_shot_block_get_shot(RUSHES_SHOT_BLOCK(focus))
                                       : NULL;
}

const char *rushes_timeline_row_get_focused_sound(RushesTimelineRow *self)
{
    GtkWidget *focus = focused_child(self);

    return RUSHES_IS_SOUND_BLOCK(focus) ? rushes_sound_block_get_id(RUSHES_SOUND_BLOCK(focus))
                                        : NULL;
}

GtkWidget *rushes_timeline_row_get_block(RushesTimelineRow *self)
{
    GtkWidget *focus = focused_child(self);
    double head = timeline_head(self);

    if (RUSHES_IS_SHOT_BLOCK(focus) || RUSHES_IS_SOUND_BLOCK(focus))
        return focus;
    if (head < 0 || !self->film)
        return NULL;
    int index = rushes_timeline_find_cut(self->film, rushes_player_get_position(self->player));
    return index >= 0 && (guint)index < self->blocks->len ? self->blocks->pdata[index] : NULL;
}

void rushes_timeline_row_focus(RushesTimelineRow *self, guint index)
{
    if (index < self->blocks->len)
        focus_child(self, self->blocks->pdata[index]);
}

void rushes_timeline_row_focus_sound(RushesTimelineRow *self, const char *id)
{
    RushesSoundBlock *block = timeline_find_sound(self, id);
    if (block)
        focus_child(self, GTK_WIDGET(block));
}

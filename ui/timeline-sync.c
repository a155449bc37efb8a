// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-sync.c - the children of the lanes follow what the project has.
#include "timeline-private.h"
#include "timeline/film-edit.h"

void timeline_drop_children(GPtrArray *children)
{
    for (guint i = 0; i < children->len; i++)
        gtk_widget_unparent(children->pdata[i]);
    g_ptr_array_set_size(children, 0);
}

RushesSoundBlock *timeline_find_sound(RushesTimelineRow *self, const char *id)
{
    for (guint i = 0; id && i < self->sounds->len; i++)
        if (g_str_equal(rushes_sound_block_get_id(self->sounds->pdata[i]), id))
            return self->sounds->pdata[i];
    return NULL;
}

// Blocks of clips that stay are kept: one may have the focus, or its settings open.
static void sync_sounds(RushesTimelineRow *self)
{
    const cJSON *lane = rushes_project_get_value(self->project, "sound"), *fields;
    g_autoptr(GPtrArray) kept = g_ptr_array_new();

    cJSON_ArrayForEach(fields, lane)
    {
        const char *id = rushes_json_string(fields, "id", "");
        RushesSoundBlock *block = timeline_find_sound(self, id);
        const RushesSoundClip *clip = NULL;
        for (guint i = 0; self->film && i < self->film->sound->len && !clip; i++)
            if (g_str_equal(((RushesSoundClip *)self->film->sound->pdata[i])->id, id))
                clip = self->film->sound->pdata[i];
        if (block) {
            g_ptr_array_remove(self->sounds, block);
        } else {
            block = rushes_sound_block_new(id, self->pictures);
            timeline_watch_sound(self, block);
            gtk_widget_set_parent(GTK_WIDGET(block), GTK_WIDGET(self));
        }
        rushes_sound_block_set_clip(block, fields, self->scale, clip);
        g_ptr_array_add(kept, block);
    }
    timeline_drop_children(self->sounds);
    for (guint i = 0; i < kept->len; i++)
        g_ptr_array_add(self->sounds, kept->pdata[i]);
    timeline_arrange_sounds(self);
}

static void on_marker_clicked(GtkButton *button, RushesTimelineRow *self)
{
    guint index;
    if (g_ptr_array_find(self->markers, button, &index))
        g_signal_emit(self, timeline_signals[TIMELINE_MARKER], 0, button, index);
}

static void sync_markers(RushesTimelineRow *self)
{
    guint count = rushes_film_count_markers(self->project);
    const char *text;
    double at;

    while (self->markers->len > count)
        gtk_widget_unparent(g_ptr_array_steal_index(self->markers, self->markers->len - 1));
    while (self->markers->len < count) {
        GtkWidget *button = gtk_button_new();
        gtk_widget_add_css_class(button, "marker");
        g_signal_connect(button, "clicked", G_CALLBACK(on_marker_clicked), self);
        gtk_widget_set_parent(button, GTK_WIDGET(self));
        g_ptr_array_add(self->markers, button);
    }
    for (guint i = 0; rushes_film_get_marker(self->project, i, &at, &text); i++) {
        g_autofree char *name =
            g_strdup_printf("Marker %u: %s at %.2f seconds", i + 1, *text ? text : "no name", at);
        gtk_button_set_label(self->markers->pdata[i], *text ? text : "•");
        gtk_widget_set_tooltip_text(self->markers->pdata[i], name);
        gtk_accessible_update_property(self->markers->pdata[i], GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                       -1);
    }
}

void timeline_sync(RushesTimelineRow *self)
{
    for (guint i = 0; i < self->blocks->len; i++)
        rushes_shot_block_set_place(
            self->blocks->pdata[i], i, self->scale,
            self->film && i < self->film->cuts->len ? self->film->cuts->pdata[i] : NULL);
    sync_sounds(self);
    sync_markers(self);
    gtk_widget_queue_resize(GTK_WIDGET(self));
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

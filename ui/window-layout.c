// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-layout.c - the window at any width: prompt and picture beside each other; where the row under
// the picture does not fit any more, its buttons in a row of their own; where the panes do not fit, the one
// or the other. The property "show-prompt" (F9) says which; in a wide window it hides the prompt pane and
// nothing else. Whether something fits is measured, since it depends on the font.
#include "window-private.h"

static void apply_layout(RushesWindow *self)
{
    gboolean narrow = self->layout == WINDOW_NARROW;
    gboolean prompt = self->show_prompt, picture = !narrow || !prompt;

    gtk_widget_set_visible(GTK_WIDGET(self->prompt), prompt);
    gtk_widget_set_visible(GTK_WIDGET(self->picture_box), picture);
    rushes_preview_pane_set_narrow(self->preview, self->layout != WINDOW_WIDE);
    gtk_widget_set_visible(self->open_button, !narrow); // both are in the menu too
    gtk_widget_set_visible(self->history_button, !narrow);
    gtk_widget_set_visible(self->export_label, !narrow);
}

void window_set_show_prompt(RushesWindow *self, gboolean shown)
{
    if (self->show_prompt == !!shown)
        return;
    self->show_prompt = !!shown;
    apply_layout(self);
    g_object_notify(G_OBJECT(self), "show-prompt");
}

void window_show_picture(RushesWindow *self)
{
    if (self->layout == WINDOW_NARROW)
        window_set_show_prompt(self, FALSE);
}

void window_focus_words(RushesWindow *self)
{
    window_set_show_prompt(self, TRUE);
    rushes_prompt_pane_focus_words(self->prompt);
}

// The layout that fits next, or the present one.
static WindowLayout fitting_layout(RushesWindow *self)
{
    int width = gtk_widget_get_width(GTK_WIDGET(self)), least;

    gtk_widget_measure(self->panes, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
    if (self->layout < WINDOW_NARROW && least > width) {
        self->layout_needs[self->layout] = least;
        return self->layout + 1;
    }
    if (self->layout > WINDOW_WIDE && self->layout_needs[self->layout - 1] <= width)
        return self->layout - 1;
    return self->layout;
}

static gboolean change_layout(gpointer data)
{
    RushesWindow *self = data;
    WindowLayout before = self->layout;

    self->layout_source = 0;
    self->layout = fitting_layout(self);
    if (before == WINDOW_NARROW && self->layout != before) // both fit again
        window_set_show_prompt(self, TRUE);
    apply_layout(self);
    return G_SOURCE_REMOVE;
}

void window_layout_allocated(RushesWindow *self)
{
    // Not at once: what is being given its size must not change what it asks for.
    if (!self->layout_source && fitting_layout(self) != self->layout)
        self->layout_source = g_idle_add_full(G_PRIORITY_HIGH_IDLE, change_layout, self, NULL);
}

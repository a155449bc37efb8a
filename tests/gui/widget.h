// SPDX-License-Identifier: GPL-3.0-or-later
//
// widget.h - a widget in a window of its own, and a project with takes for it to show.
#pragma once
#include <gtk/gtk.h>
#include <string.h>

#include "raw_take.h"

static inline void spin(guint milliseconds)
{
    gint64 until = g_get_monotonic_time() + milliseconds * 1000;
    while (g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
}

// Until nothing waits any more: what a widget puts off it does in idle sources of this thread, one piece after the
// other, and a busy machine takes as long as it takes. Not while something is animated.
static inline void settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static inline RushesProject *new_project(char **scratch)
{
    *scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(*scratch, "Film.rushes", NULL);
    return rushes_project_create(folder, NULL);
}

static inline RushesTake *add_take(RushesProject *project, int frames)
{
    g_autoptr(RushesRecipe) recipe = raw_take_recipe("a fox", 32, 20, frames, 10);
    g_autofree guint8 *rgb = g_malloc((gsize)frames * 32 * 20 * 3);

    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    for (int n = 0; n < frames; n++)
        memset(rgb + n * 32 * 20 * 3, n * 9, 32 * 20 * 3);
    raw_take_set_frames(take, rgb);
    rushes_take_set_state(take, RUSHES_TAKE_DONE, NULL);
    return take;
}

static inline GtkWidget *show_in_window(GtkWidget *child)
{
    GtkWidget *window = gtk_window_new();
    gtk_window_set_child(GTK_WINDOW(window), child);
    gtk_window_set_default_size(GTK_WINDOW(window), 500, 300);
    gtk_window_present(GTK_WINDOW(window));
    while (!gtk_widget_get_mapped(child) || gtk_widget_get_width(child) == 0)
        g_main_context_iteration(NULL, TRUE);
    spin(150);
    return window;
}

static inline GtkWidget *find_child(GtkWidget *widget, GType type)
{
    GtkWidget *found = G_TYPE_CHECK_INSTANCE_TYPE(widget, type) ? widget : NULL;

    for (GtkWidget *at = gtk_widget_get_first_child(widget); at && !found;
         at = gtk_widget_get_next_sibling(at))
        found = find_child(at, type);
    return found;
}

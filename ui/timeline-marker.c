// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-marker.c - the settings of a marker: its name, going there, removing it.
#include "timeline-inspector.h"

#include "popover-at.h"
#include "timeline/film-edit.h"

typedef struct Marker {
    GtkWidget *popover;
    RushesProject *project;
    guint index;
} Marker;

static void marker_free(gpointer data)
{
    Marker *self = data;

    g_object_unref(self->project);
    g_free(self);
}

static void say(Marker *self, GError *failure)
{
    if (failure)
        gtk_widget_activate_action(self->popover, "win.say", "s", failure->message);
}

static void on_named(GtkEntry *entry, Marker *self)
{
    g_autofree char *text = g_strdup(gtk_editable_get_text(GTK_EDITABLE(entry)));
    g_autoptr(GError) failure = NULL;

    rushes_film_rename_marker(self->project, self->index, text, &failure);
    say(self, failure);
    gtk_popover_popdown(GTK_POPOVER(self->popover));
}

static void on_go(GtkButton *button, Marker *self)
{
    double at;

    if (rushes_film_get_marker(self->project, self->index, &at, NULL))
        gtk_widget_activate_action(self->popover, "win.seek-film", "d", at);
    gtk_popover_popdown(GTK_POPOVER(self->popover));
}

static void on_remove(GtkButton *button, Marker *self)
{
    RushesProject *project = self->project;
    guint index = self->index;
    g_autoptr(GError) failure = NULL;

    gtk_popover_popdown(GTK_POPOVER(self->popover));
    rushes_film_remove_marker(project, index, &failure); // its button goes with it
    say(self, failure);
}

void rushes_timeline_inspector_open_marker(GtkWidget *button, RushesProject *project, guint index)
{
    Marker *self = g_new0(Marker, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6), *entry = gtk_entry_new();
    GtkWidget *go = gtk_button_new_with_mnemonic("_Go There");
    GtkWidget *remove = gtk_button_new_with_mnemonic("_Remove");
    const char *text = "";

    self->popover = gtk_popover_new();
    self->project = g_object_ref(project);
    self->index = index;
    rushes_film_get_marker(project, index, NULL, &text);
    gtk_editable_set_text(GTK_EDITABLE(entry), text);
    gtk_entry_set_placeholder_text(GTK_ENTRY(entry), "Name of the marker");
    gtk_accessible_update_property(GTK_ACCESSIBLE(entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   "Name of the marker", -1);
    gtk_box_append(GTK_BOX(box), entry);
    gtk_box_append(GTK_BOX(box), go);
    gtk_box_append(GTK_BOX(box), remove);
    gtk_popover_set_child(GTK_POPOVER(self->popover), box);
    g_object_set_data_full(G_OBJECT(self->popover), "marker", self, marker_free);
    g_signal_connect(entry, "activate", G_CALLBACK(on_named), self);
    g_signal_connect(go, "clicked", G_CALLBACK(on_go), self);
    g_signal_connect(remove, "clicked", G_CALLBACK(on_remove), self);
    rushes_popover_open_at(GTK_POPOVER(self->popover), button);
}

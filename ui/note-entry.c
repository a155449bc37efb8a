// SPDX-License-Identifier: GPL-3.0-or-later
#include "note-entry.h"

struct _RushesNoteEntry {
    AdwBin parent_instance;

    GtkEntry *entry;
    GtkLabel *problem;

    RushesProject *project;
    RushesLibrary *library;
    RushesTake *take;
};

static guint done_signal;

G_DEFINE_FINAL_TYPE(RushesNoteEntry, rushes_note_entry, ADW_TYPE_BIN)

static void rushes_note_entry_dispose(GObject *object)
{
    RushesNoteEntry *self = RUSHES_NOTE_ENTRY(object);

    g_clear_object(&self->take);
    g_clear_object(&self->library);
    g_clear_object(&self->project);
    // The template unparents its children, and AdwBin would do so to its own once more.
    adw_bin_set_child(ADW_BIN(self), NULL);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_NOTE_ENTRY);
    G_OBJECT_CLASS(rushes_note_entry_parent_class)->dispose(object);
}

static void tell(RushesNoteEntry *self, const char *sentence)
{
    gtk_label_set_label(self->problem, sentence ? sentence : "");
    gtk_widget_set_visible(GTK_WIDGET(self->problem), sentence != NULL);
    if (sentence)
        gtk_widget_add_css_class(GTK_WIDGET(self->entry), "error");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self->entry), "error");
}

static void on_changed(RushesNoteEntry *self)
{
    const char *text = gtk_editable_get_text(GTK_EDITABLE(self->entry));
    g_autoptr(GError) failure = NULL;

    if (!self->take)
        return;
    // Found by search as soon as it is written.
    if (rushes_project_set_note(self->project, self->take, text, &failure))
        rushes_library_index_take(self->library, rushes_project_get_folder(self->project),
                                  self->take, &failure);
    tell(self, failure ? failure->message : NULL);
}

static void on_activate(RushesNoteEntry *self)
{
    g_signal_emit(self, done_signal, 0);
}

static gboolean rushes_note_entry_grab_focus(GtkWidget *widget)
{
    return gtk_widget_grab_focus(GTK_WIDGET(RUSHES_NOTE_ENTRY(widget)->entry));
}

static void rushes_note_entry_class_init(RushesNoteEntryClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_note_entry_dispose;
    widget->grab_focus = rushes_note_entry_grab_focus;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/note-entry.ui");
    gtk_widget_class_bind_template_child(widget, RushesNoteEntry, entry);
    gtk_widget_class_bind_template_child(widget, RushesNoteEntry, problem);
    gtk_widget_class_bind_template_callback(widget, on_changed);
    gtk_widget_class_bind_template_callback(widget, on_activate);
    done_signal = g_signal_new("done", RUSHES_TYPE_NOTE_ENTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                               NULL, G_TYPE_NONE, 0);
}

static void rushes_note_entry_init(RushesNoteEntry *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}

RushesNoteEntry *rushes_note_entry_new(void)
{
    return g_object_new(RUSHES_TYPE_NOTE_ENTRY, NULL);
}

void rushes_note_entry_set_take(RushesNoteEntry *self, RushesProject *project,
                                RushesLibrary *library, RushesTake *take)
{
    g_clear_object(&self->take); // setting the text is not writing it
    g_set_object(&self->project, project);
    g_set_object(&self->library, library);
    gtk_editable_set_text(GTK_EDITABLE(self->entry), take ? rushes_take_get_note(take) : "");
    g_set_object(&self->take, take);
    tell(self, NULL);
}

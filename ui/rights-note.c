// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights-note.h"

#include "rights/consent-use.h"
#include "rights/rights-sources.h"

#define ASK_AFTER_MS 200 // of quiet

struct _RushesRightsNote {
    AdwBin parent_instance;

    GtkImage *icon;
    GtkLabel *label;
    RushesQueue *queue;
    GtkTextBuffer *words;
    RushesRightsList *lists; // as they were read last; NULL: not yet, or not readable
    RushesRecipe *reference;
    char *project;
    guint ask_source;
};

G_DEFINE_FINAL_TYPE(RushesRightsNote, rushes_rights_note, ADW_TYPE_BIN)

static void rushes_rights_note_dispose(GObject *object)
{
    RushesRightsNote *self = RUSHES_RIGHTS_NOTE(object);

    g_clear_handle_id(&self->ask_source, g_source_remove);
    if (self->queue)
        g_signal_handlers_disconnect_by_data(self->queue, self);
    if (self->words)
        g_signal_handlers_disconnect_by_data(self->words, self);
    g_clear_object(&self->queue);
    g_clear_object(&self->words);
    g_clear_pointer(&self->lists, rushes_rights_list_free);
    g_clear_pointer(&self->reference, rushes_recipe_free);
    g_clear_pointer(&self->project, g_free);
    G_OBJECT_CLASS(rushes_rights_note_parent_class)->dispose(object);
}

static void show(RushesRightsNote *self, const char *sentence, gboolean refused)
{
    GtkWidget *widget = GTK_WIDGET(self);

    gtk_widget_set_visible(widget, sentence != NULL);
    if (!sentence)
        return;
    gtk_label_set_label(self->label, sentence);
    gtk_image_set_from_icon_name(self->icon,
                                 refused ? "dialog-error-symbolic" : "dialog-warning-symbolic");
    if (refused)
        gtk_widget_add_css_class(widget, "error");
    else
        gtk_widget_remove_css_class(widget, "error");
}

static gboolean ask(gpointer data)
{
    RushesRightsNote *self = data;
    g_autofree char *warning = NULL, *prompt = NULL;
    g_autoptr(GError) failure = NULL;
    GtkTextIter start, end;

    self->ask_source = 0;
    gtk_text_buffer_get_bounds(self->words, &start, &end);
    prompt = gtk_text_buffer_get_text(self->words, &start, &end, FALSE);
    if (!self->lists)
        self->lists = rushes_rights_sources_read(&failure);
    if (!self->lists || !rushes_rights_sources_judge(self->lists, prompt, &warning, &failure) ||
        (self->reference && !rushes_consent_allow_job(self->reference, self->project, &failure)))
        show(self, failure->message, TRUE);
    else
        show(self, warning, FALSE);
    return G_SOURCE_REMOVE;
}

static void ask_soon(RushesRightsNote *self)
{
    g_clear_handle_id(&self->ask_source, g_source_remove);
    self->ask_source = g_timeout_add(ASK_AFTER_MS, ask, self);
}

// A list of a hundred thousand names takes a second to read: not for every letter that is typed.
static void on_rights_changed(RushesRightsNote *self)
{
    g_clear_pointer(&self->lists, rushes_rights_list_free);
    ask_soon(self);
}

static void rushes_rights_note_class_init(RushesRightsNoteClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = rushes_rights_note_dispose;
    gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(klass), GTK_ACCESSIBLE_ROLE_ALERT);
}

static void rushes_rights_note_init(RushesRightsNote *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);

    self->icon = GTK_IMAGE(gtk_image_new());
    self->label = GTK_LABEL(gtk_label_new(NULL));
    gtk_widget_set_valign(GTK_WIDGET(self->icon), GTK_ALIGN_START);
    gtk_label_set_wrap(self->label, TRUE);
    gtk_label_set_wrap_mode(self->label, PANGO_WRAP_WORD_CHAR);
    gtk_label_set_xalign(self->label, 0);
    gtk_label_set_selectable(self->label, TRUE);
    gtk_widget_set_can_focus(GTK_WIDGET(self->label), FALSE);
    gtk_label_set_max_width_chars(self->label, 30);
    gtk_widget_set_hexpand(GTK_WIDGET(self->label), TRUE);
    gtk_widget_add_css_class(GTK_WIDGET(self->label), "caption");
    gtk_widget_add_css_class(GTK_WIDGET(self), "rights-note");
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->icon));
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->label));
    adw_bin_set_child(ADW_BIN(self), box);
    gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
}

void rushes_rights_note_set_queue(RushesRightsNote *self, RushesQueue *queue, GtkTextBuffer *words)
{
    g_return_if_fail(RUSHES_IS_RIGHTS_NOTE(self) && !self->queue);

    self->queue = g_object_ref(queue);
    self->words = g_object_ref(words);
    g_signal_connect_swapped(queue, "rights-changed", G_CALLBACK(on_rights_changed), self);
    g_signal_connect_swapped(words, "changed", G_CALLBACK(ask_soon), self);
    ask_soon(self);
}

void rushes_rights_note_set_reference(RushesRightsNote *self, const RushesRecipe *reference,
                                      const char *project)
{
    g_clear_pointer(&self->reference, rushes_recipe_free);
    self->reference = rushes_recipe_copy(reference);
    g_free(self->project);
    self->project = g_strdup(project);
    ask_soon(self);
}

void rushes_rights_note_show_person(GtkButton *badge, const char *who, gboolean is_covered)
{
    GtkWidget *widget = GTK_WIDGET(badge);

    gtk_widget_set_visible(widget, who != NULL);
    gtk_widget_set_tooltip_text(widget, who);
    gtk_accessible_update_property(GTK_ACCESSIBLE(badge), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   who ? who : "", -1);
    if (is_covered)
        gtk_widget_remove_css_class(widget, "warning");
    else
        gtk_widget_add_css_class(widget, "warning");
}

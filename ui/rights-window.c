// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights-window.h"

#include "entry-row.h"
#include "rights/rights-sources.h"
#include "rights/rights-watch.h"
#include "toast.h"

struct _RushesRightsWindow {
    AdwWindow parent_instance;

    AdwToastOverlay *toasts;
    GtkListBox *list;
    AdwEntryRow *words;
    GtkLabel *verdict;
    RushesRightsWatch *watch;
};

G_DEFINE_FINAL_TYPE(RushesRightsWindow, rushes_rights_window, ADW_TYPE_WINDOW)

static void rushes_rights_window_dispose(GObject *object)
{
    RushesRightsWindow *self = RUSHES_RIGHTS_WINDOW(object);

    if (self->watch)
        g_signal_handlers_disconnect_by_data(self->watch, self);
    g_clear_object(&self->watch);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_RIGHTS_WINDOW);
    G_OBJECT_CLASS(rushes_rights_window_parent_class)->dispose(object);
}

static void say(RushesRightsWindow *self, const char *sentence)
{
    adw_toast_overlay_add_toast(self->toasts, rushes_toast_new(sentence));
}

static void fill(RushesRightsWindow *self);

static void on_words(RushesRightsWindow *self)
{
    const char *words = gtk_editable_get_text(GTK_EDITABLE(self->words));
    g_autofree char *warning = NULL;
    g_autoptr(GError) failure = NULL;

    if (!rushes_rights_sources_allow(words, &warning, &failure))
        gtk_label_set_label(self->verdict, failure->message);
    else if (warning)
        gtk_label_set_label(self->verdict, warning);
    else
        gtk_label_set_label(self->verdict, *words ? "No list names anything in it." : "");
}

static void on_leave(GtkWidget *button, RushesRightsWindow *self)
{
    const char *name = g_object_get_data(G_OBJECT(button), "list");
    g_autoptr(GError) failure = NULL;

    if (!rushes_rights_sources_unsubscribe(name, &failure))
        say(self, failure->message);
    fill(self);
}

static void add_row(RushesRightsWindow *self, const char *path, const char *target)
{
    g_autofree char *own = rushes_rights_sources_own();
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GError) failure = NULL;
    g_autoptr(RushesRightsList) list = rushes_rights_list_read(path, &failure);
    g_autofree char *subtitle = NULL;
    GtkWidget *row = adw_action_row_new();

    if (list) {
        guint size = rushes_rights_list_size(list);
        subtitle = g_strdup_printf("%u %s · %s", size, size == 1 ? "name" : "names",
                                   target ? target : path);
    } else {
        subtitle = g_strdup(failure->message);
        adw_action_row_set_icon_name(ADW_ACTION_ROW(row), "dialog-error-symbolic");
    }
    g_autofree char *escaped = g_markup_escape_text(subtitle, -1);
    g_autofree char *title = g_markup_escape_text(
        g_str_equal(path, own) ? "Your own list" : (target ? name : "Shipped with Rushes"), -1);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), escaped);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
    if (target) {
        GtkWidget *leave = gtk_button_new_with_mnemonic("_Leave");
        g_autofree char *label = g_strdup_printf("Leave the list %s", name);
        gtk_widget_set_valign(leave, GTK_ALIGN_CENTER);
        gtk_accessible_update_property(GTK_ACCESSIBLE(leave), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                       -1);
        g_object_set_data_full(G_OBJECT(leave), "list", g_strdup(name), g_free);
        g_signal_connect(leave, "clicked", G_CALLBACK(on_leave), self);
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), leave);
    }
    gtk_list_box_append(self->list, row);
}

static void fill(RushesRightsWindow *self)
{
    g_auto(GStrv) paths = rushes_rights_sources_list();
    GtkListBoxRow *row;
    guint shown = 0;

    while ((row = gtk_list_box_get_row_at_index(self->list, 0)))
        gtk_list_box_remove(self->list, GTK_WIDGET(row));
    for (char **path = paths; *path; path++) {
        g_autofree char *target = g_file_read_link(*path, NULL);
        if (!target && !g_file_test(*path, G_FILE_TEST_EXISTS))
            continue;
        add_row(self, *path, target);
        shown++;
    }
    gtk_widget_set_visible(GTK_WIDGET(self->list), shown > 0);
    on_words(self);
}

static void on_file_chosen(GtkNativeDialog *dialog, int response, RushesRightsWindow *self)
{
    g_autoptr(GError) failure = NULL;

    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
        g_autofree char *path = g_file_get_path(file);
        g_autofree char *name = path ? rushes_rights_sources_subscribe(path, &failure) : NULL;
        if (!name)
            say(self, failure ? failure->message
                              : "Choose a list in a folder of this computer or a mounted share.");
        fill(self);
    }
    g_object_unref(dialog);
}

static void on_follow(RushesRightsWindow *self)
{
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
        "Follow a Rights List", GTK_WINDOW(self), GTK_FILE_CHOOSER_ACTION_OPEN, "_Follow", NULL);

    g_signal_connect_object(dialog, "response", G_CALLBACK(on_file_chosen), self, 0);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void rushes_rights_window_class_init(RushesRightsWindowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_rights_window_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/rights-window.ui");
    gtk_widget_class_bind_template_child(widget, RushesRightsWindow, toasts);
    gtk_widget_class_bind_template_child(widget, RushesRightsWindow, list);
    gtk_widget_class_bind_template_child(widget, RushesRightsWindow, words);
    gtk_widget_class_bind_template_child(widget, RushesRightsWindow, verdict);
    gtk_widget_class_bind_template_callback(widget, on_follow);
    gtk_widget_class_bind_template_callback(widget, on_words);
}

static void rushes_rights_window_init(RushesRightsWindow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    rushes_toast_let_escape_close(GTK_WINDOW(self));
    rushes_entry_row_name_text(self->words);
    self->watch = rushes_rights_watch_new();
    g_signal_connect_swapped(self->watch, "changed", G_CALLBACK(fill), self);
    fill(self);
}

GtkWindow *rushes_rights_window_new(GtkWindow *parent)
{
    return g_object_new(RUSHES_TYPE_RIGHTS_WINDOW, "transient-for", parent, NULL);
}

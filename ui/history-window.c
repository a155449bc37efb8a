// SPDX-License-Identifier: GPL-3.0-or-later
#include "history-window.h"

#include "note-entry.h"
#include "take-differences.h"
#include "texture.h"

#define MOST_HITS 200

struct _RushesHistoryWindow {
    AdwWindow parent_instance;

    GtkSearchEntry *search;
    GtkListBox *list;
    GtkLabel *heading, *words, *settings;
    RushesNoteEntry *note;
    GtkButton *show;

    RushesProject *project;
    RushesLibrary *library;
};

#define RUSHES_TYPE_HISTORY_WINDOW (rushes_history_window_get_type())
G_DECLARE_FINAL_TYPE(RushesHistoryWindow, rushes_history_window, RUSHES, HISTORY_WINDOW, AdwWindow)
G_DEFINE_FINAL_TYPE(RushesHistoryWindow, rushes_history_window, ADW_TYPE_WINDOW)

static void rushes_history_window_dispose(GObject *object)
{
    RushesHistoryWindow *self = RUSHES_HISTORY_WINDOW(object);

    if (self->list) // it says that its selection is gone while it goes itself
        g_signal_handlers_disconnect_by_data(self->list, self);
    g_clear_object(&self->project);
    g_clear_object(&self->library);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_HISTORY_WINDOW);
    G_OBJECT_CLASS(rushes_history_window_parent_class)->dispose(object);
}

static GtkWidget *row_picture(RushesTake *take)
{
    GtkWidget *picture = gtk_picture_new();
    g_autoptr(GdkTexture) texture = rushes_texture_new_take(take, 96, 60);

    gtk_picture_set_paintable(GTK_PICTURE(picture), GDK_PAINTABLE(texture));
    gtk_widget_set_size_request(picture, 64, 40);
    return picture;
}

// `depth` levels to the right; project NULL: of this project.
static void add_row(RushesHistoryWindow *self, const char *project, const char *id,
                    RushesTake *take, const char *markup, guint depth)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10);
    GtkWidget *label = gtk_label_new(NULL);
    GtkWidget *row = gtk_list_box_row_new();

    gtk_widget_set_margin_start(box, (int)(10 + depth * 22));
    gtk_widget_set_margin_top(box, 4);
    gtk_widget_set_margin_bottom(box, 4);
    if (depth > 0)
        gtk_box_append(GTK_BOX(box), gtk_image_new_from_icon_name("go-next-symbolic"));
    if (take)
        gtk_box_append(GTK_BOX(box), row_picture(take));
    gtk_label_set_markup(GTK_LABEL(label), markup);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_widget_set_hexpand(label, TRUE);
    gtk_box_append(GTK_BOX(box), label);
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   gtk_label_get_text(GTK_LABEL(label)), -1);
    g_object_set_data_full(G_OBJECT(row), "take", g_strdup(id), g_free);
    g_object_set_data_full(G_OBJECT(row), "project", g_strdup(project), g_free);
    gtk_list_box_append(self->list, row);
}

static void add_branch(RushesHistoryWindow *self, const char *parent, guint depth)
{
    GListModel *takes = rushes_project_get_takes(self->project);

    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        const char *of = rushes_take_get_parent(take);
        // A child of a take that is gone grows from the root.
        if (of && (!rushes_project_find_take(self->project, of) ||
                   g_str_equal(of, rushes_take_get_id(take))))
            of = NULL;
        if (g_strcmp0(of, parent) != 0 || depth > 100)
            continue;
        g_autofree char *prompt = g_markup_escape_text(rushes_take_get_recipe(take)->prompt, -1);
        g_autofree char *markup = g_strdup_printf("<b>%d</b>%s  %s", rushes_take_get_number(take),
                                                  rushes_take_get_star(take) ? " ★" : "", prompt);
        add_row(self, NULL, rushes_take_get_id(take), take, markup, depth);
        add_branch(self, rushes_take_get_id(take), depth + 1);
    }
}

static void clear_list(RushesHistoryWindow *self)
{
    GtkListBoxRow *row;
    while ((row = gtk_list_box_get_row_at_index(self->list, 0)))
        gtk_list_box_remove(self->list, GTK_WIDGET(row));
}

static void show_hits(RushesHistoryWindow *self, const char *words)
{
    g_autoptr(GPtrArray) hits = rushes_library_search(self->library, words, MOST_HITS);

    for (guint i = 0; i < hits->len; i++) {
        RushesSearchHit *hit = hits->pdata[i];
        gboolean here = g_str_equal(hit->project, rushes_project_get_folder(self->project));
        g_autofree char *name = g_path_get_basename(hit->project);
        g_autofree char *escaped = g_markup_escape_text(name, -1);
        g_autofree char *markup =
            here ? g_strdup(hit->snippet)
                 : g_strdup_printf("%s  <small>%s</small>", hit->snippet, escaped);
        RushesTake *take = here ? rushes_project_find_take(self->project, hit->take) : NULL;
        if (here && !take)
            continue; // deleted since
        add_row(self, here ? NULL : hit->project, hit->take, take, markup, 0);
    }
}

static void on_search(RushesHistoryWindow *self)
{
    const char *words = gtk_editable_get_text(GTK_EDITABLE(self->search));

    clear_list(self);
    if (*words)
        show_hits(self, words);
    else
        add_branch(self, NULL, 0);
    gtk_list_box_select_row(self->list, gtk_list_box_get_row_at_index(self->list, 0));
}

// The take that was looked at, or the first one.
static void select_take(RushesHistoryWindow *self, const char *id)
{
    GtkListBoxRow *row, *wanted = gtk_list_box_get_row_at_index(self->list, 0);

    for (int i = 0; id && (row = gtk_list_box_get_row_at_index(self->list, i)); i++) {
        if (g_strcmp0(g_object_get_data(G_OBJECT(row), "take"), id) == 0)
            wanted = row;
    }
    gtk_list_box_select_row(self->list, wanted);
}

static RushesTake *selected_take(RushesHistoryWindow *self, const char **project)
{
    GtkListBoxRow *row = gtk_list_box_get_selected_row(self->list);
    *project = row ? g_object_get_data(G_OBJECT(row), "project") : NULL;
    const char *id = row ? g_object_get_data(G_OBJECT(row), "take") : NULL;
    return id && !*project ? rushes_project_find_take(self->project, id) : NULL;
}

static const char *selected_id(RushesHistoryWindow *self)
{
    GtkListBoxRow *row = gtk_list_box_get_selected_row(self->list);
    return row ? g_object_get_data(G_OBJECT(row), "take") : "";
}

static void show_differences(RushesHistoryWindow *self, RushesTake *take, RushesTake *parent)
{
    g_autofree char *heading = g_strdup_printf(
        "Take %d, from take %d", rushes_take_get_number(take), rushes_take_get_number(parent));
    g_autofree char *markup = rushes_take_differences_words(parent, take);
    g_autofree char *settings = rushes_take_differences_settings(parent, take);

    gtk_label_set_label(self->heading, heading);
    gtk_label_set_markup(self->words, markup);
    gtk_label_set_label(self->settings, settings);
}

static void on_selected(RushesHistoryWindow *self)
{
    const char *project;
    RushesTake *take = selected_take(self, &project);
    RushesTake *parent =
        take ? rushes_project_find_take(self->project, rushes_take_get_parent(take)) : NULL;

    gtk_widget_set_sensitive(GTK_WIDGET(self->show), take || project);
    gtk_button_set_label(self->show, project ? "Open Its Project" : "Show");
    gtk_widget_set_visible(GTK_WIDGET(self->note), take != NULL);
    gtk_label_set_label(self->heading, project ? project : "");
    gtk_label_set_label(self->words, "");
    gtk_label_set_label(self->settings, "");
    rushes_note_entry_set_take(self->note, self->project, self->library, take);
    if (!take)
        return;
    if (parent) {
        show_differences(self, take, parent);
        return;
    }
    g_autofree char *heading = g_strdup_printf("Take %d", rushes_take_get_number(take));
    g_autofree char *settings = rushes_recipe_describe(rushes_take_get_recipe(take));
    gtk_label_set_label(self->heading, heading);
    gtk_label_set_label(self->words, rushes_take_get_recipe(take)->prompt);
    gtk_label_set_label(self->settings, settings);
}

static void on_show(RushesHistoryWindow *self)
{
    const char *project;
    RushesTake *take = selected_take(self, &project);
    GtkWindow *parent = gtk_window_get_transient_for(GTK_WINDOW(self));

    if (take)
        gtk_widget_activate_action(GTK_WIDGET(parent), "win.show-take", "s",
                                   rushes_take_get_id(take));
    else if (project)
        gtk_widget_activate_action(GTK_WIDGET(parent), "app.open-take", "(ss)", project,
                                   selected_id(self));
    if (take || project)
        gtk_window_close(GTK_WINDOW(self));
}

// Escape takes the words back first, and closes the window when there are none.
static void on_stop_search(RushesHistoryWindow *self)
{
    if (*gtk_editable_get_text(GTK_EDITABLE(self->search)))
        gtk_editable_set_text(GTK_EDITABLE(self->search), "");
    else
        gtk_window_close(GTK_WINDOW(self));
}

static void on_activated(RushesHistoryWindow *self)
{
    on_show(self);
}

static void on_search_activated(RushesHistoryWindow *self)
{
    on_search(self); // the words may be newer than the list
    on_show(self);
}

static void rushes_history_window_class_init(RushesHistoryWindowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_history_window_dispose;
    g_type_ensure(RUSHES_TYPE_NOTE_ENTRY);
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/history-window.ui");
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, search);
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, list);
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, heading);
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, words);
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, settings);
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, note);
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, show);
    gtk_widget_class_bind_template_callback(widget, on_search);
    gtk_widget_class_bind_template_callback(widget, on_search_activated);
    gtk_widget_class_bind_template_callback(widget, on_stop_search);
    gtk_widget_class_bind_template_callback(widget, on_selected);
    gtk_widget_class_bind_template_callback(widget, on_activated);
    gtk_widget_class_bind_template_callback(widget, on_show);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void rushes_history_window_init(RushesHistoryWindow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWindow *rushes_history_window_new(GtkWindow *parent, RushesProject *project,
                                     RushesLibrary *library, const char *take)
{
    RushesHistoryWindow *self =
        g_object_new(RUSHES_TYPE_HISTORY_WINDOW, "transient-for", parent, NULL);

    self->project = g_object_ref(project);
    self->library = g_object_ref(library);
    add_branch(self, NULL, 0);
    select_take(self, take);
    return GTK_WINDOW(self);
}

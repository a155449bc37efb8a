// SPDX-License-Identifier: GPL-3.0-or-later
#include "history-window.h"

#include "note-entry.h"
#include "project/take-tree.h"
#include "take-differences.h"
#include "texture.h"

#define MOST_HITS   200
#define MOST_INDENT 8 // columns; deeper ones stay in the last

struct _RushesHistoryWindow {
    AdwWindow parent_instance;

    GtkSearchEntry *search;
    GtkScrolledWindow *scroll;
    GtkListBox *list;
    GtkLabel *nothing, *heading, *words, *settings;
    RushesNoteEntry *note;
    GtkButton *show;

    RushesProject *project;
    RushesLibrary *library;
    GQueue pictures; // GtkPicture that are still empty, each with its "take"
    guint picture_source;
};

#define RUSHES_TYPE_HISTORY_WINDOW (rushes_history_window_get_type())
G_DECLARE_FINAL_TYPE(RushesHistoryWindow, rushes_history_window, RUSHES, HISTORY_WINDOW, AdwWindow)
G_DEFINE_FINAL_TYPE(RushesHistoryWindow, rushes_history_window, ADW_TYPE_WINDOW)

static void forget_pictures(RushesHistoryWindow *self)
{
    g_clear_handle_id(&self->picture_source, g_source_remove);
    g_queue_clear_full(&self->pictures, g_object_unref);
}

static void rushes_history_window_dispose(GObject *object)
{
    RushesHistoryWindow *self = RUSHES_HISTORY_WINDOW(object);

    forget_pictures(self);
    if (self->list) // it says that its selection is gone while it goes itself
        g_signal_handlers_disconnect_by_data(self->list, self);
    g_clear_object(&self->project);
    g_clear_object(&self->library);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_HISTORY_WINDOW);
    G_OBJECT_CLASS(rushes_history_window_parent_class)->dispose(object);
}

// One a turn of the main loop: hundreds of them must not keep the window from opening.
static gboolean load_picture(gpointer data)
{
    RushesHistoryWindow *self = data;
    g_autoptr(GtkWidget) picture = g_queue_pop_head(&self->pictures);

    if (picture) {
        g_autoptr(GdkTexture) texture =
            rushes_texture_new_take(g_object_get_data(G_OBJECT(picture), "take"), 96, 60);
        gtk_picture_set_paintable(GTK_PICTURE(picture), GDK_PAINTABLE(texture));
        return G_SOURCE_CONTINUE;
    }
    self->picture_source = 0;
    return G_SOURCE_REMOVE;
}

static GtkWidget *row_picture(RushesHistoryWindow *self, RushesTake *take)
{
    GtkWidget *picture = gtk_picture_new();

    gtk_widget_set_size_request(picture, 64, 40);
    g_object_set_data_full(G_OBJECT(picture), "take", g_object_ref(take), g_object_unref);
    g_queue_push_tail(&self->pictures, g_object_ref_sink(picture));
    if (!self->picture_source)
        self->picture_source = g_idle_add_full(G_PRIORITY_LOW, load_picture, self, NULL);
    return picture;
}

// In column `depth`, with an arrow where it grew from another take; project NULL: of this project.
static GtkWidget *add_row(RushesHistoryWindow *self, const char *project, const char *id,
                          RushesTake *take, const char *markup, guint depth, gboolean is_child)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10);
    GtkWidget *label = gtk_label_new(NULL);
    GtkWidget *row = gtk_list_box_row_new();

    gtk_widget_set_margin_start(box, (int)(10 + MIN(depth, MOST_INDENT) * 22));
    gtk_widget_set_margin_top(box, 4);
    gtk_widget_set_margin_bottom(box, 4);
    if (is_child)
        gtk_box_append(GTK_BOX(box), gtk_image_new_from_icon_name("go-next-symbolic"));
    if (take)
        gtk_box_append(GTK_BOX(box), row_picture(self, take));
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
    return row;
}

static void add_tree(RushesHistoryWindow *self)
{
    g_autoptr(GArray) rows = rushes_take_tree_new(rushes_project_get_takes(self->project));
    RushesTake *above = NULL;

    for (guint i = 0; i < rows->len; i++) {
        const RushesTreeRow *at = &g_array_index(rows, RushesTreeRow, i);
        g_autofree char *prompt =
            g_markup_escape_text(rushes_take_get_recipe(at->take)->prompt, -1);
        g_autofree char *from =
            at->parent && at->parent != above
                ? g_strdup_printf("  <small>from %d</small>", rushes_take_get_number(at->parent))
                : g_strdup("");
        g_autofree char *markup =
            g_strdup_printf("<b>%d</b>%s%s  %s", rushes_take_get_number(at->take),
                            rushes_take_get_star(at->take) ? " ★" : "", from, prompt);
        add_row(self, NULL, rushes_take_get_id(at->take), at->take, markup, at->depth,
                at->parent != NULL);
        above = at->take;
    }
    gtk_label_set_label(self->nothing, "No take has been made yet.");
}

static void clear_list(RushesHistoryWindow *self)
{
    GtkListBoxRow *row;

    forget_pictures(self);
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
        RushesTake *take = here ? rushes_project_find_take(self->project, hit->take) : NULL;
        if (here && !take)
            continue; // deleted since
        g_autofree char *markup =
            here ? g_strdup_printf("<b>%d</b>%s  %s", rushes_take_get_number(take),
                                   rushes_take_get_star(take) ? " ★" : "", hit->snippet)
                 : g_strdup_printf("%s  <small>%s</small>", hit->snippet, escaped);
        GtkWidget *row =
            add_row(self, here ? NULL : hit->project, hit->take, take, markup, 0, FALSE);
        g_object_set_data_full(G_OBJECT(row), "words", g_strdup(hit->words), g_free);
    }
    gtk_label_set_label(self->nothing, "No take has these words in its prompt or note.");
}

static void on_search(RushesHistoryWindow *self)
{
    const char *words = gtk_editable_get_text(GTK_EDITABLE(self->search));

    clear_list(self);
    if (*words)
        show_hits(self, words);
    else
        add_tree(self);
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

// The row that is selected, once it has a place, in the middle of what is seen.
static gboolean scroll_to_selected(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
    RushesHistoryWindow *self = RUSHES_HISTORY_WINDOW(widget);
    GtkListBoxRow *row = gtk_list_box_get_selected_row(self->list);
    GtkAdjustment *place = gtk_scrolled_window_get_vadjustment(self->scroll);
    graphene_rect_t area;

    if (!row)
        return G_SOURCE_REMOVE;
    if (gtk_widget_get_height(GTK_WIDGET(row)) == 0 ||
        !gtk_widget_compute_bounds(GTK_WIDGET(row), GTK_WIDGET(self->list), &area))
        return G_SOURCE_CONTINUE;
    gtk_adjustment_set_value(place, area.origin.y + area.size.height / 2 -
                                        gtk_adjustment_get_page_size(place) / 2);
    return G_SOURCE_REMOVE;
}

static RushesTake *selected_take(RushesHistoryWindow *self, const char **project)
{
    GtkListBoxRow *row = gtk_list_box_get_selected_row(self->list);
    *project = row ? g_object_get_data(G_OBJECT(row), "project") : NULL;
    const char *id = row ? g_object_get_data(G_OBJECT(row), "take") : NULL;
    return id && !*project ? rushes_project_find_take(self->project, id) : NULL;
}

// "take" or "words" of the row that is selected.
static const char *selected_text(RushesHistoryWindow *self, const char *key)
{
    GtkListBoxRow *row = gtk_list_box_get_selected_row(self->list);
    const char *text = row ? g_object_get_data(G_OBJECT(row), key) : NULL;
    return text ? text : "";
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
    gtk_label_set_text(self->words, project ? selected_text(self, "words") : "");
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
    gtk_label_set_text(self->words, rushes_take_get_recipe(take)->prompt);
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
                                   selected_text(self, "take"));
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
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, scroll);
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, list);
    gtk_widget_class_bind_template_child(widget, RushesHistoryWindow, nothing);
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
    add_tree(self);
    select_take(self, take);
    gtk_widget_add_tick_callback(GTK_WIDGET(self), scroll_to_selected, NULL, NULL);
    return GTK_WINDOW(self);
}

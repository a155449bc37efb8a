// SPDX-License-Identifier: GPL-3.0-or-later
#include "window.h"

#include <glib/gstdio.h>

#include "open-shared.h"
#include "recent.h"
#include "settings.h"
#include "texture.h"
#include "time-text.h"
#include "toast.h"
#include "window-private.h"

#define SAVE_AFTER_SECONDS 60 // project.json is rewritten this often while there are new edits

G_DEFINE_FINAL_TYPE(RushesWindow, rushes_window, ADW_TYPE_APPLICATION_WINDOW)

enum { PROP_SHOW_PROMPT = 1 };

static void leave_project(RushesWindow *self)
{
    if (!self->project)
        return;
    rushes_prompt_pane_flush(self->prompt);
    g_signal_handlers_disconnect_by_data(self->project, self);
    g_signal_handlers_disconnect_by_data(rushes_project_get_takes(self->project), self);
    g_signal_handlers_disconnect_by_data(rushes_project_get_shots(self->project), self);
    if (!rushes_project_get_read_only(self->project))
        rushes_project_save(self->project, NULL); // the journal has every edit in any case
    g_clear_object(&self->archivist);
    g_clear_object(&self->film);
    g_clear_object(&self->project);
}

static void rushes_window_dispose(GObject *object)
{
    RushesWindow *self = RUSHES_WINDOW(object);

    g_clear_handle_id(&self->layout_source, g_source_remove);
    leave_project(self);
    if (self->queue)
        g_signal_handlers_disconnect_by_data(self->queue, self);
    g_clear_object(&self->queue);
    g_clear_pointer(&self->last_shown, g_free);
    g_clear_object(&self->settings);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_WINDOW);
    G_OBJECT_CLASS(rushes_window_parent_class)->dispose(object);
}

void window_say(RushesWindow *self, const char *sentence)
{
    adw_toast_overlay_add_toast(self->toasts, rushes_toast_new(sentence));
}

void window_check(RushesWindow *self, GError *error)
{
    if (!error)
        return;
    window_say(self, error->message);
    g_error_free(error);
}

RushesPlayer *window_player(RushesWindow *self)
{
    return rushes_preview_pane_get_player(self->preview);
}

RushesTake *window_current_take(RushesWindow *self)
{
    RushesTake *take = rushes_preview_pane_get_take(self->preview);
    if (take)
        return take;
    g_autoptr(GPtrArray) selected = rushes_take_strip_get_selected(self->strip);
    return selected->len > 0 ? selected->pdata[0] : NULL; // the project holds it
}

// The film is made anew after every edit, and when a take on it is done.
static void update_film(RushesWindow *self)
{
    g_autoptr(RushesTimeline) film = rushes_timeline_new(self->project, NULL);
    rushes_composer_set_timeline(self->film, film);
    window_update_film_caption(self);
}

static void update_title(RushesWindow *self)
{
    guint takes = g_list_model_get_n_items(rushes_project_get_takes(self->project));
    guint shots = g_list_model_get_n_items(rushes_project_get_shots(self->project));
    g_autoptr(RushesTimeline) film = rushes_composer_get_timeline(self->film);
    g_autofree char *length = rushes_time_text_clip(rushes_timeline_get_seconds(film));
    g_autofree char *subtitle = g_strdup_printf(
        "%s · %u %s, %u %s, %s",
        rushes_project_get_read_only(self->project) ? "read only" : "saved", takes,
        takes == 1 ? "take" : "takes", shots, shots == 1 ? "shot" : "shots", length);

    adw_window_title_set_title(self->title, rushes_project_get_title(self->project));
    adw_window_title_set_subtitle(self->title, subtitle);
    gtk_window_set_title(GTK_WINDOW(self), rushes_project_get_title(self->project));
}

// What it would do, for who hovers. The action stays enabled for the keys: text has an undo of its own.
static void tell_undo(GtkWidget *button, const char *what, const char *label, const char *keys)
{
    g_autofree char *tip = label ? g_strdup_printf("%s: %s (%s)", what, label, keys)
                                 : g_strdup_printf("%s (%s)", what, keys);
    gtk_widget_set_tooltip_text(button, tip);
    gtk_widget_set_sensitive(button, label != NULL);
}

static void update_undo(RushesWindow *self)
{
    tell_undo(self->undo_button, "Undo", rushes_project_get_undo_label(self->project), "Ctrl+Z");
    tell_undo(self->redo_button, "Redo", rushes_project_get_redo_label(self->project),
              "Ctrl+Shift+Z");
}

static void update_banner(RushesWindow *self)
{
    const char *notice = rushes_project_get_notice(self->project);
    const char *read_only =
        rushes_project_get_read_only(self->project)
            ? "This project is open for reading only. Save As makes a copy to work in."
            : NULL;

    gtk_label_set_label(self->banner_label, notice ? notice : read_only ? read_only : "");
    gtk_revealer_set_reveal_child(self->banner, notice || read_only);
}

static void on_undo_clicked(RushesWindow *self)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "win.undo", NULL);
}

static void on_redo_clicked(RushesWindow *self)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "win.redo", NULL);
}

static void on_notice_closed(RushesWindow *self)
{
    gtk_revealer_set_reveal_child(self->banner, FALSE);
}

static void on_selection(RushesWindow *self)
{
    g_autoptr(GPtrArray) takes = rushes_take_strip_get_selected(self->strip);
    RushesTake *before = rushes_preview_pane_get_take(self->preview);

    if (before && (takes->len == 0 || takes->pdata[0] != before)) {
        g_free(self->last_shown);
        self->last_shown = g_strdup(rushes_take_get_id(before));
    }
    window_follow_chosen(self, takes);
    rushes_preview_pane_set_takes(self->preview, takes);
    window_update_marks(self);
}

// Nothing is left of the film that is shown: back to the takes.
static void leave_empty_film(RushesWindow *self)
{
    if (rushes_preview_pane_shows_source(self->preview, RUSHES_FRAME_SOURCE(self->film)) &&
        g_list_model_get_n_items(rushes_project_get_shots(self->project)) == 0)
        on_selection(self);
}

static void on_take_activated(RushesWindow *self, RushesTake *take)
{
    GError *failure = NULL;
    guint end = g_list_model_get_n_items(rushes_project_get_shots(self->project));
    rushes_project_add_shot(self->project, take, end, &failure);
    window_check(self, failure);
}

void window_show_film(RushesWindow *self)
{
    RushesFrameSource *film = RUSHES_FRAME_SOURCE(self->film);
    if (g_list_model_get_n_items(rushes_project_get_shots(self->project)) == 0) {
        window_say(self, "The timeline is empty: press E to put the take that is shown on it.");
        return;
    }
    self->follows = FALSE;
    if (!rushes_preview_pane_shows_source(self->preview, film))
        rushes_preview_pane_set_source(self->preview, film, "Timeline");
    window_update_film_caption(self);
}

static void on_timeline_seek(RushesWindow *self, int frame)
{
    window_show_film(self);
    if (rushes_preview_pane_shows_source(self->preview, RUSHES_FRAME_SOURCE(self->film)))
        rushes_player_seek(window_player(self), frame);
}

static void on_cancel_take(RushesWindow *self, RushesTake *take)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "win.cancel", NULL);
}

// For a creator who does something else meanwhile.
static void notify_done(RushesWindow *self, RushesTake *take)
{
    GApplication *application = g_application_get_default();
    g_autofree char *title = g_strdup_printf("Take %d is done", rushes_take_get_number(take));
    g_autoptr(GNotification) notification = g_notification_new(title);

    if (!application || gtk_window_is_active(GTK_WINDOW(self)) ||
        rushes_take_get_state(take) != RUSHES_TAKE_DONE)
        return;
    g_notification_set_body(notification, rushes_take_get_recipe(take)->prompt);
    g_application_send_notification(application, rushes_take_get_id(take), notification);
}

static void on_item_finished(RushesWindow *self, RushesQueueItem *item)
{
    RushesTake *take = rushes_queue_item_get_take(item);

    if (g_str_equal(rushes_queue_item_get_project(item), rushes_project_get_folder(self->project)))
        notify_done(self, take);
    rushes_library_index_take(rushes_queue_get_library(self->queue),
                              rushes_queue_item_get_project(item), take, NULL);
    window_update_flags(self);
    update_film(self);
}

static void on_exported(RushesWindow *self, RushesExportJob *job)
{
    g_autofree char *base = g_path_get_basename(rushes_export_job_get_path(job));
    g_autofree char *name = g_filename_display_name(base);
    g_autofree char *sentence =
        g_strdup_printf("%s is written. The recipe travels inside the file.", name);

    if (g_str_equal(rushes_export_job_get_project(job), rushes_project_get_folder(self->project)))
        window_say(self, sentence);
}

static void on_rights_changed(RushesWindow *self)
{
    window_update_flags(self);
    window_update_start(self);
}

static gboolean save_regularly(gpointer data)
{
    RushesWindow *self = data;
    g_autoptr(GError) failure = NULL;

    if (self->project && !rushes_project_get_read_only(self->project) &&
        !rushes_project_save(self->project, &failure))
        window_say(self, failure->message);
    return G_SOURCE_CONTINUE;
}

static gboolean is_project(const char *path)
{
    g_autofree char *state = g_build_filename(path, "project.json", NULL);

    return g_file_test(path, G_FILE_TEST_IS_DIR) &&
           (g_str_has_suffix(path, ".rushes") || g_file_test(state, G_FILE_TEST_EXISTS));
}

static gboolean on_drop(GtkDropTarget *target, const GValue *value, double x, double y,
                        RushesWindow *self)
{
    GSList *files = g_value_get_boxed(value); // GdkFileList is a boxed list of GFile
    if (!files)
        return FALSE;
    g_autoptr(GSList) list = gdk_file_list_get_files((GdkFileList *)files);
    for (GSList *at = list; at; at = at->next) {
        const char *path = g_file_peek_path(at->data);
        if (path && (rushes_is_shared_file(path) || is_project(path)))
            gtk_widget_activate_action(GTK_WIDGET(self), "app.open-folder", "s", path);
        else if (!window_take_recipe_from_file(self, at->data))
            window_start_from_image(self, at->data);
    }
    return TRUE;
}

static void take_drops(RushesWindow *self, GtkWidget *widget, GtkPropagationPhase phase)
{
    GtkDropTarget *drop = gtk_drop_target_new(GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

    gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(drop), phase);
    g_signal_connect(drop, "drop", G_CALLBACK(on_drop), self);
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(drop));
}

static gboolean on_close_request(GtkWindow *window)
{
    RushesWindow *self = RUSHES_WINDOW(window);
    int width, height;

    gtk_window_get_default_size(window, &width, &height);
    if (self->settings && !gtk_window_is_fullscreen(window)) {
        g_settings_set_int(self->settings, "window-width", width);
        g_settings_set_int(self->settings, "window-height", height);
        g_settings_set_boolean(self->settings, "window-maximized", gtk_window_is_maximized(window));
    }
    rushes_player_pause(window_player(self));
    rushes_prompt_pane_flush(self->prompt);
    return GDK_EVENT_PROPAGATE;
}

static void rushes_window_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_SHOW_PROMPT)
        g_value_set_boolean(value, RUSHES_WINDOW(object)->show_prompt);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void rushes_window_set_property(GObject *object, guint id, const GValue *value,
                                       GParamSpec *pspec)
{
    if (id == PROP_SHOW_PROMPT)
        window_set_show_prompt(RUSHES_WINDOW(object), g_value_get_boolean(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void rushes_window_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    GTK_WIDGET_CLASS(rushes_window_parent_class)->size_allocate(widget, width, height, baseline);
    window_layout_allocated(RUSHES_WINDOW(widget));
}

static void rushes_window_class_init(RushesWindowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_window_dispose;
    G_OBJECT_CLASS(klass)->get_property = rushes_window_get_property;
    G_OBJECT_CLASS(klass)->set_property = rushes_window_set_property;
    g_object_class_install_property(
        G_OBJECT_CLASS(klass), PROP_SHOW_PROMPT,
        g_param_spec_boolean("show-prompt", NULL, NULL, TRUE,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));
    widget->size_allocate = rushes_window_size_allocate;
    GTK_WINDOW_CLASS(klass)->close_request = on_close_request;
    g_type_ensure(RUSHES_TYPE_QUEUE_BUTTON);
    g_type_ensure(RUSHES_TYPE_PROMPT_PANE);
    g_type_ensure(RUSHES_TYPE_PREVIEW_PANE);
    g_type_ensure(RUSHES_TYPE_TAKE_STRIP);
    g_type_ensure(RUSHES_TYPE_TIMELINE_PANE);
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/window.ui");
    gtk_widget_class_bind_template_child(widget, RushesWindow, toasts);
    gtk_widget_class_bind_template_child(widget, RushesWindow, title);
    gtk_widget_class_bind_template_child(widget, RushesWindow, banner);
    gtk_widget_class_bind_template_child(widget, RushesWindow, banner_label);
    gtk_widget_class_bind_template_child(widget, RushesWindow, queue_button);
    gtk_widget_class_bind_template_child(widget, RushesWindow, prompt);
    gtk_widget_class_bind_template_child(widget, RushesWindow, preview);
    gtk_widget_class_bind_template_child(widget, RushesWindow, picture_box);
    gtk_widget_class_bind_template_child(widget, RushesWindow, panes);
    gtk_widget_class_bind_template_child(widget, RushesWindow, export_label);
    gtk_widget_class_bind_template_child(widget, RushesWindow, open_button);
    gtk_widget_class_bind_template_child(widget, RushesWindow, history_button);
    gtk_widget_class_bind_template_child(widget, RushesWindow, undo_button);
    gtk_widget_class_bind_template_child(widget, RushesWindow, redo_button);
    gtk_widget_class_bind_template_child(widget, RushesWindow, strip);
    gtk_widget_class_bind_template_child(widget, RushesWindow, timeline);
    gtk_widget_class_bind_template_child(widget, RushesWindow, recent_menu);
    gtk_widget_class_bind_template_callback(widget, on_notice_closed);
    gtk_widget_class_bind_template_callback(widget, on_undo_clicked);
    gtk_widget_class_bind_template_callback(widget, on_redo_clicked);
    gtk_widget_class_install_property_action(widget, "win.show-prompt", "show-prompt");
    window_install_actions(widget);
}

// A toggle whose state is a property of the player.
static void add_player_toggle(RushesWindow *self, const char *name, const char *property)
{
    g_autoptr(GPropertyAction) action = g_property_action_new(name, window_player(self), property);
    g_action_map_add_action(G_ACTION_MAP(self), G_ACTION(action));
}

static void rushes_window_init(RushesWindow *self)
{
    self->show_prompt = TRUE;
    gtk_widget_init_template(GTK_WIDGET(self));
    g_signal_connect_swapped(self->strip, "selection-changed", G_CALLBACK(on_selection), self);
    g_signal_connect_swapped(self->strip, "activate", G_CALLBACK(on_take_activated), self);
    g_signal_connect_swapped(self->timeline, "seek", G_CALLBACK(on_timeline_seek), self);
    g_signal_connect_swapped(self->timeline, "say", G_CALLBACK(window_say), self);
    g_signal_connect_swapped(self->preview, "cancel-take", G_CALLBACK(on_cancel_take), self);
    rushes_timeline_pane_set_player(self->timeline, window_player(self));
    g_signal_connect_swapped(window_player(self), "notify::position",
                             G_CALLBACK(window_update_film_caption), self);
    add_player_toggle(self, "loop", "loop");
    add_player_toggle(self, "mute", "muted");
    take_drops(self, GTK_WIDGET(self), GTK_PHASE_BUBBLE);
    take_drops(self, GTK_WIDGET(self->prompt), GTK_PHASE_CAPTURE); // its text would take the path
    window_watch_keys(self);
    self->settings = rushes_settings_new();
    if (self->settings) {
        gtk_window_set_default_size(GTK_WINDOW(self),
                                    g_settings_get_int(self->settings, "window-width"),
                                    g_settings_get_int(self->settings, "window-height"));
        if (g_settings_get_boolean(self->settings, "window-maximized"))
            gtk_window_maximize(GTK_WINDOW(self));
        g_settings_bind(self->settings, "loop", window_player(self), "loop",
                        G_SETTINGS_BIND_DEFAULT);
        g_settings_bind(self->settings, "muted", window_player(self), "muted",
                        G_SETTINGS_BIND_DEFAULT);
    }
    guint timer = g_timeout_add_seconds(SAVE_AFTER_SECONDS, save_regularly, self);
    g_object_set_data_full(G_OBJECT(self), "save-timer", GUINT_TO_POINTER(timer),
                           (GDestroyNotify)(void (*)(void))g_source_remove);
}

RushesWindow *rushes_window_new(AdwApplication *application, RushesQueue *queue,
                                RushesProject *project)
{
    RushesWindow *self = g_object_new(RUSHES_TYPE_WINDOW, "application", application, NULL);

    self->queue = g_object_ref(queue);
    g_signal_connect_swapped(queue, "notice", G_CALLBACK(window_say), self);
    g_signal_connect_swapped(queue, "notify::running", G_CALLBACK(window_follow_running), self);
    g_signal_connect_swapped(queue, "item-finished", G_CALLBACK(on_item_finished), self);
    g_signal_connect_object(rushes_queue_get_exports(queue), "finished", G_CALLBACK(on_exported),
                            self, G_CONNECT_SWAPPED);
    g_signal_connect_swapped(queue, "rights-changed", G_CALLBACK(on_rights_changed), self);
    rushes_queue_button_set_queue(self->queue_button, queue);
    rushes_prompt_pane_set_queue(self->prompt, queue);
    rushes_window_set_project(self, project);
    return self;
}

static void fill_recent_menu(RushesWindow *self)
{
    g_auto(GStrv) recent = rushes_recent_list();

    g_menu_remove_all(self->recent_menu);
    for (guint i = 0; recent[i]; i++) {
        g_autofree char *name = rushes_recent_name((const char *const *)recent, i);
        g_autoptr(GMenuItem) item = g_menu_item_new(name, NULL);
        g_menu_item_set_action_and_target(item, "app.open-folder", "s", recent[i]);
        g_menu_append_item(self->recent_menu, item);
    }
}

RushesProject *rushes_window_get_project(RushesWindow *self)
{
    return self->project;
}

void rushes_window_set_project(RushesWindow *self, RushesProject *project)
{
    guint takes = g_list_model_get_n_items(rushes_project_get_takes(project));

    leave_project(self);
    self->project = g_object_ref(project);
    rushes_queue_attach_project(self->queue, project);
    self->archivist = rushes_archivist_new(project);
    g_autoptr(RushesTimeline) film = rushes_timeline_new(project, NULL);
    self->film = rushes_composer_new(film);
    // Anew: the row of shots learns that one is missing.
    g_signal_connect_object(self->film, "lost", G_CALLBACK(update_film), self, G_CONNECT_SWAPPED);
    rushes_queue_button_set_project(self->queue_button, project);
    rushes_prompt_pane_set_project(self->prompt, project);
    rushes_take_strip_set_project(self->strip, project);
    rushes_timeline_pane_set_project(self->timeline, project, self->film);
    g_signal_connect_swapped(project, "edited", G_CALLBACK(update_film), self);
    g_signal_connect_swapped(project, "edited", G_CALLBACK(update_title), self);
    g_signal_connect_swapped(project, "edited", G_CALLBACK(leave_empty_film), self);
    g_signal_connect_swapped(project, "notify::can-undo", G_CALLBACK(update_undo), self);
    g_signal_connect_swapped(project, "notify::notice", G_CALLBACK(update_banner), self);
    g_signal_connect_swapped(project, "edited", G_CALLBACK(window_update_start), self);
    g_signal_connect_swapped(project, "edited", G_CALLBACK(window_update_marks), self);
    update_title(self);
    update_undo(self);
    update_banner(self);
    window_update_start(self);
    window_update_flags(self);
    rushes_recent_add(rushes_project_get_folder(project));
    fill_recent_menu(self);
    // It may come from another machine, or be older than the library. Without it only searching is poorer.
    rushes_library_index_project(rushes_queue_get_library(self->queue),
                                 rushes_project_get_folder(project),
                                 rushes_project_get_takes(project), NULL);
    if (takes > 0) {
        g_autoptr(RushesTake) last =
            g_list_model_get_item(rushes_project_get_takes(project), takes - 1);
        rushes_take_strip_select(self->strip, last);
        // Space plays. Otherwise the first button of the header would have the focus, and be pressed.
        gtk_widget_grab_focus(GTK_WIDGET(self->preview));
    } else {
        on_selection(self);
        window_focus_words(self);
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-actions.c - what the creator does with takes, shots and the project.
#include "export-window.h"
#include "history-window.h"
#include "note-entry.h"
#include "popover-at.h"
#include "window-private.h"

static void say(GtkWidget *widget, const char *action, GVariant *parameter)
{
    window_say(RUSHES_WINDOW(widget), g_variant_get_string(parameter, NULL));
}

static void undo(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    gboolean redo = g_str_equal(action, "win.redo");
    GtkWidget *focus = gtk_root_get_focus(GTK_ROOT(self));
    GError *failure = NULL;

    // Letters are taken back by the text they were typed into.
    if (focus && GTK_IS_TEXT_VIEW(focus)) {
        GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(focus));
        if (redo ? gtk_text_buffer_get_can_redo(buffer) : gtk_text_buffer_get_can_undo(buffer)) {
            if (redo)
                gtk_text_buffer_redo(buffer);
            else
                gtk_text_buffer_undo(buffer);
            return;
        }
    }
    rushes_prompt_pane_flush(self->prompt);
    if (redo)
        rushes_project_redo(self->project, &failure);
    else
        rushes_project_undo(self->project, &failure);
    window_check(self, failure);
}

static void toggle_star(RushesWindow *self, RushesTake *take)
{
    GError *failure = NULL;
    if (!take)
        return;
    rushes_project_set_star(self->project, take, !rushes_take_get_star(take), &failure);
    window_check(self, failure);
}

static void star(GtkWidget *widget, const char *action, GVariant *parameter)
{
    toggle_star(RUSHES_WINDOW(widget), window_current_take(RUSHES_WINDOW(widget)));
}

static void star_take(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    toggle_star(self,
                rushes_project_find_take(self->project, g_variant_get_string(parameter, NULL)));
}

static void show_take(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take =
        rushes_project_find_take(self->project, g_variant_get_string(parameter, NULL));
    if (take)
        rushes_take_strip_select(self->strip, take);
}

static void write_note(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = window_current_take(self);

    if (!take)
        return;
    GtkWidget *popover = gtk_popover_new();
    RushesNoteEntry *note = rushes_note_entry_new();
    rushes_note_entry_set_take(note, self->project, rushes_queue_get_library(self->queue), take);
    gtk_popover_set_child(GTK_POPOVER(popover), GTK_WIDGET(note));
    g_signal_connect_object(note, "done", G_CALLBACK(gtk_popover_popdown), popover,
                            G_CONNECT_SWAPPED);
    rushes_popover_open_at(GTK_POPOVER(popover), rushes_take_strip_get_card(self->strip, take));
    gtk_widget_grab_focus(GTK_WIDGET(note));
}

static void on_undo_toast(AdwToast *toast, RushesWindow *self)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "win.undo", NULL);
}

static void delete_take(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    g_autoptr(GPtrArray) takes = rushes_take_strip_get_selected(self->strip);
    GError *failure = NULL;

    if (takes->len == 0)
        return;
    rushes_project_begin(self->project, takes->len == 1 ? "Delete Take" : "Delete Takes");
    for (guint i = 0; i < takes->len && !failure; i++) {
        RushesQueueItem *item = window_find_item(self, takes->pdata[i]);
        if (item)
            rushes_queue_cancel(self->queue, item);
        rushes_project_remove_take(self->project, takes->pdata[i], &failure);
    }
    rushes_project_end(self->project, failure ? NULL : &failure);
    if (failure) {
        window_check(self, failure);
        return;
    }
    AdwToast *toast = adw_toast_new(takes->len == 1 ? "Take deleted" : "Takes deleted");
    adw_toast_set_button_label(toast, "Undo");
    g_signal_connect_object(toast, "button-clicked", G_CALLBACK(on_undo_toast), self, 0);
    adw_toast_overlay_add_toast(self->toasts, toast);
}

// Del: the shot or sound that has the focus, otherwise the selected takes.
static void delete_focused(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesShot *shot =
        rushes_timeline_row_get_focused(rushes_timeline_pane_get_row(self->timeline));
    GError *failure = NULL;

    if (!shot && window_delete_sound(self))
        return;
    if (!shot) {
        delete_take(widget, action, parameter);
        return;
    }
    rushes_project_remove_shot(self->project, shot, &failure);
    window_check(self, failure);
}

static void add_to_timeline(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = rushes_preview_pane_get_take(self->preview);
    GListModel *shots = rushes_project_get_shots(self->project);
    GError *failure = NULL;
    int in, out;

    if (!take)
        return;
    guint end = g_list_model_get_n_items(shots);
    g_object_get(window_player(self), "mark-in", &in, "mark-out", &out, NULL);
    rushes_project_begin(self->project, "Add Shot");
    if (rushes_project_add_shot(self->project, take, end, &failure) && (in >= 0 || out >= 0)) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, end);
        rushes_project_trim_shot(self->project, shot, in >= 0 ? in : rushes_shot_get_in(shot),
                                 out >= 0 ? out : rushes_shot_get_out(shot), &failure);
    }
    rushes_project_end(self->project, failure ? NULL : &failure);
    window_check(self, failure);
}

// The starred takes that are not there yet, in their order.
static void fill_timeline(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    GListModel *takes = rushes_project_get_takes(self->project);
    GListModel *shots = rushes_project_get_shots(self->project);
    g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);
    GError *failure = NULL;

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        g_hash_table_add(used, rushes_shot_get_take(shot));
    }
    guint before = g_list_model_get_n_items(shots);
    rushes_project_begin(self->project, "Add Starred Takes");
    for (guint i = 0; i < g_list_model_get_n_items(takes) && !failure; i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        if (rushes_take_get_star(take) && !g_hash_table_contains(used, take))
            rushes_project_add_shot(self->project, take, g_list_model_get_n_items(shots), &failure);
    }
    rushes_project_end(self->project, failure ? NULL : &failure);
    if (g_list_model_get_n_items(shots) == before && !failure)
        window_say(self, "Every starred take is on the timeline already: F stars a take.");
    window_check(self, failure);
}

static void move_shot(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTimelineRow *row = rushes_timeline_pane_get_row(self->timeline);
    RushesShot *focused = rushes_timeline_row_get_focused(row);
    GListModel *shots = rushes_project_get_shots(self->project);
    int by = g_str_equal(action, "win.shot-earlier") ? -1 : 1;
    GError *failure = NULL;

    for (guint i = 0; focused && i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        int to = (int)i + by;
        if (shot != focused)
            continue;
        if (to >= 0 && to < (int)g_list_model_get_n_items(shots) &&
            rushes_project_move_shot(self->project, shot, (guint)to, &failure))
            rushes_timeline_row_focus(row, (guint)to);
        break;
    }
    window_check(self, failure);
}

static void step_take(GtkWidget *widget, const char *action, GVariant *parameter)
{
    rushes_take_strip_step(RUSHES_WINDOW(widget)->strip,
                           g_str_equal(action, "win.previous-take") ? -1 : 1);
}

static void compare(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *shown = rushes_preview_pane_get_take(self->preview);
    RushesTake *before = rushes_project_find_take(self->project, self->last_shown);
    GListModel *takes = rushes_project_get_takes(self->project);

    if (before == shown)
        before = NULL;
    // With nothing looked at before, the take before it is the likeliest to be meant.
    for (guint i = 0; !before && i + 1 < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) left = g_list_model_get_item(takes, i);
        g_autoptr(RushesTake) right = g_list_model_get_item(takes, i + 1);
        if (right == shown || left == shown)
            before = right == shown ? left : right; // the project holds it
    }
    if (rushes_preview_pane_get_n_takes(self->preview) > 1)
        rushes_take_strip_select(self->strip, shown);
    else if (shown && before && shown != before)
        rushes_take_strip_select_pair(self->strip, shown, before);
    else
        window_say(self, "Ctrl+click a second take in the strip to compare.");
}

static void compare_mode(GtkWidget *widget, const char *action, GVariant *parameter)
{
    rushes_preview_pane_next_mode(RUSHES_WINDOW(widget)->preview);
}

static void compare_swap(GtkWidget *widget, const char *action, GVariant *parameter)
{
    rushes_preview_pane_swap(RUSHES_WINDOW(widget)->preview);
    window_update_marks(RUSHES_WINDOW(widget)); // of the take that leads now
}

static void history(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = window_current_take(self);
    GtkWindow *window = rushes_history_window_new(GTK_WINDOW(self), self->project,
                                                  rushes_queue_get_library(self->queue),
                                                  take ? rushes_take_get_id(take) : NULL);
    gtk_window_present(window);
}

static void export_window(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = window_current_take(self);
    guint shots = g_list_model_get_n_items(rushes_project_get_shots(self->project));

    if (take && rushes_take_get_state(take) != RUSHES_TAKE_DONE)
        take = NULL;
    if (!take && shots == 0) {
        window_say(self, "Choose a finished take, or put shots on the timeline, to export.");
        return;
    }
    gtk_window_present(rushes_export_window_new(
        GTK_WINDOW(self), rushes_queue_get_exports(self->queue), self->project, take));
}

static void write_prompt(GtkWidget *widget, const char *action, GVariant *parameter)
{
    window_focus_words(RUSHES_WINDOW(widget));
}

static void save(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    GError *failure = NULL;

    rushes_prompt_pane_flush(self->prompt);
    if (rushes_project_save(self->project, &failure))
        window_say(self, "Saved. (Every edit is safe on the disk as soon as it is made.)");
    window_check(self, failure);
}

static void show_queue(GtkWidget *widget, const char *action, GVariant *parameter)
{
    rushes_queue_button_popup(RUSHES_WINDOW(widget)->queue_button);
}

void window_install_actions(GtkWidgetClass *klass)
{
    static const struct {
        const char *name;
        GtkWidgetActionActivateFunc activate;
    } actions[] = {
        {"win.undo", undo},
        {"win.redo", undo},
        {"win.star", star},
        {"win.write-note", write_note},
        {"win.delete-take", delete_take},
        {"win.delete", delete_focused},
        {"win.add-to-timeline", add_to_timeline},
        {"win.fill-timeline", fill_timeline},
        {"win.shot-earlier", move_shot},
        {"win.shot-later", move_shot},
        {"win.previous-take", step_take},
        {"win.next-take", step_take},
        {"win.compare", compare},
        {"win.compare-mode", compare_mode},
        {"win.compare-swap", compare_swap},
        {"win.history", history},
        {"win.export", export_window},
        {"win.save", save},
        {"win.write-prompt", write_prompt},
        {"win.show-queue", show_queue},
    };
    for (guint i = 0; i < G_N_ELEMENTS(actions); i++)
        gtk_widget_class_install_action(klass, actions[i].name, NULL, actions[i].activate);
    gtk_widget_class_install_action(klass, "win.say", "s", say);
    gtk_widget_class_install_action(klass, "win.star-take", "s", star_take);
    gtk_widget_class_install_action(klass, "win.show-take", "s", show_take);
    window_install_generate_actions(klass);
    window_install_play_actions(klass);
    window_install_shot_actions(klass);
    window_install_timeline_actions(klass);
    window_install_start_actions(klass);
    window_install_person_actions(klass);
    window_install_share_actions(klass);
    window_install_save_as_action(klass);
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-generate.c - from the draft to takes in the queue, from a take back to the draft, and
// cancelling what runs.
#include "project/recipe-file.h"
#include "rights/consent-use.h"
#include "rights/rights-sources.h"
#include "window-private.h"

// One take of the draft, into the project and the queue.
static RushesTake *make_take(RushesWindow *self, const RushesRecipe *recipe, gboolean front,
                             GError **error)
{
    RushesTake *shown = rushes_preview_pane_get_take(self->preview);
    const cJSON *start = rushes_project_get_value(self->project, "start");
    // A take made while another is looked at is its child when words or settings were taken over; what goes
    // on from a take is the child of that one.
    const char *parent =
        rushes_json_string(start, "take", shown ? rushes_take_get_id(shown) : NULL);
    g_autoptr(GError) failure = NULL;
    RushesTake *take = rushes_project_add_take(self->project, recipe, parent, error);

    if (!take)
        return NULL;
    if (!window_write_start(self, take, &failure) ||
        !rushes_queue_add(self->queue, self->project, take, front, &failure)) {
        // It is in the project and in no queue: its card says why.
        rushes_take_set_state(take, RUSHES_TAKE_FAILED, failure->message);
        rushes_take_save(take, NULL);
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    rushes_library_index_take(rushes_queue_get_library(self->queue),
                              rushes_project_get_folder(self->project), take, NULL);
    return take;
}

// A take that was put before all others goes behind the one of the same draft that was put there before it.
static void move_behind(RushesWindow *self, RushesTake *take, RushesTake *before, GError **error)
{
    GListModel *items = G_LIST_MODEL(self->queue);
    RushesQueueItem *item = window_find_item(self, take);

    for (guint i = 0; item && i < g_list_model_get_n_items(items); i++) {
        g_autoptr(RushesQueueItem) other = g_list_model_get_item(items, i);
        if (rushes_queue_item_get_take(other) != before)
            continue;
        rushes_queue_move(self->queue, item, i, error);
        break;
    }
}

static void generate_draft(RushesWindow *self, gboolean front)
{
    GError *failure = NULL;
    RushesTake *first = NULL, *last = NULL;

    rushes_prompt_pane_flush(self->prompt);
    if (!rushes_prompt_pane_has_words(self->prompt)) {
        window_say(self, "Write a prompt first: what is to be seen and heard.");
        window_focus_words(self);
        return;
    }
    if (rushes_prompt_pane_get_refusal(self->prompt)) {
        window_say(self, rushes_prompt_pane_get_refusal(self->prompt));
        return;
    }
    g_autoptr(RushesRecipe) recipe = rushes_recipe_copy(rushes_project_get_draft(self->project));
    g_autofree char *warning = NULL;
    if (!rushes_rights_sources_allow(recipe->prompt, &warning, &failure)) {
        window_check(self, failure);
        window_focus_words(self);
        return;
    }
    if (window_ask_person(self))
        return;
    if (!window_check_start(self, &failure) || !window_read_reference(self, recipe, &failure) ||
        !rushes_consent_allow_job(recipe, rushes_project_get_folder(self->project), &failure)) {
        window_check(self, failure);
        return;
    }
    if (warning)
        window_say(self, warning);
    int takes = rushes_project_get_draft_takes(self->project);
    for (int i = 0; i < takes && !failure; i++) {
        RushesTake *take = make_take(self, recipe, front, &failure);
        if (take && last && front)
            move_behind(self, take, last, &failure);
        first = first ? first : take;
        last = take;
        recipe->seed++;
    }
    rushes_library_add_prompt(rushes_queue_get_library(self->queue), recipe->prompt, NULL);
    if (first)
        window_follow(self, first);
    if (!rushes_prompt_pane_get_seed_kept(self->prompt))
        rushes_prompt_pane_next_seed(self->prompt);
    window_check(self, failure);
}

static void generate(GtkWidget *widget, const char *action, GVariant *parameter)
{
    generate_draft(RUSHES_WINDOW(widget), g_str_equal(action, "win.generate-front"));
}

static void generate_new_seed(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = window_current_take(self);

    if (take)
        rushes_prompt_pane_take_words(self->prompt, rushes_take_get_recipe(take));
    rushes_prompt_pane_new_seed(self->prompt);
    generate_draft(self, FALSE);
}

static void same_seed(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = window_current_take(self);

    if (take)
        rushes_prompt_pane_take_seed(self->prompt, rushes_take_get_recipe(take));
    rushes_prompt_pane_set_seed_kept(self->prompt, TRUE);
    window_focus_words(self);
}

static void use_recipe(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = window_current_take(self);

    if (take)
        window_take_over(self, rushes_take_get_recipe(take), "this take");
}

gboolean window_take_recipe_from_file(RushesWindow *self, GFile *file)
{
    g_autofree char *path = g_file_get_path(file);
    g_autoptr(GError) failure = NULL;
    g_autoptr(RushesRecipe) recipe = path ? rushes_recipe_file_read(path, &failure) : NULL;

    if (!recipe) {
        if (failure)
            window_say(self, failure->message);
        return failure != NULL;
    }
    window_take_over(self, recipe, "the dropped clip");
    return TRUE;
}

RushesQueueItem *window_find_item(RushesWindow *self, RushesTake *take)
{
    GListModel *items = G_LIST_MODEL(self->queue);
    for (guint i = 0; i < g_list_model_get_n_items(items); i++) {
        g_autoptr(RushesQueueItem) item = g_list_model_get_item(items, i);
        if (rushes_queue_item_get_take(item) == take)
            return item; // the queue holds it
    }
    return NULL;
}

// The take that is looked at, if it is in the queue; otherwise what runs. Held by the queue, or NULL.
static RushesQueueItem *item_to_cancel(RushesWindow *self)
{
    RushesTake *take = rushes_preview_pane_get_take(self->preview);
    RushesQueueItem *item = take ? window_find_item(self, take) : NULL;

    return item ? item : rushes_queue_get_running(self->queue);
}

static void cancel(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesQueueItem *item = item_to_cancel(self);

    if (item)
        rushes_queue_cancel(self->queue, item);
}

// By now it may be done, and another one may run.
static void on_cancel_answer(AdwMessageDialog *dialog, const char *answer, RushesWindow *self)
{
    RushesTake *asked = g_object_get_data(G_OBJECT(dialog), "take");
    RushesQueueItem *item = window_find_item(self, asked);

    if (item && g_str_equal(answer, "cancel-take"))
        rushes_queue_cancel(self->queue, item);
}

// There is nothing left to ask about a take that got done meanwhile.
static void on_asked_changed(RushesTake *take, GParamSpec *property, GtkWindow *dialog)
{
    RushesTakeState state = rushes_take_get_state(take);

    if (state == RUSHES_TAKE_DONE || state == RUSHES_TAKE_FAILED || state == RUSHES_TAKE_CANCELLED)
        gtk_window_close(dialog);
}

static void ask_cancel(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesQueueItem *item = item_to_cancel(self);

    if (!item)
        return;
    GtkWidget *dialog = adw_message_dialog_new(
        GTK_WINDOW(self), "Cancel the Take Being Made?",
        "Its recipe stays, so that it can be made again from the beginning.");
    adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(dialog), "keep", "_Go On", "cancel-take",
                                     "_Cancel Take", NULL);
    adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "cancel-take",
                                               ADW_RESPONSE_DESTRUCTIVE);
    adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "keep");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "keep");
    g_object_set_data_full(G_OBJECT(dialog), "take", g_object_ref(rushes_queue_item_get_take(item)),
                           g_object_unref);
    g_signal_connect_object(dialog, "response", G_CALLBACK(on_cancel_answer), self, 0);
    g_signal_connect_object(rushes_queue_item_get_take(item), "notify::state",
                            G_CALLBACK(on_asked_changed), dialog, 0);
    gtk_window_present(GTK_WINDOW(dialog));
}

void window_install_generate_actions(GtkWidgetClass *klass)
{
    gtk_widget_class_install_action(klass, "win.generate", NULL, generate);
    gtk_widget_class_install_action(klass, "win.generate-front", NULL, generate);
    gtk_widget_class_install_action(klass, "win.generate-new-seed", NULL, generate_new_seed);
    gtk_widget_class_install_action(klass, "win.same-seed", NULL, same_seed);
    gtk_widget_class_install_action(klass, "win.use-recipe", NULL, use_recipe);
    gtk_widget_class_install_action(klass, "win.cancel", NULL, cancel);
    gtk_widget_class_install_action(klass, "win.ask-cancel", NULL, ask_cancel);
}

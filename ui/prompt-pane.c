// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "prompt-pane-private.h"

#define WRITE_AFTER_MS                                                                             \
    300 // after the first letter that is not written: a crash loses no more typing

G_DEFINE_FINAL_TYPE(RushesPromptPane, rushes_prompt_pane, ADW_TYPE_BIN)

static void rushes_prompt_pane_dispose(GObject *object)
{
    RushesPromptPane *self = RUSHES_PROMPT_PANE(object);

    g_clear_handle_id(&self->write_source, g_source_remove);
    g_clear_handle_id(&self->ask_source, g_source_remove);
    prompt_forget_requests(self);
    if (self->queue)
        g_signal_handlers_disconnect_by_data(self->queue, self);
    if (self->project)
        g_signal_handlers_disconnect_by_data(self->project, self);
    g_clear_object(&self->queue);
    g_clear_object(&self->project);
    g_clear_pointer(&self->recipe, rushes_recipe_free);
    g_clear_pointer(&self->sizes, g_array_unref);
    g_clear_pointer(&self->own_words, g_free);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_PROMPT_PANE);
    G_OBJECT_CLASS(rushes_prompt_pane_parent_class)->dispose(object);
}

static gboolean write_draft(gpointer data)
{
    RushesPromptPane *self = data;
    g_autoptr(GError) failure = NULL;

    self->write_source = 0;
    if (!self->project || rushes_project_get_read_only(self->project))
        return G_SOURCE_REMOVE;
    if (!rushes_project_set_draft(self->project, self->recipe,
                                  (int)gtk_adjustment_get_value(self->takes_adjustment), &failure))
        gtk_widget_activate_action(GTK_WIDGET(self), "win.say", "s", failure->message);
    return G_SOURCE_REMOVE;
}

static void on_edited(RushesPromptPane *self)
{
    if (self->loading)
        return;
    prompt_read_fields(self);
    prompt_update_chips(self);
    prompt_ask_soon(self);
    // Not begun anew by each letter: whoever types without a pause is safe too.
    if (!self->write_source)
        self->write_source = g_timeout_add(WRITE_AFTER_MS, write_draft, self);
}

static void on_length_edited(RushesPromptPane *self)
{
    if (!self->loading)
        prompt_round_length(self);
    on_edited(self);
}

// Words that are changed by hand are the creator's own from then on.
static void on_words_edited(RushesPromptPane *self)
{
    if (!self->recalling)
        self->recalled = 0;
    on_edited(self);
}

// Of what is typed or pasted, the digits.
static void on_seed_typed(GtkEditable *text, const char *typed, int length, int *position,
                          RushesPromptPane *self)
{
    g_autoptr(GString) digits = g_string_new(NULL);

    for (int i = 0; typed[i] && (length < 0 || i < length); i++) {
        if (g_ascii_isdigit(typed[i]))
            g_string_append_c(digits, typed[i]);
    }
    if ((length < 0 ? strlen(typed) : (gsize)length) == digits->len)
        return;
    g_signal_handlers_block_by_func(text, on_seed_typed, self);
    gtk_editable_insert_text(text, digits->str, (int)digits->len, position);
    g_signal_handlers_unblock_by_func(text, on_seed_typed, self);
    g_signal_stop_emission_by_name(text, "insert-text");
}

// What stands there when it is left is the seed, also after digits that are no seed.
static void on_seed_left(RushesPromptPane *self)
{
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, self->recipe->seed);

    if (g_strcmp0(gtk_editable_get_text(GTK_EDITABLE(self->seed_entry)), seed) != 0)
        gtk_editable_set_text(GTK_EDITABLE(self->seed_entry), seed);
}

static void on_seed_edited(RushesPromptPane *self)
{
    guint64 seed;
    if (self->loading)
        return;
    gboolean whole = g_ascii_string_to_unsigned(
        gtk_editable_get_text(GTK_EDITABLE(self->seed_entry)), 10, 0, G_MAXUINT64, &seed, NULL);
    if (whole) {
        gtk_widget_remove_css_class(GTK_WIDGET(self->seed_entry), "error");
        self->recipe->seed = seed;
        on_edited(self);
    } else {
        gtk_widget_add_css_class(GTK_WIDGET(self->seed_entry), "error");
    }
}

static void on_draft_changed(RushesPromptPane *self)
{
    rushes_recipe_free(self->recipe);
    self->recipe = rushes_recipe_copy(rushes_project_get_draft(self->project));
    self->loading = TRUE;
    gtk_adjustment_set_value(self->takes_adjustment, rushes_project_get_draft_takes(self->project));
    prompt_show_recipe(self);
}

static void on_worker_changed(RushesPromptPane *self)
{
    const cJSON *model = rushes_queue_get_model(self->queue);
    const char *device = rushes_queue_get_device(self->queue);

    if (model)
        gtk_label_set_label(self->model_label, rushes_json_string(model, "name", "Model"));
    if (device) {
        g_autofree char *text = g_strdup_printf(
            "%s%s", device, rushes_queue_get_device_is_software(self->queue) ? " · no GPU" : "");
        gtk_label_set_label(self->device_label, text);
        gtk_widget_set_tooltip_text(GTK_WIDGET(self->device_label), text);
    } else {
        gtk_label_set_label(self->device_label, model ? "Starting the worker…" : "");
    }
    prompt_show_recipe(self);
}

// So that undo brings the words before back.
static void replace_words(GtkTextBuffer *buffer, const char *words)
{
    GtkTextIter start, end;

    gtk_text_buffer_begin_user_action(buffer);
    gtk_text_buffer_get_bounds(buffer, &start, &end);
    gtk_text_buffer_delete(buffer, &start, &end);
    gtk_text_buffer_insert(buffer, &start, words, -1);
    gtk_text_buffer_end_user_action(buffer);
}

// Older and newer prompts of all projects, like the history of a shell.
static gboolean on_words_key(GtkEventControllerKey *controller, guint key, guint code,
                             GdkModifierType state, RushesPromptPane *self)
{
    gboolean older = key == GDK_KEY_Up, newer = key == GDK_KEY_Down;
    const char *words = NULL;
    guint found = 0;

    if ((state & gtk_accelerator_get_default_mod_mask()) != GDK_ALT_MASK || !(older || newer) ||
        !self->queue || (newer && self->recalled == 0))
        return GDK_EVENT_PROPAGATE;
    guint wanted = older ? self->recalled + 1 : self->recalled - 1;
    if (self->recalled == 0) {
        g_free(self->own_words);
        self->own_words = g_strdup(self->recipe->prompt);
    }
    // The own words may be one of them; a step that changes nothing would be none.
    g_auto(GStrv) prompts =
        rushes_library_list_prompts(rushes_queue_get_library(self->queue), NULL, wanted + 1);
    for (guint i = 0; prompts[i] && found < wanted; i++) {
        if (g_str_equal(prompts[i], self->own_words))
            continue;
        words = prompts[i];
        found++;
    }
    if (found < wanted)
        return GDK_EVENT_STOP;
    self->recalling = TRUE;
    replace_words(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words)),
                  wanted > 0 ? words : self->own_words);
    self->recalling = FALSE;
    self->recalled = wanted;
    return GDK_EVENT_STOP;
}

static void rushes_prompt_pane_class_init(RushesPromptPaneClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_prompt_pane_dispose;
    g_type_ensure(RUSHES_TYPE_RIGHTS_NOTE);
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/prompt-pane.ui");
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, words);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, negative);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, avoid);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, tokens_label);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, tokens_bar);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, length_chip);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, guidance_chip);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, seed_chip);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, steps_chip);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, takes_chip);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, size_chip);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, length_adjustment);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, steps_adjustment);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, guidance_adjustment);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, takes_adjustment);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, seed_entry);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, seed_kept);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, start_button);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, start_clear);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, start_person);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, rights_note);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, start_stack);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, start_hint);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, start_picture);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, generate_button);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, model_label);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, device_label);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, forecast_label);
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, generate_label);
    gtk_widget_class_bind_template_callback(widget, rushes_prompt_pane_new_seed);
}

// GtkSourceView colours its text by a scheme of its own, which does not follow the desktop.
static void follow_dark(RushesPromptPane *self)
{
    gboolean dark = adw_style_manager_get_dark(adw_style_manager_get_default());
    GtkSourceStyleScheme *scheme = gtk_source_style_scheme_manager_get_scheme(
        gtk_source_style_scheme_manager_get_default(), dark ? "Adwaita-dark" : "Adwaita");
    gtk_source_buffer_set_style_scheme(
        GTK_SOURCE_BUFFER(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words))), scheme);
}

static void rushes_prompt_pane_init(RushesPromptPane *self)
{
    self->recipe = rushes_recipe_new();
    self->sizes = g_array_new(FALSE, FALSE, sizeof(int));
    gtk_widget_init_template(GTK_WIDGET(self));
    GtkEventController *keys = gtk_event_controller_key_new();
    gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE); // before the cursor moves
    g_signal_connect(keys, "key-pressed", G_CALLBACK(on_words_key), self);
    gtk_widget_add_controller(GTK_WIDGET(self->words), keys);
    gpointer edited[] = {self->steps_adjustment, self->guidance_adjustment, self->takes_adjustment};
    for (guint i = 0; i < G_N_ELEMENTS(edited); i++)
        g_signal_connect_swapped(edited[i], "value-changed", G_CALLBACK(on_edited), self);
    g_signal_connect_swapped(self->length_adjustment, "value-changed", G_CALLBACK(on_length_edited),
                             self);
    g_signal_connect_swapped(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words)), "changed",
                             G_CALLBACK(on_words_edited), self);
    g_signal_connect_swapped(gtk_text_view_get_buffer(self->negative), "changed",
                             G_CALLBACK(on_edited), self);
    g_signal_connect_swapped(self->size_chip, "notify::selected", G_CALLBACK(on_edited), self);
    g_signal_connect_swapped(self->seed_entry, "changed", G_CALLBACK(on_seed_edited), self);
    g_signal_connect(gtk_editable_get_delegate(GTK_EDITABLE(self->seed_entry)), "insert-text",
                     G_CALLBACK(on_seed_typed), self);
    g_signal_connect_swapped(gtk_menu_button_get_popover(self->seed_chip), "closed",
                             G_CALLBACK(on_seed_left), self);
    g_signal_connect_swapped(self->seed_kept, "toggled", G_CALLBACK(prompt_update_chips), self);
    g_signal_connect_object(adw_style_manager_get_default(), "notify::dark",
                            G_CALLBACK(follow_dark), self, G_CONNECT_SWAPPED);
    follow_dark(self);
    prompt_update_chips(self);
}

void rushes_prompt_pane_set_queue(RushesPromptPane *self, RushesQueue *queue)
{
    g_return_if_fail(RUSHES_IS_PROMPT_PANE(self) && !self->queue);

    self->queue = g_object_ref(queue);
    rushes_rights_note_set_queue(self->rights_note, queue,
                                 gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words)));
    g_signal_connect_swapped(queue, "model-changed", G_CALLBACK(on_worker_changed), self);
    g_signal_connect_swapped(queue, "notify::ready", G_CALLBACK(on_worker_changed), self);
    g_signal_connect_swapped(queue, "item-finished", G_CALLBACK(prompt_ask_soon), self);
    on_worker_changed(self);
}

void rushes_prompt_pane_set_project(RushesPromptPane *self, RushesProject *project)
{
    rushes_prompt_pane_flush(self);
    if (self->project)
        g_signal_handlers_disconnect_by_data(self->project, self);
    g_set_object(&self->project, project);
    g_signal_connect_swapped(project, "draft-changed", G_CALLBACK(on_draft_changed), self);
    on_draft_changed(self);
}

void rushes_prompt_pane_flush(RushesPromptPane *self)
{
    if (!self->write_source)
        return;
    g_clear_handle_id(&self->write_source, g_source_remove);
    write_draft(self);
}

// Puts `recipe`, which it takes, into the fields as one edit of that name.
static void replace_draft(RushesPromptPane *self, const char *edit, RushesRecipe *recipe)
{
    g_autoptr(GError) failure = NULL;

    rushes_project_begin(self->project, edit);
    rushes_recipe_free(self->recipe);
    self->recipe = recipe;
    prompt_show_recipe(self);
    on_edited(self);
    rushes_prompt_pane_flush(self);
    if (!rushes_project_end(self->project, &failure) && failure)
        gtk_widget_activate_action(GTK_WIDGET(self), "win.say", "s", failure->message);
}

void rushes_prompt_pane_take_over(RushesPromptPane *self, const RushesRecipe *recipe)
{
    // What was being written is one edit, what replaces it another.
    rushes_prompt_pane_flush(self);
    RushesRecipe *draft = rushes_recipe_copy(recipe);
    // The conditioning's files belong to the take it was made for; the project's start says the new.
    draft->conditioning = RUSHES_CONDITIONING_NONE;
    rushes_recipe_set_picture(draft, NULL);
    replace_draft(self, "Use Recipe", draft);
}

void rushes_prompt_pane_take_words(RushesPromptPane *self, const RushesRecipe *recipe)
{
    rushes_prompt_pane_flush(self);
    RushesRecipe *draft = rushes_recipe_copy(self->recipe);
    g_free(draft->prompt);
    draft->prompt = g_strdup(recipe->prompt);
    g_free(draft->negative);
    draft->negative = g_strdup(recipe->negative);
    replace_draft(self, "Use Words", draft);
}

void rushes_prompt_pane_take_seed(RushesPromptPane *self, const RushesRecipe *recipe)
{
    rushes_prompt_pane_flush(self);
    RushesRecipe *draft = rushes_recipe_copy(self->recipe);
    draft->seed = recipe->seed;
    replace_draft(self, "Use Seed", draft);
}

void rushes_prompt_pane_new_seed(RushesPromptPane *self)
{
    g_autofree char *seed = g_strdup_printf("%u", g_random_int());
    gtk_editable_set_text(GTK_EDITABLE(self->seed_entry), seed);
    rushes_prompt_pane_flush(self);
}

void rushes_prompt_pane_next_seed(RushesPromptPane *self)
{
    g_autoptr(GError) failure = NULL;

    rushes_prompt_pane_flush(self);
    self->recipe->seed = g_random_int();
    if (!rushes_project_next_seed(self->project, self->recipe->seed, &failure))
        gtk_widget_activate_action(GTK_WIDGET(self), "win.say", "s", failure->message);
    prompt_show_recipe(self);
}

gboolean rushes_prompt_pane_get_seed_kept(RushesPromptPane *self)
{
    return gtk_check_button_get_active(self->seed_kept);
}

void rushes_prompt_pane_set_seed_kept(RushesPromptPane *self, gboolean kept)
{
    gtk_check_button_set_active(self->seed_kept, kept);
}

void rushes_prompt_pane_focus_words(RushesPromptPane *self)
{
    GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words));
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(buffer, &start, &end);
    gtk_text_buffer_select_range(buffer, &start, &end);
    gtk_widget_grab_focus(GTK_WIDGET(self->words));
}

gboolean rushes_prompt_pane_has_words(RushesPromptPane *self)
{
    g_autofree char *text = g_strdup(self->recipe->prompt);
    return *g_strstrip(text) != '\0';
}

const char *rushes_prompt_pane_get_refusal(RushesPromptPane *self)
{
    gboolean refused = !gtk_widget_get_sensitive(GTK_WIDGET(self->generate_button));
    return refused ? gtk_label_get_label(self->forecast_label) : NULL;
}

RushesRightsNote *rushes_prompt_pane_get_rights_note(RushesPromptPane *self)
{
    return self->rights_note;
}

void rushes_prompt_pane_show_start(RushesPromptPane *self, GdkPaintable *picture, const char *words,
                                   const char *who, gboolean is_covered)
{
    g_autofree char *name =
        !words    ? g_strdup("First frame: choose an image")
        : picture ? g_strdup_printf("Starts from %s", words)
                  : g_strdup_printf("Starts from %s, whose picture is missing: choose it again, or "
                                    "remove the first frame",
                                    words);

    gtk_picture_set_paintable(self->start_picture, picture);
    gtk_stack_set_visible_child_name(self->start_stack, picture ? "picture" : "empty");
    gtk_label_set_label(self->start_hint,
                        words && !picture ? "Picture missing" : "First frame:\ndrop an image");
    gtk_widget_set_visible(GTK_WIDGET(self->start_clear), words != NULL);
    rushes_rights_note_show_person(self->start_person, picture ? who : NULL, is_covered);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->start_button),
                                words ? name : "Start From an Image: Drop One Here or Click");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->start_button),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "prompt-pane.h"

#include <gtksourceview/gtksource.h>
#include <math.h>

#include "queue/eta.h"
#include "time-text.h"

#define WRITE_AFTER_MS 300 // of quiet; a crash loses at most this much typing
#define ASK_AFTER_MS   250

struct _RushesPromptPane {
    AdwBin parent_instance;

    GtkSourceView *words;
    GtkTextView *negative;
    GtkExpander *avoid;
    GtkLabel *tokens_label;
    GtkLevelBar *tokens_bar;
    GtkMenuButton *length_chip, *guidance_chip, *seed_chip, *steps_chip, *takes_chip;
    GtkDropDown *size_chip;
    GtkAdjustment *length_adjustment, *steps_adjustment, *guidance_adjustment, *takes_adjustment;
    GtkEntry *seed_entry;
    GtkCheckButton *seed_kept;
    GtkButton *start_button, *start_clear, *generate_button;
    GtkStack *start_stack;
    GtkPicture *start_picture;
    GtkLabel *model_label, *device_label, *forecast_label, *generate_label;

    RushesQueue *queue;
    RushesProject *project;
    RushesRecipe *recipe; // what the fields say
    GArray *sizes;        // of int pairs, as in the drop-down
    gboolean loading;     // the fields are being filled, not edited
    guint write_source, ask_source;
    guint token_request, estimate_request;
    guint recalled; // how many prompts back the words are; 0: the creator's own
};

G_DEFINE_FINAL_TYPE(RushesPromptPane, rushes_prompt_pane, ADW_TYPE_BIN)

static char *buffer_text(GtkTextBuffer *buffer)
{
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(buffer, &start, &end);
    return gtk_text_buffer_get_text(buffer, &start, &end, FALSE);
}

static void forget_requests(RushesPromptPane *self)
{
    if (!self->queue)
        return;
    RushesEngineClient *engine = rushes_queue_get_engine(self->queue);
    if (self->token_request)
        rushes_engine_client_forget(engine, self->token_request);
    if (self->estimate_request)
        rushes_engine_client_forget(engine, self->estimate_request);
    self->token_request = self->estimate_request = 0;
}

static void rushes_prompt_pane_dispose(GObject *object)
{
    RushesPromptPane *self = RUSHES_PROMPT_PANE(object);

    g_clear_handle_id(&self->write_source, g_source_remove);
    g_clear_handle_id(&self->ask_source, g_source_remove);
    forget_requests(self);
    if (self->queue)
        g_signal_handlers_disconnect_by_data(self->queue, self);
    if (self->project)
        g_signal_handlers_disconnect_by_data(self->project, self);
    g_clear_object(&self->queue);
    g_clear_object(&self->project);
    g_clear_pointer(&self->recipe, rushes_recipe_free);
    g_clear_pointer(&self->sizes, g_array_unref);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_PROMPT_PANE);
    G_OBJECT_CLASS(rushes_prompt_pane_parent_class)->dispose(object);
}

static const cJSON *model_defaults(RushesPromptPane *self)
{
    const cJSON *model = self->queue ? rushes_queue_get_model(self->queue) : NULL;
    return cJSON_GetObjectItemCaseSensitive(model, "defaults");
}

// What the model would take for a field that the recipe leaves open.
static double or_default(RushesPromptPane *self, double value, const char *key, double fallback)
{
    return value > 0 ? value : rushes_json_number(model_defaults(self), key, fallback);
}

static double recipe_fps(RushesPromptPane *self)
{
    const cJSON *model = self->queue ? rushes_queue_get_model(self->queue) : NULL;
    return or_default(self, self->recipe->fps, "fps", rushes_json_number(model, "fps", 12));
}

static void set_chip(GtkMenuButton *chip, const char *what, const char *text)
{
    g_autofree char *name = g_strdup_printf("%s: %s", what, text);
    gtk_menu_button_set_label(chip, text);
    gtk_accessible_update_property(GTK_ACCESSIBLE(chip), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void update_chips(RushesPromptPane *self)
{
    int frames = (int)gtk_adjustment_get_value(self->length_adjustment);
    int takes = (int)gtk_adjustment_get_value(self->takes_adjustment);
    g_autofree char *length = g_strdup_printf("%.1f s", frames / recipe_fps(self));
    g_autofree char *steps =
        g_strdup_printf("%d steps", (int)gtk_adjustment_get_value(self->steps_adjustment));
    g_autofree char *guidance =
        g_strdup_printf("guide %g", gtk_adjustment_get_value(self->guidance_adjustment));
    g_autofree char *seed =
        g_strdup_printf("seed %" G_GUINT64_FORMAT "%s", self->recipe->seed % 100000,
                        gtk_check_button_get_active(self->seed_kept) ? " •" : "");
    g_autofree char *count = g_strdup_printf(takes == 1 ? "%d take" : "%d takes", takes);
    g_autofree char *generate =
        takes == 1 ? g_strdup("Generate") : g_strdup_printf("Generate %d takes", takes);

    set_chip(self->length_chip, "Length", length);
    set_chip(self->steps_chip, "Steps", steps);
    set_chip(self->guidance_chip, "Guidance", guidance);
    set_chip(self->seed_chip, "Seed", seed);
    set_chip(self->takes_chip, "Takes", count);
    gtk_label_set_label(self->generate_label, generate);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->generate_button),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, generate, -1);
}

static void on_tokens(RushesEngineClient *engine, const RushesEngineEvent *event, gpointer data)
{
    RushesPromptPane *self = data;

    self->token_request = 0;
    if (event->kind != RUSHES_ENGINE_TOKENS)
        return;
    g_autofree char *text = g_strdup_printf("%u / %u tokens", event->count, event->limit);
    gtk_label_set_label(self->tokens_label, text);
    gtk_level_bar_set_value(self->tokens_bar,
                            event->limit > 0 ? MIN(1.0, (double)event->count / event->limit) : 0);
    // Words past the limit are not read by the model: say so before they are missed.
    if (event->count > event->limit) {
        gtk_widget_add_css_class(GTK_WIDGET(self->tokens_label), "error");
        gtk_widget_set_tooltip_text(GTK_WIDGET(self->tokens_label),
                                    "The model does not read words past its limit");
    } else {
        gtk_widget_remove_css_class(GTK_WIDGET(self->tokens_label), "error");
        gtk_widget_set_tooltip_text(GTK_WIDGET(self->tokens_label), NULL);
    }
}

static void show_fit(RushesPromptPane *self, const RushesEngineEvent *event)
{
    double takes = gtk_adjustment_get_value(self->takes_adjustment);
    const char *device = rushes_queue_get_device(self->queue);
    double seconds =
        rushes_eta_forecast(rushes_queue_get_library(self->queue), device, self->recipe);
    if (seconds < 0 && event->seconds > 0)
        seconds = event->seconds;
    if (seconds < 0 && self->project)
        seconds = rushes_eta_forecast_from_takes(rushes_project_get_takes(self->project), device,
                                                 self->recipe);
    g_autofree char *about = rushes_time_text_about(seconds);
    g_autofree char *memory =
        rushes_time_text_bytes((double)event->device_bytes + (double)event->host_bytes);
    g_autofree char *text =
        seconds < 0 ? g_strdup_printf("%s; the time is known after one take", memory)
                    : g_strdup_printf("≈ %s and %s%s", about, memory, takes > 1 ? " a take" : "");

    gtk_label_set_label(self->forecast_label, text);
    gtk_widget_remove_css_class(GTK_WIDGET(self->forecast_label), "error");
}

static void show_misfit(RushesPromptPane *self, const RushesEngineEvent *event)
{
    const cJSON *fit = cJSON_GetObjectItemCaseSensitive(event->fields, "what_would_fit");
    g_autofree char *memory = rushes_time_text_bytes((double)event->device_bytes);
    g_autofree char *text =
        fit ? g_strdup_printf("Needs %s, too much here. %d×%d with %d frames would fit.", memory,
                              (int)rushes_json_number(fit, "width", 0),
                              (int)rushes_json_number(fit, "height", 0),
                              (int)rushes_json_number(fit, "frames", 0))
            : g_strdup_printf("Needs %s, too much here. Choose a smaller size.", memory);

    gtk_label_set_label(self->forecast_label, text);
    gtk_widget_add_css_class(GTK_WIDGET(self->forecast_label), "error");
}

static void on_estimate(RushesEngineClient *engine, const RushesEngineEvent *event, gpointer data)
{
    RushesPromptPane *self = data;
    gboolean refused = FALSE;

    self->estimate_request = 0;
    if (event->kind == RUSHES_ENGINE_ESTIMATE && event->fits) {
        show_fit(self, event);
    } else if (event->kind == RUSHES_ENGINE_ESTIMATE) {
        refused = TRUE;
        show_misfit(self, event);
    } else if (event->kind == RUSHES_ENGINE_ERROR && g_strcmp0(event->code, "worker") != 0) {
        refused = TRUE;
        gtk_label_set_label(self->forecast_label, event->what);
        gtk_widget_add_css_class(GTK_WIDGET(self->forecast_label), "error");
    }
    gtk_widget_set_sensitive(GTK_WIDGET(self->generate_button), !refused);
}

static gboolean ask_worker(gpointer data)
{
    RushesPromptPane *self = data;

    self->ask_source = 0;
    if (!self->queue || !rushes_queue_get_device(self->queue) ||
        !rushes_queue_get_model(self->queue))
        return G_SOURCE_REMOVE;
    RushesEngineClient *engine = rushes_queue_get_engine(self->queue);
    g_autoptr(cJSON) job = rushes_recipe_to_json(self->recipe);
    forget_requests(self);
    self->token_request = rushes_engine_client_tokenize(engine, self->recipe->model,
                                                        self->recipe->prompt, on_tokens, self);
    self->estimate_request = rushes_engine_client_estimate(engine, job, on_estimate, self);
    return G_SOURCE_REMOVE;
}

static void ask_soon(RushesPromptPane *self)
{
    if (!self->ask_source)
        self->ask_source = g_timeout_add(ASK_AFTER_MS, ask_worker, self);
}

static void read_fields(RushesPromptPane *self)
{
    RushesRecipe *recipe = self->recipe;
    guint size = gtk_drop_down_get_selected(self->size_chip);

    g_free(recipe->prompt);
    recipe->prompt = buffer_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words)));
    g_free(recipe->negative);
    recipe->negative = buffer_text(gtk_text_view_get_buffer(self->negative));
    if (!self->queue || !rushes_queue_get_model(self->queue))
        return; // the numbers shown are guesses until the model says its own
    recipe->frames = (int)gtk_adjustment_get_value(self->length_adjustment);
    recipe->steps = (int)gtk_adjustment_get_value(self->steps_adjustment);
    recipe->guidance = gtk_adjustment_get_value(self->guidance_adjustment);
    if (size != GTK_INVALID_LIST_POSITION && size < self->sizes->len / 2) {
        recipe->width = g_array_index(self->sizes, int, size * 2);
        recipe->height = g_array_index(self->sizes, int, size * 2 + 1);
    }
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
    read_fields(self);
    update_chips(self);
    ask_soon(self);
    g_clear_handle_id(&self->write_source, g_source_remove);
    self->write_source = g_timeout_add(WRITE_AFTER_MS, write_draft, self);
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

static void fill_sizes(RushesPromptPane *self)
{
    const cJSON *model = self->queue ? rushes_queue_get_model(self->queue) : NULL;
    const cJSON *sizes = cJSON_GetObjectItemCaseSensitive(model, "sizes");
    const cJSON *size;
    g_autoptr(GtkStringList) names = gtk_string_list_new(NULL);
    int width = (int)or_default(self, self->recipe->width, "width", 256);
    int height = (int)or_default(self, self->recipe->height, "height", 160);
    guint selected = GTK_INVALID_LIST_POSITION;

    g_array_set_size(self->sizes, 0);
    cJSON_ArrayForEach(size, sizes)
    {
        const cJSON *w = cJSON_GetArrayItem(size, 0), *h = cJSON_GetArrayItem(size, 1);
        if (!cJSON_IsNumber(w) || !cJSON_IsNumber(h))
            continue;
        int pair[2] = {w->valueint, h->valueint};
        if (pair[0] == width && pair[1] == height)
            selected = self->sizes->len / 2;
        g_array_append_vals(self->sizes, pair, 2);
    }
    if (selected == GTK_INVALID_LIST_POSITION) { // one that the model does not list
        int pair[2] = {width, height};
        selected = self->sizes->len / 2;
        g_array_append_vals(self->sizes, pair, 2);
    }
    for (guint i = 0; i < self->sizes->len; i += 2) {
        g_autofree char *name = g_strdup_printf("%d×%d", g_array_index(self->sizes, int, i),
                                                g_array_index(self->sizes, int, i + 1));
        gtk_string_list_append(names, name);
    }
    gtk_drop_down_set_model(self->size_chip, G_LIST_MODEL(names));
    gtk_drop_down_set_selected(self->size_chip, selected);
}

// A draft that leaves settings open shows, and from then on says, what the model would take.
static void fill_recipe_defaults(RushesPromptPane *self)
{
    const cJSON *model = self->queue ? rushes_queue_get_model(self->queue) : NULL;
    RushesRecipe *recipe = self->recipe;

    recipe->frames =
        (int)or_default(self, recipe->frames, "frames", rushes_json_number(model, "frames", 25));
    recipe->steps = (int)or_default(self, recipe->steps, "steps", 16);
    if (recipe->guidance < 0)
        recipe->guidance = rushes_json_number(model_defaults(self), "guidance", 4);
    recipe->fps = recipe_fps(self);
    gtk_adjustment_set_upper(self->length_adjustment,
                             MAX(recipe->frames, rushes_json_number(model, "max_frames", 97)));
}

static void set_text(GtkTextBuffer *buffer, const char *text)
{
    g_autofree char *now = buffer_text(buffer);
    if (g_strcmp0(now, text) != 0)
        gtk_text_buffer_set_text(buffer, text, -1);
}

static void show_recipe(RushesPromptPane *self)
{
    RushesRecipe *recipe = self->recipe;
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, recipe->seed);

    self->loading = TRUE;
    fill_recipe_defaults(self);
    fill_sizes(self);
    set_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words)), recipe->prompt);
    set_text(gtk_text_view_get_buffer(self->negative), recipe->negative);
    if (*recipe->negative)
        gtk_expander_set_expanded(self->avoid, TRUE);
    if (recipe->frames > 0)
        gtk_adjustment_set_value(self->length_adjustment, recipe->frames);
    if (recipe->steps > 0)
        gtk_adjustment_set_value(self->steps_adjustment, recipe->steps);
    if (recipe->guidance >= 0)
        gtk_adjustment_set_value(self->guidance_adjustment, recipe->guidance);
    gtk_editable_set_text(GTK_EDITABLE(self->seed_entry), seed);
    self->loading = FALSE;
    read_fields(self);
    update_chips(self);
    ask_soon(self);
}

static void on_draft_changed(RushesPromptPane *self)
{
    rushes_recipe_free(self->recipe);
    self->recipe = rushes_recipe_copy(rushes_project_get_draft(self->project));
    self->loading = TRUE;
    gtk_adjustment_set_value(self->takes_adjustment, rushes_project_get_draft_takes(self->project));
    show_recipe(self);
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
    show_recipe(self);
}

// Older and newer prompts of all projects, like the history of a shell.
static gboolean on_words_key(GtkEventControllerKey *controller, guint key, guint code,
                             GdkModifierType state, RushesPromptPane *self)
{
    gboolean older = key == GDK_KEY_Up, newer = key == GDK_KEY_Down;

    if ((state & gtk_accelerator_get_default_mod_mask()) != GDK_ALT_MASK || !(older || newer) ||
        !self->queue || (newer && self->recalled == 0))
        return GDK_EVENT_PROPAGATE;
    guint wanted = older ? self->recalled + 1 : self->recalled - 1;
    g_auto(GStrv) prompts =
        rushes_library_list_prompts(rushes_queue_get_library(self->queue), NULL, wanted);
    guint count = g_strv_length(prompts);
    if (wanted > 0 && wanted <= count) {
        gtk_text_buffer_set_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words)),
                                 prompts[wanted - 1], -1);
        self->recalled = wanted;
    }
    return GDK_EVENT_STOP;
}

static void rushes_prompt_pane_class_init(RushesPromptPaneClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_prompt_pane_dispose;
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
    gtk_widget_class_bind_template_child(widget, RushesPromptPane, start_stack);
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
    gpointer edited[] = {self->length_adjustment, self->steps_adjustment, self->guidance_adjustment,
                         self->takes_adjustment};
    for (guint i = 0; i < G_N_ELEMENTS(edited); i++)
        g_signal_connect_swapped(edited[i], "value-changed", G_CALLBACK(on_edited), self);
    g_signal_connect_swapped(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words)), "changed",
                             G_CALLBACK(on_edited), self);
    g_signal_connect_swapped(gtk_text_view_get_buffer(self->negative), "changed",
                             G_CALLBACK(on_edited), self);
    g_signal_connect_swapped(self->size_chip, "notify::selected", G_CALLBACK(on_edited), self);
    g_signal_connect_swapped(self->seed_entry, "changed", G_CALLBACK(on_seed_edited), self);
    g_signal_connect_swapped(self->seed_kept, "toggled", G_CALLBACK(update_chips), self);
    g_signal_connect_object(adw_style_manager_get_default(), "notify::dark",
                            G_CALLBACK(follow_dark), self, G_CONNECT_SWAPPED);
    follow_dark(self);
    update_chips(self);
}

void rushes_prompt_pane_set_queue(RushesPromptPane *self, RushesQueue *queue)
{
    g_return_if_fail(RUSHES_IS_PROMPT_PANE(self) && !self->queue);

    self->queue = g_object_ref(queue);
    g_signal_connect_swapped(queue, "model-changed", G_CALLBACK(on_worker_changed), self);
    g_signal_connect_swapped(queue, "notify::ready", G_CALLBACK(on_worker_changed), self);
    g_signal_connect_swapped(queue, "item-finished", G_CALLBACK(ask_soon), self);
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

void rushes_prompt_pane_take_over(RushesPromptPane *self, const RushesRecipe *recipe)
{
    rushes_recipe_free(self->recipe);
    self->recipe = rushes_recipe_copy(recipe);
    // The conditioning's files belong to the take it was made for; the project's start says the new.
    self->recipe->conditioning = RUSHES_CONDITIONING_NONE;
    show_recipe(self);
    on_edited(self);
}

void rushes_prompt_pane_new_seed(RushesPromptPane *self)
{
    g_autofree char *seed = g_strdup_printf("%u", g_random_int());
    gtk_editable_set_text(GTK_EDITABLE(self->seed_entry), seed);
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

void rushes_prompt_pane_show_start(RushesPromptPane *self, GdkPaintable *picture, const char *words)
{
    g_autofree char *name =
        words ? g_strdup_printf("Starts from %s", words) : g_strdup("First frame: choose an image");

    gtk_picture_set_paintable(self->start_picture, picture);
    gtk_stack_set_visible_child_name(self->start_stack, picture ? "picture" : "empty");
    gtk_widget_set_visible(GTK_WIDGET(self->start_clear), picture != NULL);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->start_button),
                                words ? name : "Start From an Image: Drop One Here or Click");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->start_button),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// prompt-forecast.c - what the worker says about the draft before anything is generated: how many
// tokens the words are, and how long a take will need and whether it fits.
#include <math.h>

#include "prompt-pane-private.h"
#include "queue/eta.h"
#include "time-text.h"

#define ASK_AFTER_MS 250
#define ASK_AGAIN_MS 1000 // while the device is being measured

static gboolean ask_worker(gpointer data);

void prompt_forget_requests(RushesPromptPane *self)
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

static void on_tokens(RushesEngineClient *engine, const RushesEngineEvent *event, gpointer data)
{
    RushesPromptPane *self = data;

    self->token_request = 0;
    if (event->kind != RUSHES_ENGINE_TOKENS) {
        // More than it reads at all; which limit that is, the forecast says.
        gtk_label_set_label(self->tokens_label, "too long to count");
        gtk_widget_add_css_class(GTK_WIDGET(self->tokens_label), "error");
        gtk_widget_set_tooltip_text(GTK_WIDGET(self->tokens_label), event->what);
        gtk_level_bar_set_value(self->tokens_bar, 1);
        return;
    }
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
    RushesLibrary *library = rushes_queue_get_library(self->queue);
    gboolean rough = event->rough && !rushes_eta_is_learned(library, device, self->recipe);
    double seconds =
        rushes_eta_forecast(library, device, self->recipe, event->seconds, event->build_left_s);
    g_autofree char *about = rushes_time_text_about(seconds);
    g_autofree char *memory =
        rushes_time_text_bytes((double)event->device_bytes + (double)event->host_bytes);
    g_autofree char *text = NULL;

    if (seconds >= 0 && !rough)
        text = g_strdup_printf("≈ %s and %s%s", about, memory, takes > 1 ? " a take" : "");
    else if (seconds >= 0)
        text = g_strdup_printf("First take: roughly %s and %s", about, memory);
    else if (rough && event->measuring)
        text = g_strdup_printf("%s; measuring this device…", memory);
    else
        text = g_strdup_printf("%s; the time is known after one take", memory);
    gtk_label_set_label(self->forecast_label, text);
    gtk_widget_set_tooltip_text(
        GTK_WIDGET(self->forecast_label),
        rough ? "Nothing was made on this device yet: the time is told from one product that was "
                "built and run here. After one take it is told from takes."
              : NULL);
    if (rough && event->measuring && !self->ask_source)
        self->ask_source = g_timeout_add(ASK_AGAIN_MS, ask_worker, self);
    gtk_widget_remove_css_class(GTK_WIDGET(self->forecast_label), "error");
}

static void show_misfit(RushesPromptPane *self, const RushesEngineEvent *event)
{
    const cJSON *fit = cJSON_GetObjectItemCaseSensitive(event->fields, "what_would_fit");
    g_autofree char *memory = rushes_time_text_bytes((double)event->device_bytes);
    int frames = (int)rushes_json_number(fit, "frames", 0);
    g_autofree char *text =
        fit ? g_strdup_printf("Needs %s, too much here. %d×%d with %d %s would fit.", memory,
                              (int)rushes_json_number(fit, "width", 0),
                              (int)rushes_json_number(fit, "height", 0), frames,
                              frames == 1 ? "frame" : "frames")
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
        // Where nothing is written yet, nothing is wrong.
        gboolean begun = rushes_prompt_pane_has_words(self);
        refused = TRUE;
        gtk_label_set_label(self->forecast_label,
                            begun ? event->what : "Write above what is to be seen and heard.");
        if (begun)
            gtk_widget_add_css_class(GTK_WIDGET(self->forecast_label), "error");
        else
            gtk_widget_remove_css_class(GTK_WIDGET(self->forecast_label), "error");
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
    prompt_forget_requests(self);
    self->token_request = rushes_engine_client_tokenize(engine, self->recipe->model,
                                                        self->recipe->prompt, on_tokens, self);
    self->estimate_request = rushes_engine_client_estimate(engine, job, on_estimate, self);
    return G_SOURCE_REMOVE;
}

void prompt_ask_soon(RushesPromptPane *self)
{
    if (!self->ask_source)
        self->ask_source = g_timeout_add(ASK_AFTER_MS, ask_worker, self);
}

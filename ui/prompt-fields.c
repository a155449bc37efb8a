// SPDX-License-Identifier: GPL-3.0-or-later
//
// prompt-fields.c - the recipe in the fields and chips, and the fields in the recipe.
#include <math.h>

#include "control-name.h"
#include "prompt-pane-private.h"

#define SEED_SHOWN 1000 // a chip has room for a few digits: the last ones of longer seeds

static char *buffer_text(GtkTextBuffer *buffer)
{
    GtkTextIter start, end;
    gtk_text_buffer_get_bounds(buffer, &start, &end);
    return gtk_text_buffer_get_text(buffer, &start, &end, FALSE);
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
    rushes_control_name(GTK_WIDGET(chip), name);
}

void prompt_update_chips(RushesPromptPane *self)
{
    int frames = (int)gtk_adjustment_get_value(self->length_adjustment);
    int takes = (int)gtk_adjustment_get_value(self->takes_adjustment);
    g_autofree char *length = g_strdup_printf("%.1f s", frames / recipe_fps(self));
    g_autofree char *steps =
        g_strdup_printf("%d steps", (int)gtk_adjustment_get_value(self->steps_adjustment));
    g_autofree char *guidance =
        g_strdup_printf("guide %g", gtk_adjustment_get_value(self->guidance_adjustment));
    g_autofree char *seed = g_strdup_printf(
        self->recipe->seed < SEED_SHOWN ? "seed %" G_GUINT64_FORMAT "%s"
                                        : "seed …%03" G_GUINT64_FORMAT "%s",
        self->recipe->seed % SEED_SHOWN, gtk_check_button_get_active(self->seed_kept) ? " •" : "");
    g_autofree char *count = g_strdup_printf(takes == 1 ? "%d take" : "%d takes", takes);
    g_autofree char *generate =
        takes == 1 ? g_strdup("Generate") : g_strdup_printf("Generate %d takes", takes);

    GtkStringObject *size = gtk_drop_down_get_selected_item(self->size_chip);
    g_autofree char *size_name =
        g_strdup_printf("Size: %s", size ? gtk_string_object_get_string(size) : "the model's");
    rushes_control_name(GTK_WIDGET(self->size_chip), size_name);
    set_chip(self->length_chip, "Length", length);
    set_chip(self->steps_chip, "Steps", steps);
    set_chip(self->guidance_chip, "Guidance", guidance);
    set_chip(self->seed_chip, "Seed", seed);
    set_chip(self->takes_chip, "Takes", count);
    gtk_label_set_label(self->generate_label, generate);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->generate_button),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, generate, -1);
}

void prompt_round_length(RushesPromptPane *self)
{
    const cJSON *model = self->queue ? rushes_queue_get_model(self->queue) : NULL;
    double multiple = rushes_json_number(model, "frames_multiple", 1);
    double asked = gtk_adjustment_get_value(self->length_adjustment);
    double made = 1 + multiple * floor((asked - 1) / multiple + 0.5);

    if (made > gtk_adjustment_get_upper(self->length_adjustment))
        made -= multiple;
    if (multiple >= 1 && made >= 1 && made != asked)
        gtk_adjustment_set_value(self->length_adjustment, made);
}

void prompt_read_fields(RushesPromptPane *self)
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

void prompt_show_recipe(RushesPromptPane *self)
{
    RushesRecipe *recipe = self->recipe;
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, recipe->seed);

    self->loading = TRUE;
    fill_recipe_defaults(self);
    fill_sizes(self);
    set_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->words)), recipe->prompt);
    set_text(gtk_text_view_get_buffer(self->negative), recipe->negative);
    if (*recipe->negative)
        gtk_toggle_button_set_active(self->avoid, TRUE);
    if (recipe->frames > 0)
        gtk_adjustment_set_value(self->length_adjustment, recipe->frames);
    if (recipe->steps > 0)
        gtk_adjustment_set_value(self->steps_adjustment, recipe->steps);
    if (recipe->guidance >= 0)
        gtk_adjustment_set_value(self->guidance_adjustment, recipe->guidance);
    gtk_editable_set_text(GTK_EDITABLE(self->seed_entry), seed);
    self->loading = FALSE;
    prompt_read_fields(self);
    prompt_update_chips(self);
    prompt_ask_soon(self);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/ingredients.h"

RushesIngredients *rushes_ingredients_new(void)
{
    RushesIngredients *self = g_new0(RushesIngredients, 1);

    self->list = g_array_new(FALSE, FALSE, sizeof(RushesIngredient));
    self->words = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void rushes_ingredients_free(RushesIngredients *self)
{
    if (!self)
        return;
    g_array_unref(self->list);
    g_ptr_array_unref(self->words);
    g_free(self);
}

const RushesIngredient *rushes_ingredients_data(const RushesIngredients *self)
{
    return (const RushesIngredient *)(const void *)self->list->data;
}

// Takes over both words.
static void add(RushesIngredients *self, char *title, char *format, const char *relationship)
{
    RushesIngredient ingredient = {.title = title, .format = format, .relationship = relationship};

    g_ptr_array_add(self->words, title);
    g_ptr_array_add(self->words, format);
    g_array_append_val(self->list, ingredient);
}

static gboolean has(const RushesIngredients *self, const char *title, const char *relationship)
{
    for (guint i = 0; i < self->list->len; i++) {
        const RushesIngredient *known = &g_array_index(self->list, RushesIngredient, i);
        if (g_str_equal(known->title, title) && g_str_equal(known->relationship, relationship))
            return TRUE;
    }
    return FALSE;
}

void rushes_ingredients_add_reference(RushesIngredients *self, const RushesRecipe *recipe)
{
    const char *source = recipe->condition_source;
    gboolean uncertain = TRUE;

    if (recipe->conditioning == RUSHES_CONDITIONING_NONE || !source || has(self, source, "inputTo"))
        return;
    g_autofree char *type = g_content_type_guess(source, NULL, 0, &uncertain);
    char *mime = uncertain ? NULL : g_content_type_get_mime_type(type);
    if (!mime) // a frame of another take, or that take itself
        mime = g_strdup(recipe->conditioning == RUSHES_CONDITIONING_IMAGE ? "image/x-raw"
                                                                          : "video/x-raw");
    add(self, g_strdup(source), mime, "inputTo");
}

void rushes_ingredients_add_film(RushesIngredients *self, RushesProject *project)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    GListModel *shots = rushes_project_get_shots(project);
    const cJSON *sound = rushes_project_get_value(project, "sound"), *clip;

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        RushesTake *take = rushes_shot_get_take(shot);
        if (!take || !g_hash_table_add(seen, take))
            continue;
        const RushesRecipe *recipe = rushes_take_get_recipe(take);
        add(self, g_strdup_printf("Take %d: %s", rushes_take_get_number(take), recipe->prompt),
            g_strdup("video/x-raw"), "componentOf");
        rushes_ingredients_add_reference(self, recipe);
    }
    cJSON_ArrayForEach(clip, sound)
        add(self, g_strdup(rushes_json_string(clip, "title", "Imported sound")),
            g_strdup("audio/x-raw"), "componentOf");
}

// SPDX-License-Identifier: GPL-3.0-or-later
// A recipe as JSON: any bytes give a recipe that survives being written and read again, or one sentence.
#include <stdlib.h>

#include "fuzz.h"
#include "project/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(cJSON) json = cJSON_Parse(text);
    g_autoptr(GError) error = NULL;

    if (!json)
        return 0;
    RushesRecipe *recipe = rushes_recipe_from_json(json, &error);
    if ((recipe == NULL) != (error != NULL))
        abort();
    if (recipe) {
        g_autoptr(cJSON) written = rushes_recipe_to_json(recipe);
        RushesRecipe *again = rushes_recipe_from_json(written, NULL);
        g_autofree char *words = rushes_recipe_describe(recipe);
        if (!again || !words)
            abort();
        rushes_recipe_free(again);
        rushes_recipe_free(recipe);
    }
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-restart.c - a recipe that comes back brings what its take started from: a recipe has the words, the numbers and
// the hash of the picture, never the picture itself, which is looked for among the project's files.
#include "texture.h"
#include "window-private.h"

// A take of the project that has that start on disk; NULL when none has.
static RushesTake *find_take(RushesWindow *self, const RushesRecipe *recipe)
{
    GListModel *takes = rushes_project_get_takes(self->project);
    RushesTake *found = NULL;

    for (guint i = 0; i < g_list_model_get_n_items(takes) && !found; i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        const RushesRecipe *other = rushes_take_get_recipe(take);
        if (other->conditioning != recipe->conditioning)
            continue;
        if (rushes_recipe_equal(other, recipe) ||
            (recipe->conditioning == RUSHES_CONDITIONING_IMAGE && recipe->picture_sha256 &&
             g_strcmp0(other->picture_sha256, recipe->picture_sha256) == 0))
            found = take; // the project holds it
    }
    return found;
}

// What the take was given as its first frame, at the take's size.
static GdkTexture *read_first_frame(RushesTake *take)
{
    const RushesRecipe *recipe = rushes_take_get_recipe(take);
    gsize bytes = 0;
    char *rgb = NULL;

    if (!recipe->condition_video || recipe->width <= 0 || recipe->height <= 0)
        return NULL;
    g_autofree char *path =
        g_build_filename(rushes_take_get_folder(take), recipe->condition_video, NULL);
    if (!g_file_get_contents(path, &rgb, &bytes, NULL))
        return NULL;
    g_autoptr(GBytes) frame = g_bytes_new_take(rgb, bytes);
    if (bytes < (gsize)recipe->width * (gsize)recipe->height * 3)
        return NULL;
    return rushes_texture_new(frame, recipe->width, recipe->height);
}

// The picture that was copied into the project: the one that is set, the file named after its hash, or what a
// take was given. NULL when the project has none of them.
static cJSON *find_picture(RushesWindow *self, const RushesRecipe *recipe)
{
    const char *source = recipe->condition_source ? recipe->condition_source : "an image",
               *hash = recipe->picture_sha256;
    const cJSON *now = rushes_project_get_value(self->project, "start");

    if (hash && g_strcmp0(rushes_json_string(now, "sha256", NULL), hash) == 0)
        return cJSON_Duplicate(now, TRUE);
    cJSON *start = hash ? window_find_input(self, hash, source) : NULL;
    RushesTake *take = start ? NULL : find_take(self, recipe);
    g_autoptr(GdkTexture) frame = take ? read_first_frame(take) : NULL;
    if (frame)
        start = window_copy_picture(self, frame, NULL, source);
    if (start && hash && !cJSON_HasObjectItem(start, "sha256"))
        cJSON_AddStringToObject(start, "sha256", hash);
    // Who is on a frame of a take, that take's recipe says.
    if (frame && !hash)
        cJSON_AddStringToObject(start, "take", rushes_take_get_id(take));
    return start;
}

static cJSON *find_extended(RushesWindow *self, const RushesRecipe *recipe)
{
    RushesTake *take = find_take(self, recipe);
    const char *parent = take ? rushes_take_get_parent(take) : NULL;

    if (!parent || !rushes_project_find_take(self->project, parent))
        return NULL;
    cJSON *start = cJSON_CreateObject();
    cJSON_AddStringToObject(start, "kind", "extend");
    cJSON_AddStringToObject(start, "take", parent);
    return start;
}

// What is said of a recipe `of` something.
static char *describe(const RushesRecipe *recipe, gboolean found, const char *of)
{
    const char *source = recipe->condition_source ? recipe->condition_source : "an image";

    if (recipe->conditioning == RUSHES_CONDITIONING_NONE)
        return g_strdup_printf("The recipe of %s is in the prompt pane now.", of);
    if (recipe->conditioning == RUSHES_CONDITIONING_IMAGE)
        return found
                   ? g_strdup_printf("The recipe of %s is in the prompt pane now, with its first "
                                     "frame.",
                                     of)
                   : g_strdup_printf("The recipe of %s is in the prompt pane now, without its "
                                     "first frame: a clip does not carry that image. Drop %s here "
                                     "again, too.",
                                     of, source);
    return found
               ? g_strdup_printf("The recipe of %s is in the prompt pane now; it goes on from %s.",
                                 of, source)
               : g_strdup_printf("The recipe of %s is in the prompt pane now, but the take that "
                                 "it went on from (%s) is not in this project: it starts from "
                                 "nothing.",
                                 of, source);
}

void window_take_over(RushesWindow *self, const RushesRecipe *recipe, const char *of)
{
    gboolean picture = recipe->conditioning == RUSHES_CONDITIONING_IMAGE;
    cJSON *start = picture ? find_picture(self, recipe)
                   : recipe->conditioning == RUSHES_CONDITIONING_EXTEND
                       ? find_extended(self, recipe)
                       : NULL;
    g_autofree char *sentence = describe(recipe, start != NULL, of);
    GError *failure = NULL;

    // A picture that was set for something else is no part of this recipe.
    rushes_project_begin(self->project, "Use Recipe");
    rushes_prompt_pane_take_over(self->prompt, recipe);
    rushes_prompt_pane_set_seed_kept(self->prompt, TRUE);
    if (start || rushes_project_get_value(self->project, "start"))
        window_set_start(self, start);
    rushes_project_end(self->project, &failure);
    window_check(self, failure);
    window_say(self, sentence);
    if (start && picture)
        window_ask_person(self);
}

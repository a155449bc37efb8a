// SPDX-License-Identifier: GPL-3.0-or-later
//
// recipe.h - everything that decides what a take looks and sounds like. Its JSON is the job object
// of docs/protocol.md, section 1; a recipe travels in take.json and in every exported file.
#pragma once
#include "json-file.h"

G_BEGIN_DECLS

typedef enum RushesConditioning {
    RUSHES_CONDITIONING_NONE,
    RUSHES_CONDITIONING_IMAGE,  // the clip starts with this frame
    RUSHES_CONDITIONING_EXTEND, // the clip continues these last frames and sound
} RushesConditioning;

// A plain value: copy it whole. Numbers that are 0 (or negative for the guidances and the shift)
// stand for the model's own default.
typedef struct RushesRecipe {
    char *model;
    char *prompt;
    char *negative;
    guint64 seed;
    int width, height; // pixels
    int frames;
    double fps;
    int steps;
    double guidance, audio_guidance, shift;
    char *sampler; // "euler", "unipc", "dpmpp"; NULL: the model's default

    RushesConditioning conditioning;
    char *condition_video; // packed RGB at the recipe's size, in the take's folder
    int condition_frames;
    char *condition_audio; // f32, in the take's folder, or NULL
    gint64 condition_samples;
    char *condition_source; // where it came from, for people: a file name or "take 3"

    // Of the picture at the root of it all: a clip that continues another one carries on what that one said.
    char *picture_sha256;  // of the picture's file, hex, or NULL
    gboolean shows_person; // the creator said so
    char *consent;         // id of the consent record it is used under, or NULL
} RushesRecipe;

RushesRecipe *rushes_recipe_new(void);
RushesRecipe *rushes_recipe_copy(const RushesRecipe *self);
void rushes_recipe_free(RushesRecipe *self);

// NULL with RUSHES_ERROR_NEWER for a later version of the job, RUSHES_ERROR_FORMAT when a field is
// out of any sense. Absent fields stay at their defaults.
RushesRecipe *rushes_recipe_from_json(const cJSON *job, GError **error);
cJSON *rushes_recipe_to_json(const RushesRecipe *self); // owned by the caller

// Takes over what `from` says of the reference picture and the person on it; `from` NULL: nothing.
void rushes_recipe_set_picture(RushesRecipe *self, const RushesRecipe *from);

gboolean rushes_recipe_equal(const RushesRecipe *a, const RushesRecipe *b);
double rushes_recipe_get_seconds(const RushesRecipe *self); // 0 while frames or fps are unknown

// "256×160, 25 frames at 12 fps, 16 steps" and the like; owned by the caller.
char *rushes_recipe_describe(const RushesRecipe *self);

// One line a difference in the settings (not in the words): "Steps: 16 → 24". Owned by the caller;
// empty when nothing differs.
GStrv rushes_recipe_diff_settings(const RushesRecipe *before, const RushesRecipe *after);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesRecipe, rushes_recipe_free)

G_END_DECLS

// SPDX-License-Identifier: GPL-3.0-or-later
//
// recipe-file.h - the recipe that a file carries: an exported clip, a take's folder or take.json, or
// a job written as JSON.
#pragma once
#include "project/recipe.h"

G_BEGIN_DECLS

// Owned by the caller. NULL without an error when the file is of another kind or carries none, NULL
// with one when it carries a recipe that cannot be used.
RushesRecipe *rushes_recipe_file_read(const char *path, GError **error);

G_END_DECLS

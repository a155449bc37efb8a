// SPDX-License-Identifier: GPL-3.0-or-later
//
// ingredients.h - what a file was made with, as its credentials list it: each take and imported sound of a film, and the
// pictures and clips that takes started from. Each is listed once.
#pragma once
#include "project/project.h"
#include "provenance/manifest.h"

G_BEGIN_DECLS

typedef struct RushesIngredients {
    GArray *list;     // RushesIngredient
    GPtrArray *words; // what the list borrows
} RushesIngredients;

RushesIngredients *rushes_ingredients_new(void);
void rushes_ingredients_free(RushesIngredients *self); // NULL-safe
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesIngredients, rushes_ingredients_free)

// The picture or clip that a take of this recipe started from, if it did.
void rushes_ingredients_add_reference(RushesIngredients *self, const RushesRecipe *recipe);
// Of the film on the project's timeline: every take with what it started from, and every imported sound.
void rushes_ingredients_add_film(RushesIngredients *self, RushesProject *project);

// Borrowed; for RushesClaim and RushesExportOptions.
const RushesIngredient *rushes_ingredients_data(const RushesIngredients *self);

G_END_DECLS

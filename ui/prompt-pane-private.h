// SPDX-License-Identifier: GPL-3.0-or-later
//
// prompt-pane-private.h - the prompt pane's parts, for the files it is split over: prompt-pane.c (the
// widget and the project's draft), prompt-fields.c (recipe and fields), prompt-forecast.c (what the
// worker says of it).
#pragma once
#include <gtksourceview/gtksource.h>

#include "prompt-pane.h"

struct _RushesPromptPane {
    AdwBin parent_instance;

    GtkSourceView *words;
    GtkTextView *negative;
    GtkToggleButton *avoid;
    GtkLabel *tokens_label;
    GtkLevelBar *tokens_bar;
    GtkMenuButton *length_chip, *guidance_chip, *seed_chip, *steps_chip, *takes_chip;
    GtkDropDown *size_chip;
    GtkAdjustment *length_adjustment, *steps_adjustment, *guidance_adjustment, *takes_adjustment;
    GtkEntry *seed_entry;
    GtkCheckButton *seed_kept;
    GtkButton *start_button, *start_clear, *start_person, *generate_button;
    RushesRightsNote *rights_note;
    GtkStack *start_stack;
    GtkLabel *start_hint;
    GtkPicture *start_picture;
    GtkLabel *model_label, *device_label, *forecast_label, *generate_label;

    RushesQueue *queue;
    RushesProject *project;
    RushesRecipe *recipe; // what the fields say
    GArray *sizes;        // of int pairs, as in the drop-down
    gboolean loading;     // the fields are being filled, not edited
    guint write_source, ask_source;
    guint token_request, estimate_request;
    guint recalled;     // how many prompts back the words are; 0: the creator's own
    char *own_words;    // what they were before the first step back
    gboolean recalling; // the words change because an older prompt comes
};

// The fields into the recipe; the recipe into the fields, with what the model takes for settings that
// are open.
void prompt_read_fields(RushesPromptPane *self);
void prompt_show_recipe(RushesPromptPane *self);
void prompt_update_chips(RushesPromptPane *self);
// A length that the model makes: the one that was typed, or the nearest.
void prompt_round_length(RushesPromptPane *self);

// Asks the worker in a moment; a later change is asked about together with this one.
void prompt_ask_soon(RushesPromptPane *self);
void prompt_forget_requests(RushesPromptPane *self);

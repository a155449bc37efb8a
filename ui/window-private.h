// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-private.h - the window's parts, for the files it is split over: window.c (what shows),
// window-actions.c (takes, shots and the project), window-generate.c, window-follow.c,
// window-start.c, window-play.c, window-marks.c, window-shots.c (what else the creator can do), window-layout.c (wide and narrow), window-keys.c
// (single-letter keys).
#pragma once
#include "preview-pane.h"
#include "project/archivist.h"
#include "prompt-pane.h"
#include "queue-button.h"
#include "take-strip.h"
#include "timeline-pane.h"
#include "window.h"

typedef enum WindowLayout { WINDOW_WIDE, WINDOW_COMPACT, WINDOW_NARROW } WindowLayout;

struct _RushesWindow {
    AdwApplicationWindow parent_instance;

    AdwToastOverlay *toasts;
    AdwWindowTitle *title;
    GtkRevealer *banner;
    GtkLabel *banner_label;
    RushesQueueButton *queue_button;
    RushesPromptPane *prompt;
    RushesPreviewPane *preview;
    RushesTakeStrip *strip;
    RushesTimelinePane *timeline;

    RushesQueue *queue;
    RushesProject *project;
    RushesArchivist *archivist; // puts the project's finished takes away
    RushesComposer *film;       // the timeline as it plays and as it is exported
    GMenu *recent_menu;
    GSettings *settings;    // NULL without a schema
    GtkWidget *picture_box; // preview and takes
    GtkWidget *open_button, *history_button, *export_label;
    GtkWidget *undo_button, *redo_button;
    GtkWidget *panes;
    gboolean show_prompt; // from here on: window-layout.c
    WindowLayout layout;
    int layout_needs[WINDOW_NARROW]; // px that the wider layouts were measured to need
    guint layout_source;
    gboolean follows,
        following; // window-follow.c: the take that forms is shown; its choice is not the creator's
    char *last_shown; // id of the take that was previewed before this one, for Compare
};

void window_set_show_prompt(RushesWindow *self, gboolean shown);
void window_show_picture(RushesWindow *self); // where there is room for one pane only
void window_focus_words(RushesWindow *self);  // the prompt, ready for other words
void window_layout_allocated(RushesWindow *self);
void window_install_actions(GtkWidgetClass *klass);
void window_watch_keys(RushesWindow *self);
void window_say(RushesWindow *self, const char *sentence);
// Says the error if there is one, and frees it.
void window_check(RushesWindow *self, GError *error);
RushesPlayer *window_player(RushesWindow *self);
RushesTake *window_current_take(RushesWindow *self); // previewed or first selected; not owned
gboolean window_text_has_focus(RushesWindow *self);
// The marks of the take that is shown, kept in the project; -1: none. Update: the player gets them from there.
void window_set_marks(RushesWindow *self, int in, int out);
void window_update_marks(RushesWindow *self);
void window_show_film(RushesWindow *self); // the timeline in the preview
// What is wrong with the shot below the play head, while the preview shows the film.
void window_update_film_caption(RushesWindow *self);
void window_update_start(RushesWindow *self);
// The start of the next take from a picture on the disk: copied into the project.
void window_start_from_image(RushesWindow *self, GFile *file);
// A recipe from a dropped file: its recipe into the draft. FALSE when it carries none.
gboolean window_take_recipe_from_file(RushesWindow *self, GFile *file);
// FALSE when the draft starts from a picture that is gone; asked before a take is made that could only fail.
gboolean window_check_start(RushesWindow *self, GError **error);
// Writes what the draft starts from into a new take's folder, and into its recipe.
gboolean window_write_start(RushesWindow *self, RushesTake *take, GError **error);
// The take's job in the queue, NULL when it has none; the queue holds it.
RushesQueueItem *window_find_item(RushesWindow *self, RushesTake *take);
// Shows the take that forms, otherwise `first`, which waits; from then on each that forms, until another is chosen.
void window_follow(RushesWindow *self, RushesTake *first);
void window_follow_running(RushesWindow *self);                        // another one runs now
void window_follow_chosen(RushesWindow *self, const GPtrArray *takes); // these are to be shown
void window_install_generate_actions(GtkWidgetClass *klass);
// What the draft's start says of the picture it goes back to and the person on it, into the recipe's picture fields.
gboolean window_read_reference(RushesWindow *self, RushesRecipe *recipe, GError **error);
// The same, and a sentence about who is on it, owned by the caller; NULL when the start is no picture. `error` says why
// nothing can be made of it as it is.
char *window_describe_person(RushesWindow *self, RushesRecipe *reference, GError **error);
// Asks who is on a picture that was put in just now, or is still unanswered. FALSE: nothing to ask.
gboolean window_ask_person(RushesWindow *self);
// Replaces the project's value "start"; takes ownership. NULL: from nothing.
void window_set_start(RushesWindow *self, cJSON *start);
// The start's object for a picture, which is copied into the project, named after `hash` (of the file it was read
// from) or NULL; NULL, having said so, when it cannot be.
cJSON *window_copy_picture(RushesWindow *self, GdkTexture *texture, const char *hash,
                           const char *source);
// The same for one that was copied before; NULL when the project has none of that hash.
cJSON *window_find_input(RushesWindow *self, const char *hash, const char *source);
// Recipe `of` "take 3" into the prompt pane, with what its take started from as far as the project has it; says
// what became of it.
void window_take_over(RushesWindow *self, const RushesRecipe *recipe, const char *of);
void window_update_flags(RushesWindow *self); // takes that must not be published any more
void window_install_person_actions(GtkWidgetClass *klass);
void window_install_share_actions(GtkWidgetClass *klass);
void window_install_save_as_action(GtkWidgetClass *klass);
void window_install_start_actions(GtkWidgetClass *klass);
void window_install_play_actions(GtkWidgetClass *klass);
void window_install_shot_actions(GtkWidgetClass *klass);
void window_install_timeline_actions(GtkWidgetClass *klass);
// What Delete, split and mute do when a sound has the focus; FALSE: none has.
gboolean window_delete_sound(RushesWindow *self);
gboolean window_split_sound(RushesWindow *self);
gboolean window_mute_sound(RushesWindow *self);
gboolean window_trim_sound(RushesWindow *self, gboolean begins); // at the play head

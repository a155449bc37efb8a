// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-marks.c - the marks of each take, in the project's value "marks": {take: [in, out]}, -1 where there
// is none. They are edits like any other: undone, and there again after a crash.
#include "window-private.h"

void window_set_marks(RushesWindow *self, int in, int out)
{
    RushesTake *take = rushes_preview_pane_get_take(self->preview);
    g_autoptr(cJSON) marks =
        cJSON_Duplicate(rushes_project_get_value(self->project, "marks"), TRUE);
    GError *failure = NULL;

    if (!take) {
        rushes_player_set_marks(window_player(self), in, out);
        return;
    }
    if (!cJSON_IsObject(marks)) {
        cJSON_Delete(marks);
        marks = cJSON_CreateObject();
    }
    cJSON_DeleteItemFromObjectCaseSensitive(marks, rushes_take_get_id(take));
    if (in >= 0 || out >= 0)
        cJSON_AddItemToObject(marks, rushes_take_get_id(take),
                              cJSON_CreateIntArray((int[]){in, out}, 2));
    rushes_project_set_value(self->project, "marks", marks,
                             in < 0 && out < 0 ? "Clear Marks" : "Mark", &failure);
    window_check(self, failure);
}

void window_update_marks(RushesWindow *self)
{
    RushesTake *take = rushes_preview_pane_get_take(self->preview);
    int marks[2] = {-1, -1};

    if (!take)
        return;
    const cJSON *pair = cJSON_GetObjectItemCaseSensitive(
        rushes_project_get_value(self->project, "marks"), rushes_take_get_id(take));
    int last = rushes_take_get_recipe(take)->frames - 1;
    for (int i = 0; i < 2; i++) {
        const cJSON *mark = cJSON_GetArrayItem(pair, i);
        if (cJSON_IsNumber(mark) && mark->valueint >= 0 && mark->valueint <= last)
            marks[i] = mark->valueint;
    }
    rushes_player_set_marks(window_player(self), marks[0], marks[1]);
}

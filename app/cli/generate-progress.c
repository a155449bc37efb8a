// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/generate-progress.h"

#include <stdio.h>

static const char *name_stage(const char *stage)
{
    static const char *const names[][2] = {
        {"load", "Reading the model"},   {"text", "Reading your words"},
        {"denoise", "Forming the clip"}, {"decode", "Drawing frames"},
        {"audio", "Making the sound"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(stage, names[i][0]))
            return names[i][1];
    return stage;
}

// Rounded as a person would say it: nobody believes in single seconds of a long wait.
static void print_time(double seconds)
{
    if (seconds < 0.0)
        return;
    if (seconds < 60.0)
        fprintf(stderr, ", about %.0f s left", seconds);
    else if (seconds < 3600.0)
        fprintf(stderr, ", about %.0f min left", seconds / 60.0);
    else
        fprintf(stderr, ", about %.1f h left", seconds / 3600.0);
}

void rushes_progress_show(RushesProgressStyle style, const RushesEngineEvent *event)
{
    if (style == RUSHES_PROGRESS_JSON) {
        char *line = cJSON_PrintUnformatted(event->fields);
        printf("%s\n", line);
        fflush(stdout);
        cJSON_free(line);
    } else if (style == RUSHES_PROGRESS_LINE && event->kind == RUSHES_ENGINE_PROGRESS) {
        fprintf(stderr, "\r\033[K%s", name_stage(event->stage));
        if (event->of > 1)
            fprintf(stderr, ", %u of %u", event->step, event->of);
        fprintf(stderr, " (%.0f %%", event->fraction * 100.0);
        print_time(event->eta_s);
        fprintf(stderr, ")");
        fflush(stderr);
    }
}

void rushes_progress_note(RushesProgressStyle style, const char *sentence)
{
    rushes_progress_clear(style);
    if (style != RUSHES_PROGRESS_NONE)
        fprintf(stderr, "rushes: %s\n", sentence);
}

void rushes_progress_clear(RushesProgressStyle style)
{
    if (style == RUSHES_PROGRESS_LINE)
        fputs("\r\033[K", stderr);
}

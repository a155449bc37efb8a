// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-import.h"

#include "rushes-error.h"
#include "timeline/film-edit.h"
#include "timeline/media.h"

typedef struct Import {
    char *path, *title;
    double at, seconds;
} Import;

static void import_free(gpointer data)
{
    Import *import = data;

    g_free(import->path);
    g_free(import->title);
    g_free(import);
}

static void import_thread(GTask *task, gpointer project, gpointer data, GCancellable *cancellable)
{
    Import *import = data;
    GError *failure = NULL;
    g_autofree char *media = rushes_media_import(project, import->path, cancellable, &failure);
    g_autoptr(RushesMedia) samples = media ? rushes_media_open(project, media, &failure) : NULL;

    if (!samples) {
        g_task_return_error(task, failure);
        return;
    }
    import->seconds = rushes_media_seconds(samples);
    g_task_return_pointer(task, g_steal_pointer(&media), g_free);
}

void rushes_timeline_import_async(RushesProject *project, GFile *file, double seconds,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer data)
{
    g_autoptr(GTask) task = g_task_new(project, cancellable, callback, data);
    Import *import = g_new0(Import, 1);
    g_autofree char *name = g_file_get_basename(file);
    char *dot = strrchr(name, '.');

    if (dot && dot != name)
        *dot = '\0';
    import->path = g_file_get_path(file);
    import->title = g_utf8_make_valid(name, -1);
    import->at = seconds;
    g_task_set_source_tag(task, rushes_timeline_import_async);
    g_task_set_task_data(task, import, import_free);
    if (import->path)
        g_task_run_in_thread(task, import_thread);
    else
        g_task_return_new_error(task, RUSHES_ERROR, RUSHES_ERROR_IO,
                                "%s is not on this computer; copy it here first.", import->title);
}

double rushes_timeline_import_finish(RushesProject *project, GAsyncResult *result, GError **error)
{
    const Import *import = g_task_get_task_data(G_TASK(result));
    g_autofree char *media = g_task_propagate_pointer(G_TASK(result), error);
    g_autoptr(cJSON) fields = cJSON_CreateObject();

    if (!media)
        return -1;
    cJSON_AddStringToObject(fields, "media", media);
    cJSON_AddStringToObject(fields, "title", import->title);
    cJSON_AddNumberToObject(fields, "seconds", import->seconds);
    cJSON_AddNumberToObject(fields, "at", import->at);
    cJSON_AddNumberToObject(fields, "in", 0);
    cJSON_AddNumberToObject(fields, "out", import->seconds);
    g_autofree char *id = rushes_film_add_sound(project, fields, "Import Sound", error);
    return id ? import->at + import->seconds : -1;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/project-copy.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "places.h"
#include "project/project-private.h"
#include "remove-tree.h"
#include "rushes-error.h"

// A take that is being made changes for as long as it is: after so many rounds it is copied as it is.
#define MOST_ROUNDS 4
#define TELL_EVERY  50000 // microseconds

// A file as it was when it was copied.
typedef struct Seen {
    gint64 bytes, seconds, nanoseconds;
    guint64 inode;
} Seen;

typedef struct Copy {
    char *from, *to;
    GHashTable *copied; // path below `from` -> Seen
    guint rounds;
    gint64 total, done, before; // bytes; `before`: when the file that is being copied began
    gint64 told;
    RushesCopyProgress progress;
    gpointer data;
    GMainContext *context;
    GCancellable *cancellable; // or NULL
} Copy;

static void copy_free(gpointer data)
{
    Copy *copy = data;

    g_free(copy->from);
    g_free(copy->to);
    g_hash_table_unref(copy->copied);
    g_main_context_unref(copy->context);
    g_clear_object(&copy->cancellable);
    g_free(copy);
}

typedef struct Told {
    RushesCopyProgress progress;
    gpointer data;
    double fraction;
} Told;

static gboolean tell(gpointer data)
{
    Told *told = data;
    told->progress(told->fraction, told->data);
    return G_SOURCE_REMOVE;
}

static void on_bytes(goffset now, goffset all, gpointer data)
{
    Copy *copy = data;
    gint64 time = g_get_monotonic_time();

    copy->done = copy->before + now;
    if (!copy->progress || time < copy->told + TELL_EVERY)
        return;
    copy->told = time;
    Told *told = g_new(Told, 1);
    // A later round copies what came to it.
    *told = (Told){copy->progress, copy->data,
                   copy->total > 0 ? MIN(1.0, (double)copy->done / (double)copy->total) : 0};
    g_main_context_invoke_full(copy->context, G_PRIORITY_DEFAULT, tell, told, g_free);
}

// Files that are written anew for the copy, or are this window's own.
static gboolean stays_behind(const char *path)
{
    return g_str_equal(path, "/.lock") || g_str_equal(path, "/project.json") ||
           g_str_equal(path, "/journal.jsonl");
}

// Calls `func` for each file below `path` ("" is the project), folders first.
typedef gboolean (*FileFunc)(Copy *copy, const char *path, const struct stat *info, GError **error);
static gboolean walk(Copy *copy, const char *path, FileFunc func, GError **error)
{
    g_autofree char *folder = g_strconcat(copy->from, path, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    gboolean good = TRUE;

    // A folder may go while the project is worked in; then so does its copy.
    while (good && dir && (name = g_dir_read_name(dir))) {
        g_autofree char *inside = g_strconcat(path, "/", name, NULL);
        g_autofree char *source = g_strconcat(copy->from, inside, NULL);
        struct stat info;
        if (stays_behind(inside) || lstat(source, &info) < 0 || S_ISLNK(info.st_mode))
            continue;
        good = !g_cancellable_set_error_if_cancelled(copy->cancellable, error) &&
               func(copy, inside, &info, error) &&
               (!S_ISDIR(info.st_mode) || walk(copy, inside, func, error));
    }
    return good;
}

static gboolean count_file(Copy *copy, const char *path, const struct stat *info, GError **error)
{
    copy->total += S_ISREG(info->st_mode) ? info->st_size : 0;
    return TRUE;
}

static gboolean make_folder(const char *path, GError **error)
{
    if (g_mkdir(path, 0755) == 0 || errno == EEXIST)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                "its folder cannot be made: %s", g_strerror(errno));
    return FALSE;
}

static gboolean copy_file(Copy *copy, const char *path, const struct stat *info, GError **error)
{
    g_autofree char *source = g_strconcat(copy->from, path, NULL);
    g_autofree char *target = g_strconcat(copy->to, path, NULL);
    const Seen *seen = g_hash_table_lookup(copy->copied, path);
    g_autoptr(GError) cause = NULL;

    if (S_ISDIR(info->st_mode))
        return make_folder(target, error);
    Seen now = {info->st_size, info->st_mtim.tv_sec, info->st_mtim.tv_nsec, info->st_ino};
    if (seen && memcmp(seen, &now, sizeof(now)) == 0)
        return TRUE;
    g_autoptr(GFile) source_file = g_file_new_for_path(source);
    g_autoptr(GFile) target_file = g_file_new_for_path(target);
    copy->before = copy->done;
    // A project that may only be read is copied to work in: its files may be written then.
    if (!g_file_copy(source_file, target_file,
                     G_FILE_COPY_OVERWRITE | G_FILE_COPY_TARGET_DEFAULT_PERMS, copy->cancellable,
                     on_bytes, copy, &cause)) {
        if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) &&
            !g_file_test(source, G_FILE_TEST_EXISTS))
            return TRUE; // it went meanwhile
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    g_hash_table_replace(copy->copied, g_strdup(path), g_memdup2(&now, sizeof(now)));
    return TRUE;
}

static void remove_gone(Copy *copy)
{
    GHashTableIter iter;
    gpointer path;

    g_hash_table_iter_init(&iter, copy->copied);
    while (g_hash_table_iter_next(&iter, &path, NULL)) {
        g_autofree char *source = g_strconcat(copy->from, path, NULL);
        g_autofree char *target = g_strconcat(copy->to, path, NULL);
        if (g_file_test(source, G_FILE_TEST_EXISTS))
            continue;
        g_unlink(target);
        g_hash_table_iter_remove(&iter);
    }
}

// Half a project would pass for one, and its name would be taken.
static void copy_round(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Copy *copy = data;
    GError *error = NULL;
    gboolean good = TRUE;

    if (copy->rounds++ == 0)
        good = walk(copy, "", count_file, &error) && make_folder(copy->to, &error);
    good = good && walk(copy, "", copy_file, &error);
    if (good) {
        remove_gone(copy);
        g_task_return_boolean(task, TRUE);
        return;
    }
    rushes_remove_tree(copy->to);
    g_task_return_error(task, error);
}

static gboolean is_inside(const char *path, const char *folder)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *real = realpath(parent, NULL), *whole = realpath(folder, NULL);
    gsize length = whole ? strlen(whole) : 0;

    return real && whole && strncmp(real, whole, length) == 0 &&
           (real[length] == '/' || real[length] == '\0');
}

// Without a journal: all edits are in the state.
static gboolean write_copied_state(RushesProject *self, const char *folder, GError **error)
{
    g_autofree char *title = rushes_places_project_name(folder);
    g_autofree char *path = g_build_filename(folder, "project.json", NULL);
    g_autoptr(cJSON) state = project_state_to_json(self);

    rushes_json_put(state, "title", cJSON_CreateString(title));
    return rushes_json_file_write(path, state, error);
}

// All that the state names is in the copy.
static gboolean has_all_takes(RushesProject *self, const Copy *copy)
{
    GListModel *takes = rushes_project_get_takes(self);

    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        g_autofree char *path = g_strdup_printf("/takes/%s/take.json", rushes_take_get_id(take));
        g_autofree char *source = g_strconcat(copy->from, path, NULL);
        const Seen *seen = g_hash_table_lookup(copy->copied, path);
        struct stat info;
        if (lstat(source, &info) == 0 &&
            (!seen || seen->inode != info.st_ino || seen->bytes != info.st_size))
            return FALSE;
    }
    return TRUE;
}

static void fail(GTask *task, GError *cause)
{
    Copy *copy = g_task_get_task_data(task);
    g_autofree char *shown = g_filename_display_name(copy->to);

    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_task_return_error(task, cause);
        return;
    }
    g_task_return_new_error(
        task, RUSHES_ERROR, RUSHES_ERROR_IO,
        "The project cannot be copied to %s (%s): choose another place or a shorter name, "
        "or free some space.",
        shown, cause->message);
    g_error_free(cause);
}

static void run_round(GTask *task);

static void on_round(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    RushesProject *self = g_task_get_source_object(task);
    Copy *copy = g_task_get_task_data(task);
    GError *error = NULL;

    if (!g_task_propagate_boolean(G_TASK(result), &error)) {
        fail(task, error);
        return;
    }
    // What came while the files were copied is little, and what comes while that is, less.
    if (copy->rounds < 2 || (copy->rounds < MOST_ROUNDS && !has_all_takes(self, copy))) {
        run_round(g_steal_pointer(&task));
        return;
    }
    if (!g_cancellable_set_error_if_cancelled(copy->cancellable, &error) &&
        write_copied_state(self, copy->to, &error)) {
        g_task_return_boolean(task, TRUE);
        return;
    }
    rushes_remove_tree(copy->to);
    fail(task, error);
}

// Takes over the task.
static void run_round(GTask *task)
{
    g_autoptr(GTask) round = g_task_new(NULL, NULL, on_round, task);

    g_task_set_task_data(round, g_task_get_task_data(task), NULL);
    g_task_run_in_thread(round, copy_round);
}

void rushes_project_copy_async(RushesProject *self, const char *folder, GCancellable *cancellable,
                               RushesCopyProgress progress, gpointer progress_data,
                               GAsyncReadyCallback callback, gpointer data)
{
    g_autoptr(GTask) task = g_task_new(self, NULL, callback, data);
    g_autofree char *shown = g_filename_display_name(folder);
    Copy *copy = g_new0(Copy, 1);

    copy->from = g_strdup(rushes_project_get_folder(self));
    copy->to = g_strdup(folder);
    copy->copied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    copy->progress = progress;
    copy->data = progress_data;
    copy->context = g_main_context_ref_thread_default();
    copy->cancellable = cancellable ? g_object_ref(cancellable) : NULL;
    g_task_set_task_data(task, copy, copy_free);
    if (g_file_test(folder, G_FILE_TEST_EXISTS))
        g_task_return_new_error(task, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                                "%s exists already: choose another name.", shown);
    else if (is_inside(folder, copy->from))
        g_task_return_new_error(task, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                                "%s lies in the project itself: choose a place outside it.", shown);
    else
        run_round(g_steal_pointer(&task));
}

gboolean rushes_project_copy_finish(RushesProject *self, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

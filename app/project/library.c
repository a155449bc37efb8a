// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/library.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "marks/mark-payload.h"
#include "rushes-error.h"

#define SCHEMA_VERSION 1

struct _RushesLibrary {
    GObject parent_instance;
    sqlite3 *db;
};

G_DEFINE_FINAL_TYPE(RushesLibrary, rushes_library, G_TYPE_OBJECT)

// The queue must survive a power cut (synchronous=FULL); WAL keeps readers off the writer's way.
static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=3000;"
    "CREATE TABLE IF NOT EXISTS job(id INTEGER PRIMARY KEY, project TEXT NOT NULL,"
    " take TEXT NOT NULL, state TEXT NOT NULL, position REAL NOT NULL,"
    " step INTEGER NOT NULL DEFAULT 0, steps INTEGER NOT NULL DEFAULT 0, UNIQUE(project, take));"
    "CREATE TABLE IF NOT EXISTS export(id INTEGER PRIMARY KEY, project TEXT NOT NULL,"
    " path TEXT NOT NULL, request TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS project(folder TEXT PRIMARY KEY);"
    "CREATE TABLE IF NOT EXISTS prompt(text TEXT PRIMARY KEY, used INTEGER NOT NULL);"
    "CREATE VIRTUAL TABLE IF NOT EXISTS take USING fts5(project UNINDEXED, id UNINDEXED,"
    " created UNINDEXED, words, tokenize='unicode61 remove_diacritics 2');"
    "DROP TABLE IF EXISTS timing;" // told nothing about sizes; what took its place is learned anew
    "CREATE TABLE IF NOT EXISTS cost(key TEXT NOT NULL, at INTEGER NOT NULL, size REAL NOT NULL,"
    " seconds REAL NOT NULL);"
    "CREATE INDEX IF NOT EXISTS cost_key ON cost(key, at);"
    "PRAGMA user_version=1;";

static void rushes_library_finalize(GObject *object)
{
    sqlite3_close_v2(RUSHES_LIBRARY(object)->db);
    G_OBJECT_CLASS(rushes_library_parent_class)->finalize(object);
}

static void rushes_library_class_init(RushesLibraryClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = rushes_library_finalize;
}

static void rushes_library_init(RushesLibrary *self)
{
}

void rushes_job_record_free(RushesJobRecord *record)
{
    g_free(record->project);
    g_free(record->take);
    g_free(record->state);
    g_free(record);
}

void rushes_export_record_free(RushesExportRecord *record)
{
    g_free(record->project);
    g_free(record->path);
    g_free(record->request);
    g_free(record);
}

void rushes_search_hit_free(RushesSearchHit *hit)
{
    g_free(hit->project);
    g_free(hit->take);
    g_free(hit->snippet);
    g_free(hit->words);
    g_free(hit);
}

static gboolean fail(RushesLibrary *self, GError **error)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                "The library cannot be written (%s): free some space; the takes are not concerned.",
                sqlite3_errmsg(self->db));
    return FALSE;
}

// Binds by a format: 's' string, 'i' gint64, 'd' double. NULL on failure.
static sqlite3_stmt *prepare(RushesLibrary *self, const char *sql, const char *format, va_list args)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(self->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    for (int i = 0; format[i]; i++) {
        if (format[i] == 's')
            sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
        else if (format[i] == 'i')
            sqlite3_bind_int64(statement, i + 1, va_arg(args, gint64));
        else
            sqlite3_bind_double(statement, i + 1, va_arg(args, double));
    }
    return statement;
}

static sqlite3_stmt *query(RushesLibrary *self, const char *sql, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sqlite3_stmt *statement = prepare(self, sql, format, args);
    va_end(args);
    return statement;
}

static gboolean execute(RushesLibrary *self, GError **error, const char *sql, const char *format,
                        ...)
{
    va_list args;
    va_start(args, format);
    sqlite3_stmt *statement = prepare(self, sql, format, args);
    va_end(args);
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    gboolean done = code == SQLITE_DONE || code == SQLITE_ROW;
    if (!done)
        fail(self, error);
    sqlite3_finalize(statement);
    return done;
}

static gboolean begin(RushesLibrary *self, const char *path)
{
    sqlite3_stmt *statement = NULL;
    int version = 0;

    if (sqlite3_open_v2(path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK)
        return FALSE;
    if (sqlite3_prepare_v2(self->db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return version <= SCHEMA_VERSION &&
           sqlite3_exec(self->db, schema, NULL, NULL, NULL) == SQLITE_OK;
}

static gboolean put_aside(const char *path)
{
    for (guint n = 1; n < 1000; n++) {
        g_autofree char *kept = g_strdup_printf("%s.damaged-%u", path, n);
        if (!g_file_test(kept, G_FILE_TEST_EXISTS)) {
            g_autofree char *wal = g_strconcat(path, "-wal", NULL);
            g_autofree char *shm = g_strconcat(path, "-shm", NULL);
            g_unlink(wal);
            g_unlink(shm);
            return g_rename(path, kept) == 0;
        }
    }
    return FALSE;
}

RushesLibrary *rushes_library_open(const char *path, GError **error)
{
    g_autoptr(RushesLibrary) self = g_object_new(RUSHES_TYPE_LIBRARY, NULL);
    g_autofree char *folder = g_path_get_dirname(path);

    if (!g_str_equal(path, ":memory:"))
        g_mkdir_with_parents(folder, 0700);
    if (begin(self, path))
        return g_steal_pointer(&self);
    int code = sqlite3_errcode(self->db);
    sqlite3_close_v2(g_steal_pointer(&self->db));
    if ((code == SQLITE_NOTADB || code == SQLITE_CORRUPT) && put_aside(path) && begin(self, path))
        return g_steal_pointer(&self);
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                "The library %s cannot be opened (%s): check the rights of its folder and the free "
                "space, or whether a newer Rushes made it.",
                path, sqlite3_errstr(code));
    return NULL;
}

char *rushes_library_default_path(void)
{
    return g_build_filename(g_get_user_data_dir(), "rushes", "library.db", NULL);
}

static char *column_dup(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

GPtrArray *rushes_library_list_jobs(RushesLibrary *self)
{
    GPtrArray *jobs = g_ptr_array_new_with_free_func((GDestroyNotify)rushes_job_record_free);
    sqlite3_stmt *statement = query(
        self, "SELECT id, project, take, state, position, step, steps FROM job ORDER BY position",
        "");

    while (statement && sqlite3_step(statement) == SQLITE_ROW) {
        RushesJobRecord *job = g_new0(RushesJobRecord, 1);
        job->id = sqlite3_column_int64(statement, 0);
        job->project = column_dup(statement, 1);
        job->take = column_dup(statement, 2);
        job->state = column_dup(statement, 3);
        job->position = sqlite3_column_double(statement, 4);
        job->step = sqlite3_column_int(statement, 5);
        job->of = sqlite3_column_int(statement, 6);
        g_ptr_array_add(jobs, job);
    }
    sqlite3_finalize(statement);
    return jobs;
}

gint64 rushes_library_add_job(RushesLibrary *self, const char *project, const char *take,
                              gboolean front, GError **error)
{
    const char *sql =
        front ? "INSERT OR REPLACE INTO job(project, take, state, position) VALUES(?, ?, 'queued',"
                " coalesce((SELECT min(position) FROM job), 0) - 1)"
              : "INSERT OR REPLACE INTO job(project, take, state, position) VALUES(?, ?, 'queued',"
                " coalesce((SELECT max(position) FROM job), 0) + 1)";
    return execute(self, error, sql, "ss", project, take) ? sqlite3_last_insert_rowid(self->db) : 0;
}

gboolean rushes_library_set_job(RushesLibrary *self, gint64 id, const char *state, int step, int of,
                                GError **error)
{
    return execute(self, error, "UPDATE job SET state = ?, step = ?, steps = ? WHERE id = ?",
                   "siii", state, (gint64)step, (gint64)of, id);
}

gboolean rushes_library_move_job(RushesLibrary *self, gint64 id, double position, GError **error)
{
    return execute(self, error, "UPDATE job SET position = ? WHERE id = ?", "di", position, id);
}

gboolean rushes_library_remove_job(RushesLibrary *self, gint64 id, GError **error)
{
    return execute(self, error, "DELETE FROM job WHERE id = ?", "i", id);
}

GPtrArray *rushes_library_list_exports(RushesLibrary *self)
{
    GPtrArray *exports = g_ptr_array_new_with_free_func((GDestroyNotify)rushes_export_record_free);
    sqlite3_stmt *statement =
        query(self, "SELECT id, project, path, request FROM export ORDER BY id", "");

    while (statement && sqlite3_step(statement) == SQLITE_ROW) {
        RushesExportRecord *record = g_new0(RushesExportRecord, 1);
        record->id = sqlite3_column_int64(statement, 0);
        record->project = column_dup(statement, 1);
        record->path = column_dup(statement, 2);
        record->request = column_dup(statement, 3);
        g_ptr_array_add(exports, record);
    }
    sqlite3_finalize(statement);
    return exports;
}

gint64 rushes_library_add_export(RushesLibrary *self, const char *project, const char *path,
                                 const char *request, GError **error)
{
    return execute(self, error, "INSERT INTO export(project, path, request) VALUES(?, ?, ?)", "sss",
                   project, path, request)
               ? sqlite3_last_insert_rowid(self->db)
               : 0;
}

gboolean rushes_library_remove_export(RushesLibrary *self, gint64 id, GError **error)
{
    return execute(self, error, "DELETE FROM export WHERE id = ?", "i", id);
}

gboolean rushes_library_add_prompt(RushesLibrary *self, const char *prompt, GError **error)
{
    return execute(self, error, "INSERT OR REPLACE INTO prompt(text, used) VALUES(?, ?)", "si",
                   prompt, g_get_real_time());
}

GStrv rushes_library_list_prompts(RushesLibrary *self, const char *like, guint most)
{
    g_autoptr(GStrvBuilder) prompts = g_strv_builder_new();
    sqlite3_stmt *statement = query(self,
                                    "SELECT text FROM prompt WHERE instr(lower(text), lower(?)) > 0"
                                    " ORDER BY used DESC LIMIT ?",
                                    "si", like ? like : "", (gint64)most);

    while (statement && sqlite3_step(statement) == SQLITE_ROW) {
        g_strv_builder_add(prompts, (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return g_strv_builder_end(prompts);
}

static char *words_of(RushesTake *take)
{
    return g_strjoin("\n", rushes_take_get_recipe(take)->prompt, rushes_take_get_note(take), NULL);
}

gboolean rushes_library_index_take(RushesLibrary *self, const char *project, RushesTake *take,
                                   GError **error)
{
    const char *id = rushes_take_get_id(take);
    g_autofree char *words = words_of(take);

    return execute(self, error, "DELETE FROM take WHERE project = ? AND id = ?", "ss", project,
                   id) &&
           execute(self, error, "INSERT INTO take(project, id, created, words) VALUES(?, ?, ?, ?)",
                   "ssis", project, id, rushes_take_get_created(take), words);
}

// What the index says of the takes of a project: words by id.
static GHashTable *list_indexed(RushesLibrary *self, const char *project)
{
    GHashTable *indexed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    sqlite3_stmt *statement =
        query(self, "SELECT id, words FROM take WHERE project = ?", "s", project);

    while (statement && sqlite3_step(statement) == SQLITE_ROW)
        g_hash_table_insert(indexed, column_dup(statement, 0), column_dup(statement, 1));
    sqlite3_finalize(statement);
    return indexed;
}

// A prompt that is known stays where it was used last.
static gboolean learn_prompt(RushesLibrary *self, RushesTake *take, GError **error)
{
    const char *prompt = rushes_take_get_recipe(take)->prompt;

    return !*prompt || execute(self, error, "INSERT OR IGNORE INTO prompt(text, used) VALUES(?, ?)",
                               "si", prompt, rushes_take_get_created(take) * G_USEC_PER_SEC);
}

gboolean rushes_library_index_project(RushesLibrary *self, const char *project, GListModel *takes,
                                      GError **error)
{
    g_autoptr(GHashTable) indexed = list_indexed(self, project);
    g_autoptr(GPtrArray) differ = g_ptr_array_new_with_free_func(g_object_unref);
    GHashTableIter iter;
    gpointer gone;

    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        g_autofree char *words = words_of(take);
        const char *known = g_hash_table_lookup(indexed, rushes_take_get_id(take));
        if (g_strcmp0(known, words) != 0)
            g_ptr_array_add(differ, g_object_ref(take));
        g_hash_table_remove(indexed, rushes_take_get_id(take));
    }
    if (differ->len == 0 && g_hash_table_size(indexed) == 0)
        return TRUE;
    gboolean done = execute(self, error, "BEGIN", "");
    for (guint i = 0; i < differ->len && done; i++)
        done = rushes_library_index_take(self, project, differ->pdata[i], error) &&
               learn_prompt(self, differ->pdata[i], error);
    g_hash_table_iter_init(&iter, indexed);
    while (done && g_hash_table_iter_next(&iter, &gone, NULL))
        done = execute(self, error, "DELETE FROM take WHERE project = ? AND id = ?", "ss", project,
                       gone);
    if (done && execute(self, error, "COMMIT", ""))
        return TRUE;
    execute(self, NULL, "ROLLBACK", "");
    return FALSE;
}

// Each word in quotes, so that nothing a person types is an operator; the last one is a prefix.
static char *match_expression(const char *words)
{
    g_autoptr(GString) match = g_string_new(NULL);
    g_auto(GStrv) split = g_str_tokenize_and_fold(words, NULL, NULL);

    for (guint i = 0; split[i]; i++)
        g_string_append_printf(match, "%s\"%s\"%s", i ? " " : "", split[i],
                               split[i + 1] ? "" : "*");
    return g_strdup(match->str);
}

RushesSearchHit *rushes_library_find_marked(RushesLibrary *self, guint32 mark)
{
    sqlite3_stmt *statement = query(self, "SELECT project, id, created FROM take", "");
    RushesSearchHit *hit = NULL;

    while (!hit && statement && sqlite3_step(statement) == SQLITE_ROW) {
        const char *id = (const char *)sqlite3_column_text(statement, 1);
        if (!id || rushes_mark_payload_of_take(id).id != mark)
            continue;
        hit = g_new0(RushesSearchHit, 1);
        hit->project = column_dup(statement, 0);
        hit->take = column_dup(statement, 1);
        hit->created = sqlite3_column_int64(statement, 2);
    }
    sqlite3_finalize(statement);
    return hit;
}

GPtrArray *rushes_library_search(RushesLibrary *self, const char *words, guint most)
{
    GPtrArray *hits = g_ptr_array_new_with_free_func((GDestroyNotify)rushes_search_hit_free);
    g_autofree char *match = match_expression(words);

    if (!*match)
        return hits;
    sqlite3_stmt *statement =
        query(self,
              "SELECT project, id, created, snippet(take, 3, char(1), char(2), '…', 16), words"
              " FROM take WHERE take MATCH ? ORDER BY rank LIMIT ?",
              "si", match, (gint64)most);
    while (statement && sqlite3_step(statement) == SQLITE_ROW) {
        RushesSearchHit *hit = g_new0(RushesSearchHit, 1);
        hit->project = column_dup(statement, 0);
        hit->take = column_dup(statement, 1);
        hit->created = sqlite3_column_int64(statement, 2);
        g_autofree char *escaped =
            g_markup_escape_text((const char *)sqlite3_column_text(statement, 3), -1);
        g_autoptr(GString) markup = g_string_new(escaped);
        g_string_replace(markup, "&#x1;", "<b>", 0); // how GLib escapes the two marks
        g_string_replace(markup, "&#x2;", "</b>", 0);
        hit->snippet = g_strdup(markup->str);
        hit->words = column_dup(statement, 4);
        g_strchomp(hit->words);
        g_ptr_array_add(hits, hit);
    }
    sqlite3_finalize(statement);
    return hits;
}

gboolean rushes_library_add_project(RushesLibrary *self, const char *project, GError **error)
{
    return execute(self, error, "INSERT OR IGNORE INTO project(folder) VALUES(?)", "s", project);
}

GStrv rushes_library_list_projects(RushesLibrary *self)
{
    g_autoptr(GStrvBuilder) projects = g_strv_builder_new();
    sqlite3_stmt *statement = query(self,
                                    "SELECT folder FROM project UNION SELECT project FROM take"
                                    " UNION SELECT project FROM job ORDER BY 1",
                                    "");

    while (statement && sqlite3_step(statement) == SQLITE_ROW)
        g_strv_builder_add(projects, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return g_strv_builder_end(projects);
}

gboolean rushes_library_add_cost(RushesLibrary *self, const char *key, const RushesCost *cost,
                                 GError **error)
{
    if (!(cost->size > 0) || !(cost->seconds > 0))
        return TRUE;
    return execute(self, error, "INSERT INTO cost(key, at, size, seconds) VALUES(?, ?, ?, ?)",
                   "sidd", key, g_get_real_time(), cost->size, cost->seconds) &&
           execute(self, error,
                   "DELETE FROM cost WHERE key = ? AND rowid NOT IN"
                   " (SELECT rowid FROM cost WHERE key = ? ORDER BY at DESC, rowid DESC LIMIT ?)",
                   "ssi", key, key, (gint64)RUSHES_COSTS_KEPT);
}

guint rushes_library_list_costs(RushesLibrary *self, const char *key,
                                RushesCost costs[RUSHES_COSTS_KEPT])
{
    guint count = 0;
    sqlite3_stmt *statement = query(
        self, "SELECT size, seconds FROM cost WHERE key = ? ORDER BY at DESC, rowid DESC LIMIT ?",
        "si", key, (gint64)RUSHES_COSTS_KEPT);

    while (statement && count < RUSHES_COSTS_KEPT && sqlite3_step(statement) == SQLITE_ROW) {
        costs[count++] = (RushesCost){.size = sqlite3_column_double(statement, 0),
                                      .seconds = sqlite3_column_double(statement, 1)};
    }
    sqlite3_finalize(statement);
    return count;
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// library.h - what is remembered across projects, in one SQLite file (WAL): the job queue, the
// prompts, a full-text index of every take (FTS5), and how long past jobs took. The queue is kept
// durable; the rest can be rebuilt from the project folders, which happens as they are opened. Main thread only.
#pragma once
#include <gio/gio.h>

#include "project/project.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_LIBRARY (rushes_library_get_type())
G_DECLARE_FINAL_TYPE(RushesLibrary, rushes_library, RUSHES, LIBRARY, GObject)

// The usual place is rushes_library_default_path(). A file that is no database is kept beside as
// NAME.damaged-N and a new one begun. ":memory:" is for tests.
RushesLibrary *rushes_library_open(const char *path, GError **error);
char *rushes_library_default_path(void); // owned by the caller

// One row of the queue.
typedef struct RushesJobRecord {
    gint64 id;
    char *project; // folder
    char *take;    // id
    char *state;   // as in take.json
    double position;
    int step, of;
} RushesJobRecord;
void rushes_job_record_free(RushesJobRecord *record);

// Jobs, first to run first. Array of RushesJobRecord, owned by the caller.
GPtrArray *rushes_library_list_jobs(RushesLibrary *self);
// -> id, 0 on failure. Position: after all others, or before all with `front`.
gint64 rushes_library_add_job(RushesLibrary *self, const char *project, const char *take,
                              gboolean front, GError **error);
gboolean rushes_library_set_job(RushesLibrary *self, gint64 id, const char *state, int step, int of,
                                GError **error);
gboolean rushes_library_move_job(RushesLibrary *self, gint64 id, double position, GError **error);
gboolean rushes_library_remove_job(RushesLibrary *self, gint64 id, GError **error);

// One export that waits or is written.
typedef struct RushesExportRecord {
    gint64 id;
    char *project; // folder
    char *path;    // target
    char *request; // JSON
} RushesExportRecord;
void rushes_export_record_free(RushesExportRecord *record);

// In the order they were added. Array of RushesExportRecord, owned by the caller.
GPtrArray *rushes_library_list_exports(RushesLibrary *self);
gint64 rushes_library_add_export(RushesLibrary *self, const char *project, const char *path,
                                 const char *request, GError **error); // -> id, 0 on failure
gboolean rushes_library_remove_export(RushesLibrary *self, gint64 id, GError **error);

// Prompts, newest first; each once. `like` NULL: all. NULL-terminated, owned by the caller.
gboolean rushes_library_add_prompt(RushesLibrary *self, const char *prompt, GError **error);
GStrv rushes_library_list_prompts(RushesLibrary *self, const char *like, guint most);

typedef struct RushesSearchHit {
    char *project, *take;
    char *snippet; // Pango markup, hits in bold
    char *words;   // the prompt, and the note below it
    gint64 created;
} RushesSearchHit;
void rushes_search_hit_free(RushesSearchHit *hit);

// Writes or replaces a take's prompt and note in the index.
gboolean rushes_library_index_take(RushesLibrary *self, const char *project, RushesTake *take,
                                   GError **error);
// Takes whose prompt or note has all the words, the last one possibly unfinished; best first.
GPtrArray *rushes_library_search(RushesLibrary *self, const char *words, guint most);
// The take whose invisible mark says this (marks/mark-payload.h), or NULL; free with rushes_search_hit_free().
RushesSearchHit *rushes_library_find_marked(RushesLibrary *self, guint32 mark);
// Makes the index say what these takes, all of a project's, say: a project may come from another machine, have been edited
// while it was not open, or be older than the library. Their prompts become known too. Writes only what differs.
gboolean rushes_library_index_project(RushesLibrary *self, const char *project, GListModel *takes,
                                      GError **error);

// Remembers that there is a project in this folder, and lists those of which anything is known; NULL-terminated, owned by
// the caller. A folder that was moved or deleted since is still named.
gboolean rushes_library_add_project(RushesLibrary *self, const char *project, GError **error);
GStrv rushes_library_list_projects(RushesLibrary *self);

// How long one unit of some work took, newest first in a list. `key` names what makes times comparable
// (model, device, kind of work), `size` what the time grows with.
typedef struct RushesCost {
    double size, seconds;
} RushesCost;

#define RUSHES_COSTS_KEPT 48 // of a key

gboolean rushes_library_add_cost(RushesLibrary *self, const char *key, const RushesCost *cost,
                                 GError **error);
guint rushes_library_list_costs(RushesLibrary *self, const char *key,
                                RushesCost costs[RUSHES_COSTS_KEPT]); // -> how many

G_END_DECLS

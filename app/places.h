// SPDX-License-Identifier: GPL-3.0-or-later
//
// places.h - where things lie: in the build tree when the program runs from there, else where it was
// installed. RUSHES_ENGINE and RUSHES_MODELS override both, for tests and for packagers.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// The worker program, or NULL with G_IO_ERROR_NOT_FOUND.
char *rushes_places_find_engine(GError **error);

// The program that checks and times single operations, likewise.
char *rushes_places_find_ops(GError **error);

// Folders whose sub-folders are models, the user's own ($XDG_DATA_HOME/rushes/models) first. They
// need not exist.
GStrv rushes_places_list_model_folders(void);

// The golden cases that come with Rushes (RUSHES_GOLDEN overrides), or NULL.
char *rushes_places_find_golden_cases(void);

// $XDG_DATA_HOME/rushes/`name`: "identity" (signing keys), "consents". It need not exist.
char *rushes_places_user_folder(const char *name);

// What a project in this folder is called: without its place and ".rushes", UTF-8. NULL for NULL; owned by the caller.
char *rushes_places_project_name(const char *folder);

// $XDG_CACHE_HOME/rushes, created.
char *rushes_places_get_cache(void);

G_END_DECLS

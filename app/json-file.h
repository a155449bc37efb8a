// SPDX-License-Identifier: GPL-3.0-or-later
//
// json-file.h - whole JSON files, read with a bound and replaced in one step; and the reading of
// fields from JSON that a person may have edited.
#pragma once
#include <cjson/cJSON.h>
#include <gio/gio.h>

G_BEGIN_DECLS

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cJSON, cJSON_Delete)

// The object in the file, owned by the caller. NULL with RUSHES_ERROR_FORMAT (and the line of the
// fault) when the content is not a JSON object, RUSHES_ERROR_IO when it cannot be read.
cJSON *rushes_json_file_read(const char *path, GError **error);

// Writes a temporary file beside `path`, syncs it and renames it over `path`: a reader sees the old
// content or the new one. On failure the old file is untouched.
gboolean rushes_json_file_write(const char *path, const cJSON *value, GError **error);

// Fields with a fallback for what is absent or of the wrong kind; strings belong to `object`.
const char *rushes_json_string(const cJSON *object, const char *key, const char *fallback);
double rushes_json_number(const cJSON *object, const char *key, double fallback);
int rushes_json_int(const cJSON *object, const char *key, int minimum, int maximum, int fallback);
gboolean rushes_json_bool(const cJSON *object, const char *key, gboolean fallback);

// Adds or replaces; takes ownership of `value`.
void rushes_json_put(cJSON *object, const char *key, cJSON *value);

G_END_DECLS

// SPDX-License-Identifier: GPL-3.0-or-later
#include "json-file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rushes-error.h"

// A project with ten thousand shots stays below a tenth of this.
#define JSON_FILE_LIMIT (64 * 1024 * 1024)

G_DEFINE_QUARK(rushes_error, rushes_error)

static guint line_of(const char *text, const char *at)
{
    guint line = 1;
    for (const char *c = text; c < at && *c; c++)
        line += *c == '\n';
    return line;
}

cJSON *rushes_json_file_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    struct stat info;

    if (stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || info.st_size > JSON_FILE_LIMIT)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "%s is not a JSON file of a size that Rushes writes; put the right file back.",
                    path);
        return NULL;
    }
    g_autoptr(GError) failure = NULL;
    if (!g_file_get_contents(path, &text, &length, &failure)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s", failure->message);
        return NULL;
    }
    const char *end = NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(text, length, &end, FALSE);
    if (!cJSON_IsObject(value)) {
        cJSON_Delete(value);
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "%s cannot be read as JSON from line %u on.", path,
                    line_of(text, end ? end : text));
        return NULL;
    }
    return value;
}

gboolean rushes_json_file_write(const char *path, const cJSON *value, GError **error)
{
    char *text = cJSON_Print(value);
    g_autoptr(GError) failure = NULL;

    gboolean written = g_file_set_contents_full(
        path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
        &failure);
    cJSON_free(text);
    if (!written)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "%s; free some space or choose another place, what was there is unchanged.",
                    failure->message);
    return written;
}

const char *rushes_json_string(const cJSON *object, const char *key, const char *fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) && g_utf8_validate(item->valuestring, -1, NULL) ? item->valuestring
                                                                                : fallback;
}

double rushes_json_number(const cJSON *object, const char *key, double fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : fallback;
}

int rushes_json_int(const cJSON *object, const char *key, int minimum, int maximum, int fallback)
{
    double number = rushes_json_number(object, key, fallback);
    return number >= minimum && number <= maximum ? (int)number : fallback;
}

gboolean rushes_json_bool(const cJSON *object, const char *key, gboolean fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

void rushes_json_put(cJSON *object, const char *key, cJSON *value)
{
    if (cJSON_GetObjectItemCaseSensitive(object, key))
        cJSON_ReplaceItemInObjectCaseSensitive(object, key, value);
    else
        cJSON_AddItemToObject(object, key, value);
}

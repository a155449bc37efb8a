// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/rights-list.h"

#include <string.h>

#include "media/steady-file.h"
#include "rights/plain-text.h"

#define MAX_FILE_BYTES                                                                             \
    (16 * 1024 * 1024) // some hundred thousand names; more is not a list made for this

struct RushesRightsList {
    GHashTable *entries; // name -> Listed, which owns the name
};

// An entry, and its name and aliases as they are looked for.
typedef struct Listed {
    RushesRightsEntry entry; // first
    GPtrArray *spellings;    // RushesPlainText
} Listed;

static void listed_free(Listed *listed)
{
    g_free(listed->entry.name);
    g_strfreev(listed->entry.aliases);
    g_free(listed->entry.owner);
    g_free(listed->entry.reason);
    g_clear_pointer(&listed->spellings, g_ptr_array_unref);
    g_free(listed);
}

RushesRightsList *rushes_rights_list_new(void)
{
    RushesRightsList *list = g_new0(RushesRightsList, 1);

    list->entries =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)listed_free);
    return list;
}

void rushes_rights_list_free(RushesRightsList *list)
{
    if (!list)
        return;
    g_hash_table_unref(list->entries);
    g_free(list);
}

guint rushes_rights_list_size(RushesRightsList *list)
{
    return g_hash_table_size(list->entries);
}

// ---- reading ----
// A list while it is read.
typedef struct Source {
    const char *path;
    const char *text;
    GKeyFile *file;
} Source;

// The line of `group`, or of the last `key` in it where that has one: the one that counts. From 1 on.
static guint line_of(const char *text, const char *group, const char *key)
{
    guint number = 0, found = 0;
    gboolean inside = FALSE;

    for (const char *line = text; *line;) {
        const char *end = strchrnul(line, '\n');
        g_autofree char *said = g_strstrip(g_strndup(line, (gsize)(end - line)));
        gsize length = strlen(said);
        number++;
        if (said[0] == '[' && said[length - 1] == ']') {
            said[length - 1] = '\0';
            inside = g_str_equal(said + 1, group);
            if (inside && found == 0)
                found = number;
        } else if (inside && key && strchr(said, '=')) {
            *strchr(said, '=') = '\0';
            if (g_str_equal(g_strchomp(said), key))
                found = number;
        }
        line = *end ? end + 1 : end;
    }
    return found;
}

// The line at which the parser stops, from 1 on: it reads line by line, so all that is before it can be read.
static guint first_bad_line(const char *text, gsize bytes)
{
    guint good = 0, bad = 1;

    for (gsize i = 0; i < bytes; i++)
        bad += text[i] == '\n';
    while (bad - good > 1) {
        g_autoptr(GKeyFile) file = g_key_file_new();
        guint middle = good + (bad - good) / 2;
        const char *end = text;
        for (guint i = 0; i < middle; i++)
            end = strchr(end, '\n') + 1;
        if (g_key_file_load_from_data(file, text, (gsize)(end - text), G_KEY_FILE_NONE, NULL))
            good = middle;
        else
            bad = middle;
    }
    return bad;
}

static G_GNUC_PRINTF(5, 6) gboolean fail(GError **error, const Source *source, const char *group,
                                         const char *key, const char *what, ...)
{
    g_autofree char *shown = g_filename_display_name(source->path);
    va_list arguments;

    va_start(arguments, what);
    g_autofree char *said = g_strdup_vprintf(what, arguments);
    va_end(arguments);
    g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s, line %u: %s", shown,
                line_of(source->text, group, key), said);
    return FALSE;
}

// The value of every key has to be readable: an alias that is lost without a word would let a name pass.
static gboolean check_keys(const Source *source, const char *group, GError **error)
{
    static const char *const known[] = {"aliases", "owner", "reason", "action", NULL};
    g_auto(GStrv) keys = g_key_file_get_keys(source->file, group, NULL, NULL);

    for (char **key = keys; key && *key; key++) {
        g_autoptr(GError) failure = NULL;
        g_autofree char *value = NULL;
        g_auto(GStrv) values = NULL;
        if (!g_strv_contains(known, *key))
            return fail(error, source, group, *key,
                        "[%s] has the unknown key \"%s\"; known are aliases, owner, reason and "
                        "action",
                        group, *key);
        if (g_str_equal(*key, "aliases"))
            values = g_key_file_get_string_list(source->file, group, *key, NULL, &failure);
        else
            value = g_key_file_get_string(source->file, group, *key, &failure);
        if (failure)
            return fail(error, source, group, *key,
                        "[%s] has a value that cannot be read; after a backslash only s, n, t, r, "
                        "; or another backslash may stand",
                        group);
    }
    return TRUE;
}

static gboolean add_spelling(Listed *listed, const char *name)
{
    RushesPlainText *plain = rushes_plain_text_new(name, FALSE);

    g_ptr_array_add(listed->spellings, plain);
    return plain->letters->len >= 2;
}

static char *optional_string(GKeyFile *file, const char *group, const char *key)
{
    char *value = g_key_file_get_string(file, group, key, NULL);

    return value ? value : g_strdup("");
}

static gboolean read_group(const Source *source, const char *group, Listed *listed, GError **error)
{
    RushesRightsEntry *entry = &listed->entry;
    g_autofree char *action = optional_string(source->file, group, "action");

    listed->spellings = g_ptr_array_new_with_free_func((GDestroyNotify)rushes_plain_text_free);
    entry->name = g_strdup(group);
    entry->aliases = g_key_file_get_string_list(source->file, group, "aliases", NULL, NULL);
    if (!entry->aliases)
        entry->aliases = g_new0(char *, 1);
    entry->owner = optional_string(source->file, group, "owner");
    entry->reason = optional_string(source->file, group, "reason");
    entry->action = g_str_equal(action, "refuse") ? RUSHES_RIGHTS_REFUSE : RUSHES_RIGHTS_WARN;
    if (!add_spelling(listed, group))
        return fail(error, source, group, NULL,
                    "the name [%s] has fewer than two letters and would match everywhere", group);
    if (!check_keys(source, group, error))
        return FALSE;
    for (char **alias = entry->aliases; *alias; alias++)
        if (!add_spelling(listed, *alias))
            return fail(error, source, group, "aliases",
                        "the alias \"%s\" of [%s] has fewer than two letters and would match "
                        "everywhere",
                        *alias, group);
    if (!g_str_equal(action, "refuse") && !g_str_equal(action, "warn"))
        return fail(error, source, group, "action",
                    "[%s] needs action=refuse or action=warn, and has \"%s\"", group, action);
    return TRUE;
}

static gboolean add_group(RushesRightsList *list, const Source *source, const char *group,
                          GError **error)
{
    Listed *listed = g_new0(Listed, 1);

    if (!read_group(source, group, listed, error)) {
        listed_free(listed);
        return FALSE;
    }
    g_hash_table_replace(list->entries, listed->entry.name, listed);
    return TRUE;
}

gboolean rushes_rights_list_merge(RushesRightsList *list, const char *path, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *target = g_file_read_link(path, NULL);
    g_auto(RushesSteadyFile) source = RUSHES_STEADY_FILE_INIT;

    if (target && g_path_is_absolute(target)) // a list that is followed is known by its own name
        path = target;
    if (!rushes_steady_file_open(&source, path, error))
        return FALSE;
    gsize bytes = (gsize)MIN(source.bytes, MAX_FILE_BYTES + 1);
    g_autofree char *contents = g_malloc0(bytes + 1);
    if (!rushes_steady_file_read(&source, 0, contents, bytes, error))
        return FALSE;
    if (bytes > MAX_FILE_BYTES || !g_utf8_validate(contents, (gssize)bytes, NULL)) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING,
                    "%s: a rights list is UTF-8 text of at most 16 MiB", path);
        return FALSE;
    }
    if (bytes > 0 && !g_key_file_load_from_data(file, contents, bytes, G_KEY_FILE_NONE, error)) {
        g_prefix_error(error, "%s, line %u: ", path, first_bad_line(contents, bytes));
        return FALSE;
    }
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    const Source read = {.path = path, .text = contents, .file = file};
    for (char **group = groups; *group; group++)
        if (!add_group(list, &read, *group, error))
            return FALSE;
    return TRUE;
}

RushesRightsList *rushes_rights_list_read(const char *path, GError **error)
{
    RushesRightsList *list = rushes_rights_list_new();

    if (!rushes_rights_list_merge(list, path, error))
        g_clear_pointer(&list, rushes_rights_list_free);
    return list;
}

// ---- matching ----
void rushes_rights_match_free(RushesRightsMatch *match)
{
    g_free(match->found);
    g_free(match);
}

static int graver_first(gconstpointer a, gconstpointer b)
{
    const RushesRightsMatch *one = *(RushesRightsMatch *const *)a,
                            *other = *(RushesRightsMatch *const *)b;

    if (one->entry->action != other->entry->action)
        return (int)other->entry->action - (int)one->entry->action;
    return strcmp(one->entry->name, other->entry->name);
}

GPtrArray *rushes_rights_list_match(RushesRightsList *list, const char *prompt)
{
    GPtrArray *matches = g_ptr_array_new_with_free_func((GDestroyNotify)rushes_rights_match_free);
    g_autoptr(RushesPlainText) text = rushes_plain_text_new(prompt, TRUE);
    g_autoptr(RushesPlainText) parted = rushes_plain_text_new(prompt, FALSE);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, list->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Listed *listed = value;
        char *found = NULL;
        for (guint i = 0; i < listed->spellings->len && !found; i++) {
            const RushesPlainText *name = g_ptr_array_index(listed->spellings, i);
            found = rushes_plain_text_find(text, name);
            if (!found)
                found = rushes_plain_text_find(parted, name);
        }
        if (!found)
            continue;
        RushesRightsMatch *match = g_new0(RushesRightsMatch, 1);
        match->entry = &listed->entry;
        match->found = found;
        g_ptr_array_add(matches, match);
    }
    g_ptr_array_sort(matches, graver_first);
    return matches;
}

char *rushes_rights_list_judge(RushesRightsList *list, const char *prompt,
                               RushesRightsAction *action)
{
    g_autoptr(GPtrArray) matches = rushes_rights_list_match(list, prompt);

    if (matches->len == 0)
        return NULL;
    const RushesRightsMatch *match = g_ptr_array_index(matches, 0);
    const RushesRightsEntry *entry = match->entry;
    *action = entry->action;
    return g_strdup_printf("\"%s\" names %s%s%s, which is on the rights list%s%s%s; %s",
                           match->found, entry->name, *entry->owner ? " of " : "", entry->owner,
                           *entry->reason ? " (" : "", entry->reason, *entry->reason ? ")" : "",
                           entry->action == RUSHES_RIGHTS_REFUSE ? "change the prompt, or the list"
                                                                 : "make sure that you may use it");
}

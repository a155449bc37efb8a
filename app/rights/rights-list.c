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
static char *optional_string(GKeyFile *file, const char *group, const char *key)
{
    char *value = g_key_file_get_string(file, group, key, NULL);

    return value ? value : g_strdup("");
}

static gboolean add_group(RushesRightsList *list, GKeyFile *file, const char *group,
                          const char *path, GError **error)
{
    static const char *const known[] = {"aliases", "owner", "reason", "action", NULL};
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);
    g_autofree char *action = optional_string(file, group, "action");
    g_autoptr(RushesPlainText) plain = rushes_plain_text_new(group, FALSE);

    if (plain->letters->len < 2) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                    "%s: the name [%s] has fewer than two letters and would match everywhere", path,
                    group);
        return FALSE;
    }
    for (char **key = keys; key && *key; key++)
        if (!g_strv_contains(known, *key)) {
            g_set_error(
                error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND,
                "%s: [%s] has the unknown key \"%s\"; known are aliases, owner, reason and action",
                path, group, *key);
            return FALSE;
        }
    if (!g_str_equal(action, "refuse") && !g_str_equal(action, "warn")) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                    "%s: [%s] needs action=refuse or action=warn, and has \"%s\"", path, group,
                    action);
        return FALSE;
    }
    Listed *listed = g_new0(Listed, 1);
    RushesRightsEntry *entry = &listed->entry;
    entry->name = g_strdup(group);
    entry->aliases = g_key_file_get_string_list(file, group, "aliases", NULL, NULL);
    if (!entry->aliases)
        entry->aliases = g_new0(char *, 1);
    entry->owner = optional_string(file, group, "owner");
    entry->reason = optional_string(file, group, "reason");
    entry->action = g_str_equal(action, "refuse") ? RUSHES_RIGHTS_REFUSE : RUSHES_RIGHTS_WARN;
    listed->spellings = g_ptr_array_new_with_free_func((GDestroyNotify)rushes_plain_text_free);
    g_ptr_array_add(listed->spellings, g_steal_pointer(&plain));
    for (char **alias = entry->aliases; *alias; alias++)
        g_ptr_array_add(listed->spellings, rushes_plain_text_new(*alias, FALSE));
    g_hash_table_replace(list->entries, entry->name, listed);
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
    g_autofree char *contents = g_malloc(bytes + 1);
    if (!rushes_steady_file_read(&source, 0, contents, bytes, error))
        return FALSE;
    if (bytes > MAX_FILE_BYTES || !g_utf8_validate(contents, (gssize)bytes, NULL)) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING,
                    "%s: a rights list is UTF-8 text of at most 16 MiB", path);
        return FALSE;
    }
    if (bytes > 0 && !g_key_file_load_from_data(file, contents, bytes, G_KEY_FILE_NONE, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++)
        if (!add_group(list, file, *group, path, error))
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

// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/rights-list.h"

#include <string.h>

#define MAX_FILE_BYTES                                                                             \
    (16 * 1024 * 1024) // some hundred thousand names; more is not a list made for this

struct RushesRightsList {
    GHashTable *entries; // name -> RushesRightsEntry, which owns the name
};

static void entry_free(RushesRightsEntry *entry)
{
    g_free(entry->name);
    g_strfreev(entry->aliases);
    g_free(entry->owner);
    g_free(entry->reason);
    g_free(entry);
}

RushesRightsList *rushes_rights_list_new(void)
{
    RushesRightsList *list = g_new0(RushesRightsList, 1);

    list->entries =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)entry_free);
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

// ---- plain spelling ----
// What a character stands for once disguises are taken off, or 0 when it is no letter or digit. i, l and 1
// become one letter, because either letter may hide behind the digit.
static gunichar plain_letter(gunichar c)
{
    static const struct {
        gunichar from;
        char to;
    } disguises[] = {
        {'0', 'o'},    {'1', 'i'},    {'3', 'e'},    {'4', 'a'},    {'5', 's'},    {'7', 't'},
        {'8', 'b'},    {'@', 'a'},    {'$', 's'},    {'!', 'i'},    {'|', 'i'},    {'l', 'i'},
        {0x0430, 'a'}, {0x0435, 'e'}, {0x043e, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'},
        {0x0445, 'x'}, {0x0456, 'i'}, {0x0455, 's'}, {0x0458, 'j'}, {0x043a, 'k'}, {0x043c, 'm'},
        {0x0442, 't'}, {0x043d, 'h'}, {0x0432, 'b'}, {0x03b1, 'a'}, {0x03b5, 'e'}, {0x03b9, 'i'},
        {0x03bf, 'o'}, {0x03c1, 'p'}, {0x03c4, 't'}, {0x03c5, 'u'}, {0x03ba, 'k'}, {0x00f8, 'o'},
        {0x0142, 'i'}, {0x00df, 's'}, {0x0131, 'i'},
    };

    for (guint i = 0; i < G_N_ELEMENTS(disguises); i++)
        if (disguises[i].from == c)
            return (gunichar)disguises[i].to;
    return g_unichar_isalnum(c) ? c : 0;
}

// A text as letters only. starts[i] and ends[i] say whether letter i begins or ends a word of the text, and
// offsets[i] where it stood, in bytes of the normalised text.
typedef struct PlainText {
    GArray *letters;       // gunichar
    GArray *starts, *ends; // gboolean
    GArray *offsets;       // gsize
    char *normal;
} PlainText;

static PlainText plain_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *folded = g_utf8_casefold(valid, -1);
    PlainText plain = {
        .letters = g_array_new(FALSE, FALSE, sizeof(gunichar)),
        .starts = g_array_new(FALSE, FALSE, sizeof(gboolean)),
        .ends = g_array_new(FALSE, FALSE, sizeof(gboolean)),
        .offsets = g_array_new(FALSE, FALSE, sizeof(gsize)),
        .normal = g_utf8_normalize(folded, -1, G_NORMALIZE_ALL), // compatibility forms taken apart
    };
    gboolean in_word = FALSE;
    static const gboolean no = FALSE, yes = TRUE;

    for (const char *p = plain.normal; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        GUnicodeType type = g_unichar_type(c);
        // Accents and invisible characters neither are letters nor part words.
        if (type == G_UNICODE_NON_SPACING_MARK || type == G_UNICODE_ENCLOSING_MARK ||
            type == G_UNICODE_FORMAT)
            continue;
        gunichar letter = plain_letter(c);
        // "!" and "|" stand for a letter only inside a word; at its end they are punctuation.
        if ((c == '!' || c == '|') &&
            (!in_word || !g_unichar_isalnum(g_utf8_get_char(g_utf8_next_char(p)))))
            letter = 0;
        if (!letter) {
            if (in_word)
                g_array_index(plain.ends, gboolean, plain.ends->len - 1) = TRUE;
            in_word = FALSE;
            continue;
        }
        gsize offset = (gsize)(p - plain.normal);
        g_array_append_val(plain.letters, letter);
        g_array_append_vals(plain.starts, in_word ? &no : &yes, 1);
        g_array_append_vals(plain.ends, &no, 1);
        g_array_append_val(plain.offsets, offset);
        in_word = TRUE;
    }
    if (in_word)
        g_array_index(plain.ends, gboolean, plain.ends->len - 1) = TRUE;
    return plain;
}

static void plain_text_clear(PlainText *plain)
{
    g_array_unref(plain->letters);
    g_array_unref(plain->starts);
    g_array_unref(plain->ends);
    g_array_unref(plain->offsets);
    g_free(plain->normal);
}

// The words of `text` that spell `name`, or NULL.
static char *find_name(const PlainText *text, const char *name)
{
    PlainText wanted = plain_text(name);
    guint length = wanted.letters->len;
    char *found = NULL;

    for (guint at = 0; length > 0 && !found && at + length <= text->letters->len; at++) {
        if (!g_array_index(text->starts, gboolean, at) ||
            !g_array_index(text->ends, gboolean, at + length - 1) ||
            memcmp(&g_array_index(text->letters, gunichar, at), wanted.letters->data,
                   length * sizeof(gunichar)) != 0)
            continue;
        gsize from = g_array_index(text->offsets, gsize, at);
        const char *last = text->normal + g_array_index(text->offsets, gsize, at + length - 1);
        found =
            g_strndup(text->normal + from, (gsize)(g_utf8_next_char(last) - text->normal) - from);
    }
    plain_text_clear(&wanted);
    return found;
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
    PlainText plain = plain_text(group);
    gboolean has_letters = plain.letters->len > 1;

    plain_text_clear(&plain);
    if (!has_letters) {
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
    RushesRightsEntry *entry = g_new0(RushesRightsEntry, 1);
    entry->name = g_strdup(group);
    entry->aliases = g_key_file_get_string_list(file, group, "aliases", NULL, NULL);
    if (!entry->aliases)
        entry->aliases = g_new0(char *, 1);
    entry->owner = optional_string(file, group, "owner");
    entry->reason = optional_string(file, group, "reason");
    entry->action = g_str_equal(action, "refuse") ? RUSHES_RIGHTS_REFUSE : RUSHES_RIGHTS_WARN;
    g_hash_table_replace(list->entries, entry->name, entry);
    return TRUE;
}

gboolean rushes_rights_list_merge(RushesRightsList *list, const char *path, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *contents = NULL;
    gsize bytes;

    if (!g_file_get_contents(path, &contents, &bytes, error))
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
    PlainText text = plain_text(prompt);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, list->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const RushesRightsEntry *entry = value;
        char *found = find_name(&text, entry->name);
        for (char **alias = entry->aliases; !found && *alias; alias++)
            found = find_name(&text, *alias);
        if (!found)
            continue;
        RushesRightsMatch *match = g_new0(RushesRightsMatch, 1);
        match->entry = entry;
        match->found = found;
        g_ptr_array_add(matches, match);
    }
    plain_text_clear(&text);
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

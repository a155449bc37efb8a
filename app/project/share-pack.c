// SPDX-License-Identifier: GPL-3.0-or-later
//
// share-pack.c - what of a project goes into its archive, and writing that.
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "places.h"
#include "playback/frame-store.h"
#include "project/project-private.h"
#include "project/share.h"
#include "rights/consent-use.h"
#include "rushes-error.h"

#define BLOCK_BYTES (256 * 1024)

// One file of the archive: a copy of `from`, or the bytes.
typedef struct Item {
    char *from;
    GBytes *bytes;
    char *name;
} Item;

struct RushesSharePlan {
    char *root; // "Picnic.rushes"
    char *name; // of the archive
    GPtrArray *items;
    GHashTable *names; // of items: the first of a name counts
    gint64 bytes;      // of all, as they are now
    gint packed;       // thousandths, atomic
};

static void item_free(Item *item)
{
    g_free(item->from);
    g_clear_pointer(&item->bytes, g_bytes_unref);
    g_free(item->name);
    g_free(item);
}

void rushes_share_plan_free(RushesSharePlan *plan)
{
    if (!plan)
        return;
    g_free(plan->root);
    g_free(plan->name);
    g_hash_table_unref(plan->names);
    g_ptr_array_unref(plan->items);
    g_free(plan);
}

const char *rushes_share_plan_get_name(RushesSharePlan *plan)
{
    return plan->name;
}

double rushes_share_plan_get_fraction(RushesSharePlan *plan)
{
    return g_atomic_int_get(&plan->packed) / 1000.0;
}

// ---- the plan ----
// `inside` is the name below the root. Takes `bytes`.
static void add_item(RushesSharePlan *plan, const char *from, GBytes *bytes, const char *inside)
{
    Item *item = g_new0(Item, 1);
    GStatBuf info;

    item->name = g_strconcat(plan->root, "/", inside, NULL);
    item->from = g_strdup(from);
    item->bytes = bytes;
    if (!g_hash_table_add(plan->names, item->name)) {
        item_free(item);
        return;
    }
    plan->bytes += bytes ? (gint64)g_bytes_get_size(bytes)
                         : (g_stat(from, &info) == 0 ? (gint64)info.st_size : 0);
    g_ptr_array_add(plan->items, item);
}

static void add_json(RushesSharePlan *plan, const cJSON *json, const char *inside)
{
    char *text = cJSON_Print(json);

    add_item(plan, NULL, g_bytes_new(text, strlen(text)), inside);
    cJSON_free(text);
}

// What a take needs no more once it has its lasting copy.
static gboolean is_superseded(const char *folder, const char *name)
{
    static const char *const raw[] = {"frames.rgb", "preview.rgb", "step.safetensors", NULL};
    return g_strv_contains(raw, name) && rushes_frame_store_has_master(folder);
}

static gboolean add_tree(RushesSharePlan *plan, const char *from, const char *inside,
                         GError **error)
{
    if (g_file_test(from, G_FILE_TEST_IS_SYMLINK) || !g_file_test(from, G_FILE_TEST_EXISTS))
        return TRUE;
    if (!g_file_test(from, G_FILE_TEST_IS_DIR)) {
        add_item(plan, from, NULL, inside);
        return TRUE;
    }
    g_autoptr(GDir) dir = g_dir_open(from, 0, error);
    const char *child;
    if (!dir)
        return FALSE;
    while ((child = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(from, child, NULL);
        g_autofree char *name = g_strconcat(inside, "/", child, NULL);
        // Temporary files of a worker or an import that is at work just now.
        if (child[0] == '.' || g_str_has_suffix(child, ".new") ||
            g_str_has_suffix(child, ".part") || is_superseded(from, child))
            continue;
        if (!add_tree(plan, path, name, error))
            return FALSE;
    }
    return TRUE;
}

// The record that the take was made under, from this machine or from where the project came from.
static void add_consent(RushesSharePlan *plan, const char *project, RushesTake *take)
{
    const char *id = rushes_take_get_recipe(take)->consent;
    g_autofree char *own = rushes_consent_folder();
    const char *const folders[] = {own, "consent"};

    for (guint i = 0; id && i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *name = g_strconcat(id, ".consent.json", NULL);
        g_autofree char *inside = g_strconcat("consent/", name, NULL);
        g_autofree char *from =
            i == 0 ? g_build_filename(own, name, NULL) : g_build_filename(project, inside, NULL);
        if (g_file_test(from, G_FILE_TEST_IS_REGULAR))
            add_item(plan, from, NULL, inside);
    }
}

static gboolean add_take(RushesSharePlan *plan, const char *project, RushesTake *take,
                         GError **error)
{
    g_autofree char *inside = g_strconcat("takes/", rushes_take_get_id(take), NULL);

    add_consent(plan, project, take);
    return add_tree(plan, rushes_take_get_folder(take), inside, error);
}

// Where the model came from and its licence; -> the licence's name, owned by the caller, or NULL.
static char *add_model(RushesSharePlan *plan, const char *model)
{
    static const char *const files[] = {"DATA.md", "LICENSE"};
    g_auto(GStrv) folders = rushes_places_list_model_folders();

    for (char **folder = folders; *folder; folder++) {
        g_autofree char *description = g_build_filename(*folder, model, "model.json", NULL);
        g_autoptr(cJSON) json = rushes_json_file_read(description, NULL);
        if (!json)
            continue;
        for (guint f = 0; f < G_N_ELEMENTS(files); f++) {
            g_autofree char *from = g_build_filename(*folder, model, files[f], NULL);
            g_autofree char *inside = g_strdup_printf("credits/%s/%s", model, files[f]);
            if (g_file_test(from, G_FILE_TEST_IS_REGULAR))
                add_item(plan, from, NULL, inside);
        }
        return g_strdup(rushes_json_string(json, "licence", NULL));
    }
    return NULL;
}

static void add_credits(RushesSharePlan *plan, GPtrArray *takes)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GString *text = g_string_new("Made with Rushes " RUSHES_VERSION " and these models:\n");

    for (guint i = 0; i < takes->len; i++) {
        const char *model = rushes_take_get_recipe(takes->pdata[i])->model;
        // An id names a folder of the library; a model given by its path is the creator's own.
        if (!model || strchr(model, '/') || *model == '.' ||
            !g_hash_table_add(seen, g_strdup(model)))
            continue;
        g_autofree char *licence = add_model(plan, model);
        g_string_append_printf(text, "\n%s\n  licence: %s\n  sources: %s/DATA.md, %s/LICENSE\n",
                               model, licence ? licence : "not on this computer", model, model);
    }
    gsize length = text->len;
    add_item(plan, NULL, g_bytes_new_take(g_string_free(text, FALSE), length),
             "credits/CREDITS.txt");
}

// The take and those it comes from, the oldest first.
static GPtrArray *line_of(RushesProject *project, RushesTake *take)
{
    GPtrArray *line = g_ptr_array_new();

    while (take && !g_ptr_array_find(line, take, NULL)) {
        const char *parent = rushes_take_get_parent(take);
        g_ptr_array_insert(line, 0, take);
        take = parent ? rushes_project_find_take(project, parent) : NULL;
    }
    return line;
}

static gboolean plan_take(RushesSharePlan *plan, RushesProject *project, RushesTake *take,
                          GError **error)
{
    const char *folder = rushes_project_get_folder(project);
    int number = rushes_take_get_number(take);
    g_autoptr(GPtrArray) line = line_of(project, take);
    g_autoptr(cJSON) state = cJSON_CreateObject();
    g_autofree char *title =
        g_strdup_printf("%s - take %d", rushes_project_get_title(project), number);

    if (rushes_take_get_state(take) != RUSHES_TAKE_DONE) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "Take %d is not finished; wait until it is, or share the project", number);
        return FALSE;
    }
    if (!rushes_consent_allow_take(rushes_take_get_recipe(take), folder, NULL, error)) {
        g_prefix_error(error, "Take %d cannot be shared: ", number);
        return FALSE;
    }
    cJSON_AddNumberToObject(state, "version", PROJECT_VERSION);
    cJSON_AddStringToObject(state, "title", title);
    cJSON *ids = cJSON_AddArrayToObject(state, "takes");
    for (guint i = 0; i < line->len; i++) {
        cJSON_AddItemToArray(ids, cJSON_CreateString(rushes_take_get_id(line->pdata[i])));
        if (!add_take(plan, folder, line->pdata[i], error))
            return FALSE;
    }
    add_json(plan, state, "project.json");
    add_credits(plan, line);
    return TRUE;
}

static gboolean plan_project(RushesSharePlan *plan, RushesProject *project, GError **error)
{
    static const char *const parts[] = {"inputs", "media", "consent", "credits"};
    const char *folder = rushes_project_get_folder(project);
    GListModel *all = rushes_project_get_takes(project);
    g_autoptr(GPtrArray) takes = g_ptr_array_new_with_free_func(g_object_unref);
    // As it is in memory: the file and the journal may change while they are read.
    g_autoptr(cJSON) state = project_state_to_json(project);

    cJSON_DeleteItemFromObjectCaseSensitive(state, "removed"); // what is deleted is not shared
    cJSON_DeleteItemFromObjectCaseSensitive(state, "seq");     // there is no journal beside it
    add_json(plan, state, "project.json");
    for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
        g_ptr_array_add(takes, g_list_model_get_item(all, i));
        if (!add_take(plan, folder, takes->pdata[i], error))
            return FALSE;
    }
    add_credits(plan, takes);
    // Last: credits of models that are not on this machine came with the project.
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *from = g_build_filename(folder, parts[i], NULL);
        if (!add_tree(plan, from, parts[i], error))
            return FALSE;
    }
    return TRUE;
}

RushesSharePlan *rushes_share_plan_new(RushesProject *project, RushesTake *take, GError **error)
{
    g_autoptr(RushesSharePlan) plan = g_new0(RushesSharePlan, 1);
    g_autofree char *name = rushes_places_project_name(rushes_project_get_folder(project));

    plan->items = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
    plan->names = g_hash_table_new(g_str_hash, g_str_equal);
    plan->root = take ? g_strdup_printf("%s - take %d.rushes", name, rushes_take_get_number(take))
                      : g_strconcat(name, ".rushes", NULL);
    plan->name = g_strconcat(plan->root, ".zip", NULL);
    if (!(take ? plan_take(plan, project, take, error) : plan_project(plan, project, error)))
        return NULL;
    return g_steal_pointer(&plan);
}

// ---- packing ----
typedef struct Packing {
    RushesSharePlan *plan;
    struct archive *archive;
    const char *path; // for messages
    GCancellable *cancellable;
    guint8 *block;
    gint64 done;
} Packing;

static gboolean fail_archive(Packing *self, GError **error)
{
    const char *reason = self->archive ? archive_error_string(self->archive) : NULL;
    int number = self->archive ? archive_errno(self->archive) : ENOMEM;

    if (number == ENOSPC || number == EFBIG)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                    "%s: there is no space left for it; free some, or choose another place",
                    self->path);
    else
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", self->path,
                    reason ? reason : "out of memory");
    return FALSE;
}

static gboolean pack_block(Packing *self, const void *data, gsize bytes, GError **error)
{
    if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
        return FALSE;
    if (archive_write_data(self->archive, data, bytes) != (la_ssize_t)bytes)
        return fail_archive(self, error);
    self->done += (gint64)bytes;
    g_atomic_int_set(&self->plan->packed,
                     (gint)(1000.0 * (double)self->done / (double)MAX(1, self->plan->bytes)));
    return TRUE;
}

static gboolean begin_entry(Packing *self, const char *name, gint64 bytes, gint64 time,
                            GError **error)
{
    struct archive_entry *entry = archive_entry_new();
    // Pictures and sound are packed already or hardly get smaller. What waits to be filled is zeros, which would make an
    // archive look as if it was made to fill a disk (share-unpack.c).
    gboolean is_text = g_str_has_suffix(name, ".json") || g_str_has_suffix(name, ".jsonl") ||
                       g_str_has_suffix(name, ".txt") || g_str_has_suffix(name, ".md");

    if (is_text)
        archive_write_zip_set_compression_deflate(self->archive);
    else
        archive_write_zip_set_compression_store(self->archive);
    archive_entry_set_pathname_utf8(entry, name);
    archive_entry_set_size(entry, bytes);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, time, 0);
    gboolean begun = archive_write_header(self->archive, entry) == ARCHIVE_OK;
    archive_entry_free(entry);
    return begun || fail_archive(self, error);
}

static gboolean pack_file(Packing *self, const Item *item, GError **error)
{
    int fd = g_open(item->from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    struct stat info;
    gboolean packed = FALSE;

    if (fd < 0 || fstat(fd, &info) != 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be read (%s)", item->from,
                    g_strerror(errno));
        goto done;
    }
    packed = begin_entry(self, item->name, info.st_size, info.st_mtime, error);
    // Exactly as many as the entry promised: a file that still grows is taken as it was, and one that shrank is an error.
    for (gint64 left = info.st_size; packed && left > 0;) {
        gssize got = read(fd, self->block, (gsize)MIN(left, BLOCK_BYTES));
        if (got <= 0) {
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be read whole",
                        item->from);
            packed = FALSE;
            break;
        }
        packed = pack_block(self, self->block, (gsize)got, error);
        left -= got;
    }

done:
    if (fd >= 0)
        close(fd);
    return packed;
}

static gboolean pack_all(Packing *self, GError **error)
{
    for (guint i = 0; i < self->plan->items->len; i++) {
        const Item *item = self->plan->items->pdata[i];
        if (item->from) {
            if (!pack_file(self, item, error))
                return FALSE;
            continue;
        }
        gsize bytes = g_bytes_get_size(item->bytes);
        if (!begin_entry(self, item->name, (gint64)bytes, g_get_real_time() / G_USEC_PER_SEC,
                         error) ||
            !pack_block(self, g_bytes_get_data(item->bytes, NULL), bytes, error))
            return FALSE;
    }
    return TRUE;
}

gboolean rushes_share_plan_pack(RushesSharePlan *plan, const char *path, GCancellable *cancellable,
                                GError **error)
{
    g_autofree char *temporary = g_strdup_printf("%s.%08x.part", path, g_random_int());
    g_autofree guint8 *block = g_malloc(BLOCK_BYTES);
    Packing packing = {.plan = plan,
                       .archive = archive_write_new(),
                       .path = path,
                       .cancellable = cancellable,
                       .block = block};
    gboolean done = FALSE;

    int fd = g_open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", path,
                    g_strerror(errno));
    } else if (archive_write_set_format_zip(packing.archive) != ARCHIVE_OK ||
               archive_write_open_fd(packing.archive, fd) != ARCHIVE_OK) {
        fail_archive(&packing, error);
    } else if (pack_all(&packing, error)) {
        done = archive_write_close(packing.archive) == ARCHIVE_OK;
        if (!done)
            fail_archive(&packing, error);
        else if (fsync(fd) != 0 || g_rename(temporary, path) != 0) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                        "%s: cannot be written (%s)", path, g_strerror(errno));
            done = FALSE;
        }
    }
    archive_write_free(packing.archive);
    if (fd >= 0)
        close(fd);
    if (!done)
        g_unlink(temporary);
    return done;
}

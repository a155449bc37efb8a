// SPDX-License-Identifier: GPL-3.0-or-later
//
// Our own reader of content credentials must find every change, and refuse hostile bytes without harm.
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "provenance/credentials.h"
#include "provenance/jumbf.h"
#include "tap.h"

static char *folder;
static RushesIdentity *identity;

static void append_box(GByteArray *out, const char *kind, const void *data, guint bytes)
{
    rushes_jumbf_append_box(out, kind, data, bytes);
}

// The least that counts as an MP4: ftyp, moov with one chunk offset table, mdat.
static char *write_clip(const char *name)
{
    g_autoptr(GByteArray) file = g_byte_array_new();
    guint8 media[600];
    guint8 table[12] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};

    for (guint i = 0; i < sizeof(media); i++)
        media[i] = (guint8)(i * 7);
    append_box(file, "ftyp", "isom\0\0\2\0isomiso2", 16);
    g_autoptr(GByteArray) inner = g_byte_array_new();
    guint media_at = file->len + 5 * 8 + 8 + sizeof(table) + 8;
    table[10] = (guint8)(media_at >> 8);
    table[11] = (guint8)media_at;
    append_box(inner, "stco", table, sizeof(table));
    for (const char *const *kind =
             (const char *const[]){"stbl", "minf", "mdia", "trak", "moov", NULL};
         *kind; kind++) {
        g_autoptr(GByteArray) outer = g_byte_array_new();
        append_box(outer, *kind, inner->data, inner->len);
        g_byte_array_set_size(inner, 0);
        g_byte_array_append(inner, outer->data, outer->len);
    }
    g_byte_array_append(file, inner->data, inner->len);
    append_box(file, "mdat", media, sizeof(media));
    char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, (const char *)file->data, file->len, NULL));
    return path;
}

static char *signed_clip(const char *name)
{
    char *path = write_clip(name);
    RushesClaim claim = {.title = "test", .recipe_json = "{\"prompt\": \"a fox\"}"};

    CHECK(rushes_credentials_sign(path, identity, &claim, NULL));
    return path;
}

static void signed_file_is_intact_and_tells_its_recipe(void)
{
    g_autofree char *path = signed_clip("intact.mp4");
    g_autoptr(RushesManifestReport) report = NULL;
    RushesCredentialsState state;

    CHECK(rushes_credentials_inspect(path, &state, &report, NULL));
    CHECK(state == RUSHES_CREDENTIALS_INTACT);
    CHECK(g_strcmp0(report->recipe_json, "{\"prompt\": \"a fox\"}") == 0);
    CHECK(g_strcmp0(report->signer, "Test signer") == 0);
    CHECK(g_strcmp0(report->source_type, "trainedAlgorithmicMedia") == 0);
}

static void chunk_offsets_move_with_the_media(void)
{
    g_autofree char *plain = write_clip("plain.mp4");
    g_autofree char *path = signed_clip("moved.mp4");
    g_autofree char *before = NULL, *after = NULL;
    gsize before_bytes, after_bytes;

    CHECK(g_file_get_contents(plain, &before, &before_bytes, NULL));
    CHECK(g_file_get_contents(path, &after, &after_bytes, NULL));
    const guint8 *table = memmem(after, after_bytes, "stco", 4);
    guint offset =
        ((guint)table[12] << 24) | ((guint)table[13] << 16) | ((guint)table[14] << 8) | table[15];
    const guint8 *media = memmem(after, after_bytes, "mdat", 4);
    CHECK((const guint8 *)after + offset == media + 4);
    CHECK(after_bytes > before_bytes);
}

static void every_changed_byte_is_found(void)
{
    g_autofree char *path = signed_clip("tampered.mp4");
    g_autofree char *bytes = NULL;
    gsize size;
    guint missed = 0;

    CHECK(g_file_get_contents(path, &bytes, &size, NULL));
    FILE *file = fopen(path, "r+e");
    for (gsize at = 0; at < size; at++) {
        g_autoptr(RushesManifestReport) report = NULL;
        RushesCredentialsState state = RUSHES_CREDENTIALS_NONE;
        fseek(file, (long)at, SEEK_SET);
        fputc((guint8)bytes[at] ^ 0x15, file);
        fflush(file);
        if (rushes_credentials_inspect(path, &state, &report, NULL) &&
            state == RUSHES_CREDENTIALS_INTACT) {
            missed++;
            printf("# the change at byte %" G_GSIZE_FORMAT " was missed\n", at);
        }
        fseek(file, (long)at, SEEK_SET);
        fputc((guint8)bytes[at], file);
    }
    fclose(file);
    CHECK(missed == 0);
}

static void truncated_stores_are_refused_without_harm(void)
{
    g_autofree char *path = signed_clip("truncated.mp4");
    g_autoptr(GBytes) store = rushes_bmff_read_store(path, NULL);
    gsize size;
    const guint8 *data = g_bytes_get_data(store, &size);

    for (gsize bytes = 0; bytes < size; bytes++) {
        // A copy of exactly that size, so that a sanitizer sees one byte too far.
        g_autoptr(GBytes) part = g_bytes_new(data, bytes);
        g_autoptr(RushesManifestReport) report = rushes_manifest_read(part, NULL);
        CHECK(!report || !report->intact);
    }
}

static void private_keys_are_for_the_owner_alone(void)
{
    g_autofree char *key = g_build_filename(folder, "identity", "leaf.key", NULL);
    g_autofree char *root = g_build_filename(folder, "identity", "root.key", NULL);
    struct stat info;

    CHECK(stat(key, &info) == 0 && (info.st_mode & 0777) == 0600);
    CHECK(stat(root, &info) == 0 && (info.st_mode & 0777) == 0600);
}

static void a_root_is_refused_as_signer(void)
{
    g_autofree char *certificate = g_build_filename(folder, "identity", "root.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "identity", "root.key", NULL);
    g_autoptr(GError) error = NULL;

    CHECK(rushes_identity_load(certificate, key, &error) == NULL);
    CHECK(error && strstr(error->message, "authority"));
}

static void a_file_is_signed_once(void)
{
    g_autofree char *path = signed_clip("twice.mp4");
    RushesClaim claim = {.title = "again"};
    g_autoptr(GError) error = NULL;
    RushesCredentialsState state;
    g_autoptr(RushesManifestReport) report = NULL;

    CHECK(!rushes_credentials_sign(path, identity, &claim, &error));
    CHECK(error && strstr(error->message, "already"));
    CHECK(rushes_credentials_inspect(path, &state, &report, NULL) &&
          state == RUSHES_CREDENTIALS_INTACT);
}

static void what_is_no_mp4_is_left_alone(void)
{
    g_autofree char *path = g_build_filename(folder, "text.mp4", NULL);
    g_autofree char *after = NULL;
    RushesClaim claim = {.title = "no"};
    g_autoptr(GError) error = NULL;

    CHECK(g_file_set_contents(path, "this is no film", -1, NULL));
    CHECK(!rushes_credentials_sign(path, identity, &claim, &error));
    CHECK(error != NULL);
    CHECK(g_file_get_contents(path, &after, NULL, NULL) && g_str_equal(after, "this is no film"));
}

int main(void)
{
    folder = g_dir_make_tmp("rushes-credentials-XXXXXX", NULL);
    g_autofree char *place = g_build_filename(folder, "identity", NULL);
    identity = rushes_identity_open(place, "Test signer", NULL);
    g_assert_nonnull(identity);
    TAP_RUN(signed_file_is_intact_and_tells_its_recipe);
    TAP_RUN(chunk_offsets_move_with_the_media);
    TAP_RUN(every_changed_byte_is_found);
    TAP_RUN(truncated_stores_are_refused_without_harm);
    TAP_RUN(private_keys_are_for_the_owner_alone);
    TAP_RUN(a_root_is_refused_as_signer);
    TAP_RUN(a_file_is_signed_once);
    TAP_RUN(what_is_no_mp4_is_left_alone);
    rushes_identity_free(identity);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", folder);
    g_free(folder);
    return system(command) == 0 ? tap_done() : EXIT_FAILURE;
}

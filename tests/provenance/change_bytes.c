// SPDX-License-Identifier: GPL-3.0-or-later
//
// Our own reader judges the signed files named: each byte is changed in turn (beyond the first 8 KiB, where the credentials lie, every 97th alone), its
// lowest and its highest bit, and the file must not pass for intact. Within a time stamp, what is told must not change. One
// line a file for Test Anything Protocol.
#include <stdio.h>
#include <string.h>

#include "provenance/credentials.h"

#define EVERY_BYTE 8192
#define STRIDE     97

// What is told of an intact file; NULL when it is not.
static char *read_intact(const char *path)
{
    g_autoptr(RushesManifestReport) report = NULL;
    RushesCredentialsState state = RUSHES_CREDENTIALS_NONE;

    if (!rushes_credentials_inspect(path, &state, &report, NULL) ||
        state != RUSHES_CREDENTIALS_INTACT)
        return NULL;
    g_autofree char *actions = g_strjoinv(",", report->actions);
    return g_strjoin("|", report->signer, report->when, report->source_type, actions,
                     report->generator, report->stamped ? report->stamped : "",
                     report->stamped_by ? report->stamped_by : "", report->recipe_json, NULL);
}

// Where the answer of a time-stamping authority lies, which is signed by that authority alone and in parts by nobody.
static void find_stamp(const char *bytes, gsize size, gsize *from, gsize *to)
{
    const char *stamp = memmem(bytes, size, "tstTokens", 9);
    const char *media = memmem(bytes, size, "moov", 4);

    *from = stamp ? (gsize)(stamp - bytes) : size;
    *to = stamp && media ? (gsize)(media - bytes) : size;
}

static gboolean judge(const char *path)
{
    g_autofree char *bytes = NULL, *whole = read_intact(path);
    gsize size, from, to, changes = 0, missed = 0, idle = 0;
    FILE *file = fopen(path, "r+e");

    if (!file || !g_file_get_contents(path, &bytes, &size, NULL) || !whole)
        return FALSE;
    find_stamp(bytes, size, &from, &to);
    for (gsize at = 0; at < size; at += at < EVERY_BYTE ? 1 : STRIDE)
        for (int bit = 1; bit <= 0x80; bit *= 0x80, changes++) {
            fseek(file, (long)at, SEEK_SET);
            fputc((guint8)bytes[at] ^ bit, file);
            fflush(file);
            g_autofree char *told = read_intact(path);
            if (told && at > from && at < to && g_str_equal(told, whole)) {
                idle++; // the names of algorithms in a PKCS #7 envelope
            } else if (told) {
                printf("# %s: a change of bit %02x at byte %" G_GSIZE_FORMAT " was missed\n", path,
                       (guint)bit, at);
                missed++;
            }
            fseek(file, (long)at, SEEK_SET);
            fputc((guint8)bytes[at], file);
            fflush(file);
        }
    fclose(file);
    printf("# %" G_GSIZE_FORMAT " changes, %" G_GSIZE_FORMAT " missed, %" G_GSIZE_FORMAT
           " of the stamp's envelope without effect\n",
           changes, missed, idle);
    return missed == 0;
}

int main(int count, char **paths)
{
    int failed = 0;

    for (int i = 1; i < count; i++) {
        gboolean good = judge(paths[i]);
        g_autofree char *name = g_path_get_basename(paths[i]);
        failed += !good;
        printf("%s %d - our reader finds every single changed byte of %s\n", good ? "ok" : "not ok",
               i, name);
    }
    printf("1..%d\n", count - 1);
    return failed ? 1 : 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/signer.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "places.h"

#define REMEDY " (rushes credentials --help says how to change who signs)"

char *rushes_signer_folder(void)
{
    return rushes_places_user_folder("identity");
}

static char *own_path(const char *folder)
{
    return g_build_filename(folder, "own.pem", NULL);
}

gboolean rushes_signer_is_own(const char *folder)
{
    g_autofree char *own = own_path(folder);

    return g_file_test(own, G_FILE_TEST_EXISTS);
}

static RushesIdentity *load_own(const char *folder, GError **error)
{
    g_autofree char *own = own_path(folder);
    RushesIdentity *identity = rushes_identity_load(own, own, error);

    if (!identity && error && *error) {
        char *told = g_strconcat((*error)->message, REMEDY, NULL);
        g_free((*error)->message);
        (*error)->message = told;
    }
    return identity;
}

RushesIdentity *rushes_signer_open(const char *folder, const char *name, GError **error)
{
    return rushes_signer_is_own(folder) ? load_own(folder, error)
                                        : rushes_identity_open(folder, name, error);
}

gboolean rushes_signer_check(const char *folder, GError **error)
{
    g_autofree char *leaf = g_build_filename(folder, "leaf.pem", NULL);

    if (!rushes_signer_is_own(folder) && !g_file_test(leaf, G_FILE_TEST_EXISTS))
        return TRUE;
    g_autoptr(RushesIdentity) identity = rushes_signer_open(folder, "", error);
    return identity != NULL;
}

gboolean rushes_signer_adopt(const char *folder, const char *certificates, const char *key,
                             GError **error)
{
    g_autofree char *own = own_path(folder);
    g_autoptr(RushesIdentity) identity = rushes_identity_load(certificates, key, error);

    if (!identity)
        return FALSE;
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: cannot be created (%s)",
                    folder, g_strerror(errno));
        return FALSE;
    }
    return rushes_identity_save(identity, own, error);
}

gboolean rushes_signer_forget(const char *folder, GError **error)
{
    g_autofree char *own = own_path(folder);

    if (g_unlink(own) == 0 || errno == ENOENT)
        return TRUE;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: cannot be removed (%s)", own,
                g_strerror(errno));
    return FALSE;
}

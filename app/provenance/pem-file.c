// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/pem-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "provenance/identity.h"

gboolean rushes_pem_fail(GError **error, const char *path, const char *what)
{
    ERR_clear_error();
    g_set_error(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_KEY, "%s: %s", path, what);
    return FALSE;
}

// Writes through a temporary name, so that a crash leaves either no key or a whole one.
gboolean rushes_pem_write(const char *path, EVP_PKEY *key, X509 *certificate, GError **error)
{
    g_autofree char *temporary = g_strconcat(path, ".new", NULL);
    gboolean written = FALSE;

    g_unlink(temporary);
    int fd = g_open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, key ? 0600 : 0644);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file) {
        written = key ? PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1
                      : PEM_write_X509(file, certificate) == 1;
        written = fflush(file) == 0 && fsync(fd) == 0 && written;
        written = fclose(file) == 0 && written;
    } else if (fd >= 0) {
        close(fd);
    }
    if (written && g_rename(temporary, path) == 0)
        return TRUE;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: cannot be written (%s)", path,
                g_strerror(errno));
    g_unlink(temporary);
    return FALSE;
}

static FILE *open_pem(const char *path, GError **error)
{
    FILE *file = g_fopen(path, "re");

    if (!file)
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: cannot be read (%s)",
                    path, g_strerror(errno));
    return file;
}

// OpenSSL would ask the terminal.
static int has_passphrase(char *buffer G_GNUC_UNUSED, int size G_GNUC_UNUSED,
                          int writes G_GNUC_UNUSED, void *asked)
{
    *(gboolean *)asked = TRUE;
    return -1;
}

// Who else could read the key could sign in the creator's name. Asked of the open file, so that it is the one that is read.
static gboolean check_private(FILE *file, const char *path, GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);
    struct stat info;

    if (fstat(fileno(file), &info) == 0 && !(info.st_mode & (S_IRWXG | S_IRWXO)))
        return TRUE;
    return rushes_pem_fail(error, shown,
                           "other users of this computer may read or change the private key; make "
                           "it yours alone (chmod 600), in your home folder if need be, and try "
                           "again");
}

EVP_PKEY *rushes_pem_read_key(const char *path, GError **error)
{
    gboolean asked = FALSE;
    FILE *file = open_pem(path, error);

    if (!file)
        return NULL;
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, has_passphrase, &asked);
    if (!key)
        rushes_pem_fail(error, path,
                        asked ? "the private key is protected by a passphrase; give a copy without "
                                "one (openssl pkey -in KEY -out COPY)"
                              : "no private key can be read; it has to be in PEM form");
    else if (!check_private(file, path, error))
        g_clear_pointer(&key, EVP_PKEY_free);
    fclose(file);
    return key;
}

GPtrArray *rushes_pem_read_chain(const char *path, GError **error)
{
    FILE *file = open_pem(path, error);
    X509 *certificate;

    if (!file)
        return NULL;
    g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func((GDestroyNotify)X509_free);
    while ((certificate = PEM_read_X509(file, NULL, NULL, NULL))) {
        gboolean is_root = chain->len > 0 && X509_NAME_cmp(X509_get_subject_name(certificate),
                                                           X509_get_issuer_name(certificate)) == 0;
        if (is_root)
            X509_free(certificate);
        else
            g_ptr_array_add(chain, certificate);
    }
    // The end of the file is the only good reason to stop.
    gboolean whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    fclose(file);
    if (chain->len == 0 || !whole) {
        rushes_pem_fail(error, path,
                        chain->len == 0 ? "no certificate can be read; it has to be in PEM form"
                                        : "a certificate is damaged");
        return NULL;
    }
    ERR_clear_error();
    return g_steal_pointer(&chain);
}

X509 *rushes_pem_read_certificate(const char *path)
{
    FILE *file = g_fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file)
        fclose(file);
    return certificate;
}

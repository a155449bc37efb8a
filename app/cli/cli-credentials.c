// SPDX-License-Identifier: GPL-3.0-or-later
// rushes credentials: who signs what leaves the studio, this computer's identity or the creator's own certificate.
#include <stdio.h>

#include "cli/cli.h"
#include "provenance/signer.h"

static int show(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = rushes_signer_folder();
    gboolean is_own = rushes_signer_is_own(folder);
    g_autoptr(RushesIdentity) identity = rushes_signer_open(folder, "Rushes creator", &error);

    if (!identity)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    GBytes *leaf = g_ptr_array_index(rushes_identity_get_chain(identity), 0);
    g_autofree char *name = rushes_identity_describe(leaf),
                    *issuer = rushes_identity_describe_issuer(leaf),
                    *end = rushes_identity_get_end(identity);
    g_autofree char *file = g_build_filename(folder, is_own ? "own.pem" : "leaf.pem", NULL);
    printf("%-10s %s, certified by %s\n", "Signer", name ? name : "unnamed",
           issuer ? issuer : "nobody");
    printf("%-10s %s\n", "Until", end ? end : "an unknown day");
    printf("%-10s %s\n", "Kept in", file);
    if (!is_own) {
        g_autofree char *root = g_build_filename(folder, "root.pem", NULL);
        printf("%-10s this computer's own, which no public list knows; who is to trust it needs "
               "%s\n",
               "Kind", root);
    } else {
        printf("%-10s your own certificate\n", "Kind");
    }
    return RUSHES_EXIT_OK;
}

static int use(const char *certificates, const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = rushes_signer_folder();

    return rushes_signer_adopt(folder, certificates, key, &error)
               ? show()
               : rushes_cli_fail(RUSHES_EXIT_FILE, error);
}

static int reset(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = rushes_signer_folder();

    return rushes_signer_forget(folder, &error) ? show() : rushes_cli_fail(RUSHES_EXIT_FILE, error);
}

static int renew(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = rushes_signer_folder();

    if (!rushes_identity_renew(folder, &error))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    if (rushes_signer_is_own(folder))
        printf("This computer's certificate is new; your own goes on signing what you export.\n");
    return show();
}

int rushes_cli_credentials(int argc, char **argv)
{
    g_auto(GStrv) words = NULL;
    int status = RUSHES_EXIT_OK;
    const GOptionEntry entries[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL,
         "[show | use CERTIFICATES KEY | reset | renew]"},
        G_OPTION_ENTRY_NULL,
    };

    if (!rushes_cli_parse(
            "",
            "Says who signs what you export, and lets it be your own certificate: \"use\" takes a\n"
            "PEM file of certificates, your own first, and one with its private key (ECDSA on\n"
            "P-256); \"reset\" goes back to this computer's identity; \"renew\" makes that a new\n"
            "certificate below the same root when the old one's time is over.",
            entries, &argc, &argv, &status))
        return status;
    guint count = words ? g_strv_length(words) : 0;
    if (count == 0 || (count == 1 && g_str_equal(words[0], "show")))
        return show();
    if (count == 3 && g_str_equal(words[0], "use"))
        return use(words[1], words[2]);
    if (count == 1 && g_str_equal(words[0], "reset"))
        return reset();
    if (count == 1 && g_str_equal(words[0], "renew"))
        return renew();
    rushes_cli_complain("credentials wants show, use CERTIFICATES KEY, reset or renew; rushes "
                        "credentials --help says more");
    return RUSHES_EXIT_USAGE;
}

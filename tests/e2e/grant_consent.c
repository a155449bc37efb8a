// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a consent record that ends within seconds, for test_consent.py: grant_consent SECONDS. Prints its name.
#include <stdio.h>
#include <stdlib.h>

#include "rights/consent-use.h"

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(&error);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();

    if (argc != 2 || !identity)
        return 2;
    g_autoptr(GDateTime) end = g_date_time_add_seconds(now, atoi(argv[1]));
    RushesConsentTerms terms = {
        .person = "Ada Example", .scope = "a short film", .statement = "Yes.", .expires = end};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(folder, identity, &terms, &error);
    if (!consent) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    puts(consent->id);
    return 0;
}

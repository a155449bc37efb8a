// SPDX-License-Identifier: GPL-3.0-or-later
// rushes consent: who agreed to be used as a reference, for what and until when; and taking it back.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "json-file.h"
#include "places.h"
#include "project/library.h"
#include "rights/consent-use.h"
#include "rights/picture-marks.h"

typedef struct Arguments {
    char *person, *scope, *until, *statement, *picture, *project;
    gboolean nobody, json;
    char **words;
} Arguments;

static void arguments_clear(Arguments *self)
{
    char **texts[] = {&self->person,    &self->scope,   &self->until,
                      &self->statement, &self->picture, &self->project};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
    g_clear_pointer(&self->words, g_strfreev);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arguments, arguments_clear)

static const char *state_word(const RushesConsent *consent)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();

    switch (rushes_consent_state(consent, now)) {
    case RUSHES_CONSENT_REVOKED:
        return "revoked";
    case RUSHES_CONSENT_EXPIRED:
        return "ended";
    case RUSHES_CONSENT_NOT_YET:
        return "not yet begun";
    case RUSHES_CONSENT_STANDS:
        break;
    }
    return "stands";
}

static void print_record(const RushesConsent *consent, gboolean json)
{
    if (json) {
        g_autoptr(cJSON) line = cJSON_CreateObject();
        cJSON_AddStringToObject(line, "id", consent->id);
        cJSON_AddStringToObject(line, "person", consent->person);
        cJSON_AddStringToObject(line, "scope", consent->scope);
        cJSON_AddStringToObject(line, "statement", consent->statement);
        cJSON_AddStringToObject(line, "picture_sha256", consent->media_sha256);
        cJSON_AddStringToObject(line, "project", consent->project);
        cJSON_AddStringToObject(line, "granted", consent->granted);
        cJSON_AddStringToObject(line, "expires", consent->expires);
        if (consent->revoked)
            cJSON_AddStringToObject(line, "revoked", consent->revoked);
        cJSON_AddStringToObject(line, "state", state_word(consent));
        char *text = cJSON_PrintUnformatted(line);
        puts(text);
        cJSON_free(text);
        return;
    }
    printf("%s  %s: %s; %s, until %.10s%s%s%s\n", consent->id, consent->person, consent->scope,
           state_word(consent), consent->expires, *consent->media_sha256 ? "; for one picture" : "",
           *consent->project ? "; for the project " : "", consent->project);
}

static int list_records(gboolean json)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) all = rushes_consent_find_all(problems);

    for (guint i = 0; i < all->len; i++)
        print_record(g_ptr_array_index(all, i), json);
    for (guint i = 0; i < problems->len; i++)
        rushes_cli_complain(g_ptr_array_index(problems, i));
    return problems->len ? RUSHES_EXIT_FILE : RUSHES_EXIT_OK;
}

static int add_record(const Arguments *a)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = rushes_consent_folder();
    g_autofree char *project = a->project ? rushes_places_project_name(a->project) : NULL;
    g_autofree char *hash = NULL;

    if (!a->person || !a->scope || !a->until || !a->statement) {
        rushes_cli_complain("consent add wants --person, --scope, --until and --statement");
        return RUSHES_EXIT_USAGE;
    }
    g_autoptr(GDateTime) expires = rushes_consent_parse_day(a->until);
    if (!expires) {
        rushes_cli_complain("--until wants a day that exists, as in 2027-06-30");
        return RUSHES_EXIT_USAGE;
    }
    if (a->picture && !(hash = rushes_picture_hash(a->picture, &error)))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(&error);
    if (!identity)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    RushesConsentTerms terms = {.person = a->person,
                                .scope = a->scope,
                                .statement = a->statement,
                                .media_sha256 = hash,
                                .project = project,
                                .expires = expires};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(folder, identity, &terms, &error);
    if (!consent)
        return rushes_cli_fail(
            error->domain == RUSHES_PROVENANCE_ERROR ? RUSHES_EXIT_USAGE : RUSHES_EXIT_FILE, error);
    if (hash && !rushes_picture_marks_set(hash, RUSHES_PICTURE_PERSON, consent->id, &error))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    puts(consent->id);
    return RUSHES_EXIT_OK;
}

// Every take of the library's projects that used it.
static int print_uses(const char *id, GError **error)
{
    g_autofree char *path = rushes_library_default_path();
    g_autoptr(RushesLibrary) library = rushes_library_open(path, error);

    if (!library)
        return -1;
    g_auto(GStrv) projects = rushes_library_list_projects(library);
    g_autoptr(GPtrArray) uses = rushes_consent_list_uses(id, (const char *const *)projects);
    for (guint i = 0; i < uses->len; i++) {
        const RushesConsentUse *use = g_ptr_array_index(uses, i);
        printf("%s: take %d (%s): %s\n", use->project, use->number, use->take, use->prompt);
    }
    return (int)uses->len;
}

static int show_record(const char *id, gboolean json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RushesConsent) consent = rushes_consent_find(id, &error);

    if (!consent)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    print_record(consent, json);
    if (json)
        return RUSHES_EXIT_OK;
    printf("\"%s\"\n", consent->statement);
    return print_uses(id, &error) < 0 ? rushes_cli_fail(RUSHES_EXIT_FILE, error) : RUSHES_EXIT_OK;
}

static int revoke_record(const char *id)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesConsent) consent = rushes_consent_find(id, &error);
    g_autoptr(RushesIdentity) identity = consent ? rushes_consent_open_identity(&error) : NULL;

    if (!identity || !rushes_consent_revoke(folder, identity, id, &error))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    int uses = print_uses(id, &error);
    if (uses < 0)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    fprintf(stderr, "rushes: The consent of %s is revoked; %d %s made under it.\n", consent->person,
            uses, uses == 1 ? "take was" : "takes were");
    return RUSHES_EXIT_OK;
}

static int mark_picture(const Arguments *a, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *hash = rushes_picture_hash(path, &error);

    if (!hash || !rushes_picture_marks_set(
                     hash, a->nobody ? RUSHES_PICTURE_NOBODY : RUSHES_PICTURE_PERSON, NULL, &error))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    printf("%s: %s\n", path, a->nobody ? "nobody" : "a person");
    return RUSHES_EXIT_OK;
}

int rushes_cli_consent(int argc, char **argv)
{
    g_auto(Arguments) a = {0};
    int status = RUSHES_EXIT_OK;
    const GOptionEntry entries[] = {
        {"person", 0, 0, G_OPTION_ARG_STRING, &a.person, "add: who agrees", "NAME"},
        {"scope", 0, 0, G_OPTION_ARG_STRING, &a.scope, "add: for what", "WORDS"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &a.until, "add: the last day", "YYYY-MM-DD"},
        {"statement", 0, 0, G_OPTION_ARG_STRING, &a.statement, "add: in the person's own words",
         "WORDS"},
        {"picture", 0, 0, G_OPTION_ARG_FILENAME, &a.picture,
         "add: for this one picture only (any picture of the person)", "FILE"},
        {"project", 0, 0, G_OPTION_ARG_FILENAME, &a.project,
         "add: for this one project only (any project)", "PROJECT"},
        {"nobody", 0, 0, G_OPTION_ARG_NONE, &a.nobody, "mark: the picture shows nobody", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &a.json, "list, show: JSON lines", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a.words, NULL,
         "list | add | show ID | revoke ID | mark PICTURE"},
        G_OPTION_ENTRY_NULL,
    };

    if (!rushes_cli_parse("", "Keeps the signed records of who agreed to be used as a reference.",
                          entries, &argc, &argv, &status))
        return status;
    const char *verb = a.words ? a.words[0] : "";
    guint count = a.words ? g_strv_length(a.words) : 0;
    if (g_str_equal(verb, "list") && count == 1)
        return list_records(a.json);
    if (g_str_equal(verb, "add") && count == 1)
        return add_record(&a);
    if (g_str_equal(verb, "show") && count == 2)
        return show_record(a.words[1], a.json);
    if (g_str_equal(verb, "revoke") && count == 2)
        return revoke_record(a.words[1]);
    if (g_str_equal(verb, "mark") && count == 2)
        return mark_picture(&a, a.words[1]);
    rushes_cli_complain(
        "consent wants list, add, show ID, revoke ID or mark PICTURE; rushes consent "
        "--help says more");
    return RUSHES_EXIT_USAGE;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/consent-use.h"

#include <string.h>

#include "places.h"
#include "rights/picture-marks.h"
#include "rushes-error.h"

#define SHARED_FOLDER "consent" // in a project that was shared

char *rushes_consent_folder(void)
{
    return rushes_places_user_folder("consents");
}

RushesIdentity *rushes_consent_open_identity(GError **error)
{
    g_autofree char *folder = rushes_places_user_folder("identity");

    return rushes_identity_open(folder, "Rushes creator", error);
}

static gboolean is_own(const RushesConsent *consent)
{
    g_autofree char *identity = rushes_places_user_folder("identity");

    return rushes_identity_owns(identity, consent->certificate);
}

static char *foreign_sentence(const RushesConsent *consent)
{
    return g_strdup_printf("The consent record %s of %s was not signed on this computer, so it "
                           "counts as no consent; ask the person again",
                           consent->id, consent->person);
}

RushesConsent *rushes_consent_find(const char *id, GError **error)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesConsent) consent = rushes_consent_read(folder, id, error);

    if (consent && !is_own(consent)) {
        g_autofree char *sentence = foreign_sentence(consent);
        g_set_error_literal(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, sentence);
        return NULL;
    }
    return g_steal_pointer(&consent);
}

GPtrArray *rushes_consent_find_all(GPtrArray *problems)
{
    g_autofree char *folder = rushes_consent_folder();
    GPtrArray *list = rushes_consent_list(folder, problems);

    for (guint i = list->len; i > 0; i--) {
        RushesConsent *consent = g_ptr_array_index(list, i - 1);
        if (is_own(consent))
            continue;
        if (problems)
            g_ptr_array_add(problems, foreign_sentence(consent));
        g_ptr_array_remove_index(list, i - 1);
    }
    return list;
}

static gboolean refuse(GError **error, const char *sentence)
{
    g_set_error_literal(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, sentence);
    return FALSE;
}

gboolean rushes_consent_allow_job(const RushesRecipe *recipe, const char *project, GError **error)
{
    RushesPictureMark mark = RUSHES_PICTURE_UNMARKED;
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *name = rushes_places_project_name(project);

    if (!recipe->picture_sha256 && !recipe->shows_person)
        return TRUE;
    if (recipe->picture_sha256 &&
        !rushes_picture_marks_get(recipe->picture_sha256, &mark, NULL, error))
        return FALSE;
    if (!recipe->shows_person && mark != RUSHES_PICTURE_PERSON)
        return TRUE;
    if (!recipe->consent)
        return refuse(error,
                      "The reference picture shows a person and has no consent record; write "
                      "down the person's consent, or use another picture");
    g_autoptr(RushesConsent) consent = rushes_consent_find(recipe->consent, error);
    return consent && rushes_consent_allows(consent, recipe->picture_sha256, name, now, error);
}

// TRUE when another record of the same person stands for the same use.
static gboolean is_renewed(const RushesConsent *ended, const RushesRecipe *recipe, const char *name,
                           GDateTime *now)
{
    g_autoptr(GPtrArray) all = rushes_consent_find_all(NULL);
    g_autofree char *person = g_utf8_casefold(ended->person, -1);

    for (guint i = 0; i < all->len; i++) {
        const RushesConsent *other = g_ptr_array_index(all, i);
        g_autofree char *who = g_utf8_casefold(other->person, -1);
        if (g_str_equal(who, person) &&
            rushes_consent_allows(other, recipe->picture_sha256, name, now, NULL))
            return TRUE;
    }
    return FALSE;
}

// The record of this machine, or the one that came along with a shared project.
static RushesConsent *find_or_shared(const char *id, const char *project, GError **error)
{
    GError *failure = NULL;
    RushesConsent *consent = rushes_consent_find(id, &failure);

    if (!consent && project) {
        g_autofree char *shared = g_build_filename(project, SHARED_FOLDER, NULL);
        consent = rushes_consent_read(shared, id, NULL);
    }
    if (consent)
        g_clear_error(&failure);
    else
        g_propagate_error(error, failure);
    return consent;
}

static gboolean has_ended(const RushesConsent *consent, const RushesRecipe *recipe,
                          const char *name, GDateTime *now)
{
    return !consent->revoked && rushes_consent_state(consent, now) == RUSHES_CONSENT_EXPIRED &&
           !is_renewed(consent, recipe, name, now);
}

char *rushes_consent_find_end(const RushesRecipe *recipe, const char *project)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *name = rushes_places_project_name(project);
    g_autoptr(RushesConsent) consent =
        recipe->consent ? find_or_shared(recipe->consent, project, NULL) : NULL;

    return consent && has_ended(consent, recipe, name, now) ? g_strdup(consent->expires) : NULL;
}

gboolean rushes_consent_allow_take(const RushesRecipe *recipe, const char *project, char **warning,
                                   GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *name = rushes_places_project_name(project);
    g_autoptr(GError) failure = NULL;

    if (warning)
        *warning = NULL;
    if (!recipe->consent)
        return !recipe->shows_person ||
               refuse(error,
                      "It shows a person and names no consent record; make it again with the "
                      "person's consent");
    g_autoptr(RushesConsent) consent = find_or_shared(recipe->consent, project, &failure);
    if (!consent) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (consent->revoked && !is_renewed(consent, recipe, name, now)) {
        g_autofree char *sentence = g_strdup_printf(
            "%s revoked on %.10s the consent that it was made under; leave it out, or write down a "
            "new consent of %s for it",
            consent->person, consent->revoked, consent->person);
        return refuse(error, sentence);
    }
    if (warning && has_ended(consent, recipe, name, now))
        *warning = g_strdup_printf("The consent of %s ended on %.10s; ask whether what was made "
                                   "before may still be published",
                                   consent->person, consent->expires);
    return TRUE;
}

// ---- where a record was used ----
void rushes_consent_use_free(RushesConsentUse *use)
{
    g_free(use->project);
    g_free(use->take);
    g_free(use->prompt);
    g_free(use);
}

static int by_project_and_number(gconstpointer a, gconstpointer b)
{
    const RushesConsentUse *one = *(RushesConsentUse *const *)a,
                           *other = *(RushesConsentUse *const *)b;
    int order = strcmp(one->project, other->project);

    return order ? order : one->number - other->number;
}

GPtrArray *rushes_consent_list_uses(const char *id, const char *const *projects)
{
    GPtrArray *uses = g_ptr_array_new_with_free_func((GDestroyNotify)rushes_consent_use_free);

    for (; projects && *projects; projects++) {
        g_autofree char *takes = g_build_filename(*projects, "takes", NULL);
        g_autoptr(GDir) dir = g_dir_open(takes, 0, NULL);
        const char *name;
        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *path = g_build_filename(takes, name, "take.json", NULL);
            g_autoptr(cJSON) take = rushes_json_file_read(path, NULL);
            const cJSON *recipe = cJSON_GetObjectItemCaseSensitive(take, "recipe");
            const cJSON *consent = cJSON_GetObjectItemCaseSensitive(recipe, "consent");
            if (g_strcmp0(rushes_json_string(consent, "record", NULL), id) != 0)
                continue;
            RushesConsentUse *use = g_new0(RushesConsentUse, 1);
            use->project = g_strdup(*projects);
            use->take = g_strdup(name);
            use->number = rushes_json_int(take, "number", 1, 1000000, 1);
            use->prompt = g_strdup(rushes_json_string(recipe, "prompt", ""));
            g_ptr_array_add(uses, use);
        }
    }
    g_ptr_array_sort(uses, by_project_and_number);
    return uses;
}

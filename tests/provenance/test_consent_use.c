// SPDX-License-Identifier: GPL-3.0-or-later
//
// What consent means for jobs and takes: a person is shown only while a record of this machine stands for this use.
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "project/project.h"
#include "rights/consent-use.h"
#include "rights/picture-marks.h"
#include "scratch.h"
#include "tap.h"

#define PICTURE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER   "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char *place;

static char *record(const char *person, const char *picture, const char *project)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) later = g_date_time_add_days(now, 30);
    RushesConsentTerms terms = {.person = person,
                                .scope = "a short film",
                                .statement = "You may use my face in it.",
                                .media_sha256 = picture,
                                .project = project,
                                .expires = later};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(folder, identity, &terms, NULL);

    g_assert_nonnull(consent);
    return g_strdup(consent->id);
}

static void take_back(const char *id)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(NULL);

    g_assert_true(rushes_consent_revoke(folder, identity, id, NULL));
}

static RushesRecipe *recipe_of(const char *picture, const char *id)
{
    RushesRecipe *recipe = rushes_recipe_new();

    recipe->picture_sha256 = g_strdup(picture);
    recipe->consent = g_strdup(id);
    recipe->shows_person = id != NULL;
    return recipe;
}

// The sentence of a refused job, or NULL; owned by the caller.
static char *refusal(const RushesRecipe *recipe, const char *project)
{
    g_autoptr(GError) error = NULL;

    return rushes_consent_allow_job(recipe, project, &error) ? NULL : g_strdup(error->message);
}

static char *take_refusal(const RushesRecipe *recipe, const char *project)
{
    g_autoptr(GError) error = NULL;

    return rushes_consent_allow_take(recipe, project, NULL, &error) ? NULL
                                                                    : g_strdup(error->message);
}

static gboolean says(char *sentence, const char *words)
{
    gboolean found = sentence && strstr(sentence, words);

    if (!found)
        printf("# said: %s\n", sentence ? sentence : "nothing");
    g_free(sentence);
    return found;
}

static void a_picture_keeps_its_mark(void)
{
    RushesPictureMark mark = RUSHES_PICTURE_PERSON;
    g_autofree char *id = NULL;

    CHECK(rushes_picture_marks_get(PICTURE, &mark, &id, NULL) && mark == RUSHES_PICTURE_UNMARKED);
    CHECK(rushes_picture_marks_set(PICTURE, RUSHES_PICTURE_PERSON, "abc", NULL));
    CHECK(rushes_picture_marks_set(OTHER, RUSHES_PICTURE_NOBODY, NULL, NULL));
    CHECK(rushes_picture_marks_get(PICTURE, &mark, &id, NULL) && mark == RUSHES_PICTURE_PERSON);
    CHECK(g_strcmp0(id, "abc") == 0);
    CHECK(rushes_picture_marks_get(OTHER, &mark, NULL, NULL) && mark == RUSHES_PICTURE_NOBODY);
    CHECK(rushes_picture_marks_set(PICTURE, RUSHES_PICTURE_UNMARKED, NULL, NULL));
    CHECK(rushes_picture_marks_get(PICTURE, &mark, NULL, NULL) && mark == RUSHES_PICTURE_UNMARKED);
}

static void the_same_file_has_the_same_hash_and_a_pipe_has_none(void)
{
    g_autofree char *one = g_build_filename(place, "one.png", NULL);
    g_autofree char *two = g_build_filename(place, "two.png", NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(one, "abc", 3, NULL);
    g_file_set_contents(two, "abc", 3, NULL);
    g_autofree char *first = rushes_picture_hash(one, NULL);
    g_autofree char *second = rushes_picture_hash(two, NULL);
    CHECK(g_strcmp0(first, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") ==
          0);
    CHECK(g_strcmp0(first, second) == 0);
    CHECK(!rushes_picture_hash(place, &error) && error);
}

static void marks_that_cannot_be_read_allow_no_picture(void)
{
    g_autofree char *path = rushes_places_user_folder("pictures.json");
    g_autofree char *before = NULL;
    g_autoptr(RushesRecipe) recipe = recipe_of(PICTURE, NULL);

    CHECK(g_file_get_contents(path, &before, NULL, NULL));
    CHECK(g_file_set_contents(path, "{ not json", -1, NULL));
    CHECK(says(refusal(recipe, NULL), "pictures.json"));
    CHECK(g_file_set_contents(path, before, -1, NULL));
    CHECK(refusal(recipe, NULL) == NULL);
}

static void a_person_needs_a_record(void)
{
    g_autoptr(RushesRecipe) recipe = recipe_of(PICTURE, NULL);
    g_autofree char *id = record("Ada Example", NULL, NULL);

    CHECK(refusal(recipe, NULL) == NULL); // nobody is on it
    rushes_picture_marks_set(PICTURE, RUSHES_PICTURE_PERSON, NULL, NULL);
    CHECK(says(refusal(recipe, NULL), "no consent record"));
    recipe->consent = g_strdup(id);
    CHECK(refusal(recipe, NULL) == NULL);
    rushes_picture_marks_set(PICTURE, RUSHES_PICTURE_UNMARKED, NULL, NULL);
    g_clear_pointer(&recipe->consent, g_free);
    recipe->shows_person = TRUE; // said in the recipe instead
    CHECK(says(refusal(recipe, NULL), "no consent record"));
}

static void a_record_is_for_its_picture_and_its_project_only(void)
{
    g_autofree char *picture = record("Ada Example", PICTURE, NULL);
    g_autofree char *project = record("Ada Example", NULL, "Picnic");
    g_autoptr(RushesRecipe) right = recipe_of(PICTURE, picture), wrong = recipe_of(OTHER, picture);
    g_autoptr(RushesRecipe) bound = recipe_of(PICTURE, project);

    CHECK(refusal(right, NULL) == NULL);
    CHECK(says(refusal(wrong, NULL), "another picture"));
    CHECK(refusal(bound, "/somewhere/Picnic.rushes") == NULL);
    CHECK(says(refusal(bound, "/somewhere/Other.rushes"), "project \"Picnic\" only"));
    CHECK(says(refusal(bound, NULL), "project \"Picnic\" only"));
}

static void a_record_that_is_not_there_counts_as_none(void)
{
    g_autofree char *id = g_uuid_string_random();
    g_autoptr(RushesRecipe) recipe = recipe_of(PICTURE, id);

    CHECK(says(refusal(recipe, NULL), "no consent record"));
    CHECK(says(take_refusal(recipe, NULL), "no consent record"));
}

// Whoever edits a record can sign it again, but not with this machine's key.
static void a_record_signed_elsewhere_counts_as_none(void)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autofree char *keys = g_build_filename(place, "stranger", NULL);
    g_autoptr(RushesIdentity) stranger = rushes_identity_open(keys, "Stranger", NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) later = g_date_time_add_days(now, 30);
    RushesConsentTerms terms = {
        .person = "Eve", .scope = "all", .statement = "Yes.", .expires = later};
    g_autoptr(RushesConsent) forged = rushes_consent_grant(folder, stranger, &terms, NULL);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    g_assert_nonnull(forged);
    g_autoptr(RushesRecipe) recipe = recipe_of(PICTURE, forged->id);
    CHECK(says(refusal(recipe, NULL), "not signed on this computer"));
    g_autoptr(GPtrArray) all = rushes_consent_find_all(problems);
    CHECK(problems->len == 1);
    for (guint i = 0; i < all->len; i++)
        CHECK(!g_str_equal(((RushesConsent *)all->pdata[i])->person, "Eve"));
}

static void a_revoked_record_holds_back_jobs_and_takes_until_it_is_renewed(void)
{
    g_autofree char *id = record("Bea Example", PICTURE, NULL);
    g_autoptr(RushesRecipe) recipe = recipe_of(PICTURE, id);

    CHECK(take_refusal(recipe, NULL) == NULL);
    take_back(id);
    CHECK(says(refusal(recipe, NULL), "revoked"));
    CHECK(says(take_refusal(recipe, NULL), "Bea Example revoked"));
    g_autofree char *elsewhere = record("Bea Example", OTHER, NULL);
    CHECK(says(take_refusal(recipe, NULL), "revoked")); // that one is for another picture
    g_autofree char *again = record("bea example", PICTURE, NULL);
    CHECK(take_refusal(recipe, NULL) == NULL);
    CHECK(says(refusal(recipe, NULL), "revoked")); // a new take names the new record
}

static void a_shared_project_brings_its_records(void)
{
    g_autofree char *project = g_build_filename(place, "Guest.rushes", NULL);
    g_autofree char *shared = g_build_filename(project, "consent", NULL);
    g_autofree char *keys = g_build_filename(place, "colleague", NULL);
    g_autoptr(RushesIdentity) colleague = rushes_identity_open(keys, "Colleague", NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) later = g_date_time_add_days(now, 30);
    RushesConsentTerms terms = {
        .person = "Cleo", .scope = "all", .statement = "Yes.", .expires = later};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(shared, colleague, &terms, NULL);

    g_assert_nonnull(consent);
    g_autoptr(RushesRecipe) recipe = recipe_of(PICTURE, consent->id);
    CHECK(take_refusal(recipe, project) == NULL);
    CHECK(
        says(refusal(recipe, project), "no consent record")); // new takes want one of this machine
    g_assert_true(rushes_consent_revoke(shared, colleague, consent->id, NULL));
    CHECK(says(take_refusal(recipe, project), "Cleo revoked"));
}

// A record of a second, waited for until its time is over.
static char *ended_record(const char *person)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) soon = g_date_time_add_seconds(now, 1);
    RushesConsentTerms terms = {
        .person = person, .scope = "a short film", .statement = "Yes.", .expires = soon};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(folder, identity, &terms, NULL);

    g_assert_nonnull(consent);
    for (;;) {
        g_autoptr(GDateTime) later = g_date_time_new_now_utc();
        if (rushes_consent_state(consent, later) == RUSHES_CONSENT_EXPIRED)
            return g_strdup(consent->id);
        g_usleep(20000);
    }
}

static void a_take_whose_record_ended_is_published_with_its_end_until_it_is_renewed(void)
{
    g_autofree char *id = ended_record("Eve Example");
    g_autoptr(RushesRecipe) recipe = recipe_of(PICTURE, id);
    g_autofree char *warning = NULL;

    CHECK(says(refusal(recipe, NULL), "ended"));
    CHECK(rushes_consent_allow_take(recipe, NULL, &warning, NULL));
    CHECK(warning && strstr(warning, "Eve Example ended on"));
    g_autofree char *end = rushes_consent_find_end(recipe, NULL);
    CHECK(end && strstr(warning, "ended on") &&
          strncmp(strstr(warning, "ended on") + 9, end, 10) == 0);
    g_autofree char *renewed = record("Eve Example", NULL, NULL);
    g_autofree char *none = rushes_consent_find_end(recipe, NULL);
    CHECK(none == NULL);
    g_autofree char *quiet = NULL;
    CHECK(rushes_consent_allow_take(recipe, NULL, &quiet, NULL) && quiet == NULL);
}

static void every_take_made_under_a_record_is_listed(void)
{
    g_autofree char *id = record("Dora Example", NULL, NULL);
    g_autofree char *one = g_build_filename(place, "A.rushes", NULL);
    g_autofree char *two = g_build_filename(place, "B.rushes", NULL);
    const char *projects[] = {two, one, "/nowhere/Gone.rushes", NULL};
    g_autoptr(RushesRecipe) with = recipe_of(PICTURE, id), without = recipe_of(PICTURE, NULL);

    for (guint i = 0; i < 2; i++) {
        g_autoptr(RushesProject) project = rushes_project_create(projects[i], NULL);
        g_assert_nonnull(project);
        g_assert_nonnull(rushes_project_add_take(project, without, NULL, NULL));
        g_assert_nonnull(rushes_project_add_take(project, with, NULL, NULL));
    }
    g_autoptr(GPtrArray) uses = rushes_consent_list_uses(id, projects);
    CHECK(uses->len == 2);
    CHECK(g_str_equal(((RushesConsentUse *)uses->pdata[0])->project, one));
    CHECK(((RushesConsentUse *)uses->pdata[1])->number == 2);
}

static void a_take_keeps_its_record_when_the_worker_hands_the_job_back(void)
{
    g_autofree char *project_path = g_build_filename(place, "Kept.rushes", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(project_path, NULL);
    g_autofree char *id = record("Ada Example", NULL, NULL);
    g_autoptr(RushesRecipe) recipe = recipe_of(PICTURE, id), accepted = rushes_recipe_new();
    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);

    rushes_take_set_recipe(take, accepted);
    g_assert_true(rushes_take_save(take, NULL));
    g_autoptr(RushesTake) loaded = rushes_take_load(rushes_take_get_folder(take), NULL);
    CHECK(g_strcmp0(rushes_take_get_recipe(loaded)->consent, id) == 0);
    CHECK(g_strcmp0(rushes_take_get_recipe(loaded)->picture_sha256, PICTURE) == 0);
    CHECK(rushes_take_get_recipe(loaded)->shows_person);
}

int main(void)
{
    scratch_begin();
    place = g_dir_make_tmp("rushes-consent-XXXXXX", NULL);
    g_setenv("XDG_DATA_HOME", place, TRUE); // read by GLib on first use
    TAP_RUN(a_picture_keeps_its_mark);
    TAP_RUN(the_same_file_has_the_same_hash_and_a_pipe_has_none);
    TAP_RUN(marks_that_cannot_be_read_allow_no_picture);
    TAP_RUN(a_person_needs_a_record);
    TAP_RUN(a_record_is_for_its_picture_and_its_project_only);
    TAP_RUN(a_record_that_is_not_there_counts_as_none);
    TAP_RUN(a_record_signed_elsewhere_counts_as_none);
    TAP_RUN(a_revoked_record_holds_back_jobs_and_takes_until_it_is_renewed);
    TAP_RUN(a_take_whose_record_ended_is_published_with_its_end_until_it_is_renewed);
    TAP_RUN(a_shared_project_brings_its_records);
    TAP_RUN(every_take_made_under_a_record_is_listed);
    TAP_RUN(a_take_keeps_its_record_when_the_worker_hands_the_job_back);
    g_free(place);
    return scratch_end(tap_done());
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// The queue against a test double of the worker (tests/gui/fake-engine): what it does when jobs end
// well, are cancelled, paused, and when the worker dies, hangs or refuses.
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <signal.h>
#include <string.h>

#include "queue/queue.h"
#include "rights/consent-use.h"
#include "rights/rights-sources.h"
#include "scratch.h"

// Only what hangs takes longer: one write to a slow disk can take half a minute.
#define HANGS_US (120 * G_USEC_PER_SEC)

typedef struct Fixture {
    char *scratch;
    RushesProject *project;
    RushesLibrary *library;
    RushesQueue *queue;
    GPtrArray *notices;
} Fixture;

static void on_notice(RushesQueue *queue, const char *sentence, GPtrArray *notices)
{
    g_ptr_array_add(notices, g_strdup(sentence));
}

static void fixture_start(Fixture *fixture)
{
    g_autofree char *path = g_build_filename(fixture->scratch, "library.db", NULL);
    fixture->library = rushes_library_open(path, NULL);
    fixture->queue = rushes_queue_new(fixture->library);
    g_signal_connect(fixture->queue, "notice", G_CALLBACK(on_notice), fixture->notices);
    rushes_queue_attach_project(fixture->queue, fixture->project);
    rushes_queue_start(fixture->queue);
}

static void fixture_stop(Fixture *fixture)
{
    rushes_queue_stop(fixture->queue);
    while (rushes_engine_client_is_running(rushes_queue_get_engine(fixture->queue)))
        g_main_context_iteration(NULL, TRUE);
    g_clear_object(&fixture->queue);
    g_clear_object(&fixture->library);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    static const char *const variables[] = {"FAKE_CRASH", "FAKE_CRASH_ONCE", "FAKE_ERROR",
                                            "FAKE_HOLD"};
    for (guint i = 0; i < G_N_ELEMENTS(variables); i++)
        g_unsetenv(variables[i]);
    g_setenv("FAKE_STEP_MS", "20", TRUE);
    g_setenv("FAKE_FRAME_MS", "0", TRUE);
    fixture->scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    fixture->notices = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = g_build_filename(fixture->scratch, "Film.rushes", NULL);
    fixture->project = rushes_project_create(folder, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    if (fixture->queue)
        fixture_stop(fixture);
    g_clear_object(&fixture->project);
    g_ptr_array_unref(fixture->notices);
    g_free(fixture->scratch);
}

static RushesTake *add_job(Fixture *fixture, const char *prompt)
{
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    g_autoptr(GError) error = NULL;

    g_free(recipe->prompt);
    recipe->prompt = g_strdup(prompt);
    RushesTake *take = rushes_project_add_take(fixture->project, recipe, NULL, &error);
    g_assert_no_error(error);
    rushes_queue_add(fixture->queue, fixture->project, take, FALSE, &error);
    g_assert_no_error(error);
    return take;
}

static void wait_for_state(RushesTake *take, RushesTakeState state)
{
    gint64 end = g_get_monotonic_time() + HANGS_US;
    while (rushes_take_get_state(take) != state) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(500);
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

static void wait_for_stage(RushesTake *take, const char *words)
{
    gint64 end = g_get_monotonic_time() + HANGS_US;
    while (!strstr(rushes_take_get_stage(take), words)) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(500);
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

static int read_accepted_step(RushesTake *take)
{
    g_autofree char *path =
        g_build_filename(rushes_take_get_folder(take), "step.safetensors", NULL);
    g_autofree char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? atoi(text) : 0;
}

static void jobs_run_in_order_and_leave_playable_takes(Fixture *fixture, gconstpointer data)
{
    fixture_start(fixture);
    RushesTake *first = add_job(fixture, "one"), *second = add_job(fixture, "two");

    wait_for_state(first, RUSHES_TAKE_DONE);
    g_assert_cmpint(rushes_take_get_state(second), !=, RUSHES_TAKE_DONE);
    wait_for_state(second, RUSHES_TAKE_DONE);
    g_assert_true(rushes_take_is_playable(first));
    RushesFrameFormat format;
    rushes_frame_source_get_format(rushes_take_get_source(first), &format);
    g_assert_cmpint(format.ready, ==, 25);
    g_assert_cmpint(format.rate, ==, 16000);
    g_assert_cmpint(rushes_take_get_recipe(first)->steps, ==, 8); // the model's default, filled in
    g_assert_cmpuint(g_list_model_get_n_items(G_LIST_MODEL(fixture->queue)), ==, 0);
    g_assert_cmpuint(fixture->notices->len, ==, 0);
}

// Held at its second step, it would never end by itself.
static void cancel_ends_a_job_before_its_next_step(Fixture *fixture, gconstpointer data)
{
    g_autofree char *hold = g_build_filename(fixture->scratch, "hold", NULL);

    g_assert_true(g_file_set_contents(hold, "stay", -1, NULL));
    g_setenv("FAKE_HOLD", hold, TRUE);
    fixture_start(fixture);
    RushesTake *take = add_job(fixture, "one");

    wait_for_stage(take, "step 2");
    rushes_queue_cancel(fixture->queue, rushes_queue_get_running(fixture->queue));
    wait_for_state(take, RUSHES_TAKE_CANCELLED);
    g_assert_cmpint(read_accepted_step(take), ==, 2);
    g_assert_cmpuint(g_list_model_get_n_items(G_LIST_MODEL(fixture->queue)), ==, 0);
}

static void a_paused_job_goes_on_from_its_step(Fixture *fixture, gconstpointer data)
{
    g_setenv("FAKE_STEP_MS", "60", TRUE);
    fixture_start(fixture);
    RushesTake *take = add_job(fixture, "one");

    wait_for_stage(take, "step 3");
    RushesQueueItem *item = rushes_queue_get_running(fixture->queue);
    rushes_queue_pause_item(fixture->queue, item, TRUE);
    wait_for_state(take, RUSHES_TAKE_PAUSED);
    int step = read_accepted_step(take);
    g_assert_cmpint(step, >=, 3);
    rushes_queue_pause_item(fixture->queue, item, FALSE);
    wait_for_state(take, RUSHES_TAKE_DONE);
}

static void a_dead_worker_is_started_again(Fixture *fixture, gconstpointer data)
{
    g_autofree char *once = g_build_filename(fixture->scratch, "crashed", NULL);
    g_setenv("FAKE_CRASH", data, TRUE);
    g_setenv("FAKE_CRASH_ONCE", once, TRUE);
    fixture_start(fixture);
    RushesTake *take = add_job(fixture, "one"), *next = add_job(fixture, "two");

    wait_for_state(take, RUSHES_TAKE_DONE);
    wait_for_state(next, RUSHES_TAKE_DONE);
    g_assert_true(g_file_test(once, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(fixture->notices->len, ==, 1);
    g_assert_nonnull(strstr(fixture->notices->pdata[0], "last finished step"));
}

static void a_job_that_kills_the_worker_again_and_again_fails(Fixture *fixture, gconstpointer data)
{
    g_setenv("FAKE_CRASH", "decode", TRUE);
    fixture_start(fixture);
    RushesTake *take = add_job(fixture, "one");

    wait_for_state(take, RUSHES_TAKE_FAILED);
    g_assert_nonnull(rushes_take_get_error(take));
    g_assert_cmpuint(g_list_model_get_n_items(G_LIST_MODEL(fixture->queue)), ==, 0);
}

static void a_lost_device_is_named_and_the_take_goes_on(Fixture *fixture, gconstpointer data)
{
    g_setenv("FAKE_ERROR", "device", TRUE);
    fixture_start(fixture);
    RushesTake *take = add_job(fixture, "one");

    wait_for_state(take, RUSHES_TAKE_INTERRUPTED);
    wait_for_state(take, RUSHES_TAKE_FAILED); // with the third device that is lost
    g_assert_nonnull(strstr(fixture->notices->pdata[0], "asked for this failure. The worker is"));
    g_assert_nonnull(strstr(fixture->notices->pdata[0], "last finished step"));
}

static void a_hung_worker_is_killed(Fixture *fixture, gconstpointer data)
{
    g_setenv("FAKE_STEP_MS", "3000", TRUE);
    fixture_start(fixture);
    rushes_queue_set_watchdog(fixture->queue, 1);
    RushesTake *take = add_job(fixture, "one");

    wait_for_state(take, RUSHES_TAKE_RUNNING);
    wait_for_state(take, RUSHES_TAKE_INTERRUPTED);
    g_assert_nonnull(strstr(fixture->notices->pdata[0], "too long"));
}

static void a_hung_worker_does_not_keep_a_take_from_being_cancelled(Fixture *fixture,
                                                                    gconstpointer data)
{
    g_setenv("FAKE_STEP_MS", "3000", TRUE);
    fixture_start(fixture);
    RushesTake *one = add_job(fixture, "one");

    wait_for_state(one, RUSHES_TAKE_RUNNING);
    kill(rushes_engine_client_get_pid(rushes_queue_get_engine(fixture->queue)), SIGSTOP);
    rushes_queue_cancel(fixture->queue, rushes_queue_get_running(fixture->queue));
    wait_for_state(one, RUSHES_TAKE_CANCELLED);
    g_assert_cmpuint(g_list_model_get_n_items(G_LIST_MODEL(fixture->queue)), ==, 0);
    RushesTake *two = add_job(fixture, "two");
    wait_for_state(two, RUSHES_TAKE_RUNNING); // by another worker
}

static void a_full_disk_pauses_the_queue_and_what_ran_goes_on_with_it(Fixture *fixture,
                                                                      gconstpointer data)
{
    g_setenv("FAKE_ERROR", "disk_full", TRUE);
    fixture_start(fixture);
    RushesTake *take = add_job(fixture, "one");

    wait_for_state(take, RUSHES_TAKE_INTERRUPTED);
    g_assert_nonnull(rushes_take_get_error(take));
    g_assert_true(rushes_queue_get_paused(fixture->queue));
    g_assert_cmpuint(g_list_model_get_n_items(G_LIST_MODEL(fixture->queue)), ==, 1);
    rushes_queue_set_paused(fixture->queue, FALSE);
    wait_for_state(take, RUSHES_TAKE_RUNNING);
}

static void order_and_jobs_survive_a_restart(Fixture *fixture, gconstpointer data)
{
    fixture_start(fixture);
    rushes_queue_set_paused(fixture->queue, TRUE);
    RushesTake *one = add_job(fixture, "one"), *two = add_job(fixture, "two");
    RushesTake *three = add_job(fixture, "three");
    g_autoptr(RushesQueueItem) last = g_list_model_get_item(G_LIST_MODEL(fixture->queue), 2);
    g_assert_true(rushes_queue_move(fixture->queue, last, 0, NULL));
    fixture_stop(fixture);

    fixture_start(fixture);
    const char *expected[] = {rushes_take_get_id(three), rushes_take_get_id(one),
                              rushes_take_get_id(two)};
    g_assert_cmpuint(g_list_model_get_n_items(G_LIST_MODEL(fixture->queue)), ==, 3);
    for (guint i = 0; i < 3; i++) {
        g_autoptr(RushesQueueItem) item = g_list_model_get_item(G_LIST_MODEL(fixture->queue), i);
        g_assert_cmpstr(rushes_take_get_id(rushes_queue_item_get_take(item)), ==, expected[i]);
    }
    wait_for_state(two, RUSHES_TAKE_DONE);
    g_assert_cmpint(rushes_take_get_state(three), ==, RUSHES_TAKE_DONE);
}

static void a_take_of_another_project_is_named_with_it(Fixture *fixture, gconstpointer data)
{
    fixture_start(fixture);
    rushes_queue_set_paused(fixture->queue, TRUE);
    add_job(fixture, "one");
    g_autoptr(RushesQueueItem) item = g_list_model_get_item(G_LIST_MODEL(fixture->queue), 0);
    g_autofree char *here =
        rushes_queue_item_dup_name(item, rushes_project_get_folder(fixture->project));
    g_autofree char *elsewhere = rushes_queue_item_dup_name(item, "/films/Other.rushes");
    g_assert_cmpstr(here, ==, "Take 1");
    g_assert_cmpstr(elsewhere, ==, "Take 1 of Film");
    fixture_stop(fixture);
}

static char *add_consent(int seconds)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) later = g_date_time_add_seconds(now, seconds);
    RushesConsentTerms terms = {
        .person = "Ada Example", .scope = "all", .statement = "Yes.", .expires = later};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(folder, identity, &terms, NULL);

    g_assert_nonnull(consent);
    return g_strdup(consent->id);
}

static RushesTake *add_person_job(Fixture *fixture, const char *record, GError **error)
{
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();

    recipe->shows_person = TRUE;
    recipe->consent = g_strdup(record);
    RushesTake *take = rushes_project_add_take(fixture->project, recipe, NULL, NULL);
    return rushes_queue_add(fixture->queue, fixture->project, take, FALSE, error) ? take : NULL;
}

static void pause_all_holds_exports_too(Fixture *fixture, gconstpointer data)
{
    const RushesFilmExport request = {.preset = "archive", .take = 1};
    g_autofree char *path = g_build_filename(fixture->scratch, "one.mkv", NULL);
    gint64 end = g_get_monotonic_time() + HANGS_US;

    fixture_start(fixture);
    RushesExportQueue *exports = rushes_queue_get_exports(fixture->queue);
    wait_for_state(add_job(fixture, "one"), RUSHES_TAKE_DONE);
    rushes_queue_set_paused(fixture->queue, TRUE);
    g_assert_true(rushes_export_queue_add(exports, fixture->project, path, &request, NULL, NULL));
    g_assert_null(rushes_export_queue_get_running(exports));
    rushes_queue_set_paused(fixture->queue, FALSE);
    g_assert_nonnull(rushes_export_queue_get_running(exports));
    while (g_list_model_get_n_items(G_LIST_MODEL(exports)) > 0) {
        g_main_context_iteration(NULL, FALSE);
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
}

// It stood when the job was put in, and has ended when its turn comes.
static void a_record_that_ends_fails_what_waits_for_it(Fixture *fixture, gconstpointer data)
{
    g_autofree char *record = add_consent(2);
    g_autoptr(RushesConsent) consent = rushes_consent_find(record, NULL);
    g_autoptr(GError) error = NULL;
    RushesConsentState state = RUSHES_CONSENT_STANDS;

    fixture_start(fixture);
    rushes_queue_set_paused(fixture->queue, TRUE);
    RushesTake *waiting = add_person_job(fixture, record, NULL);
    while (state == RUSHES_CONSENT_STANDS) {
        g_autoptr(GDateTime) now = g_date_time_new_now_utc();
        state = rushes_consent_state(consent, now);
        g_usleep(20000);
    }
    rushes_queue_set_paused(fixture->queue, FALSE);
    wait_for_state(waiting, RUSHES_TAKE_FAILED);
    g_assert_nonnull(strstr(rushes_take_get_error(waiting), "The consent of Ada Example ended on"));
    g_assert_null(add_person_job(fixture, record, &error));
    g_assert_nonnull(strstr(error->message, "ended on"));
}

// Nothing but the file says so, as when the command line revokes while the studio is open.
static void a_revocation_ends_running_and_waiting_jobs(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autofree char *record = add_consent(3600);
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(NULL);
    g_autoptr(GError) error = NULL;

    g_setenv("FAKE_STEP_MS", "3000", TRUE);
    fixture_start(fixture);
    RushesTake *running = add_person_job(fixture, record, NULL);
    RushesTake *waiting = add_person_job(fixture, record, NULL);
    RushesTake *free_of_it = add_job(fixture, "three");
    wait_for_state(running, RUSHES_TAKE_RUNNING);
    g_assert_true(rushes_consent_revoke(folder, identity, record, NULL));
    wait_for_state(waiting, RUSHES_TAKE_FAILED);
    wait_for_state(running, RUSHES_TAKE_FAILED);
    g_assert_nonnull(strstr(rushes_take_get_error(running), "Ada Example revoked"));
    wait_for_state(free_of_it, RUSHES_TAKE_RUNNING);
    g_assert_null(add_person_job(fixture, record, &error));
    g_assert_nonnull(strstr(error->message, "revoked"));
}

static void a_list_that_changes_ends_the_jobs_it_refuses(Fixture *fixture, gconstpointer data)
{
    g_autofree char *own = rushes_rights_sources_own();
    g_autofree char *folder = g_path_get_dirname(own);

    g_mkdir_with_parents(folder, 0700);
    fixture_start(fixture);
    rushes_queue_set_paused(fixture->queue, TRUE);
    RushesTake *named = add_job(fixture, "a crab named Zorgon"), *other = add_job(fixture, "a fox");
    g_assert_true(g_file_set_contents(own, "[Zorgon]\naction=refuse\n", -1, NULL));
    wait_for_state(named, RUSHES_TAKE_FAILED);
    g_assert_cmpint(rushes_take_get_state(other), ==, RUSHES_TAKE_QUEUED);
    g_unlink(own);
}

static void on_answer(RushesEngineClient *client, const RushesEngineEvent *event, gpointer answered)
{
    g_assert_nonnull(event->what);
    *(gboolean *)answered = TRUE;
}

static void a_worker_that_is_gone_when_it_is_asked_ends_nothing_else(void)
{
    g_autofree char *engine = g_strdup(g_getenv("RUSHES_ENGINE"));
    g_autoptr(RushesEngineClient) client = rushes_engine_client_new();
    gboolean answered = FALSE;

    signal(SIGPIPE, SIG_DFL); // as a program has it that nothing else asked for another
    g_setenv("RUSHES_ENGINE", "/bin/true", TRUE);
    g_assert_true(rushes_engine_client_start(client, NULL, NULL));
    g_setenv("RUSHES_ENGINE", engine, TRUE);
    char *line =
        g_strnfill(1 << 20, 'x'); // more than fits before the other end is known to be gone
    rushes_engine_client_tokenize(client, "mini", line, on_answer, &answered);
    g_free(line);
    g_usleep(300000);
    while (!answered || rushes_engine_client_is_running(client))
        g_main_context_iteration(NULL, TRUE);
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_setenv("XDG_DATA_HOME", scratch_root, TRUE);
    g_setenv("XDG_CONFIG_HOME", scratch_root, TRUE);
    gst_init(NULL, NULL);
    g_test_init(&argc, &argv, NULL);
#define ADD(path, data, function) g_test_add(path, Fixture, data, set_up, function, tear_down)
    ADD("/queue/order", NULL, jobs_run_in_order_and_leave_playable_takes);
    ADD("/queue/cancel", NULL, cancel_ends_a_job_before_its_next_step);
    ADD("/queue/pause", NULL, a_paused_job_goes_on_from_its_step);
    ADD("/queue/dead-while-denoising", "denoise", a_dead_worker_is_started_again);
    ADD("/queue/dead-while-decoding", "decode", a_dead_worker_is_started_again);
    g_test_add_func("/queue/gone", a_worker_that_is_gone_when_it_is_asked_ends_nothing_else);
    ADD("/queue/dead-always", NULL, a_job_that_kills_the_worker_again_and_again_fails);
    ADD("/queue/lost", NULL, a_lost_device_is_named_and_the_take_goes_on);
    ADD("/queue/hung", NULL, a_hung_worker_is_killed);
    ADD("/queue/hung-cancel", NULL, a_hung_worker_does_not_keep_a_take_from_being_cancelled);
    ADD("/queue/disk-full", NULL, a_full_disk_pauses_the_queue_and_what_ran_goes_on_with_it);
    ADD("/queue/revoked", NULL, a_revocation_ends_running_and_waiting_jobs);
    ADD("/queue/exports-held", NULL, pause_all_holds_exports_too);
    ADD("/queue/expired", NULL, a_record_that_ends_fails_what_waits_for_it);
    ADD("/queue/list-changed", NULL, a_list_that_changes_ends_the_jobs_it_refuses);
    ADD("/queue/restart", NULL, order_and_jobs_survive_a_restart);
    ADD("/queue/name", NULL, a_take_of_another_project_is_named_with_it);
    return scratch_end(g_test_run());
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// Exports in the queue: one after another, whole or not at all, and again after whatever ended the studio.
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queue/export-queue.h"
#include "raw_take.h"
#include "rights/consent-use.h"
#include "scratch.h"

#define WIDTH  96
#define HEIGHT 60
#define NOISE  (1 << 20) // bytes before it repeats
#define FRAMES 1000      // long enough to be ended in the middle

typedef struct Fixture {
    char *scratch, *out; // `out`: the folder that is exported to
    RushesProject *project;
    RushesLibrary *library;
    RushesExportQueue *queue;
    GPtrArray *finished; // paths, in the order they were done
    GPtrArray *notices;
} Fixture;

static RushesTake *add_take(Fixture *fixture, int frames, const char *consent)
{
    g_autoptr(RushesRecipe) recipe = raw_take_recipe("", WIDTH, HEIGHT, frames, 10);
    gsize bytes = (gsize)frames * WIDTH * HEIGHT * 3;
    g_autofree guint8 *rgb = g_malloc(bytes);
    GRand *noise = g_rand_new_with_seed(1);

    recipe->consent = g_strdup(consent);
    recipe->shows_person = consent != NULL;
    RushesTake *take = rushes_project_add_take(fixture->project, recipe, NULL, NULL);
    for (gsize i = 0; i < bytes; i++) // incompressible, so that a small disk fills
        rgb[i] = i < NOISE ? (guint8)g_rand_int(noise) : rgb[i - NOISE];
    g_rand_free(noise);
    raw_take_set_frames(take, rgb);
    rushes_take_set_state(take, RUSHES_TAKE_DONE, NULL);
    g_assert_true(rushes_take_save(take, NULL));
    return take;
}

static void on_finished(RushesExportQueue *queue, RushesExportJob *job, GPtrArray *finished)
{
    g_ptr_array_add(finished, g_path_get_basename(rushes_export_job_get_path(job)));
}

static void on_notice(RushesExportQueue *queue, const char *sentence, GPtrArray *notices)
{
    g_ptr_array_add(notices, g_strdup(sentence));
}

static void start(Fixture *fixture)
{
    g_autofree char *path = g_build_filename(fixture->scratch, "library.db", NULL);

    fixture->library = rushes_library_open(path, NULL);
    fixture->queue = rushes_export_queue_new(fixture->library);
    g_signal_connect(fixture->queue, "finished", G_CALLBACK(on_finished), fixture->finished);
    g_signal_connect(fixture->queue, "notice", G_CALLBACK(on_notice), fixture->notices);
}

static void stop(Fixture *fixture)
{
    rushes_export_queue_stop(fixture->queue);
    g_clear_object(&fixture->queue);
    g_clear_object(&fixture->library);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    fixture->out = g_build_filename(fixture->scratch, "out", NULL);
    g_assert_cmpint(g_mkdir(fixture->out, 0755), ==, 0);
    fixture->finished = g_ptr_array_new_with_free_func(g_free);
    fixture->notices = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = g_build_filename(fixture->scratch, "Picnic.rushes", NULL);
    fixture->project = rushes_project_create(folder, NULL);
    rushes_project_add_shot(fixture->project, add_take(fixture, FRAMES, NULL), 0, NULL);
    start(fixture);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    if (fixture->queue)
        stop(fixture);
    g_clear_object(&fixture->project);
    g_ptr_array_unref(fixture->finished);
    g_ptr_array_unref(fixture->notices);
    g_free(fixture->scratch);
    g_free(fixture->out);
}

static gboolean add(Fixture *fixture, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(fixture->out, name, NULL);
    RushesFilmExport request = {.preset = "archive", .take = 1};

    return rushes_export_queue_add(fixture->queue, fixture->project, path, &request, NULL, error);
}

static RushesExportJob *job_at(Fixture *fixture, guint index)
{
    g_autoptr(RushesExportJob) job = g_list_model_get_item(G_LIST_MODEL(fixture->queue), index);

    return job; // the queue holds it
}

static guint count_jobs(Fixture *fixture)
{
    return g_list_model_get_n_items(G_LIST_MODEL(fixture->queue));
}

// Names in the target folder, hidden ones too.
static guint count_files(Fixture *fixture)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->out, 0, NULL);
    guint count = 0;

    while (dir && g_dir_read_name(dir))
        count++;
    return count;
}

#define WAIT_FOR(condition)                                                                        \
    for (gint64 end = g_get_monotonic_time() + 120 * G_USEC_PER_SEC; !(condition);) {              \
        if (!g_main_context_iteration(NULL, FALSE))                                                \
            g_usleep(500);                                                                         \
        g_assert_cmpint(g_get_monotonic_time(), <, end);                                           \
    }

static gboolean is_writing(Fixture *fixture)
{
    return count_jobs(fixture) > 0 && rushes_export_job_get_fraction(job_at(fixture, 0)) > 0;
}

static gboolean has_failed(Fixture *fixture)
{
    return count_jobs(fixture) > 0 &&
           rushes_export_job_get_state(job_at(fixture, 0)) == RUSHES_EXPORT_FAILED;
}

static void exports_are_written_one_after_another(Fixture *fixture, gconstpointer data)
{
    rushes_export_queue_start(fixture->queue);
    g_assert_true(add(fixture, "a.mkv", NULL));
    g_assert_true(add(fixture, "b.mkv", NULL));
    g_assert_true(add(fixture, "c.mkv", NULL));
    g_assert_cmpint(rushes_export_job_get_state(job_at(fixture, 0)), ==, RUSHES_EXPORT_RUNNING);
    g_assert_cmpint(rushes_export_job_get_state(job_at(fixture, 1)), ==, RUSHES_EXPORT_WAITING);
    WAIT_FOR(is_writing(fixture));
    g_assert_cmpstr(rushes_export_job_get_phase(job_at(fixture, 0)), ==, "Writing frames");
    WAIT_FOR(count_jobs(fixture) == 0);
    g_assert_cmpuint(fixture->finished->len, ==, 3);
    g_assert_cmpstr(fixture->finished->pdata[0], ==, "a.mkv");
    g_assert_cmpstr(fixture->finished->pdata[2], ==, "c.mkv");
    g_assert_cmpuint(count_files(fixture), ==, 3);
    g_autoptr(GPtrArray) left = rushes_library_list_exports(fixture->library);
    g_assert_cmpuint(left->len, ==, 0);
}

static void a_target_is_written_by_one_job_only(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(add(fixture, "a.mkv", NULL));
    g_assert_false(add(fixture, "a.mkv", &error));
    g_assert_nonnull(strstr(error->message, "a.mkv is in the queue already"));
}

static void cancel_leaves_nothing_behind(Fixture *fixture, gconstpointer data)
{
    g_autofree char *target = g_build_filename(fixture->out, "a.mkv", NULL);
    g_autofree char *kept = NULL;

    g_assert_true(g_file_set_contents(target, "before", -1, NULL));
    rushes_export_queue_start(fixture->queue);
    g_assert_true(add(fixture, "a.mkv", NULL));
    g_assert_true(add(fixture, "b.mkv", NULL));
    rushes_export_queue_cancel(fixture->queue, job_at(fixture, 1));
    WAIT_FOR(is_writing(fixture));
    rushes_export_queue_cancel(fixture->queue, job_at(fixture, 0));
    WAIT_FOR(count_jobs(fixture) == 0);
    g_assert_cmpuint(fixture->finished->len, ==, 0);
    g_assert_cmpuint(count_files(fixture), ==, 1);
    g_assert_true(g_file_get_contents(target, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, "before");
}

static void a_quit_studio_writes_it_next_time(Fixture *fixture, gconstpointer data)
{
    rushes_export_queue_start(fixture->queue);
    g_assert_true(add(fixture, "a.mkv", NULL));
    g_assert_true(add(fixture, "b.mkv", NULL));
    WAIT_FOR(is_writing(fixture));
    stop(fixture);
    g_assert_cmpuint(count_files(fixture), ==, 0);
    start(fixture);
    g_assert_cmpuint(count_jobs(fixture), ==, 2);
    rushes_export_queue_start(fixture->queue);
    WAIT_FOR(count_jobs(fixture) == 0);
    g_assert_cmpuint(fixture->finished->len, ==, 2);
    g_assert_cmpuint(count_files(fixture), ==, 2);
}

// How many frames the file has, by ffprobe.
static int count_frames(const char *path)
{
    const char *argv[] = {"ffprobe",
                          "-v",
                          "error",
                          "-count_frames",
                          "-select_streams",
                          "v",
                          "-show_entries",
                          "stream=nb_read_frames",
                          "-of",
                          "csv=p=0",
                          path,
                          NULL};
    g_autofree char *text = NULL;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text,
                               NULL, NULL, NULL));
    return atoi(text);
}

// Trims the only shot to its first frames.
static void trim(Fixture *fixture, int frames)
{
    g_autoptr(RushesShot) shot =
        g_list_model_get_item(rushes_project_get_shots(fixture->project), 0);

    g_assert_true(rushes_project_trim_shot(fixture->project, shot, 0, frames - 1, NULL));
}

static void a_film_is_written_as_it_was_when_it_was_put_in(Fixture *fixture, gconstpointer data)
{
    const RushesFilmExport request = {.preset = "archive"};
    GListModel *shots = rushes_project_get_shots(fixture->project);
    const int lengths[] = {30, 20};

    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *path = g_strdup_printf("%s/%d.mkv", fixture->out, lengths[i]);
        trim(fixture, lengths[i]);
        g_assert_true(
            rushes_export_queue_add(fixture->queue, fixture->project, path, &request, NULL, NULL));
    }
    g_autoptr(RushesShot) shot = g_list_model_get_item(shots, 0);
    g_assert_true(rushes_project_remove_shot(fixture->project, shot, NULL));
    stop(fixture); // the second time from what the library keeps
    start(fixture);
    rushes_export_queue_start(fixture->queue);
    WAIT_FOR(count_jobs(fixture) == 0);
    g_assert_cmpuint(fixture->notices->len, ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *path = g_strdup_printf("%s/%d.mkv", fixture->out, lengths[i]);
        g_assert_cmpint(count_frames(path), ==, lengths[i]);
    }
}

static gboolean is_held(Fixture *fixture)
{
    return g_str_equal(rushes_export_job_get_phase(job_at(fixture, 0)), "Paused");
}

static void what_is_held_stays_where_it_is_and_goes_on(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->out, "a.mkv", NULL);

    rushes_export_queue_start(fixture->queue);
    g_assert_true(add(fixture, "a.mkv", NULL));
    g_assert_true(add(fixture, "b.mkv", NULL));
    WAIT_FOR(is_writing(fixture));
    rushes_export_queue_set_paused(fixture->queue, TRUE);
    WAIT_FOR(is_held(fixture));
    double fraction = rushes_export_job_get_fraction(job_at(fixture, 0));
    g_assert_cmpfloat(fraction, <, 0.9);
    rushes_export_queue_cancel(fixture->queue, job_at(fixture, 1)); // nothing else begins
    g_assert_true(add(fixture, "c.mkv", NULL));
    g_assert_cmpint(rushes_export_job_get_state(job_at(fixture, 1)), ==, RUSHES_EXPORT_WAITING);
    g_assert_cmpfloat(rushes_export_job_get_fraction(job_at(fixture, 0)), ==, fraction);
    rushes_export_queue_set_paused(fixture->queue, FALSE);
    WAIT_FOR(count_jobs(fixture) == 0);
    g_assert_cmpuint(fixture->finished->len, ==, 2);
    g_assert_cmpint(count_frames(path), ==, FRAMES);
}

static void what_is_held_can_be_cancelled(Fixture *fixture, gconstpointer data)
{
    rushes_export_queue_start(fixture->queue);
    g_assert_true(add(fixture, "a.mkv", NULL));
    WAIT_FOR(is_writing(fixture));
    rushes_export_queue_set_paused(fixture->queue, TRUE);
    WAIT_FOR(is_held(fixture));
    rushes_export_queue_cancel(fixture->queue, job_at(fixture, 0));
    WAIT_FOR(count_jobs(fixture) == 0);
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

// A child of this process writes, and is killed in the middle of it; then the film is edited.
static void a_killed_studio_writes_it_next_time(Fixture *fixture, gconstpointer data)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *target = g_build_filename(fixture->out, "a.mkv", NULL);
    const char *argv[] = {program, "--be-killed", fixture->scratch, target, NULL};
    GPid pid;

    stop(fixture);
    g_assert_true(g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                &pid, NULL));
    WAIT_FOR(count_files(fixture) == 1); // its hidden folder
    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    g_assert_cmpuint(count_files(fixture), ==, 1);
    trim(fixture, 3);
    start(fixture);
    g_assert_cmpuint(count_jobs(fixture), ==, 1);
    g_assert_cmpuint(count_files(fixture), ==, 0); // what was half written is gone
    rushes_export_queue_start(fixture->queue);
    g_assert_cmpuint(fixture->notices->len, ==, 1);
    g_assert_nonnull(strstr(fixture->notices->pdata[0], target));
    g_assert_nonnull(strstr(fixture->notices->pdata[0], "written again from its beginning"));
    WAIT_FOR(count_jobs(fixture) == 0);
    g_assert_cmpuint(fixture->notices->len, ==, 1);
    g_assert_cmpuint(count_files(fixture), ==, 1);
    g_assert_cmpint(count_frames(target), ==, FRAMES);
}

static void a_full_disk_leaves_the_old_file_and_can_be_tried_again(Fixture *fixture,
                                                                   gconstpointer data)
{
    struct rlimit all, little;
    g_autofree char *target = g_build_filename(fixture->out, "a.mkv", NULL);
    g_autofree char *kept = NULL;

    g_assert_true(g_file_set_contents(target, "before", -1, NULL));
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &all), ==, 0);
    rushes_export_queue_start(fixture->queue);
    little = all;
    little.rlim_cur = 64 * 1024;
    g_assert_true(add(fixture, "a.mkv", NULL));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &little), ==, 0);
    WAIT_FOR(has_failed(fixture));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &all), ==, 0);
    g_assert_nonnull(strstr(rushes_export_job_get_error(job_at(fixture, 0)), target));
    g_assert_cmpuint(count_files(fixture), ==, 1);
    g_assert_true(g_file_get_contents(target, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, "before");
    g_assert_cmpuint(fixture->notices->len, ==, 1);
    rushes_export_queue_retry(fixture->queue, job_at(fixture, 0));
    WAIT_FOR(count_jobs(fixture) == 0);
    g_assert_cmpuint(fixture->finished->len, ==, 1);
}

static void a_target_that_cannot_be_written_is_named(Fixture *fixture, gconstpointer data)
{
    rushes_export_queue_start(fixture->queue);
    g_assert_true(add(fixture, "not there/a.mkv", NULL));
    WAIT_FOR(has_failed(fixture));
    g_assert_nonnull(strstr(rushes_export_job_get_error(job_at(fixture, 0)),
                            "not there/a.mkv cannot be written"));
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

static void a_target_that_goes_away_meanwhile_is_named(Fixture *fixture, gconstpointer data)
{
    g_autofree char *place = g_build_filename(fixture->out, "place", NULL);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", place);

    g_assert_cmpint(g_mkdir(place, 0755), ==, 0);
    rushes_export_queue_start(fixture->queue);
    g_assert_true(add(fixture, "place/a.mkv", NULL));
    WAIT_FOR(is_writing(fixture));
    g_assert_cmpint(system(command), ==, 0);
    WAIT_FOR(has_failed(fixture));
    g_assert_nonnull(
        strstr(rushes_export_job_get_error(job_at(fixture, 0)), "place/a.mkv cannot be written"));
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

static void a_revocation_ends_exports_of_the_person(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) later = g_date_time_add_days(now, 30);
    RushesConsentTerms terms = {
        .person = "Ada Example", .scope = "all", .statement = "Yes.", .expires = later};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(folder, identity, &terms, NULL);
    g_autofree char *path = g_build_filename(fixture->out, "ada.mkv", NULL);
    RushesFilmExport request = {.preset = "archive", .take = 2};
    g_autoptr(GError) error = NULL;

    add_take(fixture, FRAMES, consent->id);
    g_assert_true(
        rushes_export_queue_add(fixture->queue, fixture->project, path, &request, NULL, NULL));
    g_assert_true(add(fixture, "free.mkv", NULL));
    g_assert_true(rushes_consent_revoke(folder, identity, consent->id, NULL));
    rushes_export_queue_recheck(fixture->queue);
    g_assert_nonnull(
        strstr(rushes_export_job_get_error(job_at(fixture, 0)), "Ada Example revoked"));
    rushes_export_queue_start(fixture->queue);
    WAIT_FOR(fixture->finished->len == 1);
    g_assert_cmpuint(count_files(fixture), ==, 1);
    g_assert_false(
        rushes_export_queue_add(fixture->queue, fixture->project, path, &request, NULL, &error));
    g_assert_nonnull(strstr(error->message, "Take 2 cannot be exported"));
}

// The child of a_killed_studio_...: opens the same library and project and writes until it is killed.
static int be_killed(const char *scratch, const char *target)
{
    g_autofree char *library_path = g_build_filename(scratch, "library.db", NULL);
    g_autofree char *folder = g_build_filename(scratch, "Picnic.rushes", NULL);
    g_autoptr(RushesLibrary) library = rushes_library_open(library_path, NULL);
    g_autoptr(RushesExportQueue) queue = rushes_export_queue_new(library);
    g_autoptr(RushesProject) project = rushes_project_open(folder, RUSHES_PROJECT_READ_ONLY, NULL);
    RushesFilmExport request = {.preset = "archive"};

    if (!project || !rushes_export_queue_add(queue, project, target, &request, NULL, NULL))
        return 1;
    rushes_export_queue_start(queue);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    gst_init(NULL, NULL);
    if (argc == 4 && g_str_equal(argv[1], "--be-killed"))
        return be_killed(argv[2], argv[3]);
    scratch_begin();
    g_setenv("XDG_DATA_HOME", scratch_root, TRUE);
    g_setenv("XDG_CONFIG_HOME", scratch_root, TRUE);
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add("/exports/" path, Fixture, NULL, set_up, function, tear_down)
    ADD("order", exports_are_written_one_after_another);
    ADD("target", a_target_is_written_by_one_job_only);
    ADD("cancel", cancel_leaves_nothing_behind);
    ADD("quit", a_quit_studio_writes_it_next_time);
    ADD("as-it-was", a_film_is_written_as_it_was_when_it_was_put_in);
    ADD("held", what_is_held_stays_where_it_is_and_goes_on);
    ADD("held-cancelled", what_is_held_can_be_cancelled);
    ADD("killed", a_killed_studio_writes_it_next_time);
    ADD("full", a_full_disk_leaves_the_old_file_and_can_be_tried_again);
    ADD("unwritable", a_target_that_cannot_be_written_is_named);
    ADD("gone", a_target_that_goes_away_meanwhile_is_named);
    ADD("revoked", a_revocation_ends_exports_of_the_person);
    return scratch_end(g_test_run());
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Exports that end early: nothing half-written, the file that was there stays, and one sentence says why.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export_film.h"
#include "project/take-master.h"
#include "project/take-proof.h"
#include "timeline/speech.h"

static void cancel_leaves_the_old_file(void)
{
    g_autofree char *path = target("kept.mp4");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    RushesFilmExport request = {.preset = "web", .is_signed = TRUE};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_true(g_file_set_contents(path, "the old film", -1, NULL));
    g_autoptr(RushesExporter) exporter =
        rushes_film_export_new(project, path, &request, NULL, NULL);
    g_cancellable_cancel(cancellable);
    g_assert_false(rushes_exporter_run(exporter, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "the old film");
    g_unlink(path);
}

// Port 1 refuses every connection: there is no authority.
#define NOBODY "http://127.0.0.1:1/stamp"

static RushesExporter *export_stamped(const char *path, const RushesFilmExport *request,
                                      GError **error)
{
    return rushes_film_export_new(project, path, request, NULL, error);
}

static void without_the_stamp_that_is_required_no_file_is_written(void)
{
    static const char *const names[] = {"stamp.mp4", "stamp.webm"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = target(names[i]);
        RushesFilmExport request = {
            .is_signed = TRUE, .time_stamp_url = NOBODY, .time_stamp_required = TRUE};
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        g_assert_true(g_file_set_contents(path, "the old film", -1, NULL));
        g_autoptr(RushesExporter) strict = export_stamped(path, &request, NULL);
        g_assert_false(rushes_exporter_run(strict, NULL, &error));
        g_assert_nonnull(strstr(error->message, "gives no answer"));
        g_assert_nonnull(strstr(error->message, "time-stamped or not made at all"));
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "the old film");
        request.time_stamp_required = FALSE;
        g_autoptr(RushesExporter) easy = export_stamped(path, &request, NULL);
        g_assert_true(rushes_exporter_run(easy, NULL, NULL));
        g_assert_nonnull(strstr(rushes_exporter_get_notice(easy), "gives no answer"));
        g_autofree char *store = g_strconcat(path, RUSHES_SIDECAR_ENDING, NULL);
        g_unlink(store);
        g_unlink(path);
    }
}

static void a_stamp_that_cannot_be_put_on_is_refused_at_once(void)
{
    static const struct {
        RushesFilmExport request;
        const char *said;
    } cases[] = {
        {{.is_signed = TRUE, .time_stamp_required = TRUE}, "only when an authority's address"},
        {{.time_stamp_url = NOBODY}, "do not leave them out"},
        {{.is_signed = TRUE, .time_stamp_url = "ftp://stamps"}, "has to begin with https://"},
        {{.is_signed = TRUE,
          .preset = "png",
          .time_stamp_url = NOBODY,
          .time_stamp_required = TRUE},
         "Numbered pictures carry no content credentials"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = target(cases[i].request.preset ? "never" : "never.mp4");
        g_autoptr(GError) error = NULL;
        g_assert_null(export_stamped(path, &cases[i].request, &error));
        g_assert_nonnull(strstr(error->message, cases[i].said));
    }
}

static void an_unwritable_target_is_named(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(export("/proc/nowhere/film.mp4", NULL, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "film.mp4"));
    g_clear_error(&error);
    g_assert_false(export("film.xyz", NULL, &error));
    g_assert_nonnull(strstr(error->message, "ending"));
    g_clear_error(&error);
    g_autofree char *path = target("film.webm");
    g_assert_false(export(path, "web", &error));
    g_assert_nonnull(strstr(error->message, "ends as a webm file"));
    g_assert_nonnull(strstr(error->message, "ends in .mp4"));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

// The folder of a take is deleted while the film is open: the export says which shot, and writes nothing.
static void a_film_with_a_hole_is_refused(void)
{
    RushesTake *take = add_take(3);
    g_autofree char *path = target("hole.mkv");
    g_autofree char *frames = g_build_filename(rushes_take_get_folder(take), "frames.rgb", NULL);
    g_autofree char *aside = g_strconcat(frames, ".aside", NULL);
    g_autoptr(GError) error = NULL;

    rushes_take_set_state(take, RUSHES_TAKE_DONE, NULL);
    rushes_project_add_shot(project, take, 2, NULL);
    g_assert_cmpint(g_rename(frames, aside), ==, 0);
    g_assert_false(export(path, NULL, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "Shot 3 is missing"));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    g_assert_cmpint(g_rename(aside, frames), ==, 0); // put back, it goes on
    g_assert_true(export(path, NULL, &error));
    g_assert_no_error(error);
}

// Owned by the project.
static RushesTake *add_finished_take(int seed)
{
    RushesTake *take = add_take(seed);
    g_autoptr(cJSON) result = cJSON_CreateObject();

    cJSON_AddNumberToObject(result, "samples", RATE * FRAMES / FPS);
    rushes_take_set_result(take, result);
    rushes_take_set_state(take, RUSHES_TAKE_DONE, NULL);
    g_assert_true(rushes_take_save(take, NULL));
    return take;
}

// Before the export begins somebody has cut a file of the finished take: told at once, by what is there and what is not.
static void a_take_that_is_not_whole_is_refused(void)
{
    static const struct {
        const char *file, *said;
    } cases[] = {
        {"frames.rgb", "is not whole: 12 of its 24 frames are there"},
        {"audio.f32", "is not whole: 1.00 of its 2.00 seconds are there"},
    };
    g_autofree char *path = target("cut.mp4");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        RushesTake *take = add_finished_take(4);
        g_autofree char *file = g_build_filename(rushes_take_get_folder(take), cases[i].file, NULL);
        GStatBuf info;
        g_assert_cmpint(g_stat(file, &info), ==, 0);
        g_assert_cmpint(truncate(file, info.st_size / 2), ==, 0);
        g_autoptr(RushesProject) again =
            rushes_project_open(rushes_project_get_folder(project), RUSHES_PROJECT_READ_ONLY, NULL);
        const RushesFilmExport request = {.take = rushes_take_get_number(take)};
        g_autoptr(GError) error = NULL;
        g_assert_null(rushes_film_export_new(again, path, &request, NULL, &error));
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, cases[i].said));
    }
}

static char *checksum_of(const char *path)
{
    g_autofree char *bytes = NULL;
    gsize count;

    g_assert_true(g_file_get_contents(path, &bytes, &count, NULL));
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, count);
}

static void flip_a_byte(const char *path)
{
    FILE *stream = g_fopen(path, "r+b");
    int byte = fgetc(stream);

    g_assert_cmpint(fseek(stream, 0, SEEK_SET), ==, 0);
    g_assert_cmpint(fputc(byte ^ 1, stream), !=, EOF);
    g_assert_cmpint(fclose(stream), ==, 0);
}

// Between the worker's end and the export somebody painted into a raw file: its size is what it was, the clip would be
// signed as the model's. What the worker told of it is kept with the take, so that also another session sees it.
static void raw_files_that_were_changed_before_are_refused(void)
{
    static const char *const names[] = {"frames.rgb", "audio.f32"};
    g_autofree char *path = target("painted.mkv");

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        RushesTake *take = add_take(6);
        const RushesFilmExport request = {.take = rushes_take_get_number(take)};
        g_autoptr(cJSON) result = cJSON_CreateObject();
        g_autoptr(GError) error = NULL;
        cJSON *files = cJSON_AddObjectToObject(result, "files");
        cJSON_AddNumberToObject(result, "samples", RATE * FRAMES / FPS);
        for (guint k = 0; k < G_N_ELEMENTS(names); k++) {
            g_autofree char *file = g_build_filename(rushes_take_get_folder(take), names[k], NULL);
            g_autofree char *sha256 = checksum_of(file);
            cJSON_AddStringToObject(files, names[k], sha256);
        }
        rushes_take_set_result(take, result);
        rushes_take_set_state(take, RUSHES_TAKE_DONE, NULL);
        g_assert_true(rushes_take_save(take, NULL));
        g_autoptr(RushesProject) again =
            rushes_project_open(rushes_project_get_folder(project), RUSHES_PROJECT_READ_ONLY, NULL);
        g_autoptr(RushesExporter) good = rushes_film_export_new(again, path, &request, NULL, NULL);
        g_assert_true(rushes_exporter_run(good, NULL, NULL));
        g_unlink(path);

        g_autofree char *changed = g_build_filename(rushes_take_get_folder(take), names[i], NULL);
        flip_a_byte(changed);
        g_autoptr(RushesExporter) bad = rushes_film_export_new(again, path, &request, NULL, NULL);
        g_assert_false(rushes_exporter_run(bad, NULL, &error));
        g_assert_nonnull(strstr(error->message, names[i]));
        g_assert_nonnull(strstr(error->message, "is not what was generated"));
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    }
}

// A byte of the lasting copy that turns over on the disk: the decoder hides what is damaged, so nobody else would see it.
static void a_changed_take_mkv_is_refused(void)
{
    RushesTake *take = add_finished_take(7);
    const RushesFilmExport request = {.take = rushes_take_get_number(take)};
    const char *folder = rushes_take_get_folder(take);
    g_autofree char *path = target("turned.mkv");
    g_autofree char *master = g_build_filename(folder, "take.mkv", NULL);
    g_autoptr(GError) error = NULL;
    RushesFrameFormat format;
    g_autofree char *bytes = NULL;
    gsize count;

    rushes_frame_source_get_format(rushes_take_get_source(take), &format);
    g_assert_true(rushes_take_master_write(folder, &format, NULL, NULL, NULL));
    g_autofree char *sha256 = checksum_of(master);
    rushes_take_set_file_hash(take, "take.mkv", sha256);
    g_assert_true(rushes_take_save(take, NULL));
    rushes_take_master_release_raw(folder);
    g_autoptr(RushesProject) again =
        rushes_project_open(rushes_project_get_folder(project), RUSHES_PROJECT_READ_ONLY, NULL);
    g_autoptr(RushesExporter) good = rushes_film_export_new(again, path, &request, NULL, NULL);
    g_assert_true(rushes_exporter_run(good, NULL, NULL));
    g_unlink(path);

    g_assert_true(g_file_get_contents(master, &bytes, &count, NULL));
    bytes[count / 2] ^= 1;
    g_assert_true(g_file_set_contents(master, bytes, (gssize)count, NULL));
    g_autoptr(RushesExporter) bad = rushes_film_export_new(again, path, &request, NULL, NULL);
    g_assert_false(rushes_exporter_run(bad, NULL, &error));
    g_assert_nonnull(strstr(error->message, "take.mkv is not what was generated"));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

// Bytes that change under the export keep the file's size, so that every read of it succeeds.
static void a_file_that_changes_meanwhile_is_told(void)
{
    static const char *const names[] = {"frames.rgb", "audio.f32"};
    g_autofree char *path = target("changed.mkv");
    g_autoptr(RushesShot) shot = g_list_model_get_item(rushes_project_get_shots(project), 0);
    const RushesFilmExport request = {.preset = "archive"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *file =
            g_build_filename(rushes_take_get_folder(rushes_shot_get_take(shot)), names[i], NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *held = NULL;
        gsize bytes;
        g_assert_true(g_file_get_contents(file, &held, &bytes, NULL));
        g_autoptr(RushesExporter) exporter =
            rushes_film_export_new(project, path, &request, NULL, NULL);
        g_assert_nonnull(exporter);
        FILE *stream = g_fopen(file, "r+b");
        g_assert_cmpint(fputc(held[0] ^ 1, stream), !=, EOF);
        g_assert_cmpint(fclose(stream), ==, 0);
        // A clock that ticks coarsely might leave the file's time where it was.
        const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000 + i}};
        g_assert_cmpint(utimensat(AT_FDCWD, file, times, 0), ==, 0);
        g_assert_false(rushes_exporter_run(exporter, NULL, &error));
        g_assert_nonnull(strstr(error->message, names[i]));
        g_assert_nonnull(strstr(error->message, "was changed while it was exported"));
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    }
    g_autoptr(RushesExporter) after = rushes_film_export_new(project, path, &request, NULL, NULL);
    g_assert_true(rushes_exporter_run(after, NULL, NULL));
}

// Somebody cuts an imported sound short after the export has looked at it: no file with a hole in its sound is made.
static void a_sound_that_is_cut_short_meanwhile_is_told(void)
{
    static const char *const names[] = {"cut.wav", "cut.mkv"};
    g_autofree char *media = rushes_speech_speak(project, "cut in the middle", "en", NULL);
    g_autofree char *file =
        g_build_filename(rushes_project_get_folder(project), "media", media, NULL);
    g_autoptr(cJSON) clip = cJSON_CreateObject();
    const RushesFilmExport request = {.normalise = TRUE};
    g_autofree char *samples = NULL;
    gsize bytes;

    cJSON_AddStringToObject(clip, "media", media);
    cJSON_AddStringToObject(clip, "title", "My line");
    g_autofree char *id = rushes_film_add_sound(project, clip, "Add", NULL);
    g_assert_true(g_file_get_contents(file, &samples, &bytes, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = target(names[i]);
        g_autoptr(GError) error = NULL;
        RushesFilmExport own = request;
        own.normalise = i == 0; // the first meets it while it measures, the other while it writes
        g_autoptr(RushesExporter) exporter =
            rushes_film_export_new(project, path, &own, NULL, NULL);
        g_assert_cmpint(truncate(file, (off_t)bytes / 2), ==, 0);
        g_assert_false(rushes_exporter_run(exporter, NULL, &error));
        g_assert_nonnull(strstr(error->message, "My line\u201d cannot be read any more"));
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
        g_assert_true(g_file_set_contents(file, samples, (gssize)bytes, NULL));
    }
    g_assert_true(rushes_film_remove_sound(project, id, NULL));
}

int main(int argc, char **argv)
{
    export_film_begin(&argc, &argv);
#define ADD(name) g_test_add_func("/export/" #name, name)
    ADD(cancel_leaves_the_old_file);
    ADD(without_the_stamp_that_is_required_no_file_is_written);
    ADD(a_stamp_that_cannot_be_put_on_is_refused_at_once);
    ADD(an_unwritable_target_is_named);
    ADD(a_sound_that_is_cut_short_meanwhile_is_told);
    ADD(a_take_that_is_not_whole_is_refused);
    ADD(raw_files_that_were_changed_before_are_refused);
    ADD(a_changed_take_mkv_is_refused);
    ADD(a_file_that_changes_meanwhile_is_told);
    ADD(a_film_with_a_hole_is_refused);
    return export_film_end(g_test_run());
}

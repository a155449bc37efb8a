// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/take.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char folder[] = "/tmp/rushes-take-XXXXXX";

static char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static uint64_t size_of(const char *name)
{
    struct stat info;
    return stat(in_folder(name), &info) == 0 ? (uint64_t)info.st_size : 0;
}

static PipelineState state_with(float *values, uint64_t count, uint32_t step)
{
    PipelineState state = {.step = step, .tensor_count = 1};
    snprintf(state.tensors[0].name, sizeof(state.tensors[0].name), "video.x");
    state.tensors[0].n_dims = 2;
    state.tensors[0].dims[0] = count / 2;
    state.tensors[0].dims[1] = 2;
    state.tensors[0].count = count;
    state.tensors[0].values = values;
    return state;
}

static void a_saved_step_comes_back_bit_for_bit(void)
{
    Take take;
    float values[6] = {0.1f, -0.0f, 1e-42f, 3e38f, -7.25f, 0.33333334f};
    PipelineState saved = state_with(values, 6, 3), loaded;

    CHECK(take_open(folder, &take, NULL) == RSH_OK);
    CHECK(take_save_step(&take, &saved, "abc", NULL) == RSH_OK);
    CHECK(take_load_step(&take, "abc", &loaded));
    CHECK(loaded.step == 3 && loaded.tensor_count == 1 && loaded.tensors[0].count == 6);
    CHECK(loaded.tensors[0].dims[0] == 3 && strcmp(loaded.tensors[0].name, "video.x") == 0);
    CHECK(loaded.tensors[0].values &&
          memcmp(loaded.tensors[0].values, values, sizeof(values)) == 0);
    pipeline_state_clear(&loaded);
    take_close(&take);
}

static void a_step_of_another_job_is_not_loaded(void)
{
    Take take;
    float values[2] = {1.0f, 2.0f};
    PipelineState saved = state_with(values, 2, 1), loaded;

    CHECK(take_open(folder, &take, NULL) == RSH_OK);
    CHECK(take_save_step(&take, &saved, "abc", NULL) == RSH_OK);
    CHECK(!take_load_step(&take, "abd", &loaded) && loaded.tensor_count == 0);
    CHECK(truncate(in_folder("step.safetensors"), 40) == 0);
    CHECK(!take_load_step(&take, "abc", &loaded));
    CHECK(unlink(in_folder("step.safetensors")) == 0);
    CHECK(!take_load_step(&take, "abc", &loaded));
    take_close(&take);
}

static void a_step_that_is_not_finite_leaves_the_last_one(void)
{
    Take take;
    float good[2] = {1.0f, 2.0f}, bad[2] = {1.0f, NAN};
    PipelineState first = state_with(good, 2, 1), second = state_with(bad, 2, 2), loaded;
    RshError error = {0};

    CHECK(take_open(folder, &take, NULL) == RSH_OK);
    CHECK(take_save_step(&take, &first, "abc", NULL) == RSH_OK);
    CHECK(take_save_step(&take, &second, "abc", &error) == RSH_ERROR_FORMAT);
    CHECK(strstr(error.text, "step 2") != NULL);
    CHECK(take_load_step(&take, "abc", &loaded) && loaded.step == 1);
    pipeline_state_clear(&loaded);
    take_close(&take);
}

static void frames_are_appended_without_alpha_and_start_anew(void)
{
    const uint8_t rgba[2 * 2 * 4] = {1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255};
    uint8_t got[12] = {0};
    Take take;

    for (int round = 0; round < 2; round++) {
        CHECK(take_open(folder, &take, NULL) == RSH_OK);
        CHECK(take_append_frames(&take, rgba, 2, 1, 2, NULL) == RSH_OK);
        CHECK(take_append_frames(&take, rgba, 2, 1, 1, NULL) == RSH_OK);
        take_close(&take);
        CHECK(size_of("frames.rgb") == 3 * 6);
    }
    FILE *file = fopen(in_folder("frames.rgb"), "rb");
    CHECK(file && fread(got, 1, 12, file) == 12);
    if (file)
        fclose(file);
    for (int i = 0; i < 12; i++)
        CHECK(got[i] == i + 1);
}

// The digests of "abc" and of nothing are those of FIPS 180-4's examples.
static void what_was_written_is_told_by_its_hash(void)
{
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    static const char none[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const uint8_t rgba[] = {'x', 'x', 'x', 255, 'a', 'b', 'c', 0};
    char sha[65];
    Take take;

    CHECK(take_open(folder, &take, NULL) == RSH_OK);
    take_hash_frames(&take, sha);
    CHECK(sha[0] == '\0'); // no picture yet
    CHECK(take_append_frames(&take, rgba + 4, 1, 1, 1, NULL) == RSH_OK);
    take_hash_frames(&take, sha);
    CHECK(strcmp(sha, abc) == 0);
    take_hash_frames(&take, sha); // asked again
    CHECK(strcmp(sha, abc) == 0);
    CHECK(take_append_frames(&take, rgba, 1, 1, 1, NULL) == RSH_OK);
    take_hash_frames(&take, sha);
    CHECK(strcmp(sha, abc) != 0);
    CHECK(take_write_audio(&take, NULL, 0, sha, NULL) == RSH_OK && strcmp(sha, none) == 0);
    take_close(&take);
    CHECK(take_open(folder, &take, NULL) == RSH_OK);
    CHECK(take_append_frames(&take, rgba + 4, 1, 1, 1, NULL) == RSH_OK); // begins anew
    take_hash_frames(&take, sha);
    CHECK(strcmp(sha, abc) == 0);
    take_close(&take);
    unlink(in_folder("audio.f32"));
}

static void what_a_killed_writer_left_is_removed_and_nothing_else(void)
{
    Take take;
    const char *names[] = {"step.safetensors.a1B2c3", "preview.rgb.a1B2c3", "notes.txt",
                           "step.safetensors.old"};
    for (int i = 0; i < 4; i++) {
        FILE *file = fopen(in_folder(names[i]), "w");
        CHECK(file != NULL);
        if (file)
            fclose(file);
    }
    CHECK(take_open(folder, &take, NULL) == RSH_OK);
    CHECK(access(in_folder(names[0]), F_OK) != 0 && access(in_folder(names[1]), F_OK) != 0);
    CHECK(access(in_folder(names[2]), F_OK) == 0 && access(in_folder(names[3]), F_OK) == 0);
    take_close(&take);
}

static void conditioning_must_have_the_size_the_job_says(void)
{
    Take take;
    RshError error = {0};
    void *data = NULL;

    CHECK(take_open(folder, &take, NULL) == RSH_OK);
    CHECK(take_read_file(&take, "frames.rgb", 18, &data, NULL) == RSH_OK && data);
    free(data);
    CHECK(take_read_file(&take, "frames.rgb", 17, &data, &error) == RSH_ERROR_ARGUMENT && !data);
    CHECK(strstr(error.text, "18") != NULL);
    CHECK(take_read_file(&take, "nothing", 17, &data, NULL) == RSH_ERROR_IO);
    CHECK(take_read_file(&take, ".", 17, &data, NULL) == RSH_ERROR_ARGUMENT);
    take_close(&take);
}

static void a_folder_that_is_none_is_refused(void)
{
    Take take;
    RshError error = {0};
    CHECK(take_open("/nonexistent/take", &take, &error) == RSH_ERROR_IO && error.text[0]);
    take_close(&take);
}

int main(void)
{
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    TAP_RUN(a_saved_step_comes_back_bit_for_bit);
    TAP_RUN(a_step_of_another_job_is_not_loaded);
    TAP_RUN(a_step_that_is_not_finite_leaves_the_last_one);
    TAP_RUN(frames_are_appended_without_alpha_and_start_anew);
    TAP_RUN(what_a_killed_writer_left_is_removed_and_nothing_else);
    TAP_RUN(conditioning_must_have_the_size_the_job_says);
    TAP_RUN(what_was_written_is_told_by_its_hash);
    TAP_RUN(a_folder_that_is_none_is_refused);
    static const char *const left[] = {"frames.rgb", "step.safetensors", "notes.txt",
                                       "step.safetensors.old"};
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
        unlink(in_folder(left[i]));
    rmdir(folder);
    return tap_done();
}

// SPDX-License-Identifier: GPL-3.0-or-later
// What is written reads back equal; a failed write leaves the old file and nothing else.
#include "formats/safetensors_write.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <signal.h>

#include "formats/tensor_values.h"
#include "tap.h"

static char folder[] = "/tmp/rushes-safetensors-XXXXXX";
static char path[256];

static const float latents[6] = {1, -2.5f, 3e-40f, 0, -0.0f, 7};
static const int32_t steps[1] = {12};

static SafetensorsTensor tensors[3] = {
    {.name = "latents", .dtype = DTYPE_F32, .n_dims = 2, .dims = {2, 3}, .data = latents},
    {.name = "step", .dtype = DTYPE_I32, .n_dims = 0, .data = steps},
    {.name = "leer \"\303\244\"\n", .dtype = DTYPE_F16, .n_dims = 1, .dims = {0}, .data = ""},
};

static unsigned files_in_folder(void)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

static void tensors_and_metadata_read_back(void)
{
    SafetensorsText metadata[] = {{"recipe", "{\"seed\": 1}"}, {"kind", "step"}};
    RshError error = {0};
    ModelFile *file = NULL;
    float values[6];
    CHECK(safetensors_write(path, tensors, 3, metadata, 2, &error) == RSH_OK);
    CHECK(files_in_folder() == 1);
    CHECK(model_file_open(path, &file, &error) == RSH_OK);
    if (!file)
        return;
    CHECK(model_file_count(file) == 3);
    const ModelTensor *tensor = model_file_find(file, "latents");
    CHECK(tensor && tensor->n_dims == 2 && tensor->dims[0] == 2 && tensor->dims[1] == 3);
    CHECK(tensor && tensor->offset % 8 == 0);
    CHECK(tensor && tensor_to_f32(file, tensor, 0, 6, values, NULL) == RSH_OK);
    CHECK(memcmp(values, latents, sizeof(values)) == 0);
    tensor = model_file_find(file, "step");
    CHECK(tensor && tensor->n_dims == 0 &&
          tensor_to_f32(file, tensor, 0, 1, values, NULL) == RSH_OK);
    CHECK(values[0] == 12);
    tensor = model_file_find(file, tensors[2].name);
    CHECK(tensor && tensor->elements == 0);
    CHECK(strcmp(model_file_string(file, "recipe"), "{\"seed\": 1}") == 0);
    model_file_close(&file);
}

static void a_full_disk_leaves_the_old_file(void)
{
    RshError error = {0};
    ModelFile *file = NULL;
    struct rlimit before, small = {0};
    static float many[4096];
    SafetensorsTensor large = {
        .name = "many", .dtype = DTYPE_F32, .n_dims = 1, .dims = {4096}, .data = many};
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    small.rlim_cur = 1024; // as good as a full disk: write() fails after 1 KiB
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    RshStatus status = safetensors_write(path, &large, 1, NULL, 0, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(status == RSH_ERROR_DISK_FULL);
    CHECK(strstr(error.text, path) != NULL);
    CHECK(files_in_folder() == 1);
    CHECK(model_file_open(path, &file, NULL) == RSH_OK);
    CHECK(file && model_file_find(file, "latents"));
    model_file_close(&file);
}

static void a_missing_folder_is_named(void)
{
    RshError error = {0};
    CHECK(safetensors_write("/nowhere/step.safetensors", tensors, 3, NULL, 0, &error) ==
          RSH_ERROR_IO);
    CHECK(strstr(error.text, "/nowhere/step.safetensors") != NULL);
}

static void what_the_format_cannot_hold_is_refused(void)
{
    SafetensorsTensor bad = tensors[0];
    bad.dtype = DTYPE_Q8_0;
    CHECK(safetensors_write(path, &bad, 1, NULL, 0, NULL) == RSH_ERROR_ARGUMENT);
    bad = tensors[0];
    bad.name = "\377";
    CHECK(safetensors_write(path, &bad, 1, NULL, 0, NULL) == RSH_ERROR_ARGUMENT);
    bad = tensors[0];
    bad.dims[0] = bad.dims[1] = UINT64_C(1) << 40;
    CHECK(safetensors_write(path, &bad, 1, NULL, 0, NULL) == RSH_ERROR_ARGUMENT);
    CHECK(files_in_folder() == 1);
}

int main(void)
{
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    snprintf(path, sizeof(path), "%s/step.safetensors", folder);
    TAP_RUN(tensors_and_metadata_read_back);
    TAP_RUN(a_full_disk_leaves_the_old_file);
    TAP_RUN(a_missing_folder_is_named);
    TAP_RUN(what_the_format_cannot_hold_is_refused);
    unlink(path);
    rmdir(folder);
    return tap_done();
}

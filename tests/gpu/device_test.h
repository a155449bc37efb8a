// SPDX-License-Identifier: GPL-3.0-or-later
// device_test.h - opens the device that a GPU test runs on, or says why the test is skipped.
#pragma once
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "gpu/gpu.h"
#include "tap.h"

// Messages of the validation layers are part of a failed test's output.
static inline void device_test_log(void *data, RshLogLevel level, const char *line)
{
    (void)data;
    if (level <= RSH_LOG_WARN)
        printf("# %s\n", line);
}

static inline bool device_test_layers(void)
{
    Gpu *gpu = NULL;
    const bool found = gpu_open(&(GpuOptions){.validate = true}, &gpu, NULL) == RSH_OK;
    gpu_close(&gpu);
    return found;
}

// Under the validation layers where they are installed; a test ends with device_test_close().
static inline Gpu *device_test_open(const GpuOptions *options)
{
    GpuOptions copy = *options;
    Gpu *gpu = NULL;
    RshError error = {0};
    copy.validate = device_test_layers();
    copy.log = device_test_log;
    if (gpu_open(&copy, &gpu, &error) != RSH_OK)
        printf("# %s\n", error.text);
    CHECK(gpu != NULL);
    return gpu;
}

// A cache folder of the test program's own; device_test_folder_remove() returns how many files were in it.
static char device_test_folder[32];

static inline const char *device_test_folder_make(void)
{
    snprintf(device_test_folder, sizeof(device_test_folder), "/tmp/rushes-test-XXXXXX");
    CHECK(mkdtemp(device_test_folder) != NULL);
    return device_test_folder;
}

static inline int device_test_folder_remove(void)
{
    int count = 0;
    DIR *dir = opendir(device_test_folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[400];
        snprintf(path, sizeof(path), "%s/%s", device_test_folder, entry->d_name);
        count += entry->d_name[0] != '.' && unlink(path) == 0;
    }
    if (dir)
        closedir(dir);
    rmdir(device_test_folder);
    return count;
}

static inline void device_test_close(Gpu **gpu)
{
    if (*gpu)
        CHECK(gpu_validation_messages(*gpu) == 0);
    gpu_close(gpu);
}

// True when the test program is to stop with *result: there is no device, and that is or is not a failure.
static inline bool device_test_skip(int *result)
{
    const char *required = getenv("RSH_REQUIRE_GPU");
    if (gpu_list(NULL, 0) > 0)
        return false;
    if (required && strcmp(required, "1") == 0) {
        printf("1..1\nnot ok 1 - a Vulkan device is required and there is none\n");
        *result = EXIT_FAILURE;
    } else {
        printf("1..0 # SKIP no Vulkan device\n");
        *result = EXIT_SUCCESS;
    }
    return true;
}

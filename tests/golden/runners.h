// SPDX-License-Identifier: GPL-3.0-or-later
// runners.h - the runner a golden test was asked for: the plain C reference or the device.
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/gpu.h"
#include "graph/runner.h"

typedef struct TestRunner {
    Gpu *gpu; // NULL for the reference
    Runner *runner;
} TestRunner;

// With RUSHES_VALIDATE set, a message of the validation layers since opening fails the test.
static inline bool test_runner_close(TestRunner *test)
{
    uint32_t messages = test->gpu ? gpu_validation_messages(test->gpu) : 0;
    if (test->runner)
        test->runner->ops->destroy(&test->runner);
    gpu_close(&test->gpu);
    if (messages > 0)
        printf("# the validation layers had %u messages\n", messages);
    return messages == 0;
}

// `kind` is "reference" or "gpu". RUSHES_DEVICE and RUSHES_CAPS choose a device and mask capabilities.
static inline bool test_runner_open(const char *kind, TestRunner *test, RshError *error)
{
    memset(test, 0, sizeof(*test));
    if (strcmp(kind, "gpu") != 0)
        return runner_create_reference(&test->runner, error) == RSH_OK;
    const GpuOptions options = {.device = getenv("RUSHES_DEVICE"),
                                .caps_mask = getenv("RUSHES_CAPS"),
                                .cache_dir = getenv("RUSHES_CACHE"),
                                .validate = getenv("RUSHES_VALIDATE") != NULL};
    return gpu_open(&options, &test->gpu, error) == RSH_OK &&
           runner_create_gpu(test->gpu, &test->runner, error) == RSH_OK;
}

// The result of a test whose runner could not be made: a failure, but for a machine without any device
// where none is required.
static inline int test_runner_unavailable(const RshError *error)
{
    const char *required = getenv("RSH_REQUIRE_GPU");
    if (gpu_list(NULL, 0) > 0 || (required && strcmp(required, "1") == 0)) {
        printf("Bail out! %s\n", error->text[0] ? error->text : "a folder is missing");
        return EXIT_FAILURE;
    }
    printf("1..0 # SKIP no Vulkan device\n");
    return EXIT_SUCCESS;
}

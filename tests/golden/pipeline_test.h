// SPDX-License-Identifier: GPL-3.0-or-later
//
// pipeline_test.h - what the tests of whole runs share: the model, the runner and a very small clip.
#pragma once
#include <stdint.h>

#include "run/pipeline.h"
#include "runners.h"
#include "tap.h"

static PipelineModel *model;
static TestRunner runner;
static RshError error;

enum { SIDE = 64, FRAMES = 5, STEPS = 3 };

static inline PipelineRequest small_request(void)
{
    PipelineRequest request;
    pipeline_request_init(&request, model);
    request.prompt = "A red ball rolls over the grass.";
    request.width = request.height = SIDE;
    request.frames = FRAMES;
    request.steps = STEPS;
    request.seed = 11;
    return request;
}

static inline bool open_ready(const PipelineRequest *request, Pipeline **pipeline)
{
    bool fine = pipeline_open(model, runner.runner, request, NULL, pipeline, &error) == RSH_OK &&
                pipeline_encode_text(*pipeline, &error) == RSH_OK &&
                pipeline_encode_clip(*pipeline, &error) == RSH_OK;
    CHECK(fine);
    if (!fine)
        printf("# %s\n", error.text);
    return fine;
}

// Opens what `--runner` and `--model` name; false: main returns *status.
static inline bool pipeline_test_open(int argc, char **argv, int *status)
{
    const char *folder = NULL, *kind = "reference";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--model") == 0)
            folder = argv[i + 1];
        else if (strcmp(argv[i], "--runner") == 0)
            kind = argv[i + 1];
    }
    *status = EXIT_FAILURE;
    if (!folder || !test_runner_open(kind, &runner, &error)) {
        *status = test_runner_unavailable(&error);
        return false;
    }
    if (pipeline_model_open(folder, &model, &error) != RSH_OK) {
        printf("Bail out! %s\n", error.text);
        return false;
    }
    return true;
}

static inline int pipeline_test_close(void)
{
    pipeline_model_close(&model);
    tap_failed += !test_runner_close(&runner);
    return tap_done();
}

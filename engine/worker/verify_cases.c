// SPDX-License-Identifier: GPL-3.0-or-later
#include "worker/verify_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/gpu.h"
#include "run/verify.h"

enum { EXIT_NOTHING = 1, EXIT_NO_DEVICE = 2, EXIT_CASE_FAILED = 7 };

typedef struct Tally {
    Gpu *gpu; // NULL: the plain C reference
    uint32_t passed, failed, skipped;
} Tally;

static void print_output(void *data, const char *output, double error, double limit)
{
    (void)data;
    printf("    %-40s %.2e of %.2e%s\n", output, error, limit,
           error <= limit ? "" : "  <- above its limit");
}

static void run_case(Tally *tally, const char *folder)
{
    VerifyResult result = {.state = VERIFY_FAILED};
    RshError error = {0};
    Runner *runner = NULL; // one a case: states keep their shape as long as it lives

    const char *slash = strrchr(folder, '/');
    printf("%s\n", slash && slash[1] ? slash + 1 : folder);
    RshStatus status = tally->gpu ? runner_create_gpu(tally->gpu, &runner, &error)
                                  : runner_create_reference(&runner, &error);
    if (status == RSH_OK) {
        verify_case(folder, runner, print_output, NULL, &result);
        runner->ops->destroy(&runner);
    } else {
        snprintf(result.reason, sizeof(result.reason), "%s", error.text);
    }
    switch (result.state) {
    case VERIFY_PASSED:
        tally->passed++;
        break;
    case VERIFY_FAILED:
        tally->failed++;
        break;
    case VERIFY_SKIPPED:
        tally->skipped++;
        break;
    }
    static const char *const words[] = {"passed", "FAILED", "skipped"};
    printf("    %s%s%s\n", words[result.state], result.reason[0] ? ": " : "", result.reason);
    fflush(stdout);
}

static bool has_case(const char *folder)
{
    char *path = NULL;
    if (asprintf(&path, "%s/case.json", folder) < 0)
        return false;
    bool found = access(path, R_OK) == 0;
    free(path);
    return found;
}

static bool run_folder(Tally *tally, const char *folder)
{
    char **names = NULL;
    size_t count = 0;
    RshError error = {0};

    if (has_case(folder)) {
        run_case(tally, folder);
        return true;
    }
    if (verify_list(folder, &names, &count, &error) != RSH_OK || count == 0) {
        fprintf(stderr, "rushes-engine: %s\n",
                error.text[0] ? error.text : "the folder holds no case.json and no cases");
        free(names);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s", folder, names[i]) > 0)
            run_case(tally, path);
        free(path);
    }
    free(names);
    return true;
}

int verify_cases(const RshEngineOptions *options, bool reference, char **folders, int count)
{
    GpuOptions open = {.device = options->device,
                       .caps_mask = options->caps_mask,
                       .cache_dir = options->cache_dir,
                       .memory_budget = options->memory_budget,
                       .validate = options->validate,
                       .log = options->log,
                       .log_data = options->log_data};
    Tally tally = {0};
    RshError error = {0};
    bool complete = true;

    if (!reference && gpu_open(&open, &tally.gpu, &error) != RSH_OK) {
        fprintf(stderr, "rushes-engine: %s\n", error.text);
        return EXIT_NO_DEVICE;
    }
    printf("device: %s\n", reference ? "plain C reference" : gpu_caps(tally.gpu)->name);
    for (int i = 0; i < count; i++)
        complete = run_folder(&tally, folders[i]) && complete;
    if (tally.gpu && gpu_validation_messages(tally.gpu) > 0) {
        printf("validation layers: %u messages\n", gpu_validation_messages(tally.gpu));
        tally.failed++;
    }
    gpu_close(&tally.gpu);
    printf("%u passed, %u failed, %u skipped\n", tally.passed, tally.failed, tally.skipped);
    return tally.failed > 0 ? EXIT_CASE_FAILED : complete ? EXIT_SUCCESS : EXIT_NOTHING;
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every golden case as one line of TAP:
//   test_golden [--runner reference|gpu] [--caps MASK] [--validate] [--cases FOLDER] [-v] [NAME...]
// On the device memory must also be what the runner says: nothing is left when a case is done.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/gpu.h"
#include "run/verify.h"

static void print_output(void *data, const char *output, double error, double limit)
{
    if (*(bool *)data || !(error <= limit))
        printf("#   %-32s %.3g (limit %.3g)\n", output, error, limit);
}

static bool wanted(char **names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return count == 0;
}

static void print_message(void *data, RshLogLevel level, const char *line)
{
    (void)data;
    if (level <= RSH_LOG_WARN)
        printf("# %s\n", line);
}

// What --runner asked for; *gpu is NULL for the reference.
static bool open_runner(const GpuOptions *options, bool device, Gpu **gpu, Runner **runner)
{
    RshError error = {0};
    RshStatus status = RSH_OK;
    if (device && !*gpu)
        status = gpu_open(options, gpu, &error);
    if (status == RSH_OK)
        status = device ? runner_create_gpu(*gpu, runner, &error)
                        : runner_create_reference(runner, &error);
    if (status != RSH_OK)
        printf("Bail out! %s\n", error.text);
    return status == RSH_OK;
}

static const char *const state_names[] = {"ok", "not ok", "ok"};

int main(int argc, char **argv)
{
    const char *folder = getenv("RUSHES_GOLDEN");
    bool verbose = false, device = false;
    GpuOptions options = {.device = getenv("RUSHES_DEVICE"),
                          .caps_mask = getenv("RUSHES_CAPS"),
                          .log = print_message,
                          .cache_dir = getenv("RUSHES_CACHE")};
    Gpu *gpu = NULL;
    char **chosen = calloc((size_t)argc + 1, sizeof(char *));
    int chosen_count = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cases") == 0 && i + 1 < argc)
            folder = argv[++i];
        else if (strcmp(argv[i], "--runner") == 0 && i + 1 < argc)
            device = strcmp(argv[++i], "gpu") == 0;
        else if (strcmp(argv[i], "--caps") == 0 && i + 1 < argc)
            options.caps_mask = argv[++i];
        else if (strcmp(argv[i], "--validate") == 0)
            options.validate = true;
        else if (strcmp(argv[i], "-v") == 0)
            verbose = true;
        else
            chosen[chosen_count++] = argv[i];
    }

    RshError error = {0};
    Runner *runner = NULL;
    char **names = NULL;
    size_t count = 0, failed = 0, number = 0;
    if (device && gpu_list(NULL, 0) == 0) {
        const char *required = getenv("RSH_REQUIRE_GPU");
        const bool must = required && strcmp(required, "1") == 0;
        printf(must ? "Bail out! a Vulkan device is required and there is none\n"
                    : "1..0 # SKIP no Vulkan device\n");
        return must ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (!folder || verify_list(folder, &names, &count, &error) != RSH_OK) {
        printf("Bail out! %s\n", folder ? error.text : "no folder of cases: set RUSHES_GOLDEN");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < count; i++) {
        char path[4096];
        VerifyResult result;
        if (!wanted(chosen, chosen_count, names[i]))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        // States keep their shape for the life of a runner, and cases differ in shape.
        if (!open_runner(&options, device, &gpu, &runner))
            return EXIT_FAILURE;
        verify_case(path, runner, print_output, &verbose, &result);
        runner->ops->destroy(&runner);
        if (gpu && gpu_memory_in_use(gpu) != 0) {
            printf("# %llu bytes of device memory are left\n",
                   (unsigned long long)gpu_memory_in_use(gpu));
            result.state = VERIFY_FAILED;
        }
        failed += result.state == VERIFY_FAILED;
        printf("%s %zu - %s", state_names[result.state], ++number, names[i]);
        if (result.state == VERIFY_SKIPPED)
            printf(" # SKIP %s\n", result.reason);
        else
            printf(" # %u outputs, worst %.3g of its limit%s%s\n", result.outputs, result.worst,
                   result.reason[0] ? ": " : "", result.reason);
        fflush(stdout);
    }
    if (gpu && gpu_validation_messages(gpu) != 0) {
        printf("not ok %zu - no message of the validation layers\n", ++number);
        failed++;
    }
    gpu_close(&gpu);
    printf("1..%zu\n", number);
    free(names);
    free(chosen);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

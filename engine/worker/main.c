// SPDX-License-Identifier: GPL-3.0-or-later
// rushes-engine: the program that runs inference, apart from the studio so that a driver's crash or an
// out-of-memory kill ends a job and not an afternoon. docs/protocol.md says what it reads and writes.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/devices.h"
#include "worker/events.h"
#include "worker/session.h"
#include "worker/verify_cases.h"

enum { EXIT_USAGE = 1 };

enum {
    OPTION_FD = 256,
    OPTION_CACHE,
    OPTION_MODELS,
    OPTION_DEVICE,
    OPTION_CAPS,
    OPTION_BUDGET,
    OPTION_VALIDATE,
    OPTION_VERBOSE,
    OPTION_DEVICES,
    OPTION_VERIFY,
    OPTION_REFERENCE,
    OPTION_CHECK,
};

static const struct option long_options[] = {
    {"fd", required_argument, NULL, OPTION_FD},
    {"cache", required_argument, NULL, OPTION_CACHE},
    {"models", required_argument, NULL, OPTION_MODELS},
    {"device", required_argument, NULL, OPTION_DEVICE},
    {"caps", required_argument, NULL, OPTION_CAPS},
    {"budget", required_argument, NULL, OPTION_BUDGET},
    {"validate", no_argument, NULL, OPTION_VALIDATE},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"devices", no_argument, NULL, OPTION_DEVICES},
    {"verify", no_argument, NULL, OPTION_VERIFY},
    {"reference", no_argument, NULL, OPTION_REFERENCE},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "Usage: rushes-engine [OPTION]...\n"
    "Reads requests and writes events, one JSON object a line (docs/protocol.md).\n"
    "\n"
    "  --fd N          talk through this open socket instead of standard input and output\n"
    "  --models DIR    look for models in the folders of DIR; may be given several times\n"
    "  --cache DIR     keep pipelines, file hashes and timings here\n"
    "  --device NAME   part of a device's name, or its number\n"
    "  --caps MASK     do without these capabilities: -fp16,-int8_dot\n"
    "  --budget MIB    device memory to use at most\n"
    "  --validate      run under the Vulkan validation layers\n"
    "  --verbose       log to standard error\n"
    "  --devices       list the devices as JSON and exit\n"
    "  --check         say whether --device and --caps can be had, and exit\n"
    "  --verify DIR... run golden cases and exit; with --reference in plain C\n"
    "  --help, --version\n";

static void log_line(void *data, RshLogLevel level, const char *line)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    (void)data;
    fprintf(stderr, "rushes-engine: %s: %s\n", names[level], line);
}

// In a session the client hears of warnings, too.
static void log_event(void *data, RshLogLevel level, const char *line)
{
    const bool *verbose = data;
    if (level <= RSH_LOG_WARN)
        events_log(level, line);
    if (*verbose)
        log_line(NULL, level, line);
}

static bool parse_number(const char *text, unsigned long most, unsigned long *out)
{
    char *end = NULL;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *out <= most;
}

static int refuse(const char *what)
{
    fprintf(stderr, "rushes-engine: %s\n", what);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    SessionOptions options = {.output = 1};
    bool list = false, check = false, verify = false, reference = false, verbose = false;
    unsigned long number = 0;
    int option;

    while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
        switch (option) {
        case OPTION_FD:
            if (!parse_number(optarg, 1 << 20, &number))
                return refuse("--fd needs the number of an open socket");
            options.input = options.output = (int)number;
            options.ignore_interrupt = true;
            break;
        case OPTION_CACHE:
            options.engine.cache_dir = optarg;
            break;
        case OPTION_MODELS:
            if (options.model_folder_count == SESSION_MODEL_FOLDERS)
                return refuse("too many --models");
            options.model_folders[options.model_folder_count++] = optarg;
            break;
        case OPTION_DEVICE:
            options.engine.device = optarg;
            break;
        case OPTION_CAPS:
            options.engine.caps_mask = optarg;
            break;
        case OPTION_BUDGET:
            if (!parse_number(optarg, 1 << 30, &number) || number == 0)
                return refuse("--budget needs a number of MiB above 0");
            options.engine.memory_budget = (uint64_t)number << 20;
            break;
        case OPTION_VALIDATE:
            options.engine.validate = true;
            break;
        case OPTION_VERBOSE:
            verbose = true;
            break;
        case OPTION_DEVICES:
            list = true;
            break;
        case OPTION_CHECK:
            check = true;
            break;
        case OPTION_VERIFY:
            verify = true;
            break;
        case OPTION_REFERENCE:
            reference = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'V':
            printf("rushes-engine %s\n", rsh_version());
            return EXIT_SUCCESS;
        default:
            return EXIT_USAGE; // getopt has said why
        }
    }
    if (verbose)
        options.engine.log = log_line;
    if (verify)
        return verify_cases(&options.engine, reference, argv + optind, argc - optind);
    if (optind < argc)
        return refuse("unexpected argument; --help says what there is");
    if (check)
        return devices_check(&options.engine);
    if (list)
        return devices_print(&options.engine);
    options.engine.log = log_event;
    options.engine.log_data = &verbose;
    return session_run(&options);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// rushes devices: what can run models here, and what each device is able to do.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "json-file.h"
#include "places.h"

static void print_device(const cJSON *device)
{
    double memory = rushes_json_number(device, "memory_bytes", 0.0);
    const char *problem = rushes_json_string(device, "problem", NULL);
    const cJSON *caps = cJSON_GetObjectItemCaseSensitive(device, "caps"), *cap;
    gboolean software = rushes_json_bool(device, "software", FALSE);
    gboolean integrated = rushes_json_bool(device, "integrated", FALSE);

    printf("%d  %s (%s, %.1f GiB)\n", rushes_json_int(device, "number", 0, 99, 0),
           rushes_json_string(device, "name", "?"),
           software     ? "runs on the processor"
           : integrated ? "integrated"
                        : "discrete",
           memory / (1024.0 * 1024.0 * 1024.0));
    if (problem) {
        printf("   cannot be used: %s\n", problem);
        return;
    }
    printf(
        "   driver   %s\n   subgroup %d lanes, %d invocations, %d KiB shared memory\n   caps    ",
        rushes_json_string(device, "driver", "?"),
        rushes_json_int(device, "subgroup_size", 0, 1024, 0),
        rushes_json_int(device, "max_invocations", 0, G_MAXINT, 0),
        rushes_json_int(device, "max_shared_bytes", 0, G_MAXINT, 0) / 1024);
    cJSON_ArrayForEach(cap, caps)
    {
        printf(" %s", cJSON_IsString(cap) ? cap->valuestring : "?");
    }
    putchar('\n');
}

int rushes_cli_devices(int argc, char **argv)
{
    gboolean json = FALSE;
    g_autofree char *caps = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {"caps", 0, 0, G_OPTION_ARG_FILENAME, &caps, "Do without these capabilities", "-fp16,..."},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL, *log = NULL;
    int status;

    if (!rushes_cli_parse("",
                          "Lists the Vulkan devices; --device of the other commands takes a number "
                          "or a part of a name.",
                          entries, &argc, &argv, &status))
        return status;
    if (!rushes_cli_check_device(NULL, caps, &status))
        return status;
    g_autofree char *engine = rushes_places_find_engine(&error);
    if (!engine)
        return rushes_cli_fail(RUSHES_EXIT_ENGINE, error);
    char *command[] = {engine, (char *)"--devices", caps ? (char *)"--caps" : NULL, caps, NULL};
    if (!g_spawn_sync(NULL, command, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &log, &status,
                      &error))
        return rushes_cli_fail(RUSHES_EXIT_ENGINE, error);

    g_autoptr(cJSON) list = cJSON_Parse(out);
    if (!cJSON_IsArray(list)) {
        rushes_cli_complain("The engine could not list the devices");
        return RUSHES_EXIT_ENGINE;
    }
    if (json) {
        fputs(out, stdout);
    } else {
        const cJSON *device;
        cJSON_ArrayForEach(device, list) print_device(device);
    }
    if (cJSON_GetArraySize(list) == 0) {
        rushes_cli_complain(
            "No Vulkan device was found; mesa-vulkan-drivers runs on any processor");
        return RUSHES_EXIT_NO_DEVICE;
    }
    return RUSHES_EXIT_OK;
}

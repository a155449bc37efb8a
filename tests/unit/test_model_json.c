// SPDX-License-Identifier: GPL-3.0-or-later
// model.json is read strictly: what it names stays inside its folder and every number has a range.
#include "formats/model_json.h"

#include <string.h>

#include "tap.h"

#define HEAD "{\"format\":1,\"id\":\"a\",\"family\":\"wan\",\"components\":"

static char failure[256];

static RshStatus parse(const char *text)
{
    ModelJson *model = NULL;
    RshError error = {0};
    RshStatus status = model_json_parse(text, strlen(text), "/models/a", &model, &error);
    CHECK((status == RSH_OK) == (model != NULL));
    CHECK(status == RSH_OK || strstr(error.text, "/models/a/model.json: ") == error.text);
    snprintf(failure, sizeof(failure), "%s", error.text);
    model_json_close(&model);
    return status;
}

static void the_bundled_model_opens(void)
{
    ModelJson *model = NULL;
    RshError error = {0};
    RshStatus status = model_json_open(getenv("RUSHES_MINI"), &model, &error);
    if (status != RSH_OK)
        printf("# %s\n", error.text);
    CHECK(status == RSH_OK);
    if (!model)
        return;
    CHECK(strcmp(model_json_id(model), "mini") == 0);
    CHECK(strcmp(model_json_family(model), "ovi") == 0);
    CHECK(strcmp(model_json_licence(model), "GPL-3.0-or-later") == 0);
    CHECK(strstr(model_json_path(model, "vae"), "/vae.gguf") != NULL);
    CHECK(model_json_path(model, "image_encoder") == NULL);
    CHECK(model_json_path(model, "no such") == NULL);
    const cJSON *vae = model_json_config(model, "vae");
    uint32_t z = 0, multipliers[8];
    size_t count = 0;
    float mean[64];
    CHECK(config_count(vae, "vae", "z_dim", 1, 256, &z, NULL) == RSH_OK && z > 0);
    CHECK(config_numbers(vae, "vae", "mean", 64, mean, &count, NULL) == RSH_OK && count == z);
    CHECK(config_counts(vae, "vae", "enc_dim_mult", 1, 64, 8, multipliers, &count, NULL) == RSH_OK);
    CHECK(count >= 1);
    CHECK(config_count(model_json_defaults(model), "defaults", "fps", 1, 240, &z, NULL) == RSH_OK);
    model_json_close(&model);
    CHECK(model == NULL);
}

static void files_outside_the_folder_are_refused(void)
{
    static const char *const bad[] = {"",     "/etc/passwd", "..",     "../a",     "a/../b", "./a",
                                      "a//b", "a/",          "a\\\\b", "a\\u0001", "a/..",   "."};
    char text[256];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), HEAD "{\"vae\":{\"file\":\"%s\"}}}", bad[i]);
        CHECK(parse(text) == RSH_ERROR_FORMAT);
        CHECK(strstr(failure, "inside") != NULL);
    }
    CHECK(parse(HEAD "{\"vae\":{\"file\":\"sub/..a/vae..safetensors\"}}}") == RSH_OK);
}

static void wrong_shapes_are_refused(void)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{",
        HEAD "{}}",
        HEAD "[]}",
        HEAD "{\"vae\":\"vae.safetensors\"}}",
        HEAD "{\"vae\":{\"file\":1}}}",
        HEAD "{\"vae\":{\"file\":\"a\",\"config\":[]}}}",
        HEAD "{\"pickle\":{\"file\":\"a\"}}}",
        HEAD "{\"vae\":{\"file\":\"a\"},\"vae\":{\"file\":\"b\"}}}",
        HEAD "{\"vae\":{\"file\":\"a\",\"config\":{\"z\":1,\"z\":2}}}}",
        HEAD "{\"vae\":{\"file\":\"a\"}},\"defaults\":1}",
        HEAD "{\"vae\":{\"file\":\"a\"}}} x",
        "{\"format\":2,\"id\":\"a\",\"family\":\"wan\",\"components\":{\"vae\":{\"file\":\"a\"}}}",
        "{\"format\":1,\"id\":\"../"
        "a\",\"family\":\"wan\",\"components\":{\"vae\":{\"file\":\"a\"}}}",
        "{\"format\":1,\"id\":\"a\",\"family\":\"x\",\"components\":{\"vae\":{\"file\":\"a\"}}}",
        HEAD "{\"vae\":{\"file\":\"\377\"}}}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parse(bad[i]) != RSH_ERROR_FORMAT)
            printf("# accepted: %s\n", bad[i]);
        CHECK(parse(bad[i]) == RSH_ERROR_FORMAT);
    }
    CHECK(parse(HEAD "{\"vae\":{\"file\":\"a\"}}, \"training\": {\"x\": [1]}}\n") == RSH_OK);
}

static void deep_nesting_does_not_overflow_the_stack(void)
{
    static char text[200000];
    memset(text, '[', sizeof(text) - 1);
    CHECK(parse(text) == RSH_ERROR_FORMAT);
    int used = snprintf(text, sizeof(text), HEAD "{\"vae\":{\"file\":\"a\"}},\"x\":");
    memset(text + used, '[', 900);
    memset(text + used + 900, ']', 900);
    strcpy(text + used + 1800, "}");
    CHECK(parse(text) == RSH_OK);
}

static void missing_component_files_are_named(void)
{
    char folder[] = "/tmp/rushes-model-json-XXXXXX", path[128];
    ModelJson *model = NULL;
    RshError error = {0};
    CHECK(mkdtemp(folder) != NULL);
    CHECK(model_json_open(folder, &model, &error) == RSH_ERROR_IO); // no model.json at all
    snprintf(path, sizeof(path), "%s/model.json", folder);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (!file)
        return;
    fputs(HEAD "{\"vae\":{\"file\":\"vae.safetensors\"}}}", file);
    fclose(file);
    CHECK(model_json_open(folder, &model, &error) == RSH_ERROR_IO);
    CHECK(strstr(error.text, "vae file \"vae.safetensors\" is missing") != NULL);
    CHECK(model == NULL);
    remove(path);
    remove(folder);
}

static void numbers_have_a_type_and_a_range(void)
{
    cJSON *config = cJSON_Parse("{\"n\":3,\"half\":0.5,\"huge\":1e999,\"big\":1e12,\"text\":\"a\","
                                "\"yes\":true,\"list\":[1,2],\"mixed\":[1,\"a\"],\"minus\":-1}");
    uint32_t count = 7, list[4];
    double number = 7;
    float floats[2];
    bool flag = false;
    const char *text = NULL;
    size_t entries = 9;
    RshError error = {0};
    CHECK(config_count(config, "x", "n", 1, 8, &count, NULL) == RSH_OK && count == 3);
    CHECK(config_count(config, "x", "none", 1, 8, &count, NULL) == RSH_OK && count == 3);
    CHECK(config_count(NULL, "x", "n", 1, 8, &count, NULL) == RSH_OK && count == 3);
    CHECK(config_count(config, "mini: vae", "n", 4, 8, &count, &error) == RSH_ERROR_FORMAT);
    CHECK(strcmp(error.text, "mini: vae: \"n\" is not a whole number from 4 to 8") == 0);
    CHECK(config_count(config, "x", "half", 0, 8, &count, NULL) == RSH_ERROR_FORMAT);
    CHECK(config_count(config, "x", "minus", 0, 8, &count, NULL) == RSH_ERROR_FORMAT);
    CHECK(config_count(config, "x", "big", 0, UINT32_MAX, &count, NULL) == RSH_ERROR_FORMAT);
    CHECK(config_count(config, "x", "text", 0, 8, &count, NULL) == RSH_ERROR_FORMAT);
    CHECK(config_number(config, "x", "half", 0, 1, &number, NULL) == RSH_OK && number == 0.5);
    CHECK(config_number(config, "x", "huge", -1e300, 1e300, &number, NULL) == RSH_ERROR_FORMAT);
    CHECK(config_bool(config, "x", "yes", &flag, NULL) == RSH_OK && flag);
    CHECK(config_bool(config, "x", "n", &flag, NULL) == RSH_ERROR_FORMAT);
    CHECK(config_string(config, "x", "text", &text, NULL) == RSH_OK && strcmp(text, "a") == 0);
    CHECK(config_counts(config, "x", "list", 0, 8, 4, list, &entries, NULL) == RSH_OK);
    CHECK(entries == 2 && list[1] == 2);
    CHECK(config_counts(config, "x", "list", 0, 8, 1, list, &entries, NULL) == RSH_ERROR_FORMAT);
    CHECK(config_counts(config, "x", "mixed", 0, 8, 4, list, &entries, NULL) == RSH_ERROR_FORMAT);
    CHECK(config_numbers(config, "x", "list", 2, floats, &entries, NULL) == RSH_OK);
    CHECK(floats[0] == 1);
    cJSON_Delete(config);
}

int main(void)
{
    TAP_RUN(the_bundled_model_opens);
    TAP_RUN(files_outside_the_folder_are_refused);
    TAP_RUN(wrong_shapes_are_refused);
    TAP_RUN(deep_nesting_does_not_overflow_the_stack);
    TAP_RUN(missing_component_files_are_named);
    TAP_RUN(numbers_have_a_type_and_a_range);
    return tap_done();
}

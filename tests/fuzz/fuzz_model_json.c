// SPDX-License-Identifier: GPL-3.0-or-later
// model.json: any text gives a model whose files lie inside its folder, or one sentence.
#include <stdlib.h>
#include <string.h>

#include "formats/model_json.h"
#include "fuzz.h"

static void check_path(const char *path)
{
    static const char folder[] = "folder/";
    if (!path)
        return;
    if (strncmp(path, folder, sizeof(folder) - 1) != 0 || strstr(path, "/../") ||
        strstr(path, "//") || path[strlen(path) - 1] == '/')
        abort();
    size_t length = strlen(path);
    if (length >= 3 && strcmp(path + length - 3, "/..") == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const components[] = {"text_encoder",  "tokenizer", "transformer",
                                             "image_encoder", "vae",       "vocoder"};
    ModelJson *model = NULL;
    RshError error = {0};
    char *text = malloc(size ? size : 1); // exact length: a read past the end is seen
    if (!text)
        return 0;
    memcpy(text, data, size);
    if (model_json_parse(text, size, "folder", &model, &error) != RSH_OK) {
        if (model || !error.text[0])
            abort();
        free(text);
        return 0;
    }
    for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++) {
        const cJSON *config = model_json_config(model, components[i]), *item;
        uint32_t count = 1, list[4];
        size_t entries = 0;
        double number = 0;
        float numbers[4];
        check_path(model_json_path(model, components[i]));
        cJSON_ArrayForEach(item, config)
        {
            const char *key = item->string;
            if (config_count(config, "x", key, 1, 100, &count, NULL) == RSH_OK &&
                (count < 1 || count > 100))
                abort();
            if (config_number(config, "x", key, -1, 1, &number, NULL) == RSH_OK &&
                !(number >= -1 && number <= 1))
                abort();
            (void)!config_counts(config, "x", key, 0, 9, 4, list, &entries, NULL);
            (void)!config_numbers(config, "x", key, 4, numbers, &entries, NULL);
            if (entries > 4)
                abort();
        }
    }
    model_json_close(&model);
    free(text);
    return 0;
}

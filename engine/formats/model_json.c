// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/model_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/utf8.h"

static const char *const component_names[] = {
    "text_encoder",  "tokenizer", "transformer", "transformer_low_noise",
    "image_encoder", "vae",       "audio_vae",   "vocoder",
};
static const char *const family_names[] = {"wan", "ovi", "ltx"};

enum { COMPONENT_COUNT = sizeof(component_names) / sizeof(component_names[0]) };
enum { FAMILY_COUNT = sizeof(family_names) / sizeof(family_names[0]) };

struct ModelJson {
    char label[128]; // FOLDER/model.json, its end
    char *folder;
    cJSON *root;
    const char *id, *name, *family, *version, *licence;
    char *paths[COMPONENT_COUNT]; // owned
    const cJSON *configs[COMPONENT_COUNT];
};

static int index_of(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static RshStatus fail(const ModelJson *model, RshError *error, const char *problem)
{
    return error_set(error, RSH_ERROR_FORMAT, "%s: %s", model->label, problem);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Looks for a key listed twice in `item` and everything below it. cJSON bounds the depth at 1000.
static RshStatus check_duplicates(const ModelJson *model, const cJSON *item, RshError *error)
{
    const cJSON *child;
    size_t count = 0, filled = 0;
    RshStatus status = RSH_OK;
    cJSON_ArrayForEach(child, item)
    {
        count++;
        status = check_duplicates(model, child, error);
        if (status != RSH_OK)
            return status;
    }
    if (!cJSON_IsObject(item) || count < 2)
        return RSH_OK;
    const char **keys = calloc(count, sizeof(keys[0]));
    if (!keys)
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", model->label);
    cJSON_ArrayForEach(child, item) keys[filled++] = child->string;
    qsort(keys, count, sizeof(keys[0]), compare_strings);
    for (size_t i = 1; i < count && status == RSH_OK; i++)
        if (strcmp(keys[i], keys[i - 1]) == 0)
            status = error_set(error, RSH_ERROR_FORMAT, "%s: the key \"%.40s\" is listed twice",
                               model->label, keys[i]);
    free(keys);
    return status;
}

static bool is_id(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 63 && text[0] != '.' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

// A relative path that stays inside the folder by its spelling.
static bool is_inside(const char *path)
{
    if (path[0] == '\0' || path[0] == '/' || strlen(path) > 255 || strchr(path, '\\'))
        return false;
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t length = strcspn(part, "/");
        if (length == 0 || (length <= 2 && strncmp(part, "..", length) == 0))
            return false;
    }
    return true;
}

static RshStatus read_component(ModelJson *model, const cJSON *entry, RshError *error)
{
    int index = index_of(entry->string, component_names, COMPONENT_COUNT);
    if (index < 0)
        return error_set(error, RSH_ERROR_FORMAT, "%s: \"%.40s\" is not a component of a model",
                         model->label, entry->string);
    const cJSON *file = cJSON_GetObjectItemCaseSensitive(entry, "file");
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(entry, "config");
    if (!cJSON_IsObject(entry) || !cJSON_IsString(file))
        return error_set(error, RSH_ERROR_FORMAT, "%s: the component %s names no file",
                         model->label, component_names[index]);
    if (!is_inside(file->valuestring))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the file of %s, \"%.60s\", is not a path inside the model's folder",
                         model->label, component_names[index], file->valuestring);
    if (config && !cJSON_IsObject(config))
        return error_set(error, RSH_ERROR_FORMAT, "%s: the config of %s is not an object",
                         model->label, component_names[index]);
    if (asprintf(&model->paths[index], "%s/%s", model->folder, file->valuestring) < 0) {
        model->paths[index] = NULL;
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", model->label);
    }
    model->configs[index] = config;
    return RSH_OK;
}

static RshStatus read_text(const ModelJson *model, const char *key, const char **out,
                           RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(model->root, key);
    if (item && (!cJSON_IsString(item) || strlen(item->valuestring) > 200))
        return error_set(error, RSH_ERROR_FORMAT, "%s: \"%s\" is not a short text", model->label,
                         key);
    if (item)
        *out = item->valuestring;
    return RSH_OK;
}

static RshStatus read_root(ModelJson *model, RshError *error)
{
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(model->root, "format");
    const cJSON *components = cJSON_GetObjectItemCaseSensitive(model->root, "components");
    const cJSON *defaults = cJSON_GetObjectItemCaseSensitive(model->root, "defaults"), *entry;
    RshStatus status = check_duplicates(model, model->root, error);
    if (status != RSH_OK)
        return status;
    if (!cJSON_IsNumber(format) || format->valuedouble != 1)
        return fail(model, error, "\"format\" is not 1, the only one this version reads");

    const struct {
        const char *key;
        const char **out;
    } texts[] = {{"id", &model->id},
                 {"name", &model->name},
                 {"family", &model->family},
                 {"version", &model->version},
                 {"licence", &model->licence}};
    model->version = model->licence = "";
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && status == RSH_OK; i++)
        status = read_text(model, texts[i].key, texts[i].out, error);
    if (status != RSH_OK)
        return status;
    if (!model->id || !is_id(model->id))
        return fail(model, error,
                    "\"id\" is not 1 to 63 of the characters a-z, 0-9, '.', '_', '-'");
    if (!model->name)
        model->name = model->id;
    if (!model->family || index_of(model->family, family_names, FAMILY_COUNT) < 0)
        return fail(model, error, "\"family\" is not wan, ovi or ltx");
    if (defaults && !cJSON_IsObject(defaults))
        return fail(model, error, "\"defaults\" is not an object");
    if (!cJSON_IsObject(components) || !components->child)
        return fail(model, error, "\"components\" is not an object with at least one component");
    cJSON_ArrayForEach(entry, components)
    {
        status = read_component(model, entry, error);
        if (status != RSH_OK)
            return status;
    }
    return RSH_OK;
}

RshStatus model_json_parse(const char *text, size_t length, const char *folder, ModelJson **out,
                           RshError *error)
{
    *out = NULL;
    size_t shown = strlen(folder), kept = shown < 100 ? shown : 100;
    ModelJson *model = calloc(1, sizeof(*model));
    char *copy = length <= MODEL_JSON_MAX_BYTES ? malloc(length + 1) : NULL;
    RshStatus status = RSH_OK;
    if (model) {
        snprintf(model->label, sizeof(model->label), "%s%s/model.json", kept < shown ? "..." : "",
                 folder + (shown - kept));
        model->folder = strdup(folder);
    }
    if (!model || !model->folder || (!copy && length <= MODEL_JSON_MAX_BYTES)) {
        status = error_set(error, RSH_ERROR_MEMORY, "%.100s: out of memory", folder);
        goto done;
    }
    if (!copy) {
        status = error_set(error, RSH_ERROR_FORMAT, "%s: %zu bytes are above the limit of %d",
                           model->label, length, MODEL_JSON_MAX_BYTES);
        goto done;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    const char *end = NULL;
    if (utf8_is_valid(copy, length) && !memchr(copy, 0, length))
        model->root = cJSON_ParseWithLengthOpts(copy, length + 1, &end, true);
    if (!cJSON_IsObject(model->root))
        status = error_set(error, RSH_ERROR_FORMAT, "%s: this is not a JSON object (byte %zu)",
                           model->label, end ? (size_t)(end - copy) : 0);
    else
        status = read_root(model, error);
done:
    free(copy);
    if (status != RSH_OK)
        model_json_close(&model);
    *out = model;
    return status;
}

RshStatus model_json_open(const char *folder, ModelJson **out, RshError *error)
{
    char *path = NULL;
    MappedFile *file = NULL;
    *out = NULL;
    if (asprintf(&path, "%s/model.json", folder) < 0)
        return error_set(error, RSH_ERROR_MEMORY, "%.100s: out of memory", folder);
    RshStatus status = mapped_file_open(path, &file, error);
    free(path);
    if (status != RSH_OK)
        return status;
    uint64_t size = mapped_file_size(file);
    const char *text = mapped_file_span(file, 0, size);
    status = model_json_parse(text ? text : "", (size_t)size, folder, out, error);
    mapped_file_close(&file);
    for (int i = 0; i < COMPONENT_COUNT && status == RSH_OK; i++) {
        if (!(*out)->paths[i] || access((*out)->paths[i], R_OK) == 0)
            continue;
        status = error_set(
            error, RSH_ERROR_IO, "%s: the %s file \"%.60s\" is missing; download the model again",
            (*out)->label, component_names[i], (*out)->paths[i] + strlen(folder) + 1);
        model_json_close(out);
    }
    return status;
}

void model_json_close(ModelJson **address)
{
    ModelJson *model = *address;
    if (!model)
        return;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        free(model->paths[i]);
    cJSON_Delete(model->root);
    free(model->folder);
    free(model);
    *address = NULL;
}

const char *model_json_id(const ModelJson *model)
{
    return model->id;
}

const char *model_json_name(const ModelJson *model)
{
    return model->name;
}

const char *model_json_family(const ModelJson *model)
{
    return model->family;
}

const char *model_json_version(const ModelJson *model)
{
    return model->version;
}

const char *model_json_licence(const ModelJson *model)
{
    return model->licence;
}

const char *model_json_folder(const ModelJson *model)
{
    return model->folder;
}

const char *model_json_path(const ModelJson *model, const char *component)
{
    int index = index_of(component, component_names, COMPONENT_COUNT);
    return index < 0 ? NULL : model->paths[index];
}

const cJSON *model_json_config(const ModelJson *model, const char *component)
{
    int index = index_of(component, component_names, COMPONENT_COUNT);
    return index < 0 ? NULL : model->configs[index];
}

const cJSON *model_json_defaults(const ModelJson *model)
{
    return cJSON_GetObjectItemCaseSensitive(model->root, "defaults");
}

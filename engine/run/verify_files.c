// SPDX-License-Identifier: GPL-3.0-or-later
// Golden cases of files and texts: model files, the number types in them, tokenizers, prompts.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/tensor_values.h"
#include "formats/text_clean.h"
#include "formats/tokenizer.h"
#include "run/golden.h"

// ---- number types ----------------------------------------------------------------------------

static bool same_number(double got, double want)
{
    return fabs(got - want) <= 1e-6 * fabs(want); // the case lists f32 values in decimal
}

static bool same_array(const ModelFile *file, const char *key, const cJSON *want)
{
    const cJSON *item;
    size_t index = 0;
    double number;
    if (model_file_array_count(file, key) != (size_t)cJSON_GetArraySize(want))
        return false;
    cJSON_ArrayForEach(item, want)
    {
        if (cJSON_IsNumber(item) && (!model_file_array_number(file, key, index, &number) ||
                                     !same_number(number, item->valuedouble)))
            return false;
        index++;
    }
    return true;
}

static bool same_metadata(const ModelFile *file, const cJSON *want)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, want)
    {
        double number = 0;
        const char *text = model_file_string(file, item->string);
        bool same = cJSON_IsArray(item) ? same_array(file, item->string, item)
                    : cJSON_IsString(item)
                        ? text && strcmp(text, item->valuestring) == 0
                        : model_file_number(file, item->string, &number) &&
                              same_number(number, cJSON_IsBool(item) ? (double)cJSON_IsTrue(item)
                                                                     : item->valuedouble);
        if (!same)
            return false;
    }
    return true;
}

static RshStatus compare_tensor(GoldenCase *golden, const ModelTensor *want)
{
    const char *name = want->name + 4; // after "out."
    const ModelTensor *tensor = model_file_find(golden->weights, name);
    bool same_shape = tensor && tensor->n_dims == want->n_dims &&
                      memcmp(tensor->dims, want->dims, sizeof(want->dims)) == 0;
    if (!same_shape) {
        golden_report_exact(golden, name, false);
        return RSH_OK;
    }
    size_t count = (size_t)tensor->elements;
    float *values = calloc(2 * count + 1, sizeof(values[0])), *expected = values + count;
    if (!values)
        return error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for %zu numbers.", count);
    const cJSON *limit = cJSON_GetObjectItemCaseSensitive(golden->json, "max_rel_error");
    RshStatus status = weight_to_f32(golden->weights, tensor, 0, count, values, &golden->error);
    if (status == RSH_OK)
        status = tensor_to_f32(golden->io, want, 0, count, expected, &golden->error);
    if (status == RSH_OK && limit && limit->valuedouble == 0) // bits: NaNs are among the numbers
        golden_report_exact(golden, name, memcmp(values, expected, count * sizeof(float)) == 0);
    else if (status == RSH_OK)
        status = golden_compare(golden, name, GOLDEN_ROWS, values, count);
    free(values);
    return status;
}

RshStatus verify_tensor_types(GoldenCase *golden)
{
    if (!golden->weights || !golden->io)
        return error_set(&golden->error, RSH_ERROR_FORMAT,
                         "The case has no model file or no expected values.");
    RshStatus status = RSH_OK;
    for (size_t i = 0; i < model_file_count(golden->io) && status == RSH_OK; i++) {
        const ModelTensor *want = model_file_tensor(golden->io, i);
        if (strncmp(want->name, "out.", 4) == 0)
            status = compare_tensor(golden, want);
    }
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(golden->config, "kv");
    if (status == RSH_OK && keys)
        golden_report_exact(golden, "metadata", same_metadata(golden->weights, keys));
    return status;
}

// ---- malformed files -------------------------------------------------------------------------

// What case.json expects of a file, in words. Where it leaves a choice, any end but a crash is right.
static bool end_is_right(const char *expected, bool opened, const char *sentence)
{
    if (!opened && sentence[0] == '\0')
        return false;
    if (strstr(expected, " or ") || strstr(expected, "acceptable"))
        return true;
    return opened == (strncmp(expected, "must load", 9) == 0);
}

// Reads every value: what a loader would do with a file that opened.
static bool read_everything(const ModelFile *file)
{
    float values[256];
    for (size_t i = 0; i < model_file_count(file); i++) {
        const ModelTensor *tensor = model_file_tensor(file, i);
        for (uint64_t done = 0; done < tensor->elements; done += 256) {
            uint64_t left = tensor->elements - done;
            if (tensor_to_f32(file, tensor, done, left < 256 ? left : 256, values, NULL) != RSH_OK)
                return false;
        }
    }
    return true;
}

RshStatus verify_malformed(GoldenCase *golden)
{
    const cJSON *expected = cJSON_GetObjectItemCaseSensitive(golden->json, "expected"), *item;
    cJSON_ArrayForEach(item, expected)
    {
        char path[4096];
        ModelFile *file = NULL;
        RshError error = {0};
        if (!cJSON_IsString(item))
            continue;
        snprintf(path, sizeof(path), "%s/%s", golden->folder, item->string);
        RshStatus status = model_file_open(path, &file, &error);
        if (status == RSH_ERROR_IO)
            return error_set(&golden->error, RSH_ERROR_IO, "%s", error.text);
        bool right = end_is_right(item->valuestring, status == RSH_OK, error.text);
        golden_report_exact(golden, item->string, right && (!file || read_everything(file)));
        model_file_close(&file);
    }
    return RSH_OK;
}

// ---- tokenizers ------------------------------------------------------------------------------

static const ModelTensor *find_list(GoldenCase *golden, const char *name)
{
    const ModelTensor *tensor = golden->io ? model_file_find(golden->io, name) : NULL;
    if (!tensor || tensor->elements > 1 << 24) {
        error_set(&golden->error, RSH_ERROR_FORMAT, "The case has no usable tensor '%s'.", name);
        return NULL;
    }
    return tensor;
}

// A stored list as numbers, malloc'd; NULL with the error set. f32 holds ids and offsets exactly up to 2^24.
static float *read_list(GoldenCase *golden, const char *name, size_t *count)
{
    const ModelTensor *tensor = find_list(golden, name);
    float *values = tensor ? calloc((size_t)tensor->elements + 1, sizeof(values[0])) : NULL;
    if (!values ||
        tensor_to_f32(golden->io, tensor, 0, tensor->elements, values, &golden->error) != RSH_OK) {
        free(values);
        return NULL;
    }
    *count = (size_t)tensor->elements;
    for (size_t i = 0; i < *count; i++) {
        if (values[i] >= 0 && values[i] <= 0x1p24f)
            continue;
        error_set(&golden->error, RSH_ERROR_FORMAT, "'%s' holds more than counts.", name);
        free(values);
        return NULL;
    }
    return values;
}

typedef struct TextList {
    float *bytes, *offsets, *ids, *id_offsets;
    size_t byte_count, offset_count, id_count, id_offset_count;
} TextList;

// Ids of text `index` equal to the expected ones? `room` is for the bytes of all texts.
static bool same_ids(const Tokenizer *tokenizer, const TextList *list, size_t index, char *room,
                     int32_t *ids, size_t capacity)
{
    size_t start = (size_t)list->offsets[index], end = (size_t)list->offsets[index + 1], found = 0;
    size_t first = (size_t)list->id_offsets[index], last = (size_t)list->id_offsets[index + 1];
    if (start > end || end > list->byte_count || first > last || last > list->id_count)
        return false;
    for (size_t i = start; i < end; i++)
        room[i - start] = (char)(unsigned char)list->bytes[i];
    if (tokenizer_encode(tokenizer, room, end - start, ids, capacity, &found, NULL) != RSH_OK ||
        found != last - first)
        return false;
    for (size_t i = 0; i < found; i++)
        if ((float)ids[i] != list->ids[first + i])
            return false;
    return true;
}

RshStatus verify_tokenizer(GoldenCase *golden)
{
    char path[4096], name[32];
    Tokenizer *tokenizer = NULL;
    TextList list = {0};
    char *room = NULL;
    int32_t *ids = NULL;
    snprintf(path, sizeof(path), "%s/tokenizer.model", golden->folder);
    RshStatus status = tokenizer_open(path, &tokenizer, &golden->error);
    if (status != RSH_OK)
        return status;
    list.bytes = read_list(golden, "in.utf8", &list.byte_count);
    list.offsets = read_list(golden, "in.offsets", &list.offset_count);
    list.ids = read_list(golden, "out.ids", &list.id_count);
    list.id_offsets = read_list(golden, "out.offsets", &list.id_offset_count);
    room = malloc(list.byte_count + 1);
    ids = calloc(list.id_count + 1, sizeof(ids[0]));
    if (!list.bytes || !list.offsets || !list.ids || !list.id_offsets || !room || !ids ||
        list.offset_count != list.id_offset_count) {
        status = golden->error.status != RSH_OK
                     ? golden->error.status
                     : error_set(&golden->error, RSH_ERROR_FORMAT, "The case's lists do not fit.");
        goto done;
    }
    for (size_t i = 0; i + 1 < list.offset_count; i++) {
        snprintf(name, sizeof(name), "text %zu", i);
        golden_report_exact(golden, name, same_ids(tokenizer, &list, i, room, ids, list.id_count));
    }
done:
    free(list.bytes);
    free(list.offsets);
    free(list.ids);
    free(list.id_offsets);
    free(room);
    free(ids);
    tokenizer_close(&tokenizer);
    return status;
}

// ---- prompts ---------------------------------------------------------------------------------

// Wan's cleaning without ftfy; malloc'd, NULL when out of memory.
static char *clean_text(const char *text)
{
    char *once = text_unescape_html(text, strlen(text));
    char *twice = once ? text_unescape_html(once, strlen(once)) : NULL;
    char *clean = twice ? text_collapse_spaces(twice, strlen(twice)) : NULL;
    free(once);
    free(twice);
    return clean;
}

RshStatus verify_text_clean(GoldenCase *golden)
{
    char path[4096], name[32];
    MappedFile *file = NULL;
    snprintf(path, sizeof(path), "%s/strings.json", golden->folder);
    RshStatus status = mapped_file_open(path, &file, &golden->error);
    if (status != RSH_OK)
        return status;
    size_t size = (size_t)mapped_file_size(file), index = 0;
    const char *json = mapped_file_span(file, 0, size);
    cJSON *root = json ? cJSON_ParseWithLength(json, size) : NULL;
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "strings"))
    {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "text"));
        const char *want = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "clean"));
        char *got = text ? clean_text(text) : NULL;
        snprintf(name, sizeof(name), "text %zu", index++);
        golden_report_exact(golden, name, got && want && strcmp(got, want) == 0);
        free(got);
    }
    cJSON_Delete(root);
    mapped_file_close(&file);
    return RSH_OK;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// safetensors: a u64 length, that many bytes of JSON (spaces may follow the object), then data.
// {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}, offsets from
// the end of the JSON; the tensors must cover the data without overlap and without a hole.
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_file_build.h"
#include "formats/number_types.h"
#include "formats/utf8.h"

// A JSON number as a count. cJSON holds numbers as double, so counts end at 2^53; no file does.
static bool json_count(const cJSON *item, uint64_t *out)
{
    if (!cJSON_IsNumber(item))
        return false;
    double value = item->valuedouble;
    if (!(value >= 0 && value <= 0x1p53) || value != floor(value))
        return false;
    *out = (uint64_t)value;
    return true;
}

// cJSON ends a string at an escaped NUL, so that two names could look alike: none is let in.
static bool has_escaped_nul(const char *json, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (json[i] != '\\')
            continue;
        if (json[i + 1] == 'u' && length - i >= 6 && memcmp(json + i + 2, "0000", 4) == 0)
            return true;
        i++; // the escaped character
    }
    return false;
}

static RshStatus read_metadata(ModelFile *file, const cJSON *entries, RshError *error)
{
    const cJSON *entry;
    if (!cJSON_IsObject(entries))
        return error_set(error, RSH_ERROR_FORMAT, "%s: __metadata__ is not a JSON object",
                         file->label);
    cJSON_ArrayForEach(entry, entries)
    {
        if (!cJSON_IsString(entry))
            return error_set(error, RSH_ERROR_FORMAT, "%s: the metadata key \"%s\" is not a string",
                             file->label, shown_name(entry->string, strlen(entry->string)).text);
        MetadataValue *value;
        RshStatus status =
            model_file_add_key(file, entry->string, strlen(entry->string), &value, error);
        if (status != RSH_OK)
            return status;
        char *copy = strdup(entry->valuestring);
        if (!copy)
            return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", file->label);
        value->kind = METADATA_STRING;
        value->as.string = copy;
    }
    return model_file_sort_keys(file, error);
}

typedef struct Entry {
    DType dtype;
    uint32_t n_dims;
    uint64_t dims[MODEL_MAX_DIMS];
    uint64_t begin, end; // bytes after the header
} Entry;

static RshStatus read_shape(const ModelFile *file, const char *name, const cJSON *shape, Entry *out,
                            RshError *error)
{
    const cJSON *dimension;
    out->n_dims = 0;
    cJSON_ArrayForEach(dimension, shape)
    {
        if (out->n_dims == MODEL_MAX_DIMS)
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: tensor \"%s\" has more than %d dimensions", file->label, name,
                             MODEL_MAX_DIMS);
        if (!json_count(dimension, &out->dims[out->n_dims]))
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: dimension %u of tensor \"%s\" is not a whole number from 0 to "
                             "2^53",
                             file->label, out->n_dims, name);
        out->n_dims++;
    }
    return RSH_OK;
}

static RshStatus read_entry(const ModelFile *file, const char *name, const cJSON *object,
                            Entry *out, RshError *error)
{
    const cJSON *dtype = NULL, *shape = NULL, *offsets = NULL, *field;
    if (!cJSON_IsObject(object))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the header entry of tensor \"%s\" is not a JSON object", file->label,
                         name);
    cJSON_ArrayForEach(field, object)
    {
        const cJSON **slot = strcmp(field->string, "dtype") == 0          ? &dtype
                             : strcmp(field->string, "shape") == 0        ? &shape
                             : strcmp(field->string, "data_offsets") == 0 ? &offsets
                                                                          : NULL;
        if (slot && *slot)
            return error_set(error, RSH_ERROR_FORMAT, "%s: tensor \"%s\" has two %s fields",
                             file->label, name, field->string);
        if (slot)
            *slot = field;
    }
    if (!cJSON_IsString(dtype))
        return error_set(error, RSH_ERROR_FORMAT, "%s: tensor \"%s\" has no dtype", file->label,
                         name);
    if (!cJSON_IsArray(shape))
        return error_set(error, RSH_ERROR_FORMAT, "%s: the shape of tensor \"%s\" is not a list",
                         file->label, name);
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !json_count(offsets->child, &out->begin) || !json_count(offsets->child->next, &out->end))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the data_offsets of tensor \"%s\" are not two byte counts",
                         file->label, name);

    size_t dtype_length = strlen(dtype->valuestring);
    out->dtype = dtype_from_safetensors(dtype->valuestring);
    if (out->dtype == DTYPE_COUNT)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: tensor \"%s\" has the dtype \"%s\", which this engine does not read",
                         file->label, name, shown_name(dtype->valuestring, dtype_length).text);
    return read_shape(file, name, shape, out, error);
}

static RshStatus read_tensor(ModelFile *file, const cJSON *object, uint64_t data_start,
                             RshError *error)
{
    size_t name_length = strlen(object->string);
    ShownName shown = shown_name(object->string, name_length);
    Entry entry;
    RshStatus status = read_entry(file, shown.text, object, &entry, error);
    if (status != RSH_OK)
        return status;
    if (entry.begin > entry.end || entry.end > file->size - data_start)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: tensor \"%s\" claims the bytes %llu to %llu of %llu bytes of data; "
                         "download the file again",
                         file->label, shown.text, (unsigned long long)entry.begin,
                         (unsigned long long)entry.end,
                         (unsigned long long)(file->size - data_start));
    status = model_file_add(file, object->string, name_length, entry.dtype, entry.n_dims,
                            entry.dims, data_start + entry.begin, error);
    if (status != RSH_OK)
        return status;
    const ModelTensor *tensor = &file->tensors[file->count - 1];
    if (tensor->bytes != entry.end - entry.begin)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: tensor \"%s\" has %llu bytes of data but its shape and dtype %s need "
                         "%llu",
                         file->label, shown.text, (unsigned long long)(entry.end - entry.begin),
                         dtype_name(tensor->dtype), (unsigned long long)tensor->bytes);
    return RSH_OK;
}

static RshStatus read_header(ModelFile *file, const cJSON *header, uint64_t data_start,
                             RshError *error)
{
    const cJSON *item;
    bool metadata_seen = false;
    cJSON_ArrayForEach(item, header)
    {
        RshStatus status;
        if (strcmp(item->string, "__metadata__") != 0) {
            status = read_tensor(file, item, data_start, error);
        } else if (metadata_seen) {
            status =
                error_set(error, RSH_ERROR_FORMAT, "%s: __metadata__ is listed twice", file->label);
        } else {
            metadata_seen = true;
            status = read_metadata(file, item, error);
        }
        if (status != RSH_OK)
            return status;
    }
    return model_file_finish(file, data_start, GAPS_NONE, error);
}

RshStatus safetensors_parse(ModelFile *file, RshError *error)
{
    if (file->size < 8)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: %llu bytes are too few for a safetensors or GGUF file", file->label,
                         (unsigned long long)file->size);
    uint64_t length = load_u64(file->bytes);
    const char *json = (const char *)file->bytes + 8;
    size_t start = file->size < 65536 ? (size_t)file->size : 65536; // an index names it early
    if (length > file->size - 8 && memmem(file->bytes, start, "\"weight_map\"", 12))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: this is the index of a model that is split into several files, where "
                         "the weights themselves are expected",
                         file->label);
    if (length > file->size - 8 && (file->size == 8 || json[0] != '{'))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: this is neither a safetensors nor a GGUF file", file->label);
    if (length > file->size - 8)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the header claims %llu bytes but only %llu follow; download the "
                         "file again",
                         file->label, (unsigned long long)length,
                         (unsigned long long)(file->size - 8));
    if (length > MODEL_MAX_HEADER_BYTES)
        return error_set(error, RSH_ERROR_FORMAT, "%s: the header has %llu bytes, the limit is %d",
                         file->label, (unsigned long long)length, MODEL_MAX_HEADER_BYTES);
    if (!utf8_is_valid(json, (size_t)length) || memchr(json, 0, (size_t)length) ||
        has_escaped_nul(json, (size_t)length))
        return error_set(error, RSH_ERROR_FORMAT, "%s: the header is not valid UTF-8 text",
                         file->label);

    // A copy that ends with a NUL: the parser cannot run into the data, whatever the JSON holds.
    char *text = malloc((size_t)length + 1);
    if (!text)
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", file->label);
    memcpy(text, json, (size_t)length);
    text[length] = '\0';
    const char *end = NULL;
    cJSON *header = cJSON_ParseWithLengthOpts(text, (size_t)length + 1, &end, false);
    RshStatus status;
    if (!cJSON_IsObject(header)) {
        status = error_set(error, RSH_ERROR_FORMAT,
                           "%s: the header is not a JSON object (stopped at byte %zu of %llu)",
                           file->label, end ? (size_t)(end - text) : 0, (unsigned long long)length);
    } else if (end[strspn(end, " \t\r\n")] != '\0') {
        status = error_set(error, RSH_ERROR_FORMAT, "%s: text follows the JSON of the header",
                           file->label);
    } else {
        status = read_header(file, header, 8 + length, error);
    }
    cJSON_Delete(header);
    free(text);
    return status;
}

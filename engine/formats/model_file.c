// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_file_build.h"
#include "formats/number_types.h"
#include "formats/shard_index.h"
#include "formats/utf8.h"

void model_file_set_label(ModelFile *file, const char *path)
{
    size_t length = strlen(path), room = sizeof(file->label) - 1;
    if (length <= room) {
        memcpy(file->label, path, length + 1);
        return;
    }
    // The end of a path says more than its start. Do not begin inside a character.
    const char *tail = path + length - (room - 3);
    while (((unsigned char)*tail & 0xc0) == 0x80)
        tail++;
    snprintf(file->label, sizeof(file->label), "...%s", tail);
}

static RshStatus file_parse(ModelFile *file, RshError *error)
{
    if (file->size == 0)
        return error_set(error, RSH_ERROR_FORMAT, "%s: the file is empty", file->label);
    if (file->size >= 4 && memcmp(file->bytes, "GGUF", 4) == 0) {
        file->format = MODEL_FORMAT_GGUF;
        return gguf_parse(file, error);
    }
    // safetensors has no magic number: a length, then JSON. A ZIP is what PyTorch's pickles are.
    if (file->size >= 4 && memcmp(file->bytes, "PK\3\4", 4) == 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: this is a PyTorch pickle or another ZIP archive, which can run "
                         "code when loaded; get the model as safetensors or GGUF",
                         file->label);
    file->format = MODEL_FORMAT_SAFETENSORS;
    return safetensors_parse(file, error);
}

RshStatus model_file_open_bytes(const void *bytes, uint64_t size, const char *label,
                                ModelFile **out, RshError *error)
{
    *out = NULL;
    ModelFile *file = calloc(1, sizeof(*file));
    if (!file)
        return error_set(error, RSH_ERROR_MEMORY, "%.100s: out of memory", label);
    model_file_set_label(file, label);
    file->bytes = bytes;
    file->size = size;
    RshStatus status = file_parse(file, error);
    if (status != RSH_OK)
        model_file_close(&file);
    *out = file;
    return status;
}

RshStatus model_file_open(const char *path, ModelFile **out, RshError *error)
{
    MappedFile *mapping = NULL;
    ShardIndex *index = NULL;
    *out = NULL;
    RshStatus status = shard_index_open(path, &index, error);
    if (status != RSH_OK)
        return status;
    if (index) {
        status = model_file_open_split(path, index, out, error);
        shard_index_close(&index);
        return status;
    }
    status = mapped_file_open(path, &mapping, error);
    if (status != RSH_OK)
        return status;
    uint64_t size = mapped_file_size(mapping);
    status = model_file_open_bytes(mapped_file_span(mapping, 0, size), size, path, out, error);
    if (status == RSH_OK)
        (*out)->mapping = mapping;
    else
        mapped_file_close(&mapping);
    return status;
}

void model_file_close(ModelFile **address)
{
    ModelFile *file = *address;
    if (!file)
        return;
    for (size_t i = 0; i < file->count && !file->shards; i++)
        free((char *)(uintptr_t)file->tensors[i].name);
    for (size_t i = 0; i < file->shard_count; i++)
        model_file_close(&file->shards[i]);
    free(file->shards);
    for (size_t i = 0; i < file->metadata_count; i++) {
        free(file->metadata[i].key);
        if (file->metadata[i].kind == METADATA_STRING)
            free(file->metadata[i].as.string);
    }
    free(file->tensors);
    free(file->by_name);
    free(file->metadata);
    mapped_file_close(&file->mapping);
    free(file);
    *address = NULL;
}

ModelFormat model_file_format(const ModelFile *file)
{
    return file->format;
}

const char *model_file_label(const ModelFile *file)
{
    return file->label;
}

uint64_t model_file_size(const ModelFile *file)
{
    return file->size;
}

size_t model_file_count(const ModelFile *file)
{
    return file->count;
}

const ModelTensor *model_file_tensor(const ModelFile *file, size_t index)
{
    return index < file->count ? &file->tensors[index] : NULL;
}

const ModelTensor *model_file_find(const ModelFile *file, const char *name)
{
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const ModelTensor *tensor = &file->tensors[file->by_name[middle]];
        int order = strcmp(name, tensor->name);
        if (order == 0)
            return tensor;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const void *model_file_data(const ModelFile *file, const ModelTensor *tensor)
{
    const ModelFile *holder = file->shards ? file->shards[tensor->shard] : file;
    return holder->bytes + tensor->offset;
}

size_t model_file_key_count(const ModelFile *file)
{
    return file->metadata_count;
}

const char *model_file_key(const ModelFile *file, size_t index)
{
    return index < file->metadata_count ? file->metadata[index].key : NULL;
}

const char *model_file_string(const ModelFile *file, const char *key)
{
    const MetadataValue *value = model_file_find_key(file, key);
    return value && value->kind == METADATA_STRING ? value->as.string : NULL;
}

bool model_file_number(const ModelFile *file, const char *key, double *out)
{
    const MetadataValue *value = model_file_find_key(file, key);
    if (value && value->kind == METADATA_FLOAT)
        *out = value->as.real;
    else if (value && value->kind == METADATA_SIGNED)
        *out = (double)value->as.integer;
    else if (value && value->kind == METADATA_UNSIGNED)
        *out = (double)value->as.number;
    else
        return false;
    return true;
}

bool model_file_integer(const ModelFile *file, const char *key, int64_t *out)
{
    const MetadataValue *value = model_file_find_key(file, key);
    if (value && value->kind == METADATA_SIGNED)
        *out = value->as.integer;
    else if (value && value->kind == METADATA_UNSIGNED && value->as.number <= INT64_MAX)
        *out = (int64_t)value->as.number;
    else
        return false;
    return true;
}

static const MetadataValue *find_array(const ModelFile *file, const char *key)
{
    const MetadataValue *value = model_file_find_key(file, key);
    return value && value->kind == METADATA_ARRAY ? value : NULL;
}

size_t model_file_array_count(const ModelFile *file, const char *key)
{
    const MetadataValue *value = find_array(file, key);
    return value ? (size_t)value->as.array.count : 0;
}

bool model_file_array_number(const ModelFile *file, const char *key, size_t index, double *out)
{
    const MetadataValue *value = find_array(file, key);
    if (!value || index >= value->as.array.count || !gguf_value_bytes(value->as.array.type))
        return false;
    uint32_t type = value->as.array.type;
    const uint8_t *at = file->bytes + value->as.array.offset + index * gguf_value_bytes(type);
    double real;
    switch (type) {
    case GGUF_U8:
    case GGUF_BOOL:
        *out = *at;
        return true;
    case GGUF_I8:
        *out = (int8_t)*at;
        return true;
    case GGUF_U16:
        *out = load_u16(at);
        return true;
    case GGUF_I16:
        *out = (int16_t)load_u16(at);
        return true;
    case GGUF_U32:
        *out = load_u32(at);
        return true;
    case GGUF_I32:
        *out = (int32_t)load_u32(at);
        return true;
    case GGUF_F32:
        *out = (double)f32_from_bits(load_u32(at));
        return true;
    case GGUF_U64:
        *out = (double)load_u64(at);
        return true;
    case GGUF_I64:
        *out = (double)(int64_t)load_u64(at);
        return true;
    default: // GGUF_F64, the last type with a size
        memcpy(&real, at, sizeof(real));
        *out = real;
        return true;
    }
}

bool model_file_array_strings(const ModelFile *file, const char *key, ModelStringVisitor visitor,
                              void *data)
{
    const MetadataValue *value = find_array(file, key);
    if (!value || value->as.array.type != GGUF_STRING)
        return false;
    const uint8_t *at = file->bytes + value->as.array.offset;
    for (size_t i = 0; i < value->as.array.count; i++) {
        uint64_t length = load_u64(at); // the parser walked every one of them
        if (!visitor(data, i, (const char *)at + 8, (size_t)length))
            return true;
        at += 8 + length;
    }
    return true;
}

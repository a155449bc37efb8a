// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/model_file_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/utf8.h"

ShownName shown_name(const char *name, size_t length)
{
    ShownName shown;
    size_t room = sizeof(shown.text) - 4, kept = utf8_prefix(name, length, room);
    uint32_t code_point;
    size_t at = 0;
    while (at < kept) {
        size_t size = utf8_decode(name + at, kept - at, &code_point);
        if (size == 0 || code_point < 0x20 || code_point == 0x7f) {
            shown.text[at++] = '?';
            continue;
        }
        memcpy(shown.text + at, name + at, size);
        at += size;
    }
    memcpy(shown.text + at, kept < length ? "..." : "", kept < length ? 4 : 1);
    return shown;
}

static RshStatus check_name(const ModelFile *file, const char *name, size_t length, RshError *error)
{
    if (length == 0)
        return error_set(error, RSH_ERROR_FORMAT, "%s: tensor %zu has an empty name", file->label,
                         file->count);
    if (length > MODEL_MAX_NAME_BYTES)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the name of tensor %zu has %zu bytes, the limit is %d", file->label,
                         file->count, length, MODEL_MAX_NAME_BYTES);
    if (memchr(name, 0, length) || !utf8_is_valid(name, length))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the name of tensor %zu (\"%s\") is not valid UTF-8 text", file->label,
                         file->count, shown_name(name, length).text);
    return RSH_OK;
}

static RshStatus check_shape(const ModelFile *file, const char *shown, ModelTensor *tensor,
                             RshError *error)
{
    tensor->elements = 1;
    for (uint32_t i = 0; i < tensor->n_dims; i++) {
        if (tensor->dims[i] > MODEL_MAX_DIMENSION)
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: tensor \"%s\" has the dimension %llu, the limit is %llu",
                             file->label, shown, (unsigned long long)tensor->dims[i],
                             (unsigned long long)MODEL_MAX_DIMENSION);
        if (__builtin_mul_overflow(tensor->elements, tensor->dims[i], &tensor->elements))
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: the element count of tensor \"%s\" does not fit in 64 bits",
                             file->label, shown);
    }
    uint32_t block = dtype_block_elements(tensor->dtype);
    uint64_t row = tensor->n_dims ? tensor->dims[tensor->n_dims - 1] : 1;
    if (row % block != 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: tensor \"%s\" of type %s has rows of %llu elements, which is not a "
                         "multiple of %u",
                         file->label, shown, dtype_name(tensor->dtype), (unsigned long long)row,
                         block);
    if (!dtype_bytes(tensor->dtype, tensor->elements, &tensor->bytes))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the size of tensor \"%s\" does not fit in 64 bits", file->label,
                         shown);
    return RSH_OK;
}

// Doubles a growing array's capacity. False when out of memory.
static bool grow(void **array, size_t *capacity, size_t element_bytes)
{
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *larger = realloc(*array, wanted * element_bytes);
    if (!larger)
        return false;
    *array = larger;
    *capacity = wanted;
    return true;
}

static char *copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

RshStatus model_file_add(ModelFile *file, const char *name, size_t name_length, DType dtype,
                         uint32_t n_dims, const uint64_t *dims, uint64_t offset, RshError *error)
{
    RshStatus status = check_name(file, name, name_length, error);
    if (status != RSH_OK)
        return status;
    ShownName shown = shown_name(name, name_length);
    if (file->count >= MODEL_MAX_TENSORS)
        return error_set(error, RSH_ERROR_FORMAT, "%s: more than %d tensors", file->label,
                         MODEL_MAX_TENSORS);
    if (n_dims > MODEL_MAX_DIMS)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: tensor \"%s\" has %u dimensions, the limit is %d", file->label,
                         shown.text, n_dims, MODEL_MAX_DIMS);

    ModelTensor tensor = {.dtype = dtype, .n_dims = n_dims, .offset = offset};
    if (n_dims)
        memcpy(tensor.dims, dims, n_dims * sizeof(dims[0]));
    status = check_shape(file, shown.text, &tensor, error);
    if (status != RSH_OK)
        return status;
    if (offset > file->size || tensor.bytes > file->size - offset)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: tensor \"%s\" needs %llu bytes at offset %llu but the file has %llu "
                         "bytes; download it again",
                         file->label, shown.text, (unsigned long long)tensor.bytes,
                         (unsigned long long)offset, (unsigned long long)file->size);

    tensor.name = copy_text(name, name_length);
    if (!tensor.name || (file->count == file->capacity &&
                         !grow((void **)&file->tensors, &file->capacity, sizeof(tensor)))) {
        free((char *)(uintptr_t)tensor.name);
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", file->label);
    }
    file->tensors[file->count++] = tensor;
    return RSH_OK;
}

RshStatus model_file_add_key(ModelFile *file, const char *key, size_t length, MetadataValue **out,
                             RshError *error)
{
    if (file->metadata_count >= MODEL_MAX_METADATA)
        return error_set(error, RSH_ERROR_FORMAT, "%s: more than %d metadata keys", file->label,
                         MODEL_MAX_METADATA);
    char *copy = copy_text(key, length);
    if (!copy ||
        (file->metadata_count == file->metadata_capacity &&
         !grow((void **)&file->metadata, &file->metadata_capacity, sizeof(file->metadata[0])))) {
        free(copy);
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", file->label);
    }
    *out = &file->metadata[file->metadata_count++];
    **out = (MetadataValue){.key = copy, .kind = METADATA_UNSIGNED};
    return RSH_OK;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const MetadataValue *)a)->key, ((const MetadataValue *)b)->key);
}

RshStatus model_file_sort_keys(ModelFile *file, RshError *error)
{
    if (file->metadata_count)
        qsort(file->metadata, file->metadata_count, sizeof(file->metadata[0]), compare_keys);
    for (size_t i = 1; i < file->metadata_count; i++) {
        const char *key = file->metadata[i].key;
        if (strcmp(key, file->metadata[i - 1].key) == 0)
            return error_set(error, RSH_ERROR_FORMAT, "%s: the key \"%s\" is listed twice",
                             file->label, shown_name(key, strlen(key)).text);
    }
    return RSH_OK;
}

const MetadataValue *model_file_find_key(const ModelFile *file, const char *key)
{
    MetadataValue wanted = {.key = (char *)(uintptr_t)key};
    if (!file->metadata_count)
        return NULL;
    return bsearch(&wanted, file->metadata, file->metadata_count, sizeof(wanted), compare_keys);
}

static int compare_names(const void *a, const void *b, void *data)
{
    const ModelTensor *tensors = data;
    return strcmp(tensors[*(const uint32_t *)a].name, tensors[*(const uint32_t *)b].name);
}

static int compare_offsets(const void *a, const void *b, void *data)
{
    const ModelTensor *tensors = data;
    const ModelTensor *x = &tensors[*(const uint32_t *)a], *y = &tensors[*(const uint32_t *)b];
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static RshStatus check_layout(const ModelFile *file, const uint32_t *by_offset, uint64_t data_start,
                              GapRule gaps, RshError *error)
{
    uint64_t end = data_start;
    for (size_t i = 0; i < file->count; i++) {
        const ModelTensor *tensor = &file->tensors[by_offset[i]];
        ShownName shown = shown_name(tensor->name, strlen(tensor->name));
        if (tensor->offset < end && tensor->bytes > 0)
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: the data of tensor \"%s\" at offset %llu overlaps the data "
                             "before it, which ends at %llu",
                             file->label, shown.text, (unsigned long long)tensor->offset,
                             (unsigned long long)end);
        if (gaps == GAPS_NONE && tensor->offset > end)
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: %llu bytes before tensor \"%s\" belong to no tensor", file->label,
                             (unsigned long long)(tensor->offset - end), shown.text);
        if (tensor->bytes > 0)
            end = tensor->offset + tensor->bytes;
    }
    if (gaps == GAPS_NONE && end != file->size)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: %llu bytes after the last tensor belong to no tensor", file->label,
                         (unsigned long long)(file->size - end));
    return RSH_OK;
}

RshStatus model_file_finish(ModelFile *file, uint64_t data_start, GapRule gaps, RshError *error)
{
    uint32_t *order = calloc(file->count + 1, sizeof(order[0]));
    if (!order)
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", file->label);
    for (size_t i = 0; i < file->count; i++)
        order[i] = (uint32_t)i;

    qsort_r(order, file->count, sizeof(order[0]), compare_offsets, file->tensors);
    RshStatus status = check_layout(file, order, data_start, gaps, error);
    if (status != RSH_OK) {
        free(order);
        return status;
    }

    qsort_r(order, file->count, sizeof(order[0]), compare_names, file->tensors);
    file->by_name = order;
    for (size_t i = 1; i < file->count; i++) {
        const char *name = file->tensors[order[i]].name;
        if (strcmp(name, file->tensors[order[i - 1]].name) == 0)
            return error_set(error, RSH_ERROR_FORMAT, "%s: tensor \"%s\" is listed twice",
                             file->label, shown_name(name, strlen(name)).text);
    }
    return RSH_OK;
}

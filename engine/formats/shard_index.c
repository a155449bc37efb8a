// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/shard_index.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/model_file_build.h"
#include "formats/utf8.h"

#define LOOKED_AT 65536 // bytes from the start in which "weight_map" must be named

typedef struct ShardEntry {
    const char *tensor; // in the JSON
    const char *file;
    size_t shard;
} ShardEntry;

struct ShardIndex {
    cJSON *root;
    ShardEntry *entries; // in strcmp order of the tensors
    size_t count;
    const char **files; // in strcmp order
    size_t file_count;
};

bool shard_index_matches(const void *bytes, uint64_t size)
{
    const char *text = bytes;
    const size_t start = size < LOOKED_AT ? (size_t)size : LOOKED_AT;
    size_t at = 0;
    while (at < start && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    return at < start && text[at] == '{' && memmem(text, start, "\"weight_map\"", 12);
}

// A name in the index's own folder, of the one kind of file that a shard can be.
static bool is_shard_name(const char *name)
{
    static const char ending[] = ".safetensors";
    const size_t length = strlen(name), tail = sizeof(ending) - 1;
    if (length <= tail || length > 255 || name[0] == '.' || strpbrk(name, "/\\") ||
        strcmp(name + length - tail, ending) != 0)
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

static int compare_tensors(const void *a, const void *b)
{
    return strcmp(((const ShardEntry *)a)->tensor, ((const ShardEntry *)b)->tensor);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// One name for each file, and for each tensor the number of its file.
static RshStatus number_files(ShardIndex *index, const char *label, RshError *error)
{
    const char **files = calloc(index->count + 1, sizeof(*files));
    if (!files)
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", label);
    index->files = files;
    for (size_t i = 0; i < index->count; i++)
        files[i] = index->entries[i].file;
    qsort(files, index->count, sizeof(*files), compare_files);
    for (size_t i = 0; i < index->count; i++)
        if (i == 0 || strcmp(files[i], files[index->file_count - 1]) != 0)
            files[index->file_count++] = files[i];
    if (index->file_count > SHARD_MAX_FILES)
        return error_set(error, RSH_ERROR_FORMAT, "%s: the model is in %zu files, the limit is %d",
                         label, index->file_count, SHARD_MAX_FILES);
    for (size_t i = 0; i < index->count; i++) {
        const char **found = bsearch(&index->entries[i].file, files, index->file_count,
                                     sizeof(*files), compare_files);
        index->entries[i].shard = (size_t)(found - files);
    }
    return RSH_OK;
}

static RshStatus read_map(ShardIndex *index, const char *label, RshError *error)
{
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(index->root, "weight_map"), *item;
    const int count = cJSON_IsObject(map) ? cJSON_GetArraySize(map) : 0;
    if (count == 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: \"weight_map\" is not an object that says where each tensor is",
                         label);
    if (count > MODEL_MAX_TENSORS)
        return error_set(error, RSH_ERROR_FORMAT, "%s: more than %d tensors", label,
                         MODEL_MAX_TENSORS);
    index->entries = calloc((size_t)count, sizeof(*index->entries));
    if (!index->entries)
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", label);
    cJSON_ArrayForEach(item, map)
    {
        ShownName tensor = shown_name(item->string, strlen(item->string));
        if (!cJSON_IsString(item))
            return error_set(error, RSH_ERROR_FORMAT, "%s: \"%s\" has no file name", label,
                             tensor.text);
        ShownName file = shown_name(item->valuestring, strlen(item->valuestring));
        if (!is_shard_name(item->valuestring))
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: \"%s\" is said to be in \"%s\", which is not the name of a "
                             ".safetensors file beside the index",
                             label, tensor.text, file.text);
        index->entries[index->count++] =
            (ShardEntry){.tensor = item->string, .file = item->valuestring};
    }
    qsort(index->entries, index->count, sizeof(*index->entries), compare_tensors);
    for (size_t i = 1; i < index->count; i++)
        if (compare_tensors(&index->entries[i - 1], &index->entries[i]) == 0)
            return error_set(
                error, RSH_ERROR_FORMAT, "%s: tensor \"%s\" is listed twice", label,
                shown_name(index->entries[i].tensor, strlen(index->entries[i].tensor)).text);
    return number_files(index, label, error);
}

RshStatus shard_index_parse(const void *bytes, uint64_t size, const char *label, ShardIndex **out,
                            RshError *error)
{
    *out = NULL;
    if (size > SHARD_INDEX_MAX_BYTES)
        return error_set(error, RSH_ERROR_FORMAT, "%.80s: %llu bytes are above the limit of %d",
                         label, (unsigned long long)size, SHARD_INDEX_MAX_BYTES);
    ShardIndex *index = calloc(1, sizeof(*index));
    char *text = malloc((size_t)size + 1); // ends with a NUL: the parser cannot run past it
    RshStatus status = RSH_OK;
    if (!index || !text) {
        status = error_set(error, RSH_ERROR_MEMORY, "%.80s: out of memory", label);
        goto done;
    }
    memcpy(text, bytes, (size_t)size);
    text[size] = '\0';
    if (utf8_is_valid(text, (size_t)size) && !memchr(text, 0, (size_t)size) &&
        !strstr(text, "\\u0000"))
        index->root = cJSON_ParseWithLengthOpts(text, (size_t)size + 1, NULL, true);
    status = cJSON_IsObject(index->root)
                 ? read_map(index, label, error)
                 : error_set(error, RSH_ERROR_FORMAT,
                             "%.80s: the index of the model's files is not a JSON object", label);
done:
    free(text);
    if (status != RSH_OK)
        shard_index_close(&index);
    *out = index;
    return status;
}

void shard_index_close(ShardIndex **address)
{
    ShardIndex *index = *address;
    if (!index)
        return;
    cJSON_Delete(index->root);
    free(index->entries);
    free(index->files);
    free(index);
    *address = NULL;
}

size_t shard_index_count(const ShardIndex *index)
{
    return index->file_count;
}

const char *shard_index_file(const ShardIndex *index, size_t shard)
{
    return index->files[shard];
}

size_t shard_index_tensors(const ShardIndex *index)
{
    return index->count;
}

bool shard_index_find(const ShardIndex *index, const char *tensor, size_t *shard)
{
    const ShardEntry wanted = {.tensor = tensor};
    const ShardEntry *found =
        bsearch(&wanted, index->entries, index->count, sizeof(wanted), compare_tensors);
    if (found)
        *shard = found->shard;
    return found != NULL;
}

const char *shard_index_tensor(const ShardIndex *index, size_t position)
{
    return index->entries[position].tensor;
}

RshStatus shard_index_open(const char *path, ShardIndex **out, RshError *error)
{
    MappedFile *mapping = NULL;
    *out = NULL;
    RshStatus status = mapped_file_open(path, &mapping, error);
    if (status != RSH_OK)
        return status;
    const uint64_t size = mapped_file_size(mapping);
    const void *bytes = mapped_file_span(mapping, 0, size);
    if (size > 0 && shard_index_matches(bytes, size))
        status = shard_index_parse(bytes, size, path, out, error);
    mapped_file_close(&mapping);
    return status;
}

char *shard_index_path(const ShardIndex *index, const char *path, size_t shard)
{
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;
    char *result = NULL;
    return asprintf(&result, "%.*s%s", folder, path, index->files[shard]) < 0 ? NULL : result;
}

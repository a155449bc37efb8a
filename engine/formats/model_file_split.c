// SPDX-License-Identifier: GPL-3.0-or-later
// A model in several safetensors files, read as if it were one: the tensors of all shards in one list.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_file_build.h"
#include "formats/shard_index.h"

static RshStatus open_shard(ModelFile *file, const char *path, RshError *error)
{
    MappedFile *mapping = NULL;
    ModelFile *shard = NULL;
    RshStatus status = mapped_file_open(path, &mapping, error);
    if (status != RSH_OK)
        return status;
    const uint64_t size = mapped_file_size(mapping);
    // By its bytes: a shard that is an index again is refused, so this cannot go round in circles.
    status = model_file_open_bytes(mapped_file_span(mapping, 0, size), size, path, &shard, error);
    if (status == RSH_OK && shard->format != MODEL_FORMAT_SAFETENSORS)
        status =
            error_set(error, RSH_ERROR_FORMAT,
                      "%s: a model in several files consists of safetensors files", shard->label);
    if (status != RSH_OK) {
        model_file_close(&shard);
        mapped_file_close(&mapping);
        return status;
    }
    shard->mapping = mapping;
    file->size += size;
    file->shards[file->shard_count++] = shard;
    return RSH_OK;
}

// The tensors of a shard, each where the index says it is.
static RshStatus take_tensors(ModelFile *file, uint32_t number, const ShardIndex *index,
                              RshError *error)
{
    const ModelFile *shard = file->shards[number];
    for (size_t i = 0; i < shard->count; i++) {
        ModelTensor tensor = shard->tensors[i];
        size_t listed = 0;
        if (!shard_index_find(index, tensor.name, &listed))
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: the tensor \"%s\" of %.80s is not listed", file->label,
                             shown_name(tensor.name, strlen(tensor.name)).text,
                             shard_index_file(index, number));
        if (listed != number)
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: the tensor \"%s\" is in %.80s, but listed as in %.80s",
                             file->label, shown_name(tensor.name, strlen(tensor.name)).text,
                             shard_index_file(index, number), shard_index_file(index, listed));
        tensor.shard = number;
        file->tensors[file->count++] = tensor;
    }
    return RSH_OK;
}

static int compare_names(const void *a, const void *b, void *data)
{
    const ModelTensor *tensors = data;
    return strcmp(tensors[*(const uint32_t *)a].name, tensors[*(const uint32_t *)b].name);
}

// Every tensor found was listed, once and in its place; so only those that are missing are left to find.
static RshStatus join_shards(ModelFile *file, const ShardIndex *index, RshError *error)
{
    size_t count = 0;
    RshStatus status = RSH_OK;
    for (size_t i = 0; i < file->shard_count; i++)
        count += file->shards[i]->count;
    file->tensors = calloc(count + 1, sizeof(*file->tensors));
    file->by_name = calloc(count + 1, sizeof(*file->by_name));
    if (!file->tensors || !file->by_name)
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", file->label);
    for (uint32_t i = 0; i < file->shard_count && status == RSH_OK; i++)
        status = take_tensors(file, i, index, error);
    if (status != RSH_OK)
        return status;
    for (size_t i = 0; i < file->count; i++)
        file->by_name[i] = (uint32_t)i;
    qsort_r(file->by_name, file->count, sizeof(file->by_name[0]), compare_names, file->tensors);
    for (size_t i = 0; i < shard_index_tensors(index); i++) {
        const char *name = shard_index_tensor(index, i);
        size_t shard = 0;
        if (i < file->count && strcmp(file->tensors[file->by_name[i]].name, name) == 0)
            continue;
        (void)shard_index_find(index, name, &shard);
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the tensor \"%s\" is missing in %.80s; download that file again",
                         file->label, shown_name(name, strlen(name)).text,
                         shard_index_file(index, shard));
    }
    return RSH_OK;
}

RshStatus model_file_open_split(const char *path, const ShardIndex *index, ModelFile **out,
                                RshError *error)
{
    RshStatus status = RSH_OK;
    ModelFile *file = calloc(1, sizeof(*file));
    *out = NULL;
    if (file)
        file->shards = calloc(shard_index_count(index) + 1, sizeof(*file->shards));
    if (!file || !file->shards) {
        free(file);
        return error_set(error, RSH_ERROR_MEMORY, "%.100s: out of memory", path);
    }
    model_file_set_label(file, path);
    file->format = MODEL_FORMAT_SAFETENSORS;
    for (size_t i = 0; i < shard_index_count(index) && status == RSH_OK; i++) {
        char *shard = shard_index_path(index, path, i);
        status = shard ? open_shard(file, shard, error)
                       : error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", file->label);
        free(shard);
    }
    if (status == RSH_OK)
        status = join_shards(file, index, error);
    if (status != RSH_OK)
        model_file_close(&file);
    *out = file;
    return status;
}

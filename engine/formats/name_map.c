// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/name_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/name_scheme.h"

struct NameMap {
    RecognisedPart part;
    NamedTensor *tensors; // sorted by name; names owned
    size_t count;
};

// Numbers I = 0, 1, 2, ... for which "PREFIX BEFORE I AFTER" is in the file.
static uint32_t count_numbered(const ModelFile *file, const char *prefix, const char *before,
                               const char *after)
{
    char name[MODEL_MAX_PREFIX + 128];
    uint32_t count = 0;
    do
        snprintf(name, sizeof(name), "%s%s%u%s", prefix, before, count, after);
    while (model_file_find(file, name) && ++count);
    return count;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const NamedTensor *)a)->name, ((const NamedTensor *)b)->name);
}

static bool same_form(const ModelTensor *a, const ModelTensor *b)
{
    return a->dtype == b->dtype && a->n_dims == b->n_dims &&
           memcmp(a->dims, b->dims, sizeof(a->dims)) == 0;
}

// Puts the slices of one tensor, which lie side by side after sorting, into one entry.
static RshStatus join_slices(const ModelFile *file, NameMap *map, RshError *error)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++) {
        NamedTensor *entry = &map->tensors[i], *last = kept ? &map->tensors[kept - 1] : NULL;
        if (!last || strcmp(last->name, entry->name) != 0) {
            map->tensors[kept++] = *entry;
            continue;
        }
        for (size_t j = 0; j < 3; j++) {
            if (!entry->parts[j])
                continue;
            // Tied weights are sometimes stored twice, as shared and as embed_tokens.
            if (last->part_count == 1 && entry->part_count == 1 &&
                same_form(last->parts[0], entry->parts[0]))
                continue;
            if (last->parts[j] || last->part_count != 0) {
                RshStatus status = error_set(
                    error, RSH_ERROR_FORMAT, "%s: both \"%.70s\" and \"%.70s\" stand for \"%.70s\"",
                    model_file_label(file), last->parts[j] ? last->parts[j]->name : last->name,
                    entry->parts[j]->name, last->name);
                for (size_t k = i; k < map->count; k++) // what is not kept still owns its name
                    free((char *)(uintptr_t)map->tensors[k].name);
                map->count = kept;
                return status;
            }
            last->parts[j] = entry->parts[j];
        }
        free((char *)(uintptr_t)entry->name);
    }
    map->count = kept;
    return RSH_OK;
}

// Fills dims and part_count once the parts are known.
static RshStatus finish_entry(const ModelFile *file, NamedTensor *entry, RshError *error)
{
    const ModelTensor *first = entry->parts[0];
    if (entry->part_count == 1) {
        entry->n_dims = first->n_dims;
        memcpy(entry->dims, first->dims, sizeof(entry->dims));
        return RSH_OK;
    }
    for (size_t j = 0; j < 3; j++) {
        const ModelTensor *part = entry->parts[j];
        if (part && first && part->n_dims > 0 && same_form(part, first))
            continue;
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: of the three tensors that make \"%.80s\", one is missing or has "
                         "another shape or type",
                         model_file_label(file), entry->name);
    }
    entry->part_count = 3;
    entry->n_dims = first->n_dims;
    memcpy(entry->dims, first->dims, sizeof(entry->dims));
    entry->dims[0] *= 3; // each is inside the file: no overflow
    return RSH_OK;
}

// Shapes that converters change without changing the order of the numbers.
static void restore_shape(const NameMap *map, NamedTensor *entry)
{
    uint64_t *dims = entry->dims;
    bool wan =
        map->part.part == MODEL_PART_WAN_DIT && strcmp(entry->name, "patch_embedding.weight") == 0;
    if (wan && entry->n_dims == 2 && dims[1] % 4 == 0) { // [dim, in * 1 * 2 * 2]
        entry->n_dims = 5;
        dims[1] /= 4;
        dims[2] = 1;
        dims[3] = dims[4] = 2;
    } else if (wan && entry->n_dims == 4 && dims[1] == 1 && dims[2] == 2 && dims[3] == 2) {
        // [dim * in, 1, 2, 2]: the width is that of any bias
        const NamedTensor *bias = name_map_find(map, "patch_embedding.bias");
        uint64_t width = bias && bias->n_dims == 1 ? bias->dims[0] : 0;
        if (width == 0 || dims[0] % width != 0)
            return;
        entry->n_dims = 5;
        dims[1] = dims[0] / width;
        dims[0] = width;
        dims[2] = 1;
        dims[3] = dims[4] = 2;
    } else if (map->part.part == MODEL_PART_CLIP_VISION) {
        // Hugging Face: [width] and [positions, width]; the original has a batch axis.
        bool class_row = entry->n_dims == 1 && strcmp(entry->name, "visual.cls_embedding") == 0;
        bool positions = entry->n_dims == 2 && strcmp(entry->name, "visual.pos_embedding") == 0;
        for (; (class_row || positions) && entry->n_dims < 3; entry->n_dims++) {
            memmove(dims + 1, dims, entry->n_dims * sizeof(dims[0]));
            dims[0] = 1;
        }
    }
}

static RshStatus fill(NameMap *map, const ModelFile *file, RshError *error)
{
    static const NameScheme as_stored = {.names = "unknown"};
    const NameScheme *scheme = map->part.scheme ? map->part.scheme : &as_stored;
    const char *prefix = map->part.prefix;
    size_t prefix_length = strlen(prefix);
    StageCounts stages = {
        .encoder = count_numbered(file, prefix, "encoder.down_blocks.0.resnets.", ".norm1.gamma"),
        .decoder = count_numbered(file, prefix, "decoder.up_blocks.0.resnets.", ".norm1.gamma"),
    };
    for (size_t i = 0; i < model_file_count(file); i++) {
        const ModelTensor *tensor = model_file_tensor(file, i);
        char name[MODEL_MAX_NAME_BYTES + 64];
        uint8_t slice;
        if (strncmp(tensor->name, prefix, prefix_length) != 0 ||
            tensor->name[prefix_length] == '\0')
            continue;
        if (!name_scheme_apply(scheme, stages, tensor->name + prefix_length, name, sizeof(name),
                               &slice))
            continue; // longer than any name the engine asks for
        NamedTensor *entry = &map->tensors[map->count];
        *entry = (NamedTensor){.name = strdup(name), .part_count = slice ? 0 : 1};
        if (!entry->name)
            return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", model_file_label(file));
        entry->parts[slice ? slice - 1 : 0] = tensor;
        map->count++;
    }
    return RSH_OK;
}

RshStatus name_map_build(const ModelFile *file, const RecognisedPart *part, NameMap **out,
                         RshError *error)
{
    *out = NULL;
    NameMap *map = calloc(1, sizeof(*map));
    if (map)
        map->tensors = calloc(model_file_count(file) + 1, sizeof(map->tensors[0]));
    if (!map || !map->tensors) {
        free(map);
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", model_file_label(file));
    }
    map->part = *part;
    RshStatus status = fill(map, file, error);
    if (status == RSH_OK) {
        qsort(map->tensors, map->count, sizeof(map->tensors[0]), compare_entries);
        status = join_slices(file, map, error);
    }
    for (size_t i = 0; i < map->count && status == RSH_OK; i++)
        status = finish_entry(file, &map->tensors[i], error);
    for (size_t i = 0; i < map->count && status == RSH_OK; i++)
        restore_shape(map, &map->tensors[i]);
    if (status != RSH_OK)
        name_map_close(&map);
    *out = map;
    return status;
}

// Keeps the entries whose names start with `prefix`, without it. The order stays.
static void strip_names(NameMap *map, const char *prefix)
{
    size_t kept = 0, length = strlen(prefix);
    for (size_t i = 0; i < map->count; i++) {
        char *name = (char *)(uintptr_t)map->tensors[i].name;
        if (strncmp(name, prefix, length) != 0 || name[length] == '\0') {
            free(name);
            continue;
        }
        memmove(name, name + length, strlen(name + length) + 1);
        map->tensors[kept++] = map->tensors[i];
    }
    map->count = kept;
}

// The first part of the file that has original names starting with `prefix`; *out stays NULL when
// there is none.
static RshStatus open_inside(const ModelFile *file, const char *prefix, ModelPart part,
                             NameMap **out, RshError *error)
{
    RecognisedPart parts[MODEL_MAX_PARTS];
    size_t count = model_recognise(file, parts);
    for (size_t i = 0; i < count && !*out; i++) {
        if (part != MODEL_PART_ANY && parts[i].part != part)
            continue;
        RshStatus status = name_map_build(file, &parts[i], out, error);
        if (status != RSH_OK)
            return status;
        strip_names(*out, prefix);
        if (name_map_count(*out) == 0)
            name_map_close(out);
    }
    return RSH_OK;
}

RshStatus name_map_open(const ModelFile *file, const char *prefix, ModelPart part, NameMap **out,
                        RshError *error)
{
    RecognisedPart found = {.part = MODEL_PART_ANY};
    RshError refusal = {0};
    *out = NULL;
    if (strlen(prefix) >= MODEL_MAX_PREFIX)
        return error_set(error, RSH_ERROR_ARGUMENT, "%s: the prefix \"%.60s\" is too long",
                         model_file_label(file), prefix);
    if (model_recognise_part(file, prefix, part, &found, &refusal) == RSH_OK)
        return name_map_build(file, &found, out, error);
    if (prefix[0]) {
        RshStatus status = open_inside(file, prefix, part, out, error);
        if (status != RSH_OK || *out)
            return status;
    }
    if (part != MODEL_PART_ANY)
        return error_set(error, refusal.status, "%s", refusal.text);
    found = (RecognisedPart){.part = MODEL_PART_ANY};
    memcpy(found.prefix, prefix, strlen(prefix) + 1);
    return name_map_build(file, &found, out, error);
}

void name_map_close(NameMap **address)
{
    NameMap *map = *address;
    if (!map)
        return;
    for (size_t i = 0; i < map->count; i++)
        free((char *)(uintptr_t)map->tensors[i].name);
    free(map->tensors);
    free(map);
    *address = NULL;
}

const NamedTensor *name_map_find(const NameMap *map, const char *name)
{
    NamedTensor key = {.name = name};
    return bsearch(&key, map->tensors, map->count, sizeof(key), compare_entries);
}

size_t name_map_count(const NameMap *map)
{
    return map->count;
}

const NamedTensor *name_map_at(const NameMap *map, size_t index)
{
    return index < map->count ? &map->tensors[index] : NULL;
}

const RecognisedPart *name_map_part(const NameMap *map)
{
    return &map->part;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/recognise.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "formats/name_map.h"
#include "formats/name_scheme.h"
#include "formats/shard_index.h"

enum {
    MAX_FOLDER_FILES = 512, // a sharded 14B download has about 20
};

const char *model_part_name(ModelPart part)
{
    static const char *const names[MODEL_PART_COUNT] = {
        [MODEL_PART_ANY] = "unknown part",
        [MODEL_PART_WAN_DIT] = "Wan transformer",
        [MODEL_PART_OVI] = "Ovi transformer pair",
        [MODEL_PART_UMT5] = "umT5 text encoder",
        [MODEL_PART_CLIP_VISION] = "CLIP image encoder",
        [MODEL_PART_WAN_VAE_21] = "Wan 2.1 VAE",
        [MODEL_PART_WAN_VAE_22] = "Wan 2.2 VAE",
        [MODEL_PART_MMAUDIO_VAE] = "MMAudio VAE",
        [MODEL_PART_BIGVGAN] = "BigVGAN vocoder",
        [MODEL_PART_LTX] = "LTX model",
    };
    return (unsigned)part < MODEL_PART_COUNT ? names[part] : names[MODEL_PART_ANY];
}

static const ModelTensor *find_at(const ModelFile *file, const char *prefix, const char *name)
{
    char full[MODEL_MAX_PREFIX + 128];
    snprintf(full, sizeof(full), "%s%s", prefix, name);
    return model_file_find(file, full);
}

static bool scheme_fits(const ModelFile *file, const NameScheme *scheme, const char *prefix)
{
    for (size_t i = 0; i < sizeof(scheme->required) / sizeof(scheme->required[0]); i++)
        if (scheme->required[i] && !find_at(file, prefix, scheme->required[i]))
            return false;
    return !scheme->forbidden || !find_at(file, prefix, scheme->forbidden);
}

static uint64_t dimension(const NameMap *map, const char *name, uint32_t index)
{
    const NamedTensor *tensor = name_map_find(map, name);
    return tensor && index < tensor->n_dims ? tensor->dims[index] : 0;
}

// Blocks 0, 1, 2, ... that have the tensor "FORMAT % number".
static uint32_t count_blocks(const NameMap *map, const char *before, const char *after)
{
    char name[128];
    uint32_t count = 0;
    do
        snprintf(name, sizeof(name), "%s%u%s", before, count, after);
    while (name_map_find(map, name) && ++count);
    return count;
}

static void describe_wan(const NameMap *map, RecognisedPart *part)
{
    static const char *const kinds[] = {
        [WAN_T2V] = "Wan text to video",
        [WAN_TI2V] = "Wan 2.2 text and image to video",
        [WAN_I2V_21] = "Wan 2.1 image to video",
        [WAN_I2V_22] = "Wan 2.2 image to video",
        [WAN_UNKNOWN] = "a Wan variant with inputs this engine does not know",
    };
    uint64_t out = dimension(map, "head.head.weight", 0) / 4; // patches are 1 x 2 x 2
    part->width = dimension(map, "patch_embedding.weight", 0);
    part->in_channels = dimension(map, "patch_embedding.weight", 1);
    part->blocks = count_blocks(map, "blocks.", ".self_attn.q.weight");
    bool image = name_map_find(map, "blocks.0.cross_attn.k_img.weight") != NULL;
    // Image to video: noisy latent, 4 mask channels, latent of the picture.
    if (part->in_channels == out * 2 + 4)
        part->wan = image ? WAN_I2V_21 : WAN_I2V_22;
    else if (part->in_channels == out && !image)
        part->wan = out == 16 ? WAN_T2V : WAN_TI2V;
    else
        part->wan = WAN_UNKNOWN;
    part->runnable = part->wan != WAN_UNKNOWN;
    snprintf(part->text, sizeof(part->text), "%s, %u blocks of width %llu, %llu input channels",
             kinds[part->wan], part->blocks, (unsigned long long)part->width,
             (unsigned long long)part->in_channels);
}

static void describe_umt5(const NameMap *map, RecognisedPart *part)
{
    part->blocks = count_blocks(map, "blocks.", ".attn.q.weight");
    part->width = dimension(map, "token_embedding.weight", 1);
    // T5 keeps one table of relative positions for all layers, umT5 one a layer.
    part->runnable =
        count_blocks(map, "blocks.", ".pos_embedding.embedding.weight") == part->blocks &&
        part->width > 0;
    snprintf(part->text, sizeof(part->text), "%s, %u blocks of width %llu, %llu pieces",
             part->runnable ? "umT5 text encoder" : "a T5 text encoder that is not umT5",
             part->blocks, (unsigned long long)part->width,
             (unsigned long long)dimension(map, "token_embedding.weight", 0));
}

static void describe(const NameMap *map, RecognisedPart *part)
{
    part->runnable = part->part != MODEL_PART_LTX;
    switch (part->part) {
    case MODEL_PART_WAN_DIT:
        describe_wan(map, part);
        return;
    case MODEL_PART_UMT5:
        describe_umt5(map, part);
        return;
    case MODEL_PART_OVI:
        part->blocks = count_blocks(map, "video_model.blocks.", ".self_attn.q.weight");
        part->width = dimension(map, "video_model.patch_embedding.weight", 0);
        part->in_channels = dimension(map, "video_model.patch_embedding.weight", 1);
        snprintf(part->text, sizeof(part->text),
                 "Ovi picture and sound transformers, %u blocks of width %llu", part->blocks,
                 (unsigned long long)part->width);
        return;
    case MODEL_PART_CLIP_VISION:
        part->blocks = count_blocks(map, "visual.transformer.", ".norm1.weight");
        part->width = dimension(map, "visual.patch_embedding.weight", 0);
        snprintf(part->text, sizeof(part->text), "CLIP image encoder, %u blocks of width %llu",
                 part->blocks, (unsigned long long)part->width);
        return;
    case MODEL_PART_LTX:
        snprintf(part->text, sizeof(part->text), "LTX model, not yet runnable");
        return;
    case MODEL_PART_WAN_VAE_21:
    case MODEL_PART_WAN_VAE_22:
        part->in_channels = dimension(map, "conv2.weight", 0);
        break;
    case MODEL_PART_MMAUDIO_VAE:
        part->in_channels = dimension(map, "decoder.conv_in.weight", 1);
        break;
    case MODEL_PART_ANY:
    case MODEL_PART_BIGVGAN:
    case MODEL_PART_COUNT:
        break;
    }
    snprintf(part->text, sizeof(part->text), "%s", model_part_name(part->part));
}

static int compare_parts(const void *a, const void *b)
{
    const RecognisedPart *x = a, *y = b;
    int order = strcmp(x->prefix, y->prefix);
    return order != 0 ? order : (int)x->part - (int)y->part;
}

// Adds the part that `scheme` sees through the tensor `name`, unless it is there already.
static size_t add_part(const ModelFile *file, const NameScheme *scheme, const char *name,
                       RecognisedPart *out, size_t count)
{
    size_t length = strlen(name), anchor = strlen(scheme->anchor), before = length - anchor;
    if (length < anchor || before >= MODEL_MAX_PREFIX || strcmp(name + before, scheme->anchor) != 0)
        return count;
    if (before > 0 && name[before - 1] != '.')
        return count;
    RecognisedPart part = {.part = scheme->part, .scheme = scheme};
    memcpy(part.prefix, name, before);
    if (count == MODEL_MAX_PARTS || !scheme_fits(file, scheme, part.prefix))
        return count;
    for (size_t i = 0; i < count; i++)
        if (out[i].part == part.part && strcmp(out[i].prefix, part.prefix) == 0)
            return count;
    NameMap *map = NULL;
    if (name_map_build(file, &part, &map, NULL) != RSH_OK)
        return count; // two tensors for one name, or out of memory: nothing that can be run
    describe(map, &part);
    name_map_close(&map);
    out[count] = part;
    return count + 1;
}

size_t model_recognise(const ModelFile *file, RecognisedPart out[MODEL_MAX_PARTS])
{
    size_t count = 0;
    for (size_t i = 0; i < name_scheme_count; i++)
        for (size_t j = 0; j < model_file_count(file); j++)
            count = add_part(file, &name_schemes[i], model_file_tensor(file, j)->name, out, count);
    qsort(out, count, sizeof(out[0]), compare_parts);
    return count;
}

RshStatus model_recognise_part(const ModelFile *file, const char *prefix, ModelPart part,
                               RecognisedPart *out, RshError *error)
{
    RecognisedPart parts[MODEL_MAX_PARTS];
    size_t count = model_recognise(file, parts), matching = 0;
    const RecognisedPart *other = NULL, *match = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(parts[i].prefix, prefix, strlen(prefix)) != 0)
            continue;
        other = &parts[i];
        if (part != MODEL_PART_ANY && parts[i].part != part)
            continue;
        matching++;
        if (!match) // parts are sorted: one that starts right after `prefix` comes first
            match = &parts[i];
    }
    if (match && matching > 1 && strcmp(match->prefix, prefix) != 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: this holds %zu parts, among them a %s and a %s; say which one",
                         model_file_label(file), matching, model_part_name(match->part),
                         model_part_name(other->part));
    if (match) {
        *out = *match;
        return RSH_OK;
    }
    if (other)
        return error_set(error, RSH_ERROR_FORMAT, "%s: this holds a %s, not a %s",
                         model_file_label(file), model_part_name(other->part),
                         model_part_name(part));
    return error_set(error, RSH_ERROR_FORMAT,
                     "%s: the names of its %zu tensors are of no model this engine knows",
                     model_file_label(file), model_file_count(file));
}

typedef struct FileList {
    char *paths[MAX_FOLDER_FILES];
    size_t count;
} FileList;

static bool has_ending(const char *name, const char *ending)
{
    size_t length = strlen(name), size = strlen(ending);
    return length > size && strcmp(name + length - size, ending) == 0;
}

static bool list_files(const char *folder, int depth, FileList *list)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return false;
    for (struct dirent *entry; (entry = readdir(dir)) && list->count < MAX_FOLDER_FILES;) {
        char *path = NULL;
        struct stat info;
        if (entry->d_name[0] == '.' || asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
            continue;
        bool known = stat(path, &info) == 0;
        if (known && S_ISDIR(info.st_mode) && depth > 0)
            list_files(path, depth - 1, list);
        if (known && S_ISREG(info.st_mode) && list->count < MAX_FOLDER_FILES &&
            (has_ending(path, ".safetensors") || has_ending(path, ".gguf") ||
             has_ending(path, ".safetensors.index.json")))
            list->paths[list->count++] = path;
        else
            free(path);
    }
    closedir(dir);
    return true;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// The shards of an index are no models of their own: only the index stays in the list.
static void drop_shards(FileList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        ShardIndex *index = NULL;
        if (!has_ending(list->paths[i], ".json") ||
            shard_index_open(list->paths[i], &index, NULL) != RSH_OK)
            continue;
        for (size_t s = 0; index && s < shard_index_count(index); s++) {
            char *shard = shard_index_path(index, list->paths[i], s);
            for (size_t j = 0; shard && j < list->count; j++)
                if (list->paths[j][0] && strcmp(list->paths[j], shard) == 0)
                    list->paths[j][0] = '\0';
            free(shard);
        }
        shard_index_close(&index);
    }
}

bool model_recognise_folder(const char *folder, PartVisitor found, RefusedVisitor refused,
                            void *data)
{
    FileList list = {.count = 0};
    if (!list_files(folder, 1, &list))
        return false;
    qsort(list.paths, list.count, sizeof(list.paths[0]), compare_paths);
    drop_shards(&list);
    for (size_t i = 0; i < list.count; i++) {
        ModelFile *file = NULL;
        RshError error = {0};
        RecognisedPart parts[MODEL_MAX_PARTS];
        size_t count = 0;
        if (!list.paths[i][0]) {
            free(list.paths[i]);
            continue;
        }
        if (model_file_open(list.paths[i], &file, &error) == RSH_OK) {
            count = model_recognise(file, parts);
            if (count == 0) // for its sentence
                (void)!model_recognise_part(file, "", MODEL_PART_ANY, parts, &error);
        }
        for (size_t j = 0; j < count; j++)
            found(data, list.paths[i], &parts[j]);
        if (count == 0 && refused)
            refused(data, list.paths[i], error.text);
        model_file_close(&file);
        free(list.paths[i]);
    }
    return true;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/component_files.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/small_file.h"
#include "formats/model_file.h"
#include "formats/model_json.h"
#include "formats/shard_index.h"
#include "formats/tensor_values.h"

enum { READ_BYTES = 1 << 20, SCAN_VALUES = 1 << 16, CACHE_BYTES = 1 << 20, CACHE_ENTRIES = 200 };

static const char *const component_names[] = {
    "text_encoder",  "tokenizer", "transformer", "transformer_low_noise",
    "image_encoder", "vae",       "audio_vae",   "vocoder",
};

static bool is_stopped(const atomic_bool *cancel)
{
    return cancel && atomic_load(cancel);
}

static RshStatus hash_file(const char *path, const atomic_bool *cancel, Sha256 *sha,
                           RshError *error)
{
    RshStatus status = RSH_OK;
    uint8_t *buffer = malloc(READ_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (!buffer || fd < 0) {
        status = buffer ? error_set(error, RSH_ERROR_IO, "%.150s: %s", path, strerror(errno))
                        : error_set(error, RSH_ERROR_MEMORY, "%.150s: out of memory", path);
        goto done;
    }
    for (;;) {
        ssize_t got = read(fd, buffer, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            status = error_set(error, RSH_ERROR_IO, "%.150s: %s", path, strerror(errno));
            goto done;
        }
        if (got == 0)
            break;
        sha256_update(sha, buffer, (size_t)got);
        if (is_stopped(cancel)) {
            status = RSH_CANCELLED;
            goto done;
        }
    }
done:
    if (fd >= 0)
        close(fd);
    free(buffer);
    return status;
}

static RshStatus scan_tensor(const ModelFile *file, const ModelTensor *tensor, float *values,
                             const atomic_bool *cancel, RshError *error)
{
    for (uint64_t at = 0; at < tensor->elements; at += SCAN_VALUES) {
        uint64_t count = tensor->elements - at < SCAN_VALUES ? tensor->elements - at : SCAN_VALUES;
        RshStatus status = tensor_to_f32(file, tensor, at, count, values, error);
        if (status != RSH_OK)
            return status;
        if (is_stopped(cancel))
            return RSH_CANCELLED;
        float sum = 0.0f; // NaN and infinity survive a sum of x * 0
        for (uint64_t i = 0; i < count; i++)
            sum += values[i] * 0.0f;
        for (uint64_t i = 0; sum != 0.0f && i < count; i++)
            if (!isfinite(values[i]))
                return error_set(error, RSH_ERROR_FORMAT,
                                 "%.100s: tensor \"%.60s\" is damaged: element %llu is %s",
                                 model_file_label(file), tensor->name, (unsigned long long)(at + i),
                                 isnan(values[i]) ? "not a number" : "infinite");
    }
    return RSH_OK;
}

static RshStatus scan_weights(const char *path, const atomic_bool *cancel, RshError *error)
{
    ModelFile *file = NULL;
    float *values = malloc(SCAN_VALUES * sizeof(*values));
    RshStatus status = values ? model_file_open(path, &file, error)
                              : error_set(error, RSH_ERROR_MEMORY, "%.150s: out of memory", path);

    for (size_t i = 0; status == RSH_OK && i < model_file_count(file); i++)
        status = scan_tensor(file, model_file_tensor(file, i), values, cancel, error);
    model_file_close(&file);
    free(values);
    return status;
}

// "size:mtime:inode" of a file: when it has not changed, neither has the content.
static RshStatus describe_file(const char *path, char *text, size_t bytes, RshError *error)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return error_set(error, RSH_ERROR_IO, "%.150s: %s", path, strerror(errno));
    snprintf(text, bytes, "%lld:%lld.%09ld:%llu", (long long)info.st_size,
             (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec, (unsigned long long)info.st_ino);
    return RSH_OK;
}

// A component's file, and when it is the index of a split model, the files that it names. Each is handed to
// `visit` in that order.
typedef RshStatus (*FileVisitor)(const char *path, void *data, RshError *error);

static RshStatus visit_files(const char *path, bool has_weights, FileVisitor visit, void *data,
                             RshError *error)
{
    ShardIndex *index = NULL;
    RshStatus status = has_weights ? shard_index_open(path, &index, error) : RSH_OK;
    if (status == RSH_OK)
        status = visit(path, data, error);
    for (size_t i = 0; index && i < shard_index_count(index) && status == RSH_OK; i++) {
        char *shard = shard_index_path(index, path, i);
        status = shard ? visit(shard, data, error)
                       : error_set(error, RSH_ERROR_MEMORY, "%.150s: out of memory", path);
        free(shard);
    }
    shard_index_close(&index);
    return status;
}

typedef struct FileStamp {
    Sha256 sha;
    uint32_t files;
    char one[96];
} FileStamp;

static RshStatus stamp_file(const char *path, void *data, RshError *error)
{
    FileStamp *stamp = data;
    RshStatus status = describe_file(path, stamp->one, sizeof(stamp->one), error);
    sha256_update(&stamp->sha, stamp->one, strlen(stamp->one) + 1);
    stamp->files++;
    return status;
}

// The description of one file, or the hash of those of several.
static RshStatus describe_component(const char *path, bool has_weights, char text[96],
                                    RshError *error)
{
    FileStamp stamp = {.files = 0};
    uint8_t digest[32];
    sha256_init(&stamp.sha);
    RshStatus status = visit_files(path, has_weights, stamp_file, &stamp, error);
    if (status != RSH_OK)
        return status;
    memcpy(text, stamp.one, sizeof(stamp.one));
    if (stamp.files > 1) {
        sha256_finish(&stamp.sha, digest);
        sha256_hex(digest, text);
    }
    return RSH_OK;
}

typedef struct Hashing {
    Sha256 sha;
    const atomic_bool *cancel;
} Hashing;

static RshStatus hash_next(const char *path, void *data, RshError *error)
{
    Hashing *hashing = data;
    return hash_file(path, hashing->cancel, &hashing->sha, error);
}

static RshStatus hash_component(const char *path, bool has_weights, const atomic_bool *cancel,
                                char hex[65], RshError *error)
{
    Hashing hashing = {.cancel = cancel};
    uint8_t digest[32];
    sha256_init(&hashing.sha);
    RshStatus status = visit_files(path, has_weights, hash_next, &hashing, error);
    sha256_finish(&hashing.sha, digest);
    sha256_hex(digest, hex);
    return status;
}

static const char *find_cached(const cJSON *cache, const char *path, const char *stamp)
{
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(cache, path);
    const cJSON *known = cJSON_GetObjectItemCaseSensitive(entry, "file");
    const cJSON *hash = cJSON_GetObjectItemCaseSensitive(entry, "sha256");
    bool usable = cJSON_IsString(known) && strcmp(known->valuestring, stamp) == 0 &&
                  cJSON_IsString(hash) && strlen(hash->valuestring) == 64;
    return usable ? hash->valuestring : NULL;
}

static void put_cached(cJSON *cache, const char *path, const char *stamp, const char *hash)
{
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "file", stamp);
    cJSON_AddStringToObject(entry, "sha256", hash);
    cJSON_DeleteItemFromObjectCaseSensitive(cache, path);
    cJSON_AddItemToObject(cache, path, entry);
    while (cJSON_GetArraySize(cache) > CACHE_ENTRIES)
        cJSON_DeleteItemFromArray(cache, 0);
}

static RshStatus read_one(const char *component, const char *path, cJSON *cache, bool *changed,
                          const atomic_bool *cancel, ComponentFile *out, RshError *error)
{
    char stamp[96];
    bool has_weights = strcmp(component, "tokenizer") != 0 && strcmp(component, "model") != 0;
    RshStatus status = describe_component(path, has_weights, stamp, error);

    if (status != RSH_OK)
        return status;
    snprintf(out->name, sizeof(out->name), "%s", component);
    const char *known = find_cached(cache, path, stamp);
    if (known) {
        memcpy(out->sha256, known, sizeof(out->sha256));
        return RSH_OK;
    }
    if (has_weights)
        status = scan_weights(path, cancel, error);
    if (status == RSH_OK)
        status = hash_component(path, has_weights, cancel, out->sha256, error);
    if (status == RSH_OK) {
        put_cached(cache, path, stamp, out->sha256);
        *changed = true;
    }
    return status;
}

RshStatus component_files_read(const char *folder, const char *cache_dir, const atomic_bool *cancel,
                               ComponentFile files[RSH_MAX_COMPONENTS], uint32_t *count,
                               RshError *error)
{
    ModelJson *model = NULL;
    char *cache_path = NULL, *text = NULL, *model_path = NULL;
    bool changed = false;
    size_t bytes = 0;
    cJSON *cache = NULL;

    *count = 0;
    RshStatus status = model_json_open(folder, &model, error);
    if (status != RSH_OK)
        return status;
    if (cache_dir && asprintf(&cache_path, "%s/hashes.json", cache_dir) > 0)
        text = small_file_read(cache_path, CACHE_BYTES, &bytes);
    cache = text ? cJSON_ParseWithLength(text, bytes) : NULL;
    if (!cJSON_IsObject(cache)) {
        cJSON_Delete(cache);
        cache = cJSON_CreateObject();
    }

    if (asprintf(&model_path, "%s/model.json", folder) < 0)
        model_path = NULL;
    if (!cache || !model_path)
        status = error_set(error, RSH_ERROR_MEMORY, "%.150s: out of memory", folder);
    else
        status = read_one("model", model_path, cache, &changed, cancel, &files[(*count)++], error);
    for (size_t i = 0; i < sizeof(component_names) / sizeof(component_names[0]); i++) {
        const char *path = model_json_path(model, component_names[i]);
        if (status == RSH_OK && path && *count < RSH_MAX_COMPONENTS)
            status = read_one(component_names[i], path, cache, &changed, cancel, &files[(*count)++],
                              error);
    }
    if (changed && cache_path) {
        char *printed = cJSON_PrintUnformatted(cache);
        // A cache that cannot be written costs time, not correctness.
        RshStatus ignored =
            printed ? small_file_write(cache_path, printed, strlen(printed), NULL) : RSH_OK;
        (void)ignored;
        cJSON_free(printed);
    }

    cJSON_Delete(cache);
    free(model_path);
    free(cache_path);
    free(text);
    model_json_close(&model);
    return status;
}

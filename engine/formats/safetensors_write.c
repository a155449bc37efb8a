// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/safetensors_write.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "formats/utf8.h"

// Bytes one write() is asked for: Linux stops at 2 GiB.
enum { WRITE_CHUNK = 1 << 30 };

static RshStatus tensor_bytes(const char *path, const SafetensorsTensor *tensor, uint64_t *bytes,
                              RshError *error)
{
    uint64_t elements = 1;
    bool fits = tensor->n_dims <= MODEL_MAX_DIMS && tensor->name[0] != '\0' &&
                strlen(tensor->name) <= MODEL_MAX_NAME_BYTES &&
                utf8_is_valid(tensor->name, strlen(tensor->name)) &&
                !dtype_is_quantised(tensor->dtype);
    for (uint32_t i = 0; fits && i < tensor->n_dims; i++)
        fits = !__builtin_mul_overflow(elements, tensor->dims[i], &elements);
    if (!fits || !dtype_bytes(tensor->dtype, elements, bytes))
        return error_set(
            error, RSH_ERROR_ARGUMENT,
            "%.80s: tensor \"%.60s\" of type %s with %u dimensions cannot be stored as "
            "safetensors",
            path, tensor->name, dtype_name(tensor->dtype), tensor->n_dims);
    return RSH_OK;
}

static cJSON *tensor_entry(const SafetensorsTensor *tensor, uint64_t begin, uint64_t end)
{
    cJSON *entry = cJSON_CreateObject(), *shape = cJSON_AddArrayToObject(entry, "shape");
    cJSON *offsets = cJSON_AddArrayToObject(entry, "data_offsets");
    bool done = shape && offsets &&
                cJSON_AddStringToObject(entry, "dtype", dtype_name(tensor->dtype)) &&
                cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)begin)) &&
                cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)end));
    for (uint32_t i = 0; done && i < tensor->n_dims; i++)
        done = cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)tensor->dims[i]));
    if (!done) {
        cJSON_Delete(entry);
        return NULL;
    }
    return entry;
}

// The header's JSON, malloc'd, padded with spaces so that the data starts at a multiple of 8.
static RshStatus build_header(const char *path, const SafetensorsTensor *tensors, size_t count,
                              const SafetensorsText *metadata, size_t metadata_count, char **out,
                              RshError *error)
{
    RshStatus status = RSH_OK;
    uint64_t offset = 0, bytes = 0;
    char *json = NULL, *padded;
    cJSON *root = cJSON_CreateObject();
    bool done = root != NULL;
    if (done && metadata_count > 0) {
        cJSON *texts = cJSON_AddObjectToObject(root, "__metadata__");
        for (size_t i = 0; texts && i < metadata_count; i++)
            done &= cJSON_AddStringToObject(texts, metadata[i].key, metadata[i].value) != NULL;
        done &= texts != NULL;
    }
    for (size_t i = 0; done && i < count; i++) {
        status = tensor_bytes(path, &tensors[i], &bytes, error);
        if (status == RSH_OK && bytes > (UINT64_C(1) << 49) - offset)
            status =
                error_set(error, RSH_ERROR_ARGUMENT, "%.100s: the tensors are too large", path);
        if (status != RSH_OK)
            goto done;
        cJSON *entry = tensor_entry(&tensors[i], offset, offset + bytes);
        done = entry && cJSON_AddItemToObject(root, tensors[i].name, entry);
        offset += bytes;
    }
    json = done ? cJSON_PrintUnformatted(root) : NULL;
    size_t length = json ? strlen(json) : 0, size = (length + 7) & ~(size_t)7;
    padded = json ? realloc(json, size + 1) : NULL;
    if (!padded) {
        status = error_set(error, RSH_ERROR_MEMORY, "%.100s: out of memory", path);
        goto done;
    }
    memset(padded + length, ' ', size - length);
    padded[size] = '\0';
    json = NULL;
    *out = padded;
done:
    free(json);
    cJSON_Delete(root);
    return status;
}

static bool write_all(int fd, const void *data, uint64_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t written = write(fd, at, size < WRITE_CHUNK ? (size_t)size : WRITE_CHUNK);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        size -= (uint64_t)written;
    }
    return true;
}

static bool write_file(int fd, const char *header, const SafetensorsTensor *tensors, size_t count)
{
    uint64_t length = strlen(header), bytes = 0;
    if (!write_all(fd, &length, sizeof(length)) || !write_all(fd, header, length))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (tensor_bytes("", &tensors[i], &bytes, NULL) != RSH_OK ||
            !write_all(fd, tensors[i].data, bytes))
            return false;
    }
    return fsync(fd) == 0;
}

// Makes the rename itself last: flushes the folder's entry.
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd); // some file systems refuse this for folders; the file itself is safe
        close(fd);
    }
    free(folder);
}

RshStatus safetensors_write(const char *path, const SafetensorsTensor *tensors, size_t count,
                            const SafetensorsText *metadata, size_t metadata_count, RshError *error)
{
    char *header = NULL, *temporary = NULL;
    int fd = -1;
    RshStatus status = build_header(path, tensors, count, metadata, metadata_count, &header, error);
    if (status != RSH_OK)
        goto done;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        temporary = NULL;
        status = error_set(error, RSH_ERROR_MEMORY, "%.100s: out of memory", path);
        goto done;
    }
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        status =
            error_set(error, RSH_ERROR_IO, "%.120s: cannot be created: %s", path, strerror(errno));
        goto done;
    }
    // mkostemp lets only the owner read; what is written is no secret.
    if (fchmod(fd, 0644) < 0 || !write_file(fd, header, tensors, count) ||
        rename(temporary, path) < 0) {
        int cause = errno;
        status = error_set(error, error_from_write(cause), "%.120s: cannot be written: %s", path,
                           strerror(cause));
        unlink(temporary);
        goto done;
    }
    sync_folder(path);
done:
    if (fd >= 0)
        close(fd);
    free(temporary);
    free(header);
    return status;
}

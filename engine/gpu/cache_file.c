// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/small_file.h"
#include "gpu/device.h"

// One file a kind and device: a header, the key it was written under, the payload. Anything that does
// not check out is treated as absent.

static const char cache_magic[8] = {'R', 'S', 'H', 'C', 'A', 'C', 'H', '1'};

typedef struct CacheHeader {
    char magic[8];
    uint64_t key_bytes, payload_bytes;
    uint64_t checksum; // of key and payload
} CacheHeader;

#define CACHE_MAX_BYTES (256u << 20)

static uint64_t checksum(uint64_t sum, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ p[i]) * 0x100000001b3u; // FNV-1a
    return sum;
}

static bool cache_path(const Gpu *gpu, const char *kind, char *path, size_t capacity)
{
    if (!gpu->cache_dir)
        return false;
    int n = snprintf(path, capacity, "%s/%s-%08x-%08x.bin", gpu->cache_dir, kind,
                     gpu->caps.vendor_id, gpu->caps.device_id);
    return n > 0 && (size_t)n < capacity;
}

static bool read_exactly(int fd, void *out, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t n = read(fd, (char *)out + done, bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool write_exactly(int fd, const void *data, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t n = write(fd, (const char *)data + done, bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

void *cache_file_read(const Gpu *gpu, const char *kind, const char *key, size_t *bytes)
{
    char path[4096];
    CacheHeader header;
    struct stat info;
    char *body = NULL, *payload = NULL;
    const size_t key_bytes = strlen(key);
    *bytes = 0;
    if (!cache_path(gpu, kind, path, sizeof(path)))
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_size > CACHE_MAX_BYTES ||
        !read_exactly(fd, &header, sizeof(header)) ||
        memcmp(header.magic, cache_magic, sizeof(cache_magic)) != 0 ||
        header.key_bytes != key_bytes || header.payload_bytes == 0 ||
        header.payload_bytes > CACHE_MAX_BYTES ||
        (uint64_t)info.st_size != sizeof(header) + key_bytes + header.payload_bytes)
        goto done;
    body = malloc(key_bytes + header.payload_bytes);
    if (!body || !read_exactly(fd, body, key_bytes + header.payload_bytes) ||
        memcmp(body, key, key_bytes) != 0 ||
        checksum(0xcbf29ce484222325u, body, key_bytes + header.payload_bytes) != header.checksum)
        goto done;
    payload = malloc(header.payload_bytes);
    if (payload) {
        memcpy(payload, body + key_bytes, header.payload_bytes);
        *bytes = header.payload_bytes;
    }

done:
    if (!payload)
        gpu_log(gpu, RSH_LOG_INFO, "%s is stale or damaged and will be written anew", path);
    free(body);
    close(fd);
    return payload;
}

void cache_file_write(const Gpu *gpu, const char *kind, const char *key, const void *data,
                      size_t bytes)
{
    char path[4096], temporary[4096 + 8];
    CacheHeader header = {.key_bytes = strlen(key), .payload_bytes = bytes};
    if (!cache_path(gpu, kind, path, sizeof(path)))
        return;
    memcpy(header.magic, cache_magic, sizeof(cache_magic));
    header.checksum = checksum(checksum(0xcbf29ce484222325u, key, header.key_bytes), data, bytes);

    small_file_make_folders(gpu->cache_dir);
    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    bool written = fd >= 0 && write_exactly(fd, &header, sizeof(header)) &&
                   write_exactly(fd, key, header.key_bytes) && write_exactly(fd, data, bytes) &&
                   fsync(fd) == 0;
    if (fd >= 0 && close(fd) < 0)
        written = false;
    if (written && rename(temporary, path) == 0)
        return;
    gpu_log(gpu, RSH_LOG_WARN, "%s could not be written (%s); kernels will be compiled again", path,
            strerror(errno));
    if (fd >= 0)
        (void)unlink(temporary);
}

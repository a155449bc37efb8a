// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "graph/exec.h"

// Weights that are wanted together share buffers of about this size: few allocations, and small enough
// that any device allows one. A larger weight gets a buffer of its own.
#define CHUNK_BYTES (256ull << 20)

static PackedWeight **bucket_of(const WeightCache *cache, const Weight *weight)
{
    return (PackedWeight **)&cache->buckets[((uintptr_t)weight >> 4) % WEIGHT_BUCKETS];
}

PackedWeight *weights_find(const WeightCache *cache, const Weight *weight, const char *key)
{
    for (PackedWeight *entry = *bucket_of(cache, weight); entry; entry = entry->next)
        if (entry->weight == weight && strcmp(entry->key, key) == 0)
            return entry;
    return NULL;
}

PackedWeight *weights_want(WeightCache *cache, const Weight *weight, const char *key,
                           uint64_t bytes)
{
    PackedWeight **bucket = bucket_of(cache, weight);
    PackedWeight *entry = calloc(1, sizeof(*entry));
    if (!entry || !(entry->key = strdup(key))) {
        free(entry);
        return NULL;
    }
    entry->weight = weight;
    entry->bytes = bytes;
    entry->next = *bucket;
    *bucket = entry;
    return entry;
}

static void leave_chunk(PackedWeight *entry, WeightPlace place)
{
    WeightChunk *chunk = entry->at[place].chunk;
    entry->at[place].chunk = NULL;
    entry->at[place].packed = false;
    if (!chunk || --chunk->entries > 0)
        return;
    gpu_buffer_destroy(&chunk->buffer);
    if (chunk->host)
        munmap(chunk->host, chunk->bytes);
    free(chunk);
}

static void destroy_entry(PackedWeight *entry)
{
    leave_chunk(entry, WEIGHT_ON_DEVICE);
    leave_chunk(entry, WEIGHT_ON_HOST);
    free(entry->key);
    free(entry);
}

static void drop_where(WeightCache *cache, bool (*gone)(PackedWeight *, const void *),
                       const void *data)
{
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++) {
        PackedWeight **link = &cache->buckets[i];
        while (*link) {
            PackedWeight *entry = *link;
            if (!gone(entry, data)) {
                link = &entry->next;
                continue;
            }
            *link = entry->next;
            entry->dropped = true;
            if (entry->users == 0)
                destroy_entry(entry);
        }
    }
}

static bool is_unpacked(PackedWeight *entry, const void *data)
{
    (void)data;
    for (WeightPlace place = WEIGHT_ON_DEVICE; place <= WEIGHT_ON_HOST; place++)
        if (!entry->at[place].packed)
            leave_chunk(entry, place);
    return !entry->at[WEIGHT_ON_DEVICE].packed && !entry->at[WEIGHT_ON_HOST].packed;
}

static bool is_of_set(PackedWeight *entry, const void *set)
{
    return !set || weight_set_owns(set, entry->weight);
}

// The stamp is that of the measuring under way, whose weights stay.
static bool is_evicted(PackedWeight *entry, const void *stamp)
{
    if (entry->users > 0 || entry->stamp == *(const uint64_t *)stamp)
        return false;
    leave_chunk(entry, WEIGHT_ON_DEVICE);
    return !entry->at[WEIGHT_ON_HOST].packed;
}

void weights_evict(WeightCache *cache)
{
    drop_where(cache, is_evicted, &cache->stamp);
}

RshStatus weights_use(WeightCache *cache, PackedWeight ***out, size_t *count, RshError *error)
{
    size_t capacity = 0;
    *count = 0;
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++)
        for (PackedWeight *entry = cache->buckets[i]; entry; entry = entry->next)
            capacity += entry->stamp == cache->stamp;
    *out = calloc(capacity + 1, sizeof(PackedWeight *));
    if (!*out)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to list the weights");
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++)
        for (PackedWeight *entry = cache->buckets[i]; entry; entry = entry->next) {
            if (entry->stamp != cache->stamp)
                continue;
            entry->users++;
            (*out)[(*count)++] = entry;
        }
    return RSH_OK;
}

void weights_leave(PackedWeight **entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (--entries[i]->users == 0 && entries[i]->dropped)
            destroy_entry(entries[i]);
    free(entries);
}

void weights_drop_unpacked(WeightCache *cache)
{
    drop_where(cache, is_unpacked, NULL);
}

void weights_drop(WeightCache *cache, const WeightSet *set)
{
    drop_where(cache, is_of_set, set);
}

// ---- memory -----------------------------------------------------------------------------------------

static bool is_wanted(const WeightCache *cache, const PackedWeight *entry, WeightPlace place)
{
    return entry->stamp == cache->stamp && entry->streamed == (place == WEIGHT_ON_HOST) &&
           !entry->at[place].chunk;
}

uint64_t weights_wanted_bytes(const WeightCache *cache, WeightPlace place)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++)
        for (const PackedWeight *entry = cache->buckets[i]; entry; entry = entry->next)
            bytes += is_wanted(cache, entry, place) ? exec_align(entry->bytes) : 0;
    return bytes;
}

// Pages that the kernel can write to the cache folder's disk and read again when memory is short; without
// a folder they are memory like any other.
static RshStatus map_host(Gpu *gpu, uint64_t bytes, uint8_t **out, RshError *error)
{
    const char *folder = gpu_cache_dir(gpu);
    int fd = folder ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        fd = memfd_create("weights", MFD_CLOEXEC);
    void *mapped = MAP_FAILED;
    int failure = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)bytes); // a full disk shows now
    if (!failure) {
        mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        failure = mapped == MAP_FAILED ? errno : 0;
    }
    if (fd >= 0)
        close(fd); // the mapping outlives it
    if (failure)
        return error_set(error, RSH_ERROR_MEMORY,
                         "%.0f MiB to stream weights from cannot be had in %s: %s",
                         (double)bytes / 1048576.0, folder ? folder : "memory", strerror(failure));
    *out = mapped;
    return RSH_OK;
}

// Gives `count` entries one piece of memory, one behind the other.
static RshStatus fill_chunk(Gpu *gpu, WeightPlace place, PackedWeight **entries, size_t count,
                            uint64_t bytes, RshError *error)
{
    WeightChunk *chunk = calloc(1, sizeof(*chunk));
    if (!chunk)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to list the weights");
    chunk->bytes = bytes;
    RshStatus status = place == WEIGHT_ON_HOST
                           ? map_host(gpu, bytes, &chunk->host, error)
                           : gpu_buffer_create(gpu, bytes, false, &chunk->buffer, error);
    if (status != RSH_OK) {
        free(chunk);
        return status;
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        entries[i]->at[place].chunk = chunk;
        entries[i]->at[place].offset = offset;
        offset += exec_align(entries[i]->bytes);
    }
    chunk->entries = (uint32_t)count;
    return RSH_OK;
}

RshStatus weights_allocate(WeightCache *cache, WeightPlace place, Gpu *gpu, RshError *error)
{
    PackedWeight **wanted = NULL;
    size_t count = 0, capacity = 0, first = 0;
    uint64_t bytes = 0;
    RshStatus status = RSH_OK;
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++)
        for (PackedWeight *entry = cache->buckets[i]; entry; entry = entry->next)
            capacity += is_wanted(cache, entry, place);
    if (capacity == 0)
        return RSH_OK;
    wanted = calloc(capacity, sizeof(PackedWeight *));
    if (!wanted)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to list the weights");
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++)
        for (PackedWeight *entry = cache->buckets[i]; entry; entry = entry->next)
            if (is_wanted(cache, entry, place))
                wanted[count++] = entry;

    for (size_t i = 0; i <= count && status == RSH_OK; i++) {
        const uint64_t next = i < count ? exec_align(wanted[i]->bytes) : 0;
        if (i > first && (i == count || bytes + next > CHUNK_BYTES)) {
            status = fill_chunk(gpu, place, wanted + first, i - first, bytes, error);
            first = i;
            bytes = 0;
        }
        bytes += next;
    }
    free(wanted);
    return status;
}

RshStatus weights_pack(PackedWeight *entry, PackFn pack, const void *params, RshError *error)
{
    const WeightPlace place = entry->streamed ? WEIGHT_ON_HOST : WEIGHT_ON_DEVICE;
    WeightChunk *chunk = entry->at[place].chunk;
    const uint64_t offset = entry->at[place].offset;
    uint8_t *mapped = chunk->host ? chunk->host : gpu_buffer_map(chunk->buffer);
    RshStatus status = RSH_OK;
    if (entry->at[place].packed)
        return RSH_OK;
    if (mapped) {
        status = pack(entry->weight, params, mapped + offset, entry->bytes, error);
        entry->at[place].packed = status == RSH_OK;
        return status;
    }
    void *bytes = malloc(entry->bytes);
    if (!bytes)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to pack the weight '%s'",
                         entry->weight->name);
    status = pack(entry->weight, params, bytes, entry->bytes, error);
    if (status == RSH_OK)
        status = gpu_buffer_write(chunk->buffer, offset, bytes, entry->bytes, error);
    entry->at[place].packed = status == RSH_OK;
    free(bytes);
    return status;
}

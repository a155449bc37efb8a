// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/kernel_log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/device.h"
#include "gpu/kernel_guess.h"

// As it lies in the file.
typedef struct Kernel {
    uint64_t code; // ShaderBlob.hash
    uint32_t constants[GPU_MAX_CONSTANTS], constant_count;
    uint32_t here;     // built by this process; means nothing in the file
    double seconds[2]; // by whether an earlier process had built it; negative: not known
} Kernel;

struct KernelLog {
    pthread_mutex_t lock;
    Kernel *kernels;
    size_t count, capacity;
    bool news;
};

static const char file_kind[] = "kernels";

bool kernel_key_equal(const KernelKey *a, const KernelKey *b)
{
    return a->blob == b->blob && a->constant_count == b->constant_count &&
           memcmp(a->constants, b->constants, a->constant_count * sizeof(uint32_t)) == 0;
}

static Kernel *find_kernel(KernelLog *log, const KernelKey *key)
{
    for (size_t i = 0; i < log->count; i++) {
        Kernel *kernel = &log->kernels[i];
        if (kernel->code == key->blob->hash && kernel->constant_count == key->constant_count &&
            memcmp(kernel->constants, key->constants, key->constant_count * sizeof(uint32_t)) == 0)
            return kernel;
    }
    return NULL;
}

static void read_file(KernelLog *log, const Gpu *gpu)
{
    char key[256];
    size_t bytes = 0;
    device_cache_key(gpu, key, sizeof(key));
    Kernel *kernels = cache_file_read(gpu, file_kind, key, &bytes);
    const size_t count = bytes / sizeof(Kernel);
    for (size_t i = 0; kernels && i < count; i++) {
        kernels[i].here = 0;
        if (kernels[i].constant_count > GPU_MAX_CONSTANTS) {
            free(kernels);
            return;
        }
    }
    if (kernels) {
        log->kernels = kernels;
        log->count = log->capacity = count;
    }
}

KernelLog *kernel_log_open(const Gpu *gpu)
{
    KernelLog *log = calloc(1, sizeof(*log));
    if (!log)
        return NULL;
    pthread_mutex_init(&log->lock, NULL);
    read_file(log, gpu);
    return log;
}

void kernel_log_save(KernelLog *log, const Gpu *gpu)
{
    char key[256];
    pthread_mutex_lock(&log->lock);
    if (log->news && log->count && gpu->cache_dir && !gpu->lost) {
        device_cache_key(gpu, key, sizeof(key));
        cache_file_write(gpu, file_kind, key, log->kernels, log->count * sizeof(Kernel));
        log->news = false;
    }
    pthread_mutex_unlock(&log->lock);
}

void kernel_log_close(KernelLog **log)
{
    KernelLog *self = *log;
    *log = NULL;
    if (!self)
        return;
    pthread_mutex_destroy(&self->lock);
    free(self->kernels);
    free(self);
}

bool kernel_log_built_before(KernelLog *log, const KernelKey *key)
{
    pthread_mutex_lock(&log->lock);
    const bool before = find_kernel(log, key) != NULL;
    pthread_mutex_unlock(&log->lock);
    return before;
}

// NULL: out of memory; less is known then, and nothing else.
static Kernel *add_kernel(KernelLog *log, const KernelKey *key)
{
    if (log->count == log->capacity) {
        const size_t capacity = log->capacity ? log->capacity * 2 : 128;
        Kernel *kernels = realloc(log->kernels, capacity * sizeof(*kernels));
        if (!kernels)
            return NULL;
        log->kernels = kernels;
        log->capacity = capacity;
    }
    Kernel *kernel = &log->kernels[log->count++];
    *kernel = (Kernel){
        .code = key->blob->hash, .constant_count = key->constant_count, .seconds = {-1.0, -1.0}};
    memcpy(kernel->constants, key->constants, key->constant_count * sizeof(uint32_t));
    return kernel;
}

void kernel_log_add(KernelLog *log, const KernelKey *key, bool before, double seconds)
{
    pthread_mutex_lock(&log->lock);
    Kernel *kernel = find_kernel(log, key);
    if (!kernel)
        kernel = add_kernel(log, key);
    if (kernel) {
        kernel->here = 1;
        kernel->seconds[before] = seconds;
        log->news = true;
    }
    pthread_mutex_unlock(&log->lock);
}

static const ShaderBlob *find_blob(uint64_t hash)
{
    for (size_t i = 0; i < shader_table_count; i++)
        if (shader_table[i]->hash == hash)
            return shader_table[i];
    return NULL;
}

// From kernels of shaders alike; negative when none was built.
static double guess_alike(const KernelLog *log, const KernelKey *key, bool before)
{
    KernelSample samples[KERNEL_GUESS_MOST];
    size_t count = 0;
    for (size_t i = log->count; i-- > 0 && count < KERNEL_GUESS_MOST;) { // the newest first
        const Kernel *kernel = &log->kernels[i];
        if (kernel->seconds[before] <= 0.0 || kernel->constant_count != key->constant_count)
            continue;
        const ShaderBlob *blob = find_blob(kernel->code);
        if (blob && kernel_guess_alike(blob, key->blob))
            samples[count++] = (KernelSample){blob, kernel->constants, kernel->seconds[before]};
    }
    return count ? kernel_guess(key->blob, key->constants, key->constant_count, samples, count)
                 : -1.0;
}

// From all that were built, by what shaders cost beside each other; negative when none was.
static double weighed_cost(const KernelLog *log, const KernelKey *key, bool before)
{
    double seconds = 0.0, weights = 0.0;
    for (size_t i = 0; i < log->count; i++) {
        const ShaderBlob *blob = find_blob(log->kernels[i].code);
        if (!blob || log->kernels[i].seconds[before] < 0.0)
            continue;
        seconds += log->kernels[i].seconds[before];
        weights += kernel_guess_weight(blob);
    }
    return weights > 0.0 ? seconds / weights * kernel_guess_weight(key->blob) : -1.0;
}

double kernel_log_expect(KernelLog *log, const KernelKey *key)
{
    double seconds = 0.0;
    pthread_mutex_lock(&log->lock);
    const Kernel *kernel = find_kernel(log, key);
    const bool before = kernel != NULL;
    if (!kernel || !kernel->here) {
        seconds = kernel ? kernel->seconds[before] : -1.0;
        if (seconds < 0.0)
            seconds = guess_alike(log, key, before);
        if (seconds < 0.0)
            seconds = weighed_cost(log, key, before);
    }
    pthread_mutex_unlock(&log->lock);
    return seconds > 0.0 ? seconds : 0.0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/kernel_log.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/device.h"

// Constants that differ by this factor (as a power of two, all of them together) count a quarter as much.
#define LIKENESS 0.5

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
    const Kernel *kernel = find_kernel(log, key);
    const bool before = kernel && !kernel->here;
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

// How far apart two sets of constants are.
static double distance(const Kernel *kernel, const KernelKey *key)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < key->constant_count && i < kernel->constant_count; i++)
        sum += fabs(log2((kernel->constants[i] + 1.0) / (key->constants[i] + 1.0)));
    return sum;
}

// Of those that were built, `alike`: of the same shader only; negative when there are none.
static double mean_cost(const KernelLog *log, const KernelKey *key, bool before, bool alike)
{
    double seconds = 0.0, weights = 0.0;
    for (size_t i = 0; i < log->count; i++) {
        const Kernel *kernel = &log->kernels[i];
        if (kernel->seconds[before] < 0.0 || (alike && kernel->code != key->blob->hash))
            continue;
        const double away = alike ? distance(kernel, key) / LIKENESS : 0.0;
        const double weight = 1.0 / (1.0 + 3.0 * away * away);
        seconds += weight * kernel->seconds[before];
        weights += weight;
    }
    return weights > 0.0 ? seconds / weights : -1.0;
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
            seconds = mean_cost(log, key, before, true);
        if (seconds < 0.0)
            seconds = mean_cost(log, key, before, false);
    }
    pthread_mutex_unlock(&log->lock);
    return seconds > 0.0 ? seconds : 0.0;
}

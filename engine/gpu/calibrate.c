// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/calibrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "gpu/device.h"
#include "gpu/shader_blob.h"

#define MAX_FAMILIES 32
#define NAME_BYTES   32

// One decision. `usable` is a bit for each variant that took part: with other capabilities masked the
// question is another one.
typedef struct VariantChoice {
    char family[NAME_BYTES], variant[NAME_BYTES];
    uint32_t usable;
} VariantChoice;

struct GpuVariantSet {
    VariantChoice choices[MAX_FAMILIES];
    size_t count;
    const VariantFamily *failed[MAX_FAMILIES]; // no variant ran; not tried again, nor written down
    size_t failed_count;
    const VariantFamily *measured; // whose variants are being timed, and the one whose turn it is
    const char *turn;
};

static void cache_key(const Gpu *gpu, char *key, size_t capacity)
{
    snprintf(key, capacity, "%s|%s|%u|%016llx", gpu->caps.name, gpu->caps.driver,
             gpu->caps.subgroup_size, (unsigned long long)shader_table_hash());
}

static GpuVariantSet *load(Gpu *gpu)
{
    char key[384];
    size_t bytes = 0;
    GpuVariantSet *set = calloc(1, sizeof(*set));
    if (!set)
        return NULL;
    cache_key(gpu, key, sizeof(key));
    void *data = cache_file_read(gpu, "variants", key, &bytes);
    if (data && bytes % sizeof(VariantChoice) == 0 && bytes <= sizeof(set->choices)) {
        memcpy(set->choices, data, bytes);
        set->count = bytes / sizeof(VariantChoice);
    }
    for (size_t i = 0; i < set->count; i++) // whatever was read, these are strings
        set->choices[i].family[NAME_BYTES - 1] = set->choices[i].variant[NAME_BYTES - 1] = '\0';
    free(data);
    return set;
}

static VariantChoice *find(GpuVariantSet *set, const char *family)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->choices[i].family, family) == 0)
            return &set->choices[i];
    return NULL;
}

static const char *measure(Gpu *gpu, const VariantFamily *family, uint32_t usable)
{
    const char *best = NULL;
    double best_ns = 0.0;
    for (size_t i = 0; i < family->variant_count; i++) {
        double ns = 0.0;
        RshError error = {0};
        if (!(usable & (1u << i)))
            continue;
        gpu->variants->turn = family->variants[i];
        if (family->time(gpu, family->variants[i], &ns, &error) != RSH_OK) {
            gpu_log(gpu, RSH_LOG_WARN, "%s kernel %s is not used: %s", family->name,
                    family->variants[i], error.text);
            continue;
        }
        gpu_log(gpu, RSH_LOG_DEBUG, "%s kernel %s: %.3f ms", family->name, family->variants[i],
                ns / 1e6);
        if (!best || ns < best_ns) {
            best = family->variants[i];
            best_ns = ns;
        }
    }
    return best;
}

const char *gpu_calibrate(Gpu *gpu, const VariantFamily *family)
{
    uint32_t usable = 0;
    size_t only = 0;
    if (gpu->lost)
        return NULL;
    if (gpu->variants && gpu->variants->measured == family)
        return gpu->variants->turn;
    for (size_t i = 0; i < family->variant_count; i++)
        if (family->usable(&gpu->caps, family->variants[i])) {
            usable |= 1u << i;
            only = i;
        }
    if (!usable)
        return NULL;
    if ((usable & (usable - 1)) == 0)
        return family->variants[only]; // no choice to make
    if (!gpu->variants && !(gpu->variants = load(gpu)))
        return NULL;

    VariantChoice *choice = find(gpu->variants, family->name);
    for (size_t i = 0; choice && choice->usable == usable && i < family->variant_count; i++)
        if (strcmp(family->variants[i], choice->variant) == 0 && (usable & (1u << i)))
            return family->variants[i];

    for (size_t i = 0; i < gpu->variants->failed_count; i++)
        if (gpu->variants->failed[i] == family)
            return NULL;
    // Slow variants are timed too: what they took says nothing about the device.
    const double cost_scale = gpu->cost_scale;
    gpu->variants->measured = family;
    const char *best = measure(gpu, family, usable);
    gpu->variants->measured = NULL;
    gpu->cost_scale = cost_scale;
    if (!best) {
        if (gpu->variants->failed_count < MAX_FAMILIES)
            gpu->variants->failed[gpu->variants->failed_count++] = family;
        return NULL;
    }
    if (!choice && gpu->variants->count < MAX_FAMILIES)
        choice = &gpu->variants->choices[gpu->variants->count++];
    if (choice) {
        char key[384];
        *choice = (VariantChoice){.usable = usable};
        snprintf(choice->family, NAME_BYTES, "%s", family->name);
        snprintf(choice->variant, NAME_BYTES, "%s", best);
        cache_key(gpu, key, sizeof(key));
        cache_file_write(gpu, "variants", key, gpu->variants->choices,
                         gpu->variants->count * sizeof(VariantChoice));
    }
    gpu_log(gpu, RSH_LOG_INFO, "%s kernel: %s", family->name, best);
    return best;
}

void variants_destroy(Gpu *gpu)
{
    free(gpu->variants);
    gpu->variants = NULL;
}

RshStatus gpu_time_commands(Gpu *gpu, GpuCommands *commands, uint32_t runs, double *ns,
                            RshError *error)
{
    RshStatus status = gpu_commands_run(commands, NULL, NULL, error);
    *ns = 0.0;
    for (uint32_t i = 0; i < runs && status == RSH_OK; i++) {
        struct timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        status = gpu_commands_run(commands, NULL, NULL, error);
        clock_gettime(CLOCK_MONOTONIC, &after);
        const double took =
            (double)(after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec);
        if (i == 0 || took < *ns)
            *ns = took;
    }
    return status;
}

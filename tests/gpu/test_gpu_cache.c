// SPDX-License-Identifier: GPL-3.0-or-later
// Files in the cache folder may vanish, be cut short or be damaged: the device opens all the same.
#include <sys/stat.h>

#include "device_test.h"
#include "gpu/calibrate.h"
#include "gpu/device.h"

static void damaged_files_are_ignored(void)
{
    Gpu *gpu = NULL;
    char payload[1000], path[400];
    const char *folder = device_test_folder_make();
    CHECK(gpu_open(&(GpuOptions){.cache_dir = folder}, &gpu, NULL) == RSH_OK);
    if (!gpu)
        return;
    memset(payload, 42, sizeof(payload));
    cache_file_write(gpu, "test", "key", payload, sizeof(payload));
    snprintf(path, sizeof(path), "%s/test-%08x-%08x.bin", folder, gpu_caps(gpu)->vendor_id,
             gpu_caps(gpu)->device_id);

    size_t bytes = 0;
    char *back = cache_file_read(gpu, "test", "key", &bytes);
    CHECK(back && bytes == sizeof(payload) && memcmp(back, payload, bytes) == 0);
    free(back);
    CHECK(cache_file_read(gpu, "test", "kex", &bytes) == NULL && bytes == 0);
    CHECK(cache_file_read(gpu, "test", "longer key", &bytes) == NULL);
    CHECK(cache_file_read(gpu, "absent", "key", &bytes) == NULL);

    struct stat info;
    CHECK(stat(path, &info) == 0);
    for (long size = (long)info.st_size - 1; size >= 0; size -= 37) { // cut short, ever shorter
        CHECK(truncate(path, size) == 0);
        CHECK(cache_file_read(gpu, "test", "key", &bytes) == NULL);
    }
    for (long at = 0; at < (long)info.st_size; at += 13) { // one byte flipped
        cache_file_write(gpu, "test", "key", payload, sizeof(payload));
        FILE *file = fopen(path, "r+b");
        CHECK(file && fseek(file, at, SEEK_SET) == 0);
        const int byte = file ? fgetc(file) : 0;
        CHECK(file && fseek(file, at, SEEK_SET) == 0 && fputc(byte ^ 1, file) != EOF);
        if (file)
            fclose(file);
        CHECK(cache_file_read(gpu, "test", "key", &bytes) == NULL);
    }
    gpu_close(&gpu);
    CHECK(device_test_folder_remove() == 1); // no temporary file is left
}

static void a_damaged_pipeline_cache_does_not_stop_the_device(void)
{
    const char *folder = device_test_folder_make();
    for (int run = 0; run < 3; run++) {
        Gpu *gpu = device_test_open(&(GpuOptions){.cache_dir = folder});
        GpuPipeline *pipeline = NULL;
        const uint32_t width = 8;
        if (!gpu)
            break;
        CHECK(gpu_pipeline_get(gpu, "test_chain", &width, 1, &pipeline, NULL) == RSH_OK);
        char path[400];
        snprintf(path, sizeof(path), "%s/pipelines-%08x-%08x.bin", folder, gpu_caps(gpu)->vendor_id,
                 gpu_caps(gpu)->device_id);
        device_test_close(&gpu);
        CHECK(access(path, R_OK) == 0);
        if (run == 0) {
            CHECK(truncate(path, 50) == 0);
        } else {
            FILE *file = fopen(path, "wb");
            CHECK(file && fputs("not a cache at all", file) >= 0);
            if (file)
                fclose(file);
        }
    }
    device_test_folder_remove();
}

static void a_folder_that_cannot_be_written_only_costs_time(void)
{
    Gpu *gpu = NULL;
    GpuPipeline *pipeline = NULL;
    const uint32_t width = 8;
    CHECK(gpu_open(&(GpuOptions){.cache_dir = "/proc/nowhere"}, &gpu, NULL) == RSH_OK);
    if (!gpu)
        return;
    CHECK(gpu_pipeline_get(gpu, "test_chain", &width, 1, &pipeline, NULL) == RSH_OK);
    gpu_close(&gpu);
}

static int timed;

static bool all_usable(const GpuCaps *caps, const char *variant)
{
    return caps->fp16 || strcmp(variant, "half") != 0;
}

static RshStatus time_variant(Gpu *gpu, const char *variant, double *ns, RshError *error)
{
    (void)gpu;
    (void)error;
    timed++;
    if (strcmp(variant, "broken") == 0)
        return RSH_ERROR_DEVICE;
    *ns = strcmp(variant, "half") == 0 ? 10.0 : strcmp(variant, "slow") == 0 ? 30.0 : 20.0;
    return RSH_OK;
}

static void the_fastest_variant_is_measured_once_and_remembered(void)
{
    static const char *const names[] = {"slow", "quick", "broken", "half"};
    const VariantFamily family = {"test", names, 4, all_usable, time_variant};
    const char *folder = device_test_folder_make();
    for (int run = 0; run < 2; run++) {
        Gpu *gpu = NULL;
        CHECK(gpu_open(&(GpuOptions){.cache_dir = folder, .caps_mask = "-fp16"}, &gpu, NULL) ==
              RSH_OK);
        if (!gpu)
            return;
        const char *chosen = gpu_calibrate(gpu, &family);
        CHECK(chosen && strcmp(chosen, "quick") == 0);
        CHECK(timed == 3); // not again in the second run
        gpu_close(&gpu);
    }
    device_test_folder_remove();
}

static RshStatus never_runs(Gpu *gpu, const char *variant, double *ns, RshError *error)
{
    (void)gpu;
    (void)variant;
    (void)ns;
    (void)error;
    timed++;
    return RSH_ERROR_MEMORY;
}

static void variants_that_all_fail_are_tried_once(void)
{
    static const char *const names[] = {"slow", "quick"};
    const VariantFamily family = {"failing", names, 2, all_usable, never_runs};
    Gpu *gpu = NULL;
    CHECK(gpu_open(&(GpuOptions){0}, &gpu, NULL) == RSH_OK);
    timed = 0;
    for (int i = 0; i < 3 && gpu; i++)
        CHECK(gpu_calibrate(gpu, &family) == NULL);
    CHECK(timed == 2);
    gpu_close(&gpu);
}

static bool stop_at_second(void *data)
{
    return atomic_fetch_add((atomic_uint *)data, 1) >= 1;
}

static void a_stop_ends_compiling_before_the_next_kernel(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){0});
    GpuPipelineRequest requests[4];
    atomic_uint asked = 0;
    RshError error = {0};
    for (uint32_t i = 0; i < 4; i++)
        requests[i] = (GpuPipelineRequest){
            .shader = "test_chain", .constants = {8u << i}, .constant_count = 1};
    if (!gpu)
        return;
    CHECK(gpu_pipelines_compile(gpu, requests, 4, stop_at_second, &asked, &error) == RSH_CANCELLED);
    CHECK(gpu->pipelines.count == 1 && atomic_load(&asked) == 4);
    CHECK(gpu_pipelines_compile(gpu, requests, 4, NULL, NULL, &error) == RSH_OK);
    CHECK(gpu->pipelines.count == 4);
    device_test_close(&gpu);
}

int main(void)
{
    int result = 0;
    if (device_test_skip(&result))
        return result;
    TAP_RUN(damaged_files_are_ignored);
    TAP_RUN(a_damaged_pipeline_cache_does_not_stop_the_device);
    TAP_RUN(a_folder_that_cannot_be_written_only_costs_time);
    TAP_RUN(the_fastest_variant_is_measured_once_and_remembered);
    TAP_RUN(variants_that_all_fail_are_tried_once);
    TAP_RUN(a_stop_ends_compiling_before_the_next_kernel);
    return tap_done();
}

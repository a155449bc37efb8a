// SPDX-License-Identifier: GPL-3.0-or-later
// Device choice, capability masks, memory accounting and buffers.
#include "gpu/device.h"

#include "device_test.h"

static void a_device_is_chosen_by_number_and_by_part_of_its_name(void)
{
    RshDeviceInfo info[8];
    const size_t count = gpu_list(info, 8);
    CHECK(count > 0);
    CHECK(info[0].subgroup_size >= 4 && info[0].memory_bytes > 0);

    Gpu *gpu = NULL;
    CHECK(gpu_open(&(GpuOptions){.device = "0"}, &gpu, NULL) == RSH_OK);
    CHECK(gpu && strcmp(gpu_caps(gpu)->name, info[0].name) == 0);
    gpu_close(&gpu);

    char part[8] = "";
    memcpy(part, info[0].name, 4);
    for (char *p = part; *p; p++) // case does not matter
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
    CHECK(gpu_open(&(GpuOptions){.device = part}, &gpu, NULL) == RSH_OK);
    gpu_close(&gpu);
    CHECK(gpu == NULL);
}

static void an_unknown_device_is_refused_with_the_known_ones(void)
{
    RshDeviceInfo info;
    RshError error = {0};
    Gpu *gpu = NULL;
    gpu_list(&info, 1);
    CHECK(gpu_open(&(GpuOptions){.device = "no such card"}, &gpu, &error) == RSH_ERROR_DEVICE);
    CHECK(gpu == NULL);
    CHECK(strstr(error.text, "no such card") && strstr(error.text, info.name));
    CHECK(gpu_open(&(GpuOptions){.device = "99"}, &gpu, &error) == RSH_ERROR_DEVICE);
}

static void a_mask_takes_capabilities_away(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){.caps_mask = "-fp16,-storage8,-coopmat,-shuffle"});
    if (!gpu)
        return;
    CHECK(!gpu_caps(gpu)->fp16 && !gpu_caps(gpu)->storage8);
    CHECK(!gpu_caps(gpu)->cooperative_matrix && !gpu_caps(gpu)->subgroup_shuffle);
    device_test_close(&gpu);
}

static void a_wrong_mask_is_refused_with_the_known_names(void)
{
    const char *const wrong[] = {"-warp", "fp16", "-fp16,,-storage8", "-", "-fp1", "-fp166"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        RshError error = {0};
        GpuCaps caps = {.fp16 = true};
        CHECK(caps_mask(&caps, wrong[i], &error) == RSH_ERROR_ARGUMENT);
        CHECK(strstr(error.text, "coopmat") != NULL);
    }
    GpuCaps caps = {.fp16 = true, .storage8 = true};
    CHECK(caps_mask(&caps, NULL, NULL) == RSH_OK && caps_mask(&caps, "", NULL) == RSH_OK);
    CHECK(caps.fp16);
    CHECK(caps_mask(&caps, "-fp16", NULL) == RSH_OK);
    CHECK(!caps.fp16 && caps.storage8);
}

static void round_trip(Gpu *gpu)
{
    enum { BYTES = (20 << 20) + 12 }; // more than one piece of staging, not a whole vector
    GpuBuffer *buffer = NULL;
    uint8_t *data = malloc(BYTES), *back = malloc(BYTES);
    CHECK(gpu_buffer_create(gpu, BYTES, true, &buffer, NULL) == RSH_OK);
    if (data && back && buffer) {
        memset(back, 1, BYTES);
        CHECK(gpu_buffer_read(buffer, 0, back, BYTES, NULL) == RSH_OK);
        size_t zeros = 0;
        for (size_t i = 0; i < BYTES; i++)
            zeros += back[i] == 0;
        CHECK(zeros == BYTES);
        for (size_t i = 0; i < BYTES; i++)
            data[i] = (uint8_t)(i * 131 + (i >> 8));
        CHECK(gpu_buffer_write(buffer, 0, data, BYTES, NULL) == RSH_OK);
        CHECK(gpu_buffer_write(buffer, 4000, "rushes", 6, NULL) == RSH_OK);
        memcpy(data + 4000, "rushes", 6);
        CHECK(gpu_buffer_read(buffer, 0, back, BYTES, NULL) == RSH_OK);
        CHECK(memcmp(data, back, BYTES) == 0);
    }
    gpu_buffer_destroy(&buffer);
    CHECK(buffer == NULL);
    free(data);
    free(back);
}

static void buffers_keep_bytes_mapped_and_staged(void)
{
    const char *const masks[] = {NULL, "-unified"};
    for (int i = 0; i < 2; i++) {
        Gpu *gpu = device_test_open(&(GpuOptions){.caps_mask = masks[i]});
        if (!gpu)
            return;
        round_trip(gpu);
        device_test_close(&gpu);
    }
}

static void ranges_outside_a_buffer_are_refused(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){0});
    GpuBuffer *buffer = NULL;
    uint8_t data[64] = {0};
    if (!gpu)
        return;
    CHECK(gpu_buffer_create(gpu, 64, false, &buffer, NULL) == RSH_OK);
    CHECK(gpu_buffer_write(buffer, 1, data, 64, NULL) == RSH_ERROR_ARGUMENT);
    CHECK(gpu_buffer_read(buffer, UINT64_MAX, data, 2, NULL) == RSH_ERROR_ARGUMENT);
    gpu_buffer_destroy(&buffer);
    CHECK(gpu_buffer_create(gpu, 0, false, &buffer, NULL) == RSH_ERROR_ARGUMENT);
    CHECK(gpu_buffer_create(gpu, UINT64_MAX, false, &buffer, NULL) == RSH_ERROR_ARGUMENT);
    device_test_close(&gpu);
}

static void memory_is_counted_and_its_budget_is_kept(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){.memory_budget = 1 << 20});
    GpuBuffer *a = NULL, *b = NULL;
    RshError error = {0};
    if (!gpu)
        return;
    CHECK(gpu_memory_budget(gpu) == 1 << 20);
    CHECK(gpu_buffer_create(gpu, 600000, false, &a, NULL) == RSH_OK);
    CHECK(gpu_memory_in_use(gpu) >= 600000 && gpu_memory_in_use(gpu) < 700000);
    CHECK(gpu_buffer_create(gpu, 600000, false, &b, &error) == RSH_ERROR_MEMORY);
    CHECK(b == NULL && strstr(error.text, "MiB") != NULL);
    gpu_buffer_destroy(&a);
    CHECK(gpu_memory_in_use(gpu) == 0 && gpu_memory_peak(gpu) >= 600000);
    gpu_memory_reset_peak(gpu);
    CHECK(gpu_memory_peak(gpu) == 0);
    device_test_close(&gpu);
}

static void a_lost_device_fails_every_call_and_closes(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){0});
    GpuBuffer *buffer = NULL, *other = NULL;
    GpuCommands *commands = NULL;
    GpuPipeline *pipeline = NULL;
    RshError error = {0};
    uint8_t data[16] = {0};
    if (!gpu)
        return;
    CHECK(gpu_buffer_create(gpu, 16, false, &buffer, NULL) == RSH_OK);
    CHECK(gpu_commands_create(gpu, &commands, NULL) == RSH_OK);
    CHECK(gpu_commands_finish(commands, NULL) == RSH_OK);
    CHECK(gpu_fail(gpu, VK_ERROR_DEVICE_LOST, "waiting", &error) == RSH_ERROR_DEVICE);
    CHECK(strstr(error.text, "lost") && strstr(error.text, gpu_caps(gpu)->name));
    CHECK(gpu_buffer_create(gpu, 16, true, &other, NULL) == RSH_ERROR_DEVICE && !other);
    CHECK(gpu_buffer_write(buffer, 0, data, 16, NULL) == RSH_ERROR_DEVICE);
    CHECK(gpu_buffer_read(buffer, 0, data, 16, NULL) == RSH_ERROR_DEVICE);
    CHECK(gpu_pipeline_get(gpu, "test_chain", NULL, 0, &pipeline, NULL) == RSH_ERROR_DEVICE);
    CHECK(gpu_commands_run(commands, NULL, NULL, NULL) == RSH_ERROR_DEVICE);
    gpu_commands_destroy(&commands);
    gpu_buffer_destroy(&buffer);
    device_test_close(&gpu);
}

int main(void)
{
    int result = 0;
    if (device_test_skip(&result))
        return result;
    TAP_RUN(a_device_is_chosen_by_number_and_by_part_of_its_name);
    TAP_RUN(an_unknown_device_is_refused_with_the_known_ones);
    TAP_RUN(a_mask_takes_capabilities_away);
    TAP_RUN(a_wrong_mask_is_refused_with_the_known_names);
    TAP_RUN(buffers_keep_bytes_mapped_and_staged);
    TAP_RUN(ranges_outside_a_buffer_are_refused);
    TAP_RUN(memory_is_counted_and_its_budget_is_kept);
    TAP_RUN(a_lost_device_fails_every_call_and_closes);
    return tap_done();
}

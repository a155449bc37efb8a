// SPDX-License-Identifier: GPL-3.0-or-later
// Recorded work: derived barriers, replays, cuts, cancelling and the checks of what is passed.
#include <sys/types.h>
#include <unistd.h>

#include "device_test.h"
#include "gpu/commands.h"
#include "gpu/hazard.h"
#include "shared/test_chain.h"

#define VECTORS 1000u  // of four floats in one slot
#define SLOT    16384u // bytes: VECTORS * 16, rounded up
#define SLOTS   12u

typedef struct Chain {
    Gpu *gpu;
    GpuBuffer *buffer; // SLOTS slots
    GpuPipeline *storage, *texel;
    GpuCommands *commands;
} Chain;

static bool chain_open(Chain *chain, const GpuOptions *options)
{
    const uint32_t width = 64;
    *chain = (Chain){.gpu = device_test_open(options)};
    if (!chain->gpu)
        return false;
    CHECK(gpu_buffer_create(chain->gpu, SLOT * SLOTS, true, &chain->buffer, NULL) == RSH_OK);
    CHECK(gpu_pipeline_get(chain->gpu, "test_chain", &width, 1, &chain->storage, NULL) == RSH_OK);
    CHECK(gpu_pipeline_get(chain->gpu, "test_chain_texel", &width, 1, &chain->texel, NULL) ==
          RSH_OK);
    CHECK(gpu_commands_create(chain->gpu, &chain->commands, NULL) == RSH_OK);
    return chain->buffer && chain->storage && chain->texel && chain->commands;
}

static void chain_close(Chain *chain)
{
    gpu_commands_destroy(&chain->commands);
    gpu_buffer_destroy(&chain->buffer);
    device_test_close(&chain->gpu);
}

// y = x * scale + offset on `count` vectors from byte `from` to byte `to`.
static RshStatus add(Chain *chain, bool texel, uint64_t from, uint64_t to, uint32_t count,
                     float scale, float offset, uint64_t cost_ns, RshError *error)
{
    const struct TestChainParams push = {count, scale, offset};
    const GpuBinding bindings[] = {
        {chain->buffer, from, count * 16u, texel ? GPU_VIEW_RGBA32F : GPU_VIEW_STORAGE, false},
        {chain->buffer, to, count * 16u, GPU_VIEW_STORAGE, true}};
    const uint32_t groups[3] = {(count + 63) / 64, 1, 1};
    return gpu_commands_dispatch(chain->commands, texel ? chain->texel : chain->storage, bindings,
                                 2, &push, sizeof(push), groups, cost_ns, "chain", error);
}

static void fill(Chain *chain)
{
    float *values = malloc(SLOT * SLOTS);
    CHECK(values != NULL);
    for (uint32_t i = 0; values && i < SLOT * SLOTS / 4; i++)
        values[i] = (float)((i * 2654435761u) >> 8) / 16777216.0f;
    CHECK(gpu_buffer_write(chain->buffer, 0, values, SLOT * SLOTS, NULL) == RSH_OK);
    free(values);
}

static uint8_t *contents(Chain *chain)
{
    uint8_t *bytes = calloc(1, SLOT * SLOTS);
    CHECK(bytes && gpu_buffer_read(chain->buffer, 0, bytes, SLOT * SLOTS, NULL) == RSH_OK);
    return bytes;
}

// A web of dependences over few slots, with overlapping, shifted ranges and both ways of reading.
static void record_web(Chain *chain)
{
    uint32_t state = 7;
    for (int i = 0; i < 200; i++) {
        state = state * 1664525u + 1013904223u;
        const uint32_t from = (state >> 8) % SLOTS;
        const uint32_t to = (from + 1 + (state >> 16) % (SLOTS - 1)) % SLOTS;
        const uint32_t shift = (state >> 24) % 4 * 256;
        const uint32_t count = VECTORS - shift / 16;
        const float scale = i % 2 ? 0.5f : -0.75f;
        CHECK(add(chain, i % 3 == 0, from * SLOT + shift, to * SLOT, count, scale, (float)i / 64.0f,
                  1000, NULL) == RSH_OK);
    }
    CHECK(gpu_commands_finish(chain->commands, NULL) == RSH_OK);
}

static uint8_t *run_web(Chain *chain)
{
    fill(chain);
    CHECK(gpu_commands_run(chain->commands, NULL, NULL, NULL) == RSH_OK);
    return contents(chain);
}

// A CPU driver runs dispatches one by one, so a missing barrier shows only when independent steps are turned round.
static void derived_barriers_give_the_bits_of_serial_execution_in_any_order(void)
{
    Chain chain;
    if (!chain_open(&chain, &(GpuOptions){0}))
        return;
    record_web(&chain);
    CHECK(gpu_commands_barriers(chain.commands) < 200);
    uint8_t *planned = run_web(&chain);
    gpu_commands_reverse(chain.commands, true);
    uint8_t *reversed = run_web(&chain);
    gpu_commands_reverse(chain.commands, false);
    gpu_commands_serialise(chain.commands, true);
    uint8_t *serial = run_web(&chain);
    CHECK(planned && serial && memcmp(planned, serial, SLOT * SLOTS) == 0);
    CHECK(reversed && serial && memcmp(reversed, serial, SLOT * SLOTS) == 0);
    free(planned);
    free(reversed);
    free(serial);
    chain_close(&chain);
}

static void a_replay_gives_the_same_bits_however_it_is_cut(void)
{
    Chain chain;
    if (!chain_open(&chain, &(GpuOptions){0}))
        return;
    // 16 parts of one dispatch, each with its own base workgroup, then one more that reads them all.
    CHECK(add(&chain, true, 0, SLOT, VECTORS, 3.0f, 1.0f, 500000000, NULL) == RSH_OK);
    CHECK(add(&chain, false, SLOT, 2 * SLOT, VECTORS, 0.5f, -1.0f, 1000, NULL) == RSH_OK);
    CHECK(gpu_commands_finish(chain.commands, NULL) == RSH_OK);
    CHECK(gpu_commands_submissions(chain.commands) >= 10);
    fill(&chain);
    CHECK(gpu_commands_run(chain.commands, NULL, NULL, NULL) == RSH_OK);
    uint8_t *first = contents(&chain);
    // The first run has shown that this is short work: the next one needs fewer submissions. A run that
    // other programs held up shows nothing.
    for (int run = 0; run == 0 || (run < 50 && gpu_commands_submissions(chain.commands) > 2); run++)
        CHECK(gpu_commands_run(chain.commands, NULL, NULL, NULL) == RSH_OK);
    CHECK(gpu_commands_submissions(chain.commands) <= 2);
    uint8_t *second = contents(&chain);
    CHECK(first && second && memcmp(first, second, SLOT * SLOTS) == 0);
    const float *values = (const float *)(const void *)first;
    for (uint32_t i = 0; i < VECTORS * 4; i++)
        if (values[2 * SLOT / 4 + i] != (values[i] * 3.0f + 1.0f) * 0.5f - 1.0f) {
            CHECK(fabsf(values[2 * SLOT / 4 + i] - ((values[i] * 3.0f + 1.0f) * 0.5f - 1.0f)) <
                  1e-6f);
            break;
        }
    free(first);
    free(second);
    chain_close(&chain);
}

static void only_dependent_steps_get_a_barrier(void)
{
    Chain chain;
    if (!chain_open(&chain, &(GpuOptions){0}))
        return;
    for (uint32_t i = 0; i < SLOTS / 2; i++) // disjoint pairs
        CHECK(add(&chain, false, i * SLOT, (i + SLOTS / 2) * SLOT, VECTORS, 1, 0, 1, NULL) ==
              RSH_OK);
    CHECK(gpu_commands_barriers(chain.commands) == 0);
    CHECK(add(&chain, false, 6 * SLOT, 0, 16, 1, 0, 1, NULL) == RSH_OK); // reads what was written
    CHECK(gpu_commands_barriers(chain.commands) == 1);
    CHECK(add(&chain, false, 7 * SLOT, 512, 16, 1, 0, 1, NULL) == RSH_OK); // beside the last one
    CHECK(gpu_commands_barriers(chain.commands) == 1);
    CHECK(add(&chain, false, 8 * SLOT, 496, 2, 1, 0, 1, NULL) == RSH_OK); // overlaps it by a vector
    CHECK(gpu_commands_barriers(chain.commands) == 2);
    CHECK(gpu_commands_copy(chain.commands, chain.buffer, 9 * SLOT, chain.buffer, 8 * SLOT, 64,
                            NULL) == RSH_OK); // overwrites what was read
    CHECK(gpu_commands_barriers(chain.commands) == 3);
    CHECK(gpu_commands_finish(chain.commands, NULL) == RSH_OK);
    CHECK(gpu_commands_run(chain.commands, NULL, NULL, NULL) == RSH_OK);
    chain_close(&chain);
}

static bool stop_third_time(void *data)
{
    return ++*(int *)data == 3;
}

static void a_run_stops_between_submissions(void)
{
    Chain chain;
    int asked = 0;
    if (!chain_open(&chain, &(GpuOptions){0}))
        return;
    for (int i = 0; i < 10; i++) // each a submission of its own
        CHECK(add(&chain, false, 0, SLOT, VECTORS, 1.0f, (float)i, 25000000, NULL) == RSH_OK);
    CHECK(gpu_commands_finish(chain.commands, NULL) == RSH_OK);
    CHECK(gpu_commands_submissions(chain.commands) == 10);
    CHECK(gpu_commands_run(chain.commands, stop_third_time, &asked, NULL) == RSH_CANCELLED);
    CHECK(asked == 3);
    float value = -1.0f;
    CHECK(gpu_buffer_read(chain.buffer, SLOT, &value, 4, NULL) == RSH_OK);
    CHECK(value == 1.0f); // two submissions ran
    CHECK(gpu_commands_run(chain.commands, NULL, NULL, NULL) == RSH_OK);
    CHECK(gpu_buffer_read(chain.buffer, SLOT, &value, 4, NULL) == RSH_OK);
    CHECK(value == 9.0f);
    chain_close(&chain);
}

static void what_a_kernel_does_not_expect_is_refused(void)
{
    Chain chain;
    RshError error = {0};
    if (!chain_open(&chain, &(GpuOptions){0}))
        return;
    const struct TestChainParams push = {4, 1.0f, 0.0f};
    const uint32_t one[3] = {1, 1, 1}, none[3] = {1, 0, 1};
    GpuBinding bindings[] = {{chain.buffer, 0, 64, GPU_VIEW_STORAGE, false},
                             {chain.buffer, 256, 64, GPU_VIEW_STORAGE, true}};
    GpuCommands *c = chain.commands;
    CHECK(gpu_commands_dispatch(c, chain.storage, bindings, 1, &push, 12, one, 1, NULL, &error) ==
          RSH_ERROR_ARGUMENT);
    CHECK(strstr(error.text, "test_chain") != NULL);
    CHECK(gpu_commands_dispatch(c, chain.storage, bindings, 2, &push, 8, one, 1, NULL, NULL) ==
          RSH_ERROR_ARGUMENT);
    CHECK(gpu_commands_dispatch(c, chain.storage, bindings, 2, &push, 12, none, 1, NULL, NULL) ==
          RSH_ERROR_ARGUMENT);
    CHECK(gpu_commands_dispatch(c, chain.texel, bindings, 2, &push, 12, one, 1, NULL, NULL) ==
          RSH_ERROR_ARGUMENT);
    bindings[1].written = false;
    CHECK(gpu_commands_dispatch(c, chain.storage, bindings, 2, &push, 12, one, 1, NULL, &error) ==
          RSH_ERROR_ARGUMENT);
    CHECK(strstr(error.text, "binding 1") != NULL);
    bindings[1] = (GpuBinding){chain.buffer, SLOT * SLOTS - 32, 64, GPU_VIEW_STORAGE, true};
    CHECK(gpu_commands_dispatch(c, chain.storage, bindings, 2, &push, 12, one, 1, NULL, NULL) ==
          RSH_ERROR_ARGUMENT);
    bindings[1] = (GpuBinding){chain.buffer, 4, 64, GPU_VIEW_STORAGE, true};
    CHECK(gpu_commands_dispatch(c, chain.storage, bindings, 2, &push, 12, one, 1, NULL, NULL) ==
          RSH_ERROR_ARGUMENT);
    GpuPipeline *pipeline = NULL;
    CHECK(gpu_pipeline_get(chain.gpu, "no_such_kernel", NULL, 0, &pipeline, &error) ==
          RSH_ERROR_ARGUMENT);
    CHECK(strstr(error.text, "no_such_kernel") != NULL);
    CHECK(gpu_commands_run(c, NULL, NULL, NULL) == RSH_ERROR_ARGUMENT); // not finished
    chain_close(&chain);
}

static void a_profiled_run_knows_the_time_of_every_step(void)
{
    Chain chain;
    const char *labels[8];
    double ns[8];
    if (!chain_open(&chain, &(GpuOptions){0}))
        return;
    for (int i = 0; i < 5; i++)
        CHECK(add(&chain, i % 2, 0, SLOT, VECTORS, 1.0f, 0.0f, 20000000, NULL) == RSH_OK);
    gpu_commands_profile(chain.commands, true);
    CHECK(gpu_commands_finish(chain.commands, NULL) == RSH_OK);
    CHECK(gpu_commands_run(chain.commands, NULL, NULL, NULL) == RSH_OK);
    CHECK(gpu_commands_times(chain.commands, labels, ns, 8) == 5);
    for (int i = 0; i < 5 && gpu_caps(chain.gpu)->timestamps; i++)
        CHECK(ns[i] > 0.0 && ns[i] < 1e9 && strcmp(labels[i], "chain") == 0);
    gpu_commands_profile(chain.commands, false);
    CHECK(gpu_commands_run(chain.commands, NULL, NULL, NULL) == RSH_OK);
    chain_close(&chain);
}

static void the_same_kernel_and_constants_are_one_pipeline(void)
{
    Chain chain;
    GpuPipeline *same = NULL, *other = NULL;
    const uint32_t width = 64, half = 32;
    if (!chain_open(&chain, &(GpuOptions){0}))
        return;
    CHECK(gpu_pipeline_get(chain.gpu, "test_chain", &width, 1, &same, NULL) == RSH_OK);
    CHECK(gpu_pipeline_get(chain.gpu, "test_chain", &half, 1, &other, NULL) == RSH_OK);
    CHECK(same == chain.storage && other != chain.storage);
    chain_close(&chain);
}

static bool stop_at_second(void *data)
{
    return ++*(unsigned *)data >= 2;
}

// A CPU driver compiles at the first dispatch: a cancel waits for one kernel, not for all of a list.
static void kernels_that_never_ran_get_submissions_of_their_own(void)
{
    Chain chain;
    unsigned asked = 0;
    if (chain_open(&chain, &(GpuOptions){0})) {
        const uint32_t kernels = gpu_caps(chain.gpu)->software ? 2 : 1;
        for (int i = 0; i < 6; i++) // the two kernels in turn
            CHECK(add(&chain, i % 2 == 1, 0, SLOT, 10, 1.0f, 1.0f, 1000, NULL) == RSH_OK);
        CHECK(gpu_commands_finish(chain.commands, NULL) == RSH_OK);
        CHECK(gpu_commands_submissions(chain.commands) == kernels);
        CHECK(gpu_commands_run(chain.commands, stop_at_second, &asked, NULL) ==
              (kernels > 1 ? RSH_CANCELLED : RSH_OK));
        CHECK(gpu_commands_run(chain.commands, NULL, NULL, NULL) == RSH_OK);
        gpu_commands_destroy(&chain.commands);
        CHECK(gpu_commands_create(chain.gpu, &chain.commands, NULL) == RSH_OK);
        for (int i = 0; i < 6; i++) // now they have run
            CHECK(add(&chain, i % 2 == 1, 0, SLOT, 10, 1.0f, 1.0f, 1000, NULL) == RSH_OK);
        CHECK(gpu_commands_finish(chain.commands, NULL) == RSH_OK);
        CHECK(gpu_commands_submissions(chain.commands) == 1);
    }
    chain_close(&chain);
}

static bool always(void *data)
{
    (void)data;
    return true;
}

// Code generated ahead on another device must leave every buffer and the list itself as they are.
static void kernels_warmed_ahead_change_no_bit(void)
{
    Chain chain;
    if (!chain_open(&chain, &(GpuOptions){0}))
        return;
    record_web(&chain);
    fill(&chain);
    uint8_t *before = contents(&chain);
    CHECK(commands_warm(chain.commands, always, NULL) == 0);
    const size_t warmed = commands_warm(chain.commands, NULL, NULL);
    CHECK(warmed == (gpu_caps(chain.gpu)->software && sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 0));
    uint8_t *after = contents(&chain);
    CHECK(before && after && memcmp(before, after, SLOT * SLOTS) == 0);
    uint8_t *first = run_web(&chain);
    CHECK(commands_warm(chain.commands, NULL, NULL) == 0); // none is left that never ran
    uint8_t *again = run_web(&chain);
    CHECK(first && again && memcmp(first, again, SLOT * SLOTS) == 0);
    free(before);
    free(after);
    free(first);
    free(again);
    chain_close(&chain);
}

int main(void)
{
    int result = 0;
    if (device_test_skip(&result))
        return result;
    TAP_RUN(derived_barriers_give_the_bits_of_serial_execution_in_any_order);
    TAP_RUN(only_dependent_steps_get_a_barrier);
    TAP_RUN(a_replay_gives_the_same_bits_however_it_is_cut);
    TAP_RUN(a_run_stops_between_submissions);
    TAP_RUN(kernels_that_never_ran_get_submissions_of_their_own);
    TAP_RUN(kernels_warmed_ahead_change_no_bit);
    TAP_RUN(what_a_kernel_does_not_expect_is_refused);
    TAP_RUN(a_profiled_run_knows_the_time_of_every_step);
    TAP_RUN(the_same_kernel_and_constants_are_one_pipeline);
    return tap_done();
}

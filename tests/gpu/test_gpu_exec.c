// SPDX-License-Identifier: GPL-3.0-or-later
// The device runner: numbers against the reference, memory against the forecast, states and weights that
// programs share, replays and masks. What single kernels compute is tested elsewhere.
#include <sys/types.h>
#include <unistd.h>

#include "exec_model.h"

static double normalised_error(const float *got, const float *want, size_t count)
{
    double difference = 0.0, size = 0.0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        size += (double)want[i] * want[i];
    }
    return difference / (size > 0.0 ? size : 1.0);
}

static void compare_with_reference(const char *mask)
{
    Gpu *gpu = device_test_open(&(GpuOptions){.caps_mask = mask, .cache_dir = device_test_folder});
    Runner *device = NULL, *reference = NULL;
    Model model = {0};
    float got[ROWS * CHANNELS] = {0}, again[ROWS * CHANNELS] = {0}, want[ROWS * CHANNELS] = {0};
    float *in = random_input(ROWS * CHANNELS, 5);
    build_blocks(&model, 2);
    CHECK(runner_create_reference(&reference, NULL) == RSH_OK);
    CHECK(gpu && runner_create_gpu(gpu, &device, NULL) == RSH_OK);
    if (device && reference && in) {
        runner_gpu_poison(device, true);
        Program *on_device = prepared(device, model.graph),
                *in_c = prepared(reference, model.graph);
        if (on_device && in_c) {
            run_once(device, on_device, model.graph, in, got);
            gpu_commands_reverse(program_commands(on_device, 0), true); // no barrier is missing
            run_once(device, on_device, model.graph, in, again);
            run_once(reference, in_c, model.graph, in, want);
        }
        CHECK(memcmp(got, again, sizeof(got)) == 0);
        const double error = normalised_error(got, want, ROWS * CHANNELS);
        printf("# mask '%s': normalised error %.3g\n", mask ? mask : "", error);
        CHECK(error < 1e-7 && want[0] != 0.0f); // attention keeps its sums in f32
        device->ops->release(&on_device);
        reference->ops->release(&in_c);
        device->ops->destroy(&device);
        reference->ops->destroy(&reference);
        CHECK(gpu_memory_in_use(gpu) == 0);
    }
    free(in);
    model_close(&model);
    device_test_close(&gpu);
}

static void a_replayed_graph_agrees_with_the_reference_under_every_mask(void)
{
    const char *const masks[] = {NULL, "-unified", "-fp16,-storage16,-storage8,-int8_dot,-coopmat",
                                 "-shuffle,-arithmetic"};
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
        compare_with_reference(masks[i]);
}

static void memory_in_use_is_what_was_forecast(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){.cache_dir = device_test_folder});
    Runner *runner = NULL;
    Model model = {0};
    build_chunk(&model, FRAMES);
    if (gpu && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
        ProgramInfo forecast = {0};
        const uint64_t before = gpu_memory_in_use(gpu);
        CHECK(runner->ops->forecast(runner, model.graph, &forecast, NULL) == RSH_OK);
        CHECK(gpu_memory_in_use(gpu) == before && forecast.weight_bytes > 0 && forecast.flops > 0);
        gpu_memory_reset_peak(gpu); // a calibration before this may have needed more
        Program *program = prepared(runner, model.graph);
        if (program) {
            const ProgramInfo info = runner->ops->info(program);
            CHECK(memcmp(&info, &forecast, sizeof(info)) == 0);
            CHECK(gpu_memory_in_use(gpu) >= info.peak_bytes);
            CHECK((double)gpu_memory_peak(gpu) <= 1.05 * (double)info.peak_bytes);
            runner->ops->release(&program);
        }
        runner->ops->reset_state(runner, "");
        runner->ops->drop_weights(runner, model.set);
        CHECK(gpu_memory_in_use(gpu) == before);
        runner->ops->destroy(&runner);
    }
    model_close(&model);
    device_test_close(&gpu);
}

// A clip of one chunk, and the same clip a frame at a time with another program for the first frame.
static void states_are_shared_by_programs_and_start_as_zeros(void)
{
    enum { FRAME = SIDE * SIDE * 3, OUT = SIDE * SIDE * 5 };
    Gpu *gpu = device_test_open(&(GpuOptions){.cache_dir = device_test_folder});
    Runner *runner = NULL;
    Model whole = {0}, single = {0}, other = {0};
    float *in = random_input(FRAMES * FRAME, 9);
    float all[FRAMES * OUT] = {0}, parts[FRAMES * OUT] = {0};
    build_chunk(&whole, FRAMES);
    build_chunk(&single, 1);
    build_chunk(&other, 1);
    if (gpu && in && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
        Program *clip = prepared(runner, whole.graph);
        Program *first = prepared(runner, single.graph), *rest = prepared(runner, other.graph);
        if (clip && first && rest) {
            run_once(runner, clip, whole.graph, in, all);
            runner->ops->reset_state(runner, "history");
            run_once(runner, first, single.graph, in, parts);
            for (int f = 1; f < FRAMES; f++)
                run_once(runner, rest, other.graph, in + f * FRAME, parts + f * OUT);
            CHECK(normalised_error(parts, all, FRAMES * OUT) < 1e-12);
            // Without a reset the clip sees its own end as history.
            float again[FRAMES * OUT];
            run_once(runner, clip, whole.graph, in, again);
            CHECK(normalised_error(again, all, FRAMES * OUT) > 1e-4);
        }
        if (clip)
            runner->ops->release(&clip);
        if (first)
            runner->ops->release(&first);
        if (rest)
            runner->ops->release(&rest);
        runner->ops->destroy(&runner);
    }
    free(in);
    model_close(&whole);
    model_close(&single);
    model_close(&other);
    device_test_close(&gpu);
}

static void a_state_of_another_shape_is_refused_until_it_is_forgotten(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){.cache_dir = device_test_folder});
    Runner *runner = NULL;
    Model small = {0}, large = {0};
    RshError error = {0};
    build_chunk(&small, 1);
    model_open(&large, "large");
    Tensor *x = graph_input(large.graph, "x", (Shape){1, 9, 9, 3}, TENSOR_F32);
    graph_output(large.graph, op_causal_window(large.graph, x, "history", 2), "y");
    if (gpu && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
        Program *program = prepared(runner, small.graph), *wrong = NULL;
        CHECK(runner->ops->prepare(runner, large.graph, NULL, &wrong, &error) ==
              RSH_ERROR_ARGUMENT);
        CHECK(!wrong && strstr(error.text, "history"));
        runner->ops->reset_state(runner, ""); // still in use by the small program
        CHECK(runner->ops->prepare(runner, large.graph, NULL, &wrong, &error) ==
              RSH_ERROR_ARGUMENT);
        if (program)
            runner->ops->release(&program);
        runner->ops->reset_state(runner, "");
        program = prepared(runner, large.graph);
        if (program)
            runner->ops->release(&program);
        runner->ops->destroy(&runner);
        CHECK(gpu_memory_in_use(gpu) == 0);
    }
    model_close(&small);
    model_close(&large);
    device_test_close(&gpu);
}

static void a_graph_beyond_the_budget_is_refused_before_it_allocates(void)
{
    Gpu *gpu =
        device_test_open(&(GpuOptions){.memory_budget = 80 << 10, .cache_dir = device_test_folder});
    Runner *runner = NULL;
    Model model = {0};
    RshError error = {0};
    build_chunk(&model, 40);
    if (gpu && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
        Program *program = NULL;
        const uint64_t before = gpu_memory_in_use(gpu);
        CHECK(runner->ops->prepare(runner, model.graph, NULL, &program, &error) ==
              RSH_ERROR_MEMORY);
        CHECK(!program && strstr(error.text, "chunk") && strstr(error.text, "MiB"));
        CHECK(gpu_memory_in_use(gpu) == before && gpu_memory_peak(gpu) == before);
        runner->ops->destroy(&runner);
    }
    model_close(&model);
    device_test_close(&gpu);
}

// Two components of which the device has room for one: the kept one makes place when its program is gone.
static void kept_weights_make_room_for_another_component(void)
{
    Model first = {0}, second = {0};
    float want[ROWS * CHANNELS] = {0}, got[ROWS * CHANNELS] = {0};
    float *in = random_input(ROWS * CHANNELS, 5);
    ProgramInfo info = {0};
    build_blocks(&first, 1); // one block: nothing to stream
    build_blocks(&second, 1);
    for (int i = 0; i < 2; i++) { // measure, then with room for one and a half
        Gpu *gpu = device_test_open(
            &(GpuOptions){.cache_dir = device_test_folder,
                          .memory_budget = i ? info.peak_bytes + info.weight_bytes / 2 : 0});
        Runner *runner = NULL;
        if (gpu && in && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
            Program *a = prepared(runner, first.graph), *b = NULL;
            if (i == 0 && a)
                info = runner->ops->info(a);
            if (i == 1 && a) {
                run_once(runner, a, first.graph, in, want);
                CHECK(runner->ops->prepare(runner, second.graph, NULL, &b, NULL) ==
                      RSH_ERROR_MEMORY);
                runner->ops->drop_weights(runner, first.set); // goes with the program
                run_once(runner, a, first.graph, in, got);
                CHECK(memcmp(got, want, sizeof(got)) == 0);
                runner->ops->release(&a);
                a = prepared(runner, first.graph); // packed again, and kept
                runner->ops->release(&a);
                b = prepared(runner, second.graph);
                if (b)
                    run_once(runner, b, second.graph, in, got);
                CHECK(memcmp(got, want, sizeof(got)) == 0); // the same numbers
                runner->ops->release(&b);
            }
            runner->ops->release(&a);
            runner->ops->destroy(&runner);
            CHECK(gpu_memory_in_use(gpu) == 0);
        }
        device_test_close(&gpu);
    }
    free(in);
    model_close(&first);
    model_close(&second);
}

// Six blocks whose weights come through two slots, against the same graph with room for all.
static void streamed_weights_give_the_bits_of_resident_ones(void)
{
    const char *const masks[] = {NULL, "-unified"};
    Model model = {0};
    float want[ROWS * CHANNELS] = {0}, got[ROWS * CHANNELS] = {0};
    float *in = random_input(ROWS * CHANNELS, 5);
    ProgramInfo resident = {0};
    build_blocks(&model, 6);
    for (int i = 0; i < 3; i++) { // everything resident, then streamed mapped and staged
        Gpu *gpu = device_test_open(&(GpuOptions){
            .cache_dir = device_test_folder,
            .caps_mask = i ? masks[i - 1] : NULL,
            .memory_budget = i ? resident.peak_bytes - resident.weight_bytes / 3 : 0});
        Runner *runner = NULL;
        if (gpu && in && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
            ProgramInfo forecast = {0};
            CHECK(runner->ops->forecast(runner, model.graph, &forecast, NULL) == RSH_OK);
            Program *program = prepared(runner, model.graph);
            if (program) {
                const ProgramInfo info = runner->ops->info(program);
                CHECK(memcmp(&info, &forecast, sizeof(info)) == 0);
                CHECK(gpu_memory_in_use(gpu) == info.peak_bytes);
                CHECK((program_commands(program, 1) != NULL) == (i > 0));
                if (i == 0)
                    resident = info;
                else
                    CHECK(info.weight_bytes < resident.weight_bytes / 2);
                for (int run = 0; run < 2; run++) {
                    run_once(runner, program, model.graph, in, i ? got : want);
                    CHECK(i == 0 || memcmp(got, want, sizeof(got)) == 0);
                }
                runner->ops->release(&program);
            }
            runner->ops->destroy(&runner);
            CHECK(gpu_memory_in_use(gpu) == 0);
        }
        device_test_close(&gpu);
    }
    CHECK(want[0] != 0.0f);
    free(in);
    model_close(&model);
}

static RshStatus fail_to_read(Model *model, Gpu *gpu, RshError *error)
{
    Runner *runner = NULL;
    Program *program = NULL;
    RshStatus status = runner_create_gpu(gpu, &runner, error);
    if (status != RSH_OK)
        return status;
    status = runner->ops->prepare(runner, model->graph, NULL, &program, error);
    CHECK(program == NULL);
    runner->ops->destroy(&runner);
    return status;
}

static void a_graph_that_failed_to_build_is_not_prepared(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){.cache_dir = device_test_folder});
    Model model = {0};
    RshError error = {0};
    model_open(&model, "broken");
    Tensor *x = graph_input(model.graph, "x", (Shape){1, 1, 4, 8}, TENSOR_F32);
    graph_output(model.graph,
                 op_linear(model.graph, x, matrix(&model, "w", 4, 9), NULL, &(LinearParams){0}),
                 "y");
    if (gpu)
        CHECK(fail_to_read(&model, gpu, &error) != RSH_OK && error.text[0]);
    if (gpu)
        CHECK(gpu_memory_in_use(gpu) == 0);
    model_close(&model);
    device_test_close(&gpu);
}

int main(void)
{
    int result = 0;
    if (device_test_skip(&result))
        return result;
    device_test_folder_make(); // one calibration serves all
    TAP_RUN(a_replayed_graph_agrees_with_the_reference_under_every_mask);
    TAP_RUN(memory_in_use_is_what_was_forecast);
    TAP_RUN(states_are_shared_by_programs_and_start_as_zeros);
    TAP_RUN(a_state_of_another_shape_is_refused_until_it_is_forgotten);
    TAP_RUN(a_graph_beyond_the_budget_is_refused_before_it_allocates);
    TAP_RUN(kept_weights_make_room_for_another_component);
    TAP_RUN(streamed_weights_give_the_bits_of_resident_ones);
    TAP_RUN(a_graph_that_failed_to_build_is_not_prepared);
    device_test_folder_remove();
    return tap_done();
}

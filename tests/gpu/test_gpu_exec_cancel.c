// SPDX-License-Identifier: GPL-3.0-or-later
// Cancelling on the device: while a program is prepared, before it runs and in the midst of it.
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "exec_model.h"

static void a_cancelled_program_runs_again(void)
{
    Gpu *gpu = device_test_open(&(GpuOptions){.cache_dir = device_test_folder});
    Runner *runner = NULL;
    Model model = {0};
    float out[ROWS * CHANNELS] = {0};
    float *in = random_input(ROWS * CHANNELS, 5);
    build_blocks(&model, 2);
    if (gpu && in && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
        Program *program = prepared(runner, model.graph);
        atomic_bool cancel;
        atomic_init(&cancel, true);
        if (program) {
            CHECK(runner->ops->run(program, &cancel, NULL) == RSH_CANCELLED);
            run_once(runner, program, model.graph, in, out);
            CHECK(out[0] != 0.0f);
            runner->ops->release(&program);
        }
        runner->ops->destroy(&runner);
    }
    free(in);
    model_close(&model);
    device_test_close(&gpu);
}

typedef struct Canceller {
    atomic_bool cancel;
    double when; // processor seconds of the process
} Canceller;

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *cancel_soon(void *data)
{
    Canceller *self = data;
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    self->when = processor_seconds();
    atomic_store(&self->cancel, true);
    return NULL;
}

// Several seconds of work in few, long dispatches, on a list that has never run. What the driver still works after
// the cancel is counted in processor time, which other programs do not lengthen.
static void a_cancel_leaves_less_than_a_second_of_work_for_every_core(void)
{
    enum { LONG = 4096, WIDE = 1024 };
    Gpu *gpu = device_test_open(&(GpuOptions){.cache_dir = device_test_folder});
    Runner *runner = NULL;
    Model model = {0};
    Canceller canceller = {0};
    pthread_t thread;
    model_open(&model, "long");
    Tensor *x = graph_input(model.graph, "x", (Shape){1, 1, LONG, WIDE}, TENSOR_F32);
    for (int i = 0; i < 40; i++)
        x = op_linear(model.graph, x, matrix(&model, "w", WIDE, WIDE), NULL, &(LinearParams){0});
    graph_output(model.graph, x, "y");
    atomic_init(&canceller.cancel, false);
    if (gpu && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
        Program *program = prepared(runner, model.graph);
        if (program && pthread_create(&thread, NULL, cancel_soon, &canceller) == 0) {
            const RshStatus status = runner->ops->run(program, &canceller.cancel, NULL);
            const double after = processor_seconds();
            pthread_join(thread, NULL);
            const double late = (after - canceller.when) / (double)sysconf(_SC_NPROCESSORS_ONLN);
            printf("# %.3f s of every core after the cancel\n", late);
            // A fast GPU may be done before.
            CHECK(status == RSH_CANCELLED || !gpu_caps(gpu)->software);
            CHECK(late < 1.0);
        }
        if (program)
            runner->ops->release(&program);
        runner->ops->destroy(&runner);
    }
    model_close(&model);
    device_test_close(&gpu);
}

// Cancels when the device logs a line with these words: what preparing has come to by then is known.
typedef struct CancelAt {
    const char *words;
    atomic_bool cancel;
    unsigned compiled; // lines that tell of compiled kernels
} CancelAt;

static void cancel_at(void *data, RshLogLevel level, const char *line)
{
    CancelAt *at = data;
    (void)level;
    if (at->words && strstr(line, at->words))
        atomic_store(&at->cancel, true);
    at->compiled += strstr(line, "kernels compiled") != NULL;
}

static void a_cancel_ends_preparing_before_the_next_kernel_or_weight(void)
{
    // NULL: before it begins; before the first kernel; before the first weight is packed
    static const char *const words[] = {NULL, "kernels to compile", "kernels compiled"};
    static const unsigned compiled[] = {0, 1, 2};
    float *in = random_input(ROWS * CHANNELS, 5), out[ROWS * CHANNELS];
    CancelAt at = {0};
    Gpu *gpu = NULL;
    Runner *runner = NULL;
    Model model = {0};
    build_blocks(&model, 2);
    CHECK(gpu_open(&(GpuOptions){.log = cancel_at, .log_data = &at}, &gpu, NULL) == RSH_OK);
    if (gpu && in && runner_create_gpu(gpu, &runner, NULL) == RSH_OK) {
        const uint64_t before = gpu_memory_in_use(gpu);
        for (int i = 0; i < 3; i++) {
            Program *program = NULL;
            RshError error = {0};
            at.words = words[i];
            atomic_store(&at.cancel, i == 0);
            CHECK(runner->ops->prepare(runner, model.graph, &at.cancel, &program, &error) ==
                  RSH_CANCELLED);
            CHECK(!program && error.status == RSH_CANCELLED);
            CHECK(gpu_memory_in_use(gpu) == before && at.compiled == compiled[i]);
        }
        at.words = NULL;
        atomic_store(&at.cancel, false);
        Program *program = prepared(runner, model.graph);
        CHECK(at.compiled == 2); // what was compiled has stayed
        if (program) {
            CHECK(run_once(runner, program, model.graph, in, out));
            runner->ops->release(&program);
        }
        runner->ops->destroy(&runner);
    }
    free(in);
    model_close(&model);
    gpu_close(&gpu);
}

int main(void)
{
    int result = 0;
    if (device_test_skip(&result))
        return result;
    device_test_folder_make(); // one calibration serves all
    TAP_RUN(a_cancelled_program_runs_again);
    TAP_RUN(a_cancel_leaves_less_than_a_second_of_work_for_every_core);
    TAP_RUN(a_cancel_ends_preparing_before_the_next_kernel_or_weight);
    device_test_folder_remove();
    return tap_done();
}

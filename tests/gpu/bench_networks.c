// SPDX-License-Identifier: GPL-3.0-or-later
// Where the time of the bundled model's networks goes: one table of operations for each.
//   bench_networks [MODEL_FOLDER [NETWORK]]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "formats/model_json.h"
#include "graph/exec.h"
#include "models/bigvgan.h"
#include "models/mmaudio_vae.h"
#include "models/wan.h"
#include "models/wan_vae.h"

typedef struct Network {
    const char *name, *component;
    bool (*build)(Graph *graph, WeightSet *weights, const cJSON *config, RshError *error);
} Network;

// The transformer's file holds both towers.
static const ModelFile *towers_file;
static WeightSet *towers[2];

// Sizes are those of the default clip: 256 x 160, 25 frames, 2.08 s of sound.
static bool build_vae(Graph *graph, WeightSet *weights, const cJSON *config, RshError *error)
{
    static WanVaeConfig vae;
    if (wan_vae_config_read(config, weights, &vae, error) != RSH_OK)
        return false;
    Shape shape = {1, 160 / vae.space, 256 / vae.space, vae.latent_channels};
    Tensor *latents = graph_input(graph, "latents", shape, TENSOR_F32);
    graph_output(graph, wan_vae_build_decode(graph, weights, &vae, latents, false, false), "out");
    return true;
}

static bool build_audio_vae(Graph *graph, WeightSet *weights, const cJSON *config, RshError *error)
{
    static MmaudioConfig audio;
    if (mmaudio_config_read(config, weights, &audio, error) != RSH_OK)
        return false;
    Tensor *latents =
        graph_input(graph, "latents", (Shape){1, 1, 65, audio.latent_channels}, TENSOR_F32);
    graph_output(graph, mmaudio_build_decode(graph, weights, &audio, latents, false), "out");
    return true;
}

static bool build_vocoder(Graph *graph, WeightSet *weights, const cJSON *config, RshError *error)
{
    static BigvganConfig vocoder;
    if (bigvgan_config_read(config, weights, &vocoder, error) != RSH_OK)
        return false;
    Tensor *mel = graph_input(graph, "mel", (Shape){1, 1, 130, vocoder.mels}, TENSOR_F32);
    graph_output(graph, bigvgan_build(graph, weights, &vocoder, mel, false), "out");
    return true;
}

// One tower's tokens and times.
static Tensor *add_tower(Graph *graph, WanTower *tower, const char *name, Shape latents)
{
    char times[32];
    Tensor *x = wan_build_patches(graph, tower, graph_input(graph, name, latents, TENSOR_F32));
    snprintf(times, sizeof(times), "%s times", name);
    wan_build_time(graph, tower, graph_input(graph, times, (Shape){1, 1, 1, 2}, TENSOR_I32));
    return x;
}

// A step of both towers, the two passes of guidance side by side.
static bool build_transformer(Graph *graph, WeightSet *weights, const cJSON *config,
                              RshError *error)
{
    static WanConfig video_config, audio_config;
    const cJSON *video_json = cJSON_GetObjectItemCaseSensitive(config, "video_model");
    const cJSON *audio_json = cJSON_GetObjectItemCaseSensitive(config, "audio_model");
    if (weight_set_open(towers_file, "video_model.", &towers[0], error) != RSH_OK ||
        weight_set_open(towers_file, "audio_model.", &towers[1], error) != RSH_OK ||
        wan_config_read(video_json, towers[0], &video_config, error) != RSH_OK ||
        wan_config_read(audio_json, towers[1], &audio_config, error) != RSH_OK)
        return false;
    WanTower video = {.config = &video_config,
                      .weights = towers[0],
                      .name = "video",
                      .passes = 2,
                      .text_passes = 2};
    WanTower audio = {.config = &audio_config,
                      .weights = towers[1],
                      .name = "audio",
                      .passes = 2,
                      .text_passes = 2};
    Tensor *v = add_tower(graph, &video, "latents", (Shape){7, 10, 16, video_config.in_channels});
    Tensor *a = add_tower(graph, &audio, "sound", (Shape){1, 1, 65, audio_config.in_channels});
    ovi_build_blocks(graph, &video, &audio, -1, &v, &a);
    graph_output(graph, wan_build_head(graph, &video, v), "velocity");
    graph_output(graph, wan_build_head(graph, &audio, a), "sound velocity");
    return true;
}

static const Network networks[] = {
    {"transformer", "transformer", build_transformer},
    {"vae", "vae", build_vae},
    {"audio_vae", "audio_vae", build_audio_vae},
    {"vocoder", "vocoder", build_vocoder},
};

typedef struct Row {
    char label[64];
    double ns;
    unsigned count;
} Row;

static int slowest_first(const void *a, const void *b)
{
    double x = ((const Row *)a)->ns, y = ((const Row *)b)->ns;
    return (x < y) - (x > y);
}

static void print_table(GpuCommands *commands)
{
    static const char *labels[8192];
    static double ns[8192];
    static Row rows[8192];
    size_t count = gpu_commands_times(commands, labels, ns, 8192), kinds = 0;
    double total = 0.0;
    for (size_t i = 0; i < count && i < 8192; i++) {
        size_t k = 0;
        while (k < kinds && strcmp(rows[k].label, labels[i]) != 0)
            k++;
        if (k == kinds) {
            rows[kinds] = (Row){.ns = 0.0};
            snprintf(rows[kinds++].label, sizeof(rows[0].label), "%s", labels[i]);
        }
        rows[k].ns += ns[i];
        rows[k].count++;
        total += ns[i];
    }
    qsort(rows, kinds, sizeof(rows[0]), slowest_first);
    for (size_t k = 0; k < kinds && k < 24; k++)
        printf("  %-40s %4u x %9.1f us = %8.2f ms  %4.1f %%\n", rows[k].label, rows[k].count,
               rows[k].ns / rows[k].count * 1e-3, rows[k].ns * 1e-6, 100.0 * rows[k].ns / total);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool run_network(Runner *runner, const ModelJson *model, const Network *network,
                        RshError *error)
{
    ModelFile *file = NULL;
    WeightSet *weights = NULL;
    Graph *graph = NULL;
    Program *program = NULL;
    const char *path = model_json_path(model, network->component);
    bool ok = path && model_file_open(path, &file, error) == RSH_OK && (towers_file = file) &&
              weight_set_open(file, "", &weights, error) == RSH_OK &&
              graph_create(network->name, &graph, error) == RSH_OK &&
              network->build(graph, weights, model_json_config(model, network->component), error) &&
              runner->ops->prepare(runner, graph, NULL, &program, error) == RSH_OK;
    double wall = 1e9, work = 1e9;
    for (int i = 0; ok && i < 6; i++) {
        double start = seconds(CLOCK_MONOTONIC), start_work = seconds(CLOCK_PROCESS_CPUTIME_ID);
        ok = program->ops->run(program, NULL, error) == RSH_OK;
        double took = seconds(CLOCK_MONOTONIC) - start;
        double worked = seconds(CLOCK_PROCESS_CPUTIME_ID) - start_work;
        wall = took < wall ? took : wall;
        work = worked < work ? worked : work;
    }
    if (ok) {
        ProgramInfo info = program->ops->info(program);
        printf("%s: %.1f ms, processor %.1f ms, %.2f GFLOP, %zu operations, %.1f MiB\n",
               network->name, wall * 1e3, work * 1e3, (double)info.flops * 1e-9,
               graph_node_count(graph), (double)info.peak_bytes / 1048576.0);
        for (size_t part = 0; program_commands(program, part); part++)
            gpu_commands_profile(program_commands(program, part), true);
        ok = program->ops->run(program, NULL, error) == RSH_OK &&
             program->ops->run(program, NULL, error) == RSH_OK;
        for (size_t part = 0; program_commands(program, part); part++)
            print_table(program_commands(program, part));
    }
    if (program)
        program->ops->release(&program);
    graph_destroy(&graph);
    runner->ops->drop_weights(runner, weights);
    weight_set_close(&weights);
    for (int i = 0; i < 2; i++) {
        if (towers[i])
            runner->ops->drop_weights(runner, towers[i]);
        weight_set_close(&towers[i]);
    }
    model_file_close(&file);
    return ok;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "models/mini";
    ModelJson *model = NULL;
    Gpu *gpu = NULL;
    Runner *runner = NULL;
    RshError error = {0};
    bool ok = model_json_open(folder, &model, &error) == RSH_OK &&
              gpu_open(&(GpuOptions){0}, &gpu, &error) == RSH_OK &&
              runner_create_gpu(gpu, &runner, &error) == RSH_OK;
    for (size_t i = 0; ok && i < sizeof(networks) / sizeof(networks[0]); i++) {
        if (argc < 3 || strcmp(argv[2], networks[i].name) == 0)
            ok = run_network(runner, model, &networks[i], &error);
    }
    if (!ok)
        fprintf(stderr, "bench_networks: %s\n", error.text);
    if (runner)
        runner->ops->destroy(&runner);
    gpu_close(&gpu);
    model_json_close(&model);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

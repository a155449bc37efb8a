// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of the audio VAE, the vocoder and the mel front-end.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "models/bigvgan.h"
#include "models/derived.h"
#include "models/mel.h"
#include "models/mmaudio_vae.h"
#include "run/golden.h"

// Runs a graph of one input and compares every tap the case lists.
static RshStatus run_taps(GoldenCase *golden, Graph *graph, const float *in,
                          const char *const *names, size_t count)
{
    Program *program = NULL;
    RshStatus status;
    if ((status = golden_prepare(golden, graph, &program)) == RSH_OK &&
        (status = golden_write(golden, graph, program, "in", in)) == RSH_OK)
        status = golden_execute(golden, program);
    for (size_t i = 0; i < count && status == RSH_OK; i++) {
        if (golden_has(golden, "out.%s", names[i]))
            status = golden_compare_tensor(golden, graph, program, names[i], names[i],
                                           GOLDEN_CHANNELS_FIRST);
    }
    if (program)
        program->ops->release(&program);
    return status;
}

// The weights as the network multiplies with them.
static RshStatus compare_normalised(GoldenCase *golden, WeightSet *weights)
{
    const Weight *weight = weight_set_find(weights, "decoder.conv_in.weight normalised");
    if (!weight || !golden_has(golden, "out.norm_weight.decoder.conv_in"))
        return RSH_OK;
    Shape shape = {0};
    float *expected = golden_output(golden, "norm_weight.decoder.conv_in", GOLDEN_ROWS, &shape);
    float *values = calloc(weight_count(weight), sizeof(float));
    RshStatus status = values && expected
                           ? weight_read(weight, 0, weight_count(weight), values, &golden->error)
                           : golden->error.status;
    if (status == RSH_OK)
        status = golden_compare(golden, "norm_weight.decoder.conv_in", GOLDEN_ROWS, values,
                                weight_count(weight));
    free(expected);
    free(values);
    return status;
}

// The reference lists mean and log-variance apart; the latter is clamped.
static RshStatus compare_posterior(GoldenCase *golden, const Graph *graph, Program *program,
                                   uint32_t channels)
{
    const Tensor *tensor = graph_find(graph, "posterior");
    uint64_t rows = shape_rows(tensor->shape);
    float *all = calloc(rows * 2 * channels, sizeof(float)),
          *mean = calloc(rows * 2 * channels, sizeof(float));
    RshStatus status = RSH_ERROR_MEMORY;
    if (all && mean &&
        (status = program->ops->read(program, tensor, all, &golden->error)) == RSH_OK) {
        float *variance = mean + rows * channels;
        for (uint64_t r = 0; r < rows; r++) {
            for (uint32_t i = 0; i < channels; i++) {
                float v = all[r * 2 * channels + channels + i];
                mean[r * channels + i] = all[r * 2 * channels + i];
                variance[r * channels + i] = v < -30 ? -30 : v > 20 ? 20 : v;
            }
        }
        status = golden_compare(golden, "mean", GOLDEN_CHANNELS_FIRST, mean, rows * channels);
        if (status == RSH_OK)
            status =
                golden_compare(golden, "logvar", GOLDEN_CHANNELS_FIRST, variance, rows * channels);
    }
    free(all);
    free(mean);
    return status;
}

static RshStatus run_encoder(GoldenCase *golden, Graph *graph, WeightSet *weights,
                             const MmaudioConfig *config, Tensor *x, const float *in)
{
    static const char *const names[] = {"conv_in", "down0", "mid2"};
    Program *program = NULL;
    graph_output(graph, mmaudio_build_encode(graph, weights, config, x, true), "posterior");
    RshStatus status = golden_prepare(golden, graph, &program);
    if (status == RSH_OK && (status = golden_write(golden, graph, program, "in", in)) == RSH_OK &&
        (status = golden_execute(golden, program)) == RSH_OK)
        status = compare_posterior(golden, graph, program, config->latent_channels);
    for (size_t i = 0; i < 3 && status == RSH_OK; i++)
        status = golden_compare_tensor(golden, graph, program, names[i], names[i],
                                       GOLDEN_CHANNELS_FIRST);
    if (program)
        program->ops->release(&program);
    return status;
}

RshStatus verify_audio_vae(GoldenCase *golden)
{
    static const char *const names[] = {"mel",  "conv_in",  "mid1",         "attn",
                                        "mid2", "up2_last", "up1_upsample", "up0_last"};
    bool encode = golden_has(golden, "in.mel");
    WeightSet *weights = NULL;
    Graph *graph = NULL;
    MmaudioConfig config;
    Shape shape = {0};
    float *in = golden_input(golden, encode ? "mel" : "latent", GOLDEN_CHANNELS_FIRST, &shape);
    RshStatus status =
        in ? weight_set_open(golden->weights, "", &weights, &golden->error) : golden->error.status;
    if (status == RSH_OK &&
        (status = mmaudio_config_read(golden->config, weights, &config, &golden->error)) ==
            RSH_OK &&
        (status = graph_create("audio_vae", &graph, &golden->error)) == RSH_OK) {
        Tensor *x = graph_input(graph, "in", shape, TENSOR_F32);
        if (encode) {
            status = run_encoder(golden, graph, weights, &config, x, in);
        } else {
            graph_output(graph, mmaudio_build_decode(graph, weights, &config, x, true), "mel");
            status = run_taps(golden, graph, in, names, sizeof(names) / sizeof(names[0]));
            if (status == RSH_OK)
                status = compare_normalised(golden, weights);
        }
        golden->runner->ops->drop_weights(golden->runner, weights);
    }
    graph_destroy(&graph);
    weight_set_close(&weights);
    free(in);
    return status;
}

RshStatus verify_vocoder(GoldenCase *golden)
{
    static const char *const names[] = {"conv_pre",  "up0", "act0",
                                        "resblock0", "up1", "activation_post"};
    WeightSet *weights = NULL;
    Graph *graph = NULL;
    BigvganConfig config;
    Shape shape = {0};
    float *in = golden_input(golden, "mel", GOLDEN_CHANNELS_FIRST, &shape);
    RshStatus status =
        in ? weight_set_open(golden->weights, "", &weights, &golden->error) : golden->error.status;
    if (status == RSH_OK &&
        (status = bigvgan_config_read(golden->config, weights, &config, &golden->error)) ==
            RSH_OK &&
        (status = graph_create("vocoder", &graph, &golden->error)) == RSH_OK) {
        Tensor *wave = bigvgan_build(graph, weights, &config,
                                     graph_input(graph, "in", shape, TENSOR_F32), true);
        Program *program = NULL;
        graph_output(graph, wave, "wave");
        status = run_taps(golden, graph, in, names, sizeof(names) / sizeof(names[0]));
        if (status == RSH_OK && (status = golden_prepare(golden, graph, &program)) == RSH_OK &&
            (status = golden_write(golden, graph, program, "in", in)) == RSH_OK &&
            (status = golden_execute(golden, program)) == RSH_OK)
            status = golden_compare_tensor(golden, graph, program, "wave", "wave", GOLDEN_ROWS);
        if (program)
            program->ops->release(&program);
        golden->runner->ops->drop_weights(golden->runner, weights);
    }
    graph_destroy(&graph);
    weight_set_close(&weights);
    free(in);
    return status;
}

RshStatus verify_mel(GoldenCase *golden)
{
    Shape shape = {0};
    float *wave = golden_input(golden, "wave", GOLDEN_ROWS, &shape);
    uint64_t frames = mel_frames(shape.channels);
    float *bank = calloc(MEL_BANDS * MEL_BINS, sizeof(float)),
          *window = calloc(MEL_WINDOW, sizeof(float));
    float *mel = calloc(frames + 1, MEL_BANDS * sizeof(float));
    RshStatus status = wave ? RSH_OK : golden->error.status;
    if (!bank || !window || !mel)
        status = error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for the mel frames.");
    if (status == RSH_OK &&
        (status = mel_compute(wave, shape.channels, mel, &golden->error)) == RSH_OK)
        status = golden_compare(golden, "mel", GOLDEN_CHANNELS_FIRST, mel, frames * MEL_BANDS);
    if (status == RSH_OK) {
        mel_filter_bank(bank);
        mel_window(window);
        status = golden_compare(golden, "mel_basis", GOLDEN_ROWS, bank, MEL_BANDS * MEL_BINS);
    }
    if (status == RSH_OK)
        status = golden_compare(golden, "window", GOLDEN_ROWS, window, MEL_WINDOW);
    free(wave);
    free(bank);
    free(window);
    free(mel);
    return status;
}

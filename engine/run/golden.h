// SPDX-License-Identifier: GPL-3.0-or-later
// golden.h - one golden case while it is being run. Only verify*.c include this.
#pragma once
#include <cjson/cJSON.h>

#include "formats/model_file.h"
#include "run/verify.h"

typedef struct GoldenCase {
    const char *folder;
    cJSON *json;
    const cJSON *config;
    ModelFile *io, *weights; // weights: NULL when the case has none
    Runner *runner;
    VerifyReport report;
    void *report_data;
    VerifyResult *result;
    RshError error; // the first failure
} GoldenCase;

// Every function of this kind runs cases of some components; failures go into `error`.
typedef RshStatus (*GoldenRun)(GoldenCase *golden);
RshStatus verify_wan(GoldenCase *golden);
RshStatus verify_ovi(GoldenCase *golden);
RshStatus verify_vae(GoldenCase *golden);
RshStatus verify_umt5(GoldenCase *golden);
RshStatus verify_clip(GoldenCase *golden);
RshStatus verify_audio_vae(GoldenCase *golden);
RshStatus verify_vocoder(GoldenCase *golden);
RshStatus verify_mel(GoldenCase *golden);
RshStatus verify_sampler(GoldenCase *golden);
RshStatus verify_guidance(GoldenCase *golden);
RshStatus verify_pipeline(GoldenCase *golden);
RshStatus verify_tensor_types(GoldenCase *golden);
RshStatus verify_malformed(GoldenCase *golden);
RshStatus verify_tokenizer(GoldenCase *golden);
RshStatus verify_text_clean(GoldenCase *golden);

// How a stored tensor lies: CHANNELS_FIRST [C, ...], ROWS [..., C]. The networks want channels last.
typedef enum GoldenLayout { GOLDEN_ROWS, GOLDEN_CHANNELS_FIRST } GoldenLayout;

// Tensor "in.<name>" as f32 with channels last, malloc'd; NULL (with the error set) when it is missing.
// `shape` gets frames, height, width (1 where there are fewer dimensions) and channels; may be NULL.
float *golden_input(GoldenCase *golden, const char *name, GoldenLayout layout, Shape *shape);
bool golden_has(const GoldenCase *golden, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// Expected tensor "out.<name>" with channels last.
float *golden_output(GoldenCase *golden, const char *name, GoldenLayout layout, Shape *shape);

// Compares `count` numbers with "out.<name>" (channels last); more than expected are ignored.
RshStatus golden_compare(GoldenCase *golden, const char *name, GoldenLayout layout,
                         const float *got, uint64_t count);
// The same for the graph tensor called `tensor`, after a run.
RshStatus golden_compare_tensor(GoldenCase *golden, const Graph *graph, Program *program,
                                const char *tensor, const char *name, GoldenLayout layout);
// A result without numbers.
void golden_report_exact(GoldenCase *golden, const char *name, bool equal);

// Ends the description, prepares it and fills *program; the graph's own failure is reported first.
RshStatus golden_prepare(GoldenCase *golden, const Graph *graph, Program **program);
RshStatus golden_write(GoldenCase *golden, const Graph *graph, Program *program, const char *input,
                       const void *data);
RshStatus golden_execute(GoldenCase *golden, Program *program);

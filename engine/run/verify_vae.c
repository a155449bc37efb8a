// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of the video VAE, run as a clip is: the first frame alone, then one chunk after another.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "models/wan_vae.h"
#include "run/golden.h"

// One graph of a clip: for its first chunk or for the others.
typedef struct Chunk {
    Graph *graph;
    Program *program;
    Tensor *out;
} Chunk;

typedef struct Codec {
    GoldenCase *golden;
    WeightSet *weights;
    WanVaeConfig config;
    bool encode;
    Chunk first, later;
} Codec;

static RshStatus build(Codec *codec, Chunk *chunk, Shape in, bool first)
{
    GoldenCase *golden = codec->golden;
    RshStatus status =
        graph_create(codec->encode ? "encode" : "decode", &chunk->graph, &golden->error);
    if (status != RSH_OK)
        return status;
    Tensor *x = graph_input(chunk->graph, "in", in, TENSOR_F32);
    chunk->out =
        codec->encode
            ? wan_vae_build_encode(chunk->graph, codec->weights, &codec->config, x, first, true)
            : wan_vae_build_decode(chunk->graph, codec->weights, &codec->config, x, first, true);
    graph_output(chunk->graph, chunk->out, "out");
    return golden_prepare(golden, chunk->graph, &chunk->program);
}

static void discard(Chunk *chunk)
{
    if (chunk->program)
        chunk->program->ops->release(&chunk->program);
    graph_destroy(&chunk->graph);
}

// Every activation that the case lists for this chunk.
static RshStatus compare_chunk(GoldenCase *golden, const Chunk *chunk, uint32_t index)
{
    RshStatus status = RSH_OK;
    for (size_t i = 0; i < graph_tensor_count(chunk->graph) && status == RSH_OK; i++) {
        const Tensor *tensor = graph_tensor(chunk->graph, i);
        char name[80];
        snprintf(name, sizeof(name), "chunk%u.%s", index, tensor->name);
        if (tensor->is_output && golden_has(golden, "out.%s", name))
            status = golden_compare_tensor(golden, chunk->graph, chunk->program, tensor->name, name,
                                           GOLDEN_CHANNELS_FIRST);
    }
    return status;
}

// conv2 works on single positions: its output for the whole latent is that of the chunks, one after another.
static RshStatus collect(const Chunk *chunk, const char *name, float *all, uint64_t *used,
                         RshError *error)
{
    const Tensor *tensor = graph_find(chunk->graph, name);
    if (!tensor)
        return RSH_OK;
    RshStatus status = chunk->program->ops->read(chunk->program, tensor, all + *used, error);
    *used += shape_rows(tensor->shape) * tensor->shape.channels;
    return status;
}

static RshStatus run_chunks(Codec *codec, const float *in, Shape shape)
{
    GoldenCase *golden = codec->golden;
    const WanVaeConfig *c = &codec->config;
    uint32_t per_chunk = codec->encode ? c->time : 1;
    uint32_t chunks = 1 + (shape.frames - 1) / per_chunk;
    uint64_t frame = (uint64_t)shape.height * shape.width * shape.channels;
    // Enough for pixels on either side, and for the widest latent.
    uint64_t capacity =
        shape_rows(shape) * shape.channels * (uint64_t)c->space * c->space * c->time +
        (uint64_t)chunks * c->latent_channels * shape.height * shape.width;
    uint64_t used = 0, latent_used = 0;
    float *out = calloc(capacity, sizeof(float)), *latent = calloc(capacity, sizeof(float));
    RshStatus status = RSH_OK;
    if (!out || !latent)
        status = error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for the clip.");
    for (uint32_t i = 0; i < chunks && status == RSH_OK; i++) {
        Chunk *chunk = i == 0 ? &codec->first : &codec->later;
        Shape part = shape;
        part.frames = i == 0 ? 1 : per_chunk;
        if (!chunk->program && (status = build(codec, chunk, part, i == 0)) != RSH_OK)
            break;
        const float *from = in + (i == 0 ? 0 : 1 + (uint64_t)(i - 1) * per_chunk) * frame;
        if ((status = golden_write(golden, chunk->graph, chunk->program, "in", from)) != RSH_OK ||
            (status = golden_execute(golden, chunk->program)) != RSH_OK ||
            (status = collect(chunk, "out", out, &used, &golden->error)) != RSH_OK ||
            (status = collect(chunk, "conv2", latent, &latent_used, &golden->error)) != RSH_OK)
            break;
        status = compare_chunk(golden, chunk, i);
    }
    if (status == RSH_OK)
        status = golden_compare(golden, codec->encode ? "latent" : "video", GOLDEN_CHANNELS_FIRST,
                                out, used);
    if (status == RSH_OK && golden_has(golden, "out.conv2"))
        status = golden_compare(golden, "conv2", GOLDEN_CHANNELS_FIRST, latent, latent_used);
    free(out);
    free(latent);
    return status;
}

RshStatus verify_vae(GoldenCase *golden)
{
    Codec codec = {.golden = golden, .encode = golden_has(golden, "in.video")};
    Shape shape = {0};
    float *in =
        golden_input(golden, codec.encode ? "video" : "latent", GOLDEN_CHANNELS_FIRST, &shape);
    RshStatus status = in ? weight_set_open(golden->weights, "", &codec.weights, &golden->error)
                          : golden->error.status;
    if (status == RSH_OK)
        status = wan_vae_config_read(golden->config, codec.weights, &codec.config, &golden->error);
    if (status == RSH_OK) {
        status = run_chunks(&codec, in, shape);
        discard(&codec.first);
        discard(&codec.later);
        golden->runner->ops->drop_weights(golden->runner, codec.weights);
    }
    weight_set_close(&codec.weights);
    free(in);
    return status;
}

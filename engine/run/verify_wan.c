// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of the transformers: one forward pass, with the activations on the way.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"
#include "models/wan.h"
#include "run/golden.h"

enum { MAX_TIMES = 8 };

// The distinct timesteps of a case and which of them each token uses.
typedef struct TimeRows {
    float values[MAX_TIMES];
    uint32_t count;
    int32_t *index; // one a token
    uint32_t last;  // row of the last token the case lists
} TimeRows;

// `tokens` of them; one timestep stands for all.
static RshStatus read_times(GoldenCase *golden, uint32_t tokens, TimeRows *out)
{
    Shape shape;
    float *t = golden_input(golden, "t", GOLDEN_ROWS, &shape);
    memset(out, 0, sizeof(*out));
    out->index = calloc(tokens, sizeof(int32_t));
    if (!t || !out->index) {
        free(t);
        return error_set(&golden->error, RSH_ERROR_FORMAT, "The case has no timesteps.");
    }
    for (uint32_t i = 0; i < shape.channels || i < tokens; i++) {
        float value = t[shape.channels == 1 ? 0 : i < shape.channels ? i : shape.channels - 1];
        uint32_t row = 0;
        while (row < out->count && out->values[row] != value)
            row++;
        if (row == out->count && row < MAX_TIMES)
            out->values[out->count++] = value;
        if (i < tokens)
            out->index[i] = (int32_t)row;
        if (i < shape.channels)
            out->last = row;
    }
    free(t);
    return out->count < MAX_TIMES
               ? RSH_OK
               : error_set(&golden->error, RSH_ERROR_FORMAT, "The case has too many timesteps.");
}

// Context rows padded with zeros to text_len, malloc'd.
static float *padded_context(GoldenCase *golden, const WanConfig *config, const char *name)
{
    Shape shape;
    float *rows = golden_input(golden, name, GOLDEN_ROWS, &shape);
    float *all = calloc((size_t)config->text_len * config->text_dim, sizeof(float));
    if (rows && all && shape.width <= config->text_len && shape.channels == config->text_dim) {
        memcpy(all, rows, (size_t)shape.width * shape.channels * sizeof(float));
    } else {
        error_set(&golden->error, RSH_ERROR_FORMAT, "'%s' does not fit the transformer.", name);
        free(all);
        all = NULL;
    }
    free(rows);
    return all;
}

// Keys and values of the text, left in the runner's states.
static RshStatus run_text(GoldenCase *golden, const WanTower *tower, const char *context_name,
                          bool compare)
{
    Graph *graph = NULL;
    Program *program = NULL;
    float *context = padded_context(golden, tower->config, context_name);
    RshStatus status =
        context ? graph_create("text", &graph, &golden->error) : golden->error.status;
    if (status != RSH_OK)
        goto done;
    wan_build_text(graph, tower,
                   graph_input(graph, "context",
                               (Shape){1, 1, tower->config->text_len, tower->config->text_dim},
                               TENSOR_F32));
    if ((status = golden_prepare(golden, graph, &program)) != RSH_OK ||
        (status = golden_write(golden, graph, program, "context", context)) != RSH_OK ||
        (status = golden_execute(golden, program)) != RSH_OK)
        goto done;
    if (compare && golden_has(golden, "out.text_embedding"))
        status = golden_compare_tensor(golden, graph, program, "video.text_embedding",
                                       "text_embedding", GOLDEN_ROWS);
done:
    if (program)
        program->ops->release(&program);
    graph_destroy(&graph);
    free(context);
    return status;
}

static RshStatus run_image(GoldenCase *golden, WanTower *tower)
{
    Graph *graph = NULL;
    Program *program = NULL;
    Shape shape = {0};
    float *clip = golden_input(golden, "clip_fea", GOLDEN_ROWS, &shape);
    RshStatus status = clip ? graph_create("image", &graph, &golden->error) : golden->error.status;
    if (status != RSH_OK)
        goto done;
    wan_build_image(graph, tower, graph_input(graph, "clip", shape, TENSOR_F32));
    if ((status = golden_prepare(golden, graph, &program)) != RSH_OK ||
        (status = golden_write(golden, graph, program, "clip", clip)) != RSH_OK ||
        (status = golden_execute(golden, program)) != RSH_OK)
        goto done;
    status = golden_compare_tensor(golden, graph, program, "video.img_emb", "img_emb", GOLDEN_ROWS);
done:
    if (program)
        program->ops->release(&program);
    graph_destroy(&graph);
    free(clip);
    return status;
}

static RshStatus write_times(GoldenCase *golden, const Graph *graph, Program *program,
                             const char *input, const TimeRows *times)
{
    int32_t rows[MAX_TIMES][2] = {{0}};
    for (uint32_t i = 0; i < times->count; i++)
        time_split((double)times->values[i], rows[i]);
    return golden_write(golden, graph, program, input, rows);
}

// The case lists the rows of the first and of the last token.
static RshStatus compare_time(GoldenCase *golden, const Graph *graph, Program *program,
                              const TimeRows *times, uint32_t dim)
{
    const Tensor *tensor = graph_find(graph, "video.time_embedding");
    float *rows = calloc((size_t)(MAX_TIMES + 2) * dim, sizeof(float));
    if (!tensor || !rows || !golden_has(golden, "out.time_embedding")) {
        free(rows);
        return RSH_OK;
    }
    float *listed = rows + (size_t)MAX_TIMES * dim;
    RshStatus status = program->ops->read(program, tensor, rows, &golden->error);
    memcpy(listed, rows + (size_t)times->index[0] * dim, dim * sizeof(float));
    memcpy(listed + dim, rows + (size_t)times->last * dim, dim * sizeof(float));
    if (status == RSH_OK)
        status = golden_compare(golden, "time_embedding", GOLDEN_ROWS, listed, 2 * (uint64_t)dim);
    free(rows);
    return status;
}

static RshStatus compare_blocks(GoldenCase *golden, const Graph *graph, Program *program,
                                uint32_t layers)
{
    static const char *const suffixes[] = {"_self_attn", "_cross_attn", ""};
    RshStatus status = RSH_OK;
    for (uint32_t block = 0; block < layers; block++) {
        for (size_t i = 0; i < 3 && status == RSH_OK; i++) {
            char name[40], tensor[48];
            snprintf(name, sizeof(name), "block%u%s", block, suffixes[i]);
            snprintf(tensor, sizeof(tensor), "video.%s", name);
            if (golden_has(golden, "out.%s", name))
                status = golden_compare_tensor(golden, graph, program, tensor, name, GOLDEN_ROWS);
        }
    }
    return status;
}

static RshStatus run_wan(GoldenCase *golden, WanTower *tower)
{
    const WanConfig *c = tower->config;
    Graph *graph = NULL;
    Program *program = NULL;
    Shape shape = {0}, y_shape = {0};
    TimeRows times = {0};
    float *x = golden_input(golden, "x", GOLDEN_CHANNELS_FIRST, &shape);
    float *y = golden_has(golden, "in.y")
                   ? golden_input(golden, "y", GOLDEN_CHANNELS_FIRST, &y_shape)
                   : NULL;
    RshStatus status = x ? graph_create("step", &graph, &golden->error) : golden->error.status;
    if (status != RSH_OK)
        goto done;

    Tensor *latents = graph_input(graph, "x", shape, TENSOR_F32);
    if (y)
        latents = op_concat_channels(graph, latents, graph_input(graph, "y", y_shape, TENSOR_F32));
    Tensor *stream = wan_build_patches(graph, tower, latents);
    uint32_t tokens = wan_tokens(tower->grid);
    if (tokens == 0 || (status = read_times(golden, tokens, &times)) != RSH_OK) {
        status = status ? status : graph_status(graph, &golden->error);
        goto done;
    }
    tower->row_index = graph_input(graph, "row_index", (Shape){1, 1, tokens, 1}, TENSOR_I32);
    wan_build_time(graph, tower,
                   graph_input(graph, "times", (Shape){1, 1, MAX_TIMES, 2}, TENSOR_I32));
    graph_output(graph, wan_build_blocks(graph, tower, stream, -1), "velocity");

    if ((status = golden_prepare(golden, graph, &program)) != RSH_OK ||
        (status = golden_write(golden, graph, program, "x", x)) != RSH_OK ||
        (y && (status = golden_write(golden, graph, program, "y", y)) != RSH_OK) ||
        (status = golden_write(golden, graph, program, "row_index", times.index)) != RSH_OK ||
        (status = write_times(golden, graph, program, "times", &times)) != RSH_OK ||
        (status = golden_execute(golden, program)) != RSH_OK ||
        (status = golden_compare_tensor(golden, graph, program, "velocity", "velocity",
                                        GOLDEN_CHANNELS_FIRST)) != RSH_OK ||
        (status = compare_time(golden, graph, program, &times, c->dim)) != RSH_OK)
        goto done;
    status = compare_blocks(golden, graph, program, c->layers);
done:
    if (program)
        program->ops->release(&program);
    graph_destroy(&graph);
    free(times.index);
    free(x);
    free(y);
    return status;
}

RshStatus verify_wan(GoldenCase *golden)
{
    WeightSet *weights = NULL;
    WanConfig config;
    RshStatus status = weight_set_open(golden->weights, "", &weights, &golden->error);
    if (status == RSH_OK)
        status = wan_config_read(golden->config, weights, &config, &golden->error);
    if (status == RSH_OK) {
        WanTower tower = {.config = &config,
                          .weights = weights,
                          .name = "video",
                          .passes = 1,
                          .text_passes = 1,
                          .taps = true};
        status = run_text(golden, &tower, "context", true);
        if (status == RSH_OK && config.image_branch)
            status = run_image(golden, &tower);
        if (status == RSH_OK)
            status = run_wan(golden, &tower);
        golden->runner->ops->drop_weights(golden->runner, weights);
    }
    weight_set_close(&weights);
    return status;
}

static RshStatus run_ovi(GoldenCase *golden, WanTower *video, WanTower *audio, bool clean,
                         int32_t skip)
{
    Graph *graph = NULL;
    Program *program = NULL;
    Shape video_shape = {0}, audio_shape = {0};
    int32_t *index = NULL;
    float *x = golden_input(golden, "video", GOLDEN_CHANNELS_FIRST, &video_shape);
    float *y = golden_input(golden, "audio", GOLDEN_ROWS, &audio_shape);
    TimeRows times = {0}, audio_times = {0};
    RshStatus status = x && y ? graph_create("step", &graph, &golden->error) : golden->error.status;
    if (status != RSH_OK)
        goto done;

    Tensor *v =
        wan_build_patches(graph, video, graph_input(graph, "video", video_shape, TENSOR_F32));
    Tensor *a =
        wan_build_patches(graph, audio, graph_input(graph, "audio", audio_shape, TENSOR_F32));
    uint32_t tokens = wan_tokens(video->grid);
    index = calloc(tokens + 1, sizeof(int32_t));
    if (!index || (status = read_times(golden, 1, &times)) != RSH_OK)
        goto done;
    audio_times = times;
    times.values[1] = 0; // the clean first frame
    times.count = 2;
    for (uint32_t i = 0; clean && i < video->grid.height * video->grid.width; i++)
        index[i] = 1;
    video->row_index = graph_input(graph, "row_index", (Shape){1, 1, tokens, 1}, TENSOR_I32);
    wan_build_time(graph, video,
                   graph_input(graph, "video_times", (Shape){1, 1, MAX_TIMES, 2}, TENSOR_I32));
    wan_build_time(graph, audio,
                   graph_input(graph, "audio_times", (Shape){1, 1, MAX_TIMES, 2}, TENSOR_I32));
    ovi_build_blocks(graph, video, audio, skip, &v, &a);
    graph_output(graph, wan_build_head(graph, video, v), "video_velocity");
    graph_output(graph, wan_build_head(graph, audio, a), "audio_velocity");

    if ((status = golden_prepare(golden, graph, &program)) != RSH_OK ||
        (status = golden_write(golden, graph, program, "video", x)) != RSH_OK ||
        (status = golden_write(golden, graph, program, "audio", y)) != RSH_OK ||
        (status = golden_write(golden, graph, program, "row_index", index)) != RSH_OK ||
        (status = write_times(golden, graph, program, "video_times", &times)) != RSH_OK ||
        (status = write_times(golden, graph, program, "audio_times", &audio_times)) != RSH_OK ||
        (status = golden_execute(golden, program)) != RSH_OK)
        goto done;
    status = golden_compare_tensor(golden, graph, program, "video_velocity", "video_velocity",
                                   GOLDEN_CHANNELS_FIRST);
    if (status == RSH_OK)
        status = golden_compare_tensor(golden, graph, program, "audio_velocity", "audio_velocity",
                                       GOLDEN_ROWS);
    if (status == RSH_OK)
        status = golden_compare_tensor(golden, graph, program, "audio.patch", "audio_patch",
                                       GOLDEN_ROWS);
    for (uint32_t block = 0; block < video->config->layers && status == RSH_OK; block++) {
        const char *const streams[] = {"video", "audio"};
        for (int i = 0; i < 2 && status == RSH_OK; i++) {
            char name[48];
            snprintf(name, sizeof(name), "block%u.%s", block, streams[i]);
            if (golden_has(golden, "out.%s", name))
                status = golden_compare_tensor(golden, graph, program, name, name, GOLDEN_ROWS);
        }
    }
done:
    if (program)
        program->ops->release(&program);
    graph_destroy(&graph);
    free(times.index);
    free(index);
    free(x);
    free(y);
    return status;
}

RshStatus verify_ovi(GoldenCase *golden)
{
    WeightSet *video_weights = NULL, *audio_weights = NULL;
    WanConfig video_config, audio_config;
    const cJSON *c = golden->config;
    RshStatus status;
    if ((status = weight_set_open(golden->weights, "video_model.", &video_weights,
                                  &golden->error)) != RSH_OK ||
        (status = weight_set_open(golden->weights, "audio_model.", &audio_weights,
                                  &golden->error)) != RSH_OK ||
        (status = wan_config_read(cJSON_GetObjectItemCaseSensitive(c, "video"), video_weights,
                                  &video_config, &golden->error)) != RSH_OK ||
        (status = wan_config_read(cJSON_GetObjectItemCaseSensitive(c, "audio"), audio_weights,
                                  &audio_config, &golden->error)) != RSH_OK)
        goto done;
    WanTower video = {.config = &video_config,
                      .weights = video_weights,
                      .name = "video",
                      .passes = 1,
                      .text_passes = 1,
                      .taps = true};
    WanTower audio = video;
    audio.config = &audio_config;
    audio.weights = audio_weights;
    audio.name = "audio";
    const cJSON *layer = cJSON_GetObjectItemCaseSensitive(c, "slg_layer");
    // Block 0 is never skipped: 0 says that none is.
    int32_t skip = cJSON_IsNumber(layer) && layer->valueint > 0 ? layer->valueint : -1;
    if ((status = run_text(golden, &video, "video_context", false)) == RSH_OK &&
        (status = run_text(golden, &audio, "audio_context", false)) == RSH_OK)
        status = run_ovi(golden, &video, &audio,
                         cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(c, "first_frame_is_clean")),
                         skip);
    golden->runner->ops->drop_weights(golden->runner, video_weights);
    golden->runner->ops->drop_weights(golden->runner, audio_weights);
done:
    weight_set_close(&video_weights);
    weight_set_close(&audio_weights);
    return status;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// From words to the keys and values that every step attends to.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run/stages.h"

RshStatus text_describe_encoder(const PipelineModel *model, uint32_t tokens, Graph **out,
                                RshError *error)
{
    RshStatus status = graph_create("text encoder", out, error);
    if (status != RSH_OK)
        return status;
    Tensor *rows =
        graph_input(*out, "tokens", (Shape){1, 1, tokens, model->text_config.dim}, TENSOR_F32);
    graph_output(*out, umt5_build(*out, model->text.weights, &model->text_config, rows, false),
                 "context");
    return RSH_OK;
}

RshStatus text_describe_keys(const PipelineModel *model, uint32_t expert, uint32_t passes,
                             Graph **out, RshError *error)
{
    WanTower video, audio;
    const WanConfig *c = &model->video_config;
    RshStatus status = graph_create("text keys", out, error);
    if (status != RSH_OK)
        return status;
    Tensor *context =
        graph_input(*out, "context", (Shape){passes, 1, c->text_len, c->text_dim}, TENSOR_F32);
    stage_towers(model, expert, passes, &video, &audio);
    wan_build_text(*out, &video, context);
    if (model->audio)
        wan_build_text(*out, &audio, context);
    return RSH_OK;
}

// Context rows of the tokens into `out`.
static RshStatus encode(Pipeline *p, const int32_t *ids, size_t count, float *out, RshError *error)
{
    const PipelineModel *m = p->model;
    Graph *graph = NULL;
    Program *program = NULL;
    float *rows = NULL;
    RshStatus status;
    if (count == 0) // nothing said: zeros
        return RSH_OK;
    if ((status = umt5_embed(&m->text_config, m->text.weights, ids, (uint32_t)count, &rows,
                             error)) == RSH_OK &&
        (status = text_describe_encoder(m, (uint32_t)count, &graph, error)) == RSH_OK &&
        (status = stage_prepare(p->runner, graph, p->cancel, &program, error)) == RSH_OK &&
        (status = stage_write(graph, program, "tokens", rows, error)) == RSH_OK &&
        (status = program->ops->run(program, p->cancel, error)) == RSH_OK)
        status = stage_read(graph, program, "context", out, error);
    stage_discard(&graph, &program);
    free(rows);
    return status;
}

static RshStatus make_keys(Pipeline *p, uint32_t expert, const float *context, RshError *error)
{
    Graph *graph = NULL;
    Program *program = NULL;
    RshStatus status;
    if ((status = text_describe_keys(p->model, expert, p->passes, &graph, error)) == RSH_OK &&
        (status = stage_prepare(p->runner, graph, p->cancel, &program, error)) == RSH_OK &&
        (status = stage_write(graph, program, "context", context, error)) == RSH_OK)
        status = program->ops->run(program, p->cancel, error);
    stage_discard(&graph, &program);
    // The steps use other weights of the same files.
    stage_drop(p, expert ? p->model->low_noise.weights : p->model->video.weights);
    stage_drop(p, p->model->audio);
    return status;
}

RshStatus text_run(Pipeline *p, const int32_t *const ids[2], const size_t counts[2], float *context,
                   RshError *error)
{
    const WanConfig *c = &p->model->video_config;
    uint64_t rows = (uint64_t)c->text_len * c->text_dim;
    RshStatus status = RSH_OK;
    for (uint32_t pass = 0; pass < p->passes && status == RSH_OK; pass++)
        status = encode(p, ids[pass], counts[pass], context + pass * rows, error);
    stage_drop(p, p->model->text.weights);
    for (uint32_t expert = 0;
         status == RSH_OK && expert < (stage_has_low_noise(p->model) ? 2u : 1u); expert++)
        status = make_keys(p, expert, context, error);
    if (status == RSH_OK && p->model->video_config.image_branch)
        status = clip_encode_image(p, error);
    p->text_ready = status == RSH_OK;
    return status;
}

RshStatus pipeline_encode_text(Pipeline *p, RshError *error)
{
    const PipelineModel *m = p->model;
    const WanConfig *c = &m->video_config;
    const char *texts[2] = {p->request.prompt, p->request.negative_prompt};
    uint32_t most = m->style.max_tokens;
    float *context = calloc((size_t)c->text_len * p->passes, c->text_dim * sizeof(float));
    int32_t *ids = calloc(2 * (size_t)most, sizeof(int32_t));
    const int32_t *const both[2] = {ids, ids + most};
    size_t counts[2] = {0, 0};
    RshStatus status =
        context && ids ? RSH_OK : error_set(error, RSH_ERROR_MEMORY, "No memory for the prompt.");
    for (uint32_t pass = 0; pass < p->passes && status == RSH_OK; pass++)
        status = prompt_encode(m->tokenizer, &m->style, texts[pass], ids + pass * most, most,
                               &counts[pass], NULL, error);
    if (status == RSH_OK)
        status = text_run(p, both, counts, context, error);
    free(context);
    free(ids);
    return status;
}

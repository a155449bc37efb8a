// SPDX-License-Identifier: GPL-3.0-or-later
// From latents to pictures, a chunk at a time.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"
#include "run/stages.h"

RshStatus decode_describe(const Pipeline *p, bool first, ChunkProgram *out, RshError *error)
{
    const PipelineModel *m = p->model;
    const Shape shape = {1, p->tiles_y.tile, p->tiles_x.tile, p->video.shape.channels};
    RshStatus status =
        graph_create(first ? "decode first frame" : "decode frames", &out->graph, error);
    if (status != RSH_OK)
        return status;
    if (weight_set_is_half(m->vae.weights))
        graph_allow_half(out->graph);
    out->in = graph_input(out->graph, "latents", shape, TENSOR_F32);
    Tensor *pixels =
        wan_vae_build_decode(out->graph, m->vae.weights, &m->vae_config, out->in, first, false);
    if (p->taps)
        graph_output(out->graph, pixels, "pixels");
    out->out = op_to_rgba8(out->graph, pixels);
    graph_output(out->graph, out->out, "pictures");
    return RSH_OK;
}

void decode_release(Pipeline *p)
{
    stage_discard(&p->first.graph, &p->first.program);
    stage_discard(&p->later.graph, &p->later.program);
}

// What is given comes out as it went in.
static void put_clean(Stream *stream)
{
    if (stream->clean > 0)
        memcpy(stream->latents, stream->clean_values,
               stream->clean * stream->frame * sizeof(float));
}

RshStatus decode_begin(Pipeline *p, RshError *error)
{
    if (!p->started || p->step < p->sampler.steps)
        return error_set(error, RSH_ERROR_ARGUMENT, "Only %u of %u steps are done.", p->step,
                         p->sampler.steps);
    RshStatus status = denoise_fetch(p, error);
    if (status != RSH_OK)
        return status;
    denoise_release(p);
    put_clean(&p->video);
    put_clean(&p->audio);
    if (!p->first.program && !p->later.program && p->next_latent == 0)
        p->runner->ops->reset_state(p->runner, "");
    stage_drop(p, p->model->video.weights);
    stage_drop(p, p->model->low_noise.weights);
    stage_drop(p, p->model->audio);
    return RSH_OK;
}

RshStatus decode_prepare(Pipeline *p, bool first, RshError *error)
{
    ChunkProgram *chunk = first ? &p->first : &p->later, *other = first ? &p->later : &p->first;
    if (chunk->program)
        return RSH_OK;
    stage_discard(&other->graph, &other->program);
    RshStatus status = decode_describe(p, first, chunk, error);
    if (status == RSH_OK)
        status = stage_prepare(p->runner, chunk->graph, p->cancel, &chunk->program, error);
    if (status != RSH_OK)
        stage_discard(&chunk->graph, &chunk->program);
    return status;
}

RshStatus pipeline_decode_frames(Pipeline *p, PipelineFrames *out, RshError *error)
{
    const WanVaeConfig *vae = &p->model->vae_config;
    *out = (PipelineFrames){.width = p->request.width, .height = p->request.height};
    out->first = wan_vae_frames(vae, p->next_latent);
    RshStatus status = p->next_latent == 0 && p->tile_latent == 0 ? decode_begin(p, error) : RSH_OK;
    if (status != RSH_OK)
        return status;
    if (tile_count(p) > 1 && p->next_latent < p->video.shape.frames)
        return tiles_decode(p, out, error);
    if (p->next_latent >= p->video.shape.frames) {
        decode_release(p);
        stage_drop(p, p->model->vae.weights);
        p->runner->ops->reset_state(p->runner, "vae."); // the decoder's histories
        return RSH_OK;
    }
    bool first = p->next_latent == 0;
    ChunkProgram *chunk = first ? &p->first : &p->later;
    if (!p->rgba)
        p->rgba = malloc((size_t)vae->time * p->request.width * p->request.height * 4);
    if (!p->rgba)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for %u pictures.", vae->time);
    status = decode_prepare(p, first, error);
    if (status != RSH_OK)
        return status;
    const float *latents = p->video.latents + p->next_latent * p->video.frame;
    if ((status = chunk->program->ops->write(chunk->program, chunk->in, latents, error)) !=
            RSH_OK ||
        (status = chunk->program->ops->run(chunk->program, p->cancel, error)) != RSH_OK ||
        (status = chunk->program->ops->read(chunk->program, chunk->out, p->rgba, error)) != RSH_OK)
        return status;
    out->count = first ? 1 : vae->time;
    out->rgba = p->rgba;
    p->next_latent++;
    return RSH_OK;
}

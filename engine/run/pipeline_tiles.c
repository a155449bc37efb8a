// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures that the VAE takes a tile at a time: each tile through the whole clip, so that the histories of only
// one are on the device, and all added up on the host.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run/stages.h"

enum { BLEND_ONE = 256 }; // steps of the sum in one step of a byte

// Of a picture, in numbers of the sum.
static uint64_t blend_frame(const Pipeline *p)
{
    return (uint64_t)p->request.width * p->request.height * 3;
}

uint64_t tiles_host_bytes(const Pipeline *p)
{
    return tile_count(p) > 1 ? blend_frame(p) * p->request.frames * sizeof(*p->blend) : 0;
}

// Adds the pictures of a tile, [count][y][x][4], to those of the clip from `frame` on.
static void add_pictures(Pipeline *p, uint32_t frame, uint32_t count)
{
    const uint32_t scale = p->model->vae_config.space, ix = p->tile % p->tiles_x.count,
                   iy = p->tile / p->tiles_x.count;
    const uint32_t width = p->tiles_x.tile * scale, height = p->tiles_y.tile * scale;
    const uint8_t *from = p->rgba;
    for (uint32_t f = 0; f < count; f++) {
        for (uint32_t y = 0; y < height; y++) {
            const uint64_t row = (uint64_t)tile_start(&p->tiles_y, iy) * scale + y;
            uint16_t *to = p->blend + (frame + f) * blend_frame(p) +
                           (row * p->request.width + tile_start(&p->tiles_x, ix) * scale) * 3;
            const float down = tile_weight(&p->tiles_y, iy, y, scale) * BLEND_ONE;
            for (uint32_t x = 0; x < width; x++, from += 4, to += 3) {
                const float weight = down * tile_weight(&p->tiles_x, ix, x, scale);
                for (int c = 0; c < 3; c++) // at most four roundings up: 255 * 256 + 2
                    to[c] = (uint16_t)(to[c] + (uint16_t)(weight * (float)from[c] + 0.5f));
            }
        }
    }
}

void tiles_add_latents(const Pipeline *p, uint32_t tile, const float *from, float *frame)
{
    const uint32_t ix = tile % p->tiles_x.count, iy = tile / p->tiles_x.count,
                   channels = p->video.shape.channels;
    for (uint32_t y = 0; y < p->tiles_y.tile; y++)
        for (uint32_t x = 0; x < p->tiles_x.tile; x++) {
            const uint64_t at = (uint64_t)(tile_start(&p->tiles_y, iy) + y) * p->tiles_x.size +
                                tile_start(&p->tiles_x, ix) + x;
            const float weight =
                tile_weight(&p->tiles_y, iy, y, 1) * tile_weight(&p->tiles_x, ix, x, 1);
            for (uint32_t c = 0; c < channels; c++)
                frame[at * channels + c] += weight * *from++;
        }
}

static RshStatus decode_chunk(Pipeline *p, RshError *error)
{
    const WanVaeConfig *vae = &p->model->vae_config;
    const bool first = p->tile_latent == 0;
    ChunkProgram *chunk = first ? &p->first : &p->later;
    RshStatus status = RSH_OK;
    if (first) { // what the tile before has left
        decode_release(p);
        p->runner->ops->reset_state(p->runner, "vae.");
    }
    if ((status = decode_prepare(p, first, error)) != RSH_OK)
        return status;
    float *tile =
        calloc((size_t)p->tiles_x.tile * p->tiles_y.tile, p->video.shape.channels * sizeof(float));
    if (!tile)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for a tile of latents.");
    tile_cut(&p->tiles_x, &p->tiles_y, p->tile % p->tiles_x.count, p->tile / p->tiles_x.count, 1,
             p->video.shape.channels, p->video.latents + p->tile_latent * p->video.frame, tile);
    if ((status = chunk->program->ops->write(chunk->program, chunk->in, tile, error)) == RSH_OK &&
        (status = chunk->program->ops->run(chunk->program, p->cancel, error)) == RSH_OK)
        status = chunk->program->ops->read(chunk->program, chunk->out, p->rgba, error);
    free(tile);
    if (status == RSH_OK)
        add_pictures(p, wan_vae_frames(vae, p->tile_latent), first ? 1 : vae->time);
    return status;
}

// The sum as pictures: those of the next latent frame.
static void take_pictures(Pipeline *p, PipelineFrames *out)
{
    out->count = p->next_latent == 0 ? 1 : p->model->vae_config.time;
    const uint64_t pixels = (uint64_t)out->count * p->request.width * p->request.height;
    const uint16_t *from = p->blend + out->first * blend_frame(p);
    for (uint64_t i = 0; i < pixels; i++, from += 3) {
        for (int c = 0; c < 3; c++) {
            const uint32_t byte = (from[c] + BLEND_ONE / 2u) / BLEND_ONE;
            p->rgba[i * 4 + (uint64_t)c] = (uint8_t)(byte > 255 ? 255 : byte);
        }
        p->rgba[i * 4 + 3] = 255;
    }
    out->rgba = p->rgba;
    p->next_latent++;
}

RshStatus tiles_decode(Pipeline *p, PipelineFrames *out, RshError *error)
{
    const uint32_t latents = p->video.shape.frames;
    if (!p->rgba)
        p->rgba =
            malloc((size_t)p->model->vae_config.time * p->request.width * p->request.height * 4);
    if (!p->blend)
        p->blend = calloc((size_t)p->request.frames * blend_frame(p), sizeof(*p->blend));
    if (!p->rgba || !p->blend)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for %u pictures.", p->request.frames);
    if (p->tile == tile_count(p)) {
        take_pictures(p, out);
        return RSH_OK;
    }
    RshStatus status = decode_chunk(p, error);
    if (status != RSH_OK)
        return status;
    if (++p->tile_latent == latents) {
        p->tile_latent = ++p->tile == tile_count(p) ? latents : 0;
    }
    out->waiting = true;
    out->done =
        (float)(p->tile * latents + p->tile_latent % latents) / (float)(tile_count(p) * latents);
    return RSH_OK;
}

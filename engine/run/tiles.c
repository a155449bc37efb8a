// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/tiles.h"

#include <stdbool.h>
#include <string.h>

// A tile must reach past both of its overlaps: never three tiles at one place.
static uint32_t most_tiles(uint32_t size)
{
    return size > 2 * TILE_OVERLAP + 2 ? (size - TILE_OVERLAP) / (TILE_OVERLAP + 2) : 1;
}

TileAxis tile_axis(uint32_t size, uint32_t count)
{
    const uint32_t most = most_tiles(size);
    TileAxis axis = {.size = size, .count = count < 1 ? 1 : count > most ? most : count};
    axis.tile = (size + (axis.count - 1) * TILE_OVERLAP + axis.count - 1) / axis.count;
    return axis;
}

int tile_axis_can_grow(const TileAxis *axis)
{
    return axis->count < most_tiles(axis->size);
}

uint32_t tile_start(const TileAxis *axis, uint32_t index)
{
    if (axis->count == 1)
        return 0;
    return (uint32_t)((uint64_t)index * (axis->size - axis->tile) / (axis->count - 1));
}

// How far `position` (of tile `index`) is into the overlap with the tile before, 0 to 1.
static float ramp(const TileAxis *axis, uint32_t index, uint32_t position, uint32_t scale)
{
    const uint32_t shared = tile_start(axis, index - 1) + axis->tile - tile_start(axis, index);
    const float at = ((float)position + 0.5f) / (float)(shared * scale);
    return at < 1.0f ? at : 1.0f;
}

float tile_weight(const TileAxis *axis, uint32_t index, uint32_t position, uint32_t scale)
{
    float weight = index > 0 ? ramp(axis, index, position, scale) : 1.0f;
    if (index + 1 < axis->count) {
        const uint32_t next =
            (tile_start(axis, index + 1) - tile_start(axis, index)) * scale; // where it begins
        if (position >= next)
            weight *= 1.0f - ramp(axis, index + 1, position - next, scale);
    }
    return weight;
}

void tile_cut(const TileAxis *x, const TileAxis *y, uint32_t ix, uint32_t iy, uint32_t scale,
              uint32_t channels, const float *frame, float *tile)
{
    const uint64_t row = (uint64_t)x->tile * scale * channels;
    const uint64_t pitch = (uint64_t)x->size * scale * channels;
    frame += (uint64_t)tile_start(y, iy) * scale * pitch +
             (uint64_t)tile_start(x, ix) * scale * channels;
    for (uint64_t r = 0; r < (uint64_t)y->tile * scale; r++)
        memcpy(tile + r * row, frame + r * pitch, row * sizeof(float));
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// tiles.h - a picture in overlapping tiles of one size, for a VAE that does not fit into memory whole. Where
// two tiles overlap, one fades into the other linearly; the weights of all tiles at a place add up to 1.
// Positions are latent ones, but for tile_weight().
#pragma once
#include <stdint.h>

// Positions that neighbours share, at least. What the network sees of a place beyond them is lost, above
// all by the attention of its middle: measured seams are in docs/speed.md.
enum { TILE_OVERLAP = 4 };

typedef struct TileAxis {
    uint32_t size, count, tile; // tile: positions of each of them
} TileAxis;

// `count` tiles over `size`; fewer where they would be too small to overlap only with their neighbours. 0
// counts as 1.
TileAxis tile_axis(uint32_t size, uint32_t count);
// Whether one tile more would make them smaller.
int tile_axis_can_grow(const TileAxis *axis);
uint32_t tile_start(const TileAxis *axis, uint32_t index);
// Weight of the value at `position`, counted from the tile's start in steps of 1 / scale latent positions.
float tile_weight(const TileAxis *axis, uint32_t index, uint32_t position, uint32_t scale);

// Copies tile (x, y) out of one frame: [height][width][channels] to [tile y][tile x][channels]. Both axes count
// positions; the picture has `scale` of them a latent one.
void tile_cut(const TileAxis *x, const TileAxis *y, uint32_t ix, uint32_t iy, uint32_t scale,
              uint32_t channels, const float *frame, float *tile);

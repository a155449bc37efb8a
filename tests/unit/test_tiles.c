// SPDX-License-Identifier: GPL-3.0-or-later
// Tiles cover a picture, overlap with their neighbours only, and their weights add up to 1 everywhere.
#include "run/tiles.h"

#include <math.h>

#include "tap.h"

enum { SCALE = 8, MOST = 130 };

static void tiles_cover_everything_with_weights_that_add_up(void)
{
    for (uint32_t size = 1; size <= MOST; size++)
        for (uint32_t wanted = 0; wanted < 30; wanted++) {
            const TileAxis axis = tile_axis(size, wanted);
            float sums[MOST * SCALE] = {0};
            uint32_t seen[MOST * SCALE] = {0};
            CHECK(axis.count >= 1 && axis.tile >= 1 && axis.tile <= size);
            CHECK(tile_start(&axis, 0) == 0);
            CHECK(tile_start(&axis, axis.count - 1) + axis.tile == size);
            for (uint32_t i = 0; i < axis.count; i++)
                for (uint32_t at = 0; at < axis.tile * SCALE; at++) {
                    const float weight = tile_weight(&axis, i, at, SCALE);
                    CHECK(weight >= 0.0f && weight <= 1.0f);
                    sums[tile_start(&axis, i) * SCALE + at] += weight;
                    seen[tile_start(&axis, i) * SCALE + at]++;
                }
            for (uint32_t at = 0; at < size * SCALE; at++)
                CHECK(fabsf(sums[at] - 1.0f) < 1e-5f && seen[at] >= 1 && seen[at] <= 2);
        }
}

static void neighbours_share_the_overlap(void)
{
    for (uint32_t size = 1; size <= MOST; size++)
        for (uint32_t wanted = 2; wanted < 30; wanted++) {
            const TileAxis axis = tile_axis(size, wanted);
            for (uint32_t i = 1; i < axis.count; i++)
                CHECK(tile_start(&axis, i - 1) + axis.tile - tile_start(&axis, i) >= TILE_OVERLAP);
        }
}

static void one_tile_more_is_smaller_until_none_can_be(void)
{
    for (uint32_t size = 1; size <= MOST; size++) {
        TileAxis axis = tile_axis(size, 1);
        CHECK(axis.tile == size);
        while (tile_axis_can_grow(&axis)) {
            const TileAxis next = tile_axis(size, axis.count + 1);
            CHECK(next.count == axis.count + 1 && next.tile <= axis.tile);
            axis = next;
        }
        CHECK(tile_axis(size, axis.count + 1).count == axis.count);
        CHECK(axis.tile <= 4 * TILE_OVERLAP + 4);
    }
}

static void a_tile_is_cut_from_its_place(void)
{
    const TileAxis x = tile_axis(20, 2), y = tile_axis(16, 2);
    float frame[32 * 40 * 3], tile[32 * 40 * 3];
    for (int i = 0; i < 32 * 40 * 3; i++)
        frame[i] = (float)i;
    tile_cut(&x, &y, 1, 1, 2, 3, frame, tile);
    const uint32_t left = tile_start(&x, 1) * 2, top = tile_start(&y, 1) * 2;
    CHECK(tile[0] == frame[(top * 40 + left) * 3]);
    CHECK(tile[(y.tile * 2 * x.tile * 2) * 3 - 1] == frame[32 * 40 * 3 - 1]);
}

int main(void)
{
    TAP_RUN(tiles_cover_everything_with_weights_that_add_up);
    TAP_RUN(neighbours_share_the_overlap);
    TAP_RUN(one_tile_more_is_smaller_until_none_can_be);
    TAP_RUN(a_tile_is_cut_from_its_place);
    return tap_done();
}

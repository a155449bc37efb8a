// SPDX-License-Identifier: GPL-3.0-or-later
// Positions as numbers: rotary tables, in f64 and rounded once.
#include <math.h>
#include <stdlib.h>

#include "models/wan.h"

static void write_pairs(const WanConfig *config, uint32_t position, double scale, uint32_t channels,
                        float *out)
{
    for (uint32_t i = 0; i < channels; i += 2) {
        double angle = position * scale / pow(config->rope_theta, (double)i / channels);
        out[i] = (float)cos(angle);
        out[i + 1] = (float)sin(angle);
    }
}

// A head's channels are split into time, height and width parts; audio has the time part alone and the rest
// of its channels is not rotated.
float *wan_rope_table(const WanConfig *config, WanGrid grid, uint32_t passes, uint32_t *channels)
{
    uint32_t head_dim = config->dim / config->heads;
    uint32_t side = 2 * (head_dim / 6), time = head_dim - 2 * side;
    uint32_t width = config->audio ? time : head_dim;
    size_t tokens = wan_tokens(grid);
    float *table = calloc(tokens * passes, width * sizeof(float));
    float *row = table;
    if (!table)
        return NULL;

    for (uint32_t pass = 0; pass < passes; pass++) {
        for (uint32_t t = 0; t < grid.frames; t++) {
            for (uint32_t y = 0; y < grid.height; y++) {
                for (uint32_t x = 0; x < grid.width; x++, row += width) {
                    if (config->audio) {
                        write_pairs(config, x, config->rope_scale, time, row);
                        continue;
                    }
                    write_pairs(config, t, config->rope_scale, time, row);
                    write_pairs(config, y, 1, side, row + time);
                    write_pairs(config, x, 1, side, row + time + side);
                }
            }
        }
    }
    *channels = width;
    return table;
}

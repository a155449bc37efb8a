// SPDX-License-Identifier: GPL-3.0-or-later
#include "sample/noise.h"

#include <math.h>

// Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.
void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)c0 * 0xD2511F53u, b = (uint64_t)c2 * 0xCD9E8D57u;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

// Box and Muller's transform of two words to two normal values. The half added keeps the logarithm finite.
static void normal_pair(uint32_t a, uint32_t b, float out[2])
{
    double radius = sqrt(-2 * log(((double)a + 0.5) * 0x1p-32));
    double angle = 2 * M_PI * ((double)b + 0.5) * 0x1p-32;
    out[0] = (float)(radius * cos(angle));
    out[1] = (float)(radius * sin(angle));
}

void noise_normal(uint64_t seed, uint32_t stream, uint64_t first, uint64_t count, float *out)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint64_t held = UINT64_MAX; // block whose values are in `values`
    float values[4];

    for (uint64_t i = 0; i < count; i++) {
        uint64_t block = (first + i) / 4;
        if (block != held) {
            const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), stream, 0};
            uint32_t words[4];
            philox4x32(counter, key, words);
            normal_pair(words[0], words[1], values);
            normal_pair(words[2], words[3], values + 2);
            held = block;
        }
        out[i] = values[(first + i) % 4];
    }
}

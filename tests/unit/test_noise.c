// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdint.h>
#include <string.h>

#include "sample/noise.h"
#include "tap.h"

static void philox_gives_the_published_numbers(void)
{
    // Known answers of the authors' own library (Random123, kat_vectors).
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t got[4];
        philox4x32(cases[i].counter, cases[i].key, got);
        CHECK(memcmp(got, cases[i].want, sizeof(got)) == 0);
    }
}

static void an_element_does_not_depend_on_how_it_is_asked_for(void)
{
    float all[103], part[7];
    noise_normal(77, NOISE_VIDEO, 0, 103, all);
    for (uint64_t first = 0; first + 7 <= 103; first += 5) {
        noise_normal(77, NOISE_VIDEO, first, 7, part);
        CHECK(memcmp(part, all + first, sizeof(part)) == 0);
    }
}

static void seeds_and_streams_differ(void)
{
    float a[4], b[4], c[4];
    noise_normal(1, NOISE_VIDEO, 0, 4, a);
    noise_normal(1, NOISE_AUDIO, 0, 4, b);
    noise_normal(UINT64_C(1) << 32 | 1, NOISE_VIDEO, 0, 4, c);
    CHECK(memcmp(a, b, sizeof(a)) != 0);
    CHECK(memcmp(a, c, sizeof(a)) != 0);
}

static void values_are_standard_normal(void)
{
    enum { COUNT = 200000 };
    static float values[COUNT];
    double mean = 0, square = 0, fourth = 0;
    noise_normal(5, NOISE_VIDEO, 0, COUNT, values);
    for (int i = 0; i < COUNT; i++) {
        double x = (double)values[i];
        mean += x / COUNT;
        square += x * x / COUNT;
        fourth += x * x * x * x / COUNT;
    }
    CHECK(fabs(mean) < 0.01);
    CHECK(fabs(square - 1) < 0.02);
    CHECK(fabs(fourth - 3) < 0.1);
}

int main(void)
{
    TAP_RUN(philox_gives_the_published_numbers);
    TAP_RUN(an_element_does_not_depend_on_how_it_is_asked_for);
    TAP_RUN(seeds_and_streams_differ);
    TAP_RUN(values_are_standard_normal);
    return tap_done();
}

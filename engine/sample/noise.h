// SPDX-License-Identifier: GPL-3.0-or-later
//
// noise.h - starting noise from a counter: element i of a stream depends on (seed, stream, i) alone, so that
// one seed gives one noise on any device, in any order and any tiling.
#pragma once
#include <stdint.h>

// Streams of one clip; the numbers are part of what a seed means and never change.
enum { NOISE_VIDEO = 0, NOISE_AUDIO = 1 };

// Standard normal values of elements first .. first + count - 1.
void noise_normal(uint64_t seed, uint32_t stream, uint64_t first, uint64_t count, float *out);

// One block of Philox 4x32 with 10 rounds: counter and key in, four random words out.
void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

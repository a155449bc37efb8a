// SPDX-License-Identifier: GPL-3.0-or-later
// sha256.h - SHA-256 (FIPS 180-4): names files and jobs by what is in them.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct Sha256 {
    uint32_t state[8];
    uint64_t bytes; // so far
    uint8_t block[64];
} Sha256;

void sha256_init(Sha256 *sha);
void sha256_update(Sha256 *sha, const void *data, size_t bytes);
void sha256_finish(Sha256 *sha, uint8_t digest[32]); // `sha` must be initialised again before reuse
void sha256_hex(const uint8_t digest[32], char text[65]);

// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/fingerprint.h"

#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

// Raised when the meaning of a step or of the seed changes.
#define ENGINE_GENERATION 1u

// Every field goes in with its length, so that two different lists never give the same bytes.
static void add_bytes(Sha256 *sha, const void *data, uint64_t bytes)
{
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bytes >> (8 * i));
    sha256_update(sha, length, sizeof(length));
    sha256_update(sha, data, (size_t)bytes);
}

static void add_text(Sha256 *sha, const char *text)
{
    add_bytes(sha, text ? text : "", text ? strlen(text) : 0);
}

static void add_number(Sha256 *sha, uint64_t number)
{
    add_bytes(sha, &number, sizeof(number));
}

static void add_real(Sha256 *sha, float real)
{
    add_bytes(sha, &real, sizeof(real));
}

void fingerprint_make(const FingerprintInput *input, char hex[65])
{
    const RshRequest *request = input->request;
    uint8_t digest[32];
    Sha256 sha;

    sha256_init(&sha);
    add_number(&sha, ENGINE_GENERATION);
    add_text(&sha, input->device);
    add_text(&sha, input->driver);
    add_text(&sha, input->caps_mask);
    add_number(&sha, input->file_count);
    for (uint32_t i = 0; i < input->file_count; i++) {
        add_text(&sha, input->files[i].name);
        add_text(&sha, input->files[i].sha256);
    }
    add_text(&sha, request->prompt);
    add_text(&sha, request->negative_prompt);
    add_number(&sha, request->seed);
    add_number(&sha, request->width);
    add_number(&sha, request->height);
    add_number(&sha, request->frames);
    add_number(&sha, request->steps);
    add_real(&sha, request->guidance);
    add_real(&sha, request->audio_guidance);
    add_real(&sha, request->shift);
    add_text(&sha, request->sampler);
    add_number(&sha, request->conditioning.kind);
    add_number(&sha, request->conditioning.frames);
    add_bytes(&sha, input->video, input->video ? input->video_bytes : 0);
    add_bytes(&sha, input->audio, input->audio ? input->audio_bytes : 0);
    sha256_finish(&sha, digest);
    sha256_hex(digest, hex);
}

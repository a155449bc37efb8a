// SPDX-License-Identifier: GPL-3.0-or-later
// fingerprint.h - everything that decides the bits of a job's latents, as one SHA-256: a checkpoint
// may be resumed by the job with the same fingerprint and by no other.
#pragma once
#include "run/component_files.h"

typedef struct FingerprintInput {
    const RshRequest *request;
    const ComponentFile *files;
    uint32_t file_count;
    const char *device, *driver, *caps_mask; // other kernels give other last bits
    const void *video, *audio;               // conditioning, as read; NULL without
    uint64_t video_bytes, audio_bytes;
} FingerprintInput;

void fingerprint_make(const FingerprintInput *input, char hex[65]);

// SPDX-License-Identifier: GPL-3.0-or-later
//
// take.h - the folder a job writes into (docs/protocol.md section 3): checkpoints, pictures, samples.
// Whatever moment the process dies at, the folder can be resumed.
#pragma once
#include "base/sha256.h"
#include "run/pipeline.h"

typedef struct Take {
    char *folder;
    int frames_fd; // -1 until the first picture
    uint8_t *row;  // one packed picture
    size_t row_bytes;
    Sha256 frames_sha; // of what frames.rgb holds so far; meaningless before the first picture
} Take;

// Checks that the folder is one and can be written; removes what a killed writer left half-written.
RSH_MUST_USE RshStatus take_open(const char *folder, Take *take, RshError *error);
void take_close(Take *take);

// After a step: replaces step.safetensors, synced. Fails with RSH_ERROR_FORMAT when the state holds
// numbers that are not finite, without touching the last good one.
RSH_MUST_USE RshStatus take_save_step(Take *take, const PipelineState *state,
                                      const char *fingerprint, RshError *error);
// True when step.safetensors is there, whole, and of the job with this fingerprint; the state is then
// the caller's (pipeline_state_clear). Anything else means: start at the beginning.
bool take_load_step(Take *take, const char *fingerprint, PipelineState *state);

// preview.rgb, replaced by rename. RGBA in, packed RGB out.
RSH_MUST_USE RshStatus take_write_preview(Take *take, const uint8_t *rgba, uint32_t width,
                                          uint32_t height, uint32_t frames, RshError *error);
// Appends to frames.rgb; the first call empties it.
RSH_MUST_USE RshStatus take_append_frames(Take *take, const uint8_t *rgba, uint32_t width,
                                          uint32_t height, uint32_t frames, RshError *error);
// The SHA-256 of frames.rgb as it was written, in hex; empty before the first picture.
void take_hash_frames(const Take *take, char text[65]);
// Replaces audio.f32 and gives its SHA-256 in hex.
RSH_MUST_USE RshStatus take_write_audio(Take *take, const float *samples, uint64_t count,
                                        char sha256[65], RshError *error);

// A conditioning file: exactly `bytes` long, malloc'd.
RSH_MUST_USE RshStatus take_read_file(const Take *take, const char *name, uint64_t bytes,
                                      void **out, RshError *error);

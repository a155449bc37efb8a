// SPDX-License-Identifier: GPL-3.0-or-later
//
// mel.h - a waveform at 16 kHz to the log10-mel frames the audio VAE works on, on the host: 1024-point periodic
// Hann windows 256 samples apart, magnitudes, 80 Slaney bands from 0 to 8 kHz. Source: Slaney, "Auditory
// Toolbox", 1998; the constants are those of MMAudio (docs/networks.md).
#pragma once
#include "rsh.h"

enum {
    MEL_BANDS = 80,
    MEL_WINDOW = 1024,
    MEL_HOP = 256,
    MEL_BINS = MEL_WINDOW / 2 + 1,
    MEL_RATE = 16000
};

// Frames that `samples` samples give; 0 below the 385 that reflecting the edges needs.
uint64_t mel_frames(uint64_t samples);
// Fills [mel_frames(samples)][MEL_BANDS]. Samples beyond +-1 are clamped.
RSH_MUST_USE RshStatus mel_compute(const float *wave, uint64_t samples, float *out,
                                   RshError *error);

void mel_filter_bank(float *out); // [MEL_BANDS][MEL_BINS]
void mel_window(float *out);      // [MEL_WINDOW]

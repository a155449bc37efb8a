// SPDX-License-Identifier: GPL-3.0-or-later
//
// guidance.h - how several network outputs of one step become one. Classifier-free guidance is linear and
// runs inside the sampler's combine; the forms here are for the host.
#pragma once
#include <stdint.h>

// out = uncond + scale * (cond - uncond)
void guidance_classifier_free(const float *cond, const float *uncond, double scale, uint64_t count,
                              float *out);

// Guidance over x0 predictions with up to three extra passes; a pass with a neutral scale may be NULL.
typedef struct GuidanceScales {
    double cfg;      // 1: none; needs `uncond`
    double stg;      // 0: none; needs `perturbed`, the pass with a self-attention switched off
    double modality; // 1: none; needs `isolated`, the pass where the streams do not see each other
    double rescale;  // 0: none; pulls the standard deviation towards that of `cond`
} GuidanceScales;
void guidance_multi_modal(const float *cond, const float *uncond, const float *perturbed,
                          const float *isolated, const GuidanceScales *scales, uint64_t count,
                          float *out);

// SPDX-License-Identifier: GPL-3.0-or-later
#include "sample/guidance.h"

#include <math.h>

void guidance_classifier_free(const float *cond, const float *uncond, double scale, uint64_t count,
                              float *out)
{
    for (uint64_t i = 0; i < count; i++) {
        double u = (double)uncond[i];
        out[i] = (float)(u + scale * ((double)cond[i] - u));
    }
}

// Standard deviation over the whole tensor, unbiased (divided by count - 1).
static double deviation(const float *values, uint64_t count)
{
    double mean = 0, sum = 0;
    if (count < 2)
        return 0;
    for (uint64_t i = 0; i < count; i++)
        mean += (double)values[i];
    mean /= (double)count;
    for (uint64_t i = 0; i < count; i++)
        sum += ((double)values[i] - mean) * ((double)values[i] - mean);
    return sqrt(sum / (double)(count - 1));
}

void guidance_multi_modal(const float *cond, const float *uncond, const float *perturbed,
                          const float *isolated, const GuidanceScales *scales, uint64_t count,
                          float *out)
{
    for (uint64_t i = 0; i < count; i++) {
        double c = (double)cond[i], y = c;
        if (uncond)
            y += (scales->cfg - 1) * (c - (double)uncond[i]);
        if (perturbed)
            y += scales->stg * (c - (double)perturbed[i]);
        if (isolated)
            y += (scales->modality - 1) * (c - (double)isolated[i]);
        out[i] = (float)y;
    }
    double spread = deviation(out, count);
    if (scales->rescale <= 0 || spread <= 0)
        return;
    double factor = scales->rescale * deviation(cond, count) / spread + 1 - scales->rescale;
    for (uint64_t i = 0; i < count; i++)
        out[i] = (float)((double)out[i] * factor);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/loudness.h"

#include <ebur128.h>
#include <math.h>

#define BLOCK 48000 // samples a channel at a time

double rushes_loudness_gain(RushesFrameSource *source, GCancellable *cancellable, double *reached,
                            GError **error)
{
    RushesFrameFormat format;
    double loudness = -HUGE_VAL, peak = 0.0;

    *reached = -RUSHES_LOUDNESS_TARGET;
    rushes_frame_source_get_format(source, &format);
    if (format.rate <= 0 || format.channels < 1)
        return 1.0;
    ebur128_state *meter = ebur128_init((unsigned)format.channels, (unsigned long)format.rate,
                                        EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
    g_autofree float *block = g_new(float, (gsize)BLOCK *(gsize)format.channels);
    for (gint64 at = 0; meter && at < format.samples; at += BLOCK) {
        gsize count = (gsize)MIN((gint64)BLOCK, format.samples - at);
        if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
            !rushes_frame_source_read_samples(source, at, count, block, error)) {
            ebur128_destroy(&meter);
            return 0.0;
        }
        ebur128_add_frames_float(meter, block, count);
    }
    if (!meter)
        return 1.0;
    ebur128_loudness_global(meter, &loudness);
    for (unsigned c = 0; c < (unsigned)format.channels; c++) {
        double own = 0.0;
        ebur128_true_peak(meter, c, &own);
        peak = MAX(peak, own);
    }
    ebur128_destroy(&meter);
    // Below the gate of R 128 there is nothing to bring up but noise.
    if (!isfinite(loudness) || loudness < -70.0 || peak <= 0.0)
        return 1.0;
    double wanted = pow(10.0, (-RUSHES_LOUDNESS_TARGET - loudness) / 20.0);
    double gain = MIN(wanted, pow(10.0, -RUSHES_TRUE_PEAK / 20.0) / peak);
    *reached = loudness + 20.0 * log10(gain);
    return gain;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/loudness.h"

#include <ebur128.h>
#include <math.h>

#define BLOCK    48000 // samples a channel at a time
#define ATTEMPTS 6     // a limiter makes less loud, so the gain has to be found by trying
#define CLOSE    0.05  // LU
#define LEAST_LU 0.15  // that one dB of gain is taken to bring, however hard the limiter works

typedef struct Measure {
    double loudness; // LUFS
    double peak;     // between the samples too, 1 is full scale
} Measure;

// Of the source as it is, or of what `limiter` makes of it. FALSE with an error when it is cancelled or cannot be read.
static gboolean measure(RushesFrameSource *source, RushesLimiter *limiter, Measure *out,
                        GCancellable *cancellable, GError **error)
{
    RushesFrameFormat format;

    rushes_frame_source_get_format(source, &format);
    ebur128_state *meter = ebur128_init((unsigned)format.channels, (unsigned long)format.rate,
                                        EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
    if (!meter) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "Sound of %d channels at %d samples a second cannot be measured; export it "
                    "without bringing it to -14 LUFS.",
                    format.channels, format.rate);
        return FALSE;
    }
    g_autofree float *block = g_new(float, (gsize)BLOCK *(gsize)format.channels);
    gboolean good = TRUE;
    for (gint64 at = 0; good && at < format.samples; at += BLOCK) {
        gsize count = (gsize)MIN((gint64)BLOCK, format.samples - at);
        good = !g_cancellable_set_error_if_cancelled(cancellable, error) &&
               (limiter ? rushes_limiter_read(limiter, count, block, error)
                        : rushes_frame_source_read_samples(source, at, count, block, error));
        if (good)
            ebur128_add_frames_float(meter, block, count);
    }
    ebur128_loudness_global(meter, &out->loudness);
    out->peak = 0.0;
    for (unsigned c = 0; c < (unsigned)format.channels; c++) {
        double own = 0.0;
        ebur128_true_peak(meter, c, &own);
        out->peak = MAX(out->peak, own);
    }
    ebur128_destroy(&meter);
    return good;
}

static double factor(double decibel)
{
    return pow(10.0, decibel / 20.0);
}

gboolean rushes_loudness_plan(RushesFrameSource *source, RushesLoudnessPlan *plan,
                              GCancellable *cancellable, GError **error)
{
    RushesFrameFormat format;
    Measure plain;

    *plan = (RushesLoudnessPlan){.gain = 1.0, .reached = -RUSHES_LOUDNESS_TARGET};
    rushes_frame_source_get_format(source, &format);
    if (format.rate <= 0 || format.channels < 1)
        return TRUE;
    if (!measure(source, NULL, &plain, cancellable, error))
        return FALSE;
    // Below the gate of R 128 there is nothing to bring up but noise.
    if (!isfinite(plain.loudness) || plain.loudness < -70.0 || plain.peak <= 0.0)
        return TRUE;
    double room = -RUSHES_TRUE_PEAK - 20.0 * log10(plain.peak); // dB, until the limiter has work
    double gain = -RUSHES_LOUDNESS_TARGET - plain.loudness, most = room + RUSHES_LIMIT_MOST;
    plan->reached = plain.loudness + gain;
    double before_gain = room, before = plain.loudness + room; // where the last attempt led
    for (int attempt = 0; gain > room && attempt < ATTEMPTS; attempt++) {
        Measure limited;
        gain = MIN(gain, most);
        g_autoptr(RushesLimiter) limiter = rushes_limiter_new(source, factor(gain));
        if (!measure(source, limiter, &limited, cancellable, error))
            return FALSE;
        plan->reached = limited.loudness;
        double missing = -RUSHES_LOUDNESS_TARGET - limited.loudness;
        if (fabs(missing) < CLOSE || attempt + 1 == ATTEMPTS || (gain >= most && missing > 0.0))
            break;
        double slope = gain - before_gain > 0.01 || gain - before_gain < -0.01
                           ? (limited.loudness - before) / (gain - before_gain)
                           : 1.0;
        before_gain = gain;
        before = limited.loudness;
        gain += missing / CLAMP(slope, LEAST_LU, 1.0);
    }
    plan->gain = factor(gain);
    return TRUE;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/mixer.h"

#include <math.h>
#include <string.h>

#include "rushes-error.h"
// The takes' sound is brought to the film's rate by a windowed sinc of this many taps on each side, its cut-off at the
// lower of the two Nyquist frequencies. Source: J. O. Smith, "Digital Audio Resampling", band-limited interpolation.
#define TAPS 16

static double window(double x) // Hann over [-TAPS, TAPS]
{
    return 0.5 + 0.5 * cos(G_PI * x / TAPS);
}

static double sinc(double x)
{
    return fabs(x) < 1e-9 ? 1.0 : sin(G_PI * x) / (G_PI * x);
}

// One ramp from 0 to 1 over `length` seconds; 1 when there is none.
static double ramp(double at, double length)
{
    return length <= 0.0 ? 1.0 : CLAMP(at / length, 0.0, 1.0);
}

// How loud the cut is `t` seconds into it.
static double cut_gain(const RushesTimeline *timeline, guint index, double t)
{
    const RushesCut *cut = g_ptr_array_index(timeline->cuts, index);
    const RushesCut *next =
        index + 1 < timeline->cuts->len ? g_ptr_array_index(timeline->cuts, index + 1) : NULL;
    double seconds = cut->length / timeline->fps;
    double gain = cut->gain * ramp(t, cut->sound_fade_in) * ramp(seconds - t, cut->sound_fade_out);

    // Two different sounds add in power, not in amplitude: the cross-fade keeps their summed power level.
    gain *= sin(G_PI_2 * ramp(t, cut->dissolve / timeline->fps));
    if (next)
        gain *= sin(G_PI_2 * ramp(seconds - t, next->dissolve / timeline->fps));
    return gain;
}

// `count` stereo samples of the cut from `first`, counted from the cut's start at the film's rate.
static gboolean read_cut(const RushesTimeline *timeline, const RushesCut *cut, gint64 first,
                         gsize count, float *out, GError **error)
{
    double fps = cut->format.fps > 0.0 ? cut->format.fps : timeline->fps;
    double ratio = (double)cut->format.rate / RUSHES_TIMELINE_RATE; // source samples a film sample
    double origin = cut->in / fps * cut->format.rate;
    double limit = (cut->out + 1) / fps * cut->format.rate;
    int channels = cut->format.channels;
    gint64 from = (gint64)floor(origin + (double)first * ratio) - TAPS;
    gsize span = (gsize)ceil((double)count * ratio) + 2 * TAPS + 2;
    g_autofree float *source = g_new0(float, span *(gsize)channels);
    gint64 skip = MAX(0, -from);

    gboolean whole = skip >= (gint64)span || rushes_frame_source_read_samples(
                                                 cut->source, from + skip, span - (gsize)skip,
                                                 source + (gsize)skip * (gsize)channels, error);
    double cutoff = MIN(1.0, 1.0 / ratio);
    for (gsize i = 0; i < count; i++) {
        double at = origin + (double)(first + (gint64)i) * ratio;
        double sum[2] = {0.0, 0.0};
        gint64 centre = (gint64)floor(at);
        if (at < limit)
            for (int k = 1 - TAPS; k <= TAPS; k++) {
                gint64 index = centre + k - from;
                double x = (double)(centre + k) - at;
                if (index < 0 || index >= (gint64)span)
                    continue;
                double weight = cutoff * sinc(cutoff * x) * window(x);
                const float *frame = source + index * channels;
                sum[0] += weight * (double)frame[0];
                sum[1] += weight * (double)frame[channels > 1 ? 1 : 0];
            }
        out[2 * i] = (float)sum[0];
        out[2 * i + 1] = (float)sum[1];
    }
    return whole;
}

static gboolean mix_cut(const RushesTimeline *timeline, guint index, gint64 first, gsize count,
                        float *out, GError **error)
{
    const RushesCut *cut = g_ptr_array_index(timeline->cuts, index);
    gint64 start = llround(cut->start / timeline->fps * RUSHES_TIMELINE_RATE);
    gint64 end = llround((cut->start + cut->length) / timeline->fps * RUSHES_TIMELINE_RATE);
    gint64 from = MAX(first, start), to = MIN(first + (gint64)count, end);

    if (cut->mute || !cut->source || cut->format.rate <= 0 || cut->format.channels < 1 ||
        from >= to)
        return TRUE;
    gsize length = (gsize)(to - from);
    g_autofree float *own = g_new(float, 2 * length);
    gboolean whole = read_cut(timeline, cut, from - start, length, own, error);
    for (gsize i = 0; i < length; i++) {
        double gain =
            cut_gain(timeline, index, (double)(from - start + (gint64)i) / RUSHES_TIMELINE_RATE);
        out[2 * ((gsize)(from - first) + i)] += (float)(gain * (double)own[2 * i]);
        out[2 * ((gsize)(from - first) + i) + 1] += (float)(gain * (double)own[2 * i + 1]);
    }
    if (!whole)
        g_prefix_error(error, "Shot %u: ", index + 1);
    return whole;
}

static gboolean mix_clip(const RushesSoundClip *clip, gint64 first, gsize count, float *out,
                         GError **error)
{
    gint64 start = llround(clip->at * RUSHES_TIMELINE_RATE);
    gint64 in = llround(clip->in * RUSHES_TIMELINE_RATE);
    gint64 length = llround(clip->out * RUSHES_TIMELINE_RATE) - in;
    gint64 from = MAX(first, start), to = MIN(first + (gint64)count, start + length);

    if (clip->mute || !clip->media || from >= to)
        return TRUE;
    g_autofree float *samples = g_new(float, 2 * (gsize)(to - from));
    if (!rushes_media_read(clip->media, in + from - start, (gsize)(to - from), samples)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "%s cannot be read any more at its second %.2f; import it again.", clip->name,
                    (double)(in + from - start) / RUSHES_TIMELINE_RATE);
        return FALSE;
    }
    double seconds = (double)length / RUSHES_TIMELINE_RATE;
    for (gint64 n = from; n < to; n++) {
        double t = (double)(n - start) / RUSHES_TIMELINE_RATE;
        double gain = clip->gain * ramp(t, clip->fade_in) * ramp(seconds - t, clip->fade_out);
        for (int c = 0; c < 2; c++)
            out[2 * (n - first) + c] += (float)(gain * (double)samples[2 * (n - from) + c]);
    }
    return TRUE;
}

gboolean rushes_mixer_run(const RushesTimeline *timeline, gint64 first, gsize count, float *out,
                          GError **error)
{
    gboolean whole = TRUE;

    memset(out, 0, count * RUSHES_TIMELINE_CHANNELS * sizeof(*out));
    for (guint i = 0; i < timeline->cuts->len; i++)
        whole = mix_cut(timeline, i, first, count, out, whole ? error : NULL) && whole;
    for (guint i = 0; i < timeline->sound->len; i++)
        whole = mix_clip(g_ptr_array_index(timeline->sound, i), first, count, out,
                         whole ? error : NULL) &&
                whole;
    return whole;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/frame-source.h"

#include <math.h>

G_DEFINE_INTERFACE(RushesFrameSource, rushes_frame_source, G_TYPE_OBJECT)

static guint changed_signal;

static void rushes_frame_source_default_init(RushesFrameSourceInterface *iface)
{
    changed_signal = g_signal_new("changed", G_TYPE_FROM_INTERFACE(iface), G_SIGNAL_RUN_LAST, 0,
                                  NULL, NULL, NULL, G_TYPE_NONE, 0);
}

void rushes_frame_source_get_format(RushesFrameSource *self, RushesFrameFormat *format)
{
    *format = (RushesFrameFormat){0};
    RUSHES_FRAME_SOURCE_GET_IFACE(self)->get_format(self, format);
}

GBytes *rushes_frame_source_read_frame(RushesFrameSource *self, int index, GError **error)
{
    return RUSHES_FRAME_SOURCE_GET_IFACE(self)->read_frame(self, index, error);
}

gboolean rushes_frame_source_read_samples(RushesFrameSource *self, gint64 first, gsize count,
                                          float *out, GError **error)
{
    return RUSHES_FRAME_SOURCE_GET_IFACE(self)->read_samples(self, first, count, out, error);
}

void rushes_frame_source_changed(RushesFrameSource *self)
{
    g_signal_emit(self, changed_signal, 0);
}

// Mean of the pixels that fall into one pixel of the thumbnail.
static void average_cell(const guint8 *rgb, int stride, int x0, int x1, int y0, int y1, guint8 *out)
{
    guint sum[3] = {0};
    guint count = (guint)((x1 - x0) * (y1 - y0));

    for (int y = y0; y < y1; y++) {
        const guint8 *pixel = rgb + (gsize)y * (gsize)stride + (gsize)x0 * 3;
        for (int x = x0; x < x1; x++, pixel += 3) {
            sum[0] += pixel[0];
            sum[1] += pixel[1];
            sum[2] += pixel[2];
        }
    }
    for (int c = 0; c < 3; c++)
        out[c] = (guint8)((sum[c] + count / 2) / count);
}

GBytes *rushes_frame_source_read_thumbnail(RushesFrameSource *self, int index, int width,
                                           int height, int *thumb_width, int *thumb_height)
{
    RushesFrameFormat format;

    rushes_frame_source_get_format(self, &format);
    g_autoptr(GBytes) frame = rushes_frame_source_read_frame(self, index, NULL);
    if (!frame)
        return NULL;
    double scale = MIN(1.0, MIN((double)width / format.width, (double)height / format.height));
    int w = MAX(1, (int)(format.width * scale)), h = MAX(1, (int)(format.height * scale));
    const guint8 *rgb = g_bytes_get_data(frame, NULL);
    guint8 *small = g_malloc((gsize)w * (gsize)h * 3);
    for (int y = 0; y < h; y++) {
        int y0 = y * format.height / h, y1 = MAX(y0 + 1, (y + 1) * format.height / h);
        for (int x = 0; x < w; x++) {
            int x0 = x * format.width / w, x1 = MAX(x0 + 1, (x + 1) * format.width / w);
            average_cell(rgb, format.width * 3, x0, x1, y0, y1, small + (y * w + x) * 3);
        }
    }
    *thumb_width = w;
    *thumb_height = h;
    return g_bytes_new_take(small, (gsize)w * (gsize)h * 3);
}

void rushes_frame_source_read_peaks(RushesFrameSource *self, guint count, guint first, guint end,
                                    float *peaks)
{
    RushesFrameFormat format;

    rushes_frame_source_get_format(self, &format);
    for (guint i = first; i < end; i++)
        peaks[i] = 0;
    if (format.rate <= 0 || format.fps <= 0 || format.channels <= 0)
        return;
    double span = format.frames / format.fps * format.rate / count; // samples
    gsize most = (gsize)span + 2;
    g_autofree float *samples = g_new(float, most *(gsize)format.channels);
    for (guint i = first; i < end; i++) {
        gint64 from = (gint64)(i * span);
        gsize n = MIN(most, (gsize)MAX(1, (gint64)((i + 1) * span) - from));
        if (from >= format.samples)
            break;
        rushes_frame_source_read_samples(self, from, n, samples, NULL);
        for (gsize k = 0; k < n * (gsize)format.channels; k++)
            peaks[i] = MAX(peaks[i], fabsf(samples[k]));
    }
}

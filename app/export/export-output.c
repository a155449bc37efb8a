// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/export-output.h"

#include <gst/gst.h>
#include <math.h>

gboolean rushes_export_output_open(RushesExportOutput *out, const char *path,
                                   const RushesExportOptions *options,
                                   const RushesFrameFormat *format, GError **error)
{
    if (options->container == RUSHES_CONTAINER_GIF) {
        out->gif = rushes_gif_writer_new(path, format->width, format->height, format->fps, error);
        return out->gif != NULL;
    }
    RushesClipFormat clip = {
        .container = options->container,
        .width = format->width,
        .height = format->height,
        .pixels = RUSHES_PIXELS_RGB,
        .rate = rushes_container_has_sound(options->container) ? format->rate : 0,
        .channels = format->channels,
        .quality = options->quality,
    };
    gst_util_double_to_fraction(format->fps, &clip.fps_num, &clip.fps_den);
    out->clip = rushes_clip_writer_new(path, &clip, error);
    if (out->clip && options->recipe)
        rushes_clip_writer_set_recipe(out->clip, options->recipe);
    return out->clip != NULL;
}

gboolean rushes_export_output_add_frame(RushesExportOutput *out, const guint8 *rgb, GError **error)
{
    return out->gif ? rushes_gif_writer_add_frame(out->gif, rgb, error)
                    : rushes_clip_writer_add_frame(out->clip, rgb, error);
}

// From one frame's first sample to the next one's.
gboolean rushes_export_output_add_sound(RushesExportOutput *out, RushesFrameSource *source,
                                        const RushesFrameFormat *format, int frame,
                                        RushesLimiter *limiter, GError **error)
{
    gint64 from = llround(frame / format->fps * format->rate);
    gint64 to = frame + 1 == format->frames ? llround(format->frames / format->fps * format->rate)
                                            : llround((frame + 1) / format->fps * format->rate);
    gsize count = (gsize)(to - from), values = count * (gsize)format->channels;
    g_autofree float *samples = g_new(float, values);

    if (!(limiter ? rushes_limiter_read(limiter, count, samples, error)
                  : rushes_frame_source_read_samples(source, from, count, samples, error)))
        return FALSE;
    for (gsize i = 0; i < values; i++)
        samples[i] = CLAMP(samples[i], -1.0f, 1.0f);
    return rushes_clip_writer_add_samples(out->clip, samples, count, error);
}

gboolean rushes_export_output_finish(RushesExportOutput *out, GError **error)
{
    return out->gif ? rushes_gif_writer_finish(out->gif, error)
                    : rushes_clip_writer_finish(out->clip, error);
}

void rushes_export_output_clear(RushesExportOutput *out)
{
    g_clear_pointer(&out->clip, rushes_clip_writer_free);
    g_clear_pointer(&out->gif, rushes_gif_writer_free);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/picture-marks.h"

#include "marks/visible-mark.h"
#include "marks/watermark.h"

struct RushesPictureMarks {
    int width, height;
    double fps;
    gboolean is_visible;
    GArray *spans; // RushesMarkSpan
    RushesWatermarker *marker;
};

RushesPictureMarks *rushes_picture_marks_new(int width, int height, double fps,
                                             const RushesMarkSpan *spans, gsize count,
                                             gboolean is_visible)
{
    RushesPictureMarks *self = g_new0(RushesPictureMarks, 1);

    self->width = width;
    self->height = height;
    self->fps = fps;
    self->is_visible = is_visible;
    self->spans = g_array_new(FALSE, FALSE, sizeof(RushesMarkSpan));
    g_array_append_vals(self->spans, spans, (guint)count);
    if (count > 0)
        self->marker = rushes_watermarker_new(width, height, fps);
    return self;
}

void rushes_picture_marks_free(RushesPictureMarks *self)
{
    if (!self)
        return;
    rushes_watermarker_free(self->marker);
    g_array_unref(self->spans);
    g_free(self);
}

static const RushesMarkSpan *find_span(RushesPictureMarks *self, int frame)
{
    const RushesMarkSpan *found = NULL;

    for (guint i = 0; i < self->spans->len; i++) {
        const RushesMarkSpan *span = &g_array_index(self->spans, RushesMarkSpan, i);
        if (span->frame > frame)
            break;
        found = span;
    }
    return found;
}

GBytes *rushes_picture_marks_apply(RushesPictureMarks *self, int frame, GBytes *picture)
{
    const RushesMarkSpan *span = find_span(self, frame);

    if (!picture || (!span && !self->is_visible))
        return picture;
    gsize bytes;
    guint8 *rgb = g_bytes_unref_to_data(picture, &bytes); // copies only what somebody else holds
    if (self->is_visible)
        rushes_visible_mark_draw(rgb, self->width, self->height, (frame + 0.5) / self->fps);
    if (span)
        rushes_watermarker_apply(self->marker, span->payload, frame, rgb);
    return g_bytes_new_take(rgb, bytes);
}

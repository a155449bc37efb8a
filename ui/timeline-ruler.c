// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-ruler.c - the seconds above the lanes, and the play head over them.
#include <math.h>

#include "timeline-private.h"

static double choose_step(double scale)
{
    static const double steps[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300};

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
        if (steps[i] * scale >= 64)
            return steps[i];
    return 1200;
}

void timeline_draw_ruler(RushesTimelineRow *self, GtkSnapshot *snapshot, float width)
{
    double step = choose_step(self->scale);
    GdkRGBA color;

    gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(self)), &color);
    color.alpha *= 0.55f;
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(GTK_WIDGET(self), NULL);
    PangoAttrList *small = pango_attr_list_new();
    pango_attr_list_insert(small, pango_attr_scale_new(0.78));
    pango_layout_set_attributes(layout, small);
    pango_attr_list_unref(small);
    int first = (int)MAX(0, floor(timeline_seconds(self, -64) / step));
    for (int i = first;; i++) {
        double seconds = i * step;
        float x = (float)timeline_x(self, seconds);
        if (x >= width)
            break;
        g_autofree char *text =
            step < 1 ? g_strdup_printf("%d:%04.1f", (int)(seconds / 60), fmod(seconds, 60))
                     : g_strdup_printf("%d:%02d", (int)(seconds / 60), (int)seconds % 60);
        pango_layout_set_text(layout, text, -1);
        gtk_snapshot_append_color(snapshot, &color,
                                  &GRAPHENE_RECT_INIT(x, TIMELINE_RULER - 6, 1, 6));
        int text_width;
        pango_layout_get_pixel_size(layout, &text_width, NULL);
        if (x + 4 + (float)text_width > width) // no number is better than half of one
            break;
        gtk_snapshot_save(snapshot);
        gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(x + 4, 6));
        gtk_snapshot_append_layout(snapshot, layout, &color);
        gtk_snapshot_restore(snapshot);
    }
}

void timeline_draw_head(RushesTimelineRow *self, GtkSnapshot *snapshot, float width, float height)
{
    const GdkRGBA head = {0.92f, 0.38f, 0, 1}, line = {0.2f, 0.5f, 0.9f, 1};
    double seconds = timeline_head(self);
    float x = (float)timeline_x(self, seconds);

    if (self->snap_line >= 0)
        gtk_snapshot_append_color(
            snapshot, &line,
            &GRAPHENE_RECT_INIT((float)timeline_x(self, self->snap_line) - 0.5f, 0, 1, height));
    if (self->drop_x >= 0)
        gtk_snapshot_append_color(snapshot, &line,
                                  &GRAPHENE_RECT_INIT((float)self->drop_x - 1, TIMELINE_RULER, 3,
                                                      height - TIMELINE_RULER));
    if (seconds < 0 || x < -6 || x > width + 6)
        return;
    gtk_snapshot_append_color(snapshot, &head, &GRAPHENE_RECT_INIT(x - 1, 0, 2, height));
    cairo_t *cr = gtk_snapshot_append_cairo(snapshot, &GRAPHENE_RECT_INIT(x - 7, 0, 14, 10));
    gdk_cairo_set_source_rgba(cr, &head);
    cairo_move_to(cr, x - 6, 0);
    cairo_line_to(cr, x + 6, 0);
    cairo_line_to(cr, x, 9);
    cairo_fill(cr);
    cairo_destroy(cr);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-block.h"

#include "popover-at.h"

#define HANDLE   8 // pixels at each end that trim
#define KNOB     5 // radius of what changes a fade
#define KNOB_TOP 8 // its centre, from the top; from the bottom for a dissolve

// Where the knob of something that reaches that far into the block stands, from its end of the block.
static double knob_x(double reach)
{
    return MAX(reach, 2 * KNOB + 4);
}

RushesBlockPart rushes_block_find_part(GtkWidget *block, double x, double y, RushesBlockFades fades)
{
    double width = gtk_widget_get_width(block), height = gtk_widget_get_height(block);
    double handle = MIN(HANDLE, width / 4);

    if (y < KNOB_TOP + KNOB + 2 && width > 6 * KNOB) {
        if (ABS(x - knob_x(fades.in)) <= KNOB + 2)
            return RUSHES_BLOCK_FADE_IN;
        if (ABS(width - x - knob_x(fades.out)) <= KNOB + 2)
            return RUSHES_BLOCK_FADE_OUT;
    }
    if (fades.dissolve >= 0 && y > height - KNOB_TOP - KNOB - 2 && width > 6 * KNOB &&
        ABS(x - knob_x(fades.dissolve)) <= KNOB + 2)
        return RUSHES_BLOCK_DISSOLVE;
    if (x < handle)
        return RUSHES_BLOCK_START;
    return x > width - handle ? RUSHES_BLOCK_END : RUSHES_BLOCK_BODY;
}

void rushes_block_set_cursor(GtkWidget *block, RushesBlockPart part)
{
    static const char *const names[] = {
        [RUSHES_BLOCK_BODY] = "default",       [RUSHES_BLOCK_START] = "w-resize",
        [RUSHES_BLOCK_END] = "e-resize",       [RUSHES_BLOCK_FADE_IN] = "ew-resize",
        [RUSHES_BLOCK_FADE_OUT] = "ew-resize", [RUSHES_BLOCK_DISSOLVE] = "ew-resize"};

    gtk_widget_set_cursor_from_name(block, names[part]);
}

void rushes_block_draw_wave(GtkSnapshot *snapshot, const graphene_rect_t *area,
                            const RushesPeaks *peaks, double from, double seconds, double gain,
                            double clip_left, double clip_right, const GdkRGBA *color)
{
    const float bar = 2;
    double left = area->origin.x, width = area->size.width;
    float middle = area->origin.y + area->size.height / 2;
    // Bars stand at whole steps of the area, so that they do not crawl while it scrolls.
    double first = MAX(0, (int)((clip_left - left) / bar) * bar);

    if (!peaks || peaks->count == 0 || width <= 0)
        return;
    for (double x = first; x < width && left + x < clip_right; x += bar) {
        double begin = (from + x / width * seconds) * RUSHES_PEAKS_A_SECOND;
        double end = (from + (x + bar) / width * seconds) * RUSHES_PEAKS_A_SECOND;
        float loud = 0;
        if (begin >= (double)peaks->count)
            break;
        for (gsize i = (gsize)MAX(0, begin); i < peaks->count && (i < (gsize)end || loud == 0);
             i++) {
            loud = MAX(loud, peaks->values[i]);
            if (i >= (gsize)end)
                break;
        }
        float half = MAX(0.5f, MIN(1.0f, loud * (float)gain) * area->size.height / 2);
        gtk_snapshot_append_color(
            snapshot, color,
            &GRAPHENE_RECT_INIT((float)(left + x), middle - half, bar - 0.6f, half * 2));
    }
}

static void draw_slope(cairo_t *cr, double x0, double x1, double height)
{
    cairo_move_to(cr, x0, 0);
    cairo_line_to(cr, x1, 0);
    cairo_line_to(cr, x0, height);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void draw_knob(cairo_t *cr, double x, double y)
{
    cairo_arc(cr, x, y, KNOB, 0, 2 * G_PI);
    cairo_set_source_rgba(cr, 1, 1, 1, 0.95);
    cairo_fill_preserve(cr);
    cairo_set_source_rgba(cr, 0, 0, 0, 0.6);
    cairo_set_line_width(cr, 1);
    cairo_stroke(cr);
}

void rushes_block_draw_fades(GtkSnapshot *snapshot, float width, float height,
                             RushesBlockFades fades, gboolean has_knobs)
{
    if (!has_knobs && fades.in <= 0 && fades.out <= 0)
        return;
    cairo_t *cr = gtk_snapshot_append_cairo(snapshot, &GRAPHENE_RECT_INIT(0, 0, width, height));
    cairo_set_source_rgba(cr, 0, 0, 0, 0.5);
    if (fades.in > 0)
        draw_slope(cr, 0, MIN(fades.in, width), height);
    if (fades.out > 0)
        draw_slope(cr, width, MAX(0, width - fades.out), height);
    if (has_knobs && width > 6 * KNOB) {
        draw_knob(cr, knob_x(fades.in), KNOB_TOP);
        draw_knob(cr, width - knob_x(fades.out), KNOB_TOP);
        if (fades.dissolve >= 0)
            draw_knob(cr, knob_x(fades.dissolve), height - KNOB_TOP);
    }
    cairo_destroy(cr);
}

void rushes_block_visible_range(GtkWidget *block, double *left, double *right)
{
    GtkWidget *parent = gtk_widget_get_parent(block);
    graphene_rect_t bounds;

    *left = 0;
    *right = gtk_widget_get_width(block);
    if (!parent || !gtk_widget_compute_bounds(block, parent, &bounds))
        return;
    *left = MAX(0, -bounds.origin.x);
    *right = MIN(*right, gtk_widget_get_width(parent) - bounds.origin.x);
}

void rushes_block_allocate_popovers(GtkWidget *block)
{
    for (GtkWidget *at = gtk_widget_get_first_child(block); at;
         at = gtk_widget_get_next_sibling(at))
        if (GTK_IS_POPOVER(at))
            gtk_popover_present(GTK_POPOVER(at));
}

void rushes_block_drop_children(GtkWidget *block)
{
    GtkWidget *child;

    while ((child = gtk_widget_get_first_child(block)))
        gtk_widget_unparent(child);
}

void rushes_block_popup_menu(GtkWidget *block, const RushesBlockMenuItem *items, gsize count,
                             double x, double y)
{
    g_autoptr(GMenu) menu = g_menu_new();
    g_autoptr(GMenu) section = g_menu_new();

    for (gsize i = 0; i < count; i++) {
        if (items[i].action) {
            g_menu_append(section, items[i].label, items[i].action);
            continue;
        }
        g_menu_append_section(menu, NULL, G_MENU_MODEL(section));
        g_object_unref(section);
        section = g_menu_new();
    }
    g_menu_append_section(menu, NULL, G_MENU_MODEL(section));
    GtkWidget *popover = gtk_popover_menu_new_from_model(G_MENU_MODEL(menu));
    gtk_popover_set_pointing_to(GTK_POPOVER(popover), &(GdkRectangle){(int)x, (int)y, 1, 1});
    rushes_popover_open_at(GTK_POPOVER(popover), block);
}

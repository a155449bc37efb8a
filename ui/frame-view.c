// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame-view.h"

#include <math.h>

#include "texture.h"

#define GAP 6 // pixels between pictures side by side

typedef struct Slot {
    GdkTexture *texture;
    GBytes *rgb;
    int width, height;
    PangoLayout *caption;
    GdkTexture *difference; // from the first one, NULL until it is drawn
} Slot;

struct _RushesFrameView {
    GtkWidget parent_instance;

    Slot slots[RUSHES_FRAME_VIEW_MOST];
    guint count;
    RushesFrameViewMode mode;
    double wipe, zoom, shown_zoom;
    double pan_x, pan_y, pan_from_x, pan_from_y;
    gboolean drags_wipe;
};

G_DEFINE_FINAL_TYPE(RushesFrameView, rushes_frame_view, GTK_TYPE_WIDGET)

static void slot_clear(Slot *slot)
{
    g_clear_object(&slot->texture);
    g_clear_pointer(&slot->rgb, g_bytes_unref);
    g_clear_object(&slot->caption);
    g_clear_object(&slot->difference);
}

static void rushes_frame_view_dispose(GObject *object)
{
    RushesFrameView *self = RUSHES_FRAME_VIEW(object);

    for (guint i = 0; i < RUSHES_FRAME_VIEW_MOST; i++)
        slot_clear(&self->slots[i]);
    G_OBJECT_CLASS(rushes_frame_view_parent_class)->dispose(object);
}

// Where a picture of that size stands inside `area`, at the zoom that is set.
static graphene_rect_t place(RushesFrameView *self, const Slot *slot, const graphene_rect_t *area)
{
    float scale = (float)self->zoom;
    float pan_x = (float)self->pan_x, pan_y = (float)self->pan_y;

    if (self->zoom == 0) {
        scale = MIN(area->size.width / (float)slot->width, area->size.height / (float)slot->height);
        pan_x = pan_y = 0;
    }
    self->shown_zoom = scale;
    float width = (float)slot->width * scale, height = (float)slot->height * scale;
    return GRAPHENE_RECT_INIT(roundf(area->origin.x + (area->size.width - width) / 2 + pan_x),
                              roundf(area->origin.y + (area->size.height - height) / 2 + pan_y),
                              width, height);
}

static void draw_caption(GtkSnapshot *snapshot, const Slot *slot, const graphene_rect_t *picture,
                         const graphene_rect_t *area)
{
    const GdkRGBA white = {1, 1, 1, 1}, shade = {0, 0, 0, 0.55f};
    int width, height;

    if (!slot->caption)
        return;
    float x = MAX(picture->origin.x, area->origin.x) + 10;
    float y = MAX(picture->origin.y, area->origin.y) + 10;
    // An upright picture is narrow: the name may reach beyond it.
    float room = area->origin.x + area->size.width - x - 26;
    pango_layout_set_width(slot->caption, (int)MAX(40, room) * PANGO_SCALE);
    pango_layout_get_pixel_size(slot->caption, &width, &height);
    GskRoundedRect plate;
    gsk_rounded_rect_init_from_rect(
        &plate, &GRAPHENE_RECT_INIT(x, y, (float)width + 16, (float)height + 6), 6);
    gtk_snapshot_push_rounded_clip(snapshot, &plate);
    gtk_snapshot_append_color(snapshot, &shade, &plate.bounds);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_save(snapshot);
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(x + 8, y + 3));
    gtk_snapshot_append_layout(snapshot, slot->caption, &white);
    gtk_snapshot_restore(snapshot);
}

// `texture` has the size of the slot's own; `caption_area` is where its name may stand: the whole, or its part
// of the wipe.
static void draw_slot(RushesFrameView *self, GtkSnapshot *snapshot, guint i, GdkTexture *texture,
                      const graphene_rect_t *area, const graphene_rect_t *caption_area)
{
    const Slot *slot = &self->slots[i];
    graphene_rect_t picture = texture ? place(self, slot, area) : *area;
    gtk_snapshot_push_clip(snapshot, caption_area);
    if (texture)
        gtk_snapshot_append_texture(snapshot, texture, &picture);
    draw_caption(snapshot, slot, &picture, caption_area);
    gtk_snapshot_pop(snapshot);
}

// Lines at equal distances, bent so that one in the middle stands where the wipe does.
static float wipe_edge(const RushesFrameView *self, guint i, float width)
{
    double wipe = CLAMP(self->wipe, 0.001, 0.999);
    if (i == 0 || i == self->count)
        return i == 0 ? 0 : width;
    return width * (float)pow((double)i / self->count, log(wipe) / log(0.5));
}

static void draw_wipe(RushesFrameView *self, GtkSnapshot *snapshot, const graphene_rect_t *area)
{
    const GdkRGBA line = {1, 1, 1, 0.9f};

    for (guint i = 0; i < self->count; i++) {
        float x = wipe_edge(self, i, area->size.width);
        float end = wipe_edge(self, i + 1, area->size.width);
        graphene_rect_t part = GRAPHENE_RECT_INIT(x, 0, end - x, area->size.height);
        draw_slot(self, snapshot, i, self->slots[i].texture, area, &part);
        if (i > 0)
            gtk_snapshot_append_color(snapshot, &line,
                                      &GRAPHENE_RECT_INIT(x - 1, 0, 2, area->size.height));
    }
}

// In the size of `b`; where `a` is of another, its nearest pixels are taken.
static GdkTexture *make_difference(const Slot *a, const Slot *b)
{
    gsize width = (gsize)b->width, height = (gsize)b->height;

    if (!a->rgb || !b->rgb)
        return NULL;
    const guint8 *left = g_bytes_get_data(a->rgb, NULL), *right = g_bytes_get_data(b->rgb, NULL);
    guint8 *out = g_malloc(width * height * 3);
    for (gsize y = 0; y < height; y++) {
        const guint8 *row = left + y * (gsize)a->height / height * (gsize)a->width * 3;
        for (gsize x = 0; x < width; x++) {
            const guint8 *pixel = row + x * (gsize)a->width / width * 3;
            for (gsize c = 0, i = (y * width + x) * 3; c < 3; c++, i++)
                out[i] = pixel[c] > right[i] ? pixel[c] - right[i] : right[i] - pixel[c];
        }
    }
    g_autoptr(GBytes) rgb = g_bytes_new_take(out, width * height * 3);
    return rushes_texture_new(rgb, b->width, b->height);
}

static GdkTexture *get_difference(RushesFrameView *self, guint i)
{
    Slot *slot = &self->slots[i];
    if (!slot->difference)
        slot->difference = make_difference(&self->slots[0], slot);
    return slot->difference;
}

static void rushes_frame_view_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RushesFrameView *self = RUSHES_FRAME_VIEW(widget);
    float width = (float)gtk_widget_get_width(widget);
    float height = (float)gtk_widget_get_height(widget);
    graphene_rect_t area = GRAPHENE_RECT_INIT(0, 0, width, height);

    if (self->count >= 2 && self->mode == RUSHES_FRAME_VIEW_WIPE) {
        draw_wipe(self, snapshot, &area);
        return;
    }
    gboolean differ = self->count >= 2 && self->mode == RUSHES_FRAME_VIEW_DIFFERENCE;
    if (differ && self->count == 2) {
        draw_slot(self, snapshot, 1, get_difference(self, 1), &area, &area);
        return;
    }
    guint columns = self->count > 2 ? 2 : self->count, rows = self->count > 2 ? 2 : 1;
    for (guint i = 0; i < self->count; i++) {
        float w = (width - (float)(columns - 1) * GAP) / (float)columns;
        float h = (height - (float)(rows - 1) * GAP) / (float)rows;
        area = GRAPHENE_RECT_INIT((float)(i % columns) * (w + GAP),
                                  (float)(i / columns) * (h + GAP), w, h);
        draw_slot(self, snapshot, i,
                  differ && i > 0 ? get_difference(self, i) : self->slots[i].texture, &area, &area);
    }
}

static void rushes_frame_view_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
                                      int *minimum, int *natural, int *minimum_baseline,
                                      int *natural_baseline)
{
    *minimum = 96;
    *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 512 : 320;
}

static void on_drag_begin(GtkGestureDrag *gesture, double x, double y, RushesFrameView *self)
{
    gtk_widget_grab_focus(GTK_WIDGET(self)); // from here on letters are the transport's
    self->drags_wipe = self->count >= 2 && self->mode == RUSHES_FRAME_VIEW_WIPE;
    self->pan_from_x = self->drags_wipe ? x : self->pan_x;
    self->pan_from_y = self->pan_y;
    if (self->drags_wipe)
        rushes_frame_view_set_wipe(self, x / MAX(1, gtk_widget_get_width(GTK_WIDGET(self))));
}

static void on_drag_update(GtkGestureDrag *gesture, double dx, double dy, RushesFrameView *self)
{
    if (self->drags_wipe) {
        rushes_frame_view_set_wipe(self, (self->pan_from_x + dx) /
                                             MAX(1, gtk_widget_get_width(GTK_WIDGET(self))));
    } else if (self->zoom > 0) {
        self->pan_x = self->pan_from_x + dx;
        self->pan_y = self->pan_from_y + dy;
        gtk_widget_queue_draw(GTK_WIDGET(self));
    }
}

static void rushes_frame_view_class_init(RushesFrameViewClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_frame_view_dispose;
    widget->snapshot = rushes_frame_view_snapshot;
    widget->measure = rushes_frame_view_measure;
    gtk_widget_class_set_css_name(widget, "frameview");
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_IMG);
}

static void rushes_frame_view_init(RushesFrameView *self)
{
    GtkGesture *drag = gtk_gesture_drag_new();

    self->wipe = 0.5;
    self->shown_zoom = 1;
    g_signal_connect(drag, "drag-begin", G_CALLBACK(on_drag_begin), self);
    g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag_update), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Preview",
                                   -1);
}

void rushes_frame_view_set_count(RushesFrameView *self, guint count)
{
    count = MIN(count, RUSHES_FRAME_VIEW_MOST);
    for (guint i = count; i < RUSHES_FRAME_VIEW_MOST; i++)
        slot_clear(&self->slots[i]);
    self->count = count;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void rushes_frame_view_set_caption(RushesFrameView *self, guint slot, const char *caption)
{
    g_return_if_fail(slot < RUSHES_FRAME_VIEW_MOST);

    PangoLayout **layout = &self->slots[slot].caption;
    if (*layout && g_strcmp0(pango_layout_get_text(*layout), caption) == 0)
        return;
    g_clear_object(layout);
    if (caption && *caption)
        *layout = gtk_widget_create_pango_layout(GTK_WIDGET(self), caption);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                   caption ? caption : "", -1);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void rushes_frame_view_set_frame(RushesFrameView *self, guint index, GBytes *rgb, int width,
                                 int height)
{
    g_return_if_fail(index < RUSHES_FRAME_VIEW_MOST);
    Slot *slot = &self->slots[index];

    g_clear_object(&slot->texture);
    g_clear_pointer(&slot->rgb, g_bytes_unref);
    for (guint i = 0; i < RUSHES_FRAME_VIEW_MOST; i++) {
        if (index == 0 || i == index)
            g_clear_object(&self->slots[i].difference);
    }
    if (rgb) {
        slot->texture = rushes_texture_new(rgb, width, height);
        slot->rgb = g_bytes_ref(rgb);
        slot->width = width;
        slot->height = height;
        self->count = MAX(self->count, index + 1);
    }
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void rushes_frame_view_set_mode(RushesFrameView *self, RushesFrameViewMode mode)
{
    self->mode = mode;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

RushesFrameViewMode rushes_frame_view_get_mode(RushesFrameView *self)
{
    return self->mode;
}

void rushes_frame_view_set_wipe(RushesFrameView *self, double share)
{
    self->wipe = CLAMP(share, 0, 1);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

double rushes_frame_view_get_wipe(RushesFrameView *self)
{
    return self->wipe;
}

void rushes_frame_view_set_zoom(RushesFrameView *self, double zoom)
{
    self->zoom = zoom <= 0 ? 0 : CLAMP(zoom, 0.125, 16);
    self->pan_x = self->pan_y = 0;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

double rushes_frame_view_get_zoom(RushesFrameView *self)
{
    return self->zoom;
}

double rushes_frame_view_get_shown_zoom(RushesFrameView *self)
{
    return self->shown_zoom;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-crop.h"

#include "timeline/picture-scaler.h"

#define SHOWN_HEIGHT 96
#define KEY_STEP     0.05

struct _RushesTimelineCrop {
    GtkWidget parent_instance;

    GdkTexture *picture;
    int width, height;               // of the take
    int canvas_width, canvas_height; // of the film
    double x, y;
    double held_x, held_y;
};

static guint moved_signal;

G_DEFINE_FINAL_TYPE(RushesTimelineCrop, rushes_timeline_crop, GTK_TYPE_WIDGET)

static void rushes_timeline_crop_dispose(GObject *object)
{
    g_clear_object(&RUSHES_TIMELINE_CROP(object)->picture);
    G_OBJECT_CLASS(rushes_timeline_crop_parent_class)->dispose(object);
}

static void rushes_timeline_crop_measure(GtkWidget *widget, GtkOrientation orientation,
                                         int for_size, int *minimum, int *natural,
                                         int *minimum_baseline, int *natural_baseline)
{
    RushesTimelineCrop *self = RUSHES_TIMELINE_CROP(widget);

    *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL
                              ? SHOWN_HEIGHT
                              : SHOWN_HEIGHT * self->width / MAX(1, self->height);
}

static RushesCropArea kept_area(RushesTimelineCrop *self)
{
    return rushes_crop_area(self->width, self->height, self->x, self->y, self->canvas_width,
                            self->canvas_height);
}

static void rushes_timeline_crop_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RushesTimelineCrop *self = RUSHES_TIMELINE_CROP(widget);
    const GdkRGBA shade = {0, 0, 0, 0.6f}, frame = {1, 1, 1, 1};
    float height = SHOWN_HEIGHT, scale = height / (float)self->height;
    float width = (float)self->width * scale;
    RushesCropArea kept = kept_area(self);
    graphene_rect_t inside =
        GRAPHENE_RECT_INIT((float)kept.x * scale, (float)kept.y * scale, (float)kept.width * scale,
                           (float)kept.height * scale);
    float right = inside.origin.x + inside.size.width,
          bottom = inside.origin.y + inside.size.height;
    const graphene_rect_t shaded[] = {
        GRAPHENE_RECT_INIT(0, 0, inside.origin.x, height),
        GRAPHENE_RECT_INIT(right, 0, width - right, height),
        GRAPHENE_RECT_INIT(inside.origin.x, 0, inside.size.width, inside.origin.y),
        GRAPHENE_RECT_INIT(inside.origin.x, bottom, inside.size.width, height - bottom),
    };

    if (self->picture)
        gtk_snapshot_append_texture(snapshot, self->picture,
                                    &GRAPHENE_RECT_INIT(0, 0, width, height));
    for (guint i = 0; i < G_N_ELEMENTS(shaded); i++)
        if (shaded[i].size.width > 0 && shaded[i].size.height > 0)
            gtk_snapshot_append_color(snapshot, &shade, &shaded[i]);
    GskRoundedRect outline;
    gsk_rounded_rect_init_from_rect(&outline, &inside, 0);
    gtk_snapshot_append_border(snapshot, &outline, (float[4]){2, 2, 2, 2},
                               (GdkRGBA[4]){frame, frame, frame, frame});
}

static void update_name(RushesTimelineCrop *self)
{
    g_autofree char *name = g_strdup_printf(
        "Crop position: %.0f %% from the left, %.0f %% from the top", self->x * 100, self->y * 100);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void rushes_timeline_crop_set_position(RushesTimelineCrop *self, double x, double y)
{
    self->x = CLAMP(x, 0, 1);
    self->y = CLAMP(y, 0, 1);
    update_name(self);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void move(RushesTimelineCrop *self, double x, double y, gboolean last)
{
    rushes_timeline_crop_set_position(self, x, y);
    g_signal_emit(self, moved_signal, 0, self->x, self->y, last);
}

static void on_drag_begin(GtkGestureDrag *gesture, double x, double y, RushesTimelineCrop *self)
{
    gtk_widget_grab_focus(GTK_WIDGET(self));
    self->held_x = self->x;
    self->held_y = self->y;
}

static void drag_to(RushesTimelineCrop *self, double dx, double dy, gboolean last)
{
    RushesCropArea kept = kept_area(self);
    double scale = SHOWN_HEIGHT / (double)self->height;
    // What moves is the part that stays, over what there is beside it.
    double beside_x = (self->width - kept.width) * scale,
           beside_y = (self->height - kept.height) * scale;

    move(self, beside_x > 0.5 ? self->held_x + dx / beside_x : self->x,
         beside_y > 0.5 ? self->held_y + dy / beside_y : self->y, last);
}

static void on_drag_update(GtkGestureDrag *gesture, double dx, double dy, RushesTimelineCrop *self)
{
    drag_to(self, dx, dy, FALSE);
}

static void on_drag_end(GtkGestureDrag *gesture, double dx, double dy, RushesTimelineCrop *self)
{
    drag_to(self, dx, dy, TRUE);
}

static gboolean on_key(GtkWidget *widget, GVariant *args, gpointer data)
{
    RushesTimelineCrop *self = RUSHES_TIMELINE_CROP(widget);
    double dx, dy;

    g_variant_get(args, "(dd)", &dx, &dy);
    move(self, self->x + dx, self->y + dy, TRUE);
    return TRUE;
}

static void rushes_timeline_crop_class_init(RushesTimelineCropClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_timeline_crop_dispose;
    widget->measure = rushes_timeline_crop_measure;
    widget->snapshot = rushes_timeline_crop_snapshot;
    gtk_widget_class_set_css_name(widget, "cropview");
    gtk_widget_class_add_binding(widget, GDK_KEY_Left, 0, on_key, "(dd)", -KEY_STEP, 0.0);
    gtk_widget_class_add_binding(widget, GDK_KEY_Right, 0, on_key, "(dd)", KEY_STEP, 0.0);
    gtk_widget_class_add_binding(widget, GDK_KEY_Up, 0, on_key, "(dd)", 0.0, -KEY_STEP);
    gtk_widget_class_add_binding(widget, GDK_KEY_Down, 0, on_key, "(dd)", 0.0, KEY_STEP);
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_IMG);
    moved_signal =
        g_signal_new("moved", RUSHES_TYPE_TIMELINE_CROP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 3, G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
}

static void rushes_timeline_crop_init(RushesTimelineCrop *self)
{
    GtkGesture *drag = gtk_gesture_drag_new();

    g_signal_connect(drag, "drag-begin", G_CALLBACK(on_drag_begin), self);
    g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag_update), self);
    g_signal_connect(drag, "drag-end", G_CALLBACK(on_drag_end), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_widget_set_halign(GTK_WIDGET(self), GTK_ALIGN_CENTER);
    gtk_widget_set_cursor_from_name(GTK_WIDGET(self), "move");
}

RushesTimelineCrop *rushes_timeline_crop_new(GdkTexture *picture, int width, int height,
                                             int canvas_width, int canvas_height)
{
    RushesTimelineCrop *self = g_object_new(RUSHES_TYPE_TIMELINE_CROP, NULL);

    g_set_object(&self->picture, picture);
    self->width = MAX(1, width);
    self->height = MAX(1, height);
    self->canvas_width = MAX(1, canvas_width);
    self->canvas_height = MAX(1, canvas_height);
    rushes_timeline_crop_set_position(self, 0.5, 0.5);
    return self;
}

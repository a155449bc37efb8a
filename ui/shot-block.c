// SPDX-License-Identifier: GPL-3.0-or-later
#include "shot-block.h"

#include <math.h>

#include "texture.h"

#define HANDLE       9 // pixels at each end that trim
#define TITLE_HEIGHT 18
#define WAVE_HEIGHT  22
#define MOST_THUMBS  40

struct _RushesShotBlock {
    GtkWidget parent_instance;

    RushesShot *shot;
    guint position; // in the row, for its name
    PangoLayout *title;
    GPtrArray *thumbnails;
    float *peaks;
    guint n_peaks;
    int made_for;    // width
    GtkWidget *menu; // NULL until it was opened
    gboolean trims_in, trims_out;
    int trim_from; // frame at the begin of the drag
};

enum { TRIMMED, CHOSEN, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesShotBlock, rushes_shot_block, GTK_TYPE_WIDGET)

static void rushes_shot_block_dispose(GObject *object)
{
    RushesShotBlock *self = RUSHES_SHOT_BLOCK(object);

    if (self->shot) {
        g_signal_handlers_disconnect_by_data(self->shot, self);
        if (rushes_shot_get_take(self->shot))
            g_signal_handlers_disconnect_by_data(rushes_shot_get_take(self->shot), self);
    }
    g_clear_pointer(&self->menu, gtk_widget_unparent);
    g_clear_object(&self->shot);
    g_clear_object(&self->title);
    g_clear_pointer(&self->thumbnails, g_ptr_array_unref);
    g_clear_pointer(&self->peaks, g_free);
    G_OBJECT_CLASS(rushes_shot_block_parent_class)->dispose(object);
}

static double pixels_a_frame(RushesShotBlock *self)
{
    return (double)gtk_widget_get_width(GTK_WIDGET(self)) / rushes_shot_get_length(self->shot);
}

static void make_pictures(RushesShotBlock *self, int width, int height)
{
    RushesTake *take = rushes_shot_get_take(self->shot);
    RushesFrameFormat format;
    int room = MAX(16, height - TITLE_HEIGHT - WAVE_HEIGHT - 6);
    int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));

    self->made_for = width;
    g_ptr_array_set_size(self->thumbnails, 0);
    g_clear_pointer(&self->peaks, g_free);
    self->n_peaks = 0;
    if (!take)
        return;
    RushesFrameSource *source = rushes_take_get_source(take);
    rushes_frame_source_get_format(source, &format);
    if (format.ready == 0 || format.height == 0)
        return;
    int in = rushes_shot_get_in(self->shot), length = rushes_shot_get_length(self->shot);
    int count = CLAMP((width - 8) / MAX(1, room * format.width / format.height), 1, MOST_THUMBS);
    for (int i = 0; i < count; i++) {
        int index = MIN(in + length * (2 * i + 1) / (2 * count), format.ready - 1);
        GdkTexture *texture = rushes_texture_new_thumbnail(source, index, 4096, room * scale);
        if (texture)
            g_ptr_array_add(self->thumbnails, texture);
    }
    // Peaks of the whole take, of which the shot shows its part.
    self->n_peaks = (guint)MAX(1, width / 2 * format.frames / MAX(1, length));
    self->n_peaks = MIN(self->n_peaks, 8000);
    self->peaks = g_new0(float, self->n_peaks);
    rushes_frame_source_read_peaks(source, self->n_peaks, self->peaks);
}

static void draw_pictures(RushesShotBlock *self, GtkSnapshot *snapshot, float width, float height)
{
    guint count = self->thumbnails->len;
    float top = TITLE_HEIGHT, bottom = WAVE_HEIGHT;

    for (guint i = 0; i < count; i++) {
        float cell = (width - 8) / (float)count;
        graphene_rect_t area =
            GRAPHENE_RECT_INIT(4 + (float)i * cell, top, cell - 1, height - top - bottom - 4);
        rushes_texture_snapshot_cover(self->thumbnails->pdata[i], snapshot, &area);
    }
}

static void draw_wave(RushesShotBlock *self, GtkSnapshot *snapshot, float width, float height)
{
    const GdkRGBA green = {0.2f, 0.66f, 0.42f, 0.85f};
    RushesTake *take = rushes_shot_get_take(self->shot);
    int frames = take ? MAX(1, rushes_take_get_recipe(take)->frames) : 1;
    double first = (double)rushes_shot_get_in(self->shot) / frames * self->n_peaks;
    double count = (double)rushes_shot_get_length(self->shot) / frames * self->n_peaks;

    for (float x = 4; x < width - 4 && self->n_peaks > 0; x += 2) {
        guint i = (guint)(first + (double)(x - 4) / (width - 8) * count);
        float half = MAX(0.5f, MIN(1, self->peaks[MIN(i, self->n_peaks - 1)]) * WAVE_HEIGHT / 2);
        gtk_snapshot_append_color(
            snapshot, &green,
            &GRAPHENE_RECT_INIT(x, height - 2 - WAVE_HEIGHT / 2.0f - half, 1.4f, half * 2));
    }
}

static void rushes_shot_block_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RushesShotBlock *self = RUSHES_SHOT_BLOCK(widget);
    float width = (float)gtk_widget_get_width(widget);
    float height = (float)gtk_widget_get_height(widget);
    GdkRGBA text, handle = {0.92f, 0.55f, 0.2f, 0.9f};

    gtk_style_context_get_color(gtk_widget_get_style_context(widget), &text);
    gtk_snapshot_save(snapshot);
    gtk_snapshot_push_clip(snapshot, &GRAPHENE_RECT_INIT(6, 0, width - 12, TITLE_HEIGHT));
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(8, 1));
    gtk_snapshot_append_layout(snapshot, self->title, &text);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_restore(snapshot);
    draw_pictures(self, snapshot, width, height);
    draw_wave(self, snapshot, width, height);
    for (int end = 0; end < 2; end++) {
        float x = end ? width - 5 : 2;
        gtk_snapshot_append_color(snapshot, &handle, &GRAPHENE_RECT_INIT(x, height / 2 - 9, 3, 18));
    }
}

static void rushes_shot_block_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    RushesShotBlock *self = RUSHES_SHOT_BLOCK(widget);
    if (width != self->made_for)
        make_pictures(self, width, height);
    if (self->menu)
        gtk_popover_present(GTK_POPOVER(self->menu));
}

// What the timeline does to the shot, in words: after its title, and for a screen reader.
static char *describe_effects(RushesShot *shot)
{
    const cJSON *fields = rushes_shot_get_fields(shot);
    g_autoptr(GString) text = g_string_new(NULL);

    if (rushes_json_number(fields, "dissolve", 0) > 0)
        g_string_append(text, " · dissolve");
    if (rushes_json_number(fields, "fade_in", 0) > 0)
        g_string_append(text, " · fade in");
    if (rushes_json_number(fields, "fade_out", 0) > 0)
        g_string_append(text, " · fade out");
    if (rushes_json_bool(fields, "mute", FALSE))
        g_string_append(text, " · muted");
    return g_strdup(text->str);
}

static void update(RushesShotBlock *self)
{
    g_autofree char *words = rushes_shot_dup_title(self->shot);
    g_autofree char *effects = describe_effects(self->shot);
    g_autofree char *title = g_strconcat(words, effects, NULL);
    g_autofree char *name =
        g_strdup_printf("Shot %u: %s, %.2f seconds, frames %d to %d", self->position + 1, title,
                        rushes_shot_get_seconds(self->shot), rushes_shot_get_in(self->shot) + 1,
                        rushes_shot_get_out(self->shot) + 1);

    pango_layout_set_text(self->title, title, -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    self->made_for = -1;
    gtk_widget_queue_allocate(GTK_WIDGET(self));
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void on_drag_begin(GtkGestureDrag *gesture, double x, double y, RushesShotBlock *self)
{
    int width = gtk_widget_get_width(GTK_WIDGET(self));

    gtk_widget_grab_focus(GTK_WIDGET(self));
    self->trims_in = x < HANDLE;
    self->trims_out = !self->trims_in && x > width - HANDLE;
    self->trim_from =
        self->trims_in ? rushes_shot_get_in(self->shot) : rushes_shot_get_out(self->shot);
    if (!self->trims_in && !self->trims_out) {
        g_signal_emit(self, signals[CHOSEN], 0, (int)(x / pixels_a_frame(self)));
        gtk_gesture_set_state(GTK_GESTURE(gesture), GTK_EVENT_SEQUENCE_DENIED);
        return;
    }
    gtk_gesture_set_state(GTK_GESTURE(gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

static void on_drag_update(GtkGestureDrag *gesture, double dx, double dy, RushesShotBlock *self)
{
    int in = rushes_shot_get_in(self->shot), out = rushes_shot_get_out(self->shot);
    RushesTake *take = rushes_shot_get_take(self->shot);
    int last = take ? MAX(1, rushes_take_get_recipe(take)->frames) - 1 : 0;
    int frame = self->trim_from + (int)lround(dx / pixels_a_frame(self));

    if (self->trims_in)
        in = CLAMP(frame, 0, out);
    else if (self->trims_out)
        out = CLAMP(frame, in, last);
    else
        return;
    g_signal_emit(self, signals[TRIMMED], 0, in, out);
}

static void on_menu(RushesShotBlock *self, double x, double y)
{
    static const struct {
        const char *label, *action;
    } items[] = {
        {"_Dissolve From the Shot Before", "win.dissolve"},
        {"Fade _In From Black", "win.fade-in"},
        {"Fade _Out to Black", "win.fade-out"},
        {"_Mute", "win.mute-shot"},
        {"_Split at the Play Head", "win.split"},
        {"_Earlier", "win.shot-earlier"},
        {"_Later", "win.shot-later"},
        {"_Remove", "win.delete"},
    };
    g_autoptr(GMenu) menu = g_menu_new();

    for (guint i = 0; i < G_N_ELEMENTS(items); i++)
        g_menu_append(menu, items[i].label, items[i].action);
    gtk_widget_grab_focus(GTK_WIDGET(self));
    if (self->menu)
        gtk_widget_unparent(self->menu);
    self->menu = gtk_popover_menu_new_from_model(G_MENU_MODEL(menu));
    gtk_widget_set_parent(self->menu, GTK_WIDGET(self));
    gtk_popover_set_pointing_to(GTK_POPOVER(self->menu), &(GdkRectangle){(int)x, (int)y, 1, 1});
    gtk_popover_popup(GTK_POPOVER(self->menu));
}

static void on_secondary_pressed(RushesShotBlock *self, int count, double x, double y)
{
    on_menu(self, x, y);
}

// The menu key and Shift+F10.
static gboolean on_menu_key(GtkWidget *widget, GVariant *args, gpointer data)
{
    on_menu(RUSHES_SHOT_BLOCK(widget), gtk_widget_get_width(widget) / 2.0, 10);
    return TRUE;
}

static GdkContentProvider *on_drag_prepare(GtkDragSource *source, double x, double y,
                                           RushesShotBlock *self)
{
    int width = gtk_widget_get_width(GTK_WIDGET(self));
    if (x < HANDLE || x > width - HANDLE)
        return NULL;
    return gdk_content_provider_new_typed(RUSHES_TYPE_SHOT, self->shot);
}

static void rushes_shot_block_class_init(RushesShotBlockClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_shot_block_dispose;
    widget->snapshot = rushes_shot_block_snapshot;
    widget->size_allocate = rushes_shot_block_size_allocate;
    gtk_widget_class_set_css_name(widget, "shotblock");
    gtk_widget_class_add_binding(widget, GDK_KEY_Menu, 0, on_menu_key, NULL);
    gtk_widget_class_add_binding(widget, GDK_KEY_F10, GDK_SHIFT_MASK, on_menu_key, NULL);
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
    signals[TRIMMED] = g_signal_new("trimmed", RUSHES_TYPE_SHOT_BLOCK, G_SIGNAL_RUN_LAST, 0, NULL,
                                    NULL, NULL, G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_INT);
    signals[CHOSEN] = g_signal_new("chosen", RUSHES_TYPE_SHOT_BLOCK, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void rushes_shot_block_init(RushesShotBlock *self)
{
    GtkGesture *trim = gtk_gesture_drag_new();
    GtkDragSource *drag = gtk_drag_source_new();

    self->thumbnails = g_ptr_array_new_with_free_func(g_object_unref);
    self->title = gtk_widget_create_pango_layout(GTK_WIDGET(self), "");
    PangoAttrList *small = pango_attr_list_new();
    pango_attr_list_insert(small, pango_attr_scale_new(0.82));
    pango_layout_set_attributes(self->title, small);
    pango_attr_list_unref(small);
    g_signal_connect(trim, "drag-begin", G_CALLBACK(on_drag_begin), self);
    g_signal_connect(trim, "drag-update", G_CALLBACK(on_drag_update), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(trim));
    GtkGesture *secondary = gtk_gesture_click_new();
    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(secondary), GDK_BUTTON_SECONDARY);
    g_signal_connect_swapped(secondary, "pressed", G_CALLBACK(on_secondary_pressed), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(secondary));
    gtk_drag_source_set_actions(drag, GDK_ACTION_MOVE);
    g_signal_connect(drag, "prepare", G_CALLBACK(on_drag_prepare), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
}

RushesShotBlock *rushes_shot_block_new(RushesShot *shot, guint position)
{
    RushesShotBlock *self = g_object_new(RUSHES_TYPE_SHOT_BLOCK, NULL);

    self->shot = g_object_ref(shot);
    self->position = position;
    g_signal_connect_swapped(shot, "changed", G_CALLBACK(update), self);
    if (rushes_shot_get_take(shot))
        g_signal_connect_swapped(rushes_shot_get_take(shot), "notify::state", G_CALLBACK(update),
                                 self);
    update(self);
    return self;
}

RushesShot *rushes_shot_block_get_shot(RushesShotBlock *self)
{
    return self->shot;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "shot-block.h"

#include <math.h>

#include "texture.h"

#define TITLE_HEIGHT 18
#define WAVE_HEIGHT  22
#define NARROW       24 // pixels; below this a block is a plain box

struct _RushesShotBlock {
    GtkWidget parent_instance;

    RushesShot *shot;
    RushesTimelinePictures *pictures;
    PangoLayout *title;
    cJSON *preview; // what is dragged just now, or NULL
    guint position; // in the row, for its name
    double scale;   // pixels a second
    double gain;    // factor; 0 when muted
    char *problem;
    gboolean hovered;
    RushesBlockPart held;
};

enum { DRAGGED, CHOSEN, ADJUST, N_SIGNALS };
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
    rushes_block_drop_children(GTK_WIDGET(self));
    g_clear_object(&self->shot);
    g_clear_object(&self->pictures);
    g_clear_object(&self->title);
    g_clear_pointer(&self->preview, cJSON_Delete);
    g_clear_pointer(&self->problem, g_free);
    G_OBJECT_CLASS(rushes_shot_block_parent_class)->dispose(object);
}

static double seconds_of(RushesShotBlock *self, const char *key)
{
    const cJSON *fields = rushes_shot_get_fields(self->shot);

    return rushes_json_number(self->preview, key, rushes_json_number(fields, key, 0));
}

static int frame_of(RushesShotBlock *self, const char *key, int fallback)
{
    return rushes_json_int(self->preview, key, 0, G_MAXINT, fallback);
}

static RushesBlockFades fades_of(RushesShotBlock *self)
{
    return (RushesBlockFades){seconds_of(self, "fade_in") * self->scale,
                              seconds_of(self, "fade_out") * self->scale,
                              self->position > 0 ? seconds_of(self, "dissolve") * self->scale : -1};
}

static void draw_pictures(RushesShotBlock *self, GtkSnapshot *snapshot, float width, float height)
{
    RushesTake *take = rushes_shot_get_take(self->shot);
    int in = frame_of(self, "in", rushes_shot_get_in(self->shot));
    int length = frame_of(self, "out", rushes_shot_get_out(self->shot)) - in + 1;
    int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
    float room = height - TITLE_HEIGHT - WAVE_HEIGHT - 4;
    RushesFrameFormat format;
    double left, right;

    rushes_frame_source_get_format(rushes_take_get_source(take), &format);
    if (room < 12 || format.height == 0)
        return;
    rushes_block_visible_range(GTK_WIDGET(self), &left, &right);
    int count = MAX(1, (int)((width - 8) / (room * (float)format.width / (float)format.height)));
    float cell = (width - 8) / (float)count;
    for (int i = MAX(0, (int)((left - 4) / cell)); i < count && 4 + i * cell < right; i++) {
        int frame = in + (int)((gint64)length * (2 * i + 1) / (2 * count));
        // Heights in steps, so that a pane that is made a little taller keeps its pictures.
        GdkTexture *texture = rushes_timeline_pictures_get_frame(
            self->pictures, take, frame, ((int)room * scale + 15) / 16 * 16);
        if (texture)
            rushes_texture_snapshot_cover(
                texture, snapshot,
                &GRAPHENE_RECT_INIT(4 + (float)i * cell, TITLE_HEIGHT, cell - 1, room));
    }
}

static void draw_wave(RushesShotBlock *self, GtkSnapshot *snapshot, float width, float height)
{
    const GdkRGBA green = {0.2f, 0.66f, 0.42f, self->gain > 0 ? 0.9f : 0.25f};
    RushesTake *take = rushes_shot_get_take(self->shot);
    double fps = rushes_take_get_recipe(take)->fps, left, right;
    int in = frame_of(self, "in", rushes_shot_get_in(self->shot));
    int out = frame_of(self, "out", rushes_shot_get_out(self->shot));

    if (fps <= 0)
        return;
    rushes_block_visible_range(GTK_WIDGET(self), &left, &right);
    rushes_block_draw_wave(
        snapshot, &GRAPHENE_RECT_INIT(4, height - WAVE_HEIGHT - 2, width - 8, WAVE_HEIGHT),
        rushes_timeline_pictures_get_take_peaks(self->pictures, take), in / fps,
        (out - in + 1) / fps, self->gain > 0 ? self->gain : 1, left, right, &green);
}

// Where the shot before still shows through.
static void draw_dissolve(RushesShotBlock *self, GtkSnapshot *snapshot, float width, float height)
{
    double reach = MIN(seconds_of(self, "dissolve") * self->scale, (double)width);

    if (reach < 3 || self->position == 0)
        return;
    cairo_t *cr =
        gtk_snapshot_append_cairo(snapshot, &GRAPHENE_RECT_INIT(0, 0, (float)reach + 1, height));
    cairo_set_source_rgba(cr, 1, 1, 1, 0.45);
    cairo_move_to(cr, 0, height);
    cairo_line_to(cr, reach, 0);
    cairo_line_to(cr, 0, 0);
    cairo_close_path(cr);
    cairo_fill(cr);
    cairo_set_source_rgba(cr, 0, 0, 0, 0.7);
    cairo_set_line_width(cr, 1.2);
    cairo_move_to(cr, 0, height);
    cairo_line_to(cr, reach, 0);
    cairo_stroke(cr);
    cairo_destroy(cr);
}

static void draw_missing(GtkSnapshot *snapshot, float width, float height)
{
    cairo_t *cr = gtk_snapshot_append_cairo(
        snapshot, &GRAPHENE_RECT_INIT(0, TITLE_HEIGHT, width, height - TITLE_HEIGHT));

    cairo_set_source_rgba(cr, 0.8, 0.1, 0.1, 0.55);
    cairo_set_line_width(cr, 3);
    for (float x = -height; x < width; x += 14) {
        cairo_move_to(cr, x, height);
        cairo_line_to(cr, x + height, 0);
    }
    cairo_stroke(cr);
    cairo_destroy(cr);
}

static void rushes_shot_block_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RushesShotBlock *self = RUSHES_SHOT_BLOCK(widget);
    float width = (float)gtk_widget_get_width(widget);
    float height = (float)gtk_widget_get_height(widget);
    gboolean active = self->hovered || gtk_widget_has_focus(widget);
    double left, right;
    GdkRGBA text;

    if (width < NARROW)
        return;
    if (rushes_shot_get_take(self->shot)) {
        draw_pictures(self, snapshot, width, height);
        draw_wave(self, snapshot, width, height);
    }
    if (self->problem)
        draw_missing(snapshot, width, height);
    draw_dissolve(self, snapshot, width, height);
    rushes_block_draw_fades(snapshot, width, height, fades_of(self), active && !self->problem);
    gtk_style_context_get_color(gtk_widget_get_style_context(widget), &text);
    // The title stays in sight while a long shot scrolls by.
    rushes_block_visible_range(widget, &left, &right);
    float from = (float)MAX(left, 0) + (active ? 24 : 8);
    gtk_snapshot_save(snapshot);
    gtk_snapshot_push_clip(snapshot, &GRAPHENE_RECT_INIT(6, 0, width - 12, TITLE_HEIGHT));
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(from, 1));
    gtk_snapshot_append_layout(snapshot, self->title, &text);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_restore(snapshot);
}

static void rushes_shot_block_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    rushes_block_allocate_popovers(widget);
}

// What the timeline does to the shot, in words: after its title, and for a screen reader.
static char *describe_effects(RushesShot *shot)
{
    const cJSON *fields = rushes_shot_get_fields(shot);
    double gain = rushes_json_number(fields, "gain_db", 0);
    g_autoptr(GString) text = g_string_new(NULL);

    if (rushes_json_number(fields, "dissolve", 0) > 0)
        g_string_append(text, " · dissolve");
    if (rushes_json_number(fields, "fade_in", 0) > 0)
        g_string_append(text, " · fade in");
    if (rushes_json_number(fields, "fade_out", 0) > 0)
        g_string_append(text, " · fade out");
    if (rushes_json_bool(fields, "mute", FALSE))
        g_string_append(text, " · muted");
    else if (gain < -0.05 || gain > 0.05)
        g_string_append_printf(text, " · %+.1f dB", gain);
    return g_strdup(text->str);
}

static void update(RushesShotBlock *self)
{
    const cJSON *fields = rushes_shot_get_fields(self->shot);
    g_autofree char *words = rushes_shot_dup_title(self->shot);
    g_autofree char *effects = describe_effects(self->shot);
    g_autofree char *title = g_strconcat(words, effects, NULL);
    g_autofree char *name =
        g_strdup_printf("Shot %u: %s, %.2f seconds, frames %d to %d%s%s", self->position + 1, title,
                        rushes_shot_get_seconds(self->shot), rushes_shot_get_in(self->shot) + 1,
                        rushes_shot_get_out(self->shot) + 1, self->problem ? ". " : "",
                        self->problem ? self->problem : "");

    pango_layout_set_text(self->title, title, -1);
    self->gain = rushes_json_bool(fields, "mute", FALSE)
                     ? 0
                     : pow(10, rushes_json_number(fields, "gain_db", 0) / 20);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self), self->problem);
    if (self->problem)
        gtk_widget_add_css_class(GTK_WIDGET(self), "missing");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self), "missing");
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void on_drag_begin(GtkGestureDrag *gesture, double x, double y, RushesShotBlock *self)
{
    gtk_widget_grab_focus(GTK_WIDGET(self));
    self->held = rushes_block_find_part(GTK_WIDGET(self), x, y, fades_of(self));
    gtk_gesture_set_state(GTK_GESTURE(gesture), self->held == RUSHES_BLOCK_BODY
                                                    ? GTK_EVENT_SEQUENCE_DENIED
                                                    : GTK_EVENT_SEQUENCE_CLAIMED);
}

static void on_drag_update(GtkGestureDrag *gesture, double dx, double dy, RushesShotBlock *self)
{
    g_signal_emit(self, signals[DRAGGED], 0, self->held, dx, FALSE);
}

static void on_drag_end(GtkGestureDrag *gesture, double dx, double dy, RushesShotBlock *self)
{
    if (self->held != RUSHES_BLOCK_BODY)
        g_signal_emit(self, signals[DRAGGED], 0, self->held, dx, TRUE);
}

static void on_pressed(RushesShotBlock *self, int count, double x, double y)
{
    if (rushes_block_find_part(GTK_WIDGET(self), x, y, fades_of(self)) != RUSHES_BLOCK_BODY)
        return;
    g_signal_emit(self, signals[CHOSEN], 0, x);
    if (count == 2)
        g_signal_emit(self, signals[ADJUST], 0);
}

static void on_motion(RushesShotBlock *self, double x, double y)
{
    rushes_block_set_cursor(GTK_WIDGET(self),
                            rushes_block_find_part(GTK_WIDGET(self), x, y, fades_of(self)));
    self->hovered = TRUE;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void on_leave(RushesShotBlock *self)
{
    self->hovered = FALSE;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void on_menu(RushesShotBlock *self, double x, double y)
{
    static const RushesBlockMenuItem items[] = {
        {"_Adjust…", "win.adjust"},
        {"_Dissolve From the Shot Before", "win.dissolve"},
        {"Fade _In From Black", "win.fade-in"},
        {"Fade _Out to Black", "win.fade-out"},
        {"_Mute", "win.mute-shot"},
        {NULL, NULL},
        {"_Split at the Play Head", "win.split"},
        {"_Earlier", "win.shot-earlier"},
        {"_Later", "win.shot-later"},
        {NULL, NULL},
        {"_Remove", "win.delete"},
        {"Remove, and Move Later Sounds _Up", "win.ripple-delete"},
    };

    gtk_widget_grab_focus(GTK_WIDGET(self));
    rushes_block_popup_menu(GTK_WIDGET(self), items, G_N_ELEMENTS(items), x, y);
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

static gboolean on_adjust_key(GtkWidget *widget, GVariant *args, gpointer data)
{
    g_signal_emit(widget, signals[ADJUST], 0);
    return TRUE;
}

static GdkContentProvider *on_drag_prepare(GtkDragSource *source, double x, double y,
                                           RushesShotBlock *self)
{
    if (rushes_block_find_part(GTK_WIDGET(self), x, y, fades_of(self)) != RUSHES_BLOCK_BODY)
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
    gtk_widget_class_add_binding(widget, GDK_KEY_Return, 0, on_adjust_key, NULL);
    gtk_widget_class_add_binding(widget, GDK_KEY_KP_Enter, 0, on_adjust_key, NULL);
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
    signals[DRAGGED] =
        g_signal_new("dragged", RUSHES_TYPE_SHOT_BLOCK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 3, G_TYPE_INT, G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
    signals[CHOSEN] = g_signal_new("chosen", RUSHES_TYPE_SHOT_BLOCK, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
    signals[ADJUST] = g_signal_new("adjust", RUSHES_TYPE_SHOT_BLOCK, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void rushes_shot_block_init(RushesShotBlock *self)
{
    GtkGesture *drag = gtk_gesture_drag_new(), *click = gtk_gesture_click_new();
    GtkGesture *secondary = gtk_gesture_click_new();
    GtkEventController *motion = gtk_event_controller_motion_new();
    GtkDragSource *carry = gtk_drag_source_new();

    self->scale = 90;
    self->title = gtk_widget_create_pango_layout(GTK_WIDGET(self), "");
    PangoAttrList *small = pango_attr_list_new();
    pango_attr_list_insert(small, pango_attr_scale_new(0.82));
    pango_layout_set_attributes(self->title, small);
    pango_attr_list_unref(small);
    g_signal_connect(drag, "drag-begin", G_CALLBACK(on_drag_begin), self);
    g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag_update), self);
    g_signal_connect(drag, "drag-end", G_CALLBACK(on_drag_end), self);
    g_signal_connect_swapped(click, "pressed", G_CALLBACK(on_pressed), self);
    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(secondary), GDK_BUTTON_SECONDARY);
    g_signal_connect_swapped(secondary, "pressed", G_CALLBACK(on_secondary_pressed), self);
    g_signal_connect_swapped(motion, "motion", G_CALLBACK(on_motion), self);
    g_signal_connect_swapped(motion, "leave", G_CALLBACK(on_leave), self);
    gtk_drag_source_set_actions(carry, GDK_ACTION_MOVE);
    g_signal_connect(carry, "prepare", G_CALLBACK(on_drag_prepare), self);
    GtkEventController *controllers[] = {GTK_EVENT_CONTROLLER(click), GTK_EVENT_CONTROLLER(drag),
                                         GTK_EVENT_CONTROLLER(secondary), motion,
                                         GTK_EVENT_CONTROLLER(carry)};
    for (guint i = 0; i < G_N_ELEMENTS(controllers); i++)
        gtk_widget_add_controller(GTK_WIDGET(self), controllers[i]);
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
}

RushesShotBlock *rushes_shot_block_new(RushesShot *shot, RushesTimelinePictures *pictures)
{
    RushesShotBlock *self = g_object_new(RUSHES_TYPE_SHOT_BLOCK, NULL);

    self->shot = g_object_ref(shot);
    self->pictures = g_object_ref(pictures);
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

void rushes_shot_block_set_place(RushesShotBlock *self, guint position, double scale,
                                 const RushesCut *cut)
{
    const char *problem = cut ? cut->problem : NULL;
    gboolean renamed = self->position != position || g_strcmp0(self->problem, problem) != 0;

    if (self->scale != scale)
        gtk_widget_queue_draw(GTK_WIDGET(self));
    self->scale = scale;
    if (!renamed)
        return;
    self->position = position;
    g_free(self->problem);
    self->problem = g_strdup(problem);
    update(self);
}

void rushes_shot_block_preview(RushesShotBlock *self, const cJSON *fields)
{
    g_clear_pointer(&self->preview, cJSON_Delete);
    self->preview = fields ? cJSON_Duplicate(fields, TRUE) : NULL;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "sound-block.h"

#include <math.h>

#include "json-file.h"

#define NARROW 12 // pixels; below this a block is a plain box

struct _RushesSoundBlock {
    GtkWidget parent_instance;

    char *id;
    RushesTimelinePictures *pictures;
    PangoLayout *title;
    cJSON *fields;  // as the project has them
    cJSON *preview; // what is dragged just now, or NULL
    RushesMedia *samples;
    char *problem;
    double scale; // pixels a second
    gboolean hovered;
    RushesBlockPart held;
    double held_from; // where in the lane, pixels
};

enum { DRAGGED, ADJUST, NUDGE, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesSoundBlock, rushes_sound_block, GTK_TYPE_WIDGET)

static void rushes_sound_block_dispose(GObject *object)
{
    RushesSoundBlock *self = RUSHES_SOUND_BLOCK(object);

    rushes_block_drop_children(GTK_WIDGET(self));
    g_clear_object(&self->pictures);
    g_clear_object(&self->title);
    g_clear_pointer(&self->id, g_free);
    g_clear_pointer(&self->fields, cJSON_Delete);
    g_clear_pointer(&self->preview, cJSON_Delete);
    g_clear_pointer(&self->samples, rushes_media_unref);
    g_clear_pointer(&self->problem, g_free);
    G_OBJECT_CLASS(rushes_sound_block_parent_class)->dispose(object);
}

static double number(RushesSoundBlock *self, const char *key, double fallback)
{
    return rushes_json_number(self->preview, key, rushes_json_number(self->fields, key, fallback));
}

double rushes_sound_block_get_whole(RushesSoundBlock *self)
{
    return rushes_json_number(self->fields, "seconds", rushes_json_number(self->fields, "out", 0));
}

void rushes_sound_block_get_times(RushesSoundBlock *self, double *at, double *in, double *out)
{
    *at = number(self, "at", 0);
    *in = number(self, "in", 0);
    *out = MAX(*in, number(self, "out", rushes_sound_block_get_whole(self)));
}

static RushesBlockFades fades_of(RushesSoundBlock *self)
{
    return (RushesBlockFades){number(self, "fade_in", 0) * self->scale,
                              number(self, "fade_out", 0) * self->scale, -1};
}

static gboolean is_spoken(RushesSoundBlock *self)
{
    return rushes_json_string(self->fields, "words", NULL) != NULL;
}

static void rushes_sound_block_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RushesSoundBlock *self = RUSHES_SOUND_BLOCK(widget);
    float width = (float)gtk_widget_get_width(widget);
    float height = (float)gtk_widget_get_height(widget);
    gboolean active = self->hovered || gtk_widget_has_focus(widget);
    gboolean mute = rushes_json_bool(self->fields, "mute", FALSE);
    const GdkRGBA green = {0.2f, 0.66f, 0.42f, mute ? 0.25f : 0.9f};
    const GdkRGBA violet = {0.6f, 0.42f, 0.84f, mute ? 0.25f : 0.9f};
    double at, in, out, left, right;
    GdkRGBA text;

    if (width < NARROW)
        return;
    rushes_sound_block_get_times(self, &at, &in, &out);
    rushes_block_visible_range(widget, &left, &right);
    const RushesPeaks *peaks = rushes_timeline_pictures_get_media_peaks(
        self->pictures, rushes_json_string(self->fields, "media", ""), self->samples);
    rushes_block_draw_wave(snapshot, &GRAPHENE_RECT_INIT(0, 2, width, height - 4), peaks, in,
                           out - in, pow(10, number(self, "gain_db", 0) / 20), left, right,
                           is_spoken(self) ? &violet : &green);
    rushes_block_draw_fades(snapshot, width, height, fades_of(self), active && !self->problem);
    gtk_style_context_get_color(gtk_widget_get_style_context(widget), &text);
    gtk_snapshot_save(snapshot);
    gtk_snapshot_push_clip(snapshot, &GRAPHENE_RECT_INIT(4, 0, width - 8, height));
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT((float)left + (active ? 24 : 7), 1));
    gtk_snapshot_append_layout(snapshot, self->title, &text);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_restore(snapshot);
}

static void rushes_sound_block_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    rushes_block_allocate_popovers(widget);
}

static void update(RushesSoundBlock *self)
{
    const char *words = rushes_json_string(self->fields, "words", NULL);
    const char *title = rushes_json_string(self->fields, "title", "Sound");
    gboolean mute = rushes_json_bool(self->fields, "mute", FALSE);
    double at, in, out, gain = number(self, "gain_db", 0);
    g_autofree char *level = mute               ? g_strdup(" · muted")
                             : ABS(gain) > 0.05 ? g_strdup_printf(" · %+.1f dB", gain)
                                                : g_strdup("");
    g_autofree char *shown =
        words ? g_strdup_printf("“%s”%s", words, level) : g_strconcat(title, level, NULL);

    rushes_sound_block_get_times(self, &at, &in, &out);
    g_autofree char *name = g_strdup_printf(
        "%s: %s, from %.2f to %.2f seconds%s%s", words ? "Spoken line" : "Sound", shown, at,
        at + out - in, self->problem ? ". " : "", self->problem ? self->problem : "");
    pango_layout_set_text(self->title, shown, -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self), self->problem);
    static const char *const classes[] = {"missing", "spoken"};
    gboolean has[] = {self->problem != NULL, words != NULL};
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        (has[i] ? gtk_widget_add_css_class : gtk_widget_remove_css_class)(GTK_WIDGET(self),
                                                                          classes[i]);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

// While it is dragged the block goes along with the pointer, and so do its own coordinates.
static double x_in_lane(RushesSoundBlock *self, double x)
{
    double lane_x = x, y;

    gtk_widget_translate_coordinates(GTK_WIDGET(self), gtk_widget_get_parent(GTK_WIDGET(self)), x,
                                     0, &lane_x, &y);
    return lane_x;
}

static void on_drag_begin(GtkGestureDrag *gesture, double x, double y, RushesSoundBlock *self)
{
    gtk_widget_grab_focus(GTK_WIDGET(self));
    self->held = rushes_block_find_part(GTK_WIDGET(self), x, y, fades_of(self));
    self->held_from = x_in_lane(self, x);
    gtk_gesture_set_state(GTK_GESTURE(gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

// How far the pointer has gone along the lane.
static double dragged_by(RushesSoundBlock *self, GtkGestureDrag *gesture, double dx)
{
    double x, y;

    return gtk_gesture_drag_get_start_point(gesture, &x, &y)
               ? x_in_lane(self, x + dx) - self->held_from
               : 0;
}

static void on_drag_update(GtkGestureDrag *gesture, double dx, double dy, RushesSoundBlock *self)
{
    g_signal_emit(self, signals[DRAGGED], 0, self->held, dragged_by(self, gesture, dx), FALSE);
}

static void on_drag_end(GtkGestureDrag *gesture, double dx, double dy, RushesSoundBlock *self)
{
    g_signal_emit(self, signals[DRAGGED], 0, self->held, dragged_by(self, gesture, dx), TRUE);
}

static void on_released(RushesSoundBlock *self, int count, double x, double y)
{
    if (count == 2)
        g_signal_emit(self, signals[ADJUST], 0);
}

static void on_motion(RushesSoundBlock *self, double x, double y)
{
    rushes_block_set_cursor(GTK_WIDGET(self),
                            rushes_block_find_part(GTK_WIDGET(self), x, y, fades_of(self)));
    self->hovered = TRUE;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void on_leave(RushesSoundBlock *self)
{
    self->hovered = FALSE;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void on_menu(RushesSoundBlock *self, double x, double y)
{
    static const RushesBlockMenuItem items[] = {
        {"_Adjust…", "win.adjust"},
        {"Edit the _Words…", "win.edit-words"},
        {"_Mute", "win.mute-shot"},
        {NULL, NULL},
        {"_Split at the Play Head", "win.split"},
        {NULL, NULL},
        {"_Remove", "win.delete"},
        {"Remove, and Move Later Sounds _Up", "win.ripple-delete"},
    };
    RushesBlockMenuItem shown[G_N_ELEMENTS(items)];
    gsize count = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(items); i++)
        if (i != 1 || is_spoken(self))
            shown[count++] = items[i];
    gtk_widget_grab_focus(GTK_WIDGET(self));
    rushes_block_popup_menu(GTK_WIDGET(self), shown, count, x, y);
}

static void on_secondary_pressed(RushesSoundBlock *self, int count, double x, double y)
{
    on_menu(self, x, y);
}

static gboolean on_menu_key(GtkWidget *widget, GVariant *args, gpointer data)
{
    on_menu(RUSHES_SOUND_BLOCK(widget), gtk_widget_get_width(widget) / 2.0, 10);
    return TRUE;
}

static gboolean on_adjust_key(GtkWidget *widget, GVariant *args, gpointer data)
{
    g_signal_emit(widget, signals[ADJUST], 0);
    return TRUE;
}

static gboolean on_nudge_key(GtkWidget *widget, GVariant *args, gpointer data)
{
    int part, frames;

    g_variant_get(args, "(ii)", &part, &frames);
    g_signal_emit(widget, signals[NUDGE], 0, part, frames);
    return TRUE;
}

static void rushes_sound_block_class_init(RushesSoundBlockClass *klass)
{
    static const struct {
        guint key;
        GdkModifierType held;
        RushesBlockPart part;
        int frames;
    } nudges[] = {
        {GDK_KEY_Left, GDK_CONTROL_MASK, RUSHES_BLOCK_BODY, -1},
        {GDK_KEY_Right, GDK_CONTROL_MASK, RUSHES_BLOCK_BODY, 1},
        {GDK_KEY_Left, GDK_CONTROL_MASK | GDK_SHIFT_MASK, RUSHES_BLOCK_BODY, -10},
        {GDK_KEY_Right, GDK_CONTROL_MASK | GDK_SHIFT_MASK, RUSHES_BLOCK_BODY, 10},
        {GDK_KEY_Left, GDK_ALT_MASK, RUSHES_BLOCK_END, -1},
        {GDK_KEY_Right, GDK_ALT_MASK, RUSHES_BLOCK_END, 1},
        {GDK_KEY_Left, GDK_ALT_MASK | GDK_SHIFT_MASK, RUSHES_BLOCK_START, -1},
        {GDK_KEY_Right, GDK_ALT_MASK | GDK_SHIFT_MASK, RUSHES_BLOCK_START, 1},
    };
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_sound_block_dispose;
    widget->snapshot = rushes_sound_block_snapshot;
    widget->size_allocate = rushes_sound_block_size_allocate;
    gtk_widget_class_set_css_name(widget, "soundblock");
    gtk_widget_class_add_binding(widget, GDK_KEY_Menu, 0, on_menu_key, NULL);
    gtk_widget_class_add_binding(widget, GDK_KEY_F10, GDK_SHIFT_MASK, on_menu_key, NULL);
    gtk_widget_class_add_binding(widget, GDK_KEY_Return, 0, on_adjust_key, NULL);
    gtk_widget_class_add_binding(widget, GDK_KEY_KP_Enter, 0, on_adjust_key, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(nudges); i++)
        gtk_widget_class_add_binding(widget, nudges[i].key, nudges[i].held, on_nudge_key, "(ii)",
                                     nudges[i].part, nudges[i].frames);
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
    signals[DRAGGED] =
        g_signal_new("dragged", RUSHES_TYPE_SOUND_BLOCK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 3, G_TYPE_INT, G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
    signals[ADJUST] = g_signal_new("adjust", RUSHES_TYPE_SOUND_BLOCK, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
    signals[NUDGE] = g_signal_new("nudge", RUSHES_TYPE_SOUND_BLOCK, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_INT);
}

static void rushes_sound_block_init(RushesSoundBlock *self)
{
    GtkGesture *drag = gtk_gesture_drag_new(), *click = gtk_gesture_click_new();
    GtkGesture *secondary = gtk_gesture_click_new();
    GtkEventController *motion = gtk_event_controller_motion_new();

    self->title = gtk_widget_create_pango_layout(GTK_WIDGET(self), "");
    PangoAttrList *small = pango_attr_list_new();
    pango_attr_list_insert(small, pango_attr_scale_new(0.8));
    pango_layout_set_attributes(self->title, small);
    pango_attr_list_unref(small);
    g_signal_connect(drag, "drag-begin", G_CALLBACK(on_drag_begin), self);
    g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag_update), self);
    g_signal_connect(drag, "drag-end", G_CALLBACK(on_drag_end), self);
    g_signal_connect_swapped(click, "released", G_CALLBACK(on_released), self);
    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(secondary), GDK_BUTTON_SECONDARY);
    g_signal_connect_swapped(secondary, "pressed", G_CALLBACK(on_secondary_pressed), self);
    g_signal_connect_swapped(motion, "motion", G_CALLBACK(on_motion), self);
    g_signal_connect_swapped(motion, "leave", G_CALLBACK(on_leave), self);
    gtk_gesture_group(click, drag);
    GtkEventController *controllers[] = {GTK_EVENT_CONTROLLER(click), GTK_EVENT_CONTROLLER(drag),
                                         GTK_EVENT_CONTROLLER(secondary), motion};
    for (guint i = 0; i < G_N_ELEMENTS(controllers); i++)
        gtk_widget_add_controller(GTK_WIDGET(self), controllers[i]);
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
}

RushesSoundBlock *rushes_sound_block_new(const char *id, RushesTimelinePictures *pictures)
{
    RushesSoundBlock *self = g_object_new(RUSHES_TYPE_SOUND_BLOCK, NULL);

    self->id = g_strdup(id);
    self->pictures = g_object_ref(pictures);
    return self;
}

const char *rushes_sound_block_get_id(RushesSoundBlock *self)
{
    return self->id;
}

void rushes_sound_block_set_clip(RushesSoundBlock *self, const cJSON *fields, double scale,
                                 const RushesSoundClip *clip)
{
    cJSON *copy = cJSON_Duplicate(fields, TRUE);

    g_clear_pointer(&self->fields, cJSON_Delete);
    self->fields = copy;
    self->scale = scale;
    g_clear_pointer(&self->samples, rushes_media_unref);
    self->samples = clip && clip->media ? rushes_media_ref(clip->media) : NULL;
    g_free(self->problem);
    self->problem = clip ? g_strdup(clip->problem) : NULL;
    update(self);
}

void rushes_sound_block_preview(RushesSoundBlock *self, const cJSON *fields)
{
    g_clear_pointer(&self->preview, cJSON_Delete);
    self->preview = fields ? cJSON_Duplicate(fields, TRUE) : NULL;
    update(self);
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-drag.c - what a pointer does on the lanes. While something is dragged its block shows where it would be; the
// project is edited once, when the button is up.
#include <math.h>

#include "timeline-private.h"
#include "timeline/film-edit.h"

#define SHORTEST 0.05 // seconds that a trimmed sound keeps

static void seek(RushesTimelineRow *self, double seconds)
{
    if (self->film && self->film->frames > 0)
        g_signal_emit(self, timeline_signals[TIMELINE_SEEK], 0,
                      (int)MIN(seconds * timeline_fps(self) + 1e-6, self->film->frames - 1));
}

static void end_drag(RushesTimelineRow *self)
{
    self->snap_line = -1;
    self->trimmed = G_MAXUINT;
    self->trimmed_by = 0;
    timeline_sync(self);
}

// ---- sounds ----
// The clip's fields with a part of it moved by `seconds`; owned by the caller.
static cJSON *drag_sound(RushesTimelineRow *self, const cJSON *clip, RushesBlockPart part,
                         double seconds, gboolean snaps)
{
    cJSON *fields = cJSON_CreateObject();
    const char *id = rushes_json_string(clip, "id", "");
    double at = rushes_json_number(clip, "at", 0), in = rushes_json_number(clip, "in", 0);
    double length = rushes_film_sound_end(clip) - at;
    double whole = rushes_json_number(clip, "seconds", in + length);

    if (part == RUSHES_BLOCK_BODY) {
        double to = MAX(0, at + seconds);
        // Either end may meet something; the beginning comes first.
        double start = snaps ? timeline_snap(self, to, id) : to;
        if (snaps && start == to)
            start = MAX(0, timeline_snap(self, to + length, id) - length);
        cJSON_AddNumberToObject(fields, "at", start);
    } else if (part == RUSHES_BLOCK_START) {
        double to = snaps ? timeline_snap(self, at + seconds, id) : at + seconds;
        double by = CLAMP(to - at, MAX(-in, -at), MAX(0, length - SHORTEST));
        cJSON_AddNumberToObject(fields, "at", at + by);
        cJSON_AddNumberToObject(fields, "in", in + by);
    } else if (part == RUSHES_BLOCK_END) {
        double to = at + length + seconds;
        to = (snaps ? timeline_snap(self, to, id) : to) - at;
        cJSON_AddNumberToObject(fields, "out", in + CLAMP(to, MIN(SHORTEST, length), whole - in));
    } else {
        const char *key = part == RUSHES_BLOCK_FADE_IN ? "fade_in" : "fade_out";
        double by = part == RUSHES_BLOCK_FADE_IN ? seconds : -seconds;
        double fade = CLAMP(rushes_json_number(clip, key, 0) + by, 0, length);
        if (fade < 2 / self->scale)
            cJSON_AddNullToObject(fields, key);
        else
            cJSON_AddNumberToObject(fields, key, fade);
    }
    return fields;
}

static const char *sound_label(RushesBlockPart part)
{
    if (part == RUSHES_BLOCK_BODY)
        return "Move Sound";
    return part == RUSHES_BLOCK_START || part == RUSHES_BLOCK_END ? "Trim Sound" : "Fade Sound";
}

static void on_sound_dragged(RushesSoundBlock *block, int part, double dx, gboolean last,
                             RushesTimelineRow *self)
{
    g_autofree char *id = g_strdup(rushes_sound_block_get_id(block));
    const cJSON *clip = rushes_film_find_sound(self->project, id);
    g_autoptr(GError) failure = NULL;

    if (!clip)
        return;
    g_autoptr(cJSON) fields = drag_sound(self, clip, part, dx / self->scale, TRUE);
    if (!last) {
        if (ABS(dx) < 3)
            return; // a click that shook
        rushes_sound_block_preview(block, fields);
        timeline_arrange_sounds(self);
        gtk_widget_queue_resize(GTK_WIDGET(self));
        gtk_widget_queue_draw(GTK_WIDGET(self));
        return;
    }
    rushes_sound_block_preview(block, NULL);
    if (ABS(dx) >= 3) {
        rushes_project_begin(self->project, sound_label(part));
        rushes_film_edit_sound(self->project, id, sound_label(part), fields, &failure);
        rushes_project_end(self->project, failure ? NULL : &failure);
    }
    end_drag(self);
    timeline_failed(self, failure);
}

static void on_sound_nudged(RushesSoundBlock *block, int part, int frames, RushesTimelineRow *self)
{
    g_autofree char *id = g_strdup(rushes_sound_block_get_id(block));
    const cJSON *clip = rushes_film_find_sound(self->project, id);
    g_autoptr(GError) failure = NULL;

    if (!clip)
        return;
    g_autoptr(cJSON) fields = drag_sound(self, clip, part, frames / timeline_fps(self), FALSE);
    rushes_film_edit_sound(self->project, id, sound_label(part), fields, &failure);
    timeline_failed(self, failure);
}

// ---- shots ----
// What the shot before has left of itself, seconds: no more than two shots are ever seen at once.
static double longest_dissolve(RushesTimelineRow *self, guint index)
{
    const RushesCut *before = self->film && index > 0 && index <= self->film->cuts->len
                                  ? self->film->cuts->pdata[index - 1]
                                  : NULL;

    return before ? (before->length - before->dissolve) / timeline_fps(self) : 0;
}

static const char *shot_label(RushesBlockPart part)
{
    static const char *const labels[] = {[RUSHES_BLOCK_START] = "Trim",
                                         [RUSHES_BLOCK_END] = "Trim",
                                         [RUSHES_BLOCK_FADE_IN] = "Fade In",
                                         [RUSHES_BLOCK_FADE_OUT] = "Fade Out",
                                         [RUSHES_BLOCK_DISSOLVE] = "Dissolve"};
    return labels[part];
}

static cJSON *drag_shot(RushesTimelineRow *self, guint index, RushesShot *shot,
                        RushesBlockPart part, double dx)
{
    cJSON *fields = cJSON_CreateObject();
    RushesTake *take = rushes_shot_get_take(shot);
    int in = rushes_shot_get_in(shot), out = rushes_shot_get_out(shot);
    double fps = take && rushes_take_get_recipe(take)->fps > 0 ? rushes_take_get_recipe(take)->fps
                                                               : timeline_fps(self);
    int last = take ? MAX(1, rushes_take_get_recipe(take)->frames) - 1 : out;
    double seconds = dx / self->scale, length = (out - in + 1) / fps;

    if (part == RUSHES_BLOCK_START) {
        cJSON_AddNumberToObject(fields, "in", CLAMP(in + (int)lround(seconds * fps), 0, out));
    } else if (part == RUSHES_BLOCK_END) {
        double start = timeline_shot_start(self, index);
        double end = timeline_snap(self, start + length + seconds, NULL);
        int frames = (int)lround((end - start) * fps);
        cJSON_AddNumberToObject(fields, "out", CLAMP(in + frames - 1, in, last));
    } else {
        const char *key = part == RUSHES_BLOCK_FADE_IN    ? "fade_in"
                          : part == RUSHES_BLOCK_FADE_OUT ? "fade_out"
                                                          : "dissolve";
        double by = part == RUSHES_BLOCK_FADE_OUT ? -seconds : seconds;
        double now = rushes_json_number(rushes_shot_get_fields(shot), key, 0);
        double fade = CLAMP(
            now + by, 0,
            part == RUSHES_BLOCK_DISSOLVE ? MIN(length, longest_dissolve(self, index)) : length);
        if (fade < 2 / self->scale)
            cJSON_AddNullToObject(fields, key);
        else
            cJSON_AddNumberToObject(fields, key, fade);
    }
    self->trimmed = index;
    self->trimmed_by = 0;
    if (part == RUSHES_BLOCK_START || part == RUSHES_BLOCK_END) {
        int frames = rushes_json_int(fields, "out", 0, G_MAXINT, out) -
                     rushes_json_int(fields, "in", 0, G_MAXINT, in) + 1;
        self->trimmed_by = frames / fps - length;
    }
    return fields;
}

static void on_shot_dragged(RushesShotBlock *block, int part, double dx, gboolean last,
                            RushesTimelineRow *self)
{
    RushesShot *shot = rushes_shot_block_get_shot(block);
    const char *label = shot_label((RushesBlockPart)part);
    g_autoptr(GError) failure = NULL;
    guint index;

    if (!g_ptr_array_find(self->blocks, block, &index))
        return;
    self->trimmed = G_MAXUINT; // so that starts are those of the film
    g_autoptr(cJSON) fields = drag_shot(self, index, shot, part, dx);
    if (!last) {
        rushes_shot_block_preview(block, fields);
        gtk_widget_queue_resize(GTK_WIDGET(self));
        gtk_widget_queue_draw(GTK_WIDGET(self));
        return;
    }
    rushes_shot_block_preview(block, NULL);
    if (ABS(dx) >= 1) {
        rushes_project_begin(self->project, label);
        rushes_project_edit_shot(self->project, shot, label, fields, &failure);
        rushes_project_end(self->project, failure ? NULL : &failure);
    }
    end_drag(self);
    timeline_failed(self, failure);
}

static void on_shot_chosen(RushesShotBlock *block, double x, RushesTimelineRow *self)
{
    guint index;
    if (g_ptr_array_find(self->blocks, block, &index))
        seek(self, timeline_shot_start(self, index) + x / self->scale);
}

static void on_adjust(GtkWidget *block, RushesTimelineRow *self)
{
    g_signal_emit(self, timeline_signals[TIMELINE_ADJUST], 0, block);
}

void timeline_watch_shot(RushesTimelineRow *self, RushesShotBlock *block)
{
    g_signal_connect(block, "dragged", G_CALLBACK(on_shot_dragged), self);
    g_signal_connect(block, "chosen", G_CALLBACK(on_shot_chosen), self);
    g_signal_connect(block, "adjust", G_CALLBACK(on_adjust), self);
}

void timeline_watch_sound(RushesTimelineRow *self, RushesSoundBlock *block)
{
    g_signal_connect(block, "dragged", G_CALLBACK(on_sound_dragged), self);
    g_signal_connect(block, "nudge", G_CALLBACK(on_sound_nudged), self);
    g_signal_connect(block, "adjust", G_CALLBACK(on_adjust), self);
}

// ---- drops ----
static guint drop_index(RushesTimelineRow *self, double x)
{
    guint index = 0;
    while (index < self->blocks->len &&
           timeline_seconds(self, x) >
               (timeline_shot_start(self, index) + timeline_shot_start(self, index + 1)) / 2)
        index++;
    return index;
}

static GdkDragAction on_drop_motion(GtkDropTarget *target, double x, double y,
                                    RushesTimelineRow *self)
{
    GdkDrop *drop = gtk_drop_target_get_current_drop(target);
    GdkContentFormats *formats = drop ? gdk_drop_get_formats(drop) : NULL;
    gboolean files = formats && gdk_content_formats_contain_gtype(formats, GDK_TYPE_FILE_LIST);
    gboolean shot = formats && gdk_content_formats_contain_gtype(formats, RUSHES_TYPE_SHOT);

    self->drop_x = files ? timeline_x(self, timeline_snap(self, timeline_seconds(self, x), NULL))
                         : timeline_x(self, timeline_shot_start(self, drop_index(self, x))) - 1;
    gtk_widget_queue_draw(GTK_WIDGET(self));
    return shot ? GDK_ACTION_MOVE : GDK_ACTION_COPY; // takes and files stay where they come from
}

static void on_drop_leave(GtkDropTarget *target, RushesTimelineRow *self)
{
    self->drop_x = self->snap_line = -1;
    // The press that began the drag has no release of its own, and the next press would be taken for it.
    gtk_event_controller_reset(GTK_EVENT_CONTROLLER(self->ruler));
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void drop_shot(RushesTimelineRow *self, RushesShot *shot, guint index, GError **error)
{
    GListModel *shots = rushes_project_get_shots(self->project);
    guint from;

    for (from = 0; from < g_list_model_get_n_items(shots); from++) {
        g_autoptr(RushesShot) item = g_list_model_get_item(shots, from);
        if (item == shot)
            break;
    }
    if (index > from)
        index--; // its own place closes first
    rushes_project_move_shot(self->project, shot, index, error);
}

static gboolean on_drop(GtkDropTarget *target, const GValue *value, double x, double y,
                        RushesTimelineRow *self)
{
    guint index = drop_index(self, x);
    g_autoptr(GError) failure = NULL;

    if (G_VALUE_HOLDS(value, GDK_TYPE_FILE_LIST)) {
        g_autoptr(GSList) files = gdk_file_list_get_files(g_value_get_boxed(value));
        double at = timeline_snap(self, timeline_seconds(self, x), NULL);
        g_signal_emit(self, timeline_signals[TIMELINE_FILES], 0, files, at);
    } else if (G_VALUE_HOLDS(value, RUSHES_TYPE_TAKE)) {
        rushes_project_add_shot(self->project, g_value_get_object(value), index, &failure);
    } else {
        drop_shot(self, g_value_get_object(value), index, &failure);
    }
    on_drop_leave(target, self);
    timeline_failed(self, failure);
    return !failure;
}

// ---- the ruler and the wheel ----
static void on_ruler_begin(GtkGestureDrag *gesture, double x, double y, RushesTimelineRow *self)
{
    if (y >= TIMELINE_RULER) {
        gtk_gesture_set_state(GTK_GESTURE(gesture), GTK_EVENT_SEQUENCE_DENIED);
        return;
    }
    gtk_gesture_set_state(GTK_GESTURE(gesture), GTK_EVENT_SEQUENCE_CLAIMED);
    seek(self, timeline_seconds(self, x));
}

static void on_ruler_update(GtkGestureDrag *gesture, double dx, double dy, RushesTimelineRow *self)
{
    double x, y;

    if (gtk_gesture_drag_get_start_point(gesture, &x, &y))
        seek(self, timeline_seconds(self, x + dx));
}

static gboolean on_scroll(GtkEventControllerScroll *controller, double dx, double dy,
                          RushesTimelineRow *self)
{
    GdkModifierType held =
        gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(controller));
    GdkEvent *event = gtk_event_controller_get_current_event(GTK_EVENT_CONTROLLER(controller));
    double x = -1, y, root_x, root_y;

    if (held & GDK_CONTROL_MASK) {
        GtkNative *native = gtk_widget_get_native(GTK_WIDGET(self));
        if (gdk_event_get_position(event, &x, &y)) {
            gtk_native_get_surface_transform(native, &root_x, &root_y);
            gtk_widget_translate_coordinates(GTK_WIDGET(native), GTK_WIDGET(self), x - root_x,
                                             y - root_y, &x, &y);
        }
        rushes_timeline_row_set_scale(self, self->scale * pow(1.25, -dy), x);
        return GDK_EVENT_STOP;
    }
    // There is nothing to scroll up and down: the plain wheel goes along the film.
    if (self->hadjustment && dx == 0 && dy != 0 && !(held & GDK_SHIFT_MASK)) {
        gtk_adjustment_set_value(self->hadjustment,
                                 gtk_adjustment_get_value(self->hadjustment) + dy * 60);
        return GDK_EVENT_STOP;
    }
    return GDK_EVENT_PROPAGATE;
}

void timeline_watch_pointer(RushesTimelineRow *self)
{
    GType accepted[] = {RUSHES_TYPE_SHOT, RUSHES_TYPE_TAKE, GDK_TYPE_FILE_LIST};
    GtkDropTarget *drop = gtk_drop_target_new(G_TYPE_INVALID, GDK_ACTION_COPY | GDK_ACTION_MOVE);
    GtkGesture *ruler = self->ruler = gtk_gesture_drag_new();
    GtkEventController *scroll =
        gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);

    gtk_drop_target_set_gtypes(drop, accepted, G_N_ELEMENTS(accepted));
    g_signal_connect(drop, "motion", G_CALLBACK(on_drop_motion), self);
    g_signal_connect(drop, "leave", G_CALLBACK(on_drop_leave), self);
    g_signal_connect(drop, "drop", G_CALLBACK(on_drop), self);
    g_signal_connect(ruler, "drag-begin", G_CALLBACK(on_ruler_begin), self);
    g_signal_connect(ruler, "drag-update", G_CALLBACK(on_ruler_update), self);
    g_signal_connect(scroll, "scroll", G_CALLBACK(on_scroll), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drop));
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(ruler));
    gtk_widget_add_controller(GTK_WIDGET(self), scroll);
}

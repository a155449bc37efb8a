// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-row.h"

#include <math.h>

#include "timeline-private.h"
#include "timeline/film-edit.h"

#define MOST_SOUND_ROWS 4
#define ROOM_AFTER      120 // pixels to drop after the last
#define DEFAULT_SCALE   90

enum { PROP_HADJUSTMENT = 1, PROP_VADJUSTMENT, PROP_HPOLICY, PROP_VPOLICY };
guint timeline_signals[TIMELINE_N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE(RushesTimelineRow, rushes_timeline_row, GTK_TYPE_WIDGET,
                              G_IMPLEMENT_INTERFACE(GTK_TYPE_SCROLLABLE, NULL))

static void leave_project(RushesTimelineRow *self)
{
    if (self->project) {
        g_signal_handlers_disconnect_by_data(rushes_project_get_shots(self->project), self);
        g_signal_handlers_disconnect_by_data(self->project, self);
    }
    if (self->composer)
        g_signal_handlers_disconnect_by_data(self->composer, self);
}

static void set_hadjustment(RushesTimelineRow *self, GtkAdjustment *adjustment)
{
    if (self->hadjustment)
        g_signal_handlers_disconnect_by_data(self->hadjustment, self);
    g_set_object(&self->hadjustment, adjustment);
    if (adjustment)
        g_signal_connect_swapped(adjustment, "value-changed", G_CALLBACK(gtk_widget_queue_allocate),
                                 self);
}

static void rushes_timeline_row_dispose(GObject *object)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(object);
    GPtrArray **lists[] = {&self->blocks, &self->sounds, &self->markers};

    leave_project(self);
    set_hadjustment(self, NULL);
    g_clear_object(&self->vadjustment);
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (*lists[i])
            timeline_drop_children(*lists[i]);
        g_clear_pointer(lists[i], g_ptr_array_unref);
    }
    if (self->player)
        g_signal_handlers_disconnect_by_data(self->player, self);
    g_clear_pointer(&self->sound_rows, g_array_unref);
    g_clear_object(&self->project);
    g_clear_object(&self->composer);
    g_clear_pointer(&self->film, rushes_timeline_unref);
    g_clear_object(&self->player);
    g_clear_object(&self->pictures);
    G_OBJECT_CLASS(rushes_timeline_row_parent_class)->dispose(object);
}

// ---- time and place ----
double timeline_fps(RushesTimelineRow *self)
{
    return self->film && self->film->fps > 0 ? self->film->fps : 12;
}

static double scrolled(RushesTimelineRow *self)
{
    return self->hadjustment ? gtk_adjustment_get_value(self->hadjustment) : 0;
}

double timeline_x(RushesTimelineRow *self, double seconds)
{
    return TIMELINE_LEFT + seconds * self->scale - scrolled(self);
}

double timeline_seconds(RushesTimelineRow *self, double x)
{
    return MAX(0, (x - TIMELINE_LEFT + scrolled(self)) / self->scale);
}

double timeline_shot_start(RushesTimelineRow *self, guint index)
{
    if (!self->film)
        return 0;
    int frame = index < self->film->cuts->len ? ((RushesCut *)self->film->cuts->pdata[index])->start
                                              : self->film->frames;
    return frame / timeline_fps(self) + (index > self->trimmed ? self->trimmed_by : 0);
}

double timeline_head(RushesTimelineRow *self)
{
    if (!self->player ||
        rushes_player_get_source(self->player) != RUSHES_FRAME_SOURCE(self->composer))
        return -1;
    return rushes_player_get_position(self->player) / timeline_fps(self);
}

double rushes_timeline_row_get_seconds(RushesTimelineRow *self)
{
    return MAX(0, timeline_head(self));
}

// The end of all there is, shots and sounds.
static double end_seconds(RushesTimelineRow *self)
{
    double end = timeline_shot_start(self, self->blocks->len), at, in, out;

    for (guint i = 0; i < self->sounds->len; i++) {
        rushes_sound_block_get_times(self->sounds->pdata[i], &at, &in, &out);
        end = MAX(end, at + out - in);
    }
    return end;
}

// ---- layout ----
// Sounds that overlap stand below each other, as many rows as it takes and the pane has room for.
void timeline_arrange_sounds(RushesTimelineRow *self)
{
    double ends[MOST_SOUND_ROWS] = {0}, at, in, out;

    g_array_set_size(self->sound_rows, self->sounds->len);
    self->n_sound_rows = 1;
    for (guint i = 0; i < self->sounds->len; i++) {
        int row = 0;
        rushes_sound_block_get_times(self->sounds->pdata[i], &at, &in, &out);
        while (row < MOST_SOUND_ROWS - 1 && ends[row] > at + 1e-6)
            row++;
        ends[row] = MAX(ends[row], at + out - in);
        g_array_index(self->sound_rows, int, i) = row;
        self->n_sound_rows = MAX(self->n_sound_rows, row + 1);
    }
}

static int sound_height(RushesTimelineRow *self)
{
    return self->sounds->len > 0 ? self->n_sound_rows * TIMELINE_SOUND : 0;
}

static void rushes_timeline_row_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
                                        int *minimum, int *natural, int *minimum_baseline,
                                        int *natural_baseline)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(widget);

    if (orientation == GTK_ORIENTATION_VERTICAL) {
        *minimum = TIMELINE_RULER + 74 + sound_height(self);
        *natural = TIMELINE_RULER + 88 + sound_height(self);
    } else {
        *minimum = *natural = 64;
    }
}

// Gives the child its place when any of it is in sight; a child with the focus keeps it out of sight.
static void place(GtkWidget *child, double x, double y, double end, double height, int width)
{
    gboolean seen =
        (end >= 0 && x <= width) || gtk_widget_is_focus(child) || gtk_widget_get_focus_child(child);
    int minimum;

    gtk_widget_set_child_visible(child, seen);
    if (!seen)
        return;
    gtk_widget_measure(child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
    GtkAllocation area = {(int)lround(x), (int)y, 0, (int)height};
    area.width = MAX(minimum, (int)lround(end) - area.x - 2);
    gtk_widget_size_allocate(child, &area, -1);
    // What it draws depends on what of it is seen.
    if (x < 0 || end > width)
        gtk_widget_queue_draw(child);
}

static void configure_adjustment(RushesTimelineRow *self, int width)
{
    double all = TIMELINE_LEFT + end_seconds(self) * self->scale + ROOM_AFTER;

    if (self->hadjustment)
        gtk_adjustment_configure(self->hadjustment, scrolled(self), 0, MAX(all, width), width * 0.1,
                                 width * 0.9, width);
}

static void rushes_timeline_row_size_allocate(GtkWidget *widget, int width, int height,
                                              int baseline)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(widget);
    int shots_height = height - TIMELINE_RULER - sound_height(self) - 8;
    double at, in, out;

    configure_adjustment(self, width);
    for (guint i = 0; i < self->blocks->len; i++)
        place(self->blocks->pdata[i], timeline_x(self, timeline_shot_start(self, i)),
              TIMELINE_RULER + 4, timeline_x(self, timeline_shot_start(self, i + 1)), shots_height,
              width);
    for (guint i = 0; i < self->sounds->len; i++) {
        int row = g_array_index(self->sound_rows, int, i);
        rushes_sound_block_get_times(self->sounds->pdata[i], &at, &in, &out);
        place(self->sounds->pdata[i], timeline_x(self, at),
              height - sound_height(self) + row * TIMELINE_SOUND,
              timeline_x(self, at + out - in) + 2, TIMELINE_SOUND - 4, width);
    }
    for (guint i = 0; i < self->markers->len; i++) {
        int minimum = 0, wide = 0;
        rushes_film_get_marker(self->project, i, &at, NULL);
        gtk_widget_measure(self->markers->pdata[i], GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &wide,
                           NULL, NULL);
        double x = timeline_x(self, at);
        place(self->markers->pdata[i], x, 1, x + wide + 2, 18, width);
    }
}

static void rushes_timeline_row_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(widget);
    GPtrArray *lists[] = {self->blocks, self->sounds, self->markers};
    float width = (float)gtk_widget_get_width(widget);
    float height = (float)gtk_widget_get_height(widget);

    gtk_snapshot_push_clip(snapshot, &GRAPHENE_RECT_INIT(0, 0, width, height));
    timeline_draw_ruler(self, snapshot, width);
    for (guint list = 0; list < G_N_ELEMENTS(lists); list++)
        for (guint i = 0; i < lists[list]->len; i++)
            if (gtk_widget_get_child_visible(lists[list]->pdata[i]))
                gtk_widget_snapshot_child(widget, lists[list]->pdata[i], snapshot);
    timeline_draw_head(self, snapshot, width, height);
    gtk_snapshot_pop(snapshot);
}

void timeline_failed(RushesTimelineRow *self, GError *error)
{
    if (error)
        g_signal_emit(self, timeline_signals[TIMELINE_SAY], 0, error->message);
}

// ---- following the project ----
static void on_film_changed(RushesTimelineRow *self)
{
    g_clear_pointer(&self->film, rushes_timeline_unref);
    self->film = rushes_composer_get_timeline(self->composer);
    timeline_sync(self);
}

static void rebuild(RushesTimelineRow *self)
{
    GListModel *shots = rushes_project_get_shots(self->project);
    RushesShot *focused = rushes_timeline_row_get_focused(self);
    g_autoptr(RushesShot) kept = focused ? g_object_ref(focused) : NULL;

    timeline_drop_children(self->blocks);
    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        RushesShotBlock *block = rushes_shot_block_new(shot, self->pictures);
        timeline_watch_shot(self, block);
        gtk_widget_set_parent(GTK_WIDGET(block), GTK_WIDGET(self));
        g_ptr_array_add(self->blocks, block);
        if (shot == kept)
            gtk_widget_grab_focus(GTK_WIDGET(block));
    }
    timeline_sync(self);
}

// ---- scrolling ----
void timeline_scroll_to(RushesTimelineRow *self, double from, double to)
{
    double x = timeline_x(self, from), end = timeline_x(self, to);
    double width = gtk_widget_get_width(GTK_WIDGET(self));

    if (!self->hadjustment || (x >= 0 && end <= width))
        return;
    if (x < 0 || end - x > width)
        gtk_adjustment_set_value(self->hadjustment, scrolled(self) + x - TIMELINE_LEFT);
    else
        gtk_adjustment_set_value(self->hadjustment, scrolled(self) + end - width + TIMELINE_LEFT);
}

// The page turns when the play head leaves it.
static void on_position(RushesTimelineRow *self)
{
    double head = timeline_head(self), width = gtk_widget_get_width(GTK_WIDGET(self));
    double x = timeline_x(self, head);

    if (head >= 0 && self->hadjustment && width > 0 && (x < 0 || x > width))
        gtk_adjustment_set_value(self->hadjustment, scrolled(self) + x - width * 0.1);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void rushes_timeline_row_get_property(GObject *object, guint id, GValue *value,
                                             GParamSpec *pspec)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(object);

    if (id == PROP_HADJUSTMENT || id == PROP_VADJUSTMENT)
        g_value_set_object(value, id == PROP_HADJUSTMENT ? self->hadjustment : self->vadjustment);
    else
        g_value_set_enum(value, id == PROP_HPOLICY ? self->hpolicy : self->vpolicy);
}

static void rushes_timeline_row_set_property(GObject *object, guint id, const GValue *value,
                                             GParamSpec *pspec)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(object);

    if (id == PROP_HADJUSTMENT)
        set_hadjustment(self, g_value_get_object(value));
    else if (id == PROP_VADJUSTMENT)
        g_set_object(&self->vadjustment, g_value_get_object(value));
    else if (id == PROP_HPOLICY)
        self->hpolicy = g_value_get_enum(value);
    else
        self->vpolicy = g_value_get_enum(value);
}

static void rushes_timeline_row_class_init(RushesTimelineRowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);
    GObjectClass *object = G_OBJECT_CLASS(klass);

    object->dispose = rushes_timeline_row_dispose;
    object->get_property = rushes_timeline_row_get_property;
    object->set_property = rushes_timeline_row_set_property;
    widget->measure = rushes_timeline_row_measure;
    widget->size_allocate = rushes_timeline_row_size_allocate;
    widget->snapshot = rushes_timeline_row_snapshot;
    widget->focus = timeline_move_focus;
    g_object_class_override_property(object, PROP_HADJUSTMENT, "hadjustment");
    g_object_class_override_property(object, PROP_VADJUSTMENT, "vadjustment");
    g_object_class_override_property(object, PROP_HPOLICY, "hscroll-policy");
    g_object_class_override_property(object, PROP_VPOLICY, "vscroll-policy");
    gtk_widget_class_set_css_name(widget, "timelinerow");
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_LIST);
    timeline_signals[TIMELINE_SEEK] =
        g_signal_new("seek", RUSHES_TYPE_TIMELINE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 1, G_TYPE_INT);
    timeline_signals[TIMELINE_SAY] =
        g_signal_new("say", RUSHES_TYPE_TIMELINE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 1, G_TYPE_STRING);
    timeline_signals[TIMELINE_ADJUST] =
        g_signal_new("adjust", RUSHES_TYPE_TIMELINE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 1, GTK_TYPE_WIDGET);
    timeline_signals[TIMELINE_FILES] =
        g_signal_new("files", RUSHES_TYPE_TIMELINE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 2, G_TYPE_POINTER, G_TYPE_DOUBLE);
    timeline_signals[TIMELINE_MARKER] =
        g_signal_new("marker", RUSHES_TYPE_TIMELINE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 2, GTK_TYPE_WIDGET, G_TYPE_UINT);
}

static void redraw_blocks(RushesTimelineRow *self)
{
    GPtrArray *lists[] = {self->blocks, self->sounds};

    for (guint list = 0; list < G_N_ELEMENTS(lists); list++)
        for (guint i = 0; i < lists[list]->len; i++)
            if (gtk_widget_get_child_visible(lists[list]->pdata[i]))
                gtk_widget_queue_draw(lists[list]->pdata[i]);
}

static void rushes_timeline_row_init(RushesTimelineRow *self)
{
    self->blocks = g_ptr_array_new();
    self->sounds = g_ptr_array_new();
    self->markers = g_ptr_array_new();
    self->sound_rows = g_array_new(FALSE, TRUE, sizeof(int));
    self->pictures = rushes_timeline_pictures_new();
    self->scale = DEFAULT_SCALE;
    self->snaps = TRUE;
    self->drop_x = self->snap_line = -1;
    self->trimmed = G_MAXUINT;
    g_signal_connect_object(self->pictures, "changed", G_CALLBACK(redraw_blocks), self,
                            G_CONNECT_SWAPPED);
    timeline_watch_pointer(self);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   "Shots of the timeline", -1);
}

void rushes_timeline_row_set_project(RushesTimelineRow *self, RushesProject *project,
                                     RushesComposer *composer)
{
    leave_project(self);
    g_set_object(&self->project, project);
    g_set_object(&self->composer, composer);
    g_signal_connect_swapped(rushes_project_get_shots(project), "items-changed",
                             G_CALLBACK(rebuild), self);
    g_signal_connect_swapped(composer, "changed", G_CALLBACK(on_film_changed), self);
    g_clear_pointer(&self->film, rushes_timeline_unref);
    self->film = rushes_composer_get_timeline(composer);
    rebuild(self);
}

void rushes_timeline_row_set_player(RushesTimelineRow *self, RushesPlayer *player)
{
    g_return_if_fail(RUSHES_IS_TIMELINE_ROW(self) && !self->player);

    self->player = g_object_ref(player);
    g_signal_connect_swapped(player, "notify::position", G_CALLBACK(on_position), self);
    g_signal_connect_swapped(player, "notify::source", G_CALLBACK(on_position), self);
}

void rushes_timeline_row_set_scale(RushesTimelineRow *self, double pixels_a_second, double x)
{
    double width = gtk_widget_get_width(GTK_WIDGET(self));
    double head = timeline_head(self), head_x = timeline_x(self, head);

    if (x < 0)
        x = head >= 0 && head_x >= 0 && head_x <= width ? head_x : width / 2;
    double seconds = timeline_seconds(self, x);
    self->scale = CLAMP(pixels_a_second, 0.5, 1200);
    timeline_sync(self);
    configure_adjustment(self, (int)width);
    if (self->hadjustment)
        gtk_adjustment_set_value(self->hadjustment, TIMELINE_LEFT + seconds * self->scale - x);
}

double rushes_timeline_row_get_scale(RushesTimelineRow *self)
{
    return self->scale;
}

void rushes_timeline_row_fit(RushesTimelineRow *self)
{
    double end = end_seconds(self), width = gtk_widget_get_width(GTK_WIDGET(self));

    if (end > 0 && width > 2 * TIMELINE_LEFT)
        rushes_timeline_row_set_scale(self, (width - 2 * TIMELINE_LEFT) / end, -1);
    if (self->hadjustment)
        gtk_adjustment_set_value(self->hadjustment, 0);
}

void rushes_timeline_row_set_snaps(RushesTimelineRow *self, gboolean snaps)
{
    self->snaps = snaps;
}

gboolean rushes_timeline_row_get_snaps(RushesTimelineRow *self)
{
    return self->snaps;
}

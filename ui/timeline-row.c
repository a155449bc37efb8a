// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-row.h"

#include <math.h>

#include "shot-block.h"

#define RULER_HEIGHT 22
#define LEFT         12 // where second 0 stands
#define SMALLEST     18 // pixels of the shortest block

struct _RushesTimelineRow {
    GtkWidget parent_instance;

    RushesProject *project;
    RushesComposer *composer;
    RushesTimeline *film; // as the composer last had it
    RushesPlayer *player;
    GPtrArray *blocks; // RushesShotBlock children, in order
    double scale;      // pixels a second
    double drop_x;     // where a drop would go, negative: none
};

enum { SEEK, SAY, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesTimelineRow, rushes_timeline_row, GTK_TYPE_WIDGET)

static void drop_blocks(RushesTimelineRow *self)
{
    for (guint i = 0; i < self->blocks->len; i++)
        gtk_widget_unparent(self->blocks->pdata[i]);
    g_ptr_array_set_size(self->blocks, 0);
}

static void rushes_timeline_row_dispose(GObject *object)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(object);

    if (self->blocks)
        drop_blocks(self);
    g_clear_pointer(&self->blocks, g_ptr_array_unref);
    if (self->project)
        g_signal_handlers_disconnect_by_data(rushes_project_get_shots(self->project), self);
    if (self->composer)
        g_signal_handlers_disconnect_by_data(self->composer, self);
    if (self->player)
        g_signal_handlers_disconnect_by_data(self->player, self);
    g_clear_object(&self->project);
    g_clear_object(&self->composer);
    g_clear_pointer(&self->film, rushes_timeline_unref);
    g_clear_object(&self->player);
    G_OBJECT_CLASS(rushes_timeline_row_parent_class)->dispose(object);
}

static double film_fps(RushesTimelineRow *self)
{
    return self->film && self->film->fps > 0 ? self->film->fps : 12;
}

// First frame of the shot in the film; one past the last shot, the film's length.
static int film_start(RushesTimelineRow *self, guint index)
{
    if (!self->film)
        return 0;
    return index < self->film->cuts->len ? ((RushesCut *)self->film->cuts->pdata[index])->start
                                         : self->film->frames;
}

static double block_x(RushesTimelineRow *self, guint index)
{
    return LEFT + film_start(self, index) / film_fps(self) * self->scale;
}

static void rushes_timeline_row_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
                                        int *minimum, int *natural, int *minimum_baseline,
                                        int *natural_baseline)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(widget);

    if (orientation == GTK_ORIENTATION_VERTICAL) {
        *minimum = RULER_HEIGHT + 78;
        *natural = RULER_HEIGHT + 92;
        return;
    }
    double end = block_x(self, self->blocks->len);
    *minimum = *natural = (int)end + 120; // room to drop after the last
}

static void rushes_timeline_row_size_allocate(GtkWidget *widget, int width, int height,
                                              int baseline)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(widget);

    for (guint i = 0; i < self->blocks->len; i++) {
        int x = (int)lround(block_x(self, i)), end = (int)lround(block_x(self, i + 1));
        int minimum;
        gtk_widget_measure(self->blocks->pdata[i], GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL,
                           NULL, NULL);
        GtkAllocation area = {x, RULER_HEIGHT + 4, MAX(MAX(SMALLEST, minimum), end - x - 2),
                              height - RULER_HEIGHT - 10};
        gtk_widget_size_allocate(self->blocks->pdata[i], &area, -1);
    }
}

static void draw_ruler(RushesTimelineRow *self, GtkSnapshot *snapshot, float width)
{
    static const double steps[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300};
    GdkRGBA color;
    double step = steps[G_N_ELEMENTS(steps) - 1];

    gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(self)), &color);
    color.alpha *= 0.55f;
    for (guint i = G_N_ELEMENTS(steps); i-- > 0;) {
        if (steps[i] * self->scale >= 64)
            step = steps[i];
    }
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(GTK_WIDGET(self), NULL);
    PangoAttrList *small = pango_attr_list_new();
    pango_attr_list_insert(small, pango_attr_scale_new(0.78));
    pango_layout_set_attributes(layout, small);
    pango_attr_list_unref(small);
    for (int i = 0; LEFT + i * step * self->scale < width; i++) {
        double seconds = i * step;
        float x = (float)(LEFT + seconds * self->scale);
        g_autofree char *text =
            step < 1 ? g_strdup_printf("%d:%04.1f", (int)(seconds / 60), fmod(seconds, 60))
                     : g_strdup_printf("%d:%02d", (int)(seconds / 60), (int)seconds % 60);
        pango_layout_set_text(layout, text, -1);
        gtk_snapshot_append_color(snapshot, &color, &GRAPHENE_RECT_INIT(x, RULER_HEIGHT - 6, 1, 6));
        gtk_snapshot_save(snapshot);
        gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(x + 4, 3));
        gtk_snapshot_append_layout(snapshot, layout, &color);
        gtk_snapshot_restore(snapshot);
    }
}

static void rushes_timeline_row_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(widget);
    float width = (float)gtk_widget_get_width(widget);
    float height = (float)gtk_widget_get_height(widget);
    const GdkRGBA head = {0.92f, 0.38f, 0, 1}, drop = {0.2f, 0.5f, 0.9f, 1};

    draw_ruler(self, snapshot, width);
    for (guint i = 0; i < self->blocks->len; i++)
        gtk_widget_snapshot_child(widget, self->blocks->pdata[i], snapshot);
    if (self->drop_x >= 0)
        gtk_snapshot_append_color(
            snapshot, &drop,
            &GRAPHENE_RECT_INIT((float)self->drop_x - 1, RULER_HEIGHT, 3, height - RULER_HEIGHT));
    if (self->player &&
        rushes_player_get_source(self->player) == RUSHES_FRAME_SOURCE(self->composer)) {
        double seconds = (rushes_player_get_position(self->player) + 0.5) / film_fps(self);
        float x = (float)(LEFT + seconds * self->scale);
        gtk_snapshot_append_color(snapshot, &head, &GRAPHENE_RECT_INIT(x - 1, 0, 2, height));
        gtk_snapshot_append_color(snapshot, &head, &GRAPHENE_RECT_INIT(x - 5, 0, 10, 7));
    }
}

static void edit_failed(RushesTimelineRow *self, GError *error)
{
    if (error)
        g_signal_emit(self, signals[SAY], 0, error->message);
}

static void on_trimmed(RushesShotBlock *block, int in, int out, RushesTimelineRow *self)
{
    g_autoptr(GError) failure = NULL;
    rushes_project_trim_shot(self->project, rushes_shot_block_get_shot(block), in, out, &failure);
    edit_failed(self, failure);
}

static void on_chosen(RushesShotBlock *block, int frame, RushesTimelineRow *self)
{
    guint index;
    if (g_ptr_array_find(self->blocks, block, &index))
        g_signal_emit(self, signals[SEEK], 0, film_start(self, index) + frame);
}

static void rebuild(RushesTimelineRow *self)
{
    GListModel *shots = rushes_project_get_shots(self->project);
    RushesShot *focused = rushes_timeline_row_get_focused(self);
    g_autoptr(RushesShot) kept = focused ? g_object_ref(focused) : NULL;

    drop_blocks(self);
    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        RushesShotBlock *block = rushes_shot_block_new(shot, i);
        g_signal_connect(block, "trimmed", G_CALLBACK(on_trimmed), self);
        g_signal_connect(block, "chosen", G_CALLBACK(on_chosen), self);
        gtk_widget_set_parent(GTK_WIDGET(block), GTK_WIDGET(self));
        g_ptr_array_add(self->blocks, block);
        if (shot == kept)
            gtk_widget_grab_focus(GTK_WIDGET(block));
    }
    gtk_widget_queue_resize(GTK_WIDGET(self));
}

static guint drop_index(RushesTimelineRow *self, double x)
{
    guint index = 0;
    while (index < self->blocks->len && x > (block_x(self, index) + block_x(self, index + 1)) / 2)
        index++;
    return index;
}

static GdkDragAction on_drop_motion(GtkDropTarget *target, double x, double y,
                                    RushesTimelineRow *self)
{
    self->drop_x = block_x(self, drop_index(self, x)) - 1;
    gtk_widget_queue_draw(GTK_WIDGET(self));
    return GDK_ACTION_COPY | GDK_ACTION_MOVE;
}

static void on_drop_leave(GtkDropTarget *target, RushesTimelineRow *self)
{
    self->drop_x = -1;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static gboolean on_drop(GtkDropTarget *target, const GValue *value, double x, double y,
                        RushesTimelineRow *self)
{
    guint index = drop_index(self, x), from;
    g_autoptr(GError) failure = NULL;

    on_drop_leave(target, self);
    if (G_VALUE_HOLDS(value, RUSHES_TYPE_TAKE)) {
        rushes_project_add_shot(self->project, g_value_get_object(value), index, &failure);
    } else {
        RushesShot *shot = g_value_get_object(value);
        GListModel *shots = rushes_project_get_shots(self->project);
        for (from = 0; from < g_list_model_get_n_items(shots); from++) {
            g_autoptr(RushesShot) item = g_list_model_get_item(shots, from);
            if (item == shot)
                break;
        }
        if (index > from)
            index--; // its own place closes first
        rushes_project_move_shot(self->project, shot, index, &failure);
    }
    edit_failed(self, failure);
    return !failure;
}

static void on_pressed(GtkGestureClick *gesture, int count, double x, double y,
                       RushesTimelineRow *self)
{
    if (y < RULER_HEIGHT && self->film)
        g_signal_emit(self, signals[SEEK], 0,
                      (int)(MAX(0, x - LEFT) / self->scale * film_fps(self)));
}

static gboolean rushes_timeline_row_focus_child(GtkWidget *widget, GtkDirectionType direction)
{
    RushesTimelineRow *self = RUSHES_TIMELINE_ROW(widget);
    gboolean back = direction == GTK_DIR_LEFT || direction == GTK_DIR_TAB_BACKWARD;
    RushesShot *focused = rushes_timeline_row_get_focused(self);

    if (self->blocks->len == 0)
        return FALSE;
    if (!focused)
        return gtk_widget_grab_focus(self->blocks->pdata[back ? self->blocks->len - 1 : 0]);
    if (direction != GTK_DIR_LEFT && direction != GTK_DIR_RIGHT)
        return FALSE;
    for (guint i = 0; i < self->blocks->len; i++) {
        if (rushes_shot_block_get_shot(self->blocks->pdata[i]) != focused)
            continue;
        guint next = back ? (i > 0 ? i - 1 : 0) : MIN(i + 1, self->blocks->len - 1);
        return gtk_widget_grab_focus(self->blocks->pdata[next]);
    }
    return FALSE;
}

static void rushes_timeline_row_class_init(RushesTimelineRowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_timeline_row_dispose;
    widget->measure = rushes_timeline_row_measure;
    widget->size_allocate = rushes_timeline_row_size_allocate;
    widget->snapshot = rushes_timeline_row_snapshot;
    widget->focus = rushes_timeline_row_focus_child;
    gtk_widget_class_set_css_name(widget, "timelinerow");
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_LIST);
    signals[SEEK] = g_signal_new("seek", RUSHES_TYPE_TIMELINE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_INT);
    signals[SAY] = g_signal_new("say", RUSHES_TYPE_TIMELINE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void rushes_timeline_row_init(RushesTimelineRow *self)
{
    GType accepted[] = {RUSHES_TYPE_SHOT, RUSHES_TYPE_TAKE};
    GtkDropTarget *drop = gtk_drop_target_new(G_TYPE_INVALID, GDK_ACTION_COPY | GDK_ACTION_MOVE);
    GtkGesture *click = gtk_gesture_click_new();

    self->blocks = g_ptr_array_new();
    self->scale = 90;
    self->drop_x = -1;
    gtk_drop_target_set_gtypes(drop, accepted, G_N_ELEMENTS(accepted));
    g_signal_connect(drop, "motion", G_CALLBACK(on_drop_motion), self);
    g_signal_connect(drop, "leave", G_CALLBACK(on_drop_leave), self);
    g_signal_connect(drop, "drop", G_CALLBACK(on_drop), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drop));
    g_signal_connect(click, "pressed", G_CALLBACK(on_pressed), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(click));
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   "Shots of the timeline", -1);
}

static void on_film_changed(RushesTimelineRow *self)
{
    g_clear_pointer(&self->film, rushes_timeline_unref);
    self->film = rushes_composer_get_timeline(self->composer);
    gtk_widget_queue_resize(GTK_WIDGET(self));
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void rushes_timeline_row_set_project(RushesTimelineRow *self, RushesProject *project,
                                     RushesComposer *composer)
{
    if (self->project)
        g_signal_handlers_disconnect_by_data(rushes_project_get_shots(self->project), self);
    if (self->composer)
        g_signal_handlers_disconnect_by_data(self->composer, self);
    g_set_object(&self->project, project);
    g_set_object(&self->composer, composer);
    g_signal_connect_swapped(rushes_project_get_shots(project), "items-changed",
                             G_CALLBACK(rebuild), self);
    g_signal_connect_swapped(composer, "changed", G_CALLBACK(on_film_changed), self);
    on_film_changed(self);
    rebuild(self);
}

void rushes_timeline_row_set_player(RushesTimelineRow *self, RushesPlayer *player)
{
    g_return_if_fail(RUSHES_IS_TIMELINE_ROW(self) && !self->player);

    self->player = g_object_ref(player);
    g_signal_connect_swapped(player, "notify::position", G_CALLBACK(gtk_widget_queue_draw), self);
    g_signal_connect_swapped(player, "notify::source", G_CALLBACK(gtk_widget_queue_draw), self);
}

void rushes_timeline_row_set_scale(RushesTimelineRow *self, double pixels_a_second)
{
    self->scale = CLAMP(pixels_a_second, 8, 600);
    gtk_widget_queue_resize(GTK_WIDGET(self));
}

double rushes_timeline_row_get_scale(RushesTimelineRow *self)
{
    return self->scale;
}

RushesShot *rushes_timeline_row_get_focused(RushesTimelineRow *self)
{
    GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
    GtkWidget *focus = root ? gtk_root_get_focus(root) : NULL;

    for (guint i = 0; i < self->blocks->len && focus; i++) {
        // Its own menu has the focus while it is open.
        if (focus == self->blocks->pdata[i] ||
            gtk_widget_is_ancestor(focus, self->blocks->pdata[i]))
            return rushes_shot_block_get_shot(self->blocks->pdata[i]);
    }
    return NULL;
}

void rushes_timeline_row_focus(RushesTimelineRow *self, guint index)
{
    if (index < self->blocks->len)
        gtk_widget_grab_focus(self->blocks->pdata[index]);
}

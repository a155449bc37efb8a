// SPDX-License-Identifier: GPL-3.0-or-later
#include "scrub-bar.h"

#include "texture.h"
#include "time-text.h"

#define STRIP_HEIGHT 34
#define WAVE_HEIGHT  24
#define MOST_PEAKS   2000
#define PEAKS_A_TURN 16 // of the main loop

struct _RushesScrubBar {
    GtkWidget parent_instance;

    RushesPlayer *player;
    RushesFrameSource *source;
    RushesFrameFormat format;
    GPtrArray *thumbnails; // GdkTexture or NULL, left to right
    guint fresh;           // so many of them, from the left, show what is there now
    int strip_width;       // for which they were made
    float *peaks;
    guint n_peaks;
    guint fresh_peaks; // so many of them, from the left, are of what is there now
    guint refill;      // idle source
    gboolean was_playing;
    // Not to be seen, over the whole bar: GTK 4.8 tells the value of its own sliders to the accessibility
    // bus and of no other widget. It has the focus and the keys.
    GtkWidget *slider;
    gboolean telling; // the slider is set, not moved
};

G_DEFINE_FINAL_TYPE(RushesScrubBar, rushes_scrub_bar, GTK_TYPE_WIDGET)

static void unref_thumbnail(gpointer data)
{
    if (data)
        g_object_unref(data);
}

static void drop_source(RushesScrubBar *self)
{
    if (self->source)
        g_signal_handlers_disconnect_by_data(self->source, self);
    g_clear_object(&self->source);
    g_clear_handle_id(&self->refill, g_source_remove);
    g_ptr_array_set_size(self->thumbnails, 0);
    g_clear_pointer(&self->peaks, g_free);
    self->n_peaks = 0;
}

static void rushes_scrub_bar_dispose(GObject *object)
{
    RushesScrubBar *self = RUSHES_SCRUB_BAR(object);

    if (self->thumbnails)
        drop_source(self);
    if (self->player)
        g_signal_handlers_disconnect_by_data(self->player, self);
    g_clear_object(&self->player);
    g_clear_pointer(&self->thumbnails, g_ptr_array_unref);
    g_clear_pointer(&self->slider, gtk_widget_unparent);
    G_OBJECT_CLASS(rushes_scrub_bar_parent_class)->dispose(object);
}

static int frames(RushesScrubBar *self)
{
    return MAX(1, self->format.frames);
}

static float frame_x(RushesScrubBar *self, double frame)
{
    return (float)(frame / frames(self) * gtk_widget_get_width(GTK_WIDGET(self)));
}

static gboolean refill_thumbnail(RushesScrubBar *self)
{
    int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
    guint count = self->thumbnails->len;

    guint i = self->fresh;
    int index = (int)(((double)i + 0.5) / MAX(1, count) * frames(self));

    if (i >= count || index >= self->format.ready)
        return FALSE;
    unref_thumbnail(self->thumbnails->pdata[i]);
    self->thumbnails->pdata[i] = rushes_texture_new_thumbnail(
        self->source, index, self->strip_width / (int)count * 2 * scale, STRIP_HEIGHT * scale);
    self->fresh++;
    return TRUE;
}

static gboolean refill_peaks(RushesScrubBar *self)
{
    guint end = MIN(self->fresh_peaks + PEAKS_A_TURN, self->n_peaks);

    if (end == self->fresh_peaks)
        return FALSE;
    rushes_frame_source_read_peaks(self->source, self->n_peaks, self->fresh_peaks, end,
                                   self->peaks);
    self->fresh_peaks = end;
    return TRUE;
}

// A thumbnail or a piece of the waveform a turn of the main loop, so that dragging stays smooth meanwhile: reading the sound
// of a film mixes all of it.
static gboolean refill_one(gpointer data)
{
    RushesScrubBar *self = data;

    if (!refill_thumbnail(self) && !refill_peaks(self)) {
        self->refill = 0;
        return G_SOURCE_REMOVE;
    }
    gtk_widget_queue_draw(GTK_WIDGET(self));
    return G_SOURCE_CONTINUE;
}

static void refill(RushesScrubBar *self)
{
    if (self->source && !self->refill)
        self->refill = g_idle_add_full(G_PRIORITY_LOW, refill_one, self, NULL);
}

static void lay_out_strip(RushesScrubBar *self, int width)
{
    int aspect_width = self->format.height > 0
                           ? MAX(24, STRIP_HEIGHT * self->format.width / self->format.height)
                           : 60;
    guint count = (guint)CLAMP(width / aspect_width, 1, 200);

    self->strip_width = width;
    self->fresh = 0;
    g_ptr_array_set_size(self->thumbnails, 0);
    g_ptr_array_set_size(self->thumbnails, (int)count);
    refill(self);
}

// What is drawn of the sound stays until the new is known.
static void lay_out_peaks(RushesScrubBar *self)
{
    guint count = (guint)CLAMP(gtk_widget_get_width(GTK_WIDGET(self)) / 2, 1, MOST_PEAKS);

    if (self->format.samples <= 0)
        count = 0;
    if (count != self->n_peaks) {
        g_free(self->peaks);
        self->peaks = g_new0(float, count);
        self->n_peaks = count;
    }
    self->fresh_peaks = 0;
    refill(self);
}

static void rushes_scrub_bar_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    RushesScrubBar *self = RUSHES_SCRUB_BAR(widget);

    gtk_widget_allocate(self->slider, width, height, baseline, NULL);
    if (self->source && width != self->strip_width) {
        lay_out_strip(self, width);
        lay_out_peaks(self);
    }
}

static void draw_strip(RushesScrubBar *self, GtkSnapshot *snapshot, float width)
{
    const GdkRGBA empty = {0.5f, 0.5f, 0.5f, 0.15f};
    guint count = self->thumbnails->len;

    for (guint i = 0; i < count; i++) {
        float x = width * (float)i / (float)count;
        graphene_rect_t cell = GRAPHENE_RECT_INIT(x, 0, width / (float)count - 1, STRIP_HEIGHT);
        if (self->thumbnails->pdata[i])
            rushes_texture_snapshot_cover(self->thumbnails->pdata[i], snapshot, &cell);
        else
            gtk_snapshot_append_color(snapshot, &empty, &cell);
    }
}

static void draw_wave(RushesScrubBar *self, GtkSnapshot *snapshot, float width)
{
    const GdkRGBA wave = {0.2f, 0.66f, 0.42f, 0.85f};
    float middle = STRIP_HEIGHT + 2 + WAVE_HEIGHT / 2.0f;
    float step = width / (float)MAX(1, self->n_peaks);

    for (guint i = 0; i < self->n_peaks; i++) {
        float half = MAX(0.5f, MIN(1.0f, self->peaks[i]) * WAVE_HEIGHT / 2.0f);
        gtk_snapshot_append_color(
            snapshot, &wave,
            &GRAPHENE_RECT_INIT((float)i * step, middle - half, MAX(1.0f, step - 0.5f), half * 2));
    }
}

static void draw_marks(RushesScrubBar *self, GtkSnapshot *snapshot, float width, float height)
{
    const GdkRGBA outside = {0, 0, 0, 0.55f}, edge = {0.96f, 0.76f, 0.07f, 1};
    int in, out;

    g_object_get(self->player, "mark-in", &in, "mark-out", &out, NULL);
    if (in >= 0) {
        float x = frame_x(self, in);
        gtk_snapshot_append_color(snapshot, &outside, &GRAPHENE_RECT_INIT(0, 0, x, height));
        gtk_snapshot_append_color(snapshot, &edge, &GRAPHENE_RECT_INIT(x, 0, 2, height));
    }
    if (out >= 0) {
        float x = frame_x(self, out + 1);
        gtk_snapshot_append_color(snapshot, &outside, &GRAPHENE_RECT_INIT(x, 0, width - x, height));
        gtk_snapshot_append_color(snapshot, &edge, &GRAPHENE_RECT_INIT(x - 2, 0, 2, height));
    }
}

static void rushes_scrub_bar_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RushesScrubBar *self = RUSHES_SCRUB_BAR(widget);
    float width = (float)gtk_widget_get_width(widget);
    float height = (float)gtk_widget_get_height(widget);
    const GdkRGBA head = {0.92f, 0.38f, 0, 1};

    if (!self->source || self->format.frames <= 0)
        return;
    draw_strip(self, snapshot, width);
    draw_wave(self, snapshot, width);
    draw_marks(self, snapshot, width, height);
    float x = frame_x(self, rushes_player_get_position(self->player) + 0.5);
    gtk_snapshot_append_color(snapshot, &head, &GRAPHENE_RECT_INIT(x - 1, 0, 2, height));
    gtk_snapshot_append_color(snapshot, &head, &GRAPHENE_RECT_INIT(x - 4, 0, 8, 4));
}

static void rushes_scrub_bar_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
                                     int *minimum, int *natural, int *minimum_baseline,
                                     int *natural_baseline)
{
    gtk_widget_measure(RUSHES_SCRUB_BAR(widget)->slider, orientation, for_size, minimum, natural,
                       NULL, NULL);
    *minimum = *natural = MAX(
        *minimum, orientation == GTK_ORIENTATION_VERTICAL ? STRIP_HEIGHT + WAVE_HEIGHT + 4 : 120);
}

static void update_value(RushesScrubBar *self)
{
    int position = self->player ? rushes_player_get_position(self->player) : 0;

    self->telling = TRUE;
    gtk_range_set_range(GTK_RANGE(self->slider), 1, MAX(2, frames(self)));
    gtk_range_set_value(GTK_RANGE(self->slider), position + 1);
    self->telling = FALSE;
    // A number is not a time: the name says both, but not 24 times a second.
    if (!self->player || !rushes_player_get_playing(self->player)) {
        g_autofree char *time =
            rushes_time_text_clip(self->format.fps > 0 ? position / self->format.fps : 0);
        g_autofree char *name = g_strdup_printf("Position in the clip, frame %d of %d, %s",
                                                position + 1, frames(self), time);
        gtk_accessible_update_property(GTK_ACCESSIBLE(self->slider), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       name, -1);
    }
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void on_slider_moved(RushesScrubBar *self)
{
    if (!self->telling && self->player)
        rushes_player_seek(self->player,
                           (int)(gtk_range_get_value(GTK_RANGE(self->slider)) + 0.5) - 1);
}

static void on_source_changed(RushesScrubBar *self)
{
    RushesFrameFormat had = self->format;
    gboolean was_whole = had.frames > 0 && had.ready == had.frames;

    rushes_frame_source_get_format(self->source, &self->format);
    if (had.width != self->format.width || had.height != self->format.height)
        lay_out_strip(self, self->strip_width);
    else if (was_whole) // so this is another film: each picture stays until the new one is there
        self->fresh = 0;
    if (was_whole || self->format.samples != had.samples)
        lay_out_peaks(self);
    refill(self);
    update_value(self);
}

static void on_player_source(RushesScrubBar *self)
{
    RushesFrameSource *source = rushes_player_get_source(self->player);

    drop_source(self);
    self->format = (RushesFrameFormat){0};
    if (source) {
        self->source = g_object_ref(source);
        g_signal_connect_swapped(source, "changed", G_CALLBACK(on_source_changed), self);
        rushes_frame_source_get_format(source, &self->format);
        lay_out_strip(self, MAX(1, gtk_widget_get_width(GTK_WIDGET(self))));
        lay_out_peaks(self);
    }
    update_value(self);
}

static void seek_to(RushesScrubBar *self, double x)
{
    double share = x / MAX(1, gtk_widget_get_width(GTK_WIDGET(self)));
    if (self->player)
        rushes_player_seek(self->player, (int)(CLAMP(share, 0, 0.9999) * frames(self)));
}

static void on_drag_begin(GtkGestureDrag *gesture, double x, double y, RushesScrubBar *self)
{
    if (!self->player)
        return;
    gtk_widget_grab_focus(self->slider);
    self->was_playing = rushes_player_get_playing(self->player);
    rushes_player_pause(self->player);
    seek_to(self, x);
}

static void on_drag_update(GtkGestureDrag *gesture, double dx, double dy, RushesScrubBar *self)
{
    double x, y;
    gtk_gesture_drag_get_start_point(gesture, &x, &y);
    seek_to(self, x + dx);
}

static void on_drag_end(GtkGestureDrag *gesture, double dx, double dy, RushesScrubBar *self)
{
    if (self->was_playing)
        rushes_player_play(self->player);
}

static void rushes_scrub_bar_class_init(RushesScrubBarClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_scrub_bar_dispose;
    widget->snapshot = rushes_scrub_bar_snapshot;
    widget->measure = rushes_scrub_bar_measure;
    widget->size_allocate = rushes_scrub_bar_size_allocate;
    gtk_widget_class_set_css_name(widget, "scrubbar");
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void rushes_scrub_bar_init(RushesScrubBar *self)
{
    GtkGesture *drag = gtk_gesture_drag_new();

    self->thumbnails = g_ptr_array_new_with_free_func(unref_thumbnail);
    g_signal_connect(drag, "drag-begin", G_CALLBACK(on_drag_begin), self);
    g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag_update), self);
    g_signal_connect(drag, "drag-end", G_CALLBACK(on_drag_end), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
    self->slider = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 1, 2, 1);
    gtk_widget_set_opacity(self->slider, 0);
    gtk_widget_set_can_target(self->slider, FALSE); // the pointer is for the bar
    gtk_widget_set_parent(self->slider, GTK_WIDGET(self));
    g_signal_connect_swapped(self->slider, "value-changed", G_CALLBACK(on_slider_moved), self);
}

void rushes_scrub_bar_set_player(RushesScrubBar *self, RushesPlayer *player)
{
    g_return_if_fail(RUSHES_IS_SCRUB_BAR(self) && !self->player);

    self->player = g_object_ref(player);
    g_signal_connect_swapped(player, "notify::source", G_CALLBACK(on_player_source), self);
    g_signal_connect_swapped(player, "notify::position", G_CALLBACK(update_value), self);
    g_signal_connect_swapped(player, "notify::playing", G_CALLBACK(update_value), self);
    g_signal_connect_swapped(player, "notify::mark-in", G_CALLBACK(gtk_widget_queue_draw), self);
    g_signal_connect_swapped(player, "notify::mark-out", G_CALLBACK(gtk_widget_queue_draw), self);
    on_player_source(self);
}

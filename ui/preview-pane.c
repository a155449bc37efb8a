// SPDX-License-Identifier: GPL-3.0-or-later
#include "preview-pane.h"

#include <math.h>

#include "comparison-bar.h"
#include "control-name.h"
#include "scrub-bar.h"
#include "time-text.h"

struct _RushesPreviewPane {
    AdwBin parent_instance;

    GtkStack *stack;
    RushesFrameView *view;
    AdwStatusPage *message;
    GtkRevealer *progress_revealer;
    GtkLabel *progress_label;
    GtkProgressBar *progress_bar;
    RushesScrubBar *scrub;
    GtkLabel *readout;
    GtkBox
        *row; // of what lies under the picture; the buttons have one of their own when it is narrow
    GtkCenterBox *transport;
    GtkWidget *buttons;
    GtkButton *play_button;
    RushesComparisonBar *comparison;
    GtkMenuButton *zoom_button;

    RushesPlayer *player;
    GPtrArray *takes;
    RushesFrameSource *other; // what is shown while no take is
    guint forming_source;     // timer of the low-resolution preview
    guint forming_frame;
    gboolean autoplay; // the take was chosen while it formed: play as soon as frames come
};

enum { CANCEL_TAKE, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesPreviewPane, rushes_preview_pane, ADW_TYPE_BIN)

static void update(RushesPreviewPane *self);

static RushesTake *first_take(RushesPreviewPane *self)
{
    return self->takes->len > 0 ? self->takes->pdata[0] : NULL;
}

static void drop_takes(RushesPreviewPane *self)
{
    for (guint i = 0; i < self->takes->len; i++)
        g_signal_handlers_disconnect_by_data(self->takes->pdata[i], self);
    g_ptr_array_set_size(self->takes, 0);
}

static void rushes_preview_pane_dispose(GObject *object)
{
    RushesPreviewPane *self = RUSHES_PREVIEW_PANE(object);

    g_clear_handle_id(&self->forming_source, g_source_remove);
    if (self->takes)
        drop_takes(self);
    g_clear_pointer(&self->takes, g_ptr_array_unref);
    if (self->player) {
        g_signal_handlers_disconnect_by_data(self->player, self);
        rushes_player_set_source(self->player, NULL);
    }
    g_clear_object(&self->player);
    g_clear_object(&self->other);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_PREVIEW_PANE);
    G_OBJECT_CLASS(rushes_preview_pane_parent_class)->dispose(object);
}

static void update_readout(RushesPreviewPane *self)
{
    RushesFrameSource *source = rushes_player_get_source(self->player);
    RushesFrameFormat format = {0};
    int position = rushes_player_get_position(self->player);
    double rate = rushes_player_get_rate(self->player);

    if (source)
        rushes_frame_source_get_format(source, &format);
    if (format.frames <= 0 || format.fps <= 0) {
        gtk_label_set_label(self->readout, "");
        return;
    }
    g_autofree char *time = rushes_time_text_clip(position / format.fps);
    g_autofree char *speed = rate == 1 ? g_strdup("") : g_strdup_printf(" · %g×", rate);
    g_autofree char *text =
        g_strdup_printf("%s · frame %d / %d%s", time, position + 1, format.frames, speed);
    gtk_label_set_label(self->readout, text);
}

static void on_position(RushesPreviewPane *self)
{
    update_readout(self);
}

static void on_playing(RushesPreviewPane *self)
{
    gboolean playing = rushes_player_get_playing(self->player);
    gtk_button_set_icon_name(self->play_button, playing ? "media-playback-pause-symbolic"
                                                        : "media-playback-start-symbolic");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->play_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   playing ? "Pause" : "Play", -1);
    update_readout(self);
}

// The frame of a clip that is to be seen when another one shows its frame `index`: by time, since their rates may differ.
static int frame_at(int index, const RushesFrameFormat *lead, const RushesFrameFormat *clip)
{
    return lead->fps > 0 ? (int)floor(index / lead->fps * clip->fps + 1e-6) : index;
}

static void caption_take(RushesPreviewPane *self, guint slot, gboolean over)
{
    g_autofree char *caption = g_strdup_printf(over ? "Take %d, which is over" : "Take %d",
                                               rushes_take_get_number(self->takes->pdata[slot]));
    rushes_frame_view_set_caption(self->view, slot, caption);
}

// The compared takes follow the first one; a shorter one stands on its last frame, and says so.
static void show_followers(RushesPreviewPane *self, int index)
{
    RushesFrameFormat lead, format;

    rushes_frame_source_get_format(rushes_take_get_source(first_take(self)), &lead);
    for (guint i = 1; i < self->takes->len; i++) {
        RushesFrameSource *source = rushes_take_get_source(self->takes->pdata[i]);
        rushes_frame_source_get_format(source, &format);
        if (format.ready == 0)
            continue;
        int frame = frame_at(index, &lead, &format);
        caption_take(self, i, frame >= format.frames);
        g_autoptr(GBytes) rgb =
            rushes_frame_source_read_frame(source, MIN(frame, format.ready - 1), NULL);
        rushes_frame_view_set_frame(self->view, i, rgb, format.width, format.height);
    }
}

// The focus stays on what is looked at: GTK would pass it on to any other part of the window.
static void show_page(RushesPreviewPane *self, const char *name)
{
    GtkWidget *before = gtk_stack_get_visible_child(self->stack);
    GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
    GtkWidget *focus = root ? gtk_root_get_focus(root) : NULL;
    gboolean focused =
        focus && before && (focus == before || gtk_widget_is_ancestor(focus, before));

    gtk_stack_set_visible_child_name(self->stack, name);
    if (focused)
        gtk_widget_grab_focus(gtk_stack_get_visible_child(self->stack));
}

static gboolean rushes_preview_pane_grab_focus(GtkWidget *widget)
{
    return gtk_widget_grab_focus(gtk_stack_get_visible_child(RUSHES_PREVIEW_PANE(widget)->stack));
}

static void on_frame(RushesPreviewPane *self, int index, GBytes *rgb)
{
    RushesFrameFormat format;

    show_page(self, "picture"); // after one that could not be read
    rushes_frame_source_get_format(rushes_player_get_source(self->player), &format);
    rushes_frame_view_set_frame(self->view, 0, rgb, format.width, format.height);
    if (self->takes->len > 1)
        show_followers(self, index);
}

// A picture that stayed from before would pass for this frame's.
static void on_failed(RushesPreviewPane *self, const char *sentence)
{
    g_autofree char *text = g_markup_escape_text(sentence, -1);

    adw_status_page_set_icon_name(self->message, "dialog-warning-symbolic");
    adw_status_page_set_title(self->message, "No Picture Here");
    adw_status_page_set_description(self->message, text);
    show_page(self, "message");
}

// One picture of the forming clip after the other, in the clip's own time.
static gboolean form_next(gpointer data)
{
    RushesPreviewPane *self = data;
    RushesTake *take = first_take(self);
    int width, height, frames;
    GBytes *preview = take ? rushes_take_get_preview(take, &width, &height, &frames) : NULL;

    if (!preview || rushes_take_is_playable(take)) {
        self->forming_source = 0;
        return G_SOURCE_REMOVE;
    }
    self->forming_frame = (self->forming_frame + 1) % (guint)frames;
    gsize bytes = (gsize)width * (gsize)height * 3;
    g_autoptr(GBytes) picture = g_bytes_new_from_bytes(preview, bytes * self->forming_frame, bytes);
    rushes_frame_view_set_frame(self->view, 0, picture, width, height);
    return G_SOURCE_CONTINUE;
}

static void start_forming(RushesPreviewPane *self, RushesTake *take)
{
    int width, height, frames;
    double seconds = rushes_recipe_get_seconds(rushes_take_get_recipe(take));

    if (self->forming_source || !rushes_take_get_preview(take, &width, &height, &frames))
        return;
    guint interval = (guint)CLAMP(seconds * 1000 / frames, 30, 1000);
    self->forming_source = g_timeout_add(interval, form_next, self);
    form_next(self);
}

static void update_progress(RushesPreviewPane *self)
{
    RushesTake *take = first_take(self);
    gboolean running =
        take && self->takes->len == 1 && rushes_take_get_state(take) == RUSHES_TAKE_RUNNING;

    if (running) {
        g_autofree char *left = rushes_time_text_left(rushes_take_get_eta(take));
        const char *stage = rushes_take_get_stage(take);
        g_autofree char *text = *left ? g_strdup_printf("%s · %s", stage, left) : g_strdup(stage);
        gtk_label_set_label(self->progress_label, text);
        gtk_progress_bar_set_fraction(self->progress_bar, rushes_take_get_fraction(take));
    }
    gtk_revealer_set_reveal_child(self->progress_revealer, running);
}

static void show_message(RushesPreviewPane *self, RushesTake *take)
{
    static const struct {
        const char *icon, *title, *text;
    } messages[] = {
        [RUSHES_TAKE_QUEUED] = {"document-open-recent-symbolic", "Waiting in the queue",
                                "It starts when the takes before it are done."},
        [RUSHES_TAKE_RUNNING] = {"camera-video-symbolic", "Starting",
                                 "The first picture appears after the first step."},
        [RUSHES_TAKE_PAUSED] = {"media-playback-pause-symbolic", "Paused",
                                "Resume it in the queue; it goes on from its last finished step."},
        [RUSHES_TAKE_INTERRUPTED] = {"media-playback-pause-symbolic", "Interrupted",
                                     "It goes on from its last finished step."},
        [RUSHES_TAKE_DONE] = {"dialog-warning-symbolic", "The frames are missing",
                              "Generate the same recipe again to have them back."},
        [RUSHES_TAKE_FAILED] = {"dialog-error-symbolic", "This take failed", ""},
        [RUSHES_TAKE_CANCELLED] = {"process-stop-symbolic", "Cancelled",
                                   "The recipe is kept: generate it again whenever you like."},
    };
    RushesTakeState state = rushes_take_get_state(take);
    const char *error = rushes_take_get_error(take);
    g_autofree char *text = g_markup_escape_text(error ? error : messages[state].text, -1);

    adw_status_page_set_icon_name(self->message, messages[state].icon);
    adw_status_page_set_title(self->message, messages[state].title);
    adw_status_page_set_description(self->message, text);
    show_page(self, "message");
}

static void show_single(RushesPreviewPane *self, RushesTake *take)
{
    int width, height, frames;
    RushesFrameSource *source = rushes_take_get_source(take);
    gboolean playable = rushes_take_is_playable(take);

    if (playable || rushes_take_get_preview(take, &width, &height, &frames)) {
        show_page(self, "picture");
        rushes_frame_view_set_count(self->view, 1);
    } else {
        show_message(self, take);
    }
    if (rushes_player_get_source(self->player) != source)
        rushes_player_set_source(self->player, source);
    if (!playable) {
        start_forming(self, take);
    } else if (self->autoplay) {
        self->autoplay = FALSE;
        rushes_player_play(self->player);
    }
}

static void update(RushesPreviewPane *self)
{
    RushesTake *take = first_take(self);

    rushes_comparison_bar_set_takes(self->comparison, self->takes);
    update_progress(self);
    if (self->other) {
        show_page(self, "picture");
        return;
    }
    if (!take) {
        rushes_player_set_source(self->player, NULL);
        show_page(self, "empty");
    } else if (self->takes->len == 1) {
        show_single(self, take);
    } else {
        show_page(self, "picture");
        rushes_frame_view_set_count(self->view, self->takes->len);
        if (rushes_player_get_source(self->player) != rushes_take_get_source(take))
            rushes_player_set_source(self->player, rushes_take_get_source(take));
        else
            rushes_player_seek(self->player, rushes_player_get_position(self->player));
    }
    if (take)
        caption_take(self, 0, FALSE);
    update_readout(self);
}

static void on_cancel_clicked(RushesPreviewPane *self)
{
    if (first_take(self))
        g_signal_emit(self, signals[CANCEL_TAKE], 0, first_take(self));
}

static void on_mode(RushesPreviewPane *self)
{
    rushes_frame_view_set_mode(self->view, rushes_comparison_bar_get_mode(self->comparison));
}

static void rushes_preview_pane_class_init(RushesPreviewPaneClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);
    widget->grab_focus = rushes_preview_pane_grab_focus;

    G_OBJECT_CLASS(klass)->dispose = rushes_preview_pane_dispose;
    g_type_ensure(RUSHES_TYPE_COMPARISON_BAR);
    g_type_ensure(RUSHES_TYPE_FRAME_VIEW);
    g_type_ensure(RUSHES_TYPE_SCRUB_BAR);
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/preview-pane.ui");
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, stack);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, view);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, message);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, progress_revealer);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, progress_label);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, progress_bar);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, scrub);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, readout);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, row);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, transport);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, buttons);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, play_button);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, comparison);
    gtk_widget_class_bind_template_child(widget, RushesPreviewPane, zoom_button);
    gtk_widget_class_bind_template_callback(widget, on_cancel_clicked);
    signals[CANCEL_TAKE] = g_signal_new("cancel-take", RUSHES_TYPE_PREVIEW_PANE, G_SIGNAL_RUN_LAST,
                                        0, NULL, NULL, NULL, G_TYPE_NONE, 1, RUSHES_TYPE_TAKE);
}

static void rushes_preview_pane_init(RushesPreviewPane *self)
{
    self->takes = g_ptr_array_new_with_free_func(g_object_unref);
    gtk_widget_init_template(GTK_WIDGET(self));
    rushes_control_name(GTK_WIDGET(self->zoom_button), "Zoom: Fit");
    self->player = rushes_player_new(NULL);
    g_signal_connect_swapped(self->player, "frame", G_CALLBACK(on_frame), self);
    g_signal_connect_swapped(self->player, "failed", G_CALLBACK(on_failed), self);
    g_signal_connect_swapped(self->player, "notify::position", G_CALLBACK(on_position), self);
    g_signal_connect_swapped(self->player, "notify::playing", G_CALLBACK(on_playing), self);
    g_signal_connect_swapped(self->player, "notify::rate", G_CALLBACK(on_position), self);
    g_signal_connect_swapped(self->comparison, "notify::mode", G_CALLBACK(on_mode), self);
    rushes_scrub_bar_set_player(self->scrub, self->player);
}

void rushes_preview_pane_set_takes(RushesPreviewPane *self, GPtrArray *takes)
{
    gboolean same = takes->len == self->takes->len && !self->other;

    for (guint i = 0; same && i < takes->len; i++)
        same = takes->pdata[i] == self->takes->pdata[i];
    if (same)
        return;
    // What played shows one more frame when it stops: before the view is emptied, or it would pass for the next take's.
    gboolean stays = takes->len > 0 && rushes_player_get_source(self->player) ==
                                           rushes_take_get_source(takes->pdata[0]);
    if (!stays)
        rushes_player_set_source(self->player, NULL);
    g_clear_handle_id(&self->forming_source, g_source_remove);
    g_clear_object(&self->other);
    drop_takes(self);
    rushes_frame_view_set_count(self->view, 0);
    for (guint i = 0; i < MIN(takes->len, RUSHES_FRAME_VIEW_MOST); i++) {
        RushesTake *take = takes->pdata[i];
        g_ptr_array_add(self->takes, g_object_ref(take));
        g_signal_connect_swapped(take, "notify::state", G_CALLBACK(update), self);
        g_signal_connect_swapped(take, "notify::thumbnail-serial", G_CALLBACK(update), self);
        g_signal_connect_swapped(take, "notify::fraction", G_CALLBACK(update_progress), self);
        g_signal_connect_swapped(take, "notify::stage", G_CALLBACK(update_progress), self);
        g_signal_connect_swapped(take, "notify::eta", G_CALLBACK(update_progress), self);
    }
    RushesTake *first = first_take(self);
    self->autoplay = first && rushes_take_get_state(first) != RUSHES_TAKE_DONE;
    update(self);
    // One that was compared and is alone now: the player has it already and shows nothing by itself.
    if (stays && self->takes->len == 1)
        rushes_player_seek(self->player, rushes_player_get_position(self->player));
}

RushesTake *rushes_preview_pane_get_take(RushesPreviewPane *self)
{
    return first_take(self);
}

guint rushes_preview_pane_get_n_takes(RushesPreviewPane *self)
{
    return self->takes->len;
}

void rushes_preview_pane_set_source(RushesPreviewPane *self, RushesFrameSource *source,
                                    const char *caption)
{
    drop_takes(self);
    g_clear_handle_id(&self->forming_source, g_source_remove);
    g_set_object(&self->other, source);
    rushes_frame_view_set_count(self->view, 1);
    rushes_player_set_source(self->player, source);
    rushes_frame_view_set_caption(self->view, 0, caption);
    update(self);
    update_readout(self);
}

gboolean rushes_preview_pane_shows_source(RushesPreviewPane *self, RushesFrameSource *source)
{
    return self->other == source;
}

RushesPlayer *rushes_preview_pane_get_player(RushesPreviewPane *self)
{
    return self->player;
}

RushesFrameView *rushes_preview_pane_get_view(RushesPreviewPane *self)
{
    return self->view;
}

void rushes_preview_pane_set_zoom(RushesPreviewPane *self, double zoom)
{
    g_autofree char *text = zoom > 0 ? g_strdup_printf("%.0f %%", zoom * 100) : g_strdup("Fit");
    rushes_frame_view_set_zoom(self->view, zoom);
    g_autofree char *name = g_strdup_printf("Zoom: %s", text);
    gtk_menu_button_set_label(self->zoom_button, text);
    rushes_control_name(GTK_WIDGET(self->zoom_button), name);
}

void rushes_preview_pane_next_mode(RushesPreviewPane *self)
{
    rushes_comparison_bar_next_mode(self->comparison);
}

void rushes_preview_pane_swap(RushesPreviewPane *self)
{
    RushesFrameFormat before, after;

    if (self->takes->len < 2)
        return;
    rushes_frame_source_get_format(rushes_take_get_source(first_take(self)), &before);
    int position = rushes_player_get_position(self->player);
    g_ptr_array_add(self->takes, g_ptr_array_steal_index(self->takes, 0));
    rushes_frame_source_get_format(rushes_take_get_source(first_take(self)), &after);
    rushes_frame_view_set_count(self->view, 0); // each slot is another take's now
    update(self);
    rushes_player_seek(self->player, frame_at(position, &before, &after));
}

void rushes_preview_pane_set_narrow(RushesPreviewPane *self, gboolean narrow)
{
    gboolean is_narrow = gtk_center_box_get_center_widget(self->transport) == NULL;
    g_autoptr(GtkWidget) buttons = g_object_ref(self->buttons);

    if (is_narrow == !!narrow)
        return;
    if (narrow) {
        gtk_center_box_set_center_widget(self->transport, NULL);
        gtk_box_prepend(self->row, buttons);
    } else {
        gtk_box_remove(self->row, buttons);
        gtk_center_box_set_center_widget(self->transport, buttons);
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-keys.c - the keys that have no modifier. They act only while no text has the focus, in which
// case they are letters.
#include "window-private.h"

gboolean window_text_has_focus(RushesWindow *self)
{
    GtkWidget *focus = gtk_root_get_focus(GTK_ROOT(self));
    return focus && (GTK_IS_TEXT_VIEW(focus) || GTK_IS_EDITABLE(focus));
}

static gboolean press(RushesWindow *self, const char *action)
{
    gtk_widget_activate_action(GTK_WIDGET(self), action, NULL);
    return GDK_EVENT_STOP;
}

static gboolean zoom_timeline(RushesWindow *self, const char *how)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "win.timeline-zoom", "s", how);
    return GDK_EVENT_STOP;
}

static gboolean on_shift_key(RushesWindow *self, guint key)
{
    switch (key) {
    case GDK_KEY_space:
        return press(self, "win.play-timeline");
    case GDK_KEY_Left:
        return press(self, "win.jump-back");
    case GDK_KEY_Right:
        return press(self, "win.jump-forward");
    case GDK_KEY_I:
        return press(self, "win.go-mark-in");
    case GDK_KEY_O:
        return press(self, "win.go-mark-out");
    case GDK_KEY_M:
        return press(self, "win.add-marker");
    case GDK_KEY_Up:
        return press(self, "win.previous-marker");
    case GDK_KEY_Down:
        return press(self, "win.next-marker");
    case GDK_KEY_Delete:
        return press(self, "win.ripple-delete");
    case GDK_KEY_plus: // with Shift on many layouts
        return zoom_timeline(self, "in");
    default:
        return GDK_EVENT_PROPAGATE;
    }
}

static gboolean on_plain_key(RushesWindow *self, guint key)
{
    static const struct {
        guint key;
        const char *action;
    } keys[] = {
        {GDK_KEY_space, "win.play"},
        {GDK_KEY_j, "win.shuttle-back"},
        {GDK_KEY_k, "win.pause"},
        {GDK_KEY_l, "win.shuttle-forward"},
        {GDK_KEY_comma, "win.step-back"},
        {GDK_KEY_period, "win.step-forward"},
        {GDK_KEY_Left, "win.step-back"},
        {GDK_KEY_Right, "win.step-forward"},
        {GDK_KEY_Home, "win.go-start"},
        {GDK_KEY_End, "win.go-end"},
        {GDK_KEY_Up, "win.previous-cut"},
        {GDK_KEY_Down, "win.next-cut"},
        {GDK_KEY_i, "win.mark-in"},
        {GDK_KEY_o, "win.mark-out"},
        {GDK_KEY_f, "win.star"},
        {GDK_KEY_w, "win.write-note"},
        {GDK_KEY_bracketleft, "win.previous-take"},
        {GDK_KEY_bracketright, "win.next-take"},
        {GDK_KEY_c, "win.compare"},
        {GDK_KEY_m, "win.compare-mode"},
        {GDK_KEY_x, "win.compare-swap"},
        {GDK_KEY_e, "win.add-to-timeline"},
        {GDK_KEY_s, "win.split"},
        {GDK_KEY_d, "win.dissolve"},
        {GDK_KEY_n, "win.snap"},
        {GDK_KEY_t, "win.spoken-line"},
        {GDK_KEY_Delete, "win.delete"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (key == keys[i].key)
            return press(self, keys[i].action);
    }
    switch (key) {
    case GDK_KEY_plus:
    case GDK_KEY_equal: // plus without Shift
    case GDK_KEY_KP_Add:
        return zoom_timeline(self, "in");
    case GDK_KEY_minus:
    case GDK_KEY_KP_Subtract:
        return zoom_timeline(self, "out");
    case GDK_KEY_0:
    case GDK_KEY_KP_0:
        return zoom_timeline(self, "fit");
    default:
        return GDK_EVENT_PROPAGATE;
    }
}

static gboolean on_key(GtkEventControllerKey *controller, guint key, guint code,
                       GdkModifierType state, RushesWindow *self)
{
    GdkModifierType held = state & gtk_accelerator_get_default_mod_mask();

    if (state & GDK_LOCK_MASK) // Caps Lock makes letters large; it is no key that is held
        key = held & GDK_SHIFT_MASK ? gdk_keyval_to_upper(key) : gdk_keyval_to_lower(key);
    if (window_text_has_focus(self))
        return GDK_EVENT_PROPAGATE;
    if (held == GDK_SHIFT_MASK)
        return on_shift_key(self, key);
    if (held == GDK_ALT_MASK && key == GDK_KEY_x)
        return press(self, "win.clear-marks");
    if (held == GDK_CONTROL_MASK && (key == GDK_KEY_Left || key == GDK_KEY_Right))
        return press(self, key == GDK_KEY_Left ? "win.shot-earlier" : "win.shot-later");
    return held == 0 ? on_plain_key(self, key) : GDK_EVENT_PROPAGATE;
}

// From the words back to the picture; there, Escape asks whether to cancel what runs. Before the overlay of the
// toasts, which would close one instead; not when a popover has the focus, which it closes.
static gboolean on_escape(GtkEventControllerKey *controller, guint key, guint code,
                          GdkModifierType state, RushesWindow *self)
{
    GtkWidget *focus = gtk_root_get_focus(GTK_ROOT(self));

    if (key != GDK_KEY_Escape || (state & gtk_accelerator_get_default_mod_mask()) != 0 ||
        (focus && gtk_widget_get_native(focus) != GTK_NATIVE(self)))
        return GDK_EVENT_PROPAGATE;
    if (window_text_has_focus(self))
        return gtk_widget_grab_focus(GTK_WIDGET(self->preview));
    if (!rushes_queue_get_running(self->queue))
        return GDK_EVENT_PROPAGATE;
    return press(self, "win.ask-cancel");
}

void window_watch_keys(RushesWindow *self)
{
    GtkEventController *escape = gtk_event_controller_key_new();
    gtk_event_controller_set_propagation_phase(escape, GTK_PHASE_CAPTURE);
    g_signal_connect(escape, "key-pressed", G_CALLBACK(on_escape), self);
    gtk_widget_add_controller(GTK_WIDGET(self), escape);
    GtkEventController *controller = gtk_event_controller_key_new();
    g_signal_connect(controller, "key-pressed", G_CALLBACK(on_key), self);
    gtk_widget_add_controller(GTK_WIDGET(self), controller);
}

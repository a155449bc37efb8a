// SPDX-License-Identifier: GPL-3.0-or-later
#include "comparison-bar.h"

#include "control-name.h"
#include "take-differences.h"

struct _RushesComparisonBar {
    AdwBin parent_instance;

    GtkToggleButton *modes[3]; // by RushesFrameViewMode
    GtkLabel *lines, *all;
    GtkMenuButton *all_button;
};

enum { PROP_MODE = 1, N_PROPS };
static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE(RushesComparisonBar, rushes_comparison_bar, ADW_TYPE_BIN)

static void rushes_comparison_bar_dispose(GObject *object)
{
    gtk_widget_dispose_template(GTK_WIDGET(object), RUSHES_TYPE_COMPARISON_BAR);
    G_OBJECT_CLASS(rushes_comparison_bar_parent_class)->dispose(object);
}

static void rushes_comparison_bar_get_property(GObject *object, guint id, GValue *value,
                                               GParamSpec *pspec)
{
    if (id == PROP_MODE)
        g_value_set_int(value, (int)rushes_comparison_bar_get_mode(RUSHES_COMPARISON_BAR(object)));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void on_mode_toggled(RushesComparisonBar *self, GtkToggleButton *button)
{
    if (gtk_toggle_button_get_active(button))
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MODE]);
}

static void rushes_comparison_bar_class_init(RushesComparisonBarClass *klass)
{
    static const char *const names[] = {"mode_side", "mode_wipe", "mode_difference"};
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_comparison_bar_dispose;
    G_OBJECT_CLASS(klass)->get_property = rushes_comparison_bar_get_property;
    properties[PROP_MODE] = g_param_spec_int("mode", NULL, NULL, 0, RUSHES_FRAME_VIEW_DIFFERENCE, 0,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(G_OBJECT_CLASS(klass), N_PROPS, properties);
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/comparison-bar.ui");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        gtk_widget_class_bind_template_child_full(widget, names[i], FALSE,
                                                  G_STRUCT_OFFSET(RushesComparisonBar, modes) +
                                                      (gssize)(i * sizeof(GtkToggleButton *)));
    gtk_widget_class_bind_template_child(widget, RushesComparisonBar, lines);
    gtk_widget_class_bind_template_child(widget, RushesComparisonBar, all);
    gtk_widget_class_bind_template_child(widget, RushesComparisonBar, all_button);
    gtk_widget_class_bind_template_callback(widget, on_mode_toggled);
}

static void rushes_comparison_bar_init(RushesComparisonBar *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    rushes_control_name(GTK_WIDGET(self->all_button), "All that differs");
    gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
}

static void append_take(GString *lines, GString *all, RushesTake *first, RushesTake *other)
{
    g_autofree char *line = rushes_take_differences_line(first, other);
    g_autofree char *words = rushes_take_differences_words(first, other);
    g_autofree char *settings = rushes_take_differences_settings(first, other);
    g_autofree char *escaped = g_markup_escape_text(settings, -1);
    int from = rushes_take_get_number(first), to = rushes_take_get_number(other);

    g_string_append_printf(lines, "%s<b>%d \u2192 %d</b>  %s", lines->len ? "\n" : "", from, to,
                           line);
    g_string_append_printf(all, "%s<b>From take %d to take %d</b>\n%s\n<small>%s</small>",
                           all->len ? "\n\n" : "", from, to, words, escaped);
}

void rushes_comparison_bar_set_takes(RushesComparisonBar *self, GPtrArray *takes)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(GString) all = g_string_new(NULL);

    gtk_widget_set_visible(GTK_WIDGET(self), takes->len > 1);
    for (guint i = 1; i < takes->len; i++)
        append_take(lines, all, takes->pdata[0], takes->pdata[i]);
    gtk_label_set_markup(self->lines, lines->str);
    gtk_label_set_markup(self->all, all->str);
}

void rushes_comparison_bar_next_mode(RushesComparisonBar *self)
{
    guint next = (rushes_comparison_bar_get_mode(self) + 1) % G_N_ELEMENTS(self->modes);

    gtk_toggle_button_set_active(self->modes[next], TRUE);
}

RushesFrameViewMode rushes_comparison_bar_get_mode(RushesComparisonBar *self)
{
    for (guint i = 0; i < G_N_ELEMENTS(self->modes); i++) {
        if (gtk_toggle_button_get_active(self->modes[i]))
            return (RushesFrameViewMode)i;
    }
    return RUSHES_FRAME_VIEW_SIDE_BY_SIDE;
}

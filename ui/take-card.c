// SPDX-License-Identifier: GPL-3.0-or-later
#include "take-card.h"

#include "texture.h"

struct _RushesTakeCard {
    GtkWidget parent_instance;

    GtkOverlay *frame;
    GtkPicture *picture;
    GtkImage *state_icon, *flag_icon;
    GtkProgressBar *progress;
    GtkToggleButton *star;
    GtkLabel *number;

    RushesTake *take;
};

G_DEFINE_FINAL_TYPE(RushesTakeCard, rushes_take_card, GTK_TYPE_WIDGET)

static void rushes_take_card_dispose(GObject *object)
{
    RushesTakeCard *self = RUSHES_TAKE_CARD(object);
    GtkWidget *child;

    if (self->take)
        g_signal_handlers_disconnect_by_data(self->take, self);
    g_clear_object(&self->take);
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(self))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(rushes_take_card_parent_class)->dispose(object);
}

static GdkTexture *take_picture(RushesTake *take, int width, int height)
{
    int preview_width, preview_height, frames;
    GdkTexture *texture = rushes_texture_new_take(take, width, height);

    if (texture)
        return texture;
    GBytes *preview = rushes_take_get_preview(take, &preview_width, &preview_height, &frames);
    if (!preview)
        return NULL;
    gsize bytes = (gsize)preview_width * (gsize)preview_height * 3;
    g_autoptr(GBytes) middle = g_bytes_new_from_bytes(preview, bytes * (gsize)(frames / 2), bytes);
    return rushes_texture_new(middle, preview_width, preview_height);
}

static void update_picture(RushesTakeCard *self)
{
    int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
    g_autoptr(GdkTexture) texture = take_picture(self->take, 168 * scale, 104 * scale);
    gtk_picture_set_paintable(self->picture, GDK_PAINTABLE(texture));
}

static void update_state(RushesTakeCard *self)
{
    static const struct {
        const char *icon, *words;
    } looks[] = {
        [RUSHES_TAKE_QUEUED] = {"document-open-recent-symbolic", "waiting"},
        [RUSHES_TAKE_RUNNING] = {NULL, "being made"},
        [RUSHES_TAKE_PAUSED] = {"media-playback-pause-symbolic", "paused"},
        [RUSHES_TAKE_INTERRUPTED] = {"media-playback-pause-symbolic", "interrupted"},
        [RUSHES_TAKE_DONE] = {NULL, "done"},
        [RUSHES_TAKE_FAILED] = {"dialog-error-symbolic", "failed"},
        [RUSHES_TAKE_CANCELLED] = {"process-stop-symbolic", "cancelled"},
    };
    GtkWidget *row = gtk_widget_get_parent(GTK_WIDGET(self)); // of the list, once it is in one
    RushesTakeState state = rushes_take_get_state(self->take);
    gboolean star = rushes_take_get_star(self->take);
    const char *prompt = rushes_take_get_recipe(self->take)->prompt;
    const char *note = rushes_take_get_note(self->take);
    const char *error = rushes_take_get_error(self->take);
    g_autofree char *number = g_strdup_printf("%d", rushes_take_get_number(self->take));
    const char *flag = rushes_take_get_flag(self->take);
    g_autofree char *name =
        g_strdup_printf("Take %s, %s%s%s: %s", number, looks[state].words, star ? ", starred" : "",
                        flag ? ", not to be published" : "", prompt);
    g_autofree char *tip =
        g_strjoin("\n", prompt, flag ? flag : (*note ? note : (error ? error : "")), NULL);

    gtk_image_set_from_icon_name(self->state_icon, looks[state].icon);
    gtk_widget_set_visible(GTK_WIDGET(self->state_icon), looks[state].icon != NULL);
    gtk_widget_set_visible(GTK_WIDGET(self->flag_icon), flag != NULL);
    gtk_widget_set_visible(GTK_WIDGET(self->progress), state == RUSHES_TAKE_RUNNING);
    gtk_progress_bar_set_fraction(self->progress, rushes_take_get_fraction(self->take));
    gtk_toggle_button_set_active(self->star, star);
    gtk_button_set_icon_name(GTK_BUTTON(self->star),
                             star ? "starred-symbolic" : "non-starred-symbolic");
    gtk_label_set_label(self->number, number);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self), g_strchomp(tip));
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    if (row) // has the focus
        gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                       -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->star), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   star ? "Remove the star" : "Star", -1);
}

static void on_star_clicked(RushesTakeCard *self)
{
    if (self->take)
        gtk_widget_activate_action(GTK_WIDGET(self), "win.star-take", "s",
                                   rushes_take_get_id(self->take));
    update_state(self); // the button shows the take's star, not its own state
}

static void rushes_take_card_class_init(RushesTakeCardClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_take_card_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/take-card.ui");
    gtk_widget_class_bind_template_child(widget, RushesTakeCard, frame);
    gtk_widget_class_bind_template_child(widget, RushesTakeCard, picture);
    gtk_widget_class_bind_template_child(widget, RushesTakeCard, state_icon);
    gtk_widget_class_bind_template_child(widget, RushesTakeCard, flag_icon);
    gtk_widget_class_bind_template_child(widget, RushesTakeCard, progress);
    gtk_widget_class_bind_template_child(widget, RushesTakeCard, star);
    gtk_widget_class_bind_template_child(widget, RushesTakeCard, number);
    gtk_widget_class_bind_template_callback(widget, on_star_clicked);
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void rushes_take_card_init(RushesTakeCard *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}

RushesTakeCard *rushes_take_card_new(void)
{
    return g_object_new(RUSHES_TYPE_TAKE_CARD, NULL);
}

void rushes_take_card_set_take(RushesTakeCard *self, RushesTake *take)
{
    if (self->take)
        g_signal_handlers_disconnect_by_data(self->take, self);
    g_set_object(&self->take, take);
    if (!take)
        return;
    g_signal_connect_swapped(take, "notify::state", G_CALLBACK(update_state), self);
    g_signal_connect_swapped(take, "notify::star", G_CALLBACK(update_state), self);
    g_signal_connect_swapped(take, "notify::note", G_CALLBACK(update_state), self);
    g_signal_connect_swapped(take, "notify::flag", G_CALLBACK(update_state), self);
    g_signal_connect_swapped(take, "notify::fraction", G_CALLBACK(update_state), self);
    g_signal_connect_swapped(take, "notify::thumbnail-serial", G_CALLBACK(update_picture), self);
    update_picture(self);
    update_state(self);
}

RushesTake *rushes_take_card_get_take(RushesTakeCard *self)
{
    return self->take;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-inspector.h"

#include <math.h>

#include "texture.h"
#include "timeline-crop.h"
#include "timeline/film-edit.h"

// A number of a shot or a sound; what is left alone is not in the file.
typedef struct Field {
    const char *key, *name, *label; // in the fields, for the creator, of the edit
    double low, high, step, unsaid;
} Field;

static const Field shot_fields[] = {
    {"gain_db", "Gain, dB", "Change Gain", -60, 24, 0.5, 0},
    {"dissolve", "Dissolve from before, s", "Dissolve", 0, 60, 0.1, 0},
    {"fade_in", "Fade from black, s", "Fade In", 0, 60, 0.1, 0},
    {"fade_out", "Fade to black, s", "Fade Out", 0, 60, 0.1, 0},
    {"sound_fade_in", "Sound fades in, s", "Fade Sound In", 0, 60, 0.1, 0},
    {"sound_fade_out", "Sound fades out, s", "Fade Sound Out", 0, 60, 0.1, 0},
};

static const Field sound_fields[] = {
    {"gain_db", "Gain, dB", "Change Gain", -60, 24, 0.5, 0},
    {"at", "Starts at, s", "Move Sound", 0, 86400, 0.1, 0},
    {"in", "From, s of it", "Trim Sound", 0, 86400, 0.1, 0},
    {"out", "To, s of it", "Trim Sound", 0, 86400, 0.1, 0},
    {"fade_in", "Fades in, s", "Fade Sound", 0, 600, 0.1, 0},
    {"fade_out", "Fades out, s", "Fade Sound", 0, 600, 0.1, 0},
};

typedef struct Inspector {
    GtkWidget *popover;
    RushesProject *project;
    RushesShot *shot; // or
    char *sound;
    const Field *fields;
    guint count;
    GtkWidget *spins[G_N_ELEMENTS(shot_fields)];
    GtkWidget *mute;
    RushesTimelineCrop *crop; // or NULL
    gboolean updating;
} Inspector;

static void inspector_free(gpointer data)
{
    Inspector *self = data;

    g_signal_handlers_disconnect_by_data(self->project, self);
    g_object_unref(self->project);
    g_clear_object(&self->shot);
    g_free(self->sound);
    g_free(self);
}

static const cJSON *fields_of(Inspector *self)
{
    return self->shot ? rushes_shot_get_fields(self->shot)
                      : rushes_film_find_sound(self->project, self->sound);
}

static void edit(Inspector *self, const char *label, const cJSON *change)
{
    g_autoptr(GError) failure = NULL;

    if (self->shot)
        rushes_project_edit_shot(self->project, self->shot, label, change, &failure);
    else
        rushes_film_edit_sound(self->project, self->sound, label, change, &failure);
    if (failure)
        gtk_widget_activate_action(self->popover, "win.say", "s", failure->message);
}

// From the project, also after an undo.
static void update(Inspector *self)
{
    const cJSON *fields = fields_of(self);

    if (!fields)
        return;
    self->updating = TRUE;
    for (guint i = 0; i < self->count; i++) {
        const Field *field = &self->fields[i];
        double value = rushes_json_number(fields, field->key, field->unsaid);
        if (fabs(gtk_spin_button_get_value(GTK_SPIN_BUTTON(self->spins[i])) - value) > 0.004)
            gtk_spin_button_set_value(GTK_SPIN_BUTTON(self->spins[i]), value);
    }
    gtk_check_button_set_active(GTK_CHECK_BUTTON(self->mute),
                                rushes_json_bool(fields, "mute", FALSE));
    if (self->crop)
        rushes_timeline_crop_set_position(self->crop, rushes_json_number(fields, "crop_x", 0.5),
                                          rushes_json_number(fields, "crop_y", 0.5));
    self->updating = FALSE;
}

static void on_number(GtkSpinButton *spin, Inspector *self)
{
    g_autoptr(cJSON) change = cJSON_CreateObject();
    double value = gtk_spin_button_get_value(spin);
    const cJSON *now = fields_of(self);

    if (self->updating || !now)
        return;
    for (guint i = 0; i < self->count; i++) {
        const Field *field = &self->fields[i];
        if (self->spins[i] != GTK_WIDGET(spin))
            continue;
        // A sound keeps some length whichever end is set.
        if (g_str_equal(field->key, "in"))
            value = MIN(value, rushes_json_number(now, "out", value + 1) - 0.05);
        if (g_str_equal(field->key, "out"))
            value = CLAMP(value, rushes_json_number(now, "in", 0) + 0.05,
                          rushes_json_number(now, "seconds", G_MAXDOUBLE));
        if (fabs(value - field->unsaid) < 0.004 && field->unsaid == 0 &&
            !g_str_equal(field->key, "at") && !g_str_equal(field->key, "in"))
            cJSON_AddNullToObject(change, field->key);
        else
            cJSON_AddNumberToObject(change, field->key, MAX(field->low, value));
        edit(self, field->label, change);
        update(self);
    }
}

static void on_mute(GtkCheckButton *button, Inspector *self)
{
    g_autoptr(cJSON) change = cJSON_CreateObject();

    if (self->updating)
        return;
    if (gtk_check_button_get_active(button))
        cJSON_AddTrueToObject(change, "mute");
    else
        cJSON_AddNullToObject(change, "mute");
    edit(self, self->shot ? "Mute Shot" : "Mute Sound", change);
}

static void on_crop(RushesTimelineCrop *crop, double x, double y, gboolean last, Inspector *self)
{
    g_autoptr(cJSON) change = cJSON_CreateObject();

    cJSON_AddNumberToObject(change, "crop_x", round(x * 1000) / 1000);
    cJSON_AddNumberToObject(change, "crop_y", round(y * 1000) / 1000);
    if (last)
        edit(self, "Crop", change);
}

static GtkWidget *add_number(Inspector *self, GtkGrid *grid, guint index)
{
    const Field *field = &self->fields[index];
    GtkWidget *label = gtk_label_new(field->name);
    GtkWidget *spin = gtk_spin_button_new_with_range(field->low, field->high, field->step);
    int column = index % 2 == 0 ? 0 : 2, row = (int)index / 2;

    gtk_label_set_xalign(GTK_LABEL(label), 1);
    gtk_widget_add_css_class(label, "dim-label");
    gtk_spin_button_set_digits(GTK_SPIN_BUTTON(spin), 2);
    gtk_editable_set_width_chars(GTK_EDITABLE(spin), 5);
    gtk_accessible_update_property(GTK_ACCESSIBLE(spin), GTK_ACCESSIBLE_PROPERTY_LABEL, field->name,
                                   -1);
    gtk_grid_attach(grid, label, column, row, 1, 1);
    gtk_grid_attach(grid, spin, column + 1, row, 1, 1);
    g_signal_connect(spin, "value-changed", G_CALLBACK(on_number), self);
    return spin;
}

// The crop position, where the film is of another aspect than the take.
static void add_crop(Inspector *self, GtkBox *box, RushesComposer *film)
{
    RushesTake *take = rushes_shot_get_take(self->shot);
    RushesFrameFormat own, canvas;

    if (!take)
        return;
    rushes_frame_source_get_format(rushes_take_get_source(take), &own);
    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(film), &canvas);
    if (own.width <= 0 || own.height <= 0 ||
        abs(own.width * canvas.height - own.height * canvas.width) < 2 * MAX(own.width, own.height))
        return;
    g_autoptr(GdkTexture) picture = rushes_texture_new_thumbnail(
        rushes_take_get_source(take),
        MIN(rushes_shot_get_in(self->shot) + rushes_shot_get_length(self->shot) / 2, own.ready - 1),
        1024, 192);
    self->crop =
        rushes_timeline_crop_new(picture, own.width, own.height, canvas.width, canvas.height);
    g_signal_connect(self->crop, "moved", G_CALLBACK(on_crop), self);
    GtkWidget *label = gtk_label_new("What stays in the picture: drag, or arrow keys");
    gtk_widget_add_css_class(label, "dim-label");
    gtk_box_append(box, label);
    gtk_box_append(box, GTK_WIDGET(self->crop));
}

static gboolean remove_popover(gpointer popover)
{
    if (gtk_widget_get_parent(popover))
        gtk_widget_unparent(popover);
    return G_SOURCE_REMOVE;
}

static void on_closed(GtkWidget *popover)
{
    GtkWidget *block = gtk_widget_get_parent(popover);

    if (block)
        gtk_widget_grab_focus(block);
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, remove_popover, g_object_ref(popover), g_object_unref);
}

// Takes ownership of `self`.
static void open_at(GtkWidget *block, Inspector *self, RushesComposer *film)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8), *grid = gtk_grid_new();

    self->popover = gtk_popover_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 8);
    for (guint i = 0; i < self->count; i++)
        self->spins[i] = add_number(self, GTK_GRID(grid), i);
    self->mute = gtk_check_button_new_with_label(self->shot ? "Mute this shot" : "Mute this sound");
    g_signal_connect(self->mute, "toggled", G_CALLBACK(on_mute), self);
    gtk_box_append(GTK_BOX(box), grid);
    gtk_box_append(GTK_BOX(box), self->mute);
    if (self->shot)
        add_crop(self, GTK_BOX(box), film);
    else if (rushes_json_string(fields_of(self), "words", NULL)) {
        GtkWidget *words = gtk_button_new_with_mnemonic("Edit the _Words…");
        gtk_actionable_set_action_name(GTK_ACTIONABLE(words), "win.edit-words");
        gtk_box_append(GTK_BOX(box), words);
    }
    gtk_popover_set_child(GTK_POPOVER(self->popover), box);
    gtk_popover_set_position(GTK_POPOVER(self->popover), GTK_POS_TOP);
    gtk_widget_set_parent(self->popover, block);
    g_object_set_data_full(G_OBJECT(self->popover), "inspector", self, inspector_free);
    g_signal_connect_swapped(self->project, "edited", G_CALLBACK(update), self);
    g_signal_connect(self->popover, "closed", G_CALLBACK(on_closed), NULL);
    update(self);
    gtk_popover_popup(GTK_POPOVER(self->popover));
}

void rushes_timeline_inspector_open_shot(GtkWidget *block, RushesProject *project, RushesShot *shot,
                                         RushesComposer *film)
{
    Inspector *self = g_new0(Inspector, 1);

    self->project = g_object_ref(project);
    self->shot = g_object_ref(shot);
    self->fields = shot_fields;
    self->count = G_N_ELEMENTS(shot_fields);
    open_at(block, self, film);
}

void rushes_timeline_inspector_open_sound(GtkWidget *block, RushesProject *project, const char *id)
{
    Inspector *self = g_new0(Inspector, 1);

    self->project = g_object_ref(project);
    self->sound = g_strdup(id);
    self->fields = sound_fields;
    self->count = G_N_ELEMENTS(sound_fields);
    open_at(block, self, NULL);
}

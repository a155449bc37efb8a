// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-start.c - what the next take starts from: an image, or the last frames of a take. The
// project's value "start" says it: {"kind": "image", "file": name in inputs/, "source": words} or
// {"kind": "extend", "take": id}. An image also has "sha256" (of the file it was read from), "person" and "record" (who is on it,
// see window-person.c), and "take" when it is a frame of one.
#include <errno.h>
#include <glib/gstdio.h>

#include "media/picture-file.h"
#include "project/take-start.h"
#include "rights/picture-marks.h"
#include "texture.h"
#include "window-private.h"

static const cJSON *start_value(RushesWindow *self)
{
    return rushes_project_get_value(self->project, "start");
}

void window_update_start(RushesWindow *self)
{
    const cJSON *start = start_value(self);
    const char *kind = rushes_json_string(start, "kind", "");
    g_autoptr(GdkTexture) picture = NULL;
    g_autofree char *words = NULL;

    if (g_str_equal(kind, "image")) {
        g_autofree char *path = g_build_filename(rushes_project_get_folder(self->project), "inputs",
                                                 rushes_json_string(start, "file", ""), NULL);
        picture = gdk_texture_new_from_filename(path, NULL);
        words = g_strdup(rushes_json_string(start, "source", "an image"));
    } else if (g_str_equal(kind, "extend")) {
        RushesTake *take =
            rushes_project_find_take(self->project, rushes_json_string(start, "take", ""));
        RushesFrameFormat format = {0};
        if (take) {
            rushes_frame_source_get_format(rushes_take_get_source(take), &format);
            words = g_strdup_printf("the end of take %d", rushes_take_get_number(take));
        }
        if (format.ready > 0)
            picture = rushes_texture_new_thumbnail(rushes_take_get_source(take), format.ready - 1,
                                                   256, 160);
    }
    g_autoptr(RushesRecipe) reference = rushes_recipe_new();
    g_autoptr(GError) failure = NULL;
    g_autofree char *who = window_describe_person(self, reference, &failure);
    rushes_prompt_pane_show_start(self->prompt, GDK_PAINTABLE(picture), words, who,
                                  failure == NULL);
    rushes_rights_note_set_reference(rushes_prompt_pane_get_rights_note(self->prompt), reference,
                                     rushes_project_get_folder(self->project));
}

void window_set_start(RushesWindow *self, cJSON *start)
{
    GError *failure = NULL;
    rushes_project_set_value(self->project, "start", start,
                             start ? "Set First Frame" : "Clear First Frame", &failure);
    cJSON_Delete(start);
    window_check(self, failure);
}

// The picture's place in inputs/, with the folder made: named after the hash, so that a recipe finds it again.
static char *new_input(RushesWindow *self, const char *hash, char **path)
{
    g_autofree char *folder =
        g_build_filename(rushes_project_get_folder(self->project), "inputs", NULL);
    g_autofree char *uuid = hash ? NULL : g_uuid_string_random();
    char *name = g_strconcat(hash ? hash : uuid, ".png", NULL);

    g_mkdir_with_parents(folder, 0755);
    *path = g_build_filename(folder, name, NULL);
    return name;
}

// A picture of 16 bits a colour would be written as such, and few readers know those.
static gboolean save_with_8_bits(GdkTexture *texture, const char *path)
{
    int width = gdk_texture_get_width(texture), height = gdk_texture_get_height(texture);
    gsize stride = (gsize)width * 4;
    guint8 *pixels = g_malloc((gsize)height * stride);

    gdk_texture_download(texture, pixels, stride);
    g_autoptr(GBytes) bytes = g_bytes_new_take(pixels, (gsize)height * stride);
    g_autoptr(GdkTexture) plain =
        gdk_memory_texture_new(width, height, GDK_MEMORY_DEFAULT, bytes, stride);
    return gdk_texture_save_to_png(plain, path);
}

static cJSON *new_start(const char *name, const char *hash, const char *source)
{
    cJSON *start = cJSON_CreateObject();
    cJSON_AddStringToObject(start, "kind", "image");
    cJSON_AddStringToObject(start, "file", name);
    cJSON_AddStringToObject(start, "source", source);
    if (hash)
        cJSON_AddStringToObject(start, "sha256", hash);
    return start;
}

cJSON *window_copy_picture(RushesWindow *self, GdkTexture *texture, const char *hash,
                           const char *source)
{
    g_autofree char *path = NULL;
    g_autofree char *name = new_input(self, hash, &path);

    if (save_with_8_bits(texture, path))
        return new_start(name, hash, source);
    window_say(self, "The image cannot be copied into the project: free some space, or check "
                     "whether its folder can be written.");
    return NULL;
}

cJSON *window_find_input(RushesWindow *self, const char *hash, const char *source)
{
    g_autofree char *name = g_strconcat(hash, ".png", NULL);
    g_autofree char *path =
        g_build_filename(rushes_project_get_folder(self->project), "inputs", name, NULL);

    return g_file_test(path, G_FILE_TEST_IS_REGULAR) ? new_start(name, hash, source) : NULL;
}

void window_start_from_image(RushesWindow *self, GFile *file)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *path = g_file_get_path(file);
    g_autoptr(GdkTexture) texture = path ? rushes_texture_new_picture(path, &failure) : NULL;
    g_autofree char *name = g_file_get_basename(file);

    if (!texture && path && rushes_picture_is_known(path)) {
        window_say(self, failure->message);
        return;
    }
    if (!texture) {
        g_autofree char *text = g_strdup_printf(
            "%s is neither a clip with a recipe nor an image that can be read.", name);
        window_say(self, text);
        return;
    }
    g_autofree char *hash = path ? rushes_picture_hash(path, NULL) : NULL;
    cJSON *start = window_copy_picture(self, texture, hash, name);
    if (!start)
        return;
    window_set_start(self, start);
    window_ask_person(self);
}

static void start_from_frame(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = window_current_take(self);
    int position = rushes_player_get_position(window_player(self));
    RushesFrameFormat format;

    if (!take || !rushes_take_is_playable(take))
        return;
    RushesFrameSource *source = rushes_take_get_source(take);
    rushes_frame_source_get_format(source, &format);
    g_autoptr(GBytes) rgb =
        rushes_frame_source_read_frame(source, MIN(position, format.ready - 1), NULL);
    if (!rgb)
        return;
    g_autoptr(GdkTexture) texture = rushes_texture_new(rgb, format.width, format.height);
    g_autofree char *words =
        g_strdup_printf("take %d, frame %d", rushes_take_get_number(take), position + 1);
    cJSON *start = window_copy_picture(self, texture, NULL, words);
    if (!start)
        return;
    cJSON_AddStringToObject(start, "take", rushes_take_get_id(take));
    window_set_start(self, start);
}

static void extend(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = window_current_take(self);

    if (!take || rushes_take_get_state(take) != RUSHES_TAKE_DONE)
        return;
    GError *failure = NULL;
    rushes_project_begin(self->project, "Extend Take");
    rushes_prompt_pane_take_over(self->prompt, rushes_take_get_recipe(take));
    rushes_prompt_pane_new_seed(self->prompt);
    cJSON *start = cJSON_CreateObject();
    cJSON_AddStringToObject(start, "kind", "extend");
    cJSON_AddStringToObject(start, "take", rushes_take_get_id(take));
    window_set_start(self, start);
    rushes_project_end(self->project, &failure);
    window_check(self, failure);
    window_focus_words(self);
}

static void clear_start(GtkWidget *widget, const char *action, GVariant *parameter)
{
    window_set_start(RUSHES_WINDOW(widget), NULL);
}

static void on_image_chosen(GtkNativeDialog *dialog, int response, RushesWindow *self)
{
    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
        window_start_from_image(self, file);
    }
    g_object_unref(dialog);
}

static void choose_first_frame(GtkWidget *widget, const char *action, GVariant *parameter)
{
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
        "Choose the First Frame", GTK_WINDOW(widget), GTK_FILE_CHOOSER_ACTION_OPEN, "_Use", NULL);
    GtkFileFilter *images = gtk_file_filter_new();

    gtk_file_filter_add_pixbuf_formats(images);
    gtk_file_filter_set_name(images, "Images");
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(dialog), images);
    g_object_unref(images);
    g_signal_connect(dialog, "response", G_CALLBACK(on_image_chosen), widget);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

gboolean window_check_start(RushesWindow *self, GError **error)
{
    const cJSON *start = start_value(self);
    g_autofree char *path = g_build_filename(rushes_project_get_folder(self->project), "inputs",
                                             rushes_json_string(start, "file", ""), NULL);

    if (!g_str_equal(rushes_json_string(start, "kind", ""), "image") ||
        g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return TRUE;
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "The picture of the first frame, from %s, is not in the project any more: choose it "
        "again, or remove the first frame.",
        rushes_json_string(start, "source", "an image"));
    return FALSE;
}

// What the draft leaves to the model is written out: a first frame has to have the clip's own size.
static void settle_size(RushesWindow *self, RushesTake *take)
{
    const cJSON *model = rushes_queue_get_model(self->queue);
    const cJSON *defaults = cJSON_GetObjectItemCaseSensitive(model, "defaults");
    g_autoptr(RushesRecipe) recipe = rushes_recipe_copy(rushes_take_get_recipe(take));

    if (recipe->width <= 0 || recipe->height <= 0) {
        recipe->width = (int)rushes_json_number(defaults, "width", 0);
        recipe->height = (int)rushes_json_number(defaults, "height", 0);
    }
    if (recipe->frames <= 0)
        recipe->frames = (int)rushes_json_number(defaults, "frames", 0);
    if (recipe->fps <= 0)
        recipe->fps = rushes_json_number(defaults, "fps", 0);
    rushes_take_set_recipe(take, recipe);
}

gboolean window_write_start(RushesWindow *self, RushesTake *take, GError **error)
{
    const cJSON *start = start_value(self);
    const char *kind = rushes_json_string(start, "kind", "");
    RushesTake *from =
        rushes_project_find_take(self->project, rushes_json_string(start, "take", ""));
    gboolean written;

    if (*kind)
        settle_size(self, take);
    if (g_str_equal(kind, "image")) {
        g_autofree char *path = g_build_filename(rushes_project_get_folder(self->project), "inputs",
                                                 rushes_json_string(start, "file", ""), NULL);
        written = rushes_take_start_from_picture(
            take, path, rushes_json_string(start, "source", "an image"), error);
    } else if (g_str_equal(kind, "extend") && from) {
        const cJSON *model = rushes_queue_get_model(self->queue);
        written = rushes_take_start_extending(
            take, from, (int)rushes_json_number(model, "frames_multiple", 4), error);
    } else {
        return TRUE;
    }
    g_autoptr(RushesRecipe) recipe = rushes_recipe_copy(rushes_take_get_recipe(take));
    if (!written || !window_read_reference(self, recipe, error))
        return FALSE;
    rushes_take_set_recipe(take, recipe);
    return rushes_take_save(take, error);
}

void window_install_start_actions(GtkWidgetClass *klass)
{
    gtk_widget_class_install_action(klass, "win.start-from-frame", NULL, start_from_frame);
    gtk_widget_class_install_action(klass, "win.extend", NULL, extend);
    gtk_widget_class_install_action(klass, "win.clear-start", NULL, clear_start);
    gtk_widget_class_install_action(klass, "win.choose-first-frame", NULL, choose_first_frame);
}

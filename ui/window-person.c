// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-person.c - who is on the picture that the next take starts from: asked once a picture, kept by its hash, and
// settled by a consent record. The project's value "start" has the answer too, so that it travels with the project.
#include "consent-window.h"
#include "rights-window.h"
#include "rights/consent-use.h"
#include "rights/picture-marks.h"
#include "signer-window.h"
#include "window-private.h"

static const cJSON *start_value(RushesWindow *self)
{
    return rushes_project_get_value(self->project, "start");
}

// The take that the start continues or is a frame of; NULL for a picture from elsewhere.
static RushesTake *start_take(RushesWindow *self)
{
    const char *id = rushes_json_string(start_value(self), "take", NULL);

    return id ? rushes_project_find_take(self->project, id) : NULL;
}

// TRUE when the creator put the picture in, so that only they know who is on it.
static gboolean is_from_elsewhere(RushesWindow *self)
{
    const cJSON *start = start_value(self);

    return g_str_equal(rushes_json_string(start, "kind", ""), "image") &&
           !cJSON_HasObjectItem(start, "take");
}

static char *copy_path(RushesWindow *self)
{
    return g_build_filename(rushes_project_get_folder(self->project), "inputs",
                            rushes_json_string(start_value(self), "file", ""), NULL);
}

// Of the file it was read from; a project made elsewhere may only have the copy.
static char *picture_hash(RushesWindow *self, GError **error)
{
    const char *known = rushes_json_string(start_value(self), "sha256", NULL);
    g_autofree char *path = copy_path(self);

    return known ? g_strdup(known) : rushes_picture_hash(path, error);
}

gboolean window_read_reference(RushesWindow *self, RushesRecipe *recipe, GError **error)
{
    const cJSON *start = start_value(self);
    RushesTake *take = start_take(self);
    RushesPictureMark mark;

    rushes_recipe_set_picture(recipe, take ? rushes_take_get_recipe(take) : NULL);
    if (!is_from_elsewhere(self))
        return TRUE;
    recipe->picture_sha256 = picture_hash(self, error);
    if (!recipe->picture_sha256 ||
        !rushes_picture_marks_get(recipe->picture_sha256, &mark, NULL, error))
        return FALSE;
    recipe->shows_person =
        mark == RUSHES_PICTURE_PERSON || rushes_json_bool(start, "person", FALSE);
    if (recipe->shows_person)
        recipe->consent = g_strdup(rushes_json_string(start, "record", NULL));
    return TRUE;
}

static gboolean is_unanswered(RushesWindow *self, const RushesRecipe *reference)
{
    RushesPictureMark mark = RUSHES_PICTURE_UNMARKED;

    return is_from_elsewhere(self) && reference->picture_sha256 && !reference->shows_person &&
           !cJSON_HasObjectItem(start_value(self), "person") &&
           rushes_picture_marks_get(reference->picture_sha256, &mark, NULL, NULL) &&
           mark == RUSHES_PICTURE_UNMARKED;
}

char *window_describe_person(RushesWindow *self, RushesRecipe *reference, GError **error)
{
    if (!start_value(self))
        return NULL;
    if (!window_read_reference(self, reference, error))
        return g_strdup("Who is on the picture is not known");
    if (is_unanswered(self, reference)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_PENDING, "not answered yet");
        return g_strdup("Say whether the picture shows a person");
    }
    if (!reference->shows_person)
        return is_from_elsewhere(self) ? g_strdup("The picture shows nobody") : NULL;
    if (!rushes_consent_allow_job(reference, rushes_project_get_folder(self->project), error))
        return g_strdup("The picture shows a person: choose the consent record");
    g_autoptr(RushesConsent) consent = rushes_consent_find(reference->consent, NULL);
    return consent ? g_strdup_printf("The picture shows %s, who agreed until %.10s",
                                     consent->person, consent->expires)
                   : NULL;
}

// The answer into the start. `record` NULL leaves none.
static void answer(RushesWindow *self, gboolean person, const char *record)
{
    cJSON *start = cJSON_Duplicate(start_value(self), TRUE);

    rushes_json_put(start, "person", cJSON_CreateBool(person));
    cJSON_DeleteItemFromObjectCaseSensitive(start, "record");
    if (record)
        cJSON_AddStringToObject(start, "record", record);
    window_set_start(self, start);
}

// The project's copy is the same picture in another file: put in again, it must not pass for a new one.
static void mark(RushesWindow *self, RushesPictureMark what, const char *record)
{
    g_autofree char *path = copy_path(self);
    g_autofree char *hash = picture_hash(self, NULL);
    g_autofree char *copy = rushes_picture_hash(path, NULL);
    GError *failure = NULL;

    if (hash && rushes_picture_marks_set(hash, what, record, &failure) && copy)
        rushes_picture_marks_set(copy, what, record, &failure);
    window_check(self, failure);
}

static void on_record_chosen(RushesConsentWindow *window, const char *id, RushesWindow *self)
{
    if (!is_from_elsewhere(self))
        return; // another start was set meanwhile
    mark(self, RUSHES_PICTURE_PERSON, id);
    answer(self, TRUE, id);
}

static void choose_record(RushesWindow *self)
{
    g_autofree char *hash = picture_hash(self, NULL);
    GtkWindow *window =
        rushes_consent_window_new(GTK_WINDOW(self), rushes_queue_get_library(self->queue),
                                  rushes_project_get_folder(self->project), hash);

    g_signal_connect_object(window, "chosen", G_CALLBACK(on_record_chosen), self, 0);
    gtk_window_present(window);
}

static void on_person_answer(AdwMessageDialog *dialog, const char *response, RushesWindow *self)
{
    if (!is_from_elsewhere(self))
        return;
    if (g_str_equal(response, "nobody")) {
        mark(self, RUSHES_PICTURE_NOBODY, NULL);
        answer(self, FALSE, NULL);
    } else if (g_str_equal(response, "person")) {
        mark(self, RUSHES_PICTURE_PERSON, NULL);
        answer(self, TRUE, NULL);
        choose_record(self);
    }
}

// Another start was set while it asked: its answer would be about nothing, and it would keep the keys.
static void close_outdated(GtkWindow *dialog)
{
    if (!is_from_elsewhere(RUSHES_WINDOW(gtk_window_get_transient_for(dialog))))
        gtk_window_close(dialog);
}

static void ask(RushesWindow *self)
{
    GtkWidget *dialog = adw_message_dialog_new(
        GTK_WINDOW(self), "Does the Picture Show a Person?",
        "A real person who can be recognised has to agree before their picture is used. The answer "
        "stays on this computer and is kept for this picture.");

    adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(dialog), "later", "_Later", "nobody",
                                     "_Nobody", "person", "A _Person", NULL);
    adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "nobody");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "later");
    g_signal_connect_object(dialog, "response", G_CALLBACK(on_person_answer), self, 0);
    g_signal_connect_object(self->project, "edited", G_CALLBACK(close_outdated), dialog,
                            G_CONNECT_SWAPPED);
    gtk_window_present(GTK_WINDOW(dialog));
}

gboolean window_ask_person(RushesWindow *self)
{
    g_autoptr(RushesRecipe) reference = rushes_recipe_new();
    g_autofree char *record = NULL;
    RushesPictureMark known;

    if (!window_read_reference(self, reference, NULL))
        return FALSE; // generating says why
    if (is_unanswered(self, reference)) {
        ask(self);
        return TRUE;
    }
    // Known from before, and so is the record that was used then.
    if (is_from_elsewhere(self) && reference->shows_person && !reference->consent &&
        rushes_picture_marks_get(reference->picture_sha256, &known, &record, NULL) && record)
        answer(self, TRUE, record);
    return FALSE;
}

static void reference_person(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesTake *take = start_take(self);

    if (is_from_elsewhere(self)) {
        ask(self);
    } else if (take) {
        g_autofree char *sentence =
            g_strdup_printf("Take %d was made from a picture of a person; what continues it is "
                            "under the same consent.",
                            rushes_take_get_number(take));
        window_say(self, sentence);
    }
}

static void consent_records(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);

    gtk_window_present(rushes_consent_window_new(GTK_WINDOW(self),
                                                 rushes_queue_get_library(self->queue),
                                                 rushes_project_get_folder(self->project), NULL));
}

static void rights_lists(GtkWidget *widget, const char *action, GVariant *parameter)
{
    gtk_window_present(rushes_rights_window_new(GTK_WINDOW(widget)));
}

static void who_signs(GtkWidget *widget, const char *action, GVariant *parameter)
{
    gtk_window_present(rushes_signer_window_new(GTK_WINDOW(widget)));
}

void window_update_flags(RushesWindow *self)
{
    GListModel *takes = rushes_project_get_takes(self->project);

    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        g_autoptr(GError) failure = NULL;
        rushes_consent_allow_take(rushes_take_get_recipe(take),
                                  rushes_project_get_folder(self->project), NULL, &failure);
        rushes_take_set_flag(take, failure ? failure->message : NULL);
    }
}

void window_install_person_actions(GtkWidgetClass *klass)
{
    gtk_widget_class_install_action(klass, "win.reference-person", NULL, reference_person);
    gtk_widget_class_install_action(klass, "win.consent-records", NULL, consent_records);
    gtk_widget_class_install_action(klass, "win.rights-lists", NULL, rights_lists);
    gtk_widget_class_install_action(klass, "win.who-signs", NULL, who_signs);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-speech.h"

#include "control-name.h"
#include "timeline/film-edit.h"
#include "timeline/media.h"
#include "timeline/speech.h"

struct _RushesTimelineSpeech {
    AdwWindow parent_instance;

    GtkButton *go;
    GtkTextView *words;
    GtkDropDown *voice;
    GtkSpinButton *position;
    GtkLabel *trouble;

    RushesProject *project;
    char *id; // NULL: a new line
    GPtrArray *voices;
    gboolean closed;
};

static guint spoken_signal;

#define RUSHES_TYPE_TIMELINE_SPEECH (rushes_timeline_speech_get_type())
G_DECLARE_FINAL_TYPE(RushesTimelineSpeech, rushes_timeline_speech, RUSHES, TIMELINE_SPEECH,
                     AdwWindow)
G_DEFINE_FINAL_TYPE(RushesTimelineSpeech, rushes_timeline_speech, ADW_TYPE_WINDOW)

// What the thread speaks.
typedef struct Line {
    RushesProject *project;
    char *words, *voice;
    double seconds; // of the finished line
} Line;

static void line_free(gpointer data)
{
    Line *line = data;

    g_object_unref(line->project);
    g_free(line->words);
    g_free(line->voice);
    g_free(line);
}

static void rushes_timeline_speech_dispose(GObject *object)
{
    RushesTimelineSpeech *self = RUSHES_TIMELINE_SPEECH(object);

    self->closed = TRUE;
    g_clear_object(&self->project);
    g_clear_pointer(&self->id, g_free);
    g_clear_pointer(&self->voices, g_ptr_array_unref);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_TIMELINE_SPEECH);
    G_OBJECT_CLASS(rushes_timeline_speech_parent_class)->dispose(object);
}

static void show_trouble(RushesTimelineSpeech *self, const char *sentence)
{
    gtk_label_set_label(self->trouble, sentence ? sentence : "");
    gtk_widget_set_visible(GTK_WIDGET(self->trouble), sentence != NULL);
    gtk_widget_set_sensitive(GTK_WIDGET(self->go), TRUE);
}

static void speak_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Line *line = data;
    GError *failure = NULL;
    g_autofree char *media = rushes_speech_speak(line->project, line->words, line->voice, &failure);
    g_autoptr(RushesMedia) samples =
        media ? rushes_media_open(line->project, media, &failure) : NULL;

    if (!samples) {
        g_task_return_error(task, failure);
        return;
    }
    line->seconds = rushes_media_seconds(samples);
    g_task_return_pointer(task, g_steal_pointer(&media), g_free);
}

static void put_line(RushesTimelineSpeech *self, const char *media, const Line *line)
{
    g_autoptr(cJSON) fields = cJSON_CreateObject();
    g_autoptr(GError) failure = NULL;
    g_autofree char *id = g_strdup(self->id);

    cJSON_AddStringToObject(fields, "media", media);
    cJSON_AddStringToObject(fields, "title", line->words);
    cJSON_AddStringToObject(fields, "words", line->words);
    cJSON_AddStringToObject(fields, "voice", line->voice);
    cJSON_AddNumberToObject(fields, "seconds", line->seconds);
    cJSON_AddNumberToObject(fields, "at", gtk_spin_button_get_value(self->position));
    cJSON_AddNumberToObject(fields, "in", 0);
    cJSON_AddNumberToObject(fields, "out", line->seconds);
    if (id) {
        rushes_project_begin(line->project, "Change Spoken Line");
        rushes_film_edit_sound(line->project, id, "Change Spoken Line", fields, &failure);
        rushes_project_end(line->project, failure ? NULL : &failure);
    } else {
        id = rushes_film_add_sound(line->project, fields, "Add Spoken Line", &failure);
    }
    if (failure) {
        show_trouble(self, failure->message);
        return;
    }
    g_signal_emit(self, spoken_signal, 0, id);
    gtk_window_destroy(GTK_WINDOW(self));
}

static void on_spoken(GObject *source, GAsyncResult *result, gpointer data)
{
    RushesTimelineSpeech *self = RUSHES_TIMELINE_SPEECH(source);
    g_autoptr(GError) failure = NULL;
    g_autofree char *media = g_task_propagate_pointer(G_TASK(result), &failure);

    if (self->closed)
        return;
    if (media)
        put_line(self, media, g_task_get_task_data(G_TASK(result)));
    else
        show_trouble(self, failure->message);
}

static void on_go(RushesTimelineSpeech *self)
{
    GtkTextBuffer *buffer = gtk_text_view_get_buffer(self->words);
    guint chosen = gtk_drop_down_get_selected(self->voice);
    GtkTextIter start, end;

    gtk_text_buffer_get_bounds(buffer, &start, &end);
    g_autofree char *words = g_strstrip(gtk_text_buffer_get_text(buffer, &start, &end, FALSE));
    if (!*words || chosen >= self->voices->len) {
        show_trouble(self, *words ? "No voice is installed; install the package espeak-ng-data."
                                  : "Write the words that are to be spoken.");
        return;
    }
    Line *line = g_new0(Line, 1);
    line->project = g_object_ref(self->project);
    line->words = g_steal_pointer(&words);
    line->voice = g_strdup(((RushesVoice *)self->voices->pdata[chosen])->id);
    show_trouble(self, NULL);
    gtk_widget_set_sensitive(GTK_WIDGET(self->go), FALSE);
    g_autoptr(GTask) task = g_task_new(self, NULL, on_spoken, NULL);
    g_task_set_task_data(task, line, line_free);
    g_task_run_in_thread(task, speak_thread);
}

// Before the text takes it for a new line.
static gboolean on_key(GtkEventControllerKey *controller, guint key, guint code,
                       GdkModifierType state, RushesTimelineSpeech *self)
{
    if ((key != GDK_KEY_Return && key != GDK_KEY_KP_Enter) || !(state & GDK_CONTROL_MASK))
        return GDK_EVENT_PROPAGATE;
    if (gtk_widget_get_sensitive(GTK_WIDGET(self->go)))
        on_go(self);
    return GDK_EVENT_STOP;
}

static void rushes_timeline_speech_class_init(RushesTimelineSpeechClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_timeline_speech_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/timeline-speech.ui");
    gtk_widget_class_bind_template_child(widget, RushesTimelineSpeech, go);
    gtk_widget_class_bind_template_child(widget, RushesTimelineSpeech, words);
    gtk_widget_class_bind_template_child(widget, RushesTimelineSpeech, voice);
    gtk_widget_class_bind_template_child(widget, RushesTimelineSpeech, position);
    gtk_widget_class_bind_template_child(widget, RushesTimelineSpeech, trouble);
    gtk_widget_class_bind_template_callback(widget, on_go);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
    spoken_signal = g_signal_new("spoken", RUSHES_TYPE_TIMELINE_SPEECH, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void rushes_timeline_speech_init(RushesTimelineSpeech *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    rushes_control_name(GTK_WIDGET(self->voice), "Voice");
    self->voices = rushes_speech_list_voices();
    GtkEventController *keys = gtk_event_controller_key_new();
    gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(on_key), self);
    gtk_widget_add_controller(GTK_WIDGET(self), keys);
}

// The line's own voice, or the one of the creator's language, or English.
static void choose_voice(RushesTimelineSpeech *self, const char *wanted)
{
    g_autoptr(GtkStringList) names = gtk_string_list_new(NULL);
    const char *const *languages = g_get_language_names();
    g_autofree char *own = g_ascii_strdown(languages[0] ? languages[0] : "en", -1);
    guint best = 0;
    int best_rank = 0;

    g_strdelimit(own, "_.@", '-');
    for (guint i = 0; i < self->voices->len; i++) {
        const RushesVoice *voice = self->voices->pdata[i];
        gtk_string_list_append(names, voice->name);
        int rank = g_strcmp0(wanted, voice->id) == 0             ? 4
                   : g_str_has_prefix(own, voice->id) && !wanted ? 3
                   : g_str_equal(voice->id, "en-us")             ? 2
                                                                 : 0;
        if (rank > best_rank) {
            best_rank = rank;
            best = i;
        }
    }
    gtk_drop_down_set_expression(
        self->voice, gtk_property_expression_new(GTK_TYPE_STRING_OBJECT, NULL, "string"));
    gtk_drop_down_set_model(self->voice, G_LIST_MODEL(names));
    gtk_drop_down_set_selected(self->voice, best);
}

GtkWindow *rushes_timeline_speech_new(GtkWindow *parent, RushesProject *project, const char *id,
                                      double seconds)
{
    RushesTimelineSpeech *self =
        g_object_new(RUSHES_TYPE_TIMELINE_SPEECH, "transient-for", parent, NULL);
    const cJSON *fields = rushes_film_find_sound(project, id);

    self->project = g_object_ref(project);
    self->id = fields ? g_strdup(id) : NULL;
    choose_voice(self, rushes_json_string(fields, "voice", NULL));
    gtk_text_buffer_set_text(gtk_text_view_get_buffer(self->words),
                             rushes_json_string(fields, "words", ""), -1);
    gtk_spin_button_set_value(self->position, rushes_json_number(fields, "at", seconds));
    gtk_widget_grab_focus(GTK_WIDGET(self->words));
    return GTK_WINDOW(self);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "application.h"

#include <glib/gstdio.h>

#include "about.h"
#include "first-project.h"
#include "open-shared.h"
#include "project/library.h"
#include "queue/queue.h"
#include "recent.h"
#include "rushes-error.h"
#include "self-test.h"
#include "shortcuts.h"
#include "window.h"

struct _RushesApplication {
    AdwApplication parent_instance;

    RushesLibrary *library;
    RushesQueue *queue;
};

G_DEFINE_FINAL_TYPE(RushesApplication, rushes_application, ADW_TYPE_APPLICATION)

static void open_folder(RushesApplication *self, const char *folder, RushesProjectFlags flags);
static void choose_new(RushesApplication *self);
static void choose_project(RushesApplication *self);

// What can be done about a project that did not open: the answer is an opening with these flags, or another project.
static void on_answer(AdwMessageDialog *dialog, const char *answer, RushesApplication *self)
{
    const char *folder = g_object_get_data(G_OBJECT(dialog), "folder");
    if (g_str_equal(answer, "read-only"))
        open_folder(self, folder, RUSHES_PROJECT_READ_ONLY);
    else if (g_str_equal(answer, "rebuild"))
        open_folder(self, folder, RUSHES_PROJECT_REBUILD);
    else if (g_str_equal(answer, "new"))
        choose_new(self);
    else if (g_str_equal(answer, "another"))
        choose_project(self);
}

// A sentence that stands alone ends the studio when it is closed. So it also leads to other projects, or nobody
// would get past a last project that does not open.
static AdwMessageDialog *make_dialog(RushesApplication *self, const char *heading,
                                     const char *sentence)
{
    GtkWindow *parent = gtk_application_get_active_window(GTK_APPLICATION(self));
    AdwMessageDialog *dialog =
        ADW_MESSAGE_DIALOG(adw_message_dialog_new(parent, heading, sentence));

    adw_message_dialog_add_response(dialog, "close", "_Close");
    if (!parent)
        adw_message_dialog_add_responses(dialog, "new", "_New Project…", "another",
                                         "Open _Another…", NULL);
    adw_message_dialog_set_close_response(dialog, "close");
    g_signal_connect(dialog, "response", G_CALLBACK(on_answer), self);
    gtk_window_set_application(GTK_WINDOW(dialog), GTK_APPLICATION(self));
    return dialog;
}

static void say_without_window(RushesApplication *self, const char *heading, const char *sentence)
{
    gtk_window_present(GTK_WINDOW(make_dialog(self, heading, sentence)));
}

static RushesWindow *show_project(RushesApplication *self, RushesProject *project)
{
    RushesWindow *window = rushes_window_new(ADW_APPLICATION(self), self->queue, project);
    gtk_window_present(GTK_WINDOW(window));
    return window;
}

static void ask_how_to_open(RushesApplication *self, const char *folder, const GError *failure)
{
    gboolean readable = g_error_matches(failure, RUSHES_ERROR, RUSHES_ERROR_BUSY) ||
                        g_error_matches(failure, RUSHES_ERROR, RUSHES_ERROR_READ_ONLY);
    AdwMessageDialog *dialog = make_dialog(self, "The Project Cannot Be Opened", failure->message);

    if (readable)
        adw_message_dialog_add_response(dialog, "read-only", "Open _Read-Only");
    else if (g_error_matches(failure, RUSHES_ERROR, RUSHES_ERROR_FORMAT))
        adw_message_dialog_add_response(dialog, "rebuild", "_Rebuild From Takes");
    g_object_set_data_full(G_OBJECT(dialog), "folder", g_strdup(folder), g_free);
    gtk_window_present(GTK_WINDOW(dialog));
}

static GtkWindow *find_window(RushesApplication *self, const char *folder)
{
    for (GList *at = gtk_application_get_windows(GTK_APPLICATION(self)); at; at = at->next) {
        if (RUSHES_IS_WINDOW(at->data) &&
            g_strcmp0(rushes_project_get_folder(rushes_window_get_project(at->data)), folder) == 0)
            return at->data;
    }
    return NULL;
}

static void open_folder(RushesApplication *self, const char *folder, RushesProjectFlags flags)
{
    g_autofree char *path = g_canonicalize_filename(folder, NULL);
    GtkWindow *window = find_window(self, path);
    g_autoptr(GError) failure = NULL;

    if (window) {
        gtk_window_present(window);
        return;
    }
    g_autoptr(RushesProject) project = rushes_project_open(path, flags, &failure);
    if (project)
        show_project(self, project);
    else
        ask_how_to_open(self, path, failure);
}

// The last project, or the first one ever.
static void rushes_application_activate(GApplication *application)
{
    RushesApplication *self = RUSHES_APPLICATION(application);
    GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(self));
    g_auto(GStrv) recent = rushes_recent_list();
    g_autoptr(GError) failure = NULL;

    if (window) {
        gtk_window_present(window);
        return;
    }
    if (recent[0]) {
        open_folder(self, recent[0], RUSHES_PROJECT_DEFAULT);
        return;
    }
    g_autoptr(RushesProject) project = rushes_first_project_create(&failure);
    if (project) { // with the sample playing, round and round, and its words ready to be written over
        GtkWidget *first = GTK_WIDGET(show_project(self, project));
        gtk_widget_activate_action(first, "win.play-looped", NULL);
        gtk_widget_activate_action(first, "win.write-prompt", NULL);
    } else
        say_without_window(self, "No Project Can Be Made", failure->message);
}

static void on_unpacked(const char *folder, const GError *failure, gpointer data)
{
    if (folder)
        open_folder(data, folder, RUSHES_PROJECT_DEFAULT);
    else if (!g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        say_without_window(data, "The Shared Project Cannot Be Opened", failure->message);
}

// A project's folder, or the file that one was packed into.
static void open_path(RushesApplication *self, const char *path)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR) || !rushes_is_shared_file(path))
        open_folder(self, path, RUSHES_PROJECT_DEFAULT);
    else
        rushes_open_shared(gtk_application_get_active_window(GTK_APPLICATION(self)), path,
                           on_unpacked, self);
}

static void rushes_application_open(GApplication *application, GFile **files, int count,
                                    const char *hint)
{
    for (int i = 0; i < count; i++) {
        g_autofree char *path = g_file_get_path(files[i]);
        if (path)
            open_path(RUSHES_APPLICATION(application), path);
    }
}

// Where nothing was chosen and no window is behind, the studio begins as it was started.
static void end_choosing(RushesApplication *self, GtkNativeDialog *dialog)
{
    g_object_unref(dialog);
    if (!gtk_application_get_windows(GTK_APPLICATION(self)))
        g_application_activate(G_APPLICATION(self));
    g_application_release(G_APPLICATION(self));
}

static void on_folder_chosen(GtkNativeDialog *dialog, int response, RushesApplication *self)
{
    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
        g_autofree char *path = g_file_get_path(file);
        if (path)
            open_path(self, path);
    }
    end_choosing(self, dialog);
}

static void on_new_chosen(GtkNativeDialog *dialog, int response, RushesApplication *self)
{
    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
        g_autofree char *path = g_file_get_path(file);
        g_autofree char *folder =
            g_str_has_suffix(path, ".rushes") ? g_strdup(path) : g_strconcat(path, ".rushes", NULL);
        g_autoptr(GError) failure = NULL;
        g_autoptr(RushesProject) project = rushes_project_create(folder, &failure);
        if (project)
            show_project(self, project);
        else
            say_without_window(self, "The Project Cannot Be Made", failure->message);
    }
    end_choosing(self, dialog);
}

static void choose(RushesApplication *self, GtkFileChooserAction action, const char *title,
                   const char *accept, GCallback on_response)
{
    GtkWindow *parent = gtk_application_get_active_window(GTK_APPLICATION(self));
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(title, parent, action, accept, NULL);
    if (action == GTK_FILE_CHOOSER_ACTION_SAVE)
        gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), "Untitled.rushes");
    g_signal_connect(dialog, "response", on_response, self);
    g_application_hold(G_APPLICATION(self)); // there may be no window
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void choose_new(RushesApplication *self)
{
    choose(self, GTK_FILE_CHOOSER_ACTION_SAVE, "New Project", "_Create", G_CALLBACK(on_new_chosen));
}

static void choose_project(RushesApplication *self)
{
    choose(self, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, "Open Project", "_Open",
           G_CALLBACK(on_folder_chosen));
}

static void act_new(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    choose_new(data);
}

static void act_open(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    choose_project(data);
}

static void act_open_folder(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    open_path(data, g_variant_get_string(parameter, NULL));
}

static void act_open_shared(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    choose(data, GTK_FILE_CHOOSER_ACTION_OPEN, "Open a Shared Project", "_Open",
           G_CALLBACK(on_folder_chosen));
}

static void act_open_take(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    const char *folder, *take;

    g_variant_get(parameter, "(&s&s)", &folder, &take);
    open_folder(data, folder, RUSHES_PROJECT_DEFAULT);
    GtkWindow *window = find_window(data, folder); // NULL when it could not be opened
    if (window)
        gtk_widget_activate_action(GTK_WIDGET(window), "win.show-take", "s", take);
}

static void act_about(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    rushes_about_present(gtk_application_get_active_window(GTK_APPLICATION(data)));
}

static void act_self_test(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    rushes_self_test_present(gtk_application_get_active_window(GTK_APPLICATION(data)));
}

static void act_shortcuts(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    rushes_shortcuts_present(gtk_application_get_active_window(GTK_APPLICATION(data)));
}

static void act_quit(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    GList *window;
    while ((window = gtk_application_get_windows(GTK_APPLICATION(data))))
        gtk_window_destroy(window->data);
}

static void set_shortcuts(RushesApplication *self)
{
    static const struct {
        const char *action;
        const char *keys[4];
    } shortcuts[] = {
        {"app.new", {"<Ctrl>n"}},
        {"app.open", {"<Ctrl>o"}},
        {"app.quit", {"<Ctrl>q"}},
        {"window.close", {"<Ctrl>w"}},
        {"win.generate", {"<Ctrl>Return", "<Ctrl>KP_Enter"}},
        {"win.generate-front", {"<Ctrl><Shift>Return"}},
        {"win.cancel", {"<Ctrl><Alt>Return", "<Ctrl>period"}},
        {"win.undo", {"<Ctrl>z"}},
        {"win.redo", {"<Ctrl><Shift>z", "<Ctrl>y"}},
        {"win.save", {"<Ctrl>s"}},
        {"win.save-as", {"<Ctrl><Shift>s"}},
        {"win.export", {"<Ctrl>e"}},
        {"win.import-sound", {"<Ctrl>i"}},
        {"win.history", {"<Ctrl>f"}},
        {"win.loop", {"<Ctrl>l"}},
        {"win.mute", {"<Ctrl>m"}},
        {"win.zoom-fit", {"<Ctrl>0"}},
        {"win.zoom-real", {"<Ctrl>1"}},
        {"win.fullscreen", {"F11"}},
        {"win.show-prompt", {"F9"}},
        {"win.write-prompt", {"<Ctrl>p"}},
        {"win.fill-timeline", {"<Ctrl><Shift>t"}},
        {"app.shortcuts", {"<Ctrl>question", "F1"}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(shortcuts); i++)
        gtk_application_set_accels_for_action(GTK_APPLICATION(self), shortcuts[i].action,
                                              (const char *const *)shortcuts[i].keys);
}

static void rushes_application_startup(GApplication *application)
{
    static const GActionEntry actions[] = {
        {.name = "new", .activate = act_new},
        {.name = "open", .activate = act_open},
        {.name = "open-folder", .activate = act_open_folder, .parameter_type = "s"},
        {.name = "open-shared", .activate = act_open_shared},
        {.name = "open-take", .activate = act_open_take, .parameter_type = "(ss)"},
        {.name = "about", .activate = act_about},
        {.name = "self-test", .activate = act_self_test},
        {.name = "shortcuts", .activate = act_shortcuts},
        {.name = "quit", .activate = act_quit},
    };
    RushesApplication *self = RUSHES_APPLICATION(application);
    g_autofree char *path = rushes_library_default_path();
    g_autoptr(GError) failure = NULL;

    G_APPLICATION_CLASS(rushes_application_parent_class)->startup(application);
    g_action_map_add_action_entries(G_ACTION_MAP(self), actions, G_N_ELEMENTS(actions), self);
    set_shortcuts(self);
    gtk_icon_theme_add_resource_path(gtk_icon_theme_get_for_display(gdk_display_get_default()),
                                     "/io/rushes/Studio/icons");
    self->library = rushes_library_open(path, &failure);
    if (!self->library) {
        g_warning("%s", failure->message);
        self->library = rushes_library_open(":memory:", NULL); // takes are safe without it
    }
    self->queue = rushes_queue_new(self->library);
    rushes_queue_start(self->queue);
}

static void rushes_application_shutdown(GApplication *application)
{
    RushesApplication *self = RUSHES_APPLICATION(application);

    rushes_queue_stop(self->queue);
    g_clear_object(&self->queue);
    g_clear_object(&self->library);
    G_APPLICATION_CLASS(rushes_application_parent_class)->shutdown(application);
}

static void rushes_application_class_init(RushesApplicationClass *klass)
{
    GApplicationClass *application = G_APPLICATION_CLASS(klass);

    application->startup = rushes_application_startup;
    application->activate = rushes_application_activate;
    application->open = rushes_application_open;
    application->shutdown = rushes_application_shutdown;
}

static void rushes_application_init(RushesApplication *self)
{
}

RushesApplication *rushes_application_new(void)
{
    return g_object_new(RUSHES_TYPE_APPLICATION, "application-id", "io.rushes.Studio", "flags",
                        G_APPLICATION_HANDLES_OPEN, "resource-base-path", "/io/rushes/Studio",
                        NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "signer-window.h"

#include "provenance/signer.h"

struct _RushesSignerWindow {
    AdwWindow parent_instance;

    AdwActionRow *signer, *certificates, *key;
    GtkButton *reset;
    GtkLabel *trouble;
    char *folder; // of the identity
    char *certificates_path, *key_path;
};

G_DEFINE_FINAL_TYPE(RushesSignerWindow, rushes_signer_window, ADW_TYPE_WINDOW)

static void rushes_signer_window_dispose(GObject *object)
{
    RushesSignerWindow *self = RUSHES_SIGNER_WINDOW(object);

    g_clear_pointer(&self->folder, g_free);
    g_clear_pointer(&self->certificates_path, g_free);
    g_clear_pointer(&self->key_path, g_free);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_SIGNER_WINDOW);
    G_OBJECT_CLASS(rushes_signer_window_parent_class)->dispose(object);
}

static void show_trouble(RushesSignerWindow *self, const char *sentence)
{
    gtk_label_set_label(self->trouble, sentence);
    gtk_widget_set_visible(GTK_WIDGET(self->trouble), *sentence != 0);
}

// Names and paths may hold an ampersand.
static void show_text(AdwActionRow *row, const char *title, const char *subtitle)
{
    g_autofree char *safe_title = g_markup_escape_text(title, -1),
                    *safe_subtitle = g_markup_escape_text(subtitle, -1);

    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), safe_title);
    adw_action_row_set_subtitle(row, safe_subtitle);
}

static void show_signer(RushesSignerWindow *self)
{
    gboolean is_own = rushes_signer_is_own(self->folder);
    g_autoptr(GError) failure = NULL;
    g_autoptr(RushesIdentity) identity =
        rushes_signer_open(self->folder, "Rushes creator", &failure);

    gtk_widget_set_visible(GTK_WIDGET(self->reset), is_own);
    if (!identity) {
        show_text(self->signer, "Nothing can be signed", failure->message);
        return;
    }
    GBytes *leaf = g_ptr_array_index(rushes_identity_get_chain(identity), 0);
    g_autofree char *name = rushes_identity_describe(leaf),
                    *issuer = rushes_identity_describe_issuer(leaf),
                    *end = rushes_identity_get_end(identity);
    g_autofree char *detail =
        g_strdup_printf("%s, certified by %s until %s",
                        is_own ? "Your own certificate" : "This computer's identity",
                        issuer ? issuer : "nobody", end ? end : "an unknown day");
    g_autofree char *title = g_strdup_printf("Signed by %s", name ? name : "you");
    show_text(self->signer, title, detail);
}

static void show_choice(AdwActionRow *row, const char *path, const char *none)
{
    g_autofree char *shown = path ? g_filename_display_name(path) : NULL;

    show_text(row, adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row)), shown ? shown : none);
}

static void show_choices(RushesSignerWindow *self)
{
    show_choice(self->certificates, self->certificates_path, "PEM, your own first");
    show_choice(self->key, self->key_path, "PEM, ECDSA on P-256, without a passphrase");
}

// As soon as both files are chosen. What does not fit stays chosen, so that one of them can be chosen anew.
static void adopt(RushesSignerWindow *self)
{
    g_autoptr(GError) failure = NULL;

    show_trouble(self, "");
    if (!self->certificates_path || !self->key_path)
        return;
    if (!rushes_signer_adopt(self->folder, self->certificates_path, self->key_path, &failure)) {
        show_trouble(self, failure->message);
        return;
    }
    g_clear_pointer(&self->certificates_path, g_free);
    g_clear_pointer(&self->key_path, g_free);
    show_signer(self);
}

static void on_file_chosen(GtkNativeDialog *dialog, int response, RushesSignerWindow *self)
{
    gboolean is_key = g_object_get_data(G_OBJECT(dialog), "is-key") != NULL;
    char **path = is_key ? &self->key_path : &self->certificates_path;

    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
        g_free(*path);
        *path = g_file_get_path(file);
        if (*path)
            adopt(self);
        else
            show_trouble(self, "Choose a file in a folder of this computer or a mounted share.");
        show_choices(self);
    }
    g_object_unref(dialog);
}

static void choose(RushesSignerWindow *self, const char *title, gboolean is_key)
{
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
        title, GTK_WINDOW(self), GTK_FILE_CHOOSER_ACTION_OPEN, "_Choose", NULL);

    g_object_set_data(G_OBJECT(dialog), "is-key", GINT_TO_POINTER(is_key));
    g_signal_connect_object(dialog, "response", G_CALLBACK(on_file_chosen), self, 0);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void on_choose_certificates(RushesSignerWindow *self)
{
    choose(self, "Choose Your Certificates", FALSE);
}

static void on_choose_key(RushesSignerWindow *self)
{
    choose(self, "Choose the Private Key", TRUE);
}

static void on_reset(RushesSignerWindow *self)
{
    g_autoptr(GError) failure = NULL;
    gboolean done = rushes_signer_forget(self->folder, &failure);

    show_trouble(self, done ? "" : failure->message);
    show_signer(self);
}

static void rushes_signer_window_class_init(RushesSignerWindowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_signer_window_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/signer-window.ui");
    gtk_widget_class_bind_template_child(widget, RushesSignerWindow, signer);
    gtk_widget_class_bind_template_child(widget, RushesSignerWindow, certificates);
    gtk_widget_class_bind_template_child(widget, RushesSignerWindow, key);
    gtk_widget_class_bind_template_child(widget, RushesSignerWindow, reset);
    gtk_widget_class_bind_template_child(widget, RushesSignerWindow, trouble);
    gtk_widget_class_bind_template_callback(widget, on_choose_certificates);
    gtk_widget_class_bind_template_callback(widget, on_choose_key);
    gtk_widget_class_bind_template_callback(widget, on_reset);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void rushes_signer_window_init(RushesSignerWindow *self)
{
    self->folder = rushes_signer_folder();
    gtk_widget_init_template(GTK_WIDGET(self));
    show_choices(self);
    show_signer(self);
}

GtkWindow *rushes_signer_window_new(GtkWindow *parent)
{
    return g_object_new(RUSHES_TYPE_SIGNER_WINDOW, "transient-for", parent, NULL);
}

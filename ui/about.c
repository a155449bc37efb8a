// SPDX-License-Identifier: GPL-3.0-or-later
#include "about.h"

#include <adwaita.h>

#include "places.h"
#include "plain-markdown.h"

// The bundled model's own page of sources and licences.
static char *read_model_sources(void)
{
    g_auto(GStrv) folders = rushes_places_list_model_folders();

    for (guint i = 0; folders[i]; i++) {
        g_autofree char *path = g_build_filename(folders[i], "mini", "DATA.md", NULL);
        char *text = NULL;
        if (g_file_get_contents(path, &text, NULL, NULL))
            return text;
    }
    return g_strdup("models/mini/DATA.md is not beside the program.");
}

// What the studio and its worker are linked with, by licence.
static const struct {
    const char *names;
    GtkLicense licence;
    const char *text; // of a licence that GTK does not know
} libraries[] = {
    {"GTK, GLib, Pango, GdkPixbuf, libadwaita, GtkSourceView, GStreamer", GTK_LICENSE_LGPL_2_1,
     NULL},
    {"eSpeak NG", GTK_LICENSE_GPL_3_0, NULL},
    {"FFTW", GTK_LICENSE_GPL_2_0, NULL},
    {"OpenSSL, Vulkan loader", GTK_LICENSE_APACHE_2_0, NULL},
    {"cJSON, libcbor, libebur128, giflib", GTK_LICENSE_MIT_X11, NULL},
    {"libarchive", GTK_LICENSE_BSD, NULL},
    {"cairo", GTK_LICENSE_CUSTOM,
     "Under the GNU Lesser General Public License, version 2.1, or the Mozilla Public License, "
     "version 1.1."},
    {"curl", GTK_LICENSE_CUSTOM, "Under the curl licence: https://curl.se/docs/copyright.html"},
    {"SQLite", GTK_LICENSE_CUSTOM, "In the public domain."},
};

void rushes_about_present(GtkWindow *parent)
{
    g_autofree char *sources = read_model_sources();
    g_autofree char *markup = rushes_markdown_to_markup(sources);
    GtkWidget *window = adw_about_window_new();
    AdwAboutWindow *about = ADW_ABOUT_WINDOW(window);

    adw_about_window_set_application_name(about, "Rushes");
    adw_about_window_set_application_icon(about, "io.rushes.Studio");
    adw_about_window_set_version(about, RUSHES_VERSION);
    adw_about_window_set_developer_name(about, "The Rushes authors");
    adw_about_window_set_comments(about, "Short films from words, made on your own machine.");
    adw_about_window_set_license_type(about, GTK_LICENSE_GPL_3_0);
    adw_about_window_add_legal_section(about, "The bundled model: sources and licences", NULL,
                                       GTK_LICENSE_CUSTOM, markup);
    for (guint i = 0; i < G_N_ELEMENTS(libraries); i++)
        adw_about_window_add_legal_section(about, libraries[i].names, NULL, libraries[i].licence,
                                           libraries[i].text);
    gtk_window_set_transient_for(GTK_WINDOW(window), parent);
    gtk_window_present(GTK_WINDOW(window));
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "about.h"

#include <adwaita.h>

#include "places.h"

// The bundled model's own page of sources and licences, word for word.
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

void rushes_about_present(GtkWindow *parent)
{
    g_autofree char *sources = read_model_sources();
    g_autofree char *escaped = g_markup_escape_text(sources, -1);
    GtkWidget *window = adw_about_window_new();
    AdwAboutWindow *about = ADW_ABOUT_WINDOW(window);

    adw_about_window_set_application_name(about, "Rushes");
    adw_about_window_set_application_icon(about, "io.rushes.Studio");
    adw_about_window_set_version(about, RUSHES_VERSION);
    adw_about_window_set_developer_name(about, "The Rushes authors");
    adw_about_window_set_comments(about, "Short films from words, made on your own machine.");
    adw_about_window_set_license_type(about, GTK_LICENSE_GPL_3_0);
    adw_about_window_add_legal_section(about, "The bundled model: sources and licences", NULL,
                                       GTK_LICENSE_CUSTOM, escaped);
    adw_about_window_add_legal_section(about, "GTK, libadwaita, GtkSourceView, GStreamer", NULL,
                                       GTK_LICENSE_LGPL_2_1, NULL);
    adw_about_window_add_legal_section(about, "cJSON, Vulkan loader, glslang", NULL,
                                       GTK_LICENSE_MIT_X11, NULL);
    gtk_window_set_transient_for(GTK_WINDOW(window), parent);
    gtk_window_present(GTK_WINDOW(window));
}

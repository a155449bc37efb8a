// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a creator sees of consent and rights: the note beside Generate, the records to choose from, the badge on a take.
#include <adwaita.h>
#include <gtksourceview/gtksource.h>

#include "consent-window.h"
#include "rights-note.h"
#include "rights/consent-use.h"
#include "rights/rights-sources.h"
#include "scratch.h"
#include "take-card.h"

#define PICTURE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char *add_record(const char *person, const char *picture)
{
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) later = g_date_time_add_days(now, 30);
    RushesConsentTerms terms = {.person = person,
                                .scope = "a short film",
                                .statement = "Yes, <b>gladly</b> & soon.",
                                .media_sha256 = picture,
                                .expires = later};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(folder, identity, &terms, NULL);

    g_assert_nonnull(consent);
    return g_strdup(consent->id);
}

// The first widget of the type below `widget` whose label is that; NULL when there is none.
static GtkWidget *find(GtkWidget *widget, const char *label)
{
    if ((GTK_IS_BUTTON(widget) &&
         g_strcmp0(gtk_button_get_label(GTK_BUTTON(widget)), label) == 0) ||
        (GTK_IS_LABEL(widget) && gtk_widget_get_mapped(widget) &&
         strstr(gtk_label_get_text(GTK_LABEL(widget)), label)))
        return widget;
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
         child = gtk_widget_get_next_sibling(child)) {
        GtkWidget *found = find(child, label);
        if (found)
            return found;
    }
    return NULL;
}

// Runs the main loop until the label shows (or is gone).
static void wait_for(GtkWidget *widget, const char *label, gboolean shown)
{
    gint64 end = g_get_monotonic_time() + 120 * G_USEC_PER_SEC; // only what hangs

    while ((find(widget, label) != NULL) != shown) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(500);
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

static void on_chosen(GtkWindow *window, const char *id, char **chosen)
{
    *chosen = g_strdup(id);
}

static void only_records_that_cover_the_picture_can_be_used(void)
{
    g_autofree char *right = add_record("Ada Example", PICTURE);
    g_autofree char *wrong = add_record("Bea Example", "ff");
    g_autofree char *chosen = NULL;
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    GtkWindow *window = rushes_consent_window_new(NULL, library, "/a/Picnic.rushes", PICTURE);

    g_signal_connect(window, "chosen", G_CALLBACK(on_chosen), &chosen);
    gtk_window_present(window);
    wait_for(GTK_WIDGET(window), "Ada Example", TRUE);
    wait_for(GTK_WIDGET(window), "Bea Example", TRUE);
    GtkWidget *use = find(GTK_WIDGET(window), "_Use");
    g_assert_nonnull(use);
    gtk_widget_unparent(g_object_ref(use)); // so that a second one would be found
    g_assert_null(find(GTK_WIDGET(window), "_Use"));
    g_signal_emit_by_name(use, "clicked");
    g_assert_cmpstr(chosen, ==, right);
    g_object_unref(use);
}

// What a person wrote is no markup.
static void a_project_may_have_any_name(void)
{
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    GtkWindow *window = rushes_consent_window_new(NULL, library, "/a/Ada & <Bo>.rushes", PICTURE);

    gtk_window_present(window);
    wait_for(GTK_WIDGET(window), "New Record", TRUE);
    GtkWidget *label = find(GTK_WIDGET(window), "New Record");
    GtkWidget *button =
        GTK_IS_BUTTON(label) ? label : gtk_widget_get_ancestor(label, GTK_TYPE_BUTTON);
    g_assert_nonnull(button);
    g_signal_emit_by_name(button, "clicked");
    wait_for(GTK_WIDGET(window), "Ada & <Bo>", TRUE);
    gtk_window_destroy(window);
}

static void the_note_says_what_is_refused_and_goes_away_with_it(void)
{
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    g_autoptr(RushesQueue) queue = rushes_queue_new(library);
    g_autoptr(GtkTextBuffer) words = gtk_text_buffer_new(NULL);
    RushesRightsNote *note = g_object_new(RUSHES_TYPE_RIGHTS_NOTE, NULL);
    GtkWidget *window = gtk_window_new();
    g_autofree char *own = rushes_rights_sources_own();
    g_autoptr(RushesRecipe) person = rushes_recipe_new();
    g_autoptr(RushesRecipe) nobody = rushes_recipe_new();

    g_assert_true(
        g_file_set_contents(own, "[Zorgon]\nowner=Zorg Pictures\naction=refuse\n", -1, NULL));
    gtk_window_set_child(GTK_WINDOW(window), GTK_WIDGET(note));
    gtk_window_present(GTK_WINDOW(window));
    rushes_rights_note_set_queue(note, queue, words);
    gtk_text_buffer_set_text(words, "a crab named Zorgon", -1);
    wait_for(window, "Zorg Pictures", TRUE);
    gtk_text_buffer_set_text(words, "a crab", -1);
    wait_for(window, "Zorg Pictures", FALSE);
    person->shows_person = TRUE;
    rushes_rights_note_set_reference(note, person, NULL);
    wait_for(window, "no consent record", TRUE);
    rushes_rights_note_set_reference(note, nobody, NULL);
    wait_for(window, "no consent record", FALSE);
    gtk_text_buffer_set_text(words, "a fox", -1);
    // The list changes under the words that were fine.
    g_assert_true(g_file_set_contents(own, "[A fox]\nowner=Fox Owners\naction=warn\n", -1, NULL));
    wait_for(window, "Fox Owners", TRUE);
    gtk_window_destroy(GTK_WINDOW(window));
    remove(own);
}

static void a_flagged_take_says_so(void)
{
    g_autofree char *scratch = g_dir_make_tmp("rushes-flag-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(scratch, "Film.rushes", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    RushesTakeCard *card = g_object_ref_sink(rushes_take_card_new());

    rushes_take_card_set_take(card, take);
    rushes_take_set_flag(take, "Ada took it back");
    const char *tip = gtk_widget_get_tooltip_text(GTK_WIDGET(card));
    g_assert_nonnull(strstr(tip, "Ada took it back"));
    rushes_take_set_flag(take, NULL);
    const char *after = gtk_widget_get_tooltip_text(GTK_WIDGET(card));
    g_assert_true(!after || !strstr(after, "Ada took it back"));
    g_object_unref(card);
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_setenv("XDG_DATA_HOME", scratch_root, TRUE);
    g_setenv("XDG_CONFIG_HOME", scratch_root, TRUE);
    g_test_init(&argc, &argv, NULL);
    adw_init();
    gtk_source_init();
    g_test_add_func("/consent/choose", only_records_that_cover_the_picture_can_be_used);
    g_test_add_func("/consent/name", a_project_may_have_any_name);
    g_test_add_func("/consent/note", the_note_says_what_is_refused_and_goes_away_with_it);
    g_test_add_func("/consent/flag", a_flagged_take_says_so);
    return scratch_end(g_test_run());
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "consent-window.h"

#include "entry-row.h"
#include "places.h"
#include "rights/consent-use.h"
#include "toast.h"

#define MOST_TAKES_SHOWN 6 // by name; the rest is counted

struct _RushesConsentWindow {
    AdwWindow parent_instance;

    AdwToastOverlay *toasts;
    GtkButton *add, *back, *sign;
    GtkStack *stack;
    GtkLabel *heading;
    GtkListBox *list;
    AdwEntryRow *person, *scope, *until;
    AdwActionRow *picture_row, *project_row;
    GtkSwitch *picture_only, *project_only;
    GtkTextView *statement;

    RushesLibrary *library;
    char *project;        // folder
    char *picture_sha256; // NULL: only looking
};

G_DEFINE_FINAL_TYPE(RushesConsentWindow, rushes_consent_window, ADW_TYPE_WINDOW)

static void fill_list(RushesConsentWindow *self);

static void rushes_consent_window_dispose(GObject *object)
{
    RushesConsentWindow *self = RUSHES_CONSENT_WINDOW(object);

    g_clear_object(&self->library);
    g_clear_pointer(&self->project, g_free);
    g_clear_pointer(&self->picture_sha256, g_free);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_CONSENT_WINDOW);
    G_OBJECT_CLASS(rushes_consent_window_parent_class)->dispose(object);
}

static void say(RushesConsentWindow *self, const char *sentence)
{
    adw_toast_overlay_add_toast(self->toasts, rushes_toast_new(sentence));
}

static void show_page(RushesConsentWindow *self, gboolean form)
{
    gtk_stack_set_visible_child_name(self->stack, form ? "form" : "list");
    gtk_widget_set_visible(GTK_WIDGET(self->add), !form);
    gtk_widget_set_visible(GTK_WIDGET(self->back), form);
    gtk_widget_set_visible(GTK_WIDGET(self->sign), form);
    if (form)
        gtk_widget_grab_focus(GTK_WIDGET(self->person));
}

static void choose(RushesConsentWindow *self, const char *id)
{
    g_signal_emit_by_name(self, "chosen", id);
    gtk_window_close(GTK_WINDOW(self));
}

// ---- the records ----
static GPtrArray *list_uses(RushesConsentWindow *self, const char *id)
{
    g_auto(GStrv) projects = rushes_library_list_projects(self->library);

    return rushes_consent_list_uses(id, (const char *const *)projects);
}

// "Picnic, take 3: a woman waves", one a line; owned by the caller.
static char *describe_uses(GPtrArray *uses)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < MIN(uses->len, MOST_TAKES_SHOWN); i++) {
        const RushesConsentUse *use = uses->pdata[i];
        g_autofree char *project = rushes_places_project_name(use->project);
        g_string_append_printf(text, "%s%s, take %d: %.60s", i ? "\n" : "", project, use->number,
                               use->prompt);
    }
    if (uses->len > MOST_TAKES_SHOWN)
        g_string_append_printf(text, "\nand %u more", uses->len - MOST_TAKES_SHOWN);
    g_autofree char *shown = g_string_free(text, FALSE);
    return g_utf8_make_valid(shown, -1); // a prompt may have been cut inside a letter
}

static void on_revoke_answer(AdwMessageDialog *dialog, const char *answer,
                             RushesConsentWindow *self)
{
    const char *id = g_object_get_data(G_OBJECT(dialog), "record");
    g_autofree char *folder = rushes_consent_folder();
    g_autoptr(GError) failure = NULL;

    if (!g_str_equal(answer, "revoke"))
        return;
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(&failure);
    if (identity && rushes_consent_revoke(folder, identity, id, &failure))
        say(self, "Revoked. Jobs that wait are refused, and the takes are marked.");
    else
        say(self, failure->message);
    fill_list(self);
    gtk_widget_grab_focus(GTK_WIDGET(self->add)); // the button that was pressed is gone
}

static void on_revoke(GtkWidget *button, RushesConsentWindow *self)
{
    const char *id = g_object_get_data(G_OBJECT(button), "record");
    g_autoptr(RushesConsent) consent = rushes_consent_find(id, NULL);
    g_autoptr(GPtrArray) uses = list_uses(self, id);
    g_autofree char *takes = describe_uses(uses);

    if (!consent)
        return;
    g_autofree char *heading = g_strdup_printf("Revoke the Consent of %s?", consent->person);
    g_autofree char *body =
        uses->len == 0
            ? g_strdup("No take was made under it yet. This cannot be undone.")
            : g_strdup_printf("These takes were made under it. They can no longer be exported, "
                              "unless a new consent is given. This cannot be undone.\n\n%s",
                              takes);
    GtkWidget *dialog = adw_message_dialog_new(GTK_WINDOW(self), heading, body);
    adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(dialog), "keep", "_Keep It", "revoke",
                                     "_Revoke", NULL);
    adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "revoke",
                                               ADW_RESPONSE_DESTRUCTIVE);
    adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "keep");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "keep");
    g_object_set_data_full(G_OBJECT(dialog), "record", g_strdup(id), g_free);
    g_signal_connect_object(dialog, "response", G_CALLBACK(on_revoke_answer), self, 0);
    gtk_window_present(GTK_WINDOW(dialog));
}

static void on_use(GtkWidget *button, RushesConsentWindow *self)
{
    choose(self, g_object_get_data(G_OBJECT(button), "record"));
}

static GtkWidget *record_button(RushesConsentWindow *self, const RushesConsent *consent,
                                const char *label, const char *name, GCallback on_clicked)
{
    GtkWidget *button = gtk_button_new_with_mnemonic(label);
    g_autofree char *full = g_strdup_printf("%s %s", name, consent->person);

    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, full, -1);
    g_object_set_data_full(G_OBJECT(button), "record", g_strdup(consent->id), g_free);
    g_signal_connect(button, "clicked", on_clicked, self);
    return button;
}

static void add_detail(GtkWidget *row, const char *title, const char *text)
{
    GtkWidget *detail = adw_action_row_new();
    g_autofree char *escaped = g_markup_escape_text(text, -1);

    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(detail), title);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(detail), escaped);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(detail), 0);
    adw_expander_row_add_row(ADW_EXPANDER_ROW(row), detail);
}

static char *describe_state(const RushesConsent *consent, RushesConsentState state)
{
    switch (state) {
    case RUSHES_CONSENT_REVOKED:
        return g_strdup_printf("revoked on %.10s", consent->revoked);
    case RUSHES_CONSENT_EXPIRED:
        return g_strdup_printf("ended on %.10s", consent->expires);
    case RUSHES_CONSENT_NOT_YET:
        return g_strdup_printf("begins on %.10s", consent->granted);
    case RUSHES_CONSENT_STANDS:
        break;
    }
    return g_strdup_printf("stands until %.10s", consent->expires);
}

static void add_record(RushesConsentWindow *self, const RushesConsent *consent)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    RushesConsentState state = rushes_consent_state(consent, now);
    g_autofree char *project = rushes_places_project_name(self->project);
    g_autofree char *standing = describe_state(consent, state);
    g_autofree char *subtitle = g_strdup_printf("%s · %s", standing, consent->scope);
    g_autofree char *title = g_markup_escape_text(consent->person, -1);
    g_autofree char *shown = g_markup_escape_text(subtitle, -1);
    g_autoptr(GPtrArray) uses = list_uses(self, consent->id);
    g_autofree char *takes = describe_uses(uses);
    g_autoptr(GError) why_not = NULL;
    GtkWidget *row = adw_expander_row_new();

    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_expander_row_set_subtitle(ADW_EXPANDER_ROW(row), shown);
    add_detail(row, "Statement", consent->statement);
    if (*consent->media_sha256)
        add_detail(row, "For one picture only", consent->media_sha256);
    if (*consent->project)
        add_detail(row, "For one project only", consent->project);
    add_detail(row, uses->len ? "Takes made under it" : "No take was made under it", takes);
    if (self->picture_sha256 &&
        rushes_consent_allows(consent, self->picture_sha256, project, now, &why_not)) {
        GtkWidget *use =
            record_button(self, consent, "_Use", "Use the consent of", G_CALLBACK(on_use));
        gtk_widget_add_css_class(use, "suggested-action");
        adw_expander_row_add_action(ADW_EXPANDER_ROW(row), use);
    } else if (why_not) {
        add_detail(row, "Not for this picture", why_not->message);
    }
    if (!consent->revoked)
        adw_expander_row_add_action(ADW_EXPANDER_ROW(row),
                                    record_button(self, consent, "_Revoke…",
                                                  "Revoke the consent of", G_CALLBACK(on_revoke)));
    gtk_list_box_append(self->list, row);
}

static void fill_list(RushesConsentWindow *self)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) all = rushes_consent_find_all(problems);
    GtkListBoxRow *row;

    while ((row = gtk_list_box_get_row_at_index(self->list, 0)))
        gtk_list_box_remove(self->list, GTK_WIDGET(row));
    for (guint i = 0; i < all->len; i++)
        add_record(self, all->pdata[i]);
    for (guint i = 0; i < problems->len; i++) {
        GtkWidget *broken = adw_action_row_new();
        g_autofree char *escaped = g_markup_escape_text(problems->pdata[i], -1);
        adw_preferences_row_set_title(ADW_PREFERENCES_ROW(broken), "Counts as no consent");
        adw_action_row_set_subtitle(ADW_ACTION_ROW(broken), escaped);
        adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(broken), 0);
        gtk_list_box_append(self->list, broken);
    }
    gtk_widget_set_visible(GTK_WIDGET(self->list), all->len + problems->len > 0);
    gtk_label_set_label(
        self->heading,
        self->picture_sha256
            ? "The picture shows a person. Choose the record of that person's consent, or write "
              "a new one."
        : all->len ? "Who agreed to be used as a reference, for what and until when. Records stay "
                     "on this computer."
                   : "There is no record yet. One is needed before a picture that shows a person "
                     "can be used as a reference.");
}

// ---- a new one ----
static void on_add(RushesConsentWindow *self)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autoptr(GDateTime) later = g_date_time_add_years(now, 1);
    g_autofree char *day = g_date_time_format(later, "%Y-%m-%d");

    gtk_editable_set_text(GTK_EDITABLE(self->person), "");
    gtk_editable_set_text(GTK_EDITABLE(self->scope), "");
    gtk_editable_set_text(GTK_EDITABLE(self->until), day);
    gtk_text_buffer_set_text(gtk_text_view_get_buffer(self->statement), "", -1);
    gtk_switch_set_active(self->picture_only, FALSE);
    gtk_switch_set_active(self->project_only, FALSE);
    show_page(self, TRUE);
}

static void on_back(RushesConsentWindow *self)
{
    show_page(self, FALSE);
}

static void on_sign(RushesConsentWindow *self)
{
    GtkTextBuffer *buffer = gtk_text_view_get_buffer(self->statement);
    g_autofree char *folder = rushes_consent_folder();
    g_autofree char *project = rushes_places_project_name(self->project);
    g_autofree char *day = g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->until)));
    g_autoptr(GDateTime) expires = rushes_consent_parse_day(g_strstrip(day));
    g_autoptr(GError) failure = NULL;
    GtkTextIter start, end;

    if (!expires) {
        say(self, "Write the last day as year-month-day, as in 2027-06-30.");
        gtk_widget_grab_focus(GTK_WIDGET(self->until));
        return;
    }
    gtk_text_buffer_get_bounds(buffer, &start, &end);
    g_autofree char *statement = gtk_text_buffer_get_text(buffer, &start, &end, FALSE);
    RushesConsentTerms terms = {
        .person = gtk_editable_get_text(GTK_EDITABLE(self->person)),
        .scope = gtk_editable_get_text(GTK_EDITABLE(self->scope)),
        .statement = statement,
        .media_sha256 = gtk_switch_get_active(self->picture_only) ? self->picture_sha256 : NULL,
        .project = gtk_switch_get_active(self->project_only) ? project : NULL,
        .expires = expires,
    };
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(&failure);
    g_autoptr(RushesConsent) consent =
        identity ? rushes_consent_grant(folder, identity, &terms, &failure) : NULL;
    if (!consent) {
        say(self, failure->message);
        return;
    }
    if (self->picture_sha256) {
        choose(self, consent->id);
        return;
    }
    fill_list(self);
    show_page(self, FALSE);
}

static void rushes_consent_window_class_init(RushesConsentWindowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_consent_window_dispose;
    g_signal_new("chosen", RUSHES_TYPE_CONSENT_WINDOW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, G_TYPE_STRING);
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/consent-window.ui");
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, toasts);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, add);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, back);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, sign);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, stack);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, heading);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, list);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, person);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, scope);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, until);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, picture_row);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, project_row);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, picture_only);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, project_only);
    gtk_widget_class_bind_template_child(widget, RushesConsentWindow, statement);
    gtk_widget_class_bind_template_callback(widget, on_add);
    gtk_widget_class_bind_template_callback(widget, on_back);
    gtk_widget_class_bind_template_callback(widget, on_sign);
}

static void rushes_consent_window_init(RushesConsentWindow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    rushes_toast_let_escape_close(GTK_WINDOW(self));
    rushes_entry_row_name_text(self->person);
    rushes_entry_row_name_text(self->scope);
    rushes_entry_row_name_text(self->until);
}

GtkWindow *rushes_consent_window_new(GtkWindow *parent, RushesLibrary *library, const char *project,
                                     const char *picture_sha256)
{
    RushesConsentWindow *self =
        g_object_new(RUSHES_TYPE_CONSENT_WINDOW, "transient-for", parent, NULL);
    g_autofree char *name = rushes_places_project_name(project);

    self->library = g_object_ref(library);
    self->project = g_strdup(project);
    self->picture_sha256 = g_strdup(picture_sha256);
    gtk_widget_set_visible(GTK_WIDGET(self->picture_row), picture_sha256 != NULL);
    g_autofree char *shown = g_markup_escape_text(name ? name : "", -1);
    adw_action_row_set_subtitle(self->project_row, shown);
    fill_list(self);
    return GTK_WINDOW(self);
}

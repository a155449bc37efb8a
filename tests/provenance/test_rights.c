// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rights list must be found in disguise and must not be found where it is not; consent must end when the
// person says so.
#include <glib/gstdio.h>
#include <string.h>

#include "rights/consent.h"
#include "rights/rights-list.h"
#include "rights/rights-sources.h"
#include "tap.h"

static char *folder;
static RushesIdentity *identity;

static RushesRightsList *list_of(const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "rights.list", NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return rushes_rights_list_read(path, error);
}

static RushesRightsList *sample(void)
{
    RushesRightsList *list =
        list_of("[Wanda Élan]\naliases=The Violet Witch;Wandx\nowner=Example Pictures\n"
                "reason=not licensed\naction=refuse\n[Elsa]\naction=warn\n",
                NULL);
    g_assert_nonnull(list);
    return list;
}

static gboolean names(RushesRightsList *list, const char *prompt, const char *name)
{
    g_autoptr(GPtrArray) matches = rushes_rights_list_match(list, prompt);

    for (guint i = 0; i < matches->len; i++) {
        const RushesRightsMatch *match = g_ptr_array_index(matches, i);
        if (g_str_equal(match->entry->name, name))
            return TRUE;
    }
    return FALSE;
}

static void a_name_is_found_in_disguise(void)
{
    static const char *const prompts[] = {
        "wanda élan walks",
        "WANDA ELAN",
        "Wanda-Elan!",
        "w a n d a  e l a n",
        "wandaelan sings",
        "W4nda 3lan",
        "w@nda.e1an",
        "a portrait of Wаndа Elan" /* two Cyrillic letters */,
        "the VIOLET witch flies",
        "wandx",
        "Wanda\xe2\x80\x8b Elan's hat" /* zero-width space, possessive */,
        "\xef\xbc\xb7\xef\xbd\x81nda elan" /* wide */,
        "wan\xc2\xad"
        "da elan" /* soft hyphen */,
        "w.a.n.d.a elan",
        "wan*da_elan",
        "Waaaanda Elannnn",
        "Wannda Ellan",
        "Wаnԁа Εlаn" /* Cyrillic and Greek */,
        "ᴡᴀɴᴅᴀ ᴇʟᴀɴ",
        "𝓦𝓪𝓷𝓭𝓪 𝓔𝓵𝓪𝓷",
        "🅆🄰🄽🄳🄰 elan",
        "🇼🇦🇳🇩🇦 elan",
        "ⓦⓐⓝⓓⓐ elan",
        "W̷a̷n̷d̷a̷ Elan",
        "wanda\xe3\x85\xa4"
        "elan" /* Hangul filler */,
        "Wanda Elan alone",
        "(wanda elan)",
        "\"Wanda\nElan\"",
        "w4nd4 31an",
        "waNDa eLAn's",
        "wanda-elan-like",
        "wanda|elan",
        "wanda+elan",
        "wanda!elan",
        "W@ND@ ELAN",
        "$wanda elan",
    };
    g_autoptr(RushesRightsList) list = sample();

    for (guint i = 0; i < G_N_ELEMENTS(prompts); i++) {
        gboolean found = names(list, prompts[i], "Wanda Élan");
        if (!found)
            printf("# not found in: %s\n", prompts[i]);
        CHECK(found);
    }
}

static void other_words_are_left_alone(void)
{
    static const char *const prompts[] = {
        "",
        "nothing elsewhere",
        "someone else answers",
        "a violet and a witch",
        "wand and elan vital",
        "falsa",
        "a red fox hops in the snow at night",
    };
    g_autoptr(RushesRightsList) list = sample();

    for (guint i = 0; i < G_N_ELEMENTS(prompts); i++) {
        g_autoptr(GPtrArray) matches = rushes_rights_list_match(list, prompts[i]);
        if (matches->len)
            printf("# found in: %s\n", prompts[i]);
        CHECK(matches->len == 0);
    }
}

// Short names that everyday words would spell, if they were looked for too eagerly.
static void everyday_words_name_nobody(void)
{
    static const char *const prompts[] = {
        "there is a fox in a box",     "what is the matter with the boob tube",
        "it has been the a team",      "a 3D film in 4K",
        "as a rule, to be or not",     "dinner is later than the latter",
        "a fox (in a den) and a cat.", "he is. A fox hops",
        "50s style, 8 mm film",        "the moon, a hoop and a meeting",
    };
    g_autoptr(RushesRightsList) list =
        list_of("[Isa]\naction=refuse\n[Ina]\naction=refuse\n[Mater]\naction=refuse\n"
                "[Bob]\naction=refuse\n[Ben]\naction=refuse\n[Thea]\naction=refuse\n"
                "[Ed]\naction=refuse\n[Asa]\naction=refuse\n[Tobe]\naction=refuse\n"
                "[Diner]\naction=refuse\n[Mon]\naction=refuse\n[Hop]\naction=refuse\n"
                "[Dena]\naction=refuse\n[Sos]\naction=refuse\n[Ak]\naction=refuse\n",
                NULL);

    for (guint i = 0; i < G_N_ELEMENTS(prompts); i++) {
        g_autoptr(GPtrArray) matches = rushes_rights_list_match(list, prompts[i]);
        for (guint k = 0; k < matches->len; k++) {
            const RushesRightsMatch *match = g_ptr_array_index(matches, k);
            printf("# found %s in: %s\n", match->entry->name, prompts[i]);
        }
        CHECK(matches->len == 0);
    }
}

static void short_names_are_found_as_they_are(void)
{
    static const char *const prompts[] = {"Isa waves", "I S A",  "i.s.a",
                                          "ISÁ!",      "isaaaa", "a fox and isa"};
    g_autoptr(RushesRightsList) list = list_of("[Isa]\naction=refuse\n", NULL);

    for (guint i = 0; i < G_N_ELEMENTS(prompts); i++) {
        gboolean found = names(list, prompts[i], "Isa");
        if (!found)
            printf("# not found in: %s\n", prompts[i]);
        CHECK(found);
    }
}

static void names_of_any_script_are_found(void)
{
    g_autoptr(RushesRightsList) list = list_of(
        "[Чебурашка]\naction=refuse\n[ピカチュウ]\naction=refuse\n[Straße]\naction=refuse\n", NULL);

    CHECK(names(list, "весёлый ЧЕБУРАШКА", "Чебурашка"));
    CHECK(names(list, "ピカチュウ", "ピカチュウ"));
    CHECK(names(list, "ﾋﾟｶﾁｭｳ", "ピカチュウ")); // half width
    CHECK(names(list, "STRASSE", "Straße"));
}

static void a_refusal_outweighs_a_warning(void)
{
    g_autoptr(RushesRightsList) list = sample();
    RushesRightsAction action = RUSHES_RIGHTS_WARN;
    g_autofree char *sentence = rushes_rights_list_judge(list, "Elsa meets Wanda Elan", &action);

    CHECK(action == RUSHES_RIGHTS_REFUSE);
    CHECK(sentence && strstr(sentence, "Example Pictures") && strstr(sentence, "not licensed"));
    g_free(sentence);
    sentence = rushes_rights_list_judge(list, "Elsa alone", &action);
    CHECK(action == RUSHES_RIGHTS_WARN && sentence);
}

static void a_malformed_list_is_refused_with_its_place(void)
{
    static const struct {
        const char *text, *said;
    } lists[] = {
        {"[A b]\naction=maybe\n", "line 2: [A b] needs action=refuse or action=warn"},
        {"# mine\n\n[A b]\nowner=me\n", "line 3: [A b] needs action="},
        {"[A b]\naction=warn\n[x]\naction=warn\n", "line 3: the name [x] has fewer"},
        {"no group\n", "line 1: "},
        {"[A b]\naction=warn\n\nowners=me\n", "line 4: [A b] has the unknown key \"owners\""},
        {"[A b]\naction=warn\naliases=Abbie;B\n", "line 3: the alias \"B\" of [A b]"},
        {"[A b]\r\naction=warn\r\naliases=A\\b\r\n", "line 3: [A b] has a value that cannot"},
        {"[A b]\naction=warn\n[C d]\naction=warn\nwhat is this\n[E f]\naction=warn\n", "line 5: "},
        {"[A b]\naction=warn\n[C d]\naction=refuse\n[A b]\naction=perhaps\n",
         "line 6: [A b] needs"},
        {"[A b\naction=warn", "line 1: "},
        {"[A b]\naction=warn\nnothing", "line 3: "},
        {"\xff\xfe", "UTF-8"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(GError) error = NULL;
        RushesRightsList *list = list_of(lists[i].text, &error);
        CHECK(list == NULL);
        CHECK(error && strstr(error->message, "rights.list"));
        CHECK(error && strstr(error->message, lists[i].said));
        if (error)
            printf("# %s\n", strrchr(error->message, '/') + 1);
        rushes_rights_list_free(list);
    }
    g_autoptr(RushesRightsList) empty = list_of("# nothing yet\n", NULL);
    CHECK(empty && rushes_rights_list_size(empty) == 0);
}

static void put_list(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, "rushes", name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void a_subscribed_list_holds_at_once(void)
{
    g_autofree char *warning = NULL;
    g_autoptr(GError) error = NULL;

    CHECK(rushes_rights_sources_allow("a crab named Zorgon", &warning, NULL) && !warning);
    put_list("rights.list", "[Zorgon]\naction=warn\n");
    CHECK(rushes_rights_sources_allow("a crab named Zorgon", &warning, NULL) && warning);
    put_list("rights.d/studio.list", "[Zorgon]\naction=refuse\n");
    CHECK(!rushes_rights_sources_allow("a crab named Zorgon", NULL, &error) && error);
}

static void an_unreadable_list_allows_nothing(void)
{
    g_autoptr(GError) error = NULL;

    put_list("rights.d/broken.list", "[Some Name]\naction=perhaps\n");
    CHECK(!rushes_rights_sources_allow("a fox", NULL, &error));
    CHECK(error && strstr(error->message, "broken.list"));
}

static RushesConsent *grant(const char *media)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) later = g_date_time_add_days(now, 30);

    RushesConsentTerms terms = {.person = "Ada Example",
                                .scope = "a short film",
                                .statement = "You may use my face in it.",
                                .media_sha256 = media,
                                .expires = later};
    return rushes_consent_grant(folder, identity, &terms, NULL);
}

static void a_consent_stands_until_it_ends(void)
{
    g_autoptr(RushesConsent) consent = grant(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) after = g_date_time_add_days(now, 31);
    g_autoptr(GDateTime) before = g_date_time_add_days(now, -1);
    g_autoptr(GError) error = NULL;

    CHECK(rushes_consent_allows(consent, "ab", NULL, now, NULL));
    CHECK(!rushes_consent_allows(consent, "ab", NULL, after, &error) &&
          strstr(error->message, "ended"));
    g_clear_error(&error);
    CHECK(!rushes_consent_allows(consent, "ab", NULL, before, &error) &&
          strstr(error->message, "clock"));
}

static void a_revoked_consent_is_kept_and_refused(void)
{
    g_autoptr(RushesConsent) consent = grant(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GError) error = NULL;

    CHECK(rushes_consent_revoke(folder, identity, consent->id, NULL));
    CHECK(rushes_consent_revoke(folder, identity, consent->id, NULL));
    g_autoptr(RushesConsent) read = rushes_consent_read(folder, consent->id, NULL);
    CHECK(read && read->revoked);
    CHECK(!rushes_consent_allows(read, "ab", NULL, now, &error) &&
          strstr(error->message, "revoked"));
}

static void a_consent_for_one_picture_covers_no_other(void)
{
    g_autoptr(RushesConsent) consent = grant("abcd");
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();

    CHECK(rushes_consent_allows(consent, "abcd", NULL, now, NULL));
    CHECK(!rushes_consent_allows(consent, "abce", NULL, now, NULL));
}

static void an_edited_record_counts_as_none(void)
{
    g_autoptr(RushesConsent) consent = grant(NULL);
    g_autofree char *name = g_strconcat(consent->id, ".consent.json", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    CHECK(g_file_get_contents(path, &text, NULL, NULL));
    char *scope = strstr(text, "short");
    memcpy(scope, "other", 5);
    CHECK(g_file_set_contents(path, text, -1, NULL));
    g_autoptr(RushesConsent) read = rushes_consent_read(folder, consent->id, &error);
    CHECK(!read && error && strstr(error->message, "changed after it was signed"));
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) all = rushes_consent_list(folder, problems);
    CHECK(problems->len == 1 && all->len >= 1);
}

int main(void)
{
    folder = g_dir_make_tmp("rushes-rights-XXXXXX", NULL);
    g_setenv("XDG_CONFIG_HOME", folder, TRUE); // read by GLib on first use
    g_autofree char *place = g_build_filename(folder, "identity", NULL);
    identity = rushes_identity_open(place, "Test signer", NULL);
    g_assert_nonnull(identity);
    TAP_RUN(a_name_is_found_in_disguise);
    TAP_RUN(other_words_are_left_alone);
    TAP_RUN(everyday_words_name_nobody);
    TAP_RUN(short_names_are_found_as_they_are);
    TAP_RUN(names_of_any_script_are_found);
    TAP_RUN(a_refusal_outweighs_a_warning);
    TAP_RUN(a_malformed_list_is_refused_with_its_place);
    TAP_RUN(a_subscribed_list_holds_at_once);
    TAP_RUN(an_unreadable_list_allows_nothing);
    TAP_RUN(a_consent_stands_until_it_ends);
    TAP_RUN(a_revoked_consent_is_kept_and_refused);
    TAP_RUN(a_consent_for_one_picture_covers_no_other);
    TAP_RUN(an_edited_record_counts_as_none);
    rushes_identity_free(identity);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", folder);
    g_free(folder);
    return system(command) == 0 ? tap_done() : EXIT_FAILURE;
}

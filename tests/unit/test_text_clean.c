// SPDX-License-Identifier: GPL-3.0-or-later
// Prompts are cleaned as Wan does it: HTML references twice, then whitespace.
#include "formats/text_clean.h"
#include "formats/text_repair.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "golden_path.h"
#include "tap.h"

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    CHECK(file != NULL);
    if (!file)
        exit(EXIT_FAILURE);
    CHECK(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

// As the recorded results were made: without ftfy. The result is malloc'd.
static char *clean(const char *text)
{
    char *once = text_unescape_html(text, strlen(text));
    char *twice = text_unescape_html(once, strlen(once));
    char *result = text_collapse_spaces(twice, strlen(twice));
    free(once);
    free(twice);
    return result;
}

static void golden_texts_are_cleaned_like_wan(void)
{
    char *json = read_file(golden_path("a-text-clean/strings.json"));
    cJSON *root = cJSON_Parse(json), *entry;
    unsigned count = 0;
    cJSON_ArrayForEach(entry, cJSON_GetObjectItem(root, "strings"))
    {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(entry, "text"));
        const char *want = cJSON_GetStringValue(cJSON_GetObjectItem(entry, "clean"));
        char *got = clean(text);
        if (strcmp(got, want) != 0)
            printf("# \"%s\" became \"%s\", not \"%s\"\n", text, got, want);
        CHECK(strcmp(got, want) == 0);
        free(got);
        count++;
    }
    CHECK(count >= 45);
    cJSON_Delete(root);
    free(json);
}

static void check_unescaped(const char *text, const char *want)
{
    char *got = text_unescape_html(text, strlen(text));
    if (strcmp(got, want) != 0)
        printf("# \"%s\" became \"%s\", not \"%s\"\n", text, got, want);
    CHECK(strcmp(got, want) == 0);
    free(got);
}

static void references_follow_the_html_standard(void)
{
    check_unescaped("&notit; &notin; &not", "\302\254it; \342\210\211 \302\254");
    check_unescaped("&#128;&#x9F;&#x81;", "\342\202\254\305\270\302\201");
    check_unescaped("a&#1;b&#xFFFE;c&#x7f;d", "abcd");
    check_unescaped("&#99999999999999999999;", "\357\277\275");
    check_unescaped("&#x41", "A");
    check_unescaped("&; &a; &#a; &#xg;", "&; &a; &#a; &#xg;");
    check_unescaped("&nGt;&nLt;&nGtv;",
                    "\342\211\253\342\203\222\342\211\252\342\203\222\342\211\253\314\270");
    check_unescaped("&CounterClockwiseContourIntegral;", "\342\210\263");
    check_unescaped("\377&amp;\377", "\377&\377"); // wrong bytes stay as they are
    check_unescaped("&AMP;&Amp;", "&&Amp;");
}

static void lower_case_covers_other_scripts(void)
{
    static const char capitals[] = "ABC \303\204\303\226\303\234 \316\243 \320\226 \304\260 \377Z";
    char *text = text_lowercase(capitals, sizeof(capitals) - 1);
    CHECK(strcmp(text, "abc \303\244\303\266\303\274 \317\203 \320\266 i\314\207 \377z") == 0);
    free(text);
}

static void check_repaired(const char *text, const char *want)
{
    char *got = text_repair(text, strlen(text));
    if (strcmp(got, want) != 0)
        printf("# \"%s\" became \"%s\", not \"%s\"\n", text, got, want);
    CHECK(strcmp(got, want) == 0);
    free(got);
}

static void utf8_that_was_misread_is_read_again(void)
{
    check_repaired("cafÃ© crÃ¨me", "café crème");
    check_repaired("âœ” No problems", "✔ No problems");
    check_repaired("The Mona Lisa doesnâ€™t have eyebrows.",
                   "The Mona Lisa doesn't have eyebrows.");
    check_repaired("Ã¢â‚¬Å“quotedÃ¢â‚¬\302\235", "\"quoted\""); // twice misread
    check_repaired("ðŸ¦Š in the snow", "🦊 in the snow");
    check_repaired("20Â°C, 5Â£", "20°C, 5£");
    check_repaired("siÄ™ Å›wiat Å¼Ã³Å‚ty", "się świat żółty");
    check_repaired("\303\242\302\200\302\231", "'"); // Latin-1, with controls
}

static void text_that_is_meant_as_it_is_stays(void)
{
    static const char *const texts[] = {
        "café crème",   "CAFÉ™ and DÉJÀ», 20 Å…", "Spaß…", "parlé…", "Ãgua",      "Â", "10 × 20…",
        "αβγ Ж 日本語", "naïve façade — ok",      "5 €",   "\377Ã",  "😀 🦊", "",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_repaired(texts[i], texts[i]);
}

static void odd_characters_become_ordinary_ones(void)
{
    check_repaired("‘single’ “double” „low‟ ʼ", "'single' \"double\" \"low\" '");
    check_repaired("ﬁne ﬂow eﬃgy Ǆ ĳs ŉ", "fine flow effigy DŽ ijs 'n");
    check_repaired("ＬＯＵＤ　ﾀｺ ￡ ￥", "LOUD タコ £ ¥");
    check_repaired("one\r\ntwo\rthree\342\200\250four\302\205five", "one\ntwo\nthree\nfour\nfive");
    check_repaired("a\001b\177c\357\273\277d\033[1;31me\033[0m\tf", "abcde\tf");
    check_repaired("\302\200 \302\223x\302\224", "€ \"x\""); // C1 controls
    check_repaired("&lt;b&gt; &amp;amp; &eacute", "<b> & &eacute");
    check_repaired("<i>&amp;</i>", "<i>&amp;</i>"); // markup is left alone
    check_repaired("\033[", "[");
}

static void composed(const char *text, const char *want)
{
    char *got = text_compose(text, strlen(text));
    if (strcmp(got, want) != 0)
        printf("# \"%s\" became \"%s\", not \"%s\"\n", text, got, want);
    CHECK(strcmp(got, want) == 0);
    free(got);
}

// Cases of Unicode's NormalizationTest.txt.
static void marks_and_letters_are_put_together(void)
{
    composed("e\314\201", "é");
    composed("\341\270\212\314\243", "\341\270\214\314\207"); // U+1E0A 0323 -> 1E0C 0307
    composed("D\314\207\314\243", "\341\270\214\314\207");
    composed("\342\204\253 \342\204\246", "Å Ω");           // Angstrom, Ohm
    composed("\340\245\230", "\340\244\225\340\244\274");   // U+0958 is excluded
    composed("\341\204\200\341\205\241\341\206\250", "각"); // jamo
    composed("각가", "각가");
    composed("a\314\223\314\201\314\226", "a\314\226\314\223\314\201"); // ordered, blocked
    composed("\377e\314\201\200", "\377é\200");                         // wrong bytes stay
    composed("\314\201e", "\314\201e");                                 // a mark without a letter
}

static void repairing_twice_changes_nothing(void)
{
    static const char *const texts[] = {"Ã¢â‚¬Å“a", "&amp;amp;lt;", "e\314\201Ã©", "ﬁÃ",
                                        "\033[\033[0m1m"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *once = text_repair(texts[i], strlen(texts[i]));
        check_repaired(once, once);
        free(once);
    }
}

int main(void)
{
    TAP_RUN(golden_texts_are_cleaned_like_wan);
    TAP_RUN(references_follow_the_html_standard);
    TAP_RUN(lower_case_covers_other_scripts);
    TAP_RUN(utf8_that_was_misread_is_read_again);
    TAP_RUN(text_that_is_meant_as_it_is_stays);
    TAP_RUN(odd_characters_become_ordinary_ones);
    TAP_RUN(marks_and_letters_are_put_together);
    TAP_RUN(repairing_twice_changes_nothing);
    return tap_done();
}

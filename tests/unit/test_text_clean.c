// SPDX-License-Identifier: GPL-3.0-or-later
// Prompts are cleaned as Wan does it: HTML references twice, then whitespace.
#include "formats/text_clean.h"

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

// Takes ownership of nothing; the result is malloc'd.
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

int main(void)
{
    TAP_RUN(golden_texts_are_cleaned_like_wan);
    TAP_RUN(references_follow_the_html_standard);
    TAP_RUN(lower_case_covers_other_scripts);
    return tap_done();
}

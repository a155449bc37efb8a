// SPDX-License-Identifier: GPL-3.0-or-later
// That FFmpeg reads the colours of a whole film is in tests/timeline/test_colour.c.
#include "media/av1-colour.h"

#include <string.h>

#include "tap.h"

// Temporal delimiter, the sequence header that libaom writes for 64x64 pixels, and a frame of four bytes.
static const guint8 unit[] = {0x12, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x00, 0x02, 0xaf, 0xff,
                              0x9b, 0x5f, 0x20, 0x08, 0x32, 0x04, 1,    2,    3,    4};
#define HEADER 4  // where the sequence header's payload begins
#define FRAME  14 // where the frame's OBU begins

static void header_grows_by_its_description_and_the_rest_stays(void)
{
    GByteArray *tagged = rushes_av1_tag_colour(unit, sizeof(unit));

    CHECK(tagged != NULL);
    if (!tagged)
        return;
    CHECK(tagged->len == sizeof(unit) + 3); // three lists of eight bits
    CHECK(tagged->data[HEADER - 1] == unit[HEADER - 1] + 3);
    CHECK(memcmp(tagged->data, unit, HEADER - 1) == 0);
    CHECK(memcmp(tagged->data + FRAME + 3, unit + FRAME, sizeof(unit) - FRAME) == 0);
    // Not even a bit before the flag is another: it is number 70 of this header, counted from 0.
    CHECK(memcmp(tagged->data + HEADER, unit + HEADER, 8) == 0);
    guint64 bits = 0; // from the 64th bit on
    for (int i = 0; i < 5; i++)
        bits = (bits << 8) | tagged->data[HEADER + 8 + i];
    CHECK(((bits >> (40 - 7)) & 1) == 1);
    CHECK(((bits >> (40 - 15)) & 0xff) == 1);
    CHECK(((bits >> (40 - 23)) & 0xff) == 1);
    CHECK(((bits >> (40 - 31)) & 0xff) == 1);
    CHECK(((bits >> (40 - 32)) & 1) == 0); // limited range
    CHECK(((bits >> (40 - 34)) & 3) == 1); // sited left
    g_byte_array_unref(tagged);
}

static void a_described_header_is_left_alone(void)
{
    GByteArray *tagged = rushes_av1_tag_colour(unit, sizeof(unit));

    CHECK(tagged && rushes_av1_tag_colour(tagged->data, tagged->len) == NULL);
    g_byte_array_unref(tagged);
}

static void a_unit_without_a_header_is_left_alone(void)
{
    CHECK(rushes_av1_tag_colour(unit + FRAME, sizeof(unit) - FRAME) == NULL);
    CHECK(rushes_av1_tag_colour(unit, 0) == NULL);
}

static void a_cut_or_changed_unit_is_read_within_its_bounds(void)
{
    for (gsize bytes = 0; bytes < sizeof(unit); bytes++) {
        g_autofree guint8 *cut = g_memdup2(unit, bytes); // so that a read past its end is seen
        GByteArray *tagged = rushes_av1_tag_colour(cut, bytes);
        CHECK(tagged == NULL || bytes == FRAME); // whole OBUs alone are taken
        if (tagged)
            g_byte_array_unref(tagged);
    }
    for (gsize bit = 0; bit < 8 * sizeof(unit); bit++) {
        g_autofree guint8 *changed = g_memdup2(unit, sizeof(unit));
        changed[bit / 8] ^= (guint8)(1 << bit % 8);
        GByteArray *tagged = rushes_av1_tag_colour(changed, sizeof(unit));
        CHECK(tagged == NULL || tagged->len <= sizeof(unit) + 3);
        if (tagged)
            g_byte_array_unref(tagged);
    }
}

int main(void)
{
    TAP_RUN(header_grows_by_its_description_and_the_rest_stays);
    TAP_RUN(a_described_header_is_left_alone);
    TAP_RUN(a_unit_without_a_header_is_left_alone);
    TAP_RUN(a_cut_or_changed_unit_is_read_within_its_bounds);
    return tap_done();
}

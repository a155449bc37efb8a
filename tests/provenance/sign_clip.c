// SPDX-License-Identifier: GPL-3.0-or-later
//
// Writes an MP4 under the name given first and signs it with the identity in the folder given second, as the
// exporter does; the third word says what it is: clip, film (of two takes), or the address of a time-stamping authority. For the validators of validate.mjs.
#include <math.h>
#include <stdio.h>

#include "media/clip-writer.h"
#include "provenance/credentials.h"

#define RECIPE "{\"prompt\": \"a red fox hops in the snow\", \"seed\": \"4711\", \"shift\": 3.0}"

// A second of moving stripes and a tone.
static gboolean write_clip(const char *path, GError **error)
{
    RushesClipFormat format = {
        .width = 128, .height = 96, .fps_num = 12, .fps_den = 1, .rate = 16000, .channels = 1};
    g_autoptr(RushesClipWriter) writer = rushes_clip_writer_new(path, &format, error);
    guint8 pixels[128 * 96 * 3];
    float samples[16000];

    if (!writer)
        return FALSE;
    rushes_clip_writer_set_recipe(writer, RECIPE);
    for (int t = 0; t < 12; t++) {
        for (gsize i = 0; i < sizeof(pixels); i++)
            pixels[i] = (guint8)(i * 5 + (gsize)t * 17);
        if (!rushes_clip_writer_add_frame(writer, pixels, error))
            return FALSE;
    }
    for (int i = 0; i < 16000; i++)
        samples[i] = 0.3f * sinf(0.17f * (float)i);
    return rushes_clip_writer_add_samples(writer, samples, 16000, error) &&
           rushes_clip_writer_finish(writer, error);
}

int main(int count, char **words)
{
    static const RushesIngredient parts[] = {
        {.title = "Take 1", .format = "video/mp4", .relationship = "componentOf"},
        {.title = "Take 2", .format = "video/mp4", .relationship = "componentOf"},
        {.title = "first.png", .format = "image/png", .relationship = "inputTo"},
    };
    static const char *const edits[] = {"c2pa.trimmed", NULL};
    RushesClaim claim = {.title = "Signed for the validators", .recipe_json = RECIPE};
    g_autoptr(GError) error = NULL;

    if (count < 3)
        return 2;
    GError *unstamped = NULL;
    if (count > 3 && g_str_has_prefix(words[3], "http")) {
        claim.time_stamp_url = words[3];
        claim.unstamped = &unstamped;
    } else if (count > 3) {
        claim.is_composite = TRUE;
        claim.is_watermarked = TRUE;
        claim.is_labelled = TRUE;
        claim.ingredients = parts;
        claim.ingredient_count = G_N_ELEMENTS(parts);
        claim.edits = edits;
    }
    g_autoptr(RushesIdentity) identity = rushes_identity_open(words[2], "Test signer", &error);
    if (identity && write_clip(words[1], &error) &&
        rushes_credentials_sign(words[1], identity, &claim, &error)) {
        if (unstamped)
            fprintf(stderr, "%s\n", unstamped->message);
        return unstamped ? 3 : 0;
    }
    fprintf(stderr, "%s\n", error->message);
    return 1;
}

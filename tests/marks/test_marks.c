// SPDX-License-Identifier: GPL-3.0-or-later
//
// The two marks of an export. What the invisible one survives in hundreds of clips is measured by evaluate.py; here one
// clip goes the whole way: marked, encoded as an export, cut, halved, encoded again at CRF 28, and read.
#include <gst/gst.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/picture-marks.h"
#include "marks/mark-motion.h"
#include "marks/mark-tiles.h"
#include "marks/visible-mark.h"
#include "marks/watermark-detect.h"
#include "marks/watermark.h"
#include "media/clip-writer.h"
#include "scratch.h"
#include "tap.h"

#define WIDTH  256
#define HEIGHT 160
#define FRAMES 25
#define FPS    12
#define BYTES  (WIDTH * HEIGHT * 3)

static const RushesMarkPayload sent = {.version = RUSHES_MARK_VERSION, .id = 0x1f2e3d4c};

// A hilly background with grain, and a ball that rolls across it.
static guint8 *make_clip(void)
{
    guint8 *clip = g_malloc(FRAMES * BYTES);
    guint32 random = 1;
    g_autofree int *grain = g_new(int, WIDTH *HEIGHT);

    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        random = random * 1664525u + 1013904223u;
        grain[i] = (int)(random >> 28) - 8;
    }
    for (int t = 0; t < FRAMES; t++)
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                guint8 *pixel = clip + t * BYTES + 3 * (y * WIDTH + x);
                double hills = 110.0 + 40.0 * sin(x * 0.031) + 35.0 * cos(y * 0.045 + x * 0.012);
                int value = (int)hills + grain[y * WIDTH + x];
                gboolean ball = hypot(x - 20.0 - 7.0 * t, y - 90.0) < 24.0;
                pixel[0] = (guint8)CLAMP(ball ? 210 : value, 0, 255);
                pixel[1] = (guint8)CLAMP(ball ? 120 : value + 10, 0, 255);
                pixel[2] = (guint8)CLAMP(ball ? 60 : value - 20, 0, 255);
            }
    return clip;
}

static void mark(guint8 *clip)
{
    g_autoptr(RushesWatermarker) marker = rushes_watermarker_new(WIDTH, HEIGHT, FPS);

    for (int t = 0; t < FRAMES; t++)
        rushes_watermarker_apply(marker, sent, t, clip + t * BYTES);
}

static char *write_clip_as(const char *folder, const guint8 *clip, RushesContainer container)
{
    RushesClipFormat format = {
        .container = container, .width = WIDTH, .height = HEIGHT, .fps_num = FPS, .fps_den = 1};
    char *path = g_build_filename(folder, "clip", NULL);
    g_autoptr(RushesClipWriter) writer = rushes_clip_writer_new(path, &format, NULL);
    gboolean written = writer != NULL;

    for (int t = 0; written && t < FRAMES; t++)
        written = rushes_clip_writer_add_frame(writer, clip + t * BYTES, NULL);
    CHECK(written && rushes_clip_writer_finish(writer, NULL));
    return path;
}

static char *write_clip(const char *folder, const guint8 *clip)
{
    return write_clip_as(folder, clip, RUSHES_CONTAINER_MP4);
}

static void payload_round_trips_and_a_wrong_bit_is_refused(void)
{
    guint symbols[RUSHES_MARK_SYMBOLS];
    RushesMarkPayload got = {0};

    rushes_mark_payload_encode(sent, symbols);
    CHECK(rushes_mark_payload_decode(symbols, &got) && got.id == sent.id &&
          got.version == sent.version);
    for (int s = 0; s < RUSHES_MARK_SYMBOLS; s++)
        for (int bit = 0; bit < RUSHES_MARK_SYMBOL_BITS; bit++) {
            symbols[s] ^= 1u << bit;
            CHECK(!rushes_mark_payload_decode(symbols, &got));
            symbols[s] ^= 1u << bit;
        }
}

static void payload_is_the_random_half_of_a_take_id(void)
{
    CHECK(rushes_mark_payload_of_take("20261122-184402-1f2e3d4c").id == 0x1f2e3d4c);
    CHECK(rushes_mark_payload_of_take("sample").id == rushes_mark_payload_of_take("sample").id);
    CHECK(rushes_mark_payload_of_take("sample").id != rushes_mark_payload_of_take("").id);
}

static void every_marked_picture_keeps_42_db_and_its_colour(void)
{
    g_autofree guint8 *clip = make_clip(), *marked = g_memdup2(clip, FRAMES * BYTES);

    mark(marked);
    for (int t = 0; t < FRAMES; t++) {
        double error = 0.0;
        int coloured = 0;
        for (int i = 0; i < BYTES; i += 3) {
            int change[3];
            for (int c = 0; c < 3; c++) {
                change[c] = marked[t * BYTES + i + c] - clip[t * BYTES + i + c];
                error += change[c] * change[c];
            }
            coloured += change[0] != change[1] || change[1] != change[2];
        }
        double psnr = 10.0 * log10(255.0 * 255.0 * BYTES / error);
        CHECK(psnr >= RUSHES_WATERMARK_PSNR);
        CHECK(psnr < RUSHES_WATERMARK_PSNR + 1.0); // the mark is there
        CHECK(coloured == 0);
    }
}

// What an eye could see in a clear sky: a flat picture, and one that is flat but for an edge.
static void no_flat_place_changes_by_more_than_three_code_values(void)
{
    g_autoptr(RushesWatermarker) marker = rushes_watermarker_new(WIDTH, HEIGHT, FPS);
    g_autofree guint8 *picture = g_malloc(BYTES), *marked = g_malloc(BYTES);

    for (int level = 30; level <= 230; level += 50)
        for (int t = 0; t < 5; t += 4) { // both signs
            for (int i = 0; i < BYTES; i++)
                picture[i] = (guint8)(i / 3 % WIDTH < WIDTH / 2 ? level : 255 - level);
            memcpy(marked, picture, BYTES);
            rushes_watermarker_apply(marker, sent, t, marked);
            int most = 0;
            for (int i = 0; i < BYTES; i++)
                most = MAX(most, ABS(marked[i] - picture[i]));
            CHECK(most >= 2 && most <= 3);
        }
}

static void mark_is_read_after_crop_and_half_size_and_crf_28(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree guint8 *clip = make_clip();
    static const char *const filters[] = {
        "null",
        "crop=230:144:11:7",
        "scale=128:80",
        "crop=230:144:11:7,scale=114:72",
    };

    mark(clip);
    g_autofree char *path = write_clip(folder, clip);
    for (gsize i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autofree char *attacked = g_build_filename(folder, "attacked.mp4", NULL);
        const char *argv[] = {"ffmpeg", "-v",       "error",  "-y",      "-i",       path,
                              "-vf",    filters[i], "-c:v",   "libx264", "-threads", "1",
                              "-crf",   "28",       attacked, NULL};
        int status = -1;
        CHECK(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                           &status, NULL) &&
              status == 0);
        g_autoptr(GArray) found = rushes_watermark_read(attacked, NULL);
        CHECK(found && found->len == 1);
        if (!found || found->len != 1)
            continue;
        const RushesFoundMark *seen = &g_array_index(found, RushesFoundMark, 0);
        printf("# %s: score %.1f\n", filters[i], seen->score);
        CHECK(seen->payload.id == sent.id && seen->payload.version == sent.version);
        CHECK(seen->odds >= RUSHES_WATERMARK_ODDS);
    }
}

static void unmarked_and_flat_clips_have_no_mark(void)
{
    g_autofree guint8 *clip = make_clip();

    for (int flat = 0; flat < 2; flat++) {
        g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
        if (flat)
            memset(clip, 128, FRAMES * BYTES);
        g_autofree char *path = write_clip(folder, clip);
        g_autoptr(GArray) found = rushes_watermark_read(path, NULL);
        CHECK(found && found->len == 0);
    }
}

// As an export writes them; pictures do not say that they are shown twelve a second.
static void mark_is_read_from_a_folder_of_numbered_pictures(void)
{
    g_autofree guint8 *clip = make_clip();

    for (int marked = 0; marked < 2; marked++) {
        g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
        if (marked)
            mark(clip);
        g_autofree char *path = write_clip_as(folder, clip, RUSHES_CONTAINER_PNG);
        g_autoptr(GArray) found = rushes_watermark_read_pictures(path, NULL);
        CHECK(rushes_watermark_is_picture_folder(path));
        CHECK(!rushes_watermark_is_picture_folder(folder));
        CHECK(found && found->len == (guint)marked);
        if (!found || found->len == 0)
            continue;
        const RushesFoundMark *seen = &g_array_index(found, RushesFoundMark, 0);
        CHECK(seen->payload.id == sent.id);
        CHECK(fabs(seen->start) < 0.01 && fabs(seen->end - FRAMES) < 0.01);
    }
}

// Fed directly: eight seconds, of which the second half is another take.
static void film_tells_which_take_is_seen_when(void)
{
    const RushesMarkSpan spans[] = {
        {.frame = 0, .payload = sent},
        {.frame = 48, .payload = {.version = RUSHES_MARK_VERSION, .id = 0xcafe0001}},
    };
    g_autoptr(RushesPictureMarks) marks =
        rushes_picture_marks_new(WIDTH, HEIGHT, FPS, spans, G_N_ELEMENTS(spans), FALSE);
    g_autoptr(RushesMarkDetector) detector = rushes_mark_detector_new(WIDTH, HEIGHT, FPS, 1);
    g_autofree guint8 *clip = make_clip(), *luma = g_malloc(WIDTH * HEIGHT);

    for (int t = 0; t < 96; t++) {
        GBytes *picture = g_bytes_new(clip + t % FRAMES * BYTES, BYTES);
        picture = rushes_picture_marks_apply(marks, t, picture);
        const guint8 *rgb = g_bytes_get_data(picture, NULL);
        for (int i = 0; i < WIDTH * HEIGHT; i++)
            luma[i] = (guint8)((rgb[3 * i] + 2 * rgb[3 * i + 1] + rgb[3 * i + 2]) / 4);
        rushes_mark_detector_add(detector, luma, WIDTH);
        g_bytes_unref(picture);
    }
    g_autoptr(GArray) found = rushes_mark_detector_find(detector, 0, NULL);
    CHECK(found->len == 2);
    for (guint i = 0; i < found->len; i++) {
        const RushesFoundMark *seen = &g_array_index(found, RushesFoundMark, i);
        CHECK(seen->payload.id == sent.id || seen->payload.id == 0xcafe0001);
        CHECK(seen->payload.id == sent.id ? seen->start < 1.0 : seen->end > 7.0);
    }
}

static void label_is_legible_on_white_and_black_and_wanders_everywhere(void)
{
    g_autofree guint8 *picture = g_malloc(BYTES);
    int quarters = 0;

    for (int shade = 0; shade <= 255; shade += 255) {
        int lightest = 0, darkest = 255;
        memset(picture, shade, BYTES);
        rushes_visible_mark_draw(picture, WIDTH, HEIGHT, 1.0);
        RushesVisibleMark at = rushes_visible_mark_place(WIDTH, HEIGHT, 1.0);
        for (int y = at.y; y < at.y + at.height; y++)
            for (int x = at.x; x < at.x + at.width; x++) {
                lightest = MAX(lightest, picture[3 * (y * WIDTH + x)]);
                darkest = MIN(darkest, picture[3 * (y * WIDTH + x)]);
            }
        CHECK(lightest - darkest >= 170);
    }
    for (int t = 0; t < 80; t++) {
        RushesVisibleMark at = rushes_visible_mark_place(WIDTH, HEIGHT, t);
        CHECK(at.dot > 0 && at.x >= 0 && at.y >= 0 && at.x + at.width <= WIDTH &&
              at.y + at.height <= HEIGHT);
        quarters |= 1 << ((2 * at.x + at.width > WIDTH) + 2 * (2 * at.y + at.height > HEIGHT));
    }
    CHECK(quarters == 15);
    memset(picture, 7, 30 * 10 * 3); // too small for a label: left alone, not written past
    rushes_visible_mark_draw(picture, 30, 10, 0.0);
    CHECK(picture[0] == 7 && rushes_visible_mark_place(30, 10, 0.0).dot == 0);
}

// A soft texture that has moved by (dy, dx), [80, 128].
static void draw_texture(float *picture, double dy, double dx)
{
    for (int y = 0; y < 80; y++)
        for (int x = 0; x < 128; x++)
            picture[y * 128 + x] = (float)(128.0 + 40.0 * sin(0.31 * (y - dy) + 0.17 * (x - dx)) +
                                           40.0 * sin(0.23 * (x - dx) - 0.11 * (y - dy)) +
                                           20.0 * sin(0.57 * (x - dx) + 0.43 * (y - dy)));
}

static double power_of(const float *difference)
{
    double sum = 0.0;

    for (int y = 10; y < 70; y++) // what came in at the edges was not there before
        for (int x = 10; x < 118; x++)
            sum += (double)difference[y * 128 + x] * (double)difference[y * 128 + x];
    return sum / (60 * 108);
}

static void what_moves_cancels_and_the_mark_stays(void)
{
    g_autoptr(RushesMarkMotion) motion = rushes_mark_motion_new(128, 80);
    g_autofree float *a = g_new(float, 80 * 128), *b = g_new(float, 80 * 128),
                     *difference = g_new(float, 80 * 128);
    const float *tile = rushes_mark_tiles_pixels(rushes_mark_tiles_get(0), 0);

    draw_texture(a, 0.0, 0.0);
    draw_texture(b, 2.25, -3.5);
    for (int i = 0; i < 80 * 128; i++)
        difference[i] = b[i] - a[i];
    double plain = power_of(difference);
    rushes_mark_motion_subtract(motion, a, b, difference);
    printf("# %.1f code values squared, %.2f after motion\n", plain, power_of(difference));
    CHECK(power_of(difference) < 0.02 * plain);
    // The mark turns over meanwhile: where what moved brought the old one along, that meets the new one, but most stays.
    for (int i = 0; i < 80 * 128; i++) {
        float mark = 2.0f * tile[i / 128 * RUSHES_MARK_TILE + i % 128];
        a[i] -= mark;
        b[i] += mark;
    }
    rushes_mark_motion_subtract(motion, a, b, difference);
    double agreement = 0.0;
    for (int y = 10; y < 70; y++)
        for (int x = 10; x < 118; x++)
            agreement += (double)(difference[y * 128 + x] * tile[y * RUSHES_MARK_TILE + x]);
    CHECK(agreement / (60 * 108) > 1.0);
}

static void a_mark_that_turns_over_is_no_motion(void)
{
    g_autoptr(RushesMarkMotion) motion = rushes_mark_motion_new(128, 80);
    g_autofree float *a = g_new(float, 80 * 128), *b = g_new(float, 80 * 128),
                     *difference = g_new(float, 80 * 128);
    const float *tile = rushes_mark_tiles_pixels(rushes_mark_tiles_get(0), 0);

    for (int i = 0; i < 80 * 128; i++) {
        float mark = 2.0f * tile[i / 128 * RUSHES_MARK_TILE + i % 128];
        a[i] = 128.0f - mark;
        b[i] = 128.0f + mark;
    }
    rushes_mark_motion_subtract(motion, a, b, difference);
    for (int i = 0; i < 80 * 128; i++)
        CHECK(fabsf(difference[i] - (b[i] - a[i])) < 1e-4f);
}

int main(int argc, char **argv)
{
    scratch_begin();
    gst_init(&argc, &argv);
    TAP_RUN(payload_round_trips_and_a_wrong_bit_is_refused);
    TAP_RUN(payload_is_the_random_half_of_a_take_id);
    TAP_RUN(every_marked_picture_keeps_42_db_and_its_colour);
    TAP_RUN(no_flat_place_changes_by_more_than_three_code_values);
    TAP_RUN(mark_is_read_after_crop_and_half_size_and_crf_28);
    TAP_RUN(unmarked_and_flat_clips_have_no_mark);
    TAP_RUN(mark_is_read_from_a_folder_of_numbered_pictures);
    TAP_RUN(what_moves_cancels_and_the_mark_stays);
    TAP_RUN(a_mark_that_turns_over_is_no_motion);
    TAP_RUN(film_tells_which_take_is_seen_when);
    TAP_RUN(label_is_legible_on_white_and_black_and_wanders_everywhere);
    return scratch_end(tap_done());
}

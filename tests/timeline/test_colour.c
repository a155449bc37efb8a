// SPDX-License-Identifier: GPL-3.0-or-later
//
// Colours come out of every export as they went in: colour bars are exported in each kind, decoded by FFmpeg by what
// the file's own tags say, and compared with the code values that were composed.
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "export/film-export.h"
#include "raw_take.h"

#define BARS 16
#define BAR                                                                                        \
    24 // pixels; the colour next to another is subsampled with it, so the middle is measured
#define WIDTH    (BARS * BAR)
#define HEIGHT   64
#define FRAMES   4
#define FPS      12
#define FARTHEST 2 // code values

static char *scratch;
static RushesProject *project;

// Bars at 100 % and 75 %: the corners of the RGB cube, where matrix and range errors are largest.
static void bar_colour(int bar, guint8 *rgb)
{
    static const guint8 corners[8] = {7, 6, 3, 2, 5, 4, 1, 0}; // white, yellow, cyan, green, ...
    guint8 level = bar < 8 ? 255 : 191;

    rgb[0] = corners[bar % 8] & 4 ? level : 0;
    rgb[1] = corners[bar % 8] & 2 ? level : 0;
    rgb[2] = corners[bar % 8] & 1 ? level : 0;
}

static void make_project(void)
{
    g_autofree char *folder = g_build_filename(scratch, "Bars.rushes", NULL);
    g_autoptr(RushesRecipe) recipe = raw_take_recipe("", WIDTH, HEIGHT, FRAMES, FPS);
    g_autofree guint8 *frames = g_malloc((gsize)FRAMES * WIDTH * HEIGHT * 3);

    project = rushes_project_create(folder, NULL);
    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    for (int i = 0; i < FRAMES * WIDTH * HEIGHT; i++)
        bar_colour(i % WIDTH / BAR, frames + 3 * i);
    raw_take_set_frames(take, frames);
    g_assert_true(rushes_project_add_shot(project, take, 0, NULL));
}

static char *run(const char *const *words, gsize *bytes)
{
    g_autoptr(GSubprocess) process = g_subprocess_newv(words, G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
    GBytes *out = NULL;

    g_assert_true(g_subprocess_communicate(process, NULL, NULL, &out, NULL, NULL));
    g_assert_true(g_subprocess_get_successful(process));
    return g_bytes_unref_to_data(out, bytes);
}

static char *export(const char *name, const char *preset)
{
    char *path = g_build_filename(scratch, name, NULL);
    // The watermark changes luminance on purpose; what is measured is the way of the colours.
    RushesFilmExport request = {.preset = preset, .watermark = RUSHES_WATERMARK_NEVER};
    g_autoptr(GError) error = NULL;
    g_autoptr(RushesExporter) exporter =
        rushes_film_export_new(project, path, &request, NULL, &error);

    g_assert_no_error(error);
    g_assert_true(rushes_exporter_run(exporter, NULL, &error));
    return path;
}

// How far the middle of any bar is from what was composed, over all frames.
static int worst_of(const guint8 *rgb, const char *name)
{
    int worst = 0;

    for (int frame = 0; frame < FRAMES; frame++)
        for (int bar = 0; bar < BARS; bar++) {
            guint8 expected[3];
            bar_colour(bar, expected);
            for (int y = HEIGHT / 4; y < HEIGHT * 3 / 4; y++)
                for (int x = bar * BAR + 8; x < bar * BAR + 16; x++)
                    for (int c = 0; c < 3; c++) {
                        int got =
                            rgb[((gsize)(frame * HEIGHT + y) * WIDTH + (gsize)x) * 3 + (gsize)c];
                        if (ABS(got - expected[c]) > worst) {
                            worst = ABS(got - expected[c]);
                            g_test_message("%s: frame %d, bar %d, channel %d: %d, not %d", name,
                                           frame, bar, c, got, expected[c]);
                        }
                    }
        }
    return worst;
}

static void bars_come_out_within_two_code_values(void)
{
    static const struct {
        const char *name, *preset, *read;
        int farthest;
    } kinds[] = {
        {"bars.mp4", "web", "", FARTHEST},
        {"bars.webm", "webm", "", FARTHEST},
        {"av1.webm", "av1", "", FARTHEST},
        {"bars.mkv", "archive", "", 0},
        {"bars.gif", "gif", "", 0}, // it has no more than 256 colours, so each is kept
        {"pictures", "png", "/frame-%06d.png", 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = export(kinds[i].name, kinds[i].preset);
        g_autofree char *input = g_strconcat(path, kinds[i].read, NULL);
        // Exact arithmetic in the decoder's conversion: what is measured is the file.
        const char *filter = "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp+bicubic";
        const char *decode[] = {"ffmpeg", "-loglevel", "error", "-i",       input,
                                "-vf",    filter,      "-f",    "rawvideo", "-pix_fmt",
                                "rgb24",  "-frames:v", "4",     "-",        NULL};
        gsize bytes;
        g_autofree guint8 *rgb = (guint8 *)run(decode, &bytes);
        g_assert_cmpuint(bytes, ==, (gsize)FRAMES * WIDTH * HEIGHT * 3);
        int worst = worst_of(rgb, kinds[i].name);
        g_test_message("%s: at most %d code values off", kinds[i].name, worst);
        g_assert_cmpint(worst, <=, kinds[i].farthest);
    }
}

static void yuv_files_say_which_colours_they_hold(void)
{
    static const char *const names[] = {"bars.mp4", "bars.webm", "av1.webm"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(scratch, names[i], NULL);
        const char *probe[] = {
            "ffprobe",
            "-loglevel",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            "stream=pix_fmt,color_range,color_space,color_transfer,color_primaries,chroma_location",
            "-of",
            "default=nw=1",
            path,
            NULL};
        gsize bytes;
        g_autofree char *text = run(probe, &bytes);
        g_test_message("%s: %s", names[i], text);
        g_assert_nonnull(strstr(text, "pix_fmt=yuv420p"));
        g_assert_nonnull(strstr(text, "color_range=tv"));
        g_assert_nonnull(strstr(text, "color_space=bt709"));
        g_assert_nonnull(strstr(text, "color_transfer=bt709"));
        g_assert_nonnull(strstr(text, "color_primaries=bt709"));
        if (!g_str_equal(names[i], "bars.webm")) // VP9 has no words for where chroma sits
            g_assert_nonnull(strstr(text, "chroma_location=left"));
    }
}

int main(int argc, char **argv)
{
    scratch = g_dir_make_tmp("rushes-colour-XXXXXX", NULL);
    gst_init(&argc, &argv);
    g_test_init(&argc, &argv, NULL);
    make_project();
    g_test_add_func("/colour/bars", bars_come_out_within_two_code_values);
    g_test_add_func("/colour/tags", yuv_files_say_which_colours_they_hold);
    int status = g_test_run();
    g_clear_object(&project);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", scratch);
    return system(command) ? 1 : status;
}

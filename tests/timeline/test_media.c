// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sounds of every format are brought in as they sound; files that are made to do harm are named and do none.
#include <gio/gio.h>
#include <gst/gst.h>
#include <unistd.h>

#include "film.h"
#include "media/condition.h"
#include "timeline/media.h"

#define SECONDS 2

static char *in_scratch(const Film *film, const char *name)
{
    return g_build_filename(film->scratch, name, NULL);
}

// `count` words of FFmpeg's command line after its input: a tone of 440 Hz, and the test card where `picture`.
static char *encode(const Film *film, const char *name, gboolean picture, const char *words)
{
    g_autofree char *path = in_scratch(film, name);
    g_autofree char *command = g_strdup_printf(
        "ffmpeg -v error -y %s -f lavfi -i sine=frequency=440:sample_rate=44100:duration=%d %s %s",
        picture ? "-f lavfi -i testsrc=size=64x40:rate=12:duration=2" : "", SECONDS, words, path);
    int status = 1;

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    return g_steal_pointer(&path);
}

// How strongly 440 Hz sounds in the middle second, and how strongly anything does; 1 / sqrt(2) of a sine's amplitude.
static void measure(const float *stereo, double *tone, double *all)
{
    double re = 0.0, im = 0.0, sum = 0.0;

    for (int i = 0; i < RUSHES_TIMELINE_RATE; i++) {
        double value = (double)stereo[2 * i], phase = 2.0 * G_PI * 440.0 * i / RUSHES_TIMELINE_RATE;
        re += value * cos(phase);
        im += value * sin(phase);
        sum += value * value;
    }
    *tone = sqrt(2.0 * (re * re + im * im)) / RUSHES_TIMELINE_RATE;
    *all = sqrt(sum / RUSHES_TIMELINE_RATE);
}

static void every_format_sounds_as_it_was_made(void)
{
    static const struct {
        const char *name, *words;
        gboolean picture;
    } kinds[] = {
        {"a.wav", "-c:a pcm_s16le", FALSE},
        {"a.flac", "-c:a flac", FALSE},
        {"a.mp3", "-c:a libmp3lame -b:a 192k", FALSE},
        {"a.ogg", "-c:a libvorbis -q:a 6", FALSE},
        {"a.opus", "-c:a libopus -b:a 128k", FALSE},
        {"a.m4a", "-c:a aac -b:a 192k", FALSE},
        {"a.aiff", "-c:a pcm_s24be", FALSE},
        {"clip.mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac -b:a 192k", TRUE},
        {"clip.mkv", "-c:v ffv1 -c:a flac", TRUE},
        {"clip.webm", "-c:v libvpx -c:a libopus -b:a 128k", TRUE},
    };
    Film film = film_new();
    g_autofree float *samples = g_new(float, 2 * RUSHES_TIMELINE_RATE);

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = encode(&film, kinds[i].name, kinds[i].picture, kinds[i].words);
        g_autoptr(GError) error = NULL;
        g_autofree char *name = rushes_media_import(film.project, path, NULL, &error);
        double tone, all;
        g_assert_no_error(error);
        g_autoptr(RushesMedia) media = rushes_media_open(film.project, name, &error);
        g_assert_no_error(error);
        g_assert_true(
            rushes_media_read(media, RUSHES_TIMELINE_RATE / 2, RUSHES_TIMELINE_RATE, samples));
        measure(samples, &tone, &all);
        g_test_message("%s: %.4f s, tone %.4f of %.4f", kinds[i].name, rushes_media_seconds(media),
                       tone, all);
        // Codecs with frames: GStreamer 1.22 leaves out the last, partly filled one of AAC (3.1 ms here), and keeps
        // what MP3 puts before the first sample.
        g_assert_cmpfloat(rushes_media_seconds(media), >, SECONDS - 1024.0 / 44100);
        g_assert_cmpfloat(rushes_media_seconds(media), <, SECONDS + 0.08);
        g_assert_cmpfloat(fabs(tone - 0.125 / sqrt(2.0)), <, 0.003); // FFmpeg's sine is 1/8 high
        g_assert_cmpfloat(all * all - tone * tone, <, 1e-5);
    }
    film_clear(&film);
}

static void assert_refused(Film *film, const char *path, const char *words)
{
    g_autofree char *folder =
        g_build_filename(rushes_project_get_folder(film->project), "media", NULL);
    g_autofree char *base = g_path_get_basename(path);
    g_autoptr(GError) error = NULL;

    g_assert_null(rushes_media_import(film->project, path, NULL, &error));
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, base));
    g_assert_nonnull(strstr(error->message, words));
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_assert_null(g_dir_read_name(dir));
}

// What lands on the timeline by mistake, or was cut off on its way: one sentence, and it ends.
static void what_holds_no_sound_is_refused(void)
{
    static const struct {
        const char *name, *words; // of FFmpeg's command line; NULL for what is written below
    } kinds[] = {
        {"card.gif", "-f lavfi -i testsrc=size=64x40:rate=12:duration=2"},
        {"still.gif", "-f lavfi -i testsrc=size=64x40:rate=1:duration=1 -frames:v 1"},
        {"card.png", "-f lavfi -i testsrc=size=64x40 -frames:v 1"},
        {"card.jpg", "-f lavfi -i testsrc=size=64x40 -frames:v 1"},
        {"card.webp", "-f lavfi -i testsrc=size=64x40 -frames:v 1"},
        {"card.bmp", "-f lavfi -i testsrc=size=64x40 -frames:v 1"},
        {"card.tif", "-f lavfi -i testsrc=size=64x40 -frames:v 1"},
        {"silent.mp4", "-f lavfi -i testsrc=size=64x40:rate=12:duration=1 -pix_fmt yuv420p"},
        {"silent.webm", "-f lavfi -i testsrc=size=64x40:rate=12:duration=1 -c:v libvpx"},
        {"silent.avi", "-f lavfi -i testsrc=size=64x40:rate=12:duration=1 -c:v mjpeg"},
        {"words.srt", NULL},
        {"words.txt", NULL},
        {"empty.wav", NULL},
        {"page.html", NULL},
        {"noise.mp3", NULL},
    };
    Film film = film_new();
    g_autofree char *noise = g_malloc(70000);
    guint32 state = 1;

    for (int i = 0; i < 70000; i++)
        noise[i] = (char)((state = state * 1664525u + 1013904223u) >> 24);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = in_scratch(&film, kinds[i].name);
        if (kinds[i].words) {
            g_autofree char *command =
                g_strdup_printf("ffmpeg -v error -y %s %s", kinds[i].words, path);
            int status = 1;
            g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status, NULL));
            g_assert_cmpint(status, ==, 0);
        } else if (g_str_has_suffix(path, ".mp3")) {
            g_assert_true(g_file_set_contents(path, noise, 70000, NULL));
        } else {
            const char *text = g_str_has_suffix(path, ".wav") ? ""
                               : g_str_has_suffix(path, ".srt")
                                   ? "1\n00:00:00,000 --> 00:00:01,000\nHi\n"
                               : g_str_has_suffix(path, ".txt") ? "Two penguins walk.\n"
                                                                : "<html><body>Hi</body></html>\n";
            g_assert_true(g_file_set_contents(path, text, -1, NULL));
        }
        assert_refused(&film, path, kinds[i].words ? "holds no sound" : "choose ");
    }
    film_clear(&film);
}

// Cut off at many places: either what is there sounds, or one sentence says why it does not.
static void a_sound_that_was_cut_off_ends(void)
{
    static const struct {
        const char *name, *words;
    } kinds[] = {
        {"cut.wav", "-c:a pcm_s16le"},    {"cut.aiff", "-c:a pcm_s16be"},
        {"cut.flac", "-c:a flac"},        {"cut.mp3", "-c:a libmp3lame -b:a 64k"},
        {"cut.ogg", "-c:a libvorbis"},    {"cut.opus", "-c:a libopus -b:a 64k"},
        {"cut.m4a", "-c:a aac -b:a 64k"}, {"cut.mka", "-c:a libopus -b:a 64k"},
    };
    static const double parts[] = {0.0001, 0.01, 0.3, 0.9};
    Film film = film_new();

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = encode(&film, kinds[i].name, FALSE, kinds[i].words);
        g_autofree char *bytes = NULL;
        gsize length;
        g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
        for (guint p = 0; p < G_N_ELEMENTS(parts); p++) {
            g_autoptr(GError) error = NULL;
            gsize keep = (gsize)((double)length * parts[p]);
            g_assert_true(g_file_set_contents(path, bytes, (gssize)keep, NULL));
            g_autofree char *name = rushes_media_import(film.project, path, NULL, &error);
            g_assert_true((name == NULL) == (error != NULL));
            g_test_message("%s, %.2f %%: %s", kinds[i].name, 100.0 * parts[p],
                           error ? error->message : "sounds");
            if (error)
                g_assert_nonnull(strstr(error->message, kinds[i].name));
        }
    }
    film_clear(&film);
}

static gboolean on_visit(GSocketService *service G_GNUC_UNUSED,
                         GSocketConnection *who G_GNUC_UNUSED, GObject *source G_GNUC_UNUSED,
                         gpointer visits)
{
    g_atomic_int_inc((int *)visits);
    return TRUE;
}

// A playlist and a session description hold addresses: neither the network nor another file is asked for them.
static void a_list_of_addresses_fetches_nothing(void)
{
    Film film = film_new();
    g_autoptr(GSocketService) service = g_socket_service_new();
    guint port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(service), NULL, NULL);
    g_autofree char *playlist = in_scratch(&film, "list.m3u8");
    g_autofree char *session = in_scratch(&film, "live.sdp");
    g_autofree char *list = g_strdup_printf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n"
                                            "#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10,\n"
                                            "http://127.0.0.1:%u/a.ts\n#EXT-X-ENDLIST\n",
                                            port);
    int visits = 0;

    g_signal_connect(service, "incoming", G_CALLBACK(on_visit), &visits);
    g_assert_true(g_file_set_contents(playlist, list, -1, NULL));
    g_assert_true(g_file_set_contents(session,
                                      "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\n"
                                      "t=0 0\nm=audio 49170 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n",
                                      -1, NULL));
    assert_refused(&film, playlist, "");
    assert_refused(&film, session, "");
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_cmpint(g_atomic_int_get(&visits), ==, 0);
    film_clear(&film);
}

static guint32 crc_of(const guint8 *data, gsize bytes)
{
    guint32 crc = 0xFFFFFFFFu;

    for (gsize i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void add_chunk(GByteArray *png, const char *name, const guint8 *data, guint bytes)
{
    guint32 length = GUINT32_TO_BE(bytes);
    guint start = png->len + 4;

    g_byte_array_append(png, (guint8 *)&length, 4);
    g_byte_array_append(png, (const guint8 *)name, 4);
    g_byte_array_append(png, data, bytes);
    guint32 crc = GUINT32_TO_BE(crc_of(png->data + start, png->len - start));
    g_byte_array_append(png, (guint8 *)&crc, 4);
}

// `side` pixels wide and high, with these compressed rows. -> the path, owned by the caller
static char *write_png(const Film *film, const char *name, guint32 side, guint8 bits, guint8 colour,
                       const guint8 *rows, guint bytes)
{
    g_autoptr(GByteArray) png = g_byte_array_new();
    g_autofree char *path = in_scratch(film, name);
    guint8 head[13] = {0, 0, 0, 0, 0, 0, 0, 0, bits, colour, 0, 0, 0};
    const guint32 value = GUINT32_TO_BE(side);

    memcpy(head, &value, 4);
    memcpy(head + 4, &value, 4);
    g_byte_array_append(png, (const guint8 *)"\x89PNG\r\n\x1a\n", 8);
    add_chunk(png, "IHDR", head, sizeof(head));
    add_chunk(png, "IDAT", rows, bytes);
    add_chunk(png, "IEND", NULL, 0);
    g_assert_true(g_file_set_contents(path, (char *)png->data, png->len, NULL));
    return g_steal_pointer(&path);
}

// Red of three quarters of the range, in the high byte. `colour` as in a PNG: 2 RGB, 6 RGB and alpha.
static char *write_deep_png(const Film *film, guint8 colour, guint8 alpha)
{
    g_autoptr(GConverter) zlib =
        G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 9));
    guint values = colour == 2 ? 3 : 4;
    guint8 rows[16][1 + 16 * 8] = {0}, packed[4096]; // each row begins with its filter, none
    g_autoptr(GByteArray) all = g_byte_array_new();
    gsize taken, bytes;

    for (int y = 0; y < 16; y++) {
        for (guint x = 0; x < 16; x++) {
            rows[y][1 + x * values * 2] = 0xC0;
            if (values == 4)
                rows[y][1 + x * values * 2 + 6] = alpha;
        }
        g_byte_array_append(all, rows[y], 1 + 16 * values * 2);
    }
    g_assert_cmpint(g_converter_convert(zlib, all->data, all->len, packed, sizeof(packed),
                                        G_CONVERTER_INPUT_AT_END, &taken, &bytes, NULL),
                    ==, G_CONVERTER_FINISHED);
    return write_png(film, "deep.png", 16, 16, colour, packed, (guint)bytes);
}

// The colour of the first pixel that a take which starts from the file is given.
static guint32 first_colour(const Film *film, const char *path)
{
    const RushesConditionFormat format = {.width = 16, .height = 16, .fps = 12};
    g_autofree char *raw = in_scratch(film, "condition.rgb");
    g_autofree char *pixels = NULL;
    g_autoptr(GError) error = NULL;
    gsize bytes;

    g_autoptr(cJSON) conditioning =
        rushes_condition_from_picture(path, &format, film->scratch, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(raw, &pixels, &bytes, NULL));
    g_assert_cmpuint(bytes, ==, 16 * 16 * 3);
    return (guint32)(guint8)pixels[0] << 16 | (guint32)(guint8)pixels[1] << 8 | (guint8)pixels[2];
}

static void a_picture_of_sixteen_bits_keeps_its_colours(void)
{
    Film film = film_new();
    g_autofree char *path = write_deep_png(&film, 6, 0xFF);

    g_assert_cmphex(first_colour(&film, path), ==, 0xC00000);
    g_free(path);
    path = write_deep_png(&film, 2, 0);
    g_assert_cmphex(first_colour(&film, path), ==, 0xC00000);
    film_clear(&film);
}

static void a_picture_that_lets_light_through_is_on_white(void)
{
    Film film = film_new();
    g_autofree char *path = write_deep_png(&film, 6, 0);

    g_assert_cmphex(first_colour(&film, path), ==, 0xFFFFFF);
    film_clear(&film);
}

static void a_picture_that_would_fill_the_memory_is_refused_unread(void)
{
    Film film = film_new();
    // A few bytes that say it is wide and high.
    g_autofree char *path =
        write_png(&film, "huge.png", 60000, 8, 2, (const guint8 *)"\x78\x9c\x03\0\0\0\0\x01", 8);
    const RushesConditionFormat format = {.width = 64, .height = 40, .fps = 12};
    g_autoptr(GError) error = NULL;

    g_assert_null(rushes_condition_from_picture(path, &format, film.scratch, &error));
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "huge.png"));
    g_assert_nonnull(strstr(error->message, "larger than 16384 pixels"));
    film_clear(&film);
}

// A hole takes no room on the disk: a project from a stranger can bring a sound of years.
static void a_sound_without_end_is_refused_when_it_is_opened(void)
{
    Film film = film_new();
    g_autofree char *folder =
        g_build_filename(rushes_project_get_folder(film.project), "media", NULL);
    g_autofree char *name = g_strconcat(
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", ".f32", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(truncate(path, (off_t)1 << 42), ==, 0);
    g_assert_null(rushes_media_open(film.project, name, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "longer than the four hours"));
    g_assert_cmpint(truncate(path, 8 * RUSHES_TIMELINE_RATE), ==, 0);
    g_clear_error(&error);
    g_autoptr(RushesMedia) media = rushes_media_open(film.project, name, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(rushes_media_seconds(media), ==, 1.0);
    film_clear(&film);
}

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/media/" #name, name)
    ADD(every_format_sounds_as_it_was_made);
    ADD(what_holds_no_sound_is_refused);
    ADD(a_sound_that_was_cut_off_ends);
    ADD(a_list_of_addresses_fetches_nothing);
    ADD(a_picture_of_sixteen_bits_keeps_its_colours);
    g_test_add_func("/media/alpha", a_picture_that_lets_light_through_is_on_white);
    ADD(a_picture_that_would_fill_the_memory_is_refused_unread);
    ADD(a_sound_without_end_is_refused_when_it_is_opened);
    return g_test_run();
}

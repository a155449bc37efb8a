// SPDX-License-Identifier: GPL-3.0-or-later
//
// test_picture.c - pictures that a creator brings, as they come from cameras and scanners.
#include <string.h>

#include "scratch.h"
#include "texture.h"

// Red, green above; blue, white below; each a quarter.
static GdkPixbuf *quarters(int width, int height)
{
    static const guint8 colours[2][2][3] = {{{255, 0, 0}, {0, 255, 0}},
                                            {{0, 0, 255}, {255, 255, 255}}};
    GdkPixbuf *picture = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, width, height);
    guint8 *pixels = gdk_pixbuf_get_pixels(picture);

    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++)
            memcpy(pixels + y * gdk_pixbuf_get_rowstride(picture) + x * 3,
                   colours[y >= height / 2][x >= width / 2], 3);
    }
    return picture;
}

// A JPEG with an EXIF segment that says how the camera was held (1 to 8).
static char *write_photo(const char *folder, int width, int height, guint8 orientation)
{
    guint8 segment[] = {0xff, 0xe1, 0, 34, 'E',         'x', 'i', 'f', 0,    0,    'I', 'I',
                        42,   0,    8, 0,  0,           0,   1,   0,   0x12, 0x01, 3,   0,
                        1,    0,    0, 0,  orientation, 0,   0,   0,   0,    0,    0,   0};
    g_autoptr(GdkPixbuf) picture = quarters(width, height);
    g_autofree char *plain = NULL;
    gsize length = 0;

    g_assert_true(
        gdk_pixbuf_save_to_buffer(picture, &plain, &length, "jpeg", NULL, "quality", "95", NULL));
    g_autoptr(GByteArray) file = g_byte_array_new();
    g_byte_array_append(file, (guint8 *)plain, 2);
    g_byte_array_append(file, segment, sizeof(segment));
    g_byte_array_append(file, (guint8 *)plain + 2, (guint)length - 2);
    char *path = g_build_filename(folder, "photo.jpg", NULL);
    g_assert_true(g_file_set_contents(path, (char *)file->data, file->len, NULL));
    return path;
}

// The colour in the middle of a quarter, as 0xRRGGBB with each part full or none.
static guint32 colour_of(GdkTexture *texture, int column, int row)
{
    int width = gdk_texture_get_width(texture), height = gdk_texture_get_height(texture);
    g_autofree guint32 *pixels = g_new(guint32, (gsize)width * height);

    gdk_texture_download(texture, (guchar *)pixels, (gsize)width * 4);
    guint32 found =
        pixels[(height / 4 + row * height / 2) * width + width / 4 + column * width / 2];
    guint32 full = 0;
    for (int shift = 0; shift < 24; shift += 8)
        full |= (guint32)(((found >> shift) & 0xff) > 200 ? 0xff : 0) << shift;
    return full;
}

static GdkTexture *read_photo(const char *path)
{
    g_autoptr(GError) error = NULL;
    GdkTexture *texture = rushes_texture_new_picture(path, &error);

    g_assert_no_error(error);
    return texture;
}

static void a_photograph_stands_as_the_camera_was_held(void)
{
    static const struct {
        guint8 orientation;
        gboolean is_turned;
        guint32 quarters[4]; // above, below; as they are seen
    } cases[] = {
        {1, FALSE, {0xff0000, 0x00ff00, 0x0000ff, 0xffffff}},
        {3, FALSE, {0xffffff, 0x0000ff, 0x00ff00, 0xff0000}},
        {6, TRUE, {0x0000ff, 0xff0000, 0xffffff, 0x00ff00}},
        {8, TRUE, {0x00ff00, 0xffffff, 0xff0000, 0x0000ff}},
    };
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = write_photo(folder, 96, 64, cases[i].orientation);
        g_autoptr(GdkTexture) texture = read_photo(path);
        g_assert_cmpint(gdk_texture_get_width(texture), ==, cases[i].is_turned ? 64 : 96);
        g_assert_cmpint(gdk_texture_get_height(texture), ==, cases[i].is_turned ? 96 : 64);
        for (int quarter = 0; quarter < 4; quarter++)
            g_assert_cmphex(colour_of(texture, quarter % 2, quarter / 2), ==,
                            cases[i].quarters[quarter]);
    }
}

static void a_picture_larger_than_any_clip_is_read_smaller(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *path = write_photo(folder, 6000, 60, 6);
    g_autoptr(GdkTexture) texture = read_photo(path);

    g_assert_cmpint(gdk_texture_get_height(texture), ==, 4096);
    g_assert_cmpint(gdk_texture_get_width(texture), ==, 41);
}

static void what_is_no_picture_is_told(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "empty.jpg", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_null(rushes_texture_new_picture(path, &error));
    g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/picture/held", a_photograph_stands_as_the_camera_was_held);
    g_test_add_func("/picture/large", a_picture_larger_than_any_clip_is_read_smaller);
    g_test_add_func("/picture/none", what_is_no_picture_is_told);
    return scratch_end(g_test_run());
}

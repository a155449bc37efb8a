// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/gif-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <gif_lib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "export/gif-palette.h"

// The colour cube is looked up at this many bits a channel; finer differences are below the palette's own steps.
#define CUBE_BITS 6
// What is handed on of a pixel's error at most, in code values: where the palette has nothing near, its error would
// otherwise pile up and come out as a speck somewhere else.
#define MOST_ERROR 8.0f

struct RushesGifWriter {
    char *path, *temporary;
    int width, height;
    double fps;
    gint64 frames;
    GifFileType *file;
    GifByteType *indices;
    float *errors; // two rows of RGB, one pixel of margin on each side
};

static gboolean fail(RushesGifWriter *self, int code, GError **error)
{
    gboolean full = errno == ENOSPC || errno == EDQUOT, large = errno == EFBIG;
    const char *reason = full    ? "there is no space left on the device"
                         : large ? "it would be larger than files may be there"
                                 : GifErrorString(code);

    g_set_error(error, G_IO_ERROR, full || large ? G_IO_ERROR_NO_SPACE : G_IO_ERROR_FAILED,
                "%s cannot be written: %s.", self->path,
                reason ? reason : "the GIF encoder refused");
    return FALSE;
}

RushesGifWriter *rushes_gif_writer_new(const char *path, int width, int height, double fps,
                                       GError **error)
{
    g_autoptr(RushesGifWriter) self = g_new0(RushesGifWriter, 1);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    int code = 0;

    self->path = g_strdup(path);
    self->temporary = g_strdup_printf("%s/.%s.%08x.part", folder, base, g_random_int());
    self->width = width;
    self->height = height;
    self->fps = fps;
    errno = 0;
    // giflib's own EGifOpenFileName() makes a file that only its owner may read.
    int fd = g_open(self->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    self->file = fd >= 0 ? EGifOpenFileHandle(fd, &code) : NULL;
    if (!self->file) {
        if (fd >= 0)
            close(fd);
        fail(self, code, error);
        return NULL;
    }
    static const unsigned char loop[] = {1, 0, 0}; // sub-block 1: repeat for ever
    EGifSetGifVersion(self->file, true);
    if (EGifPutScreenDesc(self->file, width, height, 8, 0, NULL) != GIF_OK ||
        EGifPutExtensionLeader(self->file, APPLICATION_EXT_FUNC_CODE) != GIF_OK ||
        EGifPutExtensionBlock(self->file, 11, "NETSCAPE2.0") != GIF_OK ||
        EGifPutExtensionBlock(self->file, sizeof(loop), loop) != GIF_OK ||
        EGifPutExtensionTrailer(self->file) != GIF_OK) {
        fail(self, self->file->Error, error);
        return NULL;
    }
    gsize pixels = (gsize)width * (gsize)height;
    self->indices = g_malloc(pixels);
    self->errors = g_new(float, 2 * 3 * ((gsize)width + 2));
    return g_steal_pointer(&self);
}

static void spread(float *errors, gsize x, const float *error, float share)
{
    for (int c = 0; c < 3; c++)
        errors[3 * x + (gsize)c] += error[c] * share;
}

static int nearest(const RushesGifPalette *palette, guint16 *cube, const int value[3])
{
    const int low = 8 - CUBE_BITS, half = 1 << (low - 1);
    guint16 *known = &cube[(value[0] >> low) << (2 * CUBE_BITS) | (value[1] >> low) << CUBE_BITS |
                           value[2] >> low];

    if (*known == 0) {
        int middle[3];
        for (int c = 0; c < 3; c++)
            middle[c] = (value[c] >> low << low) + half;
        *known =
            (guint16)(1 + rushes_gif_palette_nearest(palette, middle[0], middle[1], middle[2]));
    }
    return *known - 1;
}

// Picks an index a pixel, rows from left to right and back in turns, so that errors do not drift to one side. `cube`
// remembers what was looked up, as index + 1. A palette that has every colour leaves no error to spread.
static void dither(RushesGifWriter *self, const guint8 *rgb, const RushesGifPalette *palette)
{
    gsize row = 3 * ((gsize)self->width + 2);
    float *now = self->errors, *next = self->errors + row;
    g_autofree guint16 *cube = g_new0(guint16, (gsize)1 << (3 * CUBE_BITS));

    memset(self->errors, 0, 2 * row * sizeof(float));
    for (int y = 0; y < self->height; y++) {
        int step = y % 2 ? -1 : 1;
        for (int i = 0, x = y % 2 ? self->width - 1 : 0; i < self->width; i++, x += step) {
            gsize at = (gsize)y * (gsize)self->width + (gsize)x, slot = (gsize)x + 1;
            int value[3];
            float error[3];
            for (int c = 0; c < 3; c++)
                value[c] =
                    CLAMP((int)lrintf(rgb[3 * at + (gsize)c] + now[3 * slot + (gsize)c]), 0, 255);
            int index = palette->count < RUSHES_GIF_COLOURS
                            ? rushes_gif_palette_nearest(palette, value[0], value[1], value[2])
                            : nearest(palette, cube, value);
            for (int c = 0; c < 3; c++)
                error[c] =
                    CLAMP((float)(value[c] - palette->colours[index][c]), -MOST_ERROR, MOST_ERROR);
            gsize ahead = (gsize)((int)slot + step), behind = (gsize)((int)slot - step);
            spread(now, ahead, error, 7.0f / 16);
            spread(next, behind, error, 3.0f / 16);
            spread(next, slot, error, 5.0f / 16);
            spread(next, ahead, error, 1.0f / 16);
            self->indices[at] = (GifByteType)index;
        }
        memcpy(now, next, row * sizeof(float));
        memset(next, 0, row * sizeof(float));
    }
}

gboolean rushes_gif_writer_add_frame(RushesGifWriter *self, const guint8 *rgb, GError **error)
{
    gsize pixels = (gsize)self->width * (gsize)self->height;
    ColorMapObject *map = GifMakeMapObject(RUSHES_GIF_COLOURS, NULL);
    RushesGifPalette palette;

    errno = 0;
    gboolean good = map != NULL;
    if (good) {
        gint64 from = llround((double)self->frames * 100.0 / self->fps);
        gint64 to = llround((double)(self->frames + 1) * 100.0 / self->fps);
        GraphicsControlBlock control = {.DisposalMode = DISPOSE_DO_NOT,
                                        .DelayTime = (int)(to - from),
                                        .TransparentColor = NO_TRANSPARENT_COLOR};
        GifByteType block[4];
        rushes_gif_palette_make(&palette, rgb, pixels);
        dither(self, rgb, &palette);
        for (int i = 0; i < palette.count; i++)
            map->Colors[i] =
                (GifColorType){palette.colours[i][0], palette.colours[i][1], palette.colours[i][2]};
        EGifGCBToExtension(&control, block);
        good =
            EGifPutExtension(self->file, GRAPHICS_EXT_FUNC_CODE, sizeof(block), block) == GIF_OK &&
            EGifPutImageDesc(self->file, 0, 0, self->width, self->height, false, map) == GIF_OK;
        for (int y = 0; good && y < self->height; y++)
            good = EGifPutLine(self->file, self->indices + (gsize)y * (gsize)self->width,
                               self->width) == GIF_OK;
        self->frames++;
    }
    GifFreeMapObject(map);
    return good ? TRUE : fail(self, self->file->Error, error);
}

gboolean rushes_gif_writer_finish(RushesGifWriter *self, GError **error)
{
    int code = 0;

    errno = 0;
    gboolean closed = EGifCloseFile(self->file, &code) == GIF_OK;
    self->file = NULL;
    if (!closed)
        return fail(self, code, error);
    int fd = g_open(self->temporary, O_RDONLY | O_CLOEXEC, 0);
    gboolean good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (good && g_rename(self->temporary, self->path) == 0)
        return TRUE;
    return fail(self, E_GIF_ERR_WRITE_FAILED, error);
}

void rushes_gif_writer_free(RushesGifWriter *self)
{
    if (!self)
        return;
    if (self->file)
        EGifCloseFile(self->file, NULL);
    if (self->temporary)
        g_unlink(self->temporary);
    g_free(self->indices);
    g_free(self->errors);
    g_free(self->path);
    g_free(self->temporary);
    g_free(self);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/gif-reader.h"

#include <gif_lib.h>
#include <stdio.h>
#include <string.h>

#include "media/decode-guard.h"

#define MAX_FRAMES    1000000
#define USUAL_DELAY   10 // hundredths of a second, of a picture that names none, as browsers have it
#define SHORTEST_REAL 2

struct RushesGifReader {
    GifFileType *file;
    int width, height;
    int frames, delay; // in all; hundredths of a second
    guint8 *canvas;    // RGB
    guint8 *kept;      // what was below a picture that goes away again
    GraphicsControlBlock control;
    GifPixelType *row;
};

gboolean rushes_gif_reader_can_read(const char *path)
{
    char start[6] = "";
    FILE *file = fopen(path, "re");
    gboolean is_gif = file && fread(start, 1, sizeof(start), file) == sizeof(start) &&
                      (memcmp(start, "GIF87a", 6) == 0 || memcmp(start, "GIF89a", 6) == 0);

    if (file)
        fclose(file);
    return is_gif;
}

static const GraphicsControlBlock no_control = {.TransparentColor = NO_TRANSPARENT_COLOR};

// Reads on to the next picture, whose place is in file->Image then. FALSE at the end.
static gboolean find_picture(GifFileType *file, GraphicsControlBlock *control)
{
    GifRecordType kind;

    *control = no_control;
    while (DGifGetRecordType(file, &kind) == GIF_OK && kind != TERMINATE_RECORD_TYPE) {
        GifByteType *block = NULL;
        int code;
        if (kind == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc(file) == GIF_OK;
        if (kind != EXTENSION_RECORD_TYPE || DGifGetExtension(file, &code, &block) != GIF_OK)
            continue;
        while (block) {
            if (code == GRAPHICS_EXT_FUNC_CODE)
                DGifExtensionToGCB(block[0], block + 1, control);
            if (DGifGetExtensionNext(file, &block) != GIF_OK)
                return FALSE;
        }
    }
    return FALSE;
}

// How many pictures, and how long they are shown: told before the first is read.
static void count(RushesGifReader *self, const char *path)
{
    GraphicsControlBlock control;
    GifFileType *file = DGifOpenFileName(path, NULL);

    while (file && self->frames < MAX_FRAMES && find_picture(file, &control)) {
        GifByteType *block = NULL;
        int size;
        gboolean whole = DGifGetCode(file, &size, &block) == GIF_OK;
        while (whole && block)
            whole = DGifGetCodeNext(file, &block) == GIF_OK;
        self->frames++;
        self->delay += control.DelayTime < SHORTEST_REAL ? USUAL_DELAY : control.DelayTime;
        if (!whole)
            break;
    }
    if (file)
        DGifCloseFile(file, NULL);
}

RushesGifReader *rushes_gif_reader_new(const char *path, GError **error)
{
    g_autoptr(RushesGifReader) self = g_new0(RushesGifReader, 1);
    int code = 0;

    count(self, path);
    self->file = DGifOpenFileName(path, &code);
    if (self->file && self->frames > 0 && self->file->SWidth >= 1 && self->file->SHeight >= 1 &&
        self->file->SWidth <= RUSHES_MOST_SIDE && self->file->SHeight <= RUSHES_MOST_SIDE &&
        (gint64)self->file->SWidth * self->file->SHeight <= RUSHES_MOST_PIXELS) {
        self->width = self->file->SWidth;
        self->height = self->file->SHeight;
        gsize bytes = (gsize)self->width * (gsize)self->height * 3;
        self->canvas = g_malloc0(bytes);
        self->kept = g_malloc0(bytes);
        self->row = g_new0(GifPixelType, RUSHES_MOST_SIDE);
        return g_steal_pointer(&self);
    }
    const char *reason = GifErrorString(code);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s cannot be decoded: %s.", path,
                reason ? reason : "it holds no picture that can be shown");
    return NULL;
}

void rushes_gif_reader_free(RushesGifReader *self)
{
    if (!self)
        return;
    if (self->file)
        DGifCloseFile(self->file, NULL);
    g_free(self->canvas);
    g_free(self->kept);
    g_free(self->row);
    g_free(self);
}

void rushes_gif_reader_get_format(RushesGifReader *self, int *width, int *height, int *fps_num,
                                  int *fps_den)
{
    *width = self->width;
    *height = self->height;
    *fps_num = self->frames * 100;
    *fps_den = self->delay;
}

// One row of the picture onto the canvas, of which it may stand out.
static void draw_row(RushesGifReader *self, const ColorMapObject *colours, int y)
{
    const GifImageDesc *image = &self->file->Image;

    if (y >= self->height)
        return;
    for (int i = 0; i < image->Width && image->Left + i < self->width; i++) {
        int index = self->row[i];
        guint8 *pixel =
            self->canvas + ((gsize)y * (gsize)self->width + (gsize)(image->Left + i)) * 3;
        if (index == self->control.TransparentColor || index >= colours->ColorCount)
            continue;
        pixel[0] = colours->Colors[index].Red;
        pixel[1] = colours->Colors[index].Green;
        pixel[2] = colours->Colors[index].Blue;
    }
}

// Takes the picture that was shown last away, as it asked for.
static void dispose(RushesGifReader *self)
{
    const GifImageDesc *image = &self->file->Image;
    gsize stride = (gsize)self->width * 3;

    if (self->control.DisposalMode == DISPOSE_PREVIOUS)
        memcpy(self->canvas, self->kept, stride * (gsize)self->height);
    else if (self->control.DisposalMode == DISPOSE_BACKGROUND && image->Left < self->width)
        for (int y = image->Top; y < MIN(self->height, image->Top + image->Height); y++)
            memset(self->canvas + (gsize)y * stride + (gsize)image->Left * 3, 0,
                   (gsize)MIN(image->Width, self->width - image->Left) * 3);
}

GBytes *rushes_gif_reader_next(RushesGifReader *self)
{
    // Rows of an interlaced picture come every eighth, then those between.
    static const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    gsize bytes = (gsize)self->width * (gsize)self->height * 3;

    dispose(self);
    if (!find_picture(self->file, &self->control))
        return NULL;
    const GifImageDesc *image = &self->file->Image;
    const ColorMapObject *colours = image->ColorMap ? image->ColorMap : self->file->SColorMap;
    if (!colours || image->Width < 1 || image->Width > RUSHES_MOST_SIDE ||
        image->Height > RUSHES_MOST_SIDE || image->Left < 0 || image->Top < 0)
        return NULL;
    if (self->control.DisposalMode == DISPOSE_PREVIOUS)
        memcpy(self->kept, self->canvas, bytes);
    for (int pass = 0; pass < (image->Interlace ? 4 : 1); pass++)
        for (int y = image->Interlace ? starts[pass] : 0; y < image->Height;
             y += image->Interlace ? steps[pass] : 1) {
            if (DGifGetLine(self->file, self->row, image->Width) != GIF_OK)
                return NULL;
            draw_row(self, colours, image->Top + y);
        }
    return g_bytes_new(self->canvas, bytes);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/picture-yuv.h"

// ITU-R BT.709, Kr 0.2126 and Kb 0.0722, 219 steps of luma and 224 of chroma, times 2^16. Each row of chroma adds up to
// nothing, so that grey is exactly 128.
#define SHIFT 16
static const int luma[3] = {11966, 40254, 4064};
static const int chroma_u[3] = {-6596, -22189, 28785};
static const int chroma_v[3] = {28785, -26145, -2640};

static void convert_luma(const guint8 *row, int pixel_bytes, int width, guint8 *out)
{
    for (int x = 0; x < width; x++, row += pixel_bytes)
        out[x] = (guint8)((luma[0] * row[0] + luma[1] * row[1] + luma[2] * row[2] + (16 << SHIFT) +
                           (1 << (SHIFT - 1))) >>
                          SHIFT);
}

// Eight pixels' worth of weight around each even column of two rows.
static void convert_chroma(const guint8 *top, const guint8 *bottom, int pixel_bytes, int width,
                           guint8 *out_u, guint8 *out_v)
{
    const int offset = (128 << (SHIFT + 3)) + (1 << (SHIFT + 2));

    for (int x = 0; x < width; x += 2) {
        int left = (x > 0 ? x - 1 : 0) * pixel_bytes, here = x * pixel_bytes;
        int right = here + pixel_bytes, sum[3];
        for (int c = 0; c < 3; c++)
            sum[c] = top[left + c] + 2 * top[here + c] + top[right + c] + bottom[left + c] +
                     2 * bottom[here + c] + bottom[right + c];
        int u = chroma_u[0] * sum[0] + chroma_u[1] * sum[1] + chroma_u[2] * sum[2] + offset;
        int v = chroma_v[0] * sum[0] + chroma_v[1] * sum[1] + chroma_v[2] * sum[2] + offset;
        out_u[x / 2] = (guint8)(u >> (SHIFT + 3));
        out_v[x / 2] = (guint8)(v >> (SHIFT + 3));
    }
}

void rushes_picture_to_yuv(const guint8 *pixels, int pixel_bytes, gsize row, int width, int height,
                           const RushesPlane planes[3])
{
    for (int y = 0; y < height; y++)
        convert_luma(pixels + row * (gsize)y, pixel_bytes, width,
                     planes[0].rows + planes[0].stride * (gsize)y);
    for (int y = 0; y < height; y += 2)
        convert_chroma(pixels + row * (gsize)y, pixels + row * (gsize)(y + 1), pixel_bytes, width,
                       planes[1].rows + planes[1].stride * (gsize)(y / 2),
                       planes[2].rows + planes[2].stride * (gsize)(y / 2));
}

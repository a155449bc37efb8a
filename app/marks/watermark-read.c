// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/watermark-detect.h"
#include "media/clip-decoder.h"

GArray *rushes_watermark_read(const char *path, GError **error)
{
    g_auto(RushesClipDecoder) decoder = {0};
    g_autoptr(RushesMarkDetector) detector = NULL;
    GError *failure = NULL;
    GstVideoFrame frame;
    int width = 0, height = 0;

    if (!rushes_clip_decoder_open(&decoder, path,
                                  "decodebin name=decode ! videoconvert ! video/x-raw,format=GRAY8",
                                  error))
        return NULL;
    while (rushes_clip_decoder_pull_frame(&decoder, &frame, &failure)) {
        const GstVideoInfo *info = &frame.info;
        if (!width) {
            width = info->width;
            height = info->height;
            detector = rushes_mark_detector_new(
                width, height, info->fps_d > 0 ? (double)info->fps_n / info->fps_d : 0.0, 1);
        }
        // A stream that changes its size half-way has no mark beyond that point.
        gboolean is_same = info->width == width && info->height == height;
        if (detector && is_same)
            rushes_mark_detector_add(detector, GST_VIDEO_FRAME_PLANE_DATA(&frame, 0),
                                     (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0));
        gst_video_frame_unmap(&frame);
        if (!detector || !is_same)
            break;
    }
    // What could be seen before the damage counts.
    if (failure && !width) {
        g_propagate_error(error, failure);
        return NULL;
    }
    g_clear_error(&failure);
    return detector ? rushes_mark_detector_find(detector, 0, NULL)
                    : g_array_new(FALSE, FALSE, sizeof(RushesFoundMark));
}

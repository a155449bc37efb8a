// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/watermark-detect.h"
#include "media/clip-decoder.h"

#define CHAIN "decodebin name=decode ! videoconvert ! video/x-raw,format=GRAY8"

GArray *rushes_watermark_read(const char *path, GError **error)
{
    g_auto(RushesClipDecoder) decoder = {0};
    g_autoptr(RushesMarkDetector) detector = NULL;
    GError *failure = NULL;
    GstVideoFrame frame;
    int width = 0, height = 0;

    if (!rushes_clip_decoder_open(&decoder, path, CHAIN, error))
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

// ---- numbered pictures ----
// Pictures do not say how long each is shown: these are the rates that models and films have.
static const double rates[] = {12.0, 16.0, 20.0, 24.0, 25.0, 30.0, 50.0, 60.0};

typedef struct PictureSearch {
    int width, height;
    RushesMarkDetector
        *detectors[G_N_ELEMENTS(rates)]; // NULL for pictures too small to be searched
} PictureSearch;

static void picture_search_clear(PictureSearch *self)
{
    for (guint i = 0; i < G_N_ELEMENTS(rates); i++)
        rushes_mark_detector_free(self->detectors[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PictureSearch, picture_search_clear)

// FALSE without an error for a picture of another size, where the search ends.
static gboolean add_picture(PictureSearch *self, const char *path, GError **error)
{
    g_auto(RushesClipDecoder) decoder = {0};
    GstVideoFrame frame;

    if (!rushes_clip_decoder_open(&decoder, path, CHAIN, error) ||
        !rushes_clip_decoder_pull_frame(&decoder, &frame, error))
        return FALSE;
    if (!self->width) {
        self->width = frame.info.width;
        self->height = frame.info.height;
        for (guint i = 0; i < G_N_ELEMENTS(rates); i++)
            self->detectors[i] = rushes_mark_detector_new(self->width, self->height, rates[i], 1);
    }
    gboolean is_same = frame.info.width == self->width && frame.info.height == self->height;
    for (guint i = 0; is_same && i < G_N_ELEMENTS(rates) && self->detectors[i]; i++)
        rushes_mark_detector_add(self->detectors[i], GST_VIDEO_FRAME_PLANE_DATA(&frame, 0),
                                 (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0));
    gst_video_frame_unmap(&frame);
    return is_same;
}

static char *picture_path(const char *folder, int number)
{
    g_autofree char *name = g_strdup_printf("frame-%06d.png", number);

    return g_build_filename(folder, name, NULL);
}

gboolean rushes_watermark_is_picture_folder(const char *folder)
{
    g_autofree char *first = picture_path(folder, 0);

    return g_file_test(first, G_FILE_TEST_IS_REGULAR);
}

// A mark may be found at a wrong rate too, and even stand out more there.
static void keep_best(GArray *found, const RushesFoundMark *mark, double rate)
{
    RushesFoundMark counted = *mark;
    guint at = 0;

    counted.odds /= G_N_ELEMENTS(rates); // each was a chance to be wrong
    counted.start *= rate;
    counted.end *= rate;
    if (counted.odds < RUSHES_WATERMARK_ODDS)
        return;
    while (at < found->len &&
           g_array_index(found, RushesFoundMark, at).payload.id != counted.payload.id)
        at++;
    if (at == found->len)
        g_array_append_val(found, counted);
    else if (g_array_index(found, RushesFoundMark, at).score < counted.score)
        g_array_index(found, RushesFoundMark, at) = counted;
}

GArray *rushes_watermark_read_pictures(const char *folder, GError **error)
{
    g_auto(PictureSearch) search = {0};
    GError *failure = NULL;
    GArray *found = g_array_new(FALSE, FALSE, sizeof(RushesFoundMark));

    for (int number = 0;; number++) {
        g_autofree char *path = picture_path(folder, number);
        if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) || !add_picture(&search, path, &failure))
            break;
    }
    // What could be seen before the damage counts.
    if (failure && !search.width) {
        g_propagate_error(error, failure);
        g_array_unref(found);
        return NULL;
    }
    g_clear_error(&failure);
    for (guint i = 0; i < G_N_ELEMENTS(rates) && search.detectors[i]; i++) {
        g_autoptr(GArray) marks = rushes_mark_detector_find(search.detectors[i], 0, NULL);
        for (guint m = 0; m < marks->len; m++)
            keep_best(found, &g_array_index(marks, RushesFoundMark, m), rates[i]);
    }
    return found;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-pictures.h"

#include <string.h>

#include "texture.h"
#include "timeline/media.h"

#define MOST_KEPT 4000 // thumbnails of about 12 KiB

struct _RushesTimelinePictures {
    GObject parent_instance;

    GThreadPool *pool;
    GHashTable *made; // key to Picture; one without texture and peaks is being made, or cannot be
    guint made_count;
};

typedef struct Picture {
    GdkTexture *texture;
    RushesPeaks peaks;
} Picture;

// What the thread is to make, and then what it made.
typedef struct Request {
    GWeakRef owner;
    char *key;
    guint serial;
    RushesFrameSource *source; // or
    RushesMedia *samples;
    int frame, height; // height 0: peaks
    Picture made;
} Request;

static guint changed_signal;

G_DEFINE_FINAL_TYPE(RushesTimelinePictures, rushes_timeline_pictures, G_TYPE_OBJECT)

static void picture_clear(Picture *picture)
{
    g_clear_object(&picture->texture);
    g_clear_pointer(&picture->peaks.values, g_free);
}

static void picture_free(gpointer data)
{
    picture_clear(data);
    g_free(data);
}

static void request_free(Request *request)
{
    g_weak_ref_clear(&request->owner);
    g_free(request->key);
    g_clear_object(&request->source);
    g_clear_pointer(&request->samples, rushes_media_unref);
    picture_clear(&request->made);
    g_free(request);
}

// Back on the main thread.
static gboolean deliver(gpointer data)
{
    Request *request = data;
    g_autoptr(RushesTimelinePictures) self = g_weak_ref_get(&request->owner);
    Picture *picture = self ? g_hash_table_lookup(self->made, request->key) : NULL;

    if (picture && (request->made.texture || request->made.peaks.values)) {
        picture_clear(picture);
        *picture = request->made;
        request->made = (Picture){0};
        g_signal_emit(self, changed_signal, 0);
    }
    request_free(request);
    return G_SOURCE_REMOVE;
}

static void read_take_peaks(RushesFrameSource *source, RushesPeaks *peaks)
{
    RushesFrameFormat format;

    rushes_frame_source_get_format(source, &format);
    if (format.fps <= 0 || format.frames <= 0 || format.rate <= 0)
        return;
    peaks->count = (gsize)MAX(1, format.frames / format.fps * RUSHES_PEAKS_A_SECOND);
    peaks->values = g_new0(float, peaks->count);
    rushes_frame_source_read_peaks(source, (guint)peaks->count, 0, (guint)peaks->count,
                                   peaks->values);
}

static void work(gpointer data, gpointer user_data)
{
    Request *request = data;

    if (request->samples)
        request->made.peaks.values = rushes_media_read_peaks(
            request->samples, RUSHES_PEAKS_A_SECOND, &request->made.peaks.count);
    else if (request->height == 0)
        read_take_peaks(request->source, &request->made.peaks);
    else
        request->made.texture =
            rushes_texture_new_thumbnail(request->source, request->frame, 4096, request->height);
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, deliver, request, NULL);
}

// What was asked for last is what is seen now.
static int compare_requests(gconstpointer a, gconstpointer b, gpointer data)
{
    guint left = ((const Request *)a)->serial, right = ((const Request *)b)->serial;
    return left > right ? -1 : left < right;
}

static void rushes_timeline_pictures_finalize(GObject *object)
{
    RushesTimelinePictures *self = RUSHES_TIMELINE_PICTURES(object);

    // What still waits is made and thrown away: small work, and nobody waits for it here.
    g_thread_pool_free(self->pool, FALSE, FALSE);
    g_hash_table_unref(self->made);
    G_OBJECT_CLASS(rushes_timeline_pictures_parent_class)->finalize(object);
}

static void rushes_timeline_pictures_class_init(RushesTimelinePicturesClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = rushes_timeline_pictures_finalize;
    changed_signal = g_signal_new("changed", RUSHES_TYPE_TIMELINE_PICTURES, G_SIGNAL_RUN_LAST, 0,
                                  NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void rushes_timeline_pictures_init(RushesTimelinePictures *self)
{
    self->made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, picture_free);
    self->pool = g_thread_pool_new(work, NULL, 1, FALSE, NULL);
    g_thread_pool_set_sort_function(self->pool, compare_requests, NULL);
}

RushesTimelinePictures *rushes_timeline_pictures_new(void)
{
    return g_object_new(RUSHES_TYPE_TIMELINE_PICTURES, NULL);
}

// Takes ownership of `key`.
static const Picture *look_up(RushesTimelinePictures *self, char *key, RushesFrameSource *source,
                              RushesMedia *samples, int frame, int height)
{
    Picture *picture = g_hash_table_lookup(self->made, key);

    if (picture) {
        g_free(key);
        return picture;
    }
    if (g_hash_table_size(self->made) >= MOST_KEPT)
        g_hash_table_remove_all(self->made);
    Request *request = g_new0(Request, 1);
    g_weak_ref_init(&request->owner, self);
    request->key = g_strdup(key);
    request->serial = self->made_count++;
    request->source = source ? g_object_ref(source) : NULL;
    request->samples = samples ? rushes_media_ref(samples) : NULL;
    request->frame = frame;
    request->height = height;
    picture = g_new0(Picture, 1);
    g_hash_table_insert(self->made, key, picture);
    g_thread_pool_push(self->pool, request, NULL);
    return picture;
}

GdkTexture *rushes_timeline_pictures_get_frame(RushesTimelinePictures *self, RushesTake *take,
                                               int frame, int height)
{
    RushesFrameSource *source = rushes_take_get_source(take);
    RushesFrameFormat format;

    rushes_frame_source_get_format(source, &format);
    if (frame < 0 || frame >= format.ready || format.height == 0)
        return NULL;
    char *key = g_strdup_printf("%s %d %d", rushes_take_get_id(take), frame, height);
    return look_up(self, key, source, NULL, frame, height)->texture;
}

const RushesPeaks *rushes_timeline_pictures_get_take_peaks(RushesTimelinePictures *self,
                                                           RushesTake *take)
{
    RushesFrameSource *source = rushes_take_get_source(take);
    RushesFrameFormat format;

    rushes_frame_source_get_format(source, &format);
    if (format.samples == 0)
        return NULL;
    char *key = g_strdup_printf("%s %" G_GINT64_FORMAT, rushes_take_get_id(take), format.samples);
    const Picture *picture = look_up(self, key, source, NULL, 0, 0);
    return picture->peaks.values ? &picture->peaks : NULL;
}

const RushesPeaks *rushes_timeline_pictures_get_media_peaks(RushesTimelinePictures *self,
                                                            const char *name, RushesMedia *samples)
{
    if (!samples)
        return NULL;
    const Picture *picture = look_up(self, g_strdup(name), NULL, samples, 0, 0);
    return picture->peaks.values ? &picture->peaks : NULL;
}

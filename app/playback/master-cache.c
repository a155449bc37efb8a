// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/master-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "media/clip-decoder.h"
#include "places.h"
#include "playback/open-file.h"
#include "rushes-error.h"

// A frame at most this far ahead is reached sooner by going on than by a seek.
#define GO_ON_FRAMES 6
#define IDLE_SECONDS 2

struct RushesMasterCache {
    gatomicrefcount references;
    char *path;
    RushesFrameFormat format;
    gsize frame_bytes;

    GMutex lock; // guards all below
    GCond changed;
    RushesOpenFile *file; // NULL while empty
    guint8 *present;      // a flag a frame: it is in the file
    gboolean running;     // a thread decodes
    guint round;          // rises when the cache is emptied: the thread of an earlier round ends
    int wanted;           // the frame that somebody waits for, or -1
    gboolean disk_full;   // nothing more is kept; frames are decoded one by one as they are wanted
    GBytes *latest;       // the newest frame, for who waits for it when nothing can be kept
    int latest_index;
    GError *failure;
};

// Caches that hold something, most recently used first. Taken before any cache's own lock.
static GMutex users_lock;
static GQueue users = G_QUEUE_INIT;

static gsize cache_bytes(const RushesMasterCache *self)
{
    return self->frame_bytes * (gsize)self->format.frames;
}

RushesMasterCache *rushes_master_cache_new(const char *path, const RushesFrameFormat *format)
{
    RushesMasterCache *self = g_new0(RushesMasterCache, 1);

    g_atomic_ref_count_init(&self->references);
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    self->path = g_strdup(path);
    self->format = *format;
    self->frame_bytes = (gsize)format->width * (gsize)format->height * 3;
    self->wanted = self->latest_index = -1;
    return self;
}

RushesMasterCache *rushes_master_cache_ref(RushesMasterCache *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

// With the lock held.
static void empty_cache(RushesMasterCache *self)
{
    self->round++;
    self->running = FALSE;
    self->disk_full = FALSE;
    self->latest_index = -1;
    g_clear_pointer(&self->latest, g_bytes_unref);
    g_clear_pointer(&self->file, rushes_open_file_unref);
    g_clear_pointer(&self->present, g_free);
    g_clear_error(&self->failure);
    g_cond_broadcast(&self->changed);
}

void rushes_master_cache_unref(RushesMasterCache *self)
{
    if (!self || !g_atomic_ref_count_dec(&self->references))
        return;
    g_mutex_lock(&users_lock);
    g_queue_remove(&users, self);
    g_mutex_unlock(&users_lock);
    empty_cache(self);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->changed);
    g_free(self->path);
    g_free(self);
}

// Marks the cache as the last one used, and empties others beyond the limit.
static void touch(RushesMasterCache *self)
{
    gsize bytes = 0;

    g_mutex_lock(&users_lock);
    g_queue_remove(&users, self);
    g_queue_push_head(&users, self);
    for (GList *at = users.head; at;) {
        GList *next = at->next;
        RushesMasterCache *cache = at->data;
        bytes += cache_bytes(cache);
        if (bytes > RUSHES_MASTER_CACHE_BYTES && cache != self) {
            g_mutex_lock(&cache->lock);
            empty_cache(cache);
            g_mutex_unlock(&cache->lock);
            g_queue_delete_link(&users, at);
        }
        at = next;
    }
    g_mutex_unlock(&users_lock);
}

// A file without a name: whatever becomes of the process, the disk gets its room back.
static RushesOpenFile *open_nameless(void)
{
    g_autofree char *folder = rushes_places_get_cache();
    int fd = folder ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;

    if (fd < 0) { // not every file system has such files
        g_autofree char *name = NULL;
        fd = g_file_open_tmp("rushes-frames-XXXXXX", &name, NULL);
        if (fd >= 0)
            g_unlink(name);
    }
    return rushes_open_file_new(fd);
}

static gboolean misfit(RushesMasterCache *self, GError **error, const char *what)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                "%s %s; copy it from a backup, or generate the take again.", self->path, what);
    return FALSE;
}

// The frame as packed RGB with its number, or NULL: at the end without an error.
static GBytes *decode_frame(RushesMasterCache *self, const RushesClipDecoder *decoder, int *index,
                            GError **error)
{
    GstVideoFrame frame;

    if (!rushes_clip_decoder_pull_frame(decoder, &frame, error))
        return NULL;
    gboolean fits = GST_VIDEO_FRAME_WIDTH(&frame) == self->format.width &&
                    GST_VIDEO_FRAME_HEIGHT(&frame) == self->format.height &&
                    GST_BUFFER_PTS_IS_VALID(frame.buffer);
    guint8 *pixels = fits ? g_malloc(self->frame_bytes) : NULL;
    if (fits) {
        gsize row = (gsize)self->format.width * 3;
        // Matroska counts milliseconds, so the time is near the frame's and never the frame's own.
        *index = (int)((double)GST_BUFFER_PTS(frame.buffer) / GST_SECOND * self->format.fps + 0.5);
        for (int y = 0; y < self->format.height; y++)
            memcpy(pixels + row * (gsize)y,
                   (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&frame, 0) +
                       (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0) * (gsize)y,
                   row);
    }
    gst_video_frame_unmap(&frame);
    if (fits)
        return g_bytes_new_take(pixels, self->frame_bytes);
    misfit(self, error, "holds pictures of another size than its take");
    return NULL;
}

// With the lock held: the frame to decode next when the decoder stands before `at`, or -1 when all are
// there. While nothing can be kept it waits a little for the next question, then gives up.
static int choose_frame(RushesMasterCache *self, int at, guint round)
{
    while (self->round == round) {
        int wanted = self->wanted;
        if (wanted >= 0 && !self->present[wanted] && self->latest_index != wanted)
            return wanted >= at && wanted <= at + GO_ON_FRAMES ? at : wanted;
        if (!self->disk_full) {
            for (int i = 0; i < self->format.frames; i++) {
                int index = (at + i) % self->format.frames;
                if (!self->present[index])
                    return index;
            }
            return -1;
        }
        if (!g_cond_wait_until(&self->changed, &self->lock,
                               g_get_monotonic_time() + IDLE_SECONDS * G_USEC_PER_SEC))
            return -1;
    }
    return -1;
}

static void keep_frame(RushesMasterCache *self, RushesOpenFile *file, int index, GBytes *frame,
                       guint round)
{
    gboolean kept = !self->disk_full &&
                    rushes_open_file_write(file, g_bytes_get_data(frame, NULL), self->frame_bytes,
                                           (gint64)self->frame_bytes * index);

    g_mutex_lock(&self->lock);
    if (self->round == round) {
        self->disk_full |= !kept;
        self->present[index] = kept;
        g_clear_pointer(&self->latest, g_bytes_unref);
        self->latest = g_bytes_ref(frame);
        self->latest_index = index;
        g_cond_broadcast(&self->changed);
    }
    g_mutex_unlock(&self->lock);
}

static gboolean decode_all(RushesMasterCache *self, RushesOpenFile *file, guint round,
                           GError **error)
{
    g_auto(RushesClipDecoder) decoder = {0};
    int at = 0; // the decoder's next frame

    if (!rushes_clip_decoder_open(&decoder, self->path,
                                  "matroskademux ! avdec_ffv1 ! videoconvert ! "
                                  "video/x-raw,format=RGB",
                                  error))
        return FALSE;
    for (gboolean begun = FALSE;; begun = TRUE) {
        g_mutex_lock(&self->lock);
        int target = begun ? choose_frame(self, at, round) : 0; // a seek needs a pipeline that runs
        g_mutex_unlock(&self->lock);
        if (target < 0)
            return TRUE;
        if (target != at) {
            // Half a frame late, so that rounding never ends at the one before.
            GstClockTime time =
                (GstClockTime)((target + 0.5) / self->format.fps * (double)GST_SECOND);
            if (!gst_element_seek_simple(decoder.pipeline, GST_FORMAT_TIME,
                                         GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT |
                                             GST_SEEK_FLAG_SNAP_BEFORE,
                                         (gint64)time))
                return misfit(self, error, "cannot be searched");
        }
        int index = 0;
        do { // a seek may end a little before
            g_autoptr(GBytes) frame = decode_frame(self, &decoder, &index, error);
            if (!frame)
                return error && *error ? FALSE : misfit(self, error, "has too few frames");
            if (index > target)
                return misfit(self, error, "lacks a frame");
            keep_frame(self, file, index, frame, round);
        } while (index < target);
        at = target + 1;
    }
}

typedef struct Unpacking {
    RushesMasterCache *cache;
    RushesOpenFile *file;
    guint round;
} Unpacking;

static gpointer unpack(gpointer data)
{
    g_autofree Unpacking *work = data;
    RushesMasterCache *self = work->cache;
    GError *failure = NULL;

    decode_all(self, work->file, work->round, &failure);
    g_mutex_lock(&self->lock);
    if (self->round == work->round) {
        self->running = FALSE;
        self->failure = g_steal_pointer(&failure);
        g_cond_broadcast(&self->changed);
    }
    g_mutex_unlock(&self->lock);
    g_clear_error(&failure);
    rushes_open_file_unref(work->file);
    rushes_master_cache_unref(self);
    return NULL;
}

// With the lock held.
static gboolean start_unpacking(RushesMasterCache *self, GError **error)
{
    g_clear_error(&self->failure); // the file may be whole again
    if (!self->file) {
        self->file = open_nameless();
        if (!self->file) {
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                        "No file can be made in the cache folder: %s; check whether it can be "
                        "written.",
                        g_strerror(errno));
            return FALSE;
        }
        self->present = g_new0(guint8, (gsize)self->format.frames);
    }
    Unpacking *work = g_new0(Unpacking, 1);
    work->cache = rushes_master_cache_ref(self);
    work->file = rushes_open_file_ref(self->file);
    work->round = self->round;
    self->running = TRUE;
    g_thread_unref(g_thread_new("unpack-take", unpack, work));
    return TRUE;
}

GBytes *rushes_master_cache_read(RushesMasterCache *self, int index, GError **error)
{
    g_autoptr(RushesOpenFile) file = NULL;
    GBytes *frame = NULL;

    g_return_val_if_fail(index >= 0 && index < self->format.frames, NULL);
    touch(self);
    g_mutex_lock(&self->lock);
    gboolean started = TRUE, asked = FALSE;
    while (started && !(self->present && self->present[index]) && self->latest_index != index) {
        if (!self->running && asked && self->failure)
            break;
        if (!self->running)
            started = start_unpacking(self, error);
        asked = TRUE;
        self->wanted = index;
        g_cond_broadcast(&self->changed);
        if (started)
            g_cond_wait(&self->changed, &self->lock);
    }
    if (self->latest_index == index)
        frame = g_bytes_ref(self->latest);
    else if (started && self->present && self->present[index])
        file = rushes_open_file_ref(self->file);
    else if (self->failure && error && !*error)
        *error = g_error_copy(self->failure);
    if (self->wanted == index)
        self->wanted = -1;
    g_mutex_unlock(&self->lock);
    if (frame || !file)
        return frame;
    guint8 *pixels = g_malloc(self->frame_bytes);
    if (rushes_open_file_read(file, pixels, self->frame_bytes, (gint64)self->frame_bytes * index))
        return g_bytes_new_take(pixels, self->frame_bytes);
    g_free(pixels);
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                "Frame %d cannot be read from the cache; free some space and try again.",
                index + 1);
    return NULL;
}

GBytes *rushes_master_read_sound(const char *path, int rate, int channels, GError **error)
{
    g_auto(RushesClipDecoder) decoder = {0};
    g_autoptr(GByteArray) samples = g_byte_array_new();
    g_autoptr(GError) failure = NULL;
    g_autofree char *chain = g_strdup_printf(
        "matroskademux ! flacparse ! flacdec ! audioconvert ! audio/x-raw,format=F32LE,"
        "rate=%d,channels=%d,layout=interleaved",
        rate, channels);
    GstSample *sample;

    if (!rushes_clip_decoder_open(&decoder, path, chain, error))
        return NULL;
    while ((sample = rushes_clip_decoder_pull(&decoder, &failure))) {
        GstMapInfo map;
        GstBuffer *buffer = gst_sample_get_buffer(sample);
        if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
            g_byte_array_append(samples, map.data, (guint)map.size);
            gst_buffer_unmap(buffer, &map);
        }
        gst_sample_unref(sample);
    }
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&samples));
}

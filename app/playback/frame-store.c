// SPDX-License-Identifier: GPL-3.0-or-later
//
// The files are read, not mapped: a file cut short behind a mapping (a disk that filled up, a folder
// that was synchronised away) ends the program with SIGBUS, a short read is an error message. The
// copy costs 0.3 ms for a frame of 1280x720, and the pages come from the same cache.
#include "playback/frame-store.h"

#include <fcntl.h>
#include <string.h>

#include "playback/master-cache.h"
#include "playback/open-file.h"
#include "rushes-error.h"

#define FRAMES_FILE "frames.rgb"
#define SOUND_FILE  "audio.f32"
#define MASTER_FILE "take.mkv"

struct _RushesFrameStore {
    GObject parent_instance;

    char *folder;
    GMutex lock; // guards all below
    RushesFrameFormat format;
    RushesOpenFile *video, *audio; // NULL until the file is there
    RushesMasterCache *master;     // NULL: the frames come from frames.rgb
    GBytes *sound;                 // from take.mkv, when audio.f32 is gone
};

static void frame_source_init(RushesFrameSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(RushesFrameStore, rushes_frame_store, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(RUSHES_TYPE_FRAME_SOURCE, frame_source_init))

static gsize frame_bytes(const RushesFrameFormat *format)
{
    return (gsize)format->width * (gsize)format->height * 3;
}

static RushesOpenFile *open_file(RushesFrameStore *self, const char *name)
{
    g_autofree char *path = g_build_filename(self->folder, name, NULL);
    return rushes_open_file_new(open(path, O_RDONLY | O_CLOEXEC));
}

// With the lock held. A reference to the file, opened at the first use; NULL while it is not there.
static RushesOpenFile *hold_file(RushesFrameStore *self, RushesOpenFile **file, const char *name)
{
    if (!*file)
        *file = open_file(self, name);
    return rushes_open_file_ref(*file);
}

static void frame_store_get_format(RushesFrameSource *source, RushesFrameFormat *format)
{
    RushesFrameStore *self = RUSHES_FRAME_STORE(source);
    g_mutex_lock(&self->lock);
    *format = self->format;
    g_mutex_unlock(&self->lock);
}

static GBytes *frame_store_read_frame(RushesFrameSource *source, int index, GError **error)
{
    RushesFrameStore *self = RUSHES_FRAME_STORE(source);
    g_autoptr(RushesMasterCache) master = NULL;
    g_autoptr(RushesOpenFile) file = NULL;

    g_mutex_lock(&self->lock);
    gsize bytes = frame_bytes(&self->format);
    gboolean ready = index >= 0 && index < self->format.ready;
    if (ready && self->master)
        master = rushes_master_cache_ref(self->master);
    else if (ready)
        file = hold_file(self, &self->video, FRAMES_FILE);
    g_mutex_unlock(&self->lock);
    if (!ready) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, "Frame %d is not there yet.",
                    index + 1);
        return NULL;
    }
    if (master)
        return rushes_master_cache_read(master, index, error);
    guint8 *pixels = g_malloc(bytes);
    if (!file || !rushes_open_file_read(file, pixels, bytes, (gint64)bytes * index)) {
        g_free(pixels);
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "Frame %d cannot be read from %s/" FRAMES_FILE
                    "; put the file back or generate the take again.",
                    index + 1, self->folder);
        return NULL;
    }
    return g_bytes_new_take(pixels, bytes);
}

// With the lock held. The sound in take.mkv, for a take whose audio.f32 is gone.
static GBytes *hold_master_sound(RushesFrameStore *self)
{
    if (!self->sound) {
        g_autofree char *path = g_build_filename(self->folder, MASTER_FILE, NULL);
        self->sound =
            rushes_master_read_sound(path, self->format.rate, MAX(1, self->format.channels), NULL);
        if (!self->sound) // asked for once only
            self->sound = g_bytes_new(NULL, 0);
    }
    return g_bytes_ref(self->sound);
}

static gboolean frame_store_read_samples(RushesFrameSource *source, gint64 first, gsize count,
                                         float *out, GError **error)
{
    RushesFrameStore *self = RUSHES_FRAME_STORE(source);
    g_autoptr(RushesOpenFile) file = NULL;
    g_autoptr(GBytes) sound = NULL;

    g_mutex_lock(&self->lock);
    gint64 samples = self->format.samples;
    gsize channels = (gsize)MAX(1, self->format.channels);
    if (samples > 0)
        file = hold_file(self, &self->audio, SOUND_FILE);
    if (samples > 0 && !file && self->master)
        sound = hold_master_sound(self);
    g_mutex_unlock(&self->lock);

    memset(out, 0, count * channels * sizeof(float));
    gint64 from = MAX(0, first), to = MIN(samples, first + (gint64)count);
    gsize frame = channels * sizeof(float);
    if (from >= to)
        return TRUE;
    float *at = out + (gsize)(from - first) * channels;
    gsize bytes = (gsize)(to - from) * frame;
    gboolean whole = sound ? (gsize)to * frame <= g_bytes_get_size(sound)
                           : file && rushes_open_file_read(file, at, bytes, from * (gint64)frame);
    if (whole && sound)
        memcpy(at, (const char *)g_bytes_get_data(sound, NULL) + (gsize)from * frame, bytes);
    if (whole)
        return TRUE;
    memset(at, 0, bytes);
    g_set_error(
        error, RUSHES_ERROR, RUSHES_ERROR_IO,
        "The sound cannot be read from %s/%s; put the file back or generate the take again.",
        self->folder, sound ? MASTER_FILE : SOUND_FILE);
    return FALSE;
}

static void frame_source_init(RushesFrameSourceInterface *iface)
{
    iface->get_format = frame_store_get_format;
    iface->read_frame = frame_store_read_frame;
    iface->read_samples = frame_store_read_samples;
}

static void rushes_frame_store_finalize(GObject *object)
{
    RushesFrameStore *self = RUSHES_FRAME_STORE(object);

    rushes_open_file_unref(self->video);
    rushes_open_file_unref(self->audio);
    rushes_master_cache_unref(self->master);
    g_clear_pointer(&self->sound, g_bytes_unref);
    g_mutex_clear(&self->lock);
    g_free(self->folder);
    G_OBJECT_CLASS(rushes_frame_store_parent_class)->finalize(object);
}

static void rushes_frame_store_class_init(RushesFrameStoreClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = rushes_frame_store_finalize;
}

static void rushes_frame_store_init(RushesFrameStore *self)
{
    g_mutex_init(&self->lock);
}

static void use_master(RushesFrameStore *self)
{
    g_autofree char *path = g_build_filename(self->folder, MASTER_FILE, NULL);
    self->master = rushes_master_cache_new(path, &self->format);
}

RushesFrameStore *rushes_frame_store_new(const char *folder, const RushesFrameFormat *format)
{
    RushesFrameStore *self = g_object_new(RUSHES_TYPE_FRAME_STORE, NULL);

    self->folder = g_strdup(folder);
    self->format = *format;
    gsize bytes = frame_bytes(format);
    self->video = open_file(self, FRAMES_FILE);
    self->audio = open_file(self, SOUND_FILE);
    gint64 whole = rushes_open_file_get_length(self->video);
    self->format.ready = bytes > 0 ? (int)MIN(format->frames, whole / (gint64)bytes) : 0;
    // The raw frames come first while they are whole: they need no decoding.
    if (self->format.ready < format->frames && rushes_frame_store_has_master(folder)) {
        use_master(self);
        self->format.ready = format->frames;
    }
    gint64 sound = rushes_open_file_get_length(self->audio);
    if (self->audio || !self->master)
        self->format.samples = sound / (gint64)(sizeof(float) * (gsize)MAX(1, format->channels));
    return self;
}

gboolean rushes_frame_store_has_master(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, MASTER_FILE, NULL);
    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

void rushes_frame_store_settle(RushesFrameStore *self)
{
    g_return_if_fail(RUSHES_IS_FRAME_STORE(self));

    g_mutex_lock(&self->lock);
    if (!self->master) {
        use_master(self);
        g_clear_pointer(&self->video, rushes_open_file_unref);
    }
    g_mutex_unlock(&self->lock);
}

void rushes_frame_store_set_ready(RushesFrameStore *self, int frames)
{
    g_return_if_fail(RUSHES_IS_FRAME_STORE(self));

    g_mutex_lock(&self->lock);
    gboolean changed = self->format.ready != frames;
    self->format.ready = MIN(frames, self->format.frames);
    g_mutex_unlock(&self->lock);
    if (changed)
        rushes_frame_source_changed(RUSHES_FRAME_SOURCE(self));
}

void rushes_frame_store_set_sound(RushesFrameStore *self, int rate, int channels, gint64 samples)
{
    g_return_if_fail(RUSHES_IS_FRAME_STORE(self));

    g_mutex_lock(&self->lock);
    self->format.rate = rate;
    self->format.channels = channels;
    self->format.samples = samples;
    g_mutex_unlock(&self->lock);
    rushes_frame_source_changed(RUSHES_FRAME_SOURCE(self));
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/take-master.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "media/clip-writer.h"
#include "media/picture-png.h"
#include "playback/frame-store.h"
#include "playback/master-cache.h"
#include "project/take-proof.h"
#include "rushes-error.h"

#define MASTER       "take.mkv"
#define UNPROVED     "take.mkv.part"
#define THUMBNAIL    "thumb.png"
#define THUMB_WIDTH  336 // a card of the strip on a screen with twice the pixels
#define THUMB_HEIGHT 208
#define SAMPLES_A_GO 65536
#define FLAC_HALFSTEP                                                                              \
    (1.0f / (1 << 23)) // a step of 24 bits, and what rounding may move a sample by

typedef struct Master {
    const char *folder;
    RushesFrameFormat format;
    RushesFrameSource *raw;
    GCancellable *cancellable;
} Master;

static char *in_folder(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static gboolean has_file(const char *folder, const char *name)
{
    g_autofree char *path = in_folder(folder, name);
    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

gboolean rushes_take_master_is_due(const char *folder)
{
    return has_file(folder, "frames.rgb") || !has_file(folder, THUMBNAIL);
}

// What a process that was killed while it wrote has left.
static void remove_leftovers(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = in_folder(folder, name);
        if (g_str_equal(name, UNPROVED) || g_str_has_prefix(name, "." UNPROVED "."))
            g_unlink(path);
    }
}

static gboolean write_thumbnail(Master *self, GError **error)
{
    g_autofree char *path = in_folder(self->folder, THUMBNAIL);
    int width, height;
    g_autoptr(GBytes) small = rushes_frame_source_read_thumbnail(
        self->raw, self->format.frames / 2, THUMB_WIDTH, THUMB_HEIGHT, &width, &height);

    if (!small) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: its frames cannot be read.",
                    self->folder);
        return FALSE;
    }
    return rushes_picture_write_png(path, g_bytes_get_data(small, NULL), width, height, error);
}

static gboolean add_sound(Master *self, RushesClipWriter *writer, GError **error)
{
    gsize channels = (gsize)self->format.channels;
    g_autofree float *samples = g_new(float, SAMPLES_A_GO *channels);

    for (gint64 at = 0; at < self->format.samples; at += SAMPLES_A_GO) {
        gsize count = (gsize)MIN(SAMPLES_A_GO, self->format.samples - at);
        if (!rushes_frame_source_read_samples(self->raw, at, count, samples, error) ||
            !rushes_clip_writer_add_samples(writer, samples, count, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean write_clip(Master *self, const char *path, GError **error)
{
    RushesClipFormat clip = {
        .container = RUSHES_CONTAINER_MKV,
        .width = self->format.width,
        .height = self->format.height,
        .pixels = RUSHES_PIXELS_RGB,
        .rate = self->format.samples > 0 ? self->format.rate : 0,
        .channels = self->format.channels,
    };

    gst_util_double_to_fraction(self->format.fps, &clip.fps_num, &clip.fps_den);
    g_autoptr(RushesClipWriter) writer = rushes_clip_writer_new(path, &clip, error);
    if (!writer)
        return FALSE;
    if (clip.rate > 0 && !add_sound(self, writer, error))
        return FALSE;
    for (int i = 0; i < self->format.frames; i++) {
        g_autoptr(GBytes) frame = rushes_frame_source_read_frame(self->raw, i, error);
        if (!frame || g_cancellable_set_error_if_cancelled(self->cancellable, error) ||
            !rushes_clip_writer_add_frame(writer, g_bytes_get_data(frame, NULL), error))
            return FALSE;
    }
    return rushes_clip_writer_finish(writer, error);
}

static gboolean differs(const char *path, const char *what, GError **error)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT, "%s does not hold the take's %s.", path,
                what);
    return FALSE;
}

static gboolean prove_frames(Master *self, const char *path, GError **error)
{
    g_autoptr(RushesMasterCache) master = rushes_master_cache_new(path, &self->format);

    for (int i = 0; i < self->format.frames; i++) {
        g_autoptr(GBytes) raw = rushes_frame_source_read_frame(self->raw, i, error);
        g_autoptr(GBytes) kept = raw ? rushes_master_cache_read(master, i, error) : NULL;
        if (!kept || g_cancellable_set_error_if_cancelled(self->cancellable, error))
            return FALSE;
        if (!g_bytes_equal(raw, kept))
            return differs(path, "frames", error);
    }
    return TRUE;
}

static gboolean prove_sound(Master *self, const char *path, GError **error)
{
    gsize channels = (gsize)self->format.channels;
    g_autofree float *raw = g_new(float, SAMPLES_A_GO *channels);

    if (self->format.samples <= 0)
        return TRUE;
    g_autoptr(GBytes) bytes =
        rushes_master_read_sound(path, self->format.rate, self->format.channels, error);
    if (!bytes)
        return FALSE;
    const float *kept = g_bytes_get_data(bytes, NULL);
    if (g_bytes_get_size(bytes) != (gsize)self->format.samples * channels * sizeof(float))
        return differs(path, "sound", error);
    for (gint64 at = 0; at < self->format.samples; at += SAMPLES_A_GO) {
        gsize count = (gsize)MIN(SAMPLES_A_GO, self->format.samples - at);
        if (!rushes_frame_source_read_samples(self->raw, at, count, raw, error))
            return FALSE;
        for (gsize i = 0; i < count * channels; i++) {
            if (fabsf(CLAMP(raw[i], -1.0f, 1.0f) - kept[(gsize)at * channels + i]) > FLAC_HALFSTEP)
                return differs(path, "sound", error);
        }
    }
    return TRUE;
}

static gboolean prove(Master *self, const char *path, GError **error)
{
    return prove_frames(self, path, error) && prove_sound(self, path, error);
}

static gboolean sync_folder(const char *folder)
{
    int fd = g_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    gboolean synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return synced;
}

static gboolean write_master(Master *self, GError **error)
{
    g_autofree char *path = in_folder(self->folder, MASTER);
    g_autofree char *unproved = in_folder(self->folder, UNPROVED);

    // One that was written before the process ended counts as soon as it is proved.
    if (has_file(self->folder, MASTER) && prove(self, path, NULL))
        return TRUE;
    if (g_cancellable_set_error_if_cancelled(self->cancellable, error) ||
        !write_clip(self, unproved, error))
        return FALSE;
    if (!prove(self, unproved, error)) {
        g_unlink(unproved);
        return FALSE;
    }
    if (g_rename(unproved, path) == 0 && sync_folder(self->folder))
        return TRUE;
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s cannot be written: %s.", path,
                g_strerror(errno));
    return FALSE;
}

gboolean rushes_take_master_write(const char *folder, const RushesFrameFormat *format,
                                  const char *sha256, GCancellable *cancellable, GError **error)
{
    g_autofree char *raw = in_folder(folder, "frames.rgb");
    g_autoptr(RushesFrameStore) store = rushes_frame_store_new(folder, format);
    Master self = {.folder = folder, .raw = RUSHES_FRAME_SOURCE(store), .cancellable = cancellable};
    gboolean has_raw = has_file(folder, "frames.rgb");

    remove_leftovers(folder);
    rushes_frame_source_get_format(self.raw, &self.format);
    if (self.format.frames < 1 || self.format.ready < self.format.frames) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "%s has %d of the take's %d frames; generate the take again.", folder,
                    self.format.ready, self.format.frames);
        return FALSE;
    }
    if (has_raw && !rushes_take_prove_file(raw, sha256, error))
        return FALSE;
    if (!has_file(folder, THUMBNAIL) && !write_thumbnail(&self, error))
        return FALSE;
    return !has_raw || write_master(&self, error);
}

void rushes_take_master_release_raw(const char *folder)
{
    static const char *const names[] = {"frames.rgb", "preview.rgb", "step.safetensors"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = in_folder(folder, names[i]);
        g_unlink(path);
    }
}

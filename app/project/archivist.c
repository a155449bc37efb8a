// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/archivist.h"

#include <sys/resource.h>
#include <unistd.h>

#include "media/steady-file.h"
#include "project/take-master.h"
#include "project/take-proof.h"

#define NICENESS 10 // behind the window and the worker

struct _RushesArchivist {
    GObject parent_instance;

    GListModel *takes;
    GHashTable *seen; // RushesTake that were handed over; owns references
    guint pending;
    GAsyncQueue *work; // of Errand; an errand without a take ends the thread
    GThread *thread;
    GCancellable *cancellable;
};

typedef struct Errand {
    GWeakRef archivist;
    RushesTake *take; // touched on the main thread only
    char *folder;
    RushesFrameFormat format;
    char *sha256;        // of its raw frames, or NULL
    char *master_sha256; // of take.mkv, once it is written
    gboolean written;
} Errand;

G_DEFINE_FINAL_TYPE(RushesArchivist, rushes_archivist, G_TYPE_OBJECT)

static void errand_free(gpointer data)
{
    Errand *errand = data;
    g_weak_ref_clear(&errand->archivist);
    g_clear_object(&errand->take);
    g_free(errand->folder);
    g_free(errand->sha256);
    g_free(errand->master_sha256);
    g_free(errand);
}

// The raw frames only go when it is kept what their lasting copy is known by.
static void settle(Errand *errand)
{
    g_autoptr(GError) failure = NULL;

    if (errand->master_sha256) {
        rushes_take_set_file_hash(errand->take, "take.mkv", errand->master_sha256);
        if (!rushes_take_save(errand->take, &failure)) {
            g_message("%s The raw frames stay.", failure->message);
            return;
        }
    }
    rushes_take_settle(errand->take);
    rushes_take_master_release_raw(errand->folder);
}

// Main thread: whoever shows the take changes over before its raw frames go.
static gboolean finish_errand(gpointer data)
{
    Errand *errand = data;
    g_autoptr(RushesArchivist) self = g_weak_ref_get(&errand->archivist);

    if (errand->written)
        settle(errand);
    if (self)
        self->pending--;
    return G_SOURCE_REMOVE;
}

static gpointer run_errands(gpointer data)
{
    RushesArchivist *self = data; // dispose joins this thread
    Errand *errand;

    // On Linux a thread has a niceness of its own, and GStreamer's threads inherit it from this one.
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    while ((errand = g_async_queue_pop(self->work))->take) {
        g_autoptr(GError) failure = NULL;
        errand->written = rushes_take_master_write(errand->folder, &errand->format, errand->sha256,
                                                   self->cancellable, &failure);
        if (errand->written) {
            g_autofree char *master = g_build_filename(errand->folder, "take.mkv", NULL);
            errand->master_sha256 = rushes_steady_file_checksum(master, NULL);
        }
        if (failure && !g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            g_message("%s The raw frames stay.", failure->message);
        g_idle_add_full(G_PRIORITY_LOW, finish_errand, errand, errand_free);
    }
    errand_free(errand);
    return NULL;
}

static void send(RushesArchivist *self, RushesTake *take)
{
    Errand *errand = g_new0(Errand, 1);

    g_weak_ref_init(&errand->archivist, take ? self : NULL);
    if (take) {
        errand->take = g_object_ref(take);
        errand->folder = g_strdup(rushes_take_get_folder(take));
        errand->sha256 = g_strdup(rushes_take_get_file_hash(take, "frames.rgb"));
        rushes_frame_source_get_format(rushes_take_get_source(take), &errand->format);
        self->pending++;
    }
    if (!self->thread)
        self->thread = g_thread_new("archivist", run_errands, self);
    g_async_queue_push(self->work, errand);
}

static void consider(RushesArchivist *self, RushesTake *take)
{
    if (rushes_take_get_state(take) == RUSHES_TAKE_DONE &&
        rushes_take_master_is_due(rushes_take_get_folder(take)) && rushes_take_is_playable(take))
        send(self, take);
}

static void on_state(RushesTake *take, GParamSpec *pspec, RushesArchivist *self)
{
    consider(self, take);
}

static void on_takes(GListModel *takes, guint position, guint removed, guint added,
                     RushesArchivist *self)
{
    for (guint i = position; i < position + added; i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        if (g_hash_table_contains(self->seen, take))
            continue; // deleted and brought back
        g_hash_table_add(self->seen, g_object_ref(take));
        g_signal_connect_object(take, "notify::state", G_CALLBACK(on_state), self, 0);
        consider(self, take);
    }
}

static void rushes_archivist_dispose(GObject *object)
{
    RushesArchivist *self = RUSHES_ARCHIVIST(object);
    Errand *waiting;

    if (self->takes)
        g_signal_handlers_disconnect_by_data(self->takes, self);
    g_clear_object(&self->takes);
    if (self->thread) {
        while ((waiting = g_async_queue_try_pop(self->work)))
            errand_free(waiting);
        g_cancellable_cancel(self->cancellable);
        send(self, NULL);
        g_thread_join(g_steal_pointer(&self->thread));
    }
    g_clear_object(&self->cancellable);
    g_clear_pointer(&self->work, g_async_queue_unref);
    g_clear_pointer(&self->seen, g_hash_table_unref);
    G_OBJECT_CLASS(rushes_archivist_parent_class)->dispose(object);
}

static void rushes_archivist_class_init(RushesArchivistClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = rushes_archivist_dispose;
}

static void rushes_archivist_init(RushesArchivist *self)
{
    self->seen = g_hash_table_new_full(NULL, NULL, g_object_unref, NULL);
    self->work = g_async_queue_new();
    self->cancellable = g_cancellable_new();
}

RushesArchivist *rushes_archivist_new(RushesProject *project)
{
    RushesArchivist *self = g_object_new(RUSHES_TYPE_ARCHIVIST, NULL);

    if (rushes_project_get_read_only(project))
        return self;
    self->takes = g_object_ref(rushes_project_get_takes(project));
    g_signal_connect(self->takes, "items-changed", G_CALLBACK(on_takes), self);
    on_takes(self->takes, 0, 0, g_list_model_get_n_items(self->takes), self);
    return self;
}

guint rushes_archivist_get_pending(RushesArchivist *self)
{
    return self->pending;
}

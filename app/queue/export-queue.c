// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/export-queue.h"

#include "export/export-target.h"
#include "queue/export-job.h"
#include "rushes-error.h"

// What cannot be ended in this time is left to the next start to clear away.
#define LONGEST_STOP (10 * G_USEC_PER_SEC)

struct _RushesExportQueue {
    RushesItemList parent_instance;

    RushesLibrary *library;
    RushesExportJob *running;
    GCancellable *cancellable; // of the running one
    char *refusal;             // why it is cancelled, when nobody asked for it
    gboolean started, stopping, paused;
};

enum { PROP_RUNNING = 1, N_PROPS };
static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE(RushesExportQueue, rushes_export_queue, RUSHES_TYPE_ITEM_LIST)

static GListStore *items_of(RushesExportQueue *self)
{
    return rushes_item_list_get_store(RUSHES_ITEM_LIST(self));
}

static void rushes_export_queue_get_property(GObject *object, guint id, GValue *value,
                                             GParamSpec *pspec)
{
    if (id == PROP_RUNNING)
        g_value_set_boolean(value, RUSHES_EXPORT_QUEUE(object)->running != NULL);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void rushes_export_queue_dispose(GObject *object)
{
    RushesExportQueue *self = RUSHES_EXPORT_QUEUE(object);

    g_clear_object(&self->cancellable);
    g_clear_object(&self->running);
    g_clear_object(&self->library);
    g_clear_pointer(&self->refusal, g_free);
    G_OBJECT_CLASS(rushes_export_queue_parent_class)->dispose(object);
}

static void rushes_export_queue_class_init(RushesExportQueueClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);

    RUSHES_ITEM_LIST_CLASS(klass)->item_type = RUSHES_TYPE_EXPORT_JOB;
    object->get_property = rushes_export_queue_get_property;
    object->dispose = rushes_export_queue_dispose;
    properties[PROP_RUNNING] = g_param_spec_boolean("running", NULL, NULL, FALSE,
                                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object, N_PROPS, properties);
    g_signal_new("finished", RUSHES_TYPE_EXPORT_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, RUSHES_TYPE_EXPORT_JOB);
    g_signal_new("notice", RUSHES_TYPE_EXPORT_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void rushes_export_queue_init(RushesExportQueue *self)
{
}

static void pump(RushesExportQueue *self);

static void remove_job(RushesExportQueue *self, RushesExportJob *job)
{
    rushes_library_remove_export(self->library, job->id, NULL);
    rushes_item_list_remove(RUSHES_ITEM_LIST(self), job);
}

// It stays in the list, with the reason; not in the library, so that a restart does not fail again.
static void fail_job(RushesExportQueue *self, RushesExportJob *job, const char *sentence)
{
    rushes_library_remove_export(self->library, job->id, NULL);
    job->id = 0;
    export_job_set_exporter(job, NULL);
    export_job_set_state(job, RUSHES_EXPORT_FAILED, sentence);
    g_signal_emit_by_name(self, "notice", sentence);
}

static void on_written(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(RushesExportQueue) self = data;
    g_autoptr(RushesExportJob) job = g_steal_pointer(&self->running);
    g_autoptr(GError) failure = NULL;
    g_autofree char *refusal = g_steal_pointer(&self->refusal);
    gboolean written = rushes_exporter_finish(RUSHES_EXPORTER(source), result, &failure);
    const char *notice = rushes_exporter_get_notice(RUSHES_EXPORTER(source));

    g_clear_object(&self->cancellable);
    if (written) {
        remove_job(self, job);
        g_signal_emit_by_name(self, "finished", job);
        if (notice) {
            g_autofree char *sentence = g_strdup_printf("%s: %s", job->path, notice);
            g_signal_emit_by_name(self, "notice", sentence);
        }
    } else if (refusal) {
        fail_job(self, job, refusal);
    } else if (!g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        fail_job(self, job, failure->message);
    } else if (self->stopping) {
        export_job_set_state(job, RUSHES_EXPORT_WAITING, NULL); // the library keeps it
    } else {
        remove_job(self, job);
    }
    export_job_set_exporter(job, NULL);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_RUNNING]);
    pump(self);
}

// Of the project as it was when the job was put in. NULL with an error.
static RushesExporter *reopen(RushesExportQueue *self, RushesExportJob *job, GError **error)
{
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(RushesProject) project = rushes_project_open_state(job->project, job->film, error);
    RushesExporter *exporter =
        project ? rushes_film_export_new(project, job->path, &job->request, notices, error) : NULL;

    for (guint i = 0; i < notices->len; i++)
        g_signal_emit_by_name(self, "notice", notices->pdata[i]);
    return exporter;
}

static void begin(RushesExportQueue *self, RushesExportJob *job)
{
    g_autoptr(GError) failure = NULL;

    if (!job->exporter)
        export_job_set_exporter(job, reopen(self, job, &failure));
    if (!job->exporter) {
        fail_job(self, job, failure->message);
        return;
    }
    self->running = g_object_ref(job);
    self->cancellable = g_cancellable_new();
    export_job_set_state(job, RUSHES_EXPORT_RUNNING, NULL);
    rushes_exporter_start(job->exporter, self->cancellable, on_written, g_object_ref(self));
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_RUNNING]);
}

static RushesExportJob *next_waiting(RushesExportQueue *self)
{
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self)); i++) {
        g_autoptr(RushesExportJob) job = g_list_model_get_item(G_LIST_MODEL(self), i);
        if (job->state == RUSHES_EXPORT_WAITING)
            return job; // the list holds it
    }
    return NULL;
}

static void pump(RushesExportQueue *self)
{
    RushesExportJob *job;

    while (self->started && !self->stopping && !self->paused && !self->running &&
           (job = next_waiting(self)))
        begin(self, job);
}

void rushes_export_queue_set_paused(RushesExportQueue *self, gboolean paused)
{
    self->paused = paused;
    if (self->running)
        rushes_exporter_set_paused(self->running->exporter, paused);
    pump(self);
}

RushesExportQueue *rushes_export_queue_new(RushesLibrary *library)
{
    RushesExportQueue *self = g_object_new(RUSHES_TYPE_EXPORT_QUEUE, NULL);
    g_autoptr(GPtrArray) records = rushes_library_list_exports(library);

    self->library = g_object_ref(library);
    for (guint i = 0; i < records->len; i++) {
        g_autoptr(RushesExportJob) job = export_job_from_record(records->pdata[i]);
        job->was_killed = rushes_export_target_clear_remains(job->path, job->request.tag);
        g_list_store_append(items_of(self), job);
    }
    return self;
}

void rushes_export_queue_start(RushesExportQueue *self)
{
    self->started = TRUE;
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self)); i++) {
        g_autoptr(RushesExportJob) job = g_list_model_get_item(G_LIST_MODEL(self), i);
        if (!job->was_killed)
            continue;
        g_autofree char *sentence = g_strdup_printf(
            "Rushes ended while it wrote %s: the file is written again from its beginning.",
            job->path);
        job->was_killed = FALSE;
        g_signal_emit_by_name(self, "notice", sentence);
    }
    pump(self);
}

void rushes_export_queue_stop(RushesExportQueue *self)
{
    gint64 end = g_get_monotonic_time() + LONGEST_STOP;

    self->stopping = TRUE;
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    while (self->running && g_get_monotonic_time() < end) {
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(2000);
    }
}

static gboolean has_target(RushesExportQueue *self, const char *path)
{
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self)); i++) {
        g_autoptr(RushesExportJob) job = g_list_model_get_item(G_LIST_MODEL(self), i);
        if (job->state != RUSHES_EXPORT_FAILED && g_str_equal(job->path, path))
            return TRUE;
    }
    return FALSE;
}

static gboolean keep(RushesExportQueue *self, RushesExportJob *job, GError **error)
{
    g_autofree char *request = export_job_describe(job);

    job->id = rushes_library_add_export(self->library, job->project, job->path, request, error);
    return job->id != 0;
}

gboolean rushes_export_queue_add(RushesExportQueue *self, RushesProject *project, const char *path,
                                 const RushesFilmExport *request, GPtrArray *notices,
                                 GError **error)
{
    g_autofree char *film = rushes_project_dup_state(project);
    g_autoptr(RushesExportJob) job =
        export_job_new(rushes_project_get_folder(project), film, path, request);

    if (has_target(self, job->path)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "%s is in the queue already; cancel that export, or choose another name.",
                    job->path);
        return FALSE;
    }
    RushesExporter *exporter =
        rushes_film_export_new(project, job->path, &job->request, notices, error);
    if (!exporter)
        return FALSE;
    export_job_set_exporter(job, exporter);
    if (!keep(self, job, error))
        return FALSE;
    g_list_store_append(items_of(self), job);
    pump(self);
    return TRUE;
}

void rushes_export_queue_cancel(RushesExportQueue *self, RushesExportJob *job)
{
    if (job == self->running)
        g_cancellable_cancel(self->cancellable);
    else
        remove_job(self, job);
}

void rushes_export_queue_retry(RushesExportQueue *self, RushesExportJob *job)
{
    g_autoptr(GError) failure = NULL;

    if (job->state != RUSHES_EXPORT_FAILED)
        return;
    if (!keep(self, job, &failure)) {
        g_signal_emit_by_name(self, "notice", failure->message);
        return;
    }
    export_job_set_state(job, RUSHES_EXPORT_WAITING, NULL);
    pump(self);
}

void rushes_export_queue_recheck(RushesExportQueue *self)
{
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self)); i++) {
        g_autoptr(RushesExportJob) job = g_list_model_get_item(G_LIST_MODEL(self), i);
        g_autoptr(GError) failure = NULL;
        if (job->state == RUSHES_EXPORT_FAILED)
            continue;
        g_autoptr(RushesProject) project = rushes_project_open_state(job->project, job->film, NULL);
        if (!project || rushes_film_export_is_allowed(project, &job->request, NULL, &failure))
            continue; // a project that cannot be opened is told when its turn comes
        if (job != self->running) {
            fail_job(self, job, failure->message);
            continue;
        }
        g_free(self->refusal);
        self->refusal = g_strdup(failure->message);
        g_cancellable_cancel(self->cancellable);
    }
}

RushesExportJob *rushes_export_queue_get_running(RushesExportQueue *self)
{
    return self->running;
}

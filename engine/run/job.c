// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run/engine.h"

static char *copy_text(const char *text, bool *failed)
{
    char *copy = text ? strdup(text) : NULL;
    *failed |= text && !copy;
    return copy;
}

static void free_job(RshJob *job)
{
    while (job->first) {
        JobEvent *next = job->first->next;
        free(job->first);
        job->first = next;
    }
    free((char *)job->request.prompt);
    free((char *)job->request.negative_prompt);
    free((char *)job->request.sampler);
    free((char *)job->request.conditioning.video);
    free((char *)job->request.conditioning.audio);
    free(job->take);
    rsh_model_unref(job->model);
    free(job);
}

RshStatus rsh_job_start(RshModel *model, const RshRequest *request, const char *take,
                        RshWakeFn wake, void *wake_data, RshJob **out, RshError *error)
{
    RshEngine *engine = model->engine;
    bool failed = false;

    *out = NULL;
    RshStatus status = rsh_request_check(request, model, error);
    if (status != RSH_OK)
        return status;
    RshJob *job = calloc(1, sizeof(*job));
    if (!job)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory");
    job->engine = engine;
    job->model = rsh_model_ref(model);
    job->request = *request;
    job->request.prompt = copy_text(request->prompt, &failed);
    job->request.negative_prompt = copy_text(request->negative_prompt, &failed);
    job->request.sampler = copy_text(request->sampler, &failed);
    job->request.conditioning.video = copy_text(request->conditioning.video, &failed);
    job->request.conditioning.audio = copy_text(request->conditioning.audio, &failed);
    job->take = copy_text(take, &failed);
    job->wake = wake;
    job->wake_data = wake_data;
    atomic_init(&job->cancel, false);
    if (failed) {
        free_job(job);
        return error_set(error, RSH_ERROR_MEMORY, "out of memory");
    }

    pthread_mutex_lock(&engine->lock);
    RshJob **end = &engine->queue;
    while (*end)
        end = &(*end)->next;
    *end = job;
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->lock);
    *out = job;
    return RSH_OK;
}

void job_post(RshJob *job, const RshEvent *event)
{
    RshEngine *engine = job->engine;
    RshWakeFn wake = job->wake;
    void *wake_data = job->wake_data;
    // The end must not be lost for want of memory: it is kept in the job itself.
    JobEvent *posted = event->kind == RSH_EVENT_DONE ? &job->end : malloc(sizeof(*posted));

    if (!posted)
        return;
    *posted = (JobEvent){.event = *event};
    pthread_mutex_lock(&engine->lock);
    *(job->last ? &job->last->next : &job->first) = posted;
    job->last = posted;
    job->ended = event->kind == RSH_EVENT_DONE;
    pthread_cond_broadcast(&engine->changed);
    // Under the lock, so that rsh_job_close() returning means that no wake is still to come.
    if (wake)
        wake(wake_data);
    pthread_mutex_unlock(&engine->lock);
}

RshStatus rsh_job_poll(RshJob *job, RshEvent *out)
{
    pthread_mutex_lock(&job->engine->lock);
    JobEvent *event = job->first;
    if (event) {
        job->first = event->next;
        if (!job->first)
            job->last = NULL;
    }
    pthread_mutex_unlock(&job->engine->lock);
    if (!event)
        return RSH_AGAIN;
    *out = event->event;
    if (event != &job->end)
        free(event);
    return RSH_OK;
}

void rsh_job_cancel(RshJob *job)
{
    RshEngine *engine = job->engine;
    bool waiting = false;

    atomic_store(&job->cancel, true);
    // A job that has not begun ends at once instead of when its turn comes.
    pthread_mutex_lock(&engine->lock);
    for (RshJob **at = &engine->queue; *at; at = &(*at)->next) {
        if (*at == job) {
            *at = job->next;
            waiting = true;
            break;
        }
    }
    pthread_mutex_unlock(&engine->lock);
    if (waiting)
        job_post(job, &(RshEvent){.kind = RSH_EVENT_DONE, .status = RSH_CANCELLED});
}

void rsh_job_get_error(const RshJob *job, RshError *out)
{
    *out = job->error;
}

void rsh_job_get_result(const RshJob *job, RshResult *out)
{
    *out = job->result;
}

void rsh_job_close(RshJob **job)
{
    RshJob *self = *job;
    RshEvent dropped;

    *job = NULL;
    if (!self)
        return;
    rsh_job_cancel(self);
    pthread_mutex_lock(&self->engine->lock);
    while (!self->ended)
        pthread_cond_wait(&self->engine->changed, &self->engine->lock);
    pthread_mutex_unlock(&self->engine->lock);
    while (rsh_job_poll(self, &dropped) == RSH_OK)
        continue;
    free_job(self);
}

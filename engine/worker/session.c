// SPDX-License-Identifier: GPL-3.0-or-later
#include "worker/session.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "worker/events.h"
#include "worker/protocol.h"

enum { EXIT_QUIT = 0, EXIT_NO_DEVICE = 2, EXIT_DEVICE_LOST = 3, MODELS_HELD = 4 };

typedef struct HeldModel {
    char *folder;
    RshModel *model;
} HeldModel;

typedef struct SessionJob {
    uint32_t id;
    RshJob *job;
    ProtocolRequest asked; // the job's strings
    RshRequest request;    // with every default filled in; points into `asked` and the model
    RshModel *model;
    struct SessionJob *next;
} SessionJob;

typedef struct Session {
    const SessionOptions *options;
    RshEngine *engine;             // NULL until hello
    HeldModel models[MODELS_HELD]; // most recently used first
    SessionJob *jobs;
    int wake_fd; // an eventfd that the engine's thread writes
    char *line;
    size_t line_bytes, line_capacity;
    bool skipping; // the rest of a line that was too long
    bool ended;
    int status;
} Session;

static void wake(void *data)
{
    uint64_t one = 1;
    const int *fd = data;
    ssize_t ignored = write(*fd, &one, sizeof(one));
    (void)ignored; // full means that a wake is already waiting
}

static void end(Session *session, int status)
{
    session->ended = true;
    session->status = status;
}

// A folder as it is named, or an id looked for in the model folders. malloc'd.
static char *find_model(const Session *session, const char *name, RshError *error)
{
    char *folder = NULL;

    if (!*name) {
        error_set(
            error, RSH_ERROR_ARGUMENT,
            "the job names no model: \"model\" is an id that rushes models lists, or a folder");
        return NULL;
    }
    if (strlen(name) > 4000 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        error_set(error, RSH_ERROR_ARGUMENT, "the model has no name that can be looked for");
        return NULL;
    }
    if (strchr(name, '/'))
        return strdup(name);
    for (uint32_t i = 0; i < session->options->model_folder_count; i++) {
        char *file = NULL;
        if (asprintf(&folder, "%s/%s", session->options->model_folders[i], name) < 0 ||
            asprintf(&file, "%s/model.json", folder) < 0)
            return NULL;
        bool found = access(file, F_OK) == 0;
        free(file);
        if (found)
            return folder;
        free(folder);
    }
    error_set(error, RSH_ERROR_IO, "there is no model \"%.80s\": rushes models lists what is there",
              name);
    return NULL;
}

static RshStatus load_model(Session *session, const char *name, RshModel **out, RshError *error)
{
    HeldModel held = {0};
    uint32_t at = 0;

    held.folder = find_model(session, name, error);
    if (!held.folder)
        return error ? error->status : RSH_ERROR_IO;
    while (at < MODELS_HELD &&
           (!session->models[at].model || strcmp(session->models[at].folder, held.folder) != 0))
        at++;
    if (at < MODELS_HELD) {
        free(held.folder);
        held = session->models[at];
    } else {
        RshStatus status = rsh_model_load(session->engine, held.folder, &held.model, error);
        if (status != RSH_OK) {
            free(held.folder);
            return status;
        }
        at = MODELS_HELD - 1;
        rsh_model_unref(session->models[at].model);
        free(session->models[at].folder);
    }
    memmove(&session->models[1], &session->models[0], at * sizeof(held));
    session->models[0] = held;
    *out = held.model;
    return RSH_OK;
}

static uint32_t greatest_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// What the job says over what the model prefers.
static RshStatus fill_request(const ProtocolJob *job, const RshModel *model, RshRequest *out,
                              RshError *error)
{
    rsh_request_init(out, model);
    out->prompt = job->prompt;
    out->seed = job->seed;
    out->conditioning = job->conditioning;
    if (job->negative)
        out->negative_prompt = job->negative;
    if (job->width)
        out->width = job->width;
    if (job->height)
        out->height = job->height;
    if (job->frames)
        out->frames = job->frames;
    if (job->steps)
        out->steps = job->steps;
    if (job->guidance > 0.0)
        out->guidance = (float)job->guidance;
    if (job->audio_guidance > 0.0)
        out->audio_guidance = (float)job->audio_guidance;
    if (job->shift > 0.0)
        out->shift = (float)job->shift;
    if (job->sampler)
        out->sampler = job->sampler;
    if (job->fps > 0.0) {
        if (job->fps > 240.0 || job->fps < 0.01)
            return error_set(error, RSH_ERROR_ARGUMENT, "fps must be 0.01 to 240, not %g",
                             job->fps);
        uint32_t thousandths = (uint32_t)lround(job->fps * 1000.0);
        uint32_t common = greatest_divisor(thousandths, 1000);
        out->fps_num = thousandths / common;
        out->fps_den = 1000 / common;
    }
    return RSH_OK;
}

static void free_job(SessionJob *job)
{
    rsh_job_close(&job->job);
    protocol_request_clear(&job->asked);
    rsh_model_unref(job->model);
    free(job);
}

// Takes over `asked`.
static RshStatus start_job(Session *session, ProtocolRequest *asked, RshError *error)
{
    SessionJob *job = calloc(1, sizeof(*job));
    RshModel *model = NULL;

    if (!job)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory");
    job->id = asked->id;
    job->asked = *asked;
    *asked = (ProtocolRequest){.id = job->id};
    RshStatus status = load_model(session, job->asked.job.model, &model, error);
    if (status == RSH_OK) {
        job->model = rsh_model_ref(model);
        status = fill_request(&job->asked.job, model, &job->request, error);
    }
    job->request.previews = job->asked.previews;
    if (status == RSH_OK)
        status = rsh_job_start(model, &job->request, job->asked.take, wake, &session->wake_fd,
                               &job->job, error);
    if (status != RSH_OK) {
        free_job(job);
        return status;
    }
    SessionJob **last = &session->jobs;
    while (*last)
        last = &(*last)->next;
    *last = job;
    return RSH_OK;
}

static RshStatus estimate(Session *session, const ProtocolRequest *asked, RshError *error)
{
    RshModel *model = NULL;
    RshEstimate result;
    RshRequest request;

    RshStatus status = load_model(session, asked->job.model, &model, error);
    if (status == RSH_OK)
        status = fill_request(&asked->job, model, &request, error);
    if (status == RSH_OK)
        status = rsh_request_estimate(&request, model, &result, error);
    if (status == RSH_OK)
        events_estimate(asked->id, &result);
    return status;
}

static void cancel(Session *session, uint32_t target)
{
    for (SessionJob *job = session->jobs; job; job = job->next)
        if (job->id == target)
            rsh_job_cancel(job->job);
}

// Answers one request; FALSE statuses become one error event.
static RshStatus answer(Session *session, ProtocolRequest *asked, const char **code,
                        RshError *error)
{
    RshModel *model = NULL;
    uint32_t count = 0;
    RshStatus status = RSH_OK;

    if (!session->engine && asked->kind != REQUEST_HELLO && asked->kind != REQUEST_QUIT) {
        *code = "request";
        return error_set(error, RSH_ERROR_ARGUMENT, "the first request must be \"hello\"");
    }
    switch (asked->kind) {
    case REQUEST_HELLO:
        if (asked->protocol != PROTOCOL_VERSION) {
            *code = "protocol";
            return error_set(error, RSH_ERROR_ARGUMENT,
                             "this worker speaks version %d of the protocol, not %u",
                             PROTOCOL_VERSION, asked->protocol);
        }
        if (!session->engine)
            status = rsh_engine_open(&session->options->engine, &session->engine, error);
        if (status == RSH_OK)
            events_ready(asked->id, session->engine);
        else
            end(session, EXIT_NO_DEVICE);
        return status;
    case REQUEST_LOAD:
        status = load_model(session, asked->model, &model, error);
        if (status == RSH_OK)
            events_loaded(asked->id, model);
        return status;
    case REQUEST_ESTIMATE:
        return estimate(session, asked, error);
    case REQUEST_GENERATE:
        return start_job(session, asked, error);
    case REQUEST_CANCEL:
        cancel(session, asked->target);
        return RSH_OK;
    case REQUEST_TOKENIZE:
        status = load_model(session, asked->model, &model, error);
        if (status == RSH_OK)
            status = rsh_model_count_tokens(model, asked->text, &count, error);
        if (status == RSH_OK)
            events_tokens(asked->id, count, rsh_model_get_info(model)->max_tokens);
        return status;
    case REQUEST_QUIT:
        end(session, EXIT_QUIT);
        return RSH_OK;
    }
    return RSH_OK;
}

static void take_line(Session *session, const char *line, size_t bytes)
{
    ProtocolRequest asked;
    RshError error = {0};
    const char *code = NULL;

    RshStatus status = protocol_parse(line, bytes, &asked, &error);
    if (status != RSH_OK)
        code = "request";
    else
        status = answer(session, &asked, &code, &error);
    if (status != RSH_OK)
        events_error(asked.id, code, &error);
    if (status == RSH_ERROR_DEVICE && session->engine)
        end(session, EXIT_DEVICE_LOST);
    protocol_request_clear(&asked);
}

static void refuse_long_line(void)
{
    RshError error;
    error_set(&error, RSH_ERROR_ARGUMENT, "the line is longer than %d bytes", PROTOCOL_LINE_BYTES);
    events_error(0, "request", &error);
}

static void read_input(Session *session)
{
    if (session->line_capacity - session->line_bytes < 65536) {
        size_t capacity = session->line_capacity ? session->line_capacity * 2 : 131072;
        char *grown = realloc(session->line, capacity);
        if (!grown) {
            end(session, EXIT_QUIT);
            return;
        }
        session->line = grown;
        session->line_capacity = capacity;
    }
    ssize_t got = read(session->options->input, session->line + session->line_bytes, 65536);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        end(session, EXIT_QUIT); // the client has gone
        return;
    }

    size_t start = 0;
    session->line_bytes += (size_t)got;
    while (!session->ended) {
        char *newline = memchr(session->line + start, '\n', session->line_bytes - start);
        if (!newline)
            break;
        size_t bytes = (size_t)(newline - (session->line + start));
        if (!session->skipping)
            take_line(session, session->line + start, bytes);
        session->skipping = false;
        start += bytes + 1;
    }
    session->line_bytes -= start;
    memmove(session->line, session->line + start, session->line_bytes);
    if (session->line_bytes > PROTOCOL_LINE_BYTES) {
        if (!session->skipping)
            refuse_long_line();
        session->skipping = true;
    }
    if (session->skipping)
        session->line_bytes = 0;
}

// True when the job has ended.
static bool pass_events(Session *session, SessionJob *job)
{
    RshEvent event;
    RshResult result;
    RshError error;

    while (rsh_job_poll(job->job, &event) == RSH_OK) {
        if (event.kind == RSH_EVENT_ACCEPTED) {
            events_accepted(job->id, job->asked.job.model, &job->request, event.step);
        } else if (event.kind != RSH_EVENT_DONE) {
            events_job(job->id, &event);
        } else {
            if (event.status == RSH_OK) {
                rsh_job_get_result(job->job, &result);
                events_done(job->id, session->engine, &result);
            } else if (event.status == RSH_CANCELLED) {
                events_cancelled(job->id, event.step);
            } else {
                rsh_job_get_error(job->job, &error);
                events_error(job->id, NULL, &error);
            }
            if (event.status == RSH_ERROR_DEVICE)
                end(session, EXIT_DEVICE_LOST);
            return true;
        }
    }
    return false;
}

static void pass_all_events(Session *session)
{
    uint64_t count;
    ssize_t ignored = read(session->wake_fd, &count, sizeof(count));
    (void)ignored; // before polling, so that a later wake is not lost

    for (SessionJob **at = &session->jobs; *at;) {
        SessionJob *job = *at;
        if (pass_events(session, job)) {
            *at = job->next;
            free_job(job);
        } else {
            at = &job->next;
        }
    }
}

static int open_signals(const SessionOptions *options)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    if (options->ignore_interrupt)
        signal(SIGINT, SIG_IGN);
    else
        sigaddset(&signals, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a file-size limit is a full disk, which is reported
    // Before any thread starts, so that none of them is ended by what this one waits for.
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void close_session(Session *session)
{
    for (SessionJob *job = session->jobs; job; job = job->next)
        rsh_job_cancel(job->job); // all at once, so that none starts
    while (session->jobs) {
        SessionJob *next = session->jobs->next;
        // Nobody may be reading any more, but a client that asked to quit hears how its jobs end.
        while (!pass_events(session, session->jobs))
            poll(&(struct pollfd){.fd = session->wake_fd, .events = POLLIN}, 1, 50);
        free_job(session->jobs);
        session->jobs = next;
    }
    for (int i = 0; i < MODELS_HELD; i++) {
        rsh_model_unref(session->models[i].model);
        free(session->models[i].folder);
    }
    rsh_engine_close(&session->engine);
    free(session->line);
}

int session_run(const SessionOptions *options)
{
    Session session = {.options = options};
    int signal_fd = open_signals(options);

    session.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signal_fd < 0 || session.wake_fd < 0) {
        fprintf(stderr, "rushes-engine: %s\n", strerror(errno));
        return 1;
    }
    events_open(options->output);
    while (!session.ended && events_are_heard()) {
        struct pollfd wait[] = {{.fd = options->input, .events = POLLIN},
                                {.fd = session.wake_fd, .events = POLLIN},
                                {.fd = signal_fd, .events = POLLIN}};
        if (poll(wait, 3, -1) < 0 && errno != EINTR)
            break;
        if (wait[2].revents)
            end(&session, EXIT_QUIT);
        if (wait[1].revents)
            pass_all_events(&session);
        if (wait[0].revents && !session.ended)
            read_input(&session);
    }
    if (session.status == EXIT_DEVICE_LOST)
        _exit(EXIT_DEVICE_LOST); // a lost device may never come back from its teardown
    close_session(&session);
    close(session.wake_fd);
    close(signal_fd);
    return session.status;
}

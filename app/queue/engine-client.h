// SPDX-License-Identifier: GPL-3.0-or-later
//
// engine-client.h - the worker program as the studio and the headless commands see it: requests go
// in, typed events come back on the main context that was the thread's default at start.
// docs/protocol.md is the contract; nobody else reads or writes its lines.
//
// Flow      new, start, then any number of requests. Every request gets its events through the
//           function given with it, the last one marked `last`, exactly once: a worker that crashes
//           or breaks the protocol ends every open request with an ERROR event whose code is
//           "worker" and then emits "ended". After "ended" start may be called again: the same job
//           into the same take folder goes on where it stopped.
// Signals   "ready" (event): the device is open. "ended" (int status): the worker is gone; status is
//           its exit status, or 128 + signal. "log" (event).
// Threads   one thread uses a client: the one whose main context runs it.
#pragma once
#include <cjson/cJSON.h>
#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum RushesEngineEventKind {
    RUSHES_ENGINE_READY,
    RUSHES_ENGINE_LOADED,
    RUSHES_ENGINE_TOKENS,
    RUSHES_ENGINE_ESTIMATE,
    RUSHES_ENGINE_ACCEPTED,
    RUSHES_ENGINE_PROGRESS,
    RUSHES_ENGINE_PREVIEW,
    RUSHES_ENGINE_FRAME,
    RUSHES_ENGINE_AUDIO,
    RUSHES_ENGINE_DONE,
    RUSHES_ENGINE_CANCELLED,
    RUSHES_ENGINE_ERROR,
    RUSHES_ENGINE_LOG,
} RushesEngineEventKind;

// Only the fields of the event's own kind are set, the others are 0 or NULL; `fields` has the whole
// line. Everything belongs to the client and lives as long as the call.
typedef struct RushesEngineEvent {
    RushesEngineEventKind kind;
    guint id;      // of the request; 0 when about none
    gboolean last; // the request ends with this event

    const char *stage; // PROGRESS: "load", "text", "denoise", "decode", "audio"
    guint step, of;    // PROGRESS; PREVIEW has step; CANCELLED has the last finished step
    double fraction;   // PROGRESS: of the whole job, 0 to 1, never falling
    double eta_s;      // PROGRESS: seconds to the end of the job; negative while unknown
    // Seconds of building kernels. PROGRESS: so far in this job, still to come, of these in this stage; ESTIMATE:
    // in all (build_left_s).
    double built_s, build_left_s, build_stage_s;

    const char *file; // PREVIEW: name in the take's folder
    guint width, height, frames;
    guint index;                      // FRAME: frames 0..index can be read
    guint64 samples;                  // AUDIO, DONE
    guint rate;                       // AUDIO, DONE: samples a second
    guint channels;                   // AUDIO
    double seconds;                   // ESTIMATE, DONE
    gboolean rough, measuring;        // ESTIMATE: see docs/protocol.md
    gboolean fits;                    // ESTIMATE
    guint64 device_bytes, host_bytes; // ESTIMATE
    guint count, limit;               // TOKENS
    guint resumed_step;               // ACCEPTED

    const char *code; // ERROR: see docs/protocol.md; also "worker" and "no_device"
    const char *what; // ERROR: one sentence; LOG: the line
    const char *hint; // ERROR: one sentence, may be empty
    const cJSON *fields;
} RushesEngineEvent;

#define RUSHES_TYPE_ENGINE_CLIENT (rushes_engine_client_get_type())
G_DECLARE_FINAL_TYPE(RushesEngineClient, rushes_engine_client, RUSHES, ENGINE_CLIENT, GObject)

typedef void (*RushesEngineFunc)(RushesEngineClient *client, const RushesEngineEvent *event,
                                 gpointer data);

// All may be NULL or FALSE.
typedef struct RushesEngineOptions {
    const char *device; // part of a device name, or its number
    const char *caps;   // capability mask, "-fp16,-coopmat"
    gboolean verbose;   // the worker's own log reaches our standard error
    gboolean validate;  // Vulkan validation layers
} RushesEngineOptions;

RushesEngineClient *rushes_engine_client_new(void);

// Starts the worker and sends hello; "ready" or "ended" follows. FALSE when it cannot be started.
gboolean rushes_engine_client_start(RushesEngineClient *self, const RushesEngineOptions *options,
                                    GError **error);
// Asks the worker to quit; it is killed if it has not gone three seconds later. "ended" follows.
void rushes_engine_client_stop(RushesEngineClient *self);
gboolean rushes_engine_client_is_running(RushesEngineClient *self);
GPid rushes_engine_client_get_pid(RushesEngineClient *self); // 0 when none runs
// The READY event's fields, or NULL before it; owned by the client.
const cJSON *rushes_engine_client_get_ready(RushesEngineClient *self);

// Requests. Each returns the id that its events carry. `func` may be NULL; `data` must stay valid
// until the last event, or until rushes_engine_client_forget(). Sent while no worker runs, they end
// with ERROR from an idle callback.
guint rushes_engine_client_load(RushesEngineClient *self, const char *model, RushesEngineFunc func,
                                gpointer data);
guint rushes_engine_client_estimate(RushesEngineClient *self, const cJSON *job,
                                    RushesEngineFunc func, gpointer data);
guint rushes_engine_client_tokenize(RushesEngineClient *self, const char *model, const char *text,
                                    RushesEngineFunc func, gpointer data);
// `take` is a folder that exists; the worker writes into it.
guint rushes_engine_client_generate(RushesEngineClient *self, const cJSON *job, const char *take,
                                    gboolean previews, RushesEngineFunc func, gpointer data);
// The job's own last event (CANCELLED) says when it has taken effect.
void rushes_engine_client_cancel(RushesEngineClient *self, guint target);
// No event of this request is delivered any more; the request itself goes on.
void rushes_engine_client_forget(RushesEngineClient *self, guint id);

G_END_DECLS

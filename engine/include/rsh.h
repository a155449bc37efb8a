// SPDX-License-Identifier: GPL-3.0-or-later
//
// rsh.h - the whole engine as its users see it: the worker program and the API tests. Nothing else
// under engine/ may be included from outside engine/ and tests/.
//
// Flow      request -> job -> files in a take's folder, announced by events. Data only ever moves
//           towards the caller; the one message that travels the other way is rsh_job_cancel().
// Ownership *_open, *_load, *_start and *_ref hand out a reference. *_close takes the address of
//           the handle, cancels and waits for what is running, and stores NULL. Closing NULL is a
//           no-op. Close an engine's jobs and models before the engine.
// Threads   An RshModel is immutable and may be shared. One job is polled by one thread. RshWakeFn
//           and RshLogFn may run on the engine's own thread and must not call any rsh_ function.
// Units     sizes in pixels, times in seconds, memory in bytes, unless a name says otherwise.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RSH_API      __attribute__((visibility("default")))
#define RSH_MUST_USE __attribute__((warn_unused_result))

typedef struct RshEngine RshEngine; // one device, its pipelines and the thread that runs jobs
typedef struct RshModel RshModel;   // weights and tokenizer; immutable, counted
typedef struct RshJob RshJob;       // one generation

typedef enum RshStatus {
    RSH_OK = 0,
    RSH_AGAIN,           // nothing yet; not an error
    RSH_CANCELLED,       // the caller asked for it
    RSH_ERROR_ARGUMENT,  // the caller broke a documented rule
    RSH_ERROR_IO,        // a file could not be read or written
    RSH_ERROR_FORMAT,    // a file was read and is not a model this engine runs
    RSH_ERROR_DEVICE,    // no usable GPU, or the GPU was lost
    RSH_ERROR_MEMORY,    // host or device memory is short
    RSH_ERROR_DISK_FULL, // the take's folder has no room left
} RshStatus;

// Filled on every failure, untouched on success. `text` is one sentence for a person, with the
// file, tensor or limit concerned. Every function that takes one accepts NULL.
typedef struct RshError {
    RshStatus status;
    char text[248];
} RshError;

typedef enum RshLogLevel { RSH_LOG_ERROR, RSH_LOG_WARN, RSH_LOG_INFO, RSH_LOG_DEBUG } RshLogLevel;
typedef void (*RshLogFn)(void *data, RshLogLevel level, const char *line);
typedef void (*RshWakeFn)(void *data);

typedef struct RshDeviceInfo {
    char name[128];
    uint64_t memory_bytes;  // largest device-local heap
    uint32_t subgroup_size; // invocations
    bool software;          // a CPU implementation, such as lavapipe
    bool has_fp16;          // arithmetic, not only storage
} RshDeviceInfo;

// Zero and NULL mean the default.
typedef struct RshEngineOptions {
    const char *device;     // part of a device name, or its number; NULL picks the best one
    const char *caps_mask;  // "-fp16,-coopmat": capabilities to do without
    const char *cache_dir;  // pipelines, file hashes, timings; NULL keeps them in memory
    uint64_t memory_budget; // bytes; 0 leaves one eighth of the heap free
    bool validate;          // Vulkan validation layers, if installed
    RshLogFn log;           // may be called from the engine's thread; NULL is silent
    void *log_data;
} RshEngineOptions;

typedef struct RshModelInfo {
    char id[64], name[128], family[32], licence[64];
    uint64_t weight_bytes;
    bool has_audio;           // it makes sound
    bool has_image;           // it can go on from given frames
    uint32_t size_multiple;   // width and height must be multiples of this
    uint32_t frames_multiple; // frames must be 1 + a multiple of this
    uint32_t max_frames;      // in one clip
    uint32_t max_tokens;      // of a prompt, end mark included; what is longer is cut
    uint32_t sample_rate;     // of its sound; 0 without
    uint32_t sizes[16][2];    // {width, height} it was trained on
    uint32_t size_count;
} RshModelInfo;

typedef enum RshConditioningKind {
    RSH_FROM_NOTHING,
    RSH_FROM_IMAGE,
    RSH_FROM_CLIP
} RshConditioningKind;

// How a clip starts. Files are names inside the take's folder: packed RGB, 8 bits each, at the
// request's size, and f32 mono samples at the model's rate.
typedef struct RshConditioning {
    RshConditioningKind kind;
    const char *video;
    uint32_t frames;   // 1 for an image, 1 + a multiple of frames_multiple for a clip
    const char *audio; // NULL without sound
    uint64_t samples;
} RshConditioning;

typedef struct RshRequest {
    const char *prompt;          // UTF-8, 1 to RSH_MAX_PROMPT_BYTES
    const char *negative_prompt; // UTF-8, may be empty
    uint64_t seed;               // the same seed, model and device give the same bits
    uint32_t width, height;
    uint32_t frames;
    uint32_t fps_num, fps_den;      // frames a second; a model with sound takes only its own
    uint32_t steps;                 // 1 to RSH_MAX_STEPS
    float guidance, audio_guidance; // 1 turns it off
    float shift;
    const char *sampler; // "euler", "unipc", "dpmpp"
    RshConditioning conditioning;
    bool previews;
} RshRequest;

#define RSH_MAX_PROMPT_BYTES 16384
#define RSH_MAX_STEPS        200
#define RSH_MAX_SIDE         4096

typedef struct RshEstimate {
    uint64_t device_bytes; // peak, from the memory planner; nothing is allocated
    uint64_t host_bytes;
    double seconds; // from earlier runs on this device, else `rough`; negative while unknown
    bool
        rough; // no run has told yet: from the speed of a product and what its kernel took to build
    bool measuring; // which is being measured: ask again
    // Of building kernels that no job on this device has used yet, as far as it can be told; counts once.
    double build_seconds;
    bool fits;
    // When it does not fit: the largest request of the same shape or length that does; 0 when none.
    uint32_t fit_width, fit_height, fit_frames;
} RshEstimate;

typedef enum RshStage {
    RSH_STAGE_LOAD,
    RSH_STAGE_TEXT,
    RSH_STAGE_DENOISE,
    RSH_STAGE_DECODE,
    RSH_STAGE_AUDIO,
} RshStage;

typedef enum RshEventKind {
    RSH_EVENT_ACCEPTED, // the request and the take were checked; `step` is where it goes on
    RSH_EVENT_PROGRESS,
    RSH_EVENT_PREVIEW, // preview.rgb was replaced
    RSH_EVENT_FRAME,   // frames.rgb holds frames 0..index
    RSH_EVENT_AUDIO,   // audio.f32 holds `samples`
    RSH_EVENT_DONE,    // always the last event of a job
} RshEventKind;

typedef struct RshEvent {
    RshEventKind kind;
    RshStage stage;    // PROGRESS
    uint32_t step, of; // ACCEPTED, PROGRESS, PREVIEW; DONE: the last finished step
    double fraction;   // PROGRESS: of the whole job, never falling
    double eta_s;      // PROGRESS: to the end of the job; negative while unknown
    // PROGRESS: building kernels has taken so many seconds in this job, will still take so many to its end, and so
    // many of these before this stage's next steps are done.
    double built_s, build_left_s, build_stage_s;
    uint32_t width, height, frames; // PREVIEW
    uint32_t index;                 // FRAME
    uint64_t samples;               // AUDIO
    uint32_t rate, channels;        // AUDIO
    RshStatus status;               // DONE
} RshEvent;

#define RSH_MAX_COMPONENTS 9 // model.json and the eight kinds of component
typedef struct RshResult {
    uint32_t frames;
    uint64_t samples;
    uint32_t rate;
    double seconds;                      // wall clock of this run
    uint64_t peak_bytes, forecast_bytes; // device memory
    uint32_t component_count;
    struct {
        char name[32], sha256[65];
    } components[RSH_MAX_COMPONENTS];
    char frames_sha256[65], audio_sha256[65]; // of the take's files; empty without such a file
} RshResult;

// Library
RSH_API const char *rsh_version(void);
RSH_API const char *rsh_status_name(RshStatus status); // as docs/protocol.md spells the codes
RSH_API const char *rsh_stage_name(RshStage stage);

// Devices and the engine. Listing opens nothing. Opening is slow.
RSH_API size_t rsh_device_list(RshDeviceInfo *out, size_t capacity);
RSH_API RSH_MUST_USE RshStatus rsh_engine_open(const RshEngineOptions *options, RshEngine **out,
                                               RshError *error);
RSH_API void rsh_engine_close(RshEngine **engine);
RSH_API const RshDeviceInfo *rsh_engine_get_device(const RshEngine *engine);
RSH_API const char *rsh_engine_get_driver(const RshEngine *engine); // name and version

// Models: a folder with model.json. Loading reads headers only.
RSH_API RSH_MUST_USE RshStatus rsh_model_load(RshEngine *engine, const char *folder, RshModel **out,
                                              RshError *error);
RSH_API RshModel *rsh_model_ref(RshModel *model);
RSH_API void rsh_model_unref(RshModel *model);
RSH_API const RshModelInfo *rsh_model_get_info(const RshModel *model);

// Prompts: how many tokens the text takes, end mark included.
RSH_API RSH_MUST_USE RshStatus rsh_model_count_tokens(const RshModel *model, const char *text,
                                                      uint32_t *count, RshError *error);

// Requests. Init writes the model's defaults and an empty prompt; check says what start would
// refuse, and why. Both and estimate may be called while a job runs.
RSH_API void rsh_request_init(RshRequest *request, const RshModel *model);
RSH_API RSH_MUST_USE RshStatus rsh_request_check(const RshRequest *request, const RshModel *model,
                                                 RshError *error);
RSH_API RSH_MUST_USE RshStatus rsh_request_estimate(const RshRequest *request, RshModel *model,
                                                    RshEstimate *out, RshError *error);

// Jobs. Jobs of one engine run one after another. `take` is a folder that exists; docs/protocol.md
// section 3 says what is written there and how a job resumes. The request is copied. `wake` says
// only that poll has something.
RSH_API RSH_MUST_USE RshStatus rsh_job_start(RshModel *model, const RshRequest *request,
                                             const char *take, RshWakeFn wake, void *wake_data,
                                             RshJob **out, RshError *error);
RSH_API RshStatus rsh_job_poll(RshJob *job, RshEvent *out);         // RSH_OK or RSH_AGAIN
RSH_API void rsh_job_cancel(RshJob *job);                           // returns at once; DONE follows
RSH_API void rsh_job_get_error(const RshJob *job, RshError *out);   // after DONE
RSH_API void rsh_job_get_result(const RshJob *job, RshResult *out); // after DONE with RSH_OK
RSH_API void rsh_job_close(RshJob **job);

#ifdef __cplusplus
}
#endif

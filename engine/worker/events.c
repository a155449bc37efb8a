// SPDX-License-Identifier: GPL-3.0-or-later
#include "worker/events.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/utf8.h"
#include "worker/protocol.h"

// One process has one listener: the only state of the worker that is not in its session.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int output = -1;
static atomic_bool gone;

void events_open(int fd)
{
    output = fd;
}

bool events_are_heard(void)
{
    return !atomic_load(&gone);
}

static cJSON *begin(const char *name, uint32_t id)
{
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "event", name);
    if (id)
        cJSON_AddNumberToObject(event, "id", id);
    return event;
}

static void send(cJSON *event)
{
    char *line = cJSON_PrintUnformatted(event);
    size_t left = line ? strlen(line) : 0;
    const char *from = line;

    cJSON_Delete(event);
    if (!line)
        return;
    line[left++] = '\n'; // in place of the NUL: the length is known
    pthread_mutex_lock(&lock);
    while (left > 0 && !atomic_load(&gone)) {
        ssize_t part = write(output, from, left);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0) {
            atomic_store(&gone, true);
            break;
        }
        from += part;
        left -= (size_t)part;
    }
    pthread_mutex_unlock(&lock);
    cJSON_free(line);
}

static void add_number(cJSON *event, const char *key, double value)
{
    cJSON_AddNumberToObject(event, key, value);
}

void events_ready(uint32_t id, const RshEngine *engine)
{
    const RshDeviceInfo *info = rsh_engine_get_device(engine);
    cJSON *event = begin("ready", id);

    add_number(event, "protocol", PROTOCOL_VERSION);
    cJSON_AddStringToObject(event, "engine", rsh_version());
    cJSON *device = cJSON_AddObjectToObject(event, "device");
    cJSON_AddStringToObject(device, "name", info->name);
    cJSON_AddStringToObject(device, "driver", rsh_engine_get_driver(engine));
    cJSON_AddBoolToObject(device, "software", info->software);
    add_number(device, "memory_bytes", (double)info->memory_bytes);
    send(event);
}

static void add_request(cJSON *job, const RshRequest *request)
{
    char seed[24];

    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)request->seed);
    cJSON_AddStringToObject(job, "prompt", request->prompt);
    cJSON_AddStringToObject(job, "negative", request->negative_prompt);
    cJSON_AddStringToObject(job, "seed", seed);
    add_number(job, "width", request->width);
    add_number(job, "height", request->height);
    add_number(job, "frames", request->frames);
    add_number(job, "fps", (double)request->fps_num / request->fps_den);
    add_number(job, "steps", request->steps);
    // Through the decimals a person wrote: 4.2f printed as a double would be 4.1999998.
    const struct {
        const char *key;
        float value;
    } reals[] = {{"guidance", request->guidance},
                 {"audio_guidance", request->audio_guidance},
                 {"shift", request->shift}};
    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        char text[32];
        snprintf(text, sizeof(text), "%.7g", (double)reals[i].value);
        add_number(job, reals[i].key, strtod(text, NULL));
    }
    cJSON_AddStringToObject(job, "sampler", request->sampler);
    if (request->conditioning.kind == RSH_FROM_NOTHING)
        return;
    const RshConditioning *from = &request->conditioning;
    cJSON *conditioning = cJSON_AddObjectToObject(job, "conditioning");
    cJSON_AddStringToObject(conditioning, "kind",
                            from->kind == RSH_FROM_IMAGE ? "image" : "extend");
    cJSON_AddStringToObject(conditioning, "video", from->video);
    add_number(conditioning, "frames", from->frames);
    if (from->audio) {
        cJSON_AddStringToObject(conditioning, "audio", from->audio);
        add_number(conditioning, "samples", (double)from->samples);
    }
}

void events_loaded(uint32_t id, const RshModel *model)
{
    const RshModelInfo *info = rsh_model_get_info(model);
    cJSON *event = begin("loaded", id), *object = cJSON_AddObjectToObject(event, "model");
    RshRequest defaults;

    rsh_request_init(&defaults, model);
    cJSON_AddStringToObject(object, "id", info->id);
    cJSON_AddStringToObject(object, "name", info->name);
    cJSON_AddStringToObject(object, "family", info->family);
    cJSON_AddStringToObject(object, "licence", info->licence);
    cJSON *sizes = cJSON_AddArrayToObject(object, "sizes");
    for (uint32_t i = 0; i < info->size_count; i++) {
        int pair[2] = {(int)info->sizes[i][0], (int)info->sizes[i][1]};
        cJSON_AddItemToArray(sizes, cJSON_CreateIntArray(pair, 2));
    }
    add_number(object, "frames", defaults.frames);
    add_number(object, "fps", (double)defaults.fps_num / defaults.fps_den);
    add_number(object, "size_multiple", info->size_multiple);
    add_number(object, "frames_multiple", info->frames_multiple);
    add_number(object, "max_frames", info->max_frames);
    add_number(object, "max_tokens", info->max_tokens);
    add_number(object, "sample_rate", info->sample_rate);
    add_number(object, "weight_bytes", (double)info->weight_bytes);
    cJSON_AddBoolToObject(object, "audio", info->has_audio);
    cJSON_AddBoolToObject(object, "image", info->has_image);
    add_request(cJSON_AddObjectToObject(object, "defaults"), &defaults);
    send(event);
}

void events_tokens(uint32_t id, uint32_t count, uint32_t limit)
{
    cJSON *event = begin("tokens", id);
    add_number(event, "count", count);
    add_number(event, "limit", limit);
    send(event);
}

void events_estimate(uint32_t id, const RshEstimate *estimate)
{
    cJSON *event = begin("estimate", id);

    add_number(event, "device_bytes", (double)estimate->device_bytes);
    add_number(event, "host_bytes", (double)estimate->host_bytes);
    add_number(event, "seconds", estimate->seconds);
    if (estimate->rough)
        cJSON_AddBoolToObject(event, "rough", true);
    if (estimate->measuring)
        cJSON_AddBoolToObject(event, "measuring", true);
    add_number(event, "build_s", estimate->build_seconds);
    cJSON_AddBoolToObject(event, "fits", estimate->fits);
    if (estimate->fit_frames > 0) {
        cJSON *fit = cJSON_AddObjectToObject(event, "what_would_fit");
        add_number(fit, "width", estimate->fit_width);
        add_number(fit, "height", estimate->fit_height);
        add_number(fit, "frames", estimate->fit_frames);
    }
    send(event);
}

void events_accepted(uint32_t id, const char *model, const RshRequest *request, uint32_t resumed)
{
    cJSON *event = begin("accepted", id), *job = cJSON_AddObjectToObject(event, "job");

    add_number(job, "version", 1);
    cJSON_AddStringToObject(job, "model", model);
    add_request(job, request);
    add_number(event, "resumed_step", resumed);
    send(event);
}

void events_job(uint32_t id, const RshEvent *from)
{
    cJSON *event = NULL;

    switch (from->kind) {
    case RSH_EVENT_PROGRESS:
        event = begin("progress", id);
        cJSON_AddStringToObject(event, "stage", rsh_stage_name(from->stage));
        add_number(event, "step", from->step);
        add_number(event, "of", from->of);
        add_number(event, "fraction", from->fraction);
        add_number(event, "eta_s", from->eta_s);
        add_number(event, "built_s", from->built_s);
        add_number(event, "build_left_s", from->build_left_s);
        add_number(event, "build_stage_s", from->build_stage_s);
        break;
    case RSH_EVENT_PREVIEW:
        event = begin("preview", id);
        cJSON_AddStringToObject(event, "file", "preview.rgb");
        add_number(event, "width", from->width);
        add_number(event, "height", from->height);
        add_number(event, "frames", from->frames);
        add_number(event, "step", from->step);
        break;
    case RSH_EVENT_FRAME:
        event = begin("frame", id);
        add_number(event, "index", from->index);
        break;
    case RSH_EVENT_AUDIO:
        event = begin("audio", id);
        add_number(event, "samples", (double)from->samples);
        add_number(event, "rate", from->rate);
        add_number(event, "channels", from->channels);
        break;
    case RSH_EVENT_ACCEPTED:
    case RSH_EVENT_DONE:
        return; // they need more than the event: events_accepted(), events_done() and others
    }
    send(event);
}

void events_done(uint32_t id, const RshEngine *engine, const RshResult *result)
{
    cJSON *event = begin("done", id);

    add_number(event, "frames", result->frames);
    add_number(event, "samples", (double)result->samples);
    add_number(event, "rate", result->rate);
    add_number(event, "seconds", result->seconds);
    cJSON *hashes = cJSON_AddObjectToObject(event, "hashes");
    for (uint32_t i = 0; i < result->component_count; i++)
        cJSON_AddStringToObject(hashes, result->components[i].name, result->components[i].sha256);
    cJSON *files = cJSON_AddObjectToObject(event, "files");
    if (result->frames_sha256[0])
        cJSON_AddStringToObject(files, "frames.rgb", result->frames_sha256);
    if (result->audio_sha256[0])
        cJSON_AddStringToObject(files, "audio.f32", result->audio_sha256);
    cJSON_AddStringToObject(event, "device", rsh_engine_get_device(engine)->name);
    cJSON_AddStringToObject(event, "driver", rsh_engine_get_driver(engine));
    cJSON_AddStringToObject(event, "engine", rsh_version());
    add_number(event, "peak_bytes", (double)result->peak_bytes);
    add_number(event, "forecast_bytes", (double)result->forecast_bytes);
    send(event);
}

void events_cancelled(uint32_t id, uint32_t step)
{
    cJSON *event = begin("cancelled", id);
    add_number(event, "step", step);
    send(event);
}

static const char *hint_for(RshStatus status)
{
    switch (status) {
    case RSH_ERROR_ARGUMENT:
        return "Change the job and send it again.";
    case RSH_ERROR_IO:
        return "Check that the file is there and that the folder can be written.";
    case RSH_ERROR_FORMAT:
        return "Get the model's files again: they are damaged, or not a model that Rushes runs.";
    case RSH_ERROR_DEVICE:
        return "Start the job again: it goes on from its last finished step.";
    case RSH_ERROR_MEMORY:
        return "Choose a smaller size or a shorter clip.";
    case RSH_ERROR_DISK_FULL:
        return "Make room and start the job again: it goes on from its last finished step.";
    case RSH_OK:
    case RSH_AGAIN:
    case RSH_CANCELLED:
        break;
    }
    return "";
}

void events_error(uint32_t id, const char *code, const RshError *error)
{
    char sentence[sizeof(error->text) + 2];
    size_t length = strnlen(error->text, sizeof(error->text) - 1);

    memcpy(sentence, error->text, length);
    // A message that was cut may end within a character, and its path may be no UTF-8.
    while (length > 0 && !utf8_is_valid(sentence, length))
        length--;
    size_t word = 0;
    while (word < length && isalpha((unsigned char)sentence[word]))
        word++;
    if (word > 0 && word < length && (sentence[word] == ' ' || sentence[word] == ','))
        sentence[0] = (char)toupper((unsigned char)sentence[0]);
    if (length > 0 && sentence[length - 1] != '.')
        sentence[length++] = '.';
    sentence[length] = '\0';

    cJSON *event = begin("error", id);
    cJSON_AddStringToObject(event, "code", code ? code : rsh_status_name(error->status));
    cJSON_AddStringToObject(event, "what", sentence);
    cJSON_AddStringToObject(event, "hint",
                            code ? "Send a line that docs/protocol.md describes."
                                 : hint_for(error->status));
    send(event);
}

void events_log(RshLogLevel level, const char *line)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    cJSON *event = begin("log", 0);

    cJSON_AddStringToObject(event, "level", names[level]);
    cJSON_AddStringToObject(event, "line", utf8_is_valid(line, strlen(line)) ? line : "?");
    send(event);
}

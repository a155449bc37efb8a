// SPDX-License-Identifier: GPL-3.0-or-later
#include "worker/protocol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/utf8.h"

static const char *const kind_names[] = {
    [REQUEST_HELLO] = "hello",       [REQUEST_LOAD] = "load",     [REQUEST_ESTIMATE] = "estimate",
    [REQUEST_GENERATE] = "generate", [REQUEST_CANCEL] = "cancel", [REQUEST_TOKENIZE] = "tokenize",
    [REQUEST_QUIT] = "quit",
};

enum { KIND_COUNT = sizeof(kind_names) / sizeof(kind_names[0]) };

typedef enum Need { OPTIONAL, REQUIRED } Need;

// cJSON ends a string at an escaped NUL, which would let two readers see two different jobs.
static bool has_escaped_nul(const char *line, size_t bytes)
{
    for (size_t i = 0; i + 1 < bytes; i++) {
        if (line[i] != '\\')
            continue;
        if (i + 6 <= bytes && memcmp(line + i, "\\u0000", 6) == 0)
            return true;
        i++; // the escaped character, which may be a backslash
    }
    return false;
}

static bool get_string(const cJSON *object, const char *key, Need need, const char **out,
                       RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    if (!item && need == OPTIONAL)
        return true;
    if (!cJSON_IsString(item)) {
        error_set(error, RSH_ERROR_ARGUMENT, "\"%s\" is %s; it must be a string", key,
                  item ? "not a string" : "missing");
        return false;
    }
    *out = item->valuestring;
    return true;
}

static bool get_count(const cJSON *object, const char *key, Need need, uint32_t *out,
                      RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    if (!item && need == OPTIONAL)
        return true;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0.0) || item->valuedouble > UINT32_MAX ||
        item->valuedouble != floor(item->valuedouble)) {
        error_set(error, RSH_ERROR_ARGUMENT,
                  "\"%s\" is %s; it must be a whole number from 0 to 4294967295", key,
                  item ? "something else" : "missing");
        return false;
    }
    *out = (uint32_t)item->valuedouble;
    return true;
}

static bool get_real(const cJSON *object, const char *key, double *out, RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    if (!item)
        return true;
    if (!cJSON_IsNumber(item) || !(item->valuedouble > 0.0) || item->valuedouble > 1e6) {
        error_set(error, RSH_ERROR_ARGUMENT, "\"%s\" must be a number above 0, at most 1000000",
                  key);
        return false;
    }
    *out = item->valuedouble;
    return true;
}

// A given 0 is refused here, because inside the struct 0 means "the default".
static bool get_positive(const cJSON *object, const char *key, uint32_t *out, RshError *error)
{
    if (!get_count(object, key, OPTIONAL, out, error))
        return false;
    if (cJSON_HasObjectItem(object, key) && *out == 0) {
        error_set(error, RSH_ERROR_ARGUMENT, "\"%s\" is 0; it must be at least 1", key);
        return false;
    }
    return true;
}

static bool get_bool(const cJSON *object, const char *key, bool *out, RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    if (!item)
        return true;
    if (!cJSON_IsBool(item)) {
        error_set(error, RSH_ERROR_ARGUMENT, "\"%s\" must be true or false", key);
        return false;
    }
    *out = cJSON_IsTrue(item);
    return true;
}

static bool get_seed(const cJSON *object, uint64_t *out, RshError *error)
{
    const char *text = NULL;
    uint64_t value = 0;

    if (!get_string(object, "seed", OPTIONAL, &text, error))
        return false;
    if (!text)
        return true;
    for (const char *c = text; *c; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (*c < '0' || *c > '9' || value > (UINT64_MAX - digit) / 10)
            goto refused;
        value = value * 10 + digit;
    }
    if (*text) {
        *out = value;
        return true;
    }
refused:
    error_set(error, RSH_ERROR_ARGUMENT,
              "\"seed\" must be a string of decimal digits, at most 18446744073709551615");
    return false;
}

// A name inside the take's folder, and nothing that leads out of it.
static bool get_file(const cJSON *object, const char *key, Need need, const char **out,
                     RshError *error)
{
    if (!get_string(object, key, need, out, error))
        return false;
    if (*out && (!**out || strchr(*out, '/') || strcmp(*out, ".") == 0 || strcmp(*out, "..") == 0 ||
                 strlen(*out) > 200)) {
        error_set(error, RSH_ERROR_ARGUMENT,
                  "\"%s\" of the conditioning must be the name of a file in the take's folder",
                  key);
        return false;
    }
    return true;
}

static bool parse_conditioning(const cJSON *object, RshConditioning *out, RshError *error)
{
    const char *kind = NULL;
    uint32_t samples = 0;

    if (!object)
        return true;
    if (!cJSON_IsObject(object)) {
        error_set(error, RSH_ERROR_ARGUMENT, "\"conditioning\" must be an object");
        return false;
    }
    if (!get_string(object, "kind", REQUIRED, &kind, error))
        return false;
    if (strcmp(kind, "image") == 0) {
        out->kind = RSH_FROM_IMAGE;
    } else if (strcmp(kind, "extend") == 0) {
        out->kind = RSH_FROM_CLIP;
    } else {
        error_set(error, RSH_ERROR_ARGUMENT,
                  "\"kind\" of the conditioning must be \"image\" or \"extend\"");
        return false;
    }
    out->frames = 1;
    if (!get_file(object, "video", REQUIRED, &out->video, error) ||
        !get_file(object, "audio", OPTIONAL, &out->audio, error) ||
        !get_positive(object, "frames", &out->frames, error) ||
        !get_count(object, "samples", OPTIONAL, &samples, error))
        return false;
    out->samples = samples;
    if (samples == 0)
        out->audio = NULL;
    return true;
}

static bool parse_job(const cJSON *root, ProtocolJob *job, RshError *error)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, "job");
    uint32_t version = 0;

    if (!cJSON_IsObject(object)) {
        error_set(error, RSH_ERROR_ARGUMENT, "\"job\" is missing or is not an object");
        return false;
    }
    if (!get_count(object, "version", REQUIRED, &version, error))
        return false;
    if (version != 1) {
        error_set(error, RSH_ERROR_ARGUMENT, "The job has version %u; this engine reads version 1",
                  version);
        return false;
    }
    return get_string(object, "model", REQUIRED, &job->model, error) &&
           get_string(object, "prompt", REQUIRED, &job->prompt, error) &&
           get_string(object, "negative", OPTIONAL, &job->negative, error) &&
           get_seed(object, &job->seed, error) &&
           get_positive(object, "width", &job->width, error) &&
           get_positive(object, "height", &job->height, error) &&
           get_positive(object, "frames", &job->frames, error) &&
           get_positive(object, "steps", &job->steps, error) &&
           get_real(object, "fps", &job->fps, error) &&
           get_real(object, "guidance", &job->guidance, error) &&
           get_real(object, "audio_guidance", &job->audio_guidance, error) &&
           get_real(object, "shift", &job->shift, error) &&
           get_string(object, "sampler", OPTIONAL, &job->sampler, error) &&
           parse_conditioning(cJSON_GetObjectItemCaseSensitive(object, "conditioning"),
                              &job->conditioning, error);
}

static bool parse_fields(const cJSON *root, ProtocolRequest *out, RshError *error)
{
    switch (out->kind) {
    case REQUEST_HELLO:
        return get_count(root, "protocol", REQUIRED, &out->protocol, error);
    case REQUEST_LOAD:
        return get_string(root, "model", REQUIRED, &out->model, error);
    case REQUEST_ESTIMATE:
        return parse_job(root, &out->job, error);
    case REQUEST_GENERATE:
        out->previews = true;
        return parse_job(root, &out->job, error) &&
               get_string(root, "take", REQUIRED, &out->take, error) &&
               get_bool(root, "previews", &out->previews, error);
    case REQUEST_CANCEL:
        return get_count(root, "target", REQUIRED, &out->target, error);
    case REQUEST_TOKENIZE:
        return get_string(root, "model", REQUIRED, &out->model, error) &&
               get_string(root, "text", REQUIRED, &out->text, error);
    case REQUEST_QUIT:
        return true;
    }
    return false;
}

RshStatus protocol_parse(const char *line, size_t bytes, ProtocolRequest *out, RshError *error)
{
    const char *name = NULL;
    const char *end = NULL;
    int kind = 0;

    *out = (ProtocolRequest){0};
    if (bytes > PROTOCOL_LINE_BYTES)
        return error_set(error, RSH_ERROR_ARGUMENT, "The line is longer than %d bytes",
                         PROTOCOL_LINE_BYTES);
    if (!utf8_is_valid(line, bytes))
        return error_set(error, RSH_ERROR_ARGUMENT, "The line is not valid UTF-8");
    if (memchr(line, '\0', bytes) || has_escaped_nul(line, bytes))
        return error_set(error, RSH_ERROR_ARGUMENT, "The line holds a NUL character");

    cJSON *root = cJSON_ParseWithLengthOpts(line, bytes, &end, false);
    while (root && end < line + bytes && (*end == ' ' || *end == '\t' || *end == '\r'))
        end++;
    if (!cJSON_IsObject(root) || end != line + bytes) {
        cJSON_Delete(root);
        return error_set(error, RSH_ERROR_ARGUMENT, "The line is not one JSON object");
    }

    if (!get_count(root, "id", REQUIRED, &out->id, error) ||
        !get_string(root, "request", REQUIRED, &name, error))
        goto failed;
    while (kind < KIND_COUNT && strcmp(name, kind_names[kind]) != 0)
        kind++;
    if (kind == KIND_COUNT) {
        size_t shown = utf8_prefix(name, strlen(name), 40);
        error_set(error, RSH_ERROR_ARGUMENT, "\"%.*s\" is not a request this worker knows",
                  (int)shown, name);
        goto failed;
    }
    out->kind = (RequestKind)kind;
    if (!parse_fields(root, out, error))
        goto failed;
    out->root = root;
    return RSH_OK;

failed:
    cJSON_Delete(root);
    *out = (ProtocolRequest){.id = out->id};
    return RSH_ERROR_ARGUMENT;
}

void protocol_request_clear(ProtocolRequest *request)
{
    cJSON_Delete(request->root);
    *request = (ProtocolRequest){0};
}

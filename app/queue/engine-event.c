// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/engine-event.h"

#include <string.h>

static const struct {
    const char *name;
    RushesEngineEventKind kind;
    gboolean last;
} kinds[] = {
    {"ready", RUSHES_ENGINE_READY, TRUE},
    {"loaded", RUSHES_ENGINE_LOADED, TRUE},
    {"tokens", RUSHES_ENGINE_TOKENS, TRUE},
    {"estimate", RUSHES_ENGINE_ESTIMATE, TRUE},
    {"accepted", RUSHES_ENGINE_ACCEPTED, FALSE},
    {"progress", RUSHES_ENGINE_PROGRESS, FALSE},
    {"preview", RUSHES_ENGINE_PREVIEW, FALSE},
    {"frame", RUSHES_ENGINE_FRAME, FALSE},
    {"audio", RUSHES_ENGINE_AUDIO, FALSE},
    {"done", RUSHES_ENGINE_DONE, TRUE},
    {"cancelled", RUSHES_ENGINE_CANCELLED, TRUE},
    {"error", RUSHES_ENGINE_ERROR, TRUE},
    {"log", RUSHES_ENGINE_LOG, FALSE},
};

static const char *get_text(const cJSON *root, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static double get_number(const cJSON *root, const char *key, double absent)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);
    return cJSON_IsNumber(item) ? item->valuedouble : absent;
}

static guint64 get_big(const cJSON *root, const char *key)
{
    return (guint64)CLAMP(get_number(root, key, 0.0), 0.0, 9007199254740992.0);
}

static guint get_count(const cJSON *root, const char *key)
{
    return (guint)MIN(get_big(root, key), G_MAXUINT);
}

cJSON *rushes_engine_event_parse(const char *line, gsize bytes, RushesEngineEvent *event)
{
    cJSON *root =
        g_utf8_validate_len(line, bytes, NULL) ? cJSON_ParseWithLength(line, bytes) : NULL;
    const char *name = get_text(root, "event");
    gsize kind = 0;

    while (name && kind < G_N_ELEMENTS(kinds) && !g_str_equal(name, kinds[kind].name))
        kind++;
    if (!name || kind == G_N_ELEMENTS(kinds)) {
        cJSON_Delete(root);
        return NULL;
    }

    *event = (RushesEngineEvent){
        .kind = kinds[kind].kind,
        .id = get_count(root, "id"),
        .last = kinds[kind].last,
        .stage = get_text(root, "stage"),
        .step = get_count(root, "step"),
        .of = get_count(root, "of"),
        .fraction = CLAMP(get_number(root, "fraction", 0.0), 0.0, 1.0),
        .eta_s = get_number(root, "eta_s", -1.0),
        .built_s = MAX(0.0, get_number(root, "built_s", 0.0)),
        .build_stage_s = MAX(0.0, get_number(root, "build_stage_s", 0.0)),
        .file = get_text(root, "file"),
        .width = get_count(root, "width"),
        .height = get_count(root, "height"),
        .frames = get_count(root, "frames"),
        .index = get_count(root, "index"),
        .samples = get_big(root, "samples"),
        .rate = get_count(root, "rate"),
        .channels = get_count(root, "channels"),
        .seconds = get_number(root, "seconds", -1.0),
        .rough = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "rough")),
        .measuring = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "measuring")),
        .fits = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "fits")),
        .device_bytes = get_big(root, "device_bytes"),
        .host_bytes = get_big(root, "host_bytes"),
        .count = get_count(root, "count"),
        .limit = get_count(root, "limit"),
        .resumed_step = get_count(root, "resumed_step"),
        .code = get_text(root, "code"),
        .hint = get_text(root, "hint"),
        .fields = root,
    };
    event->build_left_s = MAX(
        0.0,
        get_number(root, event->kind == RUSHES_ENGINE_ESTIMATE ? "build_s" : "build_left_s", 0.0));
    event->what = get_text(root, event->kind == RUSHES_ENGINE_LOG ? "line" : "what");
    if (event->kind == RUSHES_ENGINE_PROGRESS && !event->stage)
        event->stage = "";
    if (event->kind == RUSHES_ENGINE_ERROR) {
        event->code = event->code ? event->code : "worker";
        event->what = event->what ? event->what : "The engine failed and did not say why.";
        event->hint = event->hint ? event->hint : "";
    }
    return root;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/clock.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/small_file.h"

enum { CACHE_BYTES = 1 << 20, CACHE_ENTRIES = 100 };

static const char *const unit_names[CLOCK_UNITS] = {
    "load", "text", "condition", "first_step", "step", "first_frame", "frame", "audio",
};

// Proportions of a first run ever, in steps: only the fraction uses them until two steps are measured.
static const double rough[CLOCK_UNITS] = {0.5, 1.0, 2.0, 2.0, 1.0, 1.0, 0.2, 1.5};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static cJSON *read_cache(const char *cache_dir, char **path)
{
    cJSON *cache = NULL;
    char *text = NULL;
    size_t bytes = 0;

    *path = NULL;
    if (cache_dir && asprintf(path, "%s/timings.json", cache_dir) < 0)
        *path = NULL;
    if (*path)
        text = small_file_read(*path, CACHE_BYTES, &bytes);
    if (text)
        cache = cJSON_ParseWithLength(text, bytes);
    free(text);
    if (!cJSON_IsArray(cache)) {
        cJSON_Delete(cache);
        cache = cJSON_CreateArray();
    }
    return cache;
}

static bool has_text(const cJSON *entry, const char *key, const char *text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, key);
    return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

static double get_number(const cJSON *entry, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, key);
    return cJSON_IsNumber(item) && item->valuedouble > 0.0 ? item->valuedouble : 0.0;
}

static bool is_same_machine(const cJSON *entry, const ClockKey *key)
{
    return has_text(entry, "device", key->device) && has_text(entry, "driver", key->driver) &&
           has_text(entry, "model", key->model);
}

// The earlier run nearest in size; NULL when this device never ran this model.
static const cJSON *find_nearest(const cJSON *cache, const ClockKey *key)
{
    double wanted = (double)key->width * key->height * key->frames, best = (double)INFINITY;
    const cJSON *entry, *found = NULL;

    cJSON_ArrayForEach(entry, cache)
    {
        double size =
            get_number(entry, "width") * get_number(entry, "height") * get_number(entry, "frames");
        double distance = size > 0.0 ? fabs(log(size / wanted)) : (double)INFINITY;
        if (is_same_machine(entry, key) && distance < best) {
            best = distance;
            found = entry;
        }
    }
    return found;
}

void clock_start(Clock *clock, const ClockKey *key, const char *cache_dir)
{
    char *path = NULL;
    cJSON *cache = read_cache(cache_dir, &path);
    const cJSON *entry = find_nearest(cache, key);

    *clock = (Clock){.calibrated = entry != NULL};
    memcpy(clock->expected, rough, sizeof(rough));
    if (entry) {
        double pixels = (double)key->width * key->height /
                        (get_number(entry, "width") * get_number(entry, "height"));
        double volume = pixels * key->frames / get_number(entry, "frames");
        bool guided = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "guided"));
        double passes = guided == key->guided ? 1.0 : key->guided ? 2.0 : 0.5;
        for (int unit = 0; unit < CLOCK_UNITS; unit++) {
            double scale = unit == CLOCK_STEP || unit == CLOCK_FIRST_STEP     ? volume * passes
                           : unit == CLOCK_FRAME || unit == CLOCK_FIRST_FRAME ? pixels
                           : unit == CLOCK_AUDIO ? key->frames / get_number(entry, "frames")
                                                 : 1.0;
            double known = get_number(entry, unit_names[unit]);
            if (known > 0.0)
                clock->expected[unit] = known * scale;
        }
    }
    cJSON_Delete(cache);
    free(path);
    clock->started = clock->lap = now();
}

void clock_lap(Clock *clock, ClockUnit unit, uint32_t count)
{
    double time = now();
    clock->spent[unit] += time - clock->lap;
    clock->done[unit] += count;
    clock->lap = time;
}

// How this run goes compared with the expectation: a busy machine makes all of it slower.
static double pace(const Clock *clock)
{
    double spent = 0.0, expected = 0.0;

    for (int unit = 0; unit < CLOCK_UNITS; unit++) {
        // Loading is cached and the first step compiles: neither tells about the rest.
        if (unit == CLOCK_LOAD || (unit == CLOCK_FIRST_STEP && clock->calibrated))
            continue;
        spent += clock->spent[unit];
        expected += clock->done[unit] * clock->expected[unit];
    }
    if (spent <= 0.0 || expected <= 0.0)
        return 1.0;
    double ratio = spent / expected;
    return clock->calibrated ? fmin(fmax(ratio, 0.5), 4.0) : ratio;
}

static double remaining(const Clock *clock)
{
    double ratio = pace(clock), left = 0.0;

    for (int unit = 0; unit < CLOCK_UNITS; unit++) {
        if (clock->planned[unit] <= clock->done[unit])
            continue;
        double each = clock->done[unit] > 0 ? clock->spent[unit] / clock->done[unit]
                                            : clock->expected[unit] * ratio;
        left += each * (clock->planned[unit] - clock->done[unit]);
    }
    return left;
}

double clock_elapsed(const Clock *clock)
{
    return now() - clock->started;
}

double clock_remaining(const Clock *clock)
{
    bool measured = clock->done[CLOCK_FIRST_STEP] + clock->done[CLOCK_STEP] >= 2 ||
                    clock->done[CLOCK_FRAME] > 0;
    return clock->calibrated || measured ? remaining(clock) : -1.0;
}

double clock_total(const Clock *clock)
{
    double total = 0.0;
    for (int unit = 0; unit < CLOCK_UNITS; unit++)
        total += clock->planned[unit] * clock->expected[unit];
    return clock->calibrated ? total : -1.0;
}

double clock_fraction(Clock *clock)
{
    double done = 0.0, all = 0.0;

    // In expected units, so that a changing pace does not move what was already told.
    for (int unit = 0; unit < CLOCK_UNITS; unit++) {
        uint32_t planned = clock->planned[unit], finished = clock->done[unit];
        done += clock->expected[unit] * (finished < planned ? finished : planned);
        all += clock->expected[unit] * planned;
    }
    double fraction = all > 0.0 ? fmin(done / all, 0.999) : 0.0;
    clock->fraction = fmax(clock->fraction, fraction);
    return clock->fraction;
}

static cJSON *find_exact(cJSON *cache, const ClockKey *key, int *index)
{
    cJSON *entry;
    *index = 0;
    cJSON_ArrayForEach(entry, cache)
    {
        bool guided = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "guided"));
        if (is_same_machine(entry, key) && get_number(entry, "width") == key->width &&
            get_number(entry, "height") == key->height &&
            get_number(entry, "frames") == key->frames && guided == key->guided)
            return entry;
        (*index)++;
    }
    return NULL;
}

void clock_keep(const Clock *clock, const ClockKey *key, const char *cache_dir)
{
    char *path = NULL;
    cJSON *cache = read_cache(cache_dir, &path);
    int index = 0;
    const cJSON *before = find_exact(cache, key, &index);
    cJSON *entry = cJSON_CreateObject();

    if (!path || !entry) {
        cJSON_Delete(entry);
        goto done;
    }
    cJSON_AddStringToObject(entry, "device", key->device);
    cJSON_AddStringToObject(entry, "driver", key->driver);
    cJSON_AddStringToObject(entry, "model", key->model);
    cJSON_AddNumberToObject(entry, "width", key->width);
    cJSON_AddNumberToObject(entry, "height", key->height);
    cJSON_AddNumberToObject(entry, "frames", key->frames);
    cJSON_AddBoolToObject(entry, "guided", key->guided);
    for (int unit = 0; unit < CLOCK_UNITS; unit++) {
        double known = get_number(before, unit_names[unit]);
        if (clock->done[unit] > 0) {
            double measured = clock->spent[unit] / clock->done[unit];
            known = known > 0.0 ? 0.5 * (known + measured) : measured;
        }
        if (known > 0.0)
            cJSON_AddNumberToObject(entry, unit_names[unit], known);
    }
    if (before)
        cJSON_DeleteItemFromArray(cache, index);
    cJSON_AddItemToArray(cache, entry);
    while (cJSON_GetArraySize(cache) > CACHE_ENTRIES)
        cJSON_DeleteItemFromArray(cache, 0);

    char *text = cJSON_PrintUnformatted(cache);
    // Timings that cannot be kept make the next forecast rougher and nothing else.
    RshStatus ignored = text ? small_file_write(path, text, strlen(text), NULL) : RSH_OK;
    (void)ignored;
    cJSON_free(text);
done:
    cJSON_Delete(cache);
    free(path);
}

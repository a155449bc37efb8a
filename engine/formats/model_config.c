// SPDX-License-Identifier: GPL-3.0-or-later
// The getters of model_json.h: a number from a configuration is used as a size or a loop count
// later, so its type and range are checked here, once.
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_json.h"

static RshStatus out_of_range(const char *where, const char *key, double least, double most,
                              RshError *error)
{
    return error_set(error, RSH_ERROR_FORMAT, "%.100s: \"%.40s\" is not a number from %g to %g",
                     where, key, least, most);
}

static RshStatus wrong_type(const char *where, const char *key, const char *expected,
                            RshError *error)
{
    return error_set(error, RSH_ERROR_FORMAT, "%.100s: \"%.40s\" is not %s", where, key, expected);
}

static bool in_range(const cJSON *item, double least, double most)
{
    return cJSON_IsNumber(item) && item->valuedouble >= least && item->valuedouble <= most;
}

static bool is_count(const cJSON *item, uint32_t least, uint32_t most)
{
    return in_range(item, least, most) && item->valuedouble == floor(item->valuedouble);
}

RshStatus config_count(const cJSON *object, const char *where, const char *key, uint32_t least,
                       uint32_t most, uint32_t *out, RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!item)
        return RSH_OK;
    if (!is_count(item, least, most))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%.100s: \"%.40s\" is not a whole number from %u to %u", where, key, least,
                         most);
    *out = (uint32_t)item->valuedouble;
    return RSH_OK;
}

RshStatus config_number(const cJSON *object, const char *where, const char *key, double least,
                        double most, double *out, RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!item)
        return RSH_OK;
    if (!in_range(item, least, most))
        return out_of_range(where, key, least, most, error);
    *out = item->valuedouble;
    return RSH_OK;
}

RshStatus config_bool(const cJSON *object, const char *where, const char *key, bool *out,
                      RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!item)
        return RSH_OK;
    if (!cJSON_IsBool(item))
        return wrong_type(where, key, "true or false", error);
    *out = cJSON_IsTrue(item);
    return RSH_OK;
}

RshStatus config_string(const cJSON *object, const char *where, const char *key, const char **out,
                        RshError *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!item)
        return RSH_OK;
    if (!cJSON_IsString(item))
        return wrong_type(where, key, "a text", error);
    *out = item->valuestring;
    return RSH_OK;
}

// Checks that `key` is a list of at most `capacity` entries. *list is NULL when it is missing.
static RshStatus find_list(const cJSON *object, const char *where, const char *key, size_t capacity,
                           const cJSON **list, RshError *error)
{
    *list = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!*list)
        return RSH_OK;
    if (!cJSON_IsArray(*list))
        return wrong_type(where, key, "a list", error);
    size_t count = (size_t)cJSON_GetArraySize(*list);
    if (count > capacity)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%.100s: \"%.40s\" has %zu entries, the limit is %zu", where, key, count,
                         capacity);
    return RSH_OK;
}

RshStatus config_counts(const cJSON *object, const char *where, const char *key, uint32_t least,
                        uint32_t most, size_t capacity, uint32_t *out, size_t *count,
                        RshError *error)
{
    const cJSON *list, *item;
    size_t filled = 0;
    RshStatus status = find_list(object, where, key, capacity, &list, error);
    if (status != RSH_OK || !list)
        return status;
    cJSON_ArrayForEach(item, list)
    {
        if (!is_count(item, least, most))
            return error_set(error, RSH_ERROR_FORMAT,
                             "%.100s: entry %zu of \"%.40s\" is not a whole number from %u to %u",
                             where, filled, key, least, most);
        out[filled++] = (uint32_t)item->valuedouble;
    }
    *count = filled;
    return RSH_OK;
}

RshStatus config_numbers(const cJSON *object, const char *where, const char *key, size_t capacity,
                         float *out, size_t *count, RshError *error)
{
    const cJSON *list, *item;
    size_t filled = 0;
    RshStatus status = find_list(object, where, key, capacity, &list, error);
    if (status != RSH_OK || !list)
        return status;
    cJSON_ArrayForEach(item, list)
    {
        if (!in_range(item, -1e30, 1e30))
            return error_set(error, RSH_ERROR_FORMAT,
                             "%.100s: entry %zu of \"%.40s\" is not a finite number", where, filled,
                             key);
        out[filled++] = (float)item->valuedouble;
    }
    *count = filled;
    return RSH_OK;
}

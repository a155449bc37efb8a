// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/hazard.h"

#include <stdlib.h>

// Past this many remembered ranges a barrier costs less than the search.
#define MAX_REMEMBERED 512

static bool conflict(const GpuAccess *a, const GpuAccess *b)
{
    return a->buffer == b->buffer && (a->written || b->written) && a->begin < b->end &&
           b->begin < a->end;
}

bool hazard_add(HazardTracker *tracker, const GpuAccess *accesses, size_t count, bool *barrier)
{
    *barrier = tracker->count + count > MAX_REMEMBERED;
    for (size_t i = 0; i < tracker->count && !*barrier; i++)
        for (size_t j = 0; j < count && !*barrier; j++)
            *barrier = conflict(&tracker->items[i], &accesses[j]);
    if (*barrier)
        tracker->count = 0;

    if (tracker->count + count > tracker->capacity) {
        const size_t capacity = (tracker->count + count) * 2;
        GpuAccess *items = realloc(tracker->items, capacity * sizeof(*items));
        if (!items)
            return false;
        tracker->items = items;
        tracker->capacity = capacity;
    }
    for (size_t j = 0; j < count; j++)
        tracker->items[tracker->count++] = accesses[j];
    return true;
}

void hazard_clear(HazardTracker *tracker)
{
    free(tracker->items);
    *tracker = (HazardTracker){0};
}

// SPDX-License-Identifier: GPL-3.0-or-later
// The search for the invisible mark: any size, rate and pictures are searched without harm, and what is found fits its
// check bits. Input: width, height, rate, one byte each, then luminance.
#include <stdlib.h>

#include "fuzz.h"
#include "marks/watermark-detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    int width = data[0], height = data[1];
    gsize bytes = (gsize)width * (gsize)height;
    g_autoptr(RushesMarkDetector) detector = rushes_mark_detector_new(width, height, data[2], 1);

    // Thirty pictures are more than a search looks at together; more would only make each input slow.
    for (gsize at = 3; detector && size - at >= bytes && at < 30 * bytes; at += bytes)
        rushes_mark_detector_add(detector, data + at, (gsize)width);
    g_autoptr(GArray) found = detector ? rushes_mark_detector_find(detector, 0, NULL) : NULL;
    for (guint i = 0; found && i < found->len; i++) {
        const RushesFoundMark *mark = &g_array_index(found, RushesFoundMark, i);
        guint symbols[RUSHES_MARK_SYMBOLS];
        RushesMarkPayload again;
        rushes_mark_payload_encode(mark->payload, symbols);
        if (!rushes_mark_payload_decode(symbols, &again) || again.id != mark->payload.id)
            abort();
    }
    return 0;
}

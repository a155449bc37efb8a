// SPDX-License-Identifier: GPL-3.0-or-later
// Content credentials (JUMBF, CBOR, COSE): any bytes give a report, or one sentence.
#include <stdlib.h>

#include "fuzz.h"
#include "provenance/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) store =
        g_bytes_new(data, size); // a copy of exact length: a read past the end is seen
    g_autoptr(GError) error = NULL;
    g_autoptr(RushesManifestReport) report = rushes_manifest_read(store, &error);

    if ((report == NULL) != (error != NULL))
        abort();
    if (report && report->intact == (report->problem != NULL))
        abort();
    return 0;
}

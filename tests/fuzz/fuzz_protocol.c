// SPDX-License-Identifier: GPL-3.0-or-later
// One line of the worker protocol: any bytes give a request or one sentence, never both.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "worker/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProtocolRequest request;
    RshError error = {0};
    char *line = malloc(size ? size : 1); // exact length: a read past the end is seen

    if (!line)
        return 0;
    memcpy(line, data, size);
    if (protocol_parse(line, size, &request, &error) == RSH_OK) {
        if (!request.root || error.text[0])
            abort();
    } else if (request.root || !error.text[0]) {
        abort();
    }
    protocol_request_clear(&request);
    free(line);
    return 0;
}

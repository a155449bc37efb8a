// SPDX-License-Identifier: GPL-3.0-or-later
// safetensors: the first two bytes are the header's length, so that mutations keep it right; the
// rest is the header and the data. A file of less than two bytes is passed as it is.
#include "fuzz.h"
#include "fuzz_model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 8 && memcmp(data + 2, "\0\0\0\0\0", 5) == 0) { // a whole file, as in the corpus
        fuzz_model_file(data, size);
        return 0;
    }
    uint8_t *file = size >= 2 ? calloc(1, size + 6) : NULL;
    if (!file) {
        fuzz_model_file(data, size);
        return 0;
    }
    memcpy(file, data, 2);
    memcpy(file + 8, data + 2, size - 2);
    fuzz_model_file(file, size + 6);
    free(file);
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// GGUF: any bytes give a file whose every tensor can be read, or one sentence.
#include "fuzz.h"
#include "fuzz_model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_model_file(data, size);
    return 0;
}

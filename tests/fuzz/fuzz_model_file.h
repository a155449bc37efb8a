// SPDX-License-Identifier: GPL-3.0-or-later
// fuzz_model_file.h - what the two model-file targets do with any bytes: everything a loader does.
// A file is refused with a sentence, or every tensor it lists can be read, named and recognised.
#pragma once
#include <stdlib.h>
#include <string.h>

#include "formats/dequantise.h"
#include "formats/name_map.h"
#include "formats/tensor_values.h"
#include "formats/tokenizer_weights.h"

enum { FUZZ_VALUES = 300 }; // more than one block of the largest type

static inline void fuzz_read_tensor(const ModelFile *file, const ModelTensor *tensor)
{
    static float values[FUZZ_VALUES], scale[DTYPE_MAX_BLOCK], offset[DTYPE_MAX_BLOCK];
    static int8_t q[DTYPE_MAX_BLOCK];
    uint64_t count = tensor->elements < FUZZ_VALUES ? tensor->elements : FUZZ_VALUES;
    uint32_t block = dtype_block_elements(tensor->dtype);
    if (model_file_find(file, tensor->name) != tensor)
        abort();
    if (tensor_to_f32(file, tensor, 0, count, values, NULL) != RSH_OK ||
        tensor_to_f32(file, tensor, tensor->elements - count, count, values, NULL) != RSH_OK)
        abort();
    if (tensor_to_f32(file, tensor, tensor->elements, 1, values, NULL) == RSH_OK)
        abort();
    if (dtype_is_quantised(tensor->dtype) && tensor->elements >= block &&
        tensor_to_q8_affine(file, tensor, tensor->elements - block, block, q, scale, offset,
                            NULL) != RSH_OK)
        abort();
    // May be refused for its scale; what matters is that nothing outside the file is read.
    (void)!weight_to_f32(file, tensor, 0, count, values, NULL);
}

static inline bool fuzz_visit_string(void *data, size_t index, const char *bytes, size_t length)
{
    size_t *total = data;
    for (size_t i = 0; i < length; i++)
        *total += (unsigned char)bytes[i];
    return index < 1000;
}

static inline void fuzz_read_metadata(const ModelFile *file)
{
    size_t total = 0;
    double number;
    int64_t integer;
    for (size_t i = 0; i < model_file_key_count(file); i++) {
        const char *key = model_file_key(file, i);
        const char *text = model_file_string(file, key);
        total += text ? strlen(text) : 0;
        (void)model_file_number(file, key, &number);
        (void)model_file_integer(file, key, &integer);
        size_t count = model_file_array_count(file, key);
        if (count && model_file_array_number(file, key, count - 1, &number) &&
            model_file_array_number(file, key, count, &number))
            abort();
        (void)model_file_array_strings(file, key, fuzz_visit_string, &total);
    }
}

static inline void fuzz_model_file(const uint8_t *data, size_t size)
{
    RshError error = {0};
    ModelFile *file = NULL;
    NameMap *map = NULL;
    Tokenizer *tokenizer = NULL;
    RecognisedPart parts[MODEL_MAX_PARTS];
    uint8_t *bytes = malloc(size ? size : 1); // exact length: a read past the end is seen
    if (!bytes)
        return;
    memcpy(bytes, data, size);
    if (model_file_open_bytes(bytes, size, "fuzz", &file, &error) == RSH_OK) {
        if (!file || error.text[0])
            abort();
        for (size_t i = 0; i < model_file_count(file); i++)
            fuzz_read_tensor(file, model_file_tensor(file, i));
        fuzz_read_metadata(file);
        (void)model_recognise(file, parts);
        if (name_map_open(file, "", MODEL_PART_ANY, &map, &error) == RSH_OK)
            name_map_close(&map);
        if (tokenizer_open_weights(file, &tokenizer, &error) == RSH_OK)
            tokenizer_close(&tokenizer);
    } else if (file || !error.text[0]) {
        abort();
    }
    model_file_close(&file);
    free(bytes);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Every stored type becomes the f32 that ggml, or the definition of the format, says: bit for bit.
#include "formats/tensor_values.h"

#include <string.h>

#include "formats/dequantise.h"
#include "golden_path.h"
#include "tap.h"

static ModelFile *open_golden(const char *name)
{
    ModelFile *file = NULL;
    RshError error = {0};
    if (model_file_open(golden_path(name), &file, &error) != RSH_OK) {
        printf("Bail out! %s\n", error.text);
        exit(EXIT_FAILURE);
    }
    return file;
}

typedef RshStatus (*ReadFn)(const ModelFile *, const ModelTensor *, uint64_t, uint64_t, float *,
                            RshError *);

// Compares every tensor out.NAME of `io` with tensor NAME of `model`; returns how many differ.
static unsigned compare_files(const char *model_name, const char *io_name, ReadFn read,
                              bool bit_exact, unsigned *compared)
{
    ModelFile *model = open_golden(model_name), *io = open_golden(io_name);
    unsigned wrong = 0;
    *compared = 0;
    for (size_t i = 0; i < model_file_count(io); i++) {
        const ModelTensor *want = model_file_tensor(io, i);
        if (strncmp(want->name, "out.", 4) != 0)
            continue;
        const ModelTensor *got = model_file_find(model, want->name + 4);
        CHECK(got && got->elements == want->elements && got->n_dims == want->n_dims);
        if (!got || got->elements != want->elements)
            continue;
        CHECK(memcmp(got->dims, want->dims, sizeof(got->dims)) == 0);
        float *a = calloc(want->elements + 1, sizeof(*a)),
              *b = calloc(want->elements + 1, sizeof(*b));
        CHECK(read(model, got, 0, got->elements, a, NULL) == RSH_OK);
        CHECK(tensor_to_f32(io, want, 0, want->elements, b, NULL) == RSH_OK);
        bool same = true;
        for (size_t j = 0; j < want->elements && same; j++) {
            uint32_t x, y;
            memcpy(&x, &a[j], 4);
            memcpy(&y, &b[j], 4);
            same = bit_exact ? x == y : fabsf(a[j] - b[j]) <= 1e-7f * fabsf(b[j]);
            if (!same)
                printf("# %s[%zu] (%s) is %.9g (%08x), not %.9g (%08x)\n", got->name, j,
                       dtype_name(got->dtype), (double)a[j], x, (double)b[j], y);
        }
        // A range that starts and ends inside blocks gives the same values.
        if (same && want->elements > 3) {
            uint64_t first = want->elements / 3, count = want->elements / 2;
            CHECK(read(model, got, first, count, b, NULL) == RSH_OK);
            CHECK(memcmp(a + first, b, count * sizeof(*a)) == 0);
        }
        wrong += !same;
        ++*compared;
        free(a);
        free(b);
    }
    model_file_close(&model);
    model_file_close(&io);
    return wrong;
}

static void gguf_types_match_ggml_bit_for_bit(void)
{
    unsigned compared;
    CHECK(compare_files("a-gguf-types/model.gguf", "a-gguf-types/io.safetensors", tensor_to_f32,
                        true, &compared) == 0);
    CHECK(compared >= 51);
}

static void fp8_with_scales_matches_the_definition(void)
{
    unsigned compared;
    CHECK(compare_files("a-fp8-scaled/weights.safetensors", "a-fp8-scaled/io.safetensors",
                        weight_to_f32, false, &compared) == 0);
    CHECK(compared >= 12);
}

static void affine_form_gives_the_same_values(void)
{
    ModelFile *file = open_golden("a-gguf-types/model.gguf");
    for (size_t i = 0; i < model_file_count(file); i++) {
        const ModelTensor *tensor = model_file_tensor(file, i);
        if (!dtype_is_quantised(tensor->dtype))
            continue;
        size_t count = tensor->elements, groups = count / dtype_group_elements(tensor->dtype);
        float *want = calloc(count, sizeof(*want)), *scale = calloc(groups, sizeof(*scale));
        float *offset = calloc(groups, sizeof(*offset));
        int8_t *q = calloc(count, 1);
        CHECK(tensor_to_f32(file, tensor, 0, count, want, NULL) == RSH_OK);
        CHECK(tensor_to_q8_affine(file, tensor, 0, count, q, scale, offset, NULL) == RSH_OK);
        unsigned wrong = 0;
        for (size_t j = 0; j < count; j++) {
            size_t group = j / dtype_group_elements(tensor->dtype);
            float product = scale[group] * (float)q[j];
            float value = product + offset[group];
            wrong += value != want[j]; // == so that -0 and +0 are the same
        }
        CHECK(wrong == 0);
        CHECK(tensor_to_q8_affine(file, tensor, 1, 1, q, scale, offset, NULL) ==
              RSH_ERROR_ARGUMENT);
        free(want);
        free(scale);
        free(offset);
        free(q);
    }
    model_file_close(&file);
}

// A file in memory: tensors as JSON, then their bytes.
static ModelFile *hand_made(const char *json, const void *data, size_t size)
{
    static unsigned char bytes[2048];
    uint64_t length = strlen(json);
    ModelFile *file = NULL;
    RshError error = {0};
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, json, length);
    memcpy(bytes + 8 + length, data, size);
    if (model_file_open_bytes(bytes, 8 + length + size, "hand", &file, &error) != RSH_OK) {
        printf("Bail out! %s\n", error.text);
        exit(EXIT_FAILURE);
    }
    return file;
}

static void scales_of_another_shape_are_refused(void)
{
    static const unsigned char data[4 * 3 + 4 * 4] = {0x38, 0x38, 0x38}; // 1.0 in E4M3
    float values[12];
    RshError error = {0};
    ModelFile *file =
        hand_made("{\"a.weight\":{\"dtype\":\"F8_E4M3\",\"shape\":[3,4],\"data_offsets\":[0,12]},"
                  "\"a.weight_scale\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[12,28]}}",
                  data, sizeof(data));
    const ModelTensor *tensor = model_file_find(file, "a.weight");
    CHECK(weight_to_f32(file, tensor, 0, 12, values, &error) == RSH_ERROR_FORMAT);
    CHECK(strstr(error.text, "a.weight_scale") != NULL);
    CHECK(tensor_to_f32(file, tensor, 0, 12, values, &error) == RSH_OK && values[0] == 1);
    model_file_close(&file);
}

static void fp8_specials_follow_the_definition(void)
{
    static const unsigned char data[8] = {0x7e, 0xfe, 0x7f, 0x01, 0x7b, 0x7c, 0xfc, 0x7d};
    float values[8];
    ModelFile *file =
        hand_made("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]},"
                  "\"b\":{\"dtype\":\"F8_E5M2\",\"shape\":[4],\"data_offsets\":[4,8]}}",
                  data, sizeof(data));
    CHECK(tensor_to_f32(file, model_file_find(file, "a"), 0, 4, values, NULL) == RSH_OK);
    CHECK(values[0] == 448 && values[1] == -448 && isnan(values[2]) && values[3] == 0x1p-9f);
    CHECK(tensor_to_f32(file, model_file_find(file, "b"), 0, 4, values, NULL) == RSH_OK);
    CHECK(values[0] == 57344 && isinf(values[1]) && values[2] == -INFINITY && isnan(values[3]));
    model_file_close(&file);
}

int main(void)
{
    TAP_RUN(gguf_types_match_ggml_bit_for_bit);
    TAP_RUN(fp8_with_scales_matches_the_definition);
    TAP_RUN(scales_of_another_shape_are_refused);
    TAP_RUN(fp8_specials_follow_the_definition);
    TAP_RUN(affine_form_gives_the_same_values);
    return tap_done();
}

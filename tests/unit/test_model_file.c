// SPDX-License-Identifier: GPL-3.0-or-later
// Every malformed file of the golden corpora is refused with one sentence that names the file;
// every odd but valid one opens. Hand-made headers cover what the corpora do not.
#include "formats/model_file.h"

#include <dirent.h>
#include <string.h>

#include "base/error.h"
#include "formats/tensor_values.h"
#include "formats/utf8.h"
#include "golden_path.h"
#include "tap.h"

static char failure[256]; // the sentence of the last refusal

static RshStatus open_text(const char *json, const char *data, size_t data_size)
{
    unsigned char bytes[4096];
    uint64_t length = strlen(json);
    RshError error = {0};
    ModelFile *file = NULL;
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, json, length);
    memcpy(bytes + 8 + length, data, data_size);
    RshStatus status =
        model_file_open_bytes(bytes, 8 + length + data_size, "hand.safetensors", &file, &error);
    snprintf(failure, sizeof(failure), "%s", error.text);
    CHECK((status == RSH_OK) == (file != NULL));
    model_file_close(&file);
    return status;
}

static void corpus(const char *folder, unsigned at_least)
{
    DIR *dir = opendir(golden_path(folder));
    CHECK(dir != NULL);
    if (!dir)
        return;
    unsigned good = 0, bad = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[1280];
        bool is_ok = strncmp(entry->d_name, "ok_", 3) == 0;
        if (!is_ok && strncmp(entry->d_name, "bad_", 4) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", golden_path(folder), entry->d_name);
        RshError error = {0};
        ModelFile *file = NULL;
        RshStatus status = model_file_open(path, &file, &error);
        printf("# %s: %s\n", entry->d_name, status == RSH_OK ? "opens" : error.text);
        CHECK((status == RSH_OK) == is_ok);
        CHECK((status == RSH_OK) == (file != NULL));
        if (!is_ok) {
            CHECK(status == RSH_ERROR_FORMAT);
            CHECK(strstr(error.text, entry->d_name) != NULL);
            CHECK(strlen(error.text) < sizeof(error.text) - 1); // not cut
        }
        is_ok ? good++ : bad++;
        model_file_close(&file);
    }
    closedir(dir);
    CHECK(good + bad >= at_least);
}

static void malformed_safetensors_are_refused_and_odd_ones_open(void)
{
    corpus("a-malformed-safetensors", 34);
}

static void malformed_gguf_are_refused_and_odd_ones_open(void)
{
    corpus("a-malformed-gguf", 40);
}

static ModelFile *open_golden(const char *name)
{
    ModelFile *file = NULL;
    RshError error = {0};
    CHECK(model_file_open(golden_path(name), &file, &error) == RSH_OK);
    if (!file) {
        printf("# %s\n", error.text);
        exit(EXIT_FAILURE);
    }
    return file;
}

static void values_of_odd_safetensors_are_read(void)
{
    float values[24] = {0};
    ModelFile *file = open_golden("a-malformed-safetensors/ok_unsorted.safetensors");
    const ModelTensor *a = model_file_find(file, "a"), *b = model_file_find(file, "b");
    CHECK(a && tensor_to_f32(file, a, 0, 2, values, NULL) == RSH_OK);
    CHECK(values[0] == 1 && values[1] == 2);
    CHECK(b && tensor_to_f32(file, b, 1, 1, values, NULL) == RSH_OK);
    CHECK(values[0] == 4);
    CHECK(tensor_to_f32(file, a, 1, 2, values, NULL) == RSH_ERROR_ARGUMENT);
    CHECK(tensor_to_f32(file, a, UINT64_MAX, 2, values, NULL) == RSH_ERROR_ARGUMENT);
    CHECK(model_file_find(file, "c") == NULL);
    CHECK(model_file_find(file, "") == NULL);
    model_file_close(&file);

    file = open_golden("a-malformed-safetensors/ok_scalar_empty_meta.safetensors");
    const ModelTensor *s = model_file_find(file, "s"), *e = model_file_find(file, "e");
    const ModelTensor *m = model_file_find(file, "m");
    CHECK(s && s->n_dims == 0 && s->elements == 1);
    CHECK(s && tensor_to_f32(file, s, 0, 1, values, NULL) == RSH_OK && values[0] == 1);
    CHECK(e && e->elements == 0 && tensor_to_f32(file, e, 0, 0, values, NULL) == RSH_OK);
    CHECK(m && tensor_to_f32(file, m, 0, 3, values, NULL) == RSH_OK);
    CHECK(values[0] == 2 && values[1] == 3 && values[2] == 4);
    CHECK(model_file_key_count(file) == 2);
    model_file_close(&file);

    file = open_golden("a-malformed-safetensors/ok_escaped_name.safetensors");
    CHECK(model_file_count(file) == 1);
    CHECK(strcmp(model_file_tensor(file, 0)->name, "a\303\251\n\"\\x") == 0);
    CHECK(model_file_tensor(file, 1) == NULL);
    model_file_close(&file);
}

static void values_of_odd_gguf_are_read(void)
{
    float values[32] = {0};
    ModelFile *file = open_golden("a-malformed-gguf/ok_5d.gguf");
    CHECK(model_file_count(file) >= 1 && model_file_tensor(file, 0)->n_dims == 5);
    model_file_close(&file);

    file = open_golden("a-malformed-gguf/ok_q8.gguf");
    const ModelTensor *q = model_file_find(file, "q");
    CHECK(q && tensor_to_f32(file, q, 0, 32, values, NULL) == RSH_OK);
    for (int i = 0; i < 32; i++)
        CHECK(values[i] == 0.5f * (float)i);
    CHECK(q && tensor_to_f32(file, q, 30, 2, values, NULL) == RSH_OK && values[1] == 15.5f);
    model_file_close(&file);
}

static void headers_beyond_the_corpus_are_refused(void)
{
    CHECK(open_text("{}", "", 0) == RSH_OK);
    CHECK(open_text("{}\n \t", "", 0) == RSH_OK);
    CHECK(open_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "x", 1) ==
          RSH_OK);
    CHECK(open_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],"
                    "\"dtype\":\"I8\"}}",
                    "x", 1) == RSH_ERROR_FORMAT);
    CHECK(strstr(failure, "two dtype") != NULL);
    CHECK(open_text("{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "x",
                    1) == RSH_ERROR_FORMAT);
    CHECK(open_text("{\"\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "x", 1) ==
          RSH_ERROR_FORMAT);
    CHECK(strstr(failure, "empty name") != NULL);
    CHECK(open_text("{\"__metadata__\":{\"a\":1}}", "", 0) == RSH_ERROR_FORMAT);
    CHECK(open_text("{\"__metadata__\":{\"a\":\"b\"},\"__metadata__\":{}}", "", 0) ==
          RSH_ERROR_FORMAT);
    CHECK(open_text("{\"__metadata__\":{\"a\":\"b\",\"a\":\"c\"}}", "", 0) == RSH_ERROR_FORMAT);
    CHECK(open_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],"
                    "\"data_offsets\":[0,1]}}",
                    "x", 1) == RSH_ERROR_FORMAT);
    CHECK(open_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[1e300],\"data_offsets\":[0,1]}}", "x",
                    1) == RSH_ERROR_FORMAT);
    CHECK(open_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296,4294967296,0],"
                    "\"data_offsets\":[0,0]}}",
                    "", 0) == RSH_ERROR_FORMAT); // the product passes 2^64 before the zero
}

static void pickles_and_foreign_files_are_named(void)
{
    ModelFile *file = NULL;
    RshError error = {0};
    CHECK(model_file_open_bytes("PK\3\4aaaaaaaaaaaa", 16, "x.pt", &file, &error) ==
          RSH_ERROR_FORMAT);
    CHECK(strstr(error.text, "pickle") != NULL);
    CHECK(model_file_open_bytes("<!DOCTYPE html>..", 17, "x", &file, &error) == RSH_ERROR_FORMAT);
    CHECK(strstr(error.text, "neither") != NULL);
    static const char index[] =
        "{\"metadata\": {}, \"weight_map\": {\"a\": \"b-00001.safetensors\"}}";
    CHECK(model_file_open_bytes(index, sizeof(index) - 1, "x.json", &file, &error) ==
          RSH_ERROR_FORMAT);
    CHECK(strstr(error.text, "split into several files") != NULL);
    CHECK(model_file_open("/", &file, &error) == RSH_ERROR_IO);
    CHECK(model_file_open("/nowhere/a.gguf", &file, &error) == RSH_ERROR_IO);
    CHECK(file == NULL);
}

static void long_paths_keep_their_end_in_messages(void)
{
    char path[400];
    ModelFile *file = NULL;
    RshError error = {0};
    memset(path, 'p', sizeof(path));
    memcpy(path + sizeof(path) - 7, "/a.gguf", 7);
    path[sizeof(path) - 1] = '\0';
    CHECK(model_file_open_bytes("", 0, path, &file, &error) == RSH_ERROR_FORMAT);
    CHECK(strstr(error.text, "/a.ggu: the file is empty") != NULL);
}

static void cut_sentences_end_with_a_whole_character(void)
{
    char text[300];
    RshError error = {0};
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'a', sizeof(text));
        for (size_t i = shift; i + 4 < sizeof(text); i += 4)
            memcpy(text + i, "\360\237\246\212", 4); // a fox
        text[sizeof(text) - 1] = '\0';
        error_set(&error, RSH_ERROR_IO, "%s", text);
        CHECK(strlen(error.text) >= sizeof(error.text) - 4);
        CHECK(utf8_is_valid(error.text, strlen(error.text)));
    }
}

int main(void)
{
    TAP_RUN(malformed_safetensors_are_refused_and_odd_ones_open);
    TAP_RUN(malformed_gguf_are_refused_and_odd_ones_open);
    TAP_RUN(values_of_odd_safetensors_are_read);
    TAP_RUN(values_of_odd_gguf_are_read);
    TAP_RUN(headers_beyond_the_corpus_are_refused);
    TAP_RUN(pickles_and_foreign_files_are_named);
    TAP_RUN(cut_sentences_end_with_a_whole_character);
    TAP_RUN(long_paths_keep_their_end_in_messages);
    return tap_done();
}

// SPDX-License-Identifier: GPL-3.0-or-later
// A model in several safetensors files is read as one, and an index that lies is refused with a sentence.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model_file.h"
#include "formats/recognise.h"
#include "formats/tensor_values.h"
#include "run/component_files.h"
#include "tap.h"

static char folder[] = "/tmp/rushes-split-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_bytes(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(path_of(name), "wb");
    CHECK(file && fwrite(bytes, 1, size, file) == size);
    if (file)
        CHECK(fclose(file) == 0);
}

// A shard of tensors of two numbers each, `names` separated by spaces: the values are first, first + 1, ...
static void write_shard(const char *file, const char *names, float first)
{
    char header[512] = "{", copy[128], bytes[1024];
    size_t count = 0;
    snprintf(copy, sizeof(copy), "%s", names);
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " ")) {
        size_t used = strlen(header);
        snprintf(header + used, sizeof(header) - used,
                 "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%zu,%zu]}",
                 count ? "," : "", name, count * 8, count * 8 + 8);
        count++;
    }
    strcat(header, "}");
    uint64_t length = strlen(header);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < count * 2; i++) {
        float value = first + (float)i;
        memcpy(bytes + 8 + length + i * 4, &value, 4);
    }
    write_bytes(file, bytes, 8 + length + count * 8);
}

static void write_index(const char *map)
{
    char text[1024];
    snprintf(text, sizeof(text), "{\"metadata\": {\"total_size\": 32}, \"weight_map\": {%s}}", map);
    write_bytes("model.safetensors.index.json", text, strlen(text));
}

static RshStatus open_index(ModelFile **file, RshError *error)
{
    *error = (RshError){0};
    return model_file_open(path_of("model.safetensors.index.json"), file, error);
}

static const char GOOD[] = "\"b\": \"m-1.safetensors\", \"c\": \"m-2.safetensors\", "
                           "\"a\": \"m-1.safetensors\", \"d\": \"m-2.safetensors\"";

static void write_good(void)
{
    write_shard("m-1.safetensors", "a b", 1);
    write_shard("m-2.safetensors", "d c", 10);
    write_index(GOOD);
}

static void two_files_are_one_list_of_tensors(void)
{
    static const struct {
        const char *name;
        float first;
    } want[] = {{"a", 1}, {"b", 3}, {"c", 12}, {"d", 10}};
    ModelFile *file = NULL;
    RshError error;
    write_good();
    CHECK(open_index(&file, &error) == RSH_OK);
    if (!file) {
        printf("# %s\n", error.text);
        return;
    }
    CHECK(model_file_count(file) == 4 && model_file_format(file) == MODEL_FORMAT_SAFETENSORS);
    for (size_t i = 0; i < 4; i++) {
        float values[2] = {0};
        const ModelTensor *tensor = model_file_find(file, want[i].name);
        CHECK(tensor && tensor_to_f32(file, tensor, 0, 2, values, &error) == RSH_OK);
        CHECK(values[0] == want[i].first && values[1] == want[i].first + 1);
    }
    CHECK(!model_file_find(file, "e"));
    struct stat one, two;
    CHECK(stat(path_of("m-1.safetensors"), &one) == 0 &&
          stat(path_of("m-2.safetensors"), &two) == 0);
    CHECK(model_file_size(file) == (uint64_t)(one.st_size + two.st_size));
    model_file_close(&file);
}

static void refused(const char *map, const char *word)
{
    ModelFile *file = NULL;
    RshError error;
    write_index(map);
    RshStatus status = open_index(&file, &error);
    if (status == RSH_OK || !strstr(error.text, word))
        printf("# %s: '%s' was wanted in '%s'\n", map, word, error.text);
    CHECK(status != RSH_OK && !file && strstr(error.text, word) && !strchr(error.text, '\n'));
}

static void an_index_that_leaves_its_folder_is_refused(void)
{
    write_good();
    static const char *const paths[] = {"/etc/passwd.safetensors",
                                        "../m-1.safetensors",
                                        "sub/m-1.safetensors",
                                        "..\\\\m-1.safetensors",
                                        ".hidden.safetensors",
                                        "m-1.gguf",
                                        "",
                                        ".safetensors",
                                        "m\\n1.safetensors"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char map[200];
        snprintf(map, sizeof(map), "\"a\": \"%s\"", paths[i]);
        refused(map, "beside the index");
    }
}

static void an_index_that_lies_is_refused(void)
{
    write_good();
    refused("\"a\": \"m-9.safetensors\"", "m-9.safetensors");
    refused("\"a\": \"m-1.safetensors\"", "not listed");
    refused("\"a\": \"m-1.safetensors\", \"b\": \"m-1.safetensors\", \"z\": \"m-1.safetensors\"",
            "missing");
    refused("\"a\": \"m-1.safetensors\", \"b\": \"m-1.safetensors\", \"a\": \"m-2.safetensors\"",
            "listed twice");
    refused("\"a\": \"m-2.safetensors\", \"b\": \"m-1.safetensors\"", "listed as in");
    refused("\"a\": 7", "no file name");
    refused("", "weight_map");
    write_shard("m-2.safetensors", "a c", 10); // a tensor in two files
    refused("\"a\": \"m-1.safetensors\", \"b\": \"m-1.safetensors\", \"c\": \"m-2.safetensors\"",
            "listed as in");
    write_bytes("m-2.safetensors", "GGUF", 4);
    refused(GOOD, "m-2.safetensors");
    // A shard that is an index again.
    const char *nested = "{\"weight_map\": {\"a\": \"m-2.safetensors\"}}";
    write_bytes("m-2.safetensors", nested, strlen(nested));
    refused(GOOD, "several files");
    write_bytes("m-2.safetensors", "", 0);
    refused(GOOD, "empty");
}

static void text_that_is_no_index_is_refused(void)
{
    static const char *const texts[] = {"{\"weight_map\"", "{\"weight_map\": []}",
                                        "{\"weight_map\": {\"a\": \"b.safetensors\"}} more",
                                        "{\"weight_map\": {\"\\u0000\": \"b.safetensors\"}}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ModelFile *file = NULL;
        RshError error;
        write_bytes("model.safetensors.index.json", texts[i], strlen(texts[i]));
        CHECK(open_index(&file, &error) == RSH_ERROR_FORMAT && !file && error.text[0]);
    }
}

static void count_refused(void *data, const char *path, const char *why)
{
    (void)why;
    CHECK(strstr(path, "index.json") != NULL); // the shards are not looked at one by one
    ++*(int *)data;
}

static void count_found(void *data, const char *path, const RecognisedPart *part)
{
    (void)data;
    (void)path;
    (void)part;
    CHECK(false);
}

static void a_folder_lists_the_index_and_not_its_shards(void)
{
    int files = 0;
    write_good();
    CHECK(model_recognise_folder(folder, count_found, count_refused, &files));
    CHECK(files == 1); // no model has a tensor called "a"
}

static void hash_of(char hex[65])
{
    ComponentFile files[RSH_MAX_COMPONENTS];
    RshError error = {0};
    uint32_t count = 0;
    CHECK(component_files_read(folder, folder, NULL, files, &count, &error) == RSH_OK);
    CHECK(count == 2);
    memcpy(hex, files[1].sha256, 65);
}

static void a_changed_shard_changes_the_hash_of_its_component(void)
{
    static const char json[] =
        "{\"format\": 1, \"id\": \"split\", \"family\": \"wan\", \"components\": "
        "{\"vae\": {\"file\": \"model.safetensors.index.json\"}}}";
    char before[65], again[65], after[65];
    write_good();
    write_bytes("model.json", json, sizeof(json) - 1);
    hash_of(before);
    hash_of(again); // from the cache
    CHECK(strcmp(before, again) == 0);
    write_shard("m-2.safetensors", "d c", 20);
    // Written within one tick of the clock, the two would look the same.
    CHECK(utimensat(AT_FDCWD, path_of("m-2.safetensors"),
                    (struct timespec[]){{.tv_sec = 1}, {.tv_sec = 1}}, 0) == 0);
    hash_of(after);
    CHECK(strcmp(before, after) != 0);
}

int main(void)
{
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    TAP_RUN(two_files_are_one_list_of_tensors);
    TAP_RUN(an_index_that_leaves_its_folder_is_refused);
    TAP_RUN(an_index_that_lies_is_refused);
    TAP_RUN(text_that_is_no_index_is_refused);
    TAP_RUN(a_folder_lists_the_index_and_not_its_shards);
    TAP_RUN(a_changed_shard_changes_the_hash_of_its_component);
    static const char *const made[] = {"m-1.safetensors", "m-2.safetensors", "model.json",
                                       "model.safetensors.index.json", "hashes.json"};
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        unlink(path_of(made[i]));
    CHECK(rmdir(folder) == 0);
    return tap_done();
}

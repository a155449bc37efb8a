// SPDX-License-Identifier: GPL-3.0-or-later
//
// Model folders that are whole, and folders that are not: each edit of the bundled model's model.json, or file in the
// place of another, is refused in a sentence that names what is wrong.
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "run/stages.h"
#include "tap.h"

static const char *bundled;

static cJSON *read_json(void)
{
    static char text[1 << 16];
    char path[4096];
    snprintf(path, sizeof(path), "%s/model.json", bundled);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(text, 1, sizeof(text), file) : 0;
    if (file)
        fclose(file);
    return cJSON_ParseWithLength(text, size);
}

static const char *const files[] = {"text_encoder.gguf", "tokenizer.model", "transformer.gguf",
                                    "vae.gguf",          "audio_vae.gguf",  "vocoder.gguf"};
enum { FILES = sizeof(files) / sizeof(files[0]) };

// A folder with this model.json and links to the bundled files, of which `from` stands in for `to`.
static void fill_folder(const char *folder, const cJSON *json, const char *to, const char *from)
{
    char path[4096], target[4096];
    for (int i = 0; i < FILES; i++) {
        bool replaced = to && strcmp(files[i], to) == 0;
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        snprintf(target, sizeof(target), "%s/%s", bundled, replaced ? from : files[i]);
        CHECK(symlink(target, path) == 0);
    }
    snprintf(path, sizeof(path), "%s/model.json", folder);
    char *text = cJSON_Print(json);
    FILE *file = fopen(path, "wb");
    CHECK(file && text && fputs(text, file) >= 0);
    if (file)
        fclose(file);
    free(text);
}

static void empty_folder(const char *folder)
{
    char path[4096];
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/model.json", folder);
    unlink(path);
    rmdir(folder);
}

// Opens such a folder; returns its status and puts the sentence into `text`.
static RshStatus open_changed(const cJSON *json, const char *to, const char *from, char text[256])
{
    char folder[] = "/tmp/model_folder_XXXXXX";
    PipelineModel *model = NULL;
    RshError error = {0};
    CHECK(mkdtemp(folder) != NULL);
    fill_folder(folder, json, to, from);
    RshStatus status = pipeline_model_open(folder, &model, &error);
    CHECK((model == NULL) == (status != RSH_OK));
    pipeline_model_close(&model);
    empty_folder(folder);
    snprintf(text, 256, "%s", error.text);
    return status;
}

static void the_bundled_model_opens_and_says_what_it_is(void)
{
    cJSON *json = read_json();
    char text[256];
    CHECK(open_changed(json, NULL, NULL, text) == RSH_OK);
    cJSON_Delete(json);

    PipelineModel *model = NULL;
    int32_t ids[8];
    size_t count = 0;
    CHECK(pipeline_model_open(bundled, &model, NULL) == RSH_OK);
    const PipelineModelInfo *info = pipeline_model_info(model);
    CHECK(strcmp(info->id, "mini") == 0 && strcmp(info->family, "ovi") == 0);
    CHECK(info->has_audio && info->has_image && info->audio_rate == 16000);
    CHECK(info->size_multiple == 16 && info->frames_multiple == 4);
    CHECK(info->size_count >= 1 && info->sizes[0].width % 16 == 0);
    // Nothing said is the end mark alone; more than there is room for is still counted.
    CHECK(pipeline_model_tokenize(model, "", ids, 8, &count, NULL) == RSH_OK && count == 1 &&
          ids[0] == 1);
    CHECK(pipeline_model_tokenize(model, "a dog, a cat, a cow, a car and a boat", ids, 8, &count,
                                  NULL) == RSH_OK);
    CHECK(count > 8);
    pipeline_model_close(&model);
}

typedef struct Edit {
    const char *component; // NULL: the defaults
    const char *tower;     // of the transformer, or NULL
    const char *key, *value;
    const char *said; // part of the sentence
} Edit;

static void a_configuration_that_cannot_be_is_refused(void)
{
    static const Edit edits[] = {
        {"transformer", "video_model", "num_heads", "7", "7 heads"},
        {"transformer", "video_model", "text_len", "128", "do not belong together"},
        {"transformer", "audio_model", "num_layers", "9", "9 blocks"},
        {"transformer", "audio_model", "num_layers", "7", "do not belong together"},
        {"transformer", NULL, "prediction", "\"noise\"", "knows \"velocity\" and \"x0\""},
        {"transformer", NULL, "prediction", "1", "\"prediction\" is not a text"},
        {"vae", NULL, "mean", "[1, 2]", "48 entries"},
        {"vae", NULL, "std", "[0]", "48 entries"},
        {"vae", NULL, "latent_rgb", "[[1, 2, 3]]", "latent_rgb"},
        {"vae", NULL, "latent_rgb", "[[1, 2, \"3\"]]", "latent_rgb"},
        {"vae", NULL, "latent_rgb", "[\"x\"]", "latent_rgb"},
        {"vae", NULL, "latent_rgb", "7", "latent_rgb"},
        {"audio_vae", NULL, "latent_std", "[1]", "20 entries"},
        {"vocoder", NULL, "num_mels", "81", "81 mel"},
        {"vocoder", NULL, "upsample_rates", "[64, 64, 64, 64]", "samples a frame"},
        {"vocoder", NULL, "resblock_dilation_sizes", "[[1], 2]", "dilations"},
        {NULL, NULL, "solver", "\"heun\"", "heun"},
        {NULL, NULL, "steps", "-4", "steps"},
        {NULL, NULL, "sizes", "[[0, 5]]", "sizes"},
    };
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        const Edit *edit = &edits[i];
        cJSON *json = read_json(), *object = cJSON_GetObjectItem(json, "defaults");
        char text[256];
        if (edit->component) {
            object = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "components"), edit->component);
            object = cJSON_GetObjectItem(object, "config");
        }
        if (edit->tower)
            object = cJSON_GetObjectItem(object, edit->tower);
        cJSON_DeleteItemFromObject(object, edit->key);
        cJSON_AddItemToObject(object, edit->key, cJSON_Parse(edit->value));
        CHECK(open_changed(json, NULL, NULL, text) == RSH_ERROR_FORMAT);
        if (!strstr(text, edit->said))
            printf("# edit %zu, %s: \"%s\"\n", i, edit->key, text);
        CHECK(strstr(text, edit->said) != NULL);
        cJSON_Delete(json);
    }
}

static void a_transformer_may_answer_the_clean_latent(void)
{
    static const char *const said[] = {NULL, "velocity", "x0"};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        char folder[] = "/tmp/model_folder_XXXXXX";
        PipelineModel *model = NULL;
        cJSON *json = read_json(), *object = cJSON_GetObjectItem(json, "components");
        object = cJSON_GetObjectItem(cJSON_GetObjectItem(object, "transformer"), "config");
        cJSON_DeleteItemFromObject(object, "prediction");
        if (said[i])
            cJSON_AddStringToObject(object, "prediction", said[i]);
        CHECK(mkdtemp(folder) != NULL);
        fill_folder(folder, json, NULL, NULL);
        CHECK(pipeline_model_open(folder, &model, NULL) == RSH_OK);
        CHECK(model && model->answers_clean == (i == 2));
        pipeline_model_close(&model);
        empty_folder(folder);
        cJSON_Delete(json);
    }
}

static void a_component_in_anothers_place_is_refused(void)
{
    cJSON *json = read_json();
    for (int to = 0; to < FILES; to++) {
        for (int from = 0; from < FILES; from++) {
            char text[256];
            if (to == from)
                continue;
            CHECK(open_changed(json, files[to], files[from], text) != RSH_OK);
            CHECK(strlen(text) > 10);
        }
    }
    cJSON_Delete(json);
}

static void a_missing_component_is_named(void)
{
    static const char *const names[] = {"text_encoder", "tokenizer", "transformer",
                                        "vae",          "audio_vae", "vocoder"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cJSON *json = read_json();
        char text[256];
        cJSON_DeleteItemFromObject(cJSON_GetObjectItem(json, "components"), names[i]);
        CHECK(open_changed(json, NULL, NULL, text) == RSH_ERROR_FORMAT);
        CHECK(strstr(text, names[i]) != NULL);
        cJSON_Delete(json);
    }
}

int main(void)
{
    bundled = getenv("RUSHES_MINI");
    if (!bundled) {
        printf("1..0 # SKIP RUSHES_MINI does not name the bundled model's folder\n");
        return EXIT_SUCCESS;
    }
    TAP_RUN(the_bundled_model_opens_and_says_what_it_is);
    TAP_RUN(a_configuration_that_cannot_be_is_refused);
    TAP_RUN(a_transformer_may_answer_the_clean_latent);
    TAP_RUN(a_component_in_anothers_place_is_refused);
    TAP_RUN(a_missing_component_is_named);
    return tap_done();
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// model_json.h - a model folder's model.json: which files belong to it and with which numbers.
//
//   {"format": 1, "id": "mini", "name": "Rushes Mini", "family": "ovi", "version": "0.1",
//    "licence": "GPL-3.0-or-later",
//    "components": {"vae": {"file": "vae.safetensors", "config": {...}}, ...},
//    "defaults": {...}}
//
// What is refused: another format number, a key listed twice at any depth, an id that is not
// 1 to 63 of [a-z0-9._-], an unknown component, a file outside the folder, a file above 1 MiB.
// Configurations are kept as they are: the getters below check type and range.
// Ownership: strings and cJSON items belong to the ModelJson.
#pragma once
#include <cjson/cJSON.h>

#include "rsh.h"

enum {
    MODEL_JSON_MAX_BYTES = 1 << 20, // the bundled model's has 7 KB
    MODEL_JSON_MAX_LIST = 1024,     // latent statistics have one entry a channel
};

typedef struct ModelJson ModelJson;

// Reads FOLDER/model.json; checks that every component's file is there. *out is NULL on failure.
RSH_MUST_USE RshStatus model_json_open(const char *folder, ModelJson **out, RshError *error);
// The same from text, without looking at the disk. `folder` goes into paths and messages.
RSH_MUST_USE RshStatus model_json_parse(const char *text, size_t length, const char *folder,
                                        ModelJson **out, RshError *error);
void model_json_close(ModelJson **model); // NULL-safe; stores NULL

const char *model_json_id(const ModelJson *model);
const char *model_json_name(const ModelJson *model);    // the id when there is no name
const char *model_json_family(const ModelJson *model);  // "wan", "ovi" or "ltx"
const char *model_json_version(const ModelJson *model); // "" when there is none
const char *model_json_licence(const ModelJson *model); // "" when there is none
const char *model_json_folder(const ModelJson *model);

// Components: text_encoder, tokenizer, transformer, transformer_low_noise, image_encoder, vae,
// audio_vae, vocoder. NULL when the model has no such component; config may be NULL where path
// is not.
const char *model_json_path(const ModelJson *model, const char *component);
const cJSON *model_json_config(const ModelJson *model, const char *component);
const cJSON *model_json_defaults(const ModelJson *model); // NULL when there are none

// Getters for configurations. `object` may be NULL, which is as good as empty. A missing key
// leaves *out as the caller set it: the default. A key of the wrong type or out of range fails
// with a sentence that names it; `where` names the object, as in "mini: vae".
RSH_MUST_USE RshStatus config_count(const cJSON *object, const char *where, const char *key,
                                    uint32_t least, uint32_t most, uint32_t *out, RshError *error);
RSH_MUST_USE RshStatus config_number(const cJSON *object, const char *where, const char *key,
                                     double least, double most, double *out, RshError *error);
RSH_MUST_USE RshStatus config_bool(const cJSON *object, const char *where, const char *key,
                                   bool *out, RshError *error);
// The string stays the object's.
RSH_MUST_USE RshStatus config_string(const cJSON *object, const char *where, const char *key,
                                     const char **out, RshError *error);
// Lists: at most `capacity` entries; *count is how many, untouched when the key is missing.
RSH_MUST_USE RshStatus config_counts(const cJSON *object, const char *where, const char *key,
                                     uint32_t least, uint32_t most, size_t capacity, uint32_t *out,
                                     size_t *count, RshError *error);
RSH_MUST_USE RshStatus config_numbers(const cJSON *object, const char *where, const char *key,
                                      size_t capacity, float *out, size_t *count, RshError *error);

// SPDX-License-Identifier: GPL-3.0-or-later
//
// recognise.h - what a model file holds, told by the names and shapes of its tensors: never by the
// file's name, and never by a metadata key, which converters fill in as they like.
//
// A file may hold several parts under different prefixes (an all-in-one checkpoint): each is
// recognised. Original, diffusers, Hugging Face, GGUF and ComfyUI (model.diffusion_model.) names
// are known; name_map.h turns them into the original ones.
#pragma once
#include "formats/model_file.h"

typedef enum ModelPart {
    MODEL_PART_ANY, // nothing recognised; as an argument: whatever is there
    MODEL_PART_WAN_DIT,
    MODEL_PART_OVI,
    MODEL_PART_UMT5,
    MODEL_PART_CLIP_VISION,
    MODEL_PART_WAN_VAE_21,
    MODEL_PART_WAN_VAE_22,
    MODEL_PART_MMAUDIO_VAE,
    MODEL_PART_BIGVGAN,
    MODEL_PART_LTX, // recognised so that it can be refused by name: not runnable yet
    MODEL_PART_COUNT,
} ModelPart;

// What a Wan transformer is for, from its input channels and its image branch.
typedef enum WanKind {
    WAN_NONE,    // not a Wan transformer
    WAN_T2V,     // in == out == 16: text to video
    WAN_TI2V,    // in == out, other than 16: also from a first picture, by per-token timesteps
    WAN_I2V_21,  // 36 channels and an image branch fed by CLIP
    WAN_I2V_22,  // 36 channels, no image branch
    WAN_UNKNOWN, // other channels, as of controllable variants: not runnable
} WanKind;

enum { MODEL_MAX_PREFIX = 96, MODEL_MAX_PARTS = 16 };

typedef struct NameScheme NameScheme; // name_scheme.h

typedef struct RecognisedPart {
    ModelPart part;
    const NameScheme *scheme;      // which names are used
    char prefix[MODEL_MAX_PREFIX]; // in front of every name of this part; "" or ends with '.'
    WanKind wan;
    uint32_t blocks;      // transformer blocks; 0 where there are none
    uint64_t width;       // of the transformer's tokens; 0 where there are none
    uint64_t in_channels; // of a Wan or Ovi (video) transformer, or latent channels of a VAE
    bool runnable;
    char text[160]; // "Wan 2.1 text to video, 30 blocks of width 1536", for a person
} RecognisedPart;

const char *model_part_name(ModelPart part); // "Wan transformer"

// Stores the parts found, at most MODEL_MAX_PARTS, in the order of their prefixes, and returns
// how many. 0 when nothing is known.
size_t model_recognise(const ModelFile *file, RecognisedPart out[MODEL_MAX_PARTS]);

// The one part that is asked for (or any) among the tensors whose names start with `prefix`
// (may be ""). Of several, the one whose prefix is exactly that. Fails with a sentence that says
// what the file holds instead, or which parts it could be.
RSH_MUST_USE RshStatus model_recognise_part(const ModelFile *file, const char *prefix,
                                            ModelPart part, RecognisedPart *out, RshError *error);

// Every .safetensors and .gguf file of a folder and of its direct subfolders, in order of their
// paths. A file that cannot be opened, or that holds nothing known, is skipped with its sentence
// passed to `refused` (may be NULL). Returns false when the folder cannot be read.
typedef void (*PartVisitor)(void *data, const char *path, const RecognisedPart *part);
typedef void (*RefusedVisitor)(void *data, const char *path, const char *sentence);
bool model_recognise_folder(const char *folder, PartVisitor found, RefusedVisitor refused,
                            void *data);

// SPDX-License-Identifier: GPL-3.0-or-later
// model_file_build.h - what the two parsers share: the ModelFile under construction. Only
// model_file*.c, shard_index.c, safetensors.c and gguf.c include this.
#pragma once
#include "base/mapped_file.h"
#include "formats/model_file.h"

typedef enum MetadataKind {
    METADATA_STRING,
    METADATA_SIGNED,
    METADATA_UNSIGNED,
    METADATA_FLOAT,
    METADATA_ARRAY,
} MetadataKind;

typedef struct MetadataValue {
    char *key;
    MetadataKind kind;
    union {
        char *string; // owned
        int64_t integer;
        uint64_t number;
        double real;
        struct {
            uint32_t type;  // GGUF value type of the elements
            uint64_t count; // all of them lie inside the file
            uint64_t offset;
        } array;
    } as;
} MetadataValue;

struct ModelFile {
    MappedFile *mapping; // NULL when the bytes are the caller's
    const uint8_t *bytes;
    uint64_t size;
    ModelFormat format;
    char label[80];
    struct ModelFile **shards; // owned, with the names of all tensors; NULL for a single file
    size_t shard_count;

    ModelTensor *tensors; // names owned
    size_t count, capacity;
    uint32_t *by_name; // tensor indices in strcmp order of their names

    MetadataValue *metadata; // in strcmp order of their keys once parsed
    size_t metadata_count, metadata_capacity;
};

void model_file_set_label(ModelFile *file, const char *path);

// model_file_split.c: the shards of `index`, which was read from `path`.
typedef struct ShardIndex ShardIndex;
RSH_MUST_USE RshStatus model_file_open_split(const char *path, const ShardIndex *index,
                                             ModelFile **out, RshError *error);

// A tensor's name as a message shows it: control characters replaced, cut to fit.
typedef struct ShownName {
    char text[72];
} ShownName;
ShownName shown_name(const char *name, size_t length);

// Adds a tensor and computes elements and bytes. Checks name, rank, dimensions, whole blocks a
// row, overflow, and that [offset, offset + bytes) is inside the file.
RSH_MUST_USE RshStatus model_file_add(ModelFile *file, const char *name, size_t name_length,
                                      DType dtype, uint32_t n_dims, const uint64_t *dims,
                                      uint64_t offset, RshError *error);

// Appends an empty value with a copy of `key`; the caller fills `kind` and `as`.
RSH_MUST_USE RshStatus model_file_add_key(ModelFile *file, const char *key, size_t length,
                                          MetadataValue **out, RshError *error);

// After the last key: sorts them and refuses a key listed twice.
RSH_MUST_USE RshStatus model_file_sort_keys(ModelFile *file, RshError *error);
const MetadataValue *model_file_find_key(const ModelFile *file, const char *key); // NULL: missing

// Which space between tensors is allowed.
typedef enum GapRule {
    GAPS_NONE,    // the tensors cover [first, end) exactly
    GAPS_ALLOWED, // padding is fine, sharing bytes is not
} GapRule;

// After the last tensor: builds the name index, refuses duplicate names and overlapping data.
RSH_MUST_USE RshStatus model_file_finish(ModelFile *file, uint64_t data_start, GapRule gaps,
                                         RshError *error);

// GGUF value types, as numbered in the file.
enum {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_TYPE_COUNT,
};
uint32_t gguf_value_bytes(uint32_t type); // 0 for strings, arrays and unknown types

RSH_MUST_USE RshStatus safetensors_parse(ModelFile *file, RshError *error);
RSH_MUST_USE RshStatus gguf_parse(ModelFile *file, RshError *error);

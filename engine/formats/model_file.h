// SPDX-License-Identifier: GPL-3.0-or-later
//
// model_file.h - one read-only view of a safetensors or GGUF file, or of the index of a model that is split
// into several safetensors files. The format is recognised by content, never by the file's name.
//
// Everything a header claims is checked when the file is opened: counts, names, shapes, types and
// that every tensor lies inside the file. After a successful open, dims, elements, offset and
// bytes of every tensor can be relied on. Values are not checked: a weight may be NaN.
// Ownership: names, tensors and data belong to the ModelFile and live until model_file_close().
// Threads: an open ModelFile is immutable and may be read from any thread.
// The bytes are little-endian, as on every machine this engine runs on, and may be unaligned.
#pragma once
#include "formats/dtype.h"
#include "rsh.h"

// Limits. A file beyond one of them is refused with a sentence that names the limit.
enum {
    // Wan needs 5 dimensions, safetensors sets no bound of its own; 8 leaves room.
    MODEL_MAX_DIMS = 8,
    // The longest known tensor name has 110 bytes.
    MODEL_MAX_NAME_BYTES = 1024,
    // Ovi 11B has about 3400 tensors; 128 Ki keeps the index of a hostile file small.
    MODEL_MAX_TENSORS = 128 * 1024,
    // Known headers stay below 5 MB. JSON takes up to 40 times its size in memory when parsed.
    MODEL_MAX_HEADER_BYTES = 16 * 1024 * 1024,
    // GGUF: known files hold below 100 keys; the tokenizer is one key.
    MODEL_MAX_METADATA = 64 * 1024,
};
// Longest dimension: far beyond any weight, low enough that sums of sizes stay readable.
#define MODEL_MAX_DIMENSION (UINT64_C(1) << 40)

typedef enum ModelFormat { MODEL_FORMAT_SAFETENSORS, MODEL_FORMAT_GGUF } ModelFormat;

typedef struct ModelFile ModelFile;

typedef struct ModelTensor {
    const char *name; // UTF-8
    DType dtype;
    uint32_t n_dims;               // 0 for a scalar
    uint64_t dims[MODEL_MAX_DIMS]; // row-major, PyTorch's order: the last one is contiguous
    uint64_t elements;             // product of dims; 1 for a scalar
    uint64_t offset, bytes;        // from the start of the file, or of its shard
    uint32_t shard;                // 0 in a single file
} ModelTensor;

// Maps `path`, and when it is an index the files it names, which lie beside it. On failure *out is NULL and
// nothing stays open.
RSH_MUST_USE RshStatus model_file_open(const char *path, ModelFile **out, RshError *error);

// The same over bytes that the caller keeps alive and unchanged until the close. `label` stands
// for the path in messages.
RSH_MUST_USE RshStatus model_file_open_bytes(const void *bytes, uint64_t size, const char *label,
                                             ModelFile **out, RshError *error);
void model_file_close(ModelFile **file); // NULL-safe; stores NULL

ModelFormat model_file_format(const ModelFile *file);
const char *model_file_label(const ModelFile *file); // the path, shortened for messages
uint64_t model_file_size(const ModelFile *file);     // bytes of all its files

// Tensors in the file's own order. `find` returns NULL for an unknown name.
size_t model_file_count(const ModelFile *file);
const ModelTensor *model_file_tensor(const ModelFile *file, size_t index);
const ModelTensor *model_file_find(const ModelFile *file, const char *name);

// First byte of the tensor's tensor->bytes bytes. Not NULL, but maybe unaligned.
const void *model_file_data(const ModelFile *file, const ModelTensor *tensor);

// Metadata: safetensors' "__metadata__" strings, GGUF's keys. Getters say false, or NULL, when
// the key is missing or is of another kind.
size_t model_file_key_count(const ModelFile *file);
const char *model_file_key(const ModelFile *file, size_t index);
const char *model_file_string(const ModelFile *file, const char *key);
bool model_file_number(const ModelFile *file, const char *key, double *out);
bool model_file_integer(const ModelFile *file, const char *key, int64_t *out);

// GGUF arrays. The count is 0 when the key is missing or not an array.
size_t model_file_array_count(const ModelFile *file, const char *key);
bool model_file_array_number(const ModelFile *file, const char *key, size_t index, double *out);
// Copies every string of an array, in order, to the visitor; stops when it returns false.
typedef bool (*ModelStringVisitor)(void *data, size_t index, const char *bytes, size_t length);
bool model_file_array_strings(const ModelFile *file, const char *key, ModelStringVisitor visitor,
                              void *data);

// SPDX-License-Identifier: GPL-3.0-or-later
//
// shard_index.h - the index of a model that is split into several safetensors files, as Hugging Face writes
// it ("model.safetensors.index.json"): {"weight_map": {"tensor": "model-00001-of-00002.safetensors", ...}}.
// It is hostile input: a shard is the plain name of a file beside the index, never a path.
#pragma once
#include "rsh.h"

enum {
    SHARD_MAX_FILES = 512,
    SHARD_INDEX_MAX_BYTES = 64 * 1024 * 1024, // MODEL_MAX_TENSORS names of a few hundred bytes
};

typedef struct ShardIndex ShardIndex;

// Whether `bytes` look like such an index: a JSON object that names a "weight_map" near its start.
bool shard_index_matches(const void *bytes, uint64_t size);
// `label` stands for the path in messages. Refuses a tensor that is listed twice.
RSH_MUST_USE RshStatus shard_index_parse(const void *bytes, uint64_t size, const char *label,
                                         ShardIndex **out, RshError *error);
void shard_index_close(ShardIndex **index); // NULL-safe; stores NULL

// The shards, each once, in order of their names; and how many tensors the index puts in all of them.
size_t shard_index_count(const ShardIndex *index);
const char *shard_index_file(const ShardIndex *index, size_t shard);
size_t shard_index_tensors(const ShardIndex *index);
// Stores which shard holds `tensor`. False when the index does not list it.
bool shard_index_find(const ShardIndex *index, const char *tensor, size_t *shard);
// The name of the tensor at `position`, in strcmp order.
const char *shard_index_tensor(const ShardIndex *index, size_t position);

// Reads the index at `path`; *out is NULL, without an error, when the file is not an index.
RSH_MUST_USE RshStatus shard_index_open(const char *path, ShardIndex **out, RshError *error);
// The path of a shard, beside the index at `path`; malloc'd, NULL when memory is short.
char *shard_index_path(const ShardIndex *index, const char *path, size_t shard);

// SPDX-License-Identifier: GPL-3.0-or-later
// shader_blob.h - the kernels as the build embeds them; written by shaders/embed.py, read by gpu/pipeline.c.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHADER_MAX_BINDINGS 16

typedef enum ShaderBindingKind {
    SHADER_STORAGE,       // buffer
    SHADER_UNIFORM,       // uniform
    SHADER_UNIFORM_TEXEL, // samplerBuffer, textureBuffer
    SHADER_STORAGE_TEXEL, // imageBuffer
} ShaderBindingKind;

typedef struct ShaderBinding {
    ShaderBindingKind kind;
    bool writable; // not declared readonly
} ShaderBinding;

typedef struct ShaderBlob {
    const char *name;
    const uint32_t *words; // SPIR-V
    size_t word_count;
    uint64_t hash; // first 8 bytes of the SHA-256 of the words
    uint32_t push_bytes;
    uint32_t binding_count; // numbered from 0 in set 0
    ShaderBinding bindings[SHADER_MAX_BINDINGS];
} ShaderBlob;

extern const ShaderBlob *const shader_table[]; // in the order of the names
extern const size_t shader_table_count;
uint64_t shader_table_hash(void); // of all kernels: part of the caches' keys

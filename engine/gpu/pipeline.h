// SPDX-License-Identifier: GPL-3.0-or-later
// pipeline.h - a compute pipeline with its layout, as the files of engine/gpu/ see it.
#pragma once
#include "gpu/device.h"
#include "gpu/shader_blob.h"

struct GpuPipeline {
    const ShaderBlob *blob;
    uint32_t constants[GPU_MAX_CONSTANTS], constant_count;
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline handle;
    bool tried;   // a dispatch of it has run: what a driver compiles at the first one is compiled
    bool before;  // an earlier process has built it
    double built; // seconds of one thread that it took to create, and to be made ready by warm.c
    uint64_t counted; // the last cut that gave it a submission of its own
};

// It has been built, after so many seconds more.
void pipeline_is_built(Gpu *gpu, GpuPipeline *pipeline, double seconds);
double pipeline_expected_seconds(const Gpu *gpu, const GpuPipeline *pipeline); // of being built
VkDescriptorType pipeline_descriptor_type(ShaderBindingKind kind);

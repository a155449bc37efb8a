// SPDX-License-Identifier: GPL-3.0-or-later
// tensor_values.h - the numbers inside a ModelTensor.
#pragma once
#include "formats/model_file.h"

// Writes elements [first_element, first_element + count) to `out` as f32, in row-major order.
// Exact for every type up to 24 bits of precision; F64 and 32/64-bit integers are rounded to
// nearest. Block types give ggml's values bit for bit. fp8 scales are not applied: see below.
// Fails, writing nothing, when the range is not inside the tensor.
RSH_MUST_USE RshStatus tensor_to_f32(const ModelFile *file, const ModelTensor *tensor,
                                     uint64_t first_element, uint64_t count, float *out,
                                     RshError *error);

// The scale of an fp8 weight X.weight: the tensor X.scale_weight or X.weight_scale, which must
// hold 1 value or one a row ([rows, 1] or [rows]). *out is NULL when there is none. Fails when
// the scale has another shape or type.
RSH_MUST_USE RshStatus tensor_find_scale(const ModelFile *file, const ModelTensor *tensor,
                                         const ModelTensor **out, RshError *error);

// tensor_to_f32() times the tensor's fp8 scale, if it has one: what the network multiplies by.
RSH_MUST_USE RshStatus weight_to_f32(const ModelFile *file, const ModelTensor *tensor,
                                     uint64_t first_element, uint64_t count, float *out,
                                     RshError *error);

// For kernels that keep quantised weights: elements [first_element, first_element + count) of a
// block-quantised tensor as signed bytes, with one f32 scale and offset a group of
// dtype_group_elements() (16 or 32, see dequantise.h): w = scale * q + offset. Nothing is lost:
// computed in f32 without fusing, w equals tensor_to_f32() (a zero's sign aside). `offset` may be
// NULL where dtype_has_offset() is false. Both ends of the range must be whole blocks.
RSH_MUST_USE RshStatus tensor_to_q8_affine(const ModelFile *file, const ModelTensor *tensor,
                                           uint64_t first_element, uint64_t count, int8_t *q,
                                           float *scale, float *offset, RshError *error);

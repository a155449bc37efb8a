// SPDX-License-Identifier: GPL-3.0-or-later
//
// half.glsl - what a kernel keeps in shared memory: four f32, or with HALF four f16, half the bytes. Numbers
// beyond the largest f16 become that one, so that no infinity appears where f32 had none.

#ifdef HALF
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#define Texel f16vec4
Texel to_texel(vec4 value)
{
    return f16vec4(clamp(value, vec4(-65504.0), vec4(65504.0)));
}
#else
#define Texel vec4
Texel to_texel(vec4 value)
{
    return value;
}
#endif

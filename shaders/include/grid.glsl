// SPDX-License-Identifier: GPL-3.0-or-later
//
// grid.glsl - kernels in which every invocation works alone: a flat index over a grid that is folded into two
// dimensions, and the output as texels of four channels.
//
// Y_BINDING is the output's binding, the last one, where it holds texels. STORE_IMAGE writes it as a texel buffer: for outputs beyond
// the range of a storage buffer.

#include "shared/grid.h"

layout(local_size_x_id = 0) in;

uint grid_group()
{
    return gl_WorkGroupID.y * GRID_FOLD + gl_WorkGroupID.x;
}

uint grid_index()
{
    return grid_group() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
}

#ifdef Y_BINDING
#ifdef STORE_IMAGE
layout(binding = Y_BINDING, rgba32f) uniform writeonly imageBuffer y_texels;
#define STORE(at, value) imageStore(y_texels, int(at), value)
#else
layout(binding = Y_BINDING, std430) writeonly buffer Y { vec4 y_texels[]; };
#define STORE(at, value) y_texels[at] = value
#endif
#endif

// Clears the lanes from `count` on, whatever they hold: a NaN times 0 would stay.
vec4 keep_lanes(vec4 value, uint count)
{
    return mix(vec4(0.0), value, lessThan(uvec4(0, 1, 2, 3), uvec4(count)));
}

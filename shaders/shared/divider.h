// SPDX-License-Identifier: GPL-3.0-or-later
// divider.h - division by a number known when the dispatch is recorded, without a division: CPU drivers take
// tens of nanoseconds for one. q = (high32(n * multiplier) + n) >> shift, exact for n < 2^31
// (Granlund and Montgomery 1994, figure 4.1). Read by C and GLSL alike.
#ifndef RUSHES_SHARED_DIVIDER_H
#define RUSHES_SHARED_DIVIDER_H
#ifndef VULKAN
#include <stdint.h>
#include <sys/types.h> // uint

typedef struct Divider Divider;
#endif

struct Divider {
    uint multiplier, shift, divisor;
};

#ifdef VULKAN
uint quotient(Divider by, uint n)
{
    uint high, low;
    umulExtended(n, by.multiplier, high, low);
    return (high + n) >> by.shift;
}
#else
static inline Divider divider(uint divisor)
{
    uint shift = 0;
    while (((uint64_t)1 << shift) < divisor)
        shift++;
    uint64_t above = ((uint64_t)1 << shift) - divisor;
    return (Divider){(uint)(((above << 32) / divisor) + 1), shift, divisor};
}
#endif
#endif

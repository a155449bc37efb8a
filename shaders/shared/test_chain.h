// SPDX-License-Identifier: GPL-3.0-or-later
// test_chain.h - push constants of test_chain.comp, read by GLSL and, after <sys/types.h> (uint), by C.
struct TestChainParams {
    uint count; // vectors of four
    float scale, offset;
};

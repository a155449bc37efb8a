// SPDX-License-Identifier: GPL-3.0-or-later
// fuzz.h - the one function every fuzz target defines: libFuzzer calls it, and so does replay.c.
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

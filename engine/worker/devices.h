// SPDX-License-Identifier: GPL-3.0-or-later
// devices.h - `rushes-engine --devices`: every Vulkan device with its capabilities, as one JSON array;
// `--check`: whether the device and the mask that were asked for can be had.
#pragma once
#include "rsh.h"

// Exit statuses of both.
enum { DEVICES_BAD_MASK = 1, DEVICES_NONE = 2 };

// Opens and closes the device of `options` with its mask; when that fails, one line on standard error.
int devices_check(const RshEngineOptions *options);

// Prints to standard output; the program's exit status.
int devices_print(const RshEngineOptions *options);

// SPDX-License-Identifier: GPL-3.0-or-later
// devices.h - `rushes-engine --devices`: every Vulkan device with its capabilities, as one JSON array.
#pragma once
#include "rsh.h"

// Prints to standard output; the program's exit status (2: there is no device).
int devices_print(const RshEngineOptions *options);

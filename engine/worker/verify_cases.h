// SPDX-License-Identifier: GPL-3.0-or-later
// verify_cases.h - `rushes-engine --verify`: golden cases on this device, one line an output.
#pragma once
#include "rsh.h"

// `folders` are cases (with a case.json) or hold cases. Prints each output's normalised error and at
// the end "N passed, N failed, N skipped". -> the program's exit status: 0, 1 when nothing could be run,
// 2 without a device, 7 when a case failed.
int verify_cases(const RshEngineOptions *options, bool reference, char **folders, int count);

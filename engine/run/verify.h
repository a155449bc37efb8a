// SPDX-License-Identifier: GPL-3.0-or-later
//
// verify.h - golden cases: a folder with case.json, weights and expected numbers, run on any Runner. What
// `rushes verify` and the golden suite do. See tests/golden/README.md for the layout of a case.
#pragma once
#include "graph/runner.h"

typedef enum VerifyState { VERIFY_PASSED, VERIFY_FAILED, VERIFY_SKIPPED } VerifyState;

typedef struct VerifyResult {
    VerifyState state;
    uint32_t outputs;   // compared
    double worst;       // largest error / limit; above 1 fails
    char reason[248];   // why it failed or was skipped; "" otherwise
    char component[48]; // as case.json says
} VerifyResult;

// Called once for each output: ||got - expected|| / ||expected|| over the whole tensor, and its limit. Cases
// without numbers (files, text) report an error of 0 or 1 against a limit of 0.
typedef void (*VerifyReport)(void *data, const char *output, double error, double limit);

// Runs the case in `folder`. Failing to run it is a failed result, not an error. `report` may be NULL.
void verify_case(const char *folder, Runner *runner, VerifyReport report, void *data,
                 VerifyResult *out);

// Names of the cases below `folder` (subfolders with a case.json), sorted. The list and its strings are one
// allocation that the caller frees. Returns the count.
RSH_MUST_USE RshStatus verify_list(const char *folder, char ***names, size_t *count,
                                   RshError *error);

// SPDX-License-Identifier: GPL-3.0-or-later
// session.h - one conversation: requests are read while jobs run, until quit, the end of the input, a
// signal or the loss of the device.
#pragma once
#include "rsh.h"

#define SESSION_MODEL_FOLDERS 16

typedef struct SessionOptions {
    RshEngineOptions engine;
    const char *model_folders[SESSION_MODEL_FOLDERS]; // searched in order
    uint32_t model_folder_count;
    int input, output;
    bool ignore_interrupt; // the client handles Ctrl+C and will say so
} SessionOptions;

// The program's exit status.
int session_run(const SessionOptions *options);

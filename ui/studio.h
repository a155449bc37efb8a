// SPDX-License-Identifier: GPL-3.0-or-later
//
// studio.h - the studio as a program: opens the windows, returns when the last one is closed.
#pragma once

// `argv` may name project folders to open. -> exit status
int rushes_studio_run(int argc, char **argv);

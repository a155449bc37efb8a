// SPDX-License-Identifier: GPL-3.0-or-later
// grid.h - workgroups of one row of a folded grid: below the limit of any device (65535). GLSL and C.
#define GRID_FOLD 32768

// SPDX-License-Identifier: GPL-3.0-or-later
// snake.h - push constants of snake.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_SNAKE_H
#define RUSHES_SHARED_SNAKE_H
#include "shared/divider.h"

#define SNAKE_RUN 8

struct SnakePush {
    uint items;          // texels of a row * runs * lines
    Divider row;  // texels of a row
    Divider runs; // runs of SNAKE_RUN outputs a line
    uint width;
    uint x_offset, x_stride;
};
#endif

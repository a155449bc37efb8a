// SPDX-License-Identifier: GPL-3.0-or-later
// t5_bias.h - push constants of t5_bias.comp.
#ifndef RUSHES_SHARED_T5_BIAS_H
#define RUSHES_SHARED_T5_BIAS_H
#include "shared/divider.h"

struct T5BiasPush {
    uint items;             // texels of the output
    Divider row;     // texels of an output row
    Divider queries; // rows of a head
    uint keys;
    uint distances; // numbers a head in the table: queries + keys - 1
};
#endif

// SPDX-License-Identifier: GPL-3.0-or-later
//
// mark-texture.h - where a picture hides a change of its luminance. The eye misses in fur and leaves what it sees in a
// clear sky; beside an edge it sees as well as in the sky.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// `texture` [height, width] receives 0 (flat) to 1 (busy) for packed RGB: the least of the deviations of luminance in the
// four squares that meet at a pixel, so that a lone edge does not count.
void rushes_mark_texture(const guint8 *rgb, int width, int height, float *texture);

G_END_DECLS

// SPDX-License-Identifier: GPL-3.0-or-later
//
// mark-tiles.h - the secret of the imperceptible mark, known to everybody: five periodic noise tiles,
// one that finds the place (sync) and one for each symbol, and the arithmetic both sides share.
//
// Space    A picture is thought of as brought to a shorter side of RUSHES_MARK_SIDE pixels ("canonical"
//          pixels): half of the smallest clip the bundled model makes, so that what survives there
//          survives anywhere. Tiles are periodic, RUSHES_MARK_TILE canonical pixels on a side, with
//          power only in a ring of frequencies.
// Symbols  The low ten bits are a cyclic shift in steps of four pixels, the eleventh is the sign.
// Time     The mark keeps still for a third of a second and then changes sign: what stands still in the
//          picture cancels, what is left is the mark.
//
// Source: Cox, Miller, Bloom, "Digital Watermarking" (2nd edition 2007), chapters 3 to 5 and 7 for
// spread spectrum, orthogonal signalling and whitening; the layout in time and space is our own.
#pragma once
#include <fftw3.h>
#include <glib.h>

#include "marks/mark-payload.h"

G_BEGIN_DECLS

#define RUSHES_MARK_SIDE   80
#define RUSHES_MARK_TILE   128
#define RUSHES_MARK_STEP   4
#define RUSHES_MARK_TILES  (1 + RUSHES_MARK_SYMBOLS)
#define RUSHES_MARK_PERIOD (1.0 / 3.0) // seconds between changes of sign
#define RUSHES_MARK_LOW    0.055       // cycles a canonical pixel
#define RUSHES_MARK_HIGH   0.172
#define RUSHES_MARK_BINS   (RUSHES_MARK_TILE * (RUSHES_MARK_TILE / 2 + 1))

typedef struct RushesMarkTiles RushesMarkTiles;

// Made once, kept until the program ends; any thread. `key` 0 is the one in use; others give tiles that
// nobody has embedded, which is how the score of unmarked pictures is measured.
const RushesMarkTiles *rushes_mark_tiles_get(guint key);
// [128, 128], mean 0, variance 1; `index` 0 is the sync tile.
const float *rushes_mark_tiles_pixels(const RushesMarkTiles *self, guint index);

// In place of a plan a call: arrays from fftwf_malloc, any thread.
void rushes_mark_forward(float *pixels, fftwf_complex *bins);
// `correlation` [128, 128]: how well the picture of these bins agrees with the tile, at every shift of
// the tile, in units of its own standard deviation. `work` and `correlation` are overwritten.
void rushes_mark_tiles_correlate(const RushesMarkTiles *self, guint index,
                                 const fftwf_complex *bins, fftwf_complex *work,
                                 float *correlation);

// Whether the mark's sign is turned over at this time in seconds.
gboolean rushes_mark_is_negative(double seconds);

// out[y, x] is the input at ((y + 0.5) * step - 0.5, (x + 0.5) * step - 0.5), by a cubic that is
// widened when step > 1. Outside the input: periodic, or left out of the weights.
void rushes_mark_resample(const float *in, int in_width, int in_height, float *out, int width,
                          int height, double step, gboolean periodic);

G_END_DECLS

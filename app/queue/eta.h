// SPDX-License-Identifier: GPL-3.0-or-later
//
// eta.h - how long a job still takes, from how long the stages of past jobs of the same shape took
// on this machine, corrected by what the running one has shown so far.
#pragma once
#include "project/library.h"

G_BEGIN_DECLS

typedef struct RushesEta RushesEta;

// `device` names what runs it; the recipe must be complete (as the worker accepted it).
RushesEta *rushes_eta_new(RushesLibrary *library, const char *device, const RushesRecipe *recipe);
void rushes_eta_free(RushesEta *self);

// At each progress event; `now` in seconds on any steady clock. -> seconds to the end, or negative
// while nothing is known (then the worker's own figure is all there is).
double rushes_eta_progress(RushesEta *self, const char *stage, guint step, guint of, double now);
// The job is done: what its stages took is stored for the next.
void rushes_eta_finish(RushesEta *self, double now);

// Seconds for a whole job that has not started; negative when no such job was run yet.
double rushes_eta_forecast(RushesLibrary *library, const char *device, const RushesRecipe *recipe);

// The same from a list of RushesTake: what the nearest finished one on that device took, by the ratio of
// steps, frames and pixels. Rough; negative when there is none.
double rushes_eta_forecast_from_takes(GListModel *takes, const char *device,
                                      const RushesRecipe *recipe);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesEta, rushes_eta_free)

G_END_DECLS

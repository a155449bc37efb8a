// SPDX-License-Identifier: GPL-3.0-or-later
//
// eta.h - how long a job takes, from what its parts cost in earlier jobs on this device (eta-cost.h), what
// the worker says of building kernels, and while it runs, from how it goes compared with that: a machine
// that gets busy shows in the next figure.
#pragma once
#include "project/library.h"

G_BEGIN_DECLS

typedef struct RushesEta RushesEta;

// At the moment the job is sent to the worker. `device` names what runs it; `now` in seconds on any
// steady clock, the same for all calls.
RushesEta *rushes_eta_new(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                          double now);
void rushes_eta_free(RushesEta *self);

// A progress event of the worker; seconds as in RushesEngineEvent.
typedef struct RushesEtaProgress {
    const char *stage;
    guint step;
    double built, build_left, build_stage;
} RushesEtaProgress;

// At each of them. -> seconds to the end, or negative while nothing is known (then the worker's own figure
// is all there is).
double rushes_eta_progress(RushesEta *self, const RushesEtaProgress *progress, double now);
// Between events: counts down, and up again when nothing happens.
double rushes_eta_left(const RushesEta *self, double now);
// The job is done: what its parts took is stored for the next.
void rushes_eta_finish(RushesEta *self, double now);

// Seconds for a job that has not started: from earlier jobs, and `build_seconds` of building kernels; failing
// these what the worker says (`worker_seconds`, negative when it does not know). Takes that lie in a project tell
// nothing: they may come from another machine, even of a device of the same name.
double rushes_eta_forecast(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                           double worker_seconds, double build_seconds);
// Whether earlier jobs on the device tell.
gboolean rushes_eta_is_learned(RushesLibrary *library, const char *device,
                               const RushesRecipe *recipe);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesEta, rushes_eta_free)

G_END_DECLS

// SPDX-License-Identifier: GPL-3.0-or-later
// plan_run.h - what is known of a run before it starts: request.c says it to the caller, render.c acts
// on it.
#pragma once
#include "run/clock.h"
#include "run/engine.h"

// As the pipeline wants it; strings are borrowed from `request`, conditioning is not set.
void request_to_pipeline(const RshRequest *request, const RshModel *model, PipelineRequest *out);

// Decides keep_weights and plans every stage.
RSH_MUST_USE RshStatus request_plan(PipelineRequest *request, const PipelineModel *model,
                                    Runner *runner, uint64_t budget, PipelineEstimate *out,
                                    RshError *error);

void request_clock_key(const RshRequest *request, const RshModel *model, ClockKey *key);
void request_plan_clock(const RshRequest *request, const RshModel *model, Clock *clock);

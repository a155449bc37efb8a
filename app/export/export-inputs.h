// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-inputs.h - the files that an export is made from: pictures and sound of takes, imported sounds. Who changes one
// while it is read would get a file that is half the one and half the other, which its credentials would call one take;
// who changed one before would get pictures that no model made, signed as if one had.
// One that is removed meanwhile is no change: what was opened before is read to its end, and what was not cannot be.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

typedef struct RushesExportInputs RushesExportInputs; // reference-counted

// The files as they are now, whether they are there or not.
RushesExportInputs *rushes_export_inputs_of_take(RushesTake *take);
RushesExportInputs *rushes_export_inputs_of_film(RushesProject *project);
RushesExportInputs *rushes_export_inputs_ref(RushesExportInputs *self); // NULL-safe, as the next
void rushes_export_inputs_unref(RushesExportInputs *self);

// FALSE with one sentence when one of them is not what the worker wrote. Reads raw frames and sound as a whole; any thread.
gboolean rushes_export_inputs_prove(const RushesExportInputs *self, GCancellable *cancellable,
                                    GError **error);
// FALSE with one sentence when one of them is another by now. Any thread.
gboolean rushes_export_inputs_check(const RushesExportInputs *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesExportInputs, rushes_export_inputs_unref)

G_END_DECLS

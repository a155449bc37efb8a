// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-inputs.h - the files that an export is made from: pictures and sound of takes, imported sounds. Who changes one
// while it is read would get a file that is half the one and half the other, which its credentials would call one take.
// One that is removed meanwhile is no change: what was opened before is read to its end, and what was not cannot be.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

// Their paths, NULL-terminated, whether the files are there or not; owned by the caller.
GStrv rushes_export_inputs_of_take(RushesTake *take);
GStrv rushes_export_inputs_of_film(RushesProject *project);

typedef struct RushesExportInputs RushesExportInputs;

// The files as they are now; `paths` NULL: none.
RushesExportInputs *rushes_export_inputs_new(const char *const *paths);
void rushes_export_inputs_free(RushesExportInputs *self); // NULL-safe
// FALSE with one sentence when one of them is another by now.
gboolean rushes_export_inputs_check(const RushesExportInputs *self, GError **error);

G_END_DECLS

// SPDX-License-Identifier: GPL-3.0-or-later
//
// rushes-error.h - what can go wrong with a project, as the studio needs to tell it apart. Every
// message is one sentence for the creator: what, where, and what to do.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum RushesError {
    RUSHES_ERROR_FORMAT,    // a file is not what it should be; nothing was changed
    RUSHES_ERROR_NEWER,     // written by a later version of Rushes
    RUSHES_ERROR_READ_ONLY, // the folder, or this opening of it, cannot be written
    RUSHES_ERROR_BUSY,      // open in another window
    RUSHES_ERROR_IO,        // the system refused: disk full, gone, forbidden
    RUSHES_ERROR_REFUSED,   // the request makes no sense for the present state
} RushesError;

#define RUSHES_ERROR (rushes_error_quark())
GQuark rushes_error_quark(void);

G_END_DECLS

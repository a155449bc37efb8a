// SPDX-License-Identifier: GPL-3.0-or-later
//
// picture-marks.h - what the creator said of each reference picture, by the SHA-256 of its file: the same picture put
// in again keeps its mark. Kept in $XDG_DATA_HOME/rushes/pictures.json; nothing of it leaves this machine.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum RushesPictureMark {
    RUSHES_PICTURE_UNMARKED, // nobody was asked yet
    RUSHES_PICTURE_NOBODY,
    RUSHES_PICTURE_PERSON,
} RushesPictureMark;

// SHA-256 of the file in 64 hexadecimal digits, owned by the caller. Reads it whole; blocks.
char *rushes_picture_hash(const char *path, GError **error);

// FALSE when the marks cannot be read: that must not pass for "not marked". *record (may be NULL) receives the
// consent record that was last used with the picture, owned by the caller, or NULL.
gboolean rushes_picture_marks_get(const char *sha256, RushesPictureMark *mark, char **record,
                                  GError **error);
// `record` may be NULL: the one remembered stays. Only PERSON has a record.
gboolean rushes_picture_marks_set(const char *sha256, RushesPictureMark mark, const char *record,
                                  GError **error);

G_END_DECLS

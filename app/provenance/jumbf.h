// SPDX-License-Identifier: GPL-3.0-or-later
//
// jumbf.h - the nested boxes that hold content credentials (ISO 19566-5): a superbox is a description
// (type, label) followed by content boxes or more superboxes. Reading is bounded: the bytes may be hostile.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// The first four bytes of a superbox's 16-byte type; the other twelve are always those of ISO 14496-12.
#define JUMBF_STORE      "c2pa"
#define JUMBF_MANIFEST   "c2ma"
#define JUMBF_ASSERTIONS "c2as"
#define JUMBF_CLAIM      "c2cl"
#define JUMBF_SIGNATURE  "c2cs"
#define JUMBF_CBOR       "cbor"

// Appends a superbox of this type and label with `content` (already boxes). Returns where it starts in `out`.
gsize rushes_jumbf_append(GByteArray *out, const char *type, const char *label,
                          const GByteArray *content);
// Appends a plain box: length, four-character kind, bytes.
void rushes_jumbf_append_box(GByteArray *out, const char *kind, const guint8 *data, gsize bytes);

// One superbox inside somebody else's bytes; borrows them.
typedef struct RushesJumbf {
    char type[5];
    gboolean is_salted;
    char label[256];
    const guint8
        *hashed; // what a hashed reference to this box covers: everything after its own header
    gsize hashed_bytes;
    const guint8 *content; // after the description box
    gsize content_bytes;
} RushesJumbf;

// Reads the superbox at the start of [data, data + bytes); stores its whole length in *length.
// FALSE when it is not a well-formed superbox.
gboolean rushes_jumbf_read(const guint8 *data, gsize bytes, RushesJumbf *out, gsize *length);
// The child superbox with this label. FALSE when there is none.
gboolean rushes_jumbf_find(const RushesJumbf *parent, const char *label, RushesJumbf *out);
// The payload of the first content box of this kind. FALSE when there is none.
gboolean rushes_jumbf_payload(const RushesJumbf *box, const char *kind, const guint8 **data,
                              gsize *bytes);

G_END_DECLS

// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/mark-payload.h"

#include <string.h>

#define PAYLOAD_BITS 36
#define SYMBOL_MASK  ((1u << RUSHES_MARK_SYMBOL_BITS) - 1)

// CRC-8, polynomial x^8 + x^2 + x + 1, over the payload's bits, highest first.
static guint8 check_bits(guint64 payload)
{
    guint8 crc = 0;

    for (int bit = PAYLOAD_BITS - 1; bit >= 0; bit--) {
        gboolean feedback = ((crc >> 7) ^ (guint8)(payload >> bit)) & 1;
        crc = (guint8)((crc << 1) ^ (feedback ? 0x07 : 0));
    }
    return crc;
}

void rushes_mark_payload_encode(RushesMarkPayload payload, guint symbols[RUSHES_MARK_SYMBOLS])
{
    guint64 bits = ((guint64)(payload.version & 15) << 32) | payload.id;
    guint64 word = (bits << 8) | check_bits(bits);

    for (int i = 0; i < RUSHES_MARK_SYMBOLS; i++)
        symbols[i] = (guint)(word >> (RUSHES_MARK_SYMBOL_BITS * i)) & SYMBOL_MASK;
}

gboolean rushes_mark_payload_decode(const guint symbols[RUSHES_MARK_SYMBOLS],
                                    RushesMarkPayload *payload)
{
    guint64 word = 0;

    for (int i = 0; i < RUSHES_MARK_SYMBOLS; i++)
        word |= (guint64)(symbols[i] & SYMBOL_MASK) << (RUSHES_MARK_SYMBOL_BITS * i);
    if (check_bits(word >> 8) != (word & 0xff))
        return FALSE;
    payload->version = (guint)(word >> 40) & 15;
    payload->id = (guint32)(word >> 8);
    return TRUE;
}

RushesMarkPayload rushes_mark_payload_of_take(const char *take)
{
    gsize length = strlen(take);
    const char *digits = length >= 8 ? take + length - 8 : "";
    RushesMarkPayload payload = {.version = RUSHES_MARK_VERSION};

    if (!*digits || strspn(digits, "0123456789abcdefABCDEF") != 8) {
        g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, take, -1);
        hash[8] = '\0';
        payload.id = (guint32)g_ascii_strtoull(hash, NULL, 16);
    } else {
        payload.id = (guint32)g_ascii_strtoull(digits, NULL, 16);
    }
    return payload;
}

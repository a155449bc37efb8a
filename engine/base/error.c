// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

RshStatus error_set(RshError *error, RshStatus status, const char *format, ...)
{
    if (!error)
        return status;

    va_list args;
    va_start(args, format);
    error->status = status;
    int length = vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    if (length >= (int)sizeof(error->text)) { // cut: not inside a character
        size_t end = sizeof(error->text) - 1, start = end;
        while (start > 0 && (error->text[start - 1] & 0xc0) == 0x80)
            start--;
        unsigned char lead = start > 0 ? (unsigned char)error->text[start - 1] : 0;
        size_t whole = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (start > 0 && end - (start - 1) < whole)
            error->text[start - 1] = '\0';
    }
    return status;
}

RshStatus error_from_write(int cause)
{
    bool full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
    return full ? RSH_ERROR_DISK_FULL : RSH_ERROR_IO;
}

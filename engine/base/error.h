// SPDX-License-Identifier: GPL-3.0-or-later
// error.h - fill a caller's RshError and return its status in one expression.
#pragma once
#include "rsh.h"

RshStatus error_set(RshError *error, RshStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// RSH_ERROR_DISK_FULL when errno `cause` says that there is no room to write, else RSH_ERROR_IO.
RshStatus error_from_write(int cause);

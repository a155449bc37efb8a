// SPDX-License-Identifier: GPL-3.0-or-later
// rsh.h needs nothing before it.
#include "rsh.h"

// SPDX-License-Identifier: GPL-3.0-or-later
// tap.h - the engine tests' whole harness: Test Anything Protocol on stdout, one case a function.
#pragma once
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_count, tap_failed;

#define TAP_RUN(name)                                                                              \
    do {                                                                                           \
        int before = tap_failed;                                                                   \
        name();                                                                                    \
        printf("%s %d - %s\n", tap_failed == before ? "ok" : "not ok", ++tap_count, #name);        \
    } while (0)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            tap_failed++;                                                                          \
            printf("# %s:%d: %s is false\n", __FILE__, __LINE__, #condition);                      \
        }                                                                                          \
    } while (0)

#define CHECK_NEAR(got, want, tolerance)                                                           \
    do {                                                                                           \
        double got_ = (got), want_ = (want), limit_ = (tolerance)*fmax(1.0, fabs(want_));          \
        if (!(fabs(got_ - want_) <= limit_)) {                                                     \
            tap_failed++;                                                                          \
            printf("# %s:%d: %s is %g, not %g (limit %g)\n", __FILE__, __LINE__, #got, got_,       \
                   want_, limit_);                                                                 \
        }                                                                                          \
    } while (0)

static inline int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static char cache[] = "/tmp/rushes-clock-XXXXXX";

static ClockKey key(uint32_t width)
{
    return (ClockKey){.device = "d",
                      .driver = "1",
                      .model = "mini",
                      .width = width,
                      .height = 160,
                      .frames = 25,
                      .guided = true};
}

static void plan(Clock *clock)
{
    static const uint32_t counts[CLOCK_UNITS] = {1, 1, 0, 1, 15, 1, 24, 1};
    memcpy(clock->planned, counts, sizeof(counts));
}

// As if `seconds` had passed for each unit.
static void pass(Clock *clock, ClockUnit unit, uint32_t count, double seconds)
{
    clock->done[unit] += count;
    clock->spent[unit] += count * seconds;
}

static void the_end_of_a_first_run_is_unknown_until_two_steps_are_measured(void)
{
    Clock clock;
    ClockKey first = key(256);
    clock_start(&clock, &first, NULL);
    plan(&clock);
    CHECK(!clock.calibrated && clock_total(&clock) < 0 && clock_remaining(&clock) < 0);
    pass(&clock, CLOCK_LOAD, 1, 0.1);
    pass(&clock, CLOCK_TEXT, 1, 0.5);
    pass(&clock, CLOCK_FIRST_STEP, 1, 1.0);
    CHECK(clock_remaining(&clock) < 0);
    pass(&clock, CLOCK_STEP, 1, 0.5);
    CHECK(clock_remaining(&clock) > 14 * 0.5);
}

static void a_kept_run_forecasts_the_next_one(void)
{
    Clock clock;
    ClockKey same = key(256), half = key(128), other = key(256);

    clock_start(&clock, &same, cache);
    plan(&clock);
    pass(&clock, CLOCK_LOAD, 1, 0.1);
    pass(&clock, CLOCK_TEXT, 1, 0.4);
    pass(&clock, CLOCK_FIRST_STEP, 1, 1.0);
    pass(&clock, CLOCK_STEP, 15, 0.5);
    pass(&clock, CLOCK_FIRST_FRAME, 1, 0.8);
    pass(&clock, CLOCK_FRAME, 24, 0.1);
    pass(&clock, CLOCK_AUDIO, 1, 0.3);
    clock_keep(&clock, &same, cache);

    clock_start(&clock, &same, cache);
    plan(&clock);
    CHECK(clock.calibrated);
    CHECK_NEAR(clock_total(&clock), 0.1 + 0.4 + 1.0 + 7.5 + 0.8 + 2.4 + 0.3, 1e-9);
    CHECK_NEAR(clock_remaining(&clock), clock_total(&clock), 1e-9);

    // Half the pixels: steps and frames cost half, the words cost the same.
    clock_start(&clock, &half, cache);
    plan(&clock);
    CHECK_NEAR(clock_total(&clock), 0.1 + 0.4 + 0.5 + 3.75 + 0.4 + 1.2 + 0.3, 1e-9);

    other.device = "another";
    clock_start(&clock, &other, cache);
    CHECK(!clock.calibrated);
}

static void a_slower_machine_is_noticed(void)
{
    Clock clock;
    ClockKey same = key(256);
    clock_start(&clock, &same, cache);
    plan(&clock);
    double before = clock_remaining(&clock);
    pass(&clock, CLOCK_TEXT, 1, 0.8);
    pass(&clock, CLOCK_STEP, 5, 1.0); // twice as slow as known
    CHECK(clock_remaining(&clock) > 1.2 * before);
}

static void the_fraction_never_falls_and_stays_below_one(void)
{
    Clock clock;
    ClockKey first = key(256);
    double last = 0.0;

    clock_start(&clock, &first, NULL);
    plan(&clock);
    for (ClockUnit unit = CLOCK_LOAD; unit < CLOCK_UNITS; unit++)
        for (uint32_t i = 0; i < clock.planned[unit]; i++) {
            pass(&clock, unit, 1, 0.01 * (i + 1));
            double fraction = clock_fraction(&clock);
            CHECK(fraction >= last && fraction < 1.0);
            last = fraction;
        }
    CHECK(last > 0.99);
}

static void a_damaged_cache_is_an_empty_one(void)
{
    char path[256];
    Clock clock;
    ClockKey same = key(256);

    snprintf(path, sizeof(path), "%s/timings.json", cache);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (!file)
        return;
    fputs("[{\"device\":\"d\",\"driver\":\"1\",\"model\":\"mini\",\"width\":-1,\"step\":\"x\"},7",
          file);
    fclose(file);
    clock_start(&clock, &same, cache);
    CHECK(!clock.calibrated);
}

int main(void)
{
    char path[256];
    if (!mkdtemp(cache))
        return EXIT_FAILURE;
    TAP_RUN(the_end_of_a_first_run_is_unknown_until_two_steps_are_measured);
    TAP_RUN(a_kept_run_forecasts_the_next_one);
    TAP_RUN(a_slower_machine_is_noticed);
    TAP_RUN(the_fraction_never_falls_and_stays_below_one);
    TAP_RUN(a_damaged_cache_is_an_empty_one);
    snprintf(path, sizeof(path), "%s/timings.json", cache);
    unlink(path);
    rmdir(cache);
    return tap_done();
}

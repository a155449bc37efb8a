// SPDX-License-Identifier: GPL-3.0-or-later
//
// The limiter and the plan for -14 LUFS, measured by libebur128 on what really comes out.
#include <ebur128.h>
#include <math.h>
#include <string.h>

#include "export/loudness.h"

#define RATE     48000
#define CHANNELS 2
#define SECONDS  12
#define COUNT    (RATE * SECONDS)

// ---- a source of samples in memory ----
#define TYPE_SOUND (sound_get_type())
G_DECLARE_FINAL_TYPE(Sound, sound, TEST, SOUND, GObject)

struct _Sound {
    GObject parent;
    float *samples; // [COUNT, CHANNELS]
};

static void get_format(RushesFrameSource *self G_GNUC_UNUSED, RushesFrameFormat *format)
{
    *format = (RushesFrameFormat){.width = 2,
                                  .height = 2,
                                  .fps = 24,
                                  .frames = 24 * SECONDS,
                                  .ready = 24 * SECONDS,
                                  .rate = RATE,
                                  .channels = CHANNELS,
                                  .samples = COUNT};
}

static gboolean read_samples(RushesFrameSource *source, gint64 first, gsize count, float *out,
                             GError **error G_GNUC_UNUSED)
{
    Sound *self = TEST_SOUND(source);
    gsize there = first < COUNT ? (gsize)MIN((gint64)count, COUNT - first) : 0;

    memset(out, 0, sizeof(float) * count * CHANNELS);
    if (there > 0)
        memcpy(out, self->samples + first * CHANNELS, sizeof(float) * there * CHANNELS);
    return TRUE;
}

static void source_init(RushesFrameSourceInterface *interface)
{
    interface->get_format = get_format;
    interface->read_samples = read_samples;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(Sound, sound, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(RUSHES_TYPE_FRAME_SOURCE, source_init))

static void sound_init(Sound *self)
{
    self->samples = g_new0(float, COUNT *CHANNELS);
}

static void sound_finalize(GObject *object)
{
    g_free(TEST_SOUND(object)->samples);
    G_OBJECT_CLASS(sound_parent_class)->finalize(object);
}

static void sound_class_init(SoundClass *class)
{
    G_OBJECT_CLASS(class)->finalize = sound_finalize;
}

static Sound *tone(double frequency, double phase, float level)
{
    Sound *self = g_object_new(TYPE_SOUND, NULL);

    for (int i = 0; i < COUNT; i++)
        for (int c = 0; c < CHANNELS; c++)
            self->samples[i * CHANNELS + c] =
                level * (float)sin(2.0 * G_PI * frequency * i / RATE + phase);
    return self;
}

// A clap of 10 ms: noise that dies away.
static void add_clap(Sound *self, int at, float level)
{
    guint32 state = 7;

    for (int i = 0; i < RATE / 100; i++) {
        state = state * 1664525u + 1013904223u;
        float noise = (float)state / 2147483648.0f - 1.0f;
        for (int c = 0; c < CHANNELS; c++)
            self->samples[(at + i) * CHANNELS + c] += level * noise * expf(-(float)i / 120.0f);
    }
}

typedef struct Heard {
    double loudness, peak; // LUFS; dB
    float *samples;        // [COUNT, CHANNELS]
} Heard;

static void heard_clear(Heard *heard)
{
    g_free(heard->samples);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Heard, heard_clear)

// What a limiter makes of it, read in pieces of this many samples.
static Heard hear(Sound *sound, double gain, gsize piece)
{
    g_autoptr(RushesLimiter) limiter = rushes_limiter_new(RUSHES_FRAME_SOURCE(sound), gain);
    Heard heard = {.samples = g_new(float, COUNT *CHANNELS)};
    ebur128_state *meter = ebur128_init(CHANNELS, RATE, EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
    double peaks[CHANNELS];

    for (gsize at = 0; at < COUNT; at += piece)
        g_assert_true(rushes_limiter_read(limiter, MIN(piece, COUNT - at),
                                          heard.samples + at * CHANNELS, NULL));
    ebur128_add_frames_float(meter, heard.samples, COUNT);
    ebur128_loudness_global(meter, &heard.loudness);
    for (unsigned c = 0; c < CHANNELS; c++)
        ebur128_true_peak(meter, c, &peaks[c]);
    heard.peak = 20.0 * log10(MAX(peaks[0], peaks[1]));
    ebur128_destroy(&meter);
    return heard;
}

static RushesLoudnessPlan plan_of(Sound *sound)
{
    RushesLoudnessPlan plan;

    g_assert_true(rushes_loudness_plan(RUSHES_FRAME_SOURCE(sound), &plan, NULL, NULL));
    return plan;
}

static void claps_over_a_quiet_film_reach_the_target(void)
{
    g_autoptr(Sound) sound = tone(330.0, 0.0, 0.06f);

    for (int i = 0; i < SECONDS * 2; i++)
        add_clap(sound, i * RATE / 2, 0.85f);
    RushesLoudnessPlan plan = plan_of(sound);
    g_auto(Heard) heard = hear(sound, plan.gain, 4000);
    g_auto(Heard) before = hear(sound, 1.0, 4000);
    g_test_message("%.2f LUFS before, %.2f after, peak %.2f dB, gain %.1f dB", before.loudness,
                   heard.loudness, heard.peak, 20.0 * log10(plan.gain));
    g_assert_cmpfloat(before.loudness, <, -20.0); // else there was nothing to do
    g_assert_cmpfloat(fabs(heard.loudness + RUSHES_LOUDNESS_TARGET), <, 0.5);
    g_assert_cmpfloat(fabs(heard.loudness - plan.reached), <, 0.05);
    g_assert_cmpfloat(heard.peak, <=, -RUSHES_TRUE_PEAK);
}

static void peaks_between_the_samples_are_held_too(void)
{
    // A quarter of the rate, an eighth of a turn on: the samples stay 3 dB below the wave.
    g_autoptr(Sound) sound = tone(RATE / 4.0, G_PI / 4.0, 0.9f);
    g_auto(Heard) heard = hear(sound, 1.4, 4000);

    g_assert_cmpfloat(heard.peak, <=, -RUSHES_TRUE_PEAK);
    g_assert_cmpfloat(heard.peak, >, -RUSHES_TRUE_PEAK - 0.5); // and not more than needed
}

static void without_peaks_only_the_gain_is_applied(void)
{
    g_autoptr(Sound) sound = tone(440.0, 0.0, 0.1f);
    RushesLoudnessPlan plan = plan_of(sound);
    g_auto(Heard) heard = hear(sound, plan.gain, 4000);
    float gain = (float)plan.gain;

    g_assert_cmpfloat(fabs(heard.loudness + RUSHES_LOUDNESS_TARGET), <, 0.1);
    for (int i = 0; i < COUNT * CHANNELS; i++)
        g_assert_true(heard.samples[i] == sound->samples[i] * gain);
}

static void a_lone_peak_is_turned_down_by_the_most_that_is_allowed_only(void)
{
    g_autoptr(Sound) sound = tone(330.0, 0.0, 0.002f);

    add_clap(sound, RATE, 0.9f);
    RushesLoudnessPlan plan = plan_of(sound);
    g_auto(Heard) heard = hear(sound, plan.gain, 4000);
    g_auto(Heard) before = hear(sound, 0.01, 4000); // too quiet to be limited
    g_assert_cmpfloat(plan.reached, <, -RUSHES_LOUDNESS_TARGET - 0.5);
    g_assert_cmpfloat(fabs(heard.loudness - plan.reached), <, 0.05);
    double turned_down = before.peak + 40.0 + 20.0 * log10(plan.gain) + RUSHES_TRUE_PEAK;
    g_assert_cmpfloat(fabs(turned_down - RUSHES_LIMIT_MOST), <, 0.1);
    g_assert_cmpfloat(heard.peak, <=, -RUSHES_TRUE_PEAK);
}

static void the_size_of_the_pieces_changes_nothing(void)
{
    g_autoptr(Sound) sound = tone(200.0, 0.0, 0.3f);

    add_clap(sound, RATE / 3, 0.9f);
    g_auto(Heard) one = hear(sound, 3.0, 4000);
    g_auto(Heard) other = hear(sound, 3.0, 997);
    g_assert_cmpmem(one.samples, sizeof(float) * COUNT * CHANNELS, other.samples,
                    sizeof(float) * COUNT * CHANNELS);
}

static void the_sound_is_not_late_and_keeps_its_sides(void)
{
    g_autoptr(Sound) sound = tone(200.0, 0.0, 0.0f);

    for (int i = 0; i < COUNT; i++)
        sound->samples[i * CHANNELS] = 0.1f * (float)sin(2.0 * G_PI * 200.0 * i / RATE);
    for (int i = 0; i < COUNT; i++)
        sound->samples[i * CHANNELS + 1] = 0.5f * sound->samples[i * CHANNELS];
    sound->samples[2 * RATE] = 0.95f; // a lone sample, at one second
    g_auto(Heard) heard = hear(sound, 4.0, 4000);
    int loudest = 0;
    for (int i = 0; i < COUNT; i++) {
        if (fabsf(heard.samples[i * CHANNELS]) > fabsf(heard.samples[loudest * CHANNELS]))
            loudest = i;
        // Both sides are turned down by the same factor at every moment.
        if (i != RATE)
            g_assert_cmpfloat(
                fabsf(heard.samples[i * CHANNELS + 1] - 0.5f * heard.samples[i * CHANNELS]), <=,
                1e-6f);
    }
    g_assert_cmpint(loudest, ==, RATE);
}

static void silence_stays_silence(void)
{
    g_autoptr(Sound) sound = tone(200.0, 0.0, 0.0f);

    g_assert_true(plan_of(sound).gain == 1.0);
}

static void a_cancelled_plan_says_so(void)
{
    g_autoptr(Sound) sound = tone(200.0, 0.0, 0.2f);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    RushesLoudnessPlan plan;

    g_cancellable_cancel(cancellable);
    g_assert_false(rushes_loudness_plan(RUSHES_FRAME_SOURCE(sound), &plan, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/loudness/" #name, name)
    ADD(claps_over_a_quiet_film_reach_the_target);
    ADD(peaks_between_the_samples_are_held_too);
    ADD(without_peaks_only_the_gain_is_applied);
    ADD(a_lone_peak_is_turned_down_by_the_most_that_is_allowed_only);
    ADD(the_size_of_the_pieces_changes_nothing);
    ADD(the_sound_is_not_late_and_keeps_its_sides);
    ADD(silence_stays_silence);
    ADD(a_cancelled_plan_says_so);
    return g_test_run();
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/speech.h"

#include <espeak-ng/speak_lib.h>
#include <string.h>

#include "rushes-error.h"
#include "timeline/sample-file.h"

#define MAX_WORDS_BYTES 4096

// espeak-ng keeps one voice a process, so one line is spoken at a time.
static GMutex speech_lock;
static GArray *spoken; // short, filled by the callback

// Samples a second of what is spoken; 0 or less when no voice is installed.
static int synthesizer_rate_locked(void)
{
    static int rate;

    if (rate <= 0)
        rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, 0);
    return rate;
}

static int collect_speech(short *samples, int count, espeak_EVENT *events G_GNUC_UNUSED)
{
    if (samples && count > 0)
        g_array_append_vals(spoken, samples, (guint)count);
    return 0;
}

// Linear interpolation is enough for a voice whose band ends far below half of its own rate.
static gboolean write_speech(RushesSampleFile *out, int rate, GError **error)
{
    gsize count = (gsize)((double)spoken->len * RUSHES_TIMELINE_RATE / rate);

    for (gsize i = 0; i < count; i++) {
        double at = (double)i * rate / RUSHES_TIMELINE_RATE;
        guint index = (guint)at;
        double fraction = at - index;
        short a = g_array_index(spoken, short, index);
        short b = index + 1 < spoken->len ? g_array_index(spoken, short, index + 1) : 0;
        float value = (float)((a + fraction * (b - a)) / 32768.0);
        float frame[RUSHES_TIMELINE_CHANNELS] = {value, value};
        if (!rushes_sample_file_add(out, frame, sizeof(frame), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean speak_locked(const char *words, const char *voice, RushesSampleFile *out,
                             GError **error)
{
    int rate = synthesizer_rate_locked();

    if (rate <= 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "No voice is installed; install the package espeak-ng-data.");
        return FALSE;
    }
    espeak_SetSynthCallback(collect_speech);
    if (espeak_SetVoiceByName(voice) != EE_OK) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "There is no voice \"%s\"; try \"en\" or \"de+f3\"", voice);
        return FALSE;
    }
    if (espeak_Synth(words, strlen(words) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, NULL) !=
            EE_OK ||
        espeak_Synchronize() != EE_OK || spoken->len == 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "These words cannot be spoken; write some letters");
        return FALSE;
    }
    return write_speech(out, rate, error);
}

char *rushes_speech_speak(RushesProject *project, const char *words, const char *voice,
                          GError **error)
{
    g_autofree char *folder = rushes_sample_file_folder(project, error);
    RushesSampleFile out = {0};

    if (!folder)
        return NULL;
    if (strlen(words) > MAX_WORDS_BYTES || !g_utf8_validate(words, -1, NULL)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "A spoken line is UTF-8 text of at most %d bytes", MAX_WORDS_BYTES);
        return NULL;
    }
    g_autofree char *key = g_strconcat("espeak-ng\n", voice, "\n", words, NULL);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
    g_autofree char *name = g_strconcat(hash, RUSHES_SAMPLE_FILE_ENDING, NULL);
    g_mutex_lock(&speech_lock);
    spoken = g_array_new(FALSE, FALSE, sizeof(short));
    gboolean good = rushes_sample_file_open(&out, folder, name, error) &&
                    speak_locked(words, voice, &out, error);
    good = rushes_sample_file_close(&out, good, error);
    g_clear_pointer(&spoken, g_array_unref);
    g_mutex_unlock(&speech_lock);
    return good ? g_steal_pointer(&name) : NULL;
}

static void voice_free(gpointer data)
{
    RushesVoice *voice = data;

    g_free(voice->id);
    g_free(voice->name);
    g_free(voice);
}

static int compare_voices(gconstpointer a, gconstpointer b)
{
    const RushesVoice *left = *(RushesVoice *const *)a, *right = *(RushesVoice *const *)b;
    int order = g_utf8_collate(left->name, right->name);

    return order ? order : g_strcmp0(left->id, right->id);
}

GPtrArray *rushes_speech_list_voices(void)
{
    GPtrArray *voices = g_ptr_array_new_with_free_func(voice_free);

    g_mutex_lock(&speech_lock);
    const espeak_VOICE **list = synthesizer_rate_locked() > 0 ? espeak_ListVoices(NULL) : NULL;
    for (guint i = 0; list && list[i]; i++) {
        // A list of languages, each after a byte for its priority; the first is the voice's own.
        const char *language = list[i]->languages;
        if (!list[i]->name || !language || !language[0] || !language[1])
            continue;
        // Voices of a second synthesizer (mbrola) need sound data that is installed apart from it.
        if (list[i]->identifier && strncmp(list[i]->identifier, "mb/", 3) == 0)
            continue;
        // A few long language names are listed and then not found; those voices go by their own name.
        const char *id = language + 1;
        if (espeak_SetVoiceByName(id) != EE_OK)
            id = list[i]->name;
        if (espeak_SetVoiceByName(id) != EE_OK)
            continue;
        RushesVoice *voice = g_new0(RushesVoice, 1);
        voice->id = g_strdup(id);
        voice->name = g_strdelimit(g_strdup(list[i]->name), "_", ' ');
        g_ptr_array_add(voices, voice);
    }
    g_mutex_unlock(&speech_lock);
    g_ptr_array_sort(voices, compare_voices);
    return voices;
}

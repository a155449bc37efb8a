// SPDX-License-Identifier: GPL-3.0-or-later
// From latents to samples, in memory that does not grow with the clip: networks that look at a neighbourhood
// run over windows which overlap by it, and the audio VAE's attention, which looks at every latent, over blocks
// of queries and keys. What lies between is kept by the host.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"
#include "run/stages.h"

// What windows and blocks bring forward at once: short enough that the longest clip takes no more memory than
// one of two seconds in one piece.
enum {
    LATENT_WINDOW = 30, // latents
    MEL_WINDOW = 66,    // mel frames
    QUERIES = 256,      // of a block
    KEYS = 256,
};

// ---- windows -------------------------------------------------------------------------------------------

typedef struct Windows {
    uint32_t total, width,
        context;               // positions of all, of a window; those that only its neighbours need
    uint32_t done, start, end; // the window is at start; what it brings is done to end - 1
} Windows;

static Windows windows_over(uint32_t total, uint32_t step, uint32_t context)
{
    const uint32_t width = step + 2 * context;
    return (Windows){.total = total, .width = width < total ? width : total, .context = context};
}

// Moves on to the next window, or says that there is none.
static bool windows_next(Windows *w)
{
    w->done = w->end;
    if (w->done >= w->total)
        return false;
    w->start = w->done > w->context ? w->done - w->context : 0;
    if (w->start + w->width > w->total)
        w->start = w->total - w->width;
    w->end = w->start + w->width == w->total ? w->total : w->start + w->width - w->context;
    return true;
}

static uint32_t windows_count(Windows w)
{
    uint32_t count = 0;
    while (windows_next(&w))
        count++;
    return count;
}

// Front and back share their windows, those of the part that sees farther.
static Windows latent_windows(const Pipeline *p)
{
    WeightSet *weights = p->model->audio_vae.weights;
    const uint32_t front = mmaudio_front_reach(weights);
    const uint32_t back = mmaudio_back_reach(weights, &p->model->audio_vae_config);
    return windows_over(p->audio.shape.width, LATENT_WINDOW, front > back ? front : back);
}

static Windows mel_windows(const Pipeline *p)
{
    return windows_over(2 * p->audio.shape.width, MEL_WINDOW,
                        bigvgan_context(&p->model->vocoder_config));
}

static uint32_t blocks(uint32_t total, uint32_t of)
{
    return (total + of - 1) / of;
}

uint32_t sound_runs(const Pipeline *p, SoundPart part)
{
    const Windows latents = latent_windows(p);
    const bool whole = latents.width == latents.total;
    switch (part) {
    case SOUND_WHOLE:
        return whole ? 1 : 0;
    case SOUND_FRONT:
    case SOUND_BACK:
        return whole ? 0 : windows_count(latents);
    case SOUND_ATTENTION:
        return whole ? 0 : blocks(latents.total, QUERIES) * blocks(latents.total, KEYS);
    case SOUND_VOCODER:
        return windows_count(mel_windows(p));
    case SOUND_PARTS:
        break;
    }
    return 0;
}

// ---- graphs --------------------------------------------------------------------------------------------

static uint32_t attention_channels(const Pipeline *p)
{
    return mmaudio_middle_channels(p->model->audio_vae.weights);
}

static Tensor *rows_in(Graph *graph, const char *name, uint32_t rows, uint32_t channels)
{
    return graph_input(graph, name, (Shape){1, 1, rows, channels}, TENSOR_F32);
}

static void describe_front(const Pipeline *p, Graph *graph)
{
    const PipelineModel *m = p->model;
    const MmaudioMiddle middle = mmaudio_build_front(
        graph, m->audio_vae.weights, &m->audio_vae_config,
        rows_in(graph, "latents", latent_windows(p).width, p->audio.shape.channels));
    if (middle.x && middle.x->shape.channels != attention_channels(p))
        graph_fail(graph, RSH_ERROR_FORMAT,
                   "The audio VAE's attention has %u channels where its middle has %u.",
                   attention_channels(p), middle.x->shape.channels);
    graph_output(graph, middle.x, "x");
    graph_output(graph, middle.q, "q");
    graph_output(graph, middle.k, "k");
    graph_output(graph, middle.v, "v");
}

// Four channels and a key more than the middle has: see fold().
static void describe_attention(const Pipeline *p, Graph *graph)
{
    const uint32_t channels = attention_channels(p);
    const AttentionParams params = {.heads = 1, .scale = mmaudio_attention_scale(channels)};
    graph_output(graph,
                 op_attention(graph, rows_in(graph, "q", QUERIES, channels + 4),
                              rows_in(graph, "k", KEYS + 1, channels + 4),
                              rows_in(graph, "v", KEYS + 1, channels + 4), &params),
                 "y");
}

RshStatus sound_describe(const Pipeline *p, SoundPart part, Graph **out, RshError *error)
{
    static const char *const names[SOUND_PARTS] = {"decode sound", "decode sound, front",
                                                   "decode sound, attention", "decode sound, back",
                                                   "vocoder"};
    const PipelineModel *m = p->model;
    WeightSet *weights = m->audio_vae.weights;
    const MmaudioConfig *config = &m->audio_vae_config;
    const uint32_t width = latent_windows(p).width, channels = attention_channels(p);
    RshStatus status = graph_create(names[part], out, error);
    if (status != RSH_OK)
        return status;
    Graph *graph = *out;
    switch (part) {
    case SOUND_WHOLE:
        graph_output(graph,
                     mmaudio_build_decode(graph, weights, config,
                                          rows_in(graph, "latents", width, p->audio.shape.channels),
                                          false),
                     "mel");
        break;
    case SOUND_FRONT:
        describe_front(p, graph);
        break;
    case SOUND_ATTENTION:
        describe_attention(p, graph);
        break;
    case SOUND_BACK:
        graph_output(graph,
                     mmaudio_build_back(graph, weights, config,
                                        rows_in(graph, "x", width, channels),
                                        rows_in(graph, "y", width, channels)),
                     "mel");
        break;
    case SOUND_VOCODER:
        graph_output(
            graph,
            bigvgan_build(graph, m->vocoder.weights, &m->vocoder_config,
                          rows_in(graph, "mel", mel_windows(p).width, m->vocoder_config.mels),
                          false),
            "wave");
        break;
    case SOUND_PARTS:
        break;
    }
    return RSH_OK;
}

// ---- running -------------------------------------------------------------------------------------------

typedef struct SoundProgram {
    Graph *graph;
    Program *program;
} SoundProgram;

static RshStatus open_part(Pipeline *p, SoundPart part, SoundProgram *out, RshError *error)
{
    *out = (SoundProgram){NULL, NULL};
    RshStatus status = sound_describe(p, part, &out->graph, error);
    return status == RSH_OK ? stage_prepare(p->runner, out->graph, p->cancel, &out->program, error)
                            : status;
}

static RshStatus run_part(Pipeline *p, const SoundProgram *part, RshError *error)
{
    return part->program->ops->run(part->program, p->cancel, error);
}

static RshStatus write_part(const SoundProgram *part, const char *name, const float *data,
                            RshError *error)
{
    return stage_write(part->graph, part->program, name, data, error);
}

static RshStatus read_part(const SoundProgram *part, const char *name, float *data, RshError *error)
{
    return stage_read(part->graph, part->program, name, data, error);
}

// What the middle of the audio VAE holds for every latent, [latents][channels] each.
typedef struct Middle {
    uint32_t count, channels;
    float *x, *q, *k, *v, *y;
} Middle;

static void free_middle(Middle *m)
{
    free(m->x);
    free(m->q);
    free(m->k);
    free(m->v);
    free(m->y);
}

static bool make_middle(Middle *m)
{
    float **const all[] = {&m->x, &m->q, &m->k, &m->v, &m->y};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!(*all[i] = calloc((size_t)m->count * m->channels, sizeof(float))))
            return false;
    }
    return true;
}

// Reads the new positions of a window, `per` numbers each, into their place among all.
static RshStatus read_window(const SoundProgram *part, const char *name, const Windows *w,
                             uint64_t per, float *scratch, float *to, RshError *error)
{
    RshStatus status = read_part(part, name, scratch, error);
    if (status == RSH_OK)
        memcpy(to + w->done * per, scratch + (w->done - w->start) * per,
               (w->end - w->done) * per * sizeof(float));
    return status;
}

static RshStatus run_front(Pipeline *p, Middle *m, float *scratch, RshError *error)
{
    Windows w = latent_windows(p);
    SoundProgram part;
    RshStatus status = open_part(p, SOUND_FRONT, &part, error);
    while (status == RSH_OK && windows_next(&w)) {
        const float *latents = p->audio.latents + (uint64_t)w.start * p->audio.shape.channels;
        if ((status = write_part(&part, "latents", latents, error)) != RSH_OK ||
            (status = run_part(p, &part, error)) != RSH_OK ||
            (status = read_window(&part, "x", &w, m->channels, scratch, m->x, error)) != RSH_OK ||
            (status = read_window(&part, "q", &w, m->channels, scratch, m->q, error)) != RSH_OK ||
            (status = read_window(&part, "k", &w, m->channels, scratch, m->k, error)) != RSH_OK)
            break;
        status = read_window(&part, "v", &w, m->channels, scratch, m->v, error);
    }
    stage_discard(&part.graph, &part.program);
    stage_drop(p, p->model->audio_vae.weights);
    return status;
}

// Rows `first` on of [count][channels] as rows of channels + 4, `last` of them at most; zeros beyond.
static uint32_t spread(const float *from, const Middle *m, uint32_t first, uint32_t last, float *to)
{
    const uint32_t wide = m->channels + 4;
    const uint32_t rows = m->count - first < last ? m->count - first : last;
    memset(to, 0, (size_t)last * wide * sizeof(float));
    for (uint32_t r = 0; r < rows; r++)
        memcpy(to + (size_t)r * wide, from + (size_t)(first + r) * m->channels,
               m->channels * sizeof(float));
    return rows;
}

// What a block of queries has of the keys so far: the values under their weights, and the weights.
typedef struct Sums {
    double *values, *weights; // [QUERIES][channels], [QUERIES]
} Sums;

// Adds a block of keys. The softmax of a block only knows weights as shares of their sum, so a key of zeros stands
// behind the block: its score is 0, its weight 1, and shares over its own are weights that blocks have in common.
// Channel `channels` of the values is 1 for keys and sums up their shares; the next is 1 for the key of zeros.
// Scores are bounded (mmaudio_attention_scale), so no share becomes 0. Rows beyond the last key are zeros in every
// channel and add nothing.
static void fold(const Middle *m, const float *shares, uint32_t rows, Sums *sums)
{
    const uint32_t wide = m->channels + 4;
    for (uint32_t r = 0; r < rows; r++) {
        const float *share = shares + (size_t)r * wide;
        const double one = (double)share[m->channels + 1];
        for (uint32_t c = 0; c < m->channels; c++)
            sums->values[(size_t)r * m->channels + c] += (double)share[c] / one;
        sums->weights[r] += (double)share[m->channels] / one;
    }
}

static RshStatus attend_block(Pipeline *p, const SoundProgram *part, Middle *m, uint32_t query,
                              float *scratch, Sums *sums, RshError *error)
{
    const uint32_t wide = m->channels + 4;
    float *keys = scratch, *values = keys + (size_t)(KEYS + 1) * wide;
    float *y = values + (size_t)(KEYS + 1) * wide;
    RshStatus status;
    memset(sums->values, 0, (size_t)QUERIES * m->channels * sizeof(double));
    memset(sums->weights, 0, QUERIES * sizeof(double));
    const uint32_t rows = spread(m->q, m, query, QUERIES, y);
    if ((status = write_part(part, "q", y, error)) != RSH_OK)
        return status;
    for (uint32_t key = 0; key < m->count; key += KEYS) {
        const uint32_t count = spread(m->k, m, key, KEYS, keys);
        spread(m->v, m, key, KEYS, values);
        for (uint32_t r = 0; r < count; r++)
            values[(size_t)r * wide + m->channels] = 1;
        memset(keys + (size_t)KEYS * wide, 0, wide * sizeof(float));
        memset(values + (size_t)KEYS * wide, 0, wide * sizeof(float));
        values[(size_t)KEYS * wide + m->channels + 1] = 1;
        if ((status = write_part(part, "k", keys, error)) != RSH_OK ||
            (status = write_part(part, "v", values, error)) != RSH_OK ||
            (status = run_part(p, part, error)) != RSH_OK ||
            (status = read_part(part, "y", y, error)) != RSH_OK)
            return status;
        fold(m, y, rows, sums);
    }
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t c = 0; c < m->channels; c++)
            m->y[(size_t)(query + r) * m->channels + c] =
                (float)(sums->values[(size_t)r * m->channels + c] / sums->weights[r]);
    }
    return RSH_OK;
}

static RshStatus run_attention(Pipeline *p, Middle *m, RshError *error)
{
    const size_t wide = m->channels + 4;
    SoundProgram part = {NULL, NULL};
    Sums sums = {calloc((size_t)QUERIES * m->channels, sizeof(double)),
                 calloc(QUERIES, sizeof(double))};
    float *scratch = calloc((2 * (KEYS + 1) + QUERIES) * wide, sizeof(float));
    RshStatus status = sums.values && sums.weights && scratch
                           ? open_part(p, SOUND_ATTENTION, &part, error)
                           : error_set(error, RSH_ERROR_MEMORY, "No memory for the sound.");
    for (uint32_t query = 0; query < m->count && status == RSH_OK; query += QUERIES)
        status = attend_block(p, &part, m, query, scratch, &sums, error);
    stage_discard(&part.graph, &part.program);
    free(sums.values);
    free(sums.weights);
    free(scratch);
    return status;
}

static RshStatus run_back(Pipeline *p, const Middle *m, float *scratch, float *mel, RshError *error)
{
    Windows w = latent_windows(p);
    SoundProgram part;
    RshStatus status = open_part(p, SOUND_BACK, &part, error);
    while (status == RSH_OK && windows_next(&w)) {
        const uint64_t at = (uint64_t)w.start * m->channels;
        if ((status = write_part(&part, "x", m->x + at, error)) != RSH_OK ||
            (status = write_part(&part, "y", m->y + at, error)) != RSH_OK ||
            (status = run_part(p, &part, error)) != RSH_OK)
            break;
        status = read_window(&part, "mel", &w, 2 * (uint64_t)p->model->audio_vae_config.mels,
                             scratch, mel, error);
    }
    stage_discard(&part.graph, &part.program);
    return status;
}

static RshStatus decode_in_windows(Pipeline *p, float *mel, RshError *error)
{
    Middle m = {.count = p->audio.shape.width, .channels = attention_channels(p)};
    const uint32_t mels = 2 * p->model->audio_vae_config.mels;
    const size_t per = m.channels > mels ? m.channels : mels;
    float *scratch = calloc(latent_windows(p).width * per, sizeof(float));
    RshStatus status = make_middle(&m) && scratch
                           ? run_front(p, &m, scratch, error)
                           : error_set(error, RSH_ERROR_MEMORY, "No memory for the sound.");
    if (status == RSH_OK)
        status = run_attention(p, &m, error);
    if (status == RSH_OK)
        status = run_back(p, &m, scratch, mel, error);
    free_middle(&m);
    free(scratch);
    return status;
}

static RshStatus decode_whole(Pipeline *p, float *mel, RshError *error)
{
    SoundProgram part;
    RshStatus status;
    if ((status = open_part(p, SOUND_WHOLE, &part, error)) == RSH_OK &&
        (status = write_part(&part, "latents", p->audio.latents, error)) == RSH_OK &&
        (status = run_part(p, &part, error)) == RSH_OK)
        status = read_part(&part, "mel", mel, error);
    stage_discard(&part.graph, &part.program);
    return status;
}

RshStatus sound_spectrogram(Pipeline *p, float *mel, RshError *error)
{
    RshStatus status =
        sound_runs(p, SOUND_WHOLE) ? decode_whole(p, mel, error) : decode_in_windows(p, mel, error);
    stage_drop(p, p->model->audio_vae.weights);
    return status;
}

RshStatus sound_samples(Pipeline *p, const float *mel, float *samples, RshError *error)
{
    const BigvganConfig *config = &p->model->vocoder_config;
    const uint32_t hop = bigvgan_hop(config);
    Windows w = mel_windows(p);
    SoundProgram part = {NULL, NULL};
    float *wave = calloc((size_t)w.width * hop, sizeof(float));
    RshStatus status = wave ? open_part(p, SOUND_VOCODER, &part, error)
                            : error_set(error, RSH_ERROR_MEMORY, "No memory for the sound.");
    while (status == RSH_OK && windows_next(&w)) {
        if ((status = write_part(&part, "mel", mel + (uint64_t)w.start * config->mels, error)) !=
                RSH_OK ||
            (status = run_part(p, &part, error)) != RSH_OK)
            break;
        status = read_window(&part, "wave", &w, hop, wave, samples, error);
    }
    stage_discard(&part.graph, &part.program);
    stage_drop(p, p->model->vocoder.weights);
    free(wave);
    return status;
}

uint64_t sound_host_bytes(const Pipeline *p)
{
    const PipelineModel *m = p->model;
    if (!m->audio)
        return 0;
    uint64_t middle =
        sound_runs(p, SOUND_WHOLE) ? 0 : 5 * (uint64_t)attention_channels(p) * sizeof(float);
    uint64_t frame = (m->vocoder_config.mels + bigvgan_hop(&m->vocoder_config)) * sizeof(float);
    return p->audio.shape.width * (middle + 2 * frame);
}

RshStatus pipeline_decode_audio(Pipeline *p, const float **samples, uint64_t *count,
                                RshError *error)
{
    *samples = NULL;
    *count = 0;
    if (!p->model->audio)
        return RSH_OK;
    if (!p->samples) {
        RshStatus status = decode_begin(p, error);
        uint32_t frames = 2 * p->audio.shape.width;
        uint64_t total = (uint64_t)frames * bigvgan_hop(&p->model->vocoder_config);
        if (status != RSH_OK)
            return status;
        float *mel = calloc(frames, p->model->vocoder_config.mels * sizeof(float));
        float *wave = calloc(total, sizeof(float));
        if (!mel || !wave)
            status = error_set(error, RSH_ERROR_MEMORY, "No memory for the sound.");
        else
            status = sound_spectrogram(p, mel, error);
        if (status == RSH_OK)
            status = sound_samples(p, mel, wave, error);
        free(mel);
        if (status != RSH_OK) {
            free(wave);
            return status;
        }
        p->samples = wave;
        p->sample_count = total;
    }
    *samples = p->samples;
    *count = p->sample_count;
    return RSH_OK;
}

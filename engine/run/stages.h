// SPDX-License-Identifier: GPL-3.0-or-later
// stages.h - what the stages of a pipeline share. Only pipeline*.c include this.
#pragma once
#include "formats/model_json.h"
#include "formats/prompt_tokens.h"
#include "models/bigvgan.h"
#include "models/clip_vision.h"
#include "models/mmaudio_vae.h"
#include "models/umt5.h"
#include "models/wan.h"
#include "models/wan_vae.h"
#include "run/pipeline.h"
#include "run/tiles.h"

// A component: one mapped file and its weights.
typedef struct Component {
    ModelFile *file;
    WeightSet *weights;
} Component;

struct PipelineModel {
    ModelJson *json;
    PipelineModelInfo info;
    Component text, vae, audio_vae, vocoder, image;
    Component video, low_noise; // low_noise: the second expert of Wan 2.2, or no file
    WeightSet *audio;           // Ovi's second tower, in the video tower's file
    Umt5Config text_config;
    WanConfig video_config, audio_config;
    WanVaeConfig vae_config;
    MmaudioConfig audio_vae_config;
    BigvganConfig vocoder_config;
    ClipConfig image_config;
    Tokenizer *tokenizer;
    PromptStyle style;
    bool answers_clean; // transformers answer x0 instead of the velocity
    double boundary;    // from this timestep down the low-noise expert runs
    float low_noise_guidance;
    int32_t skip_layer;     // default of a request
    uint32_t audio_samples; // of a clip of the default length; 0 when not stated
    const Runner *kept_on;  // where an earlier run left its weights; only compared
    float latent_rgb[(WAN_VAE_MAX_CHANNELS + 1) * 3]; // [channels + 1][3], see op_latents_to_rgb()
};

// One recorded sampler step; the two experts of Wan 2.2 have one each.
typedef struct StepProgram {
    Graph *graph;
    Program *program;
} StepProgram;

// The latents of one modality on the host, and what resume needs besides: [frames, height, width, channels].
typedef struct Stream {
    const char *name; // "video" or "audio"
    Shape shape;
    uint32_t clean; // first frames (tokens of sound) that are given
    uint64_t frame; // numbers of one frame or token
    float *latents, *m0, *m1, *last, *clean_values;
} Stream;

// One way through the video VAE; later chunks share a program.
typedef struct ChunkProgram {
    Graph *graph;
    Program *program;
    Tensor *in, *out;
} ChunkProgram;

struct Pipeline {
    const PipelineModel *model;
    Runner *runner; // NULL in a plan
    const atomic_bool *cancel;
    PipelineRequest request; // strings and arrays owned
    Sampler sampler;
    uint32_t step;
    uint32_t passes; // 2 with guidance
    bool taps;       // golden runs: velocities and pixels can be read
    bool started;    // latents are set
    bool text_ready;
    bool ran;       // a step was run since the step program was made
    bool on_device; // the states of the step programs are newer than the host's copies
    Stream video, audio;
    float *condition; // I2V: mask and image latents [frames][height][width][channels]
    uint32_t condition_channels;
    StepProgram steps[2];      // high noise (or the only one), low noise
    ChunkProgram first, later; // decoding
    uint32_t next_latent;      // to decode
    TileAxis tiles_x, tiles_y; // count 1 in both: whole pictures
    uint32_t tile;             // being decoded, row by row; the count when all are
    uint32_t tile_latent;      // of it, to decode
    uint16_t *blend; // [frames][height][width][3], 256ths of a byte: what the tiles add up to
    uint8_t *rgba;
    float *samples;
    uint64_t sample_count;
};

// A pipeline without a runner, for its shapes. The request has been checked.
RSH_MUST_USE RshStatus pipeline_plan(const PipelineModel *model, const PipelineRequest *request,
                                     Pipeline **out, RshError *error);

// Releases a program and its graph; NULL-safe.
void stage_discard(Graph **graph, Program **program);
// Graph status, prepare.
RSH_MUST_USE RshStatus stage_prepare(Runner *runner, const Graph *graph, const atomic_bool *cancel,
                                     Program **program, RshError *error);
RSH_MUST_USE RshStatus stage_write(const Graph *graph, Program *program, const char *name,
                                   const void *data, RshError *error);
RSH_MUST_USE RshStatus stage_read(const Graph *graph, Program *program, const char *name,
                                  void *data, RshError *error);
// Drops a component's packed weights unless the request keeps them.
void stage_drop(const Pipeline *pipeline, const WeightSet *weights);

// The towers of an expert (0 high noise or only, 1 low noise), for graphs that are about to be built.
void stage_towers(const PipelineModel *model, uint32_t expert, uint32_t passes, WanTower *video,
                  WanTower *audio);
bool stage_has_low_noise(const PipelineModel *model);

// pipeline_denoise.c: describes a step of one expert. Streams and passes say all there is to know.
RSH_MUST_USE RshStatus denoise_describe(const Pipeline *pipeline, uint32_t expert, Graph **out,
                                        RshError *error);
// Host copies of the states; does nothing when they are not newer. Then releases the step programs.
RSH_MUST_USE RshStatus denoise_fetch(Pipeline *pipeline, RshError *error);
void denoise_release(Pipeline *pipeline);

// pipeline_text.c
RSH_MUST_USE RshStatus text_describe_encoder(const PipelineModel *model, uint32_t tokens,
                                             Graph **out, RshError *error);
RSH_MUST_USE RshStatus text_describe_keys(const PipelineModel *model, uint32_t expert,
                                          uint32_t passes, Graph **out, RshError *error);
// Context rows of both passes, [passes][text_len][dim] zeros at first, then the keys of every expert.
RSH_MUST_USE RshStatus text_run(Pipeline *pipeline, const int32_t *const ids[2],
                                const size_t counts[2], float *context, RshError *error);
// pipeline_clip.c
// Keys and values of the first picture for models with an image branch.
RSH_MUST_USE RshStatus clip_encode_image(Pipeline *pipeline, RshError *error);
RSH_MUST_USE RshStatus clip_describe(const Pipeline *pipeline, bool first, Graph **out,
                                     RshError *error);
// The first picture as a model with an image branch looks at it, or (keys) what its blocks make of that.
RSH_MUST_USE RshStatus clip_describe_image(const Pipeline *pipeline, bool keys, Graph **out,
                                           RshError *error);
// Sound that is given: log-mel to latents.
RSH_MUST_USE RshStatus clip_describe_sound(const Pipeline *pipeline, Graph **out, RshError *error);
// pipeline_decode.c
RSH_MUST_USE RshStatus decode_describe(const Pipeline *pipeline, bool first, ChunkProgram *out,
                                       RshError *error);
// Makes the program of the first or of later chunks ready; the other one's memory is given back before.
RSH_MUST_USE RshStatus decode_prepare(Pipeline *pipeline, bool first, RshError *error);
// The end of denoising: latents to the host, everything else off the device.
RSH_MUST_USE RshStatus decode_begin(Pipeline *pipeline, RshError *error);
void decode_release(Pipeline *pipeline);
// pipeline_sound.c
// One program of the sound's stage, and how often it runs.
typedef enum SoundPart {
    SOUND_WHOLE,     // latents to spectrogram, of a clip of one window
    SOUND_FRONT,     // or in three parts, over windows: up to the attention,
    SOUND_ATTENTION, // the attention, over blocks of queries and keys,
    SOUND_BACK,      // and from there to the spectrogram
    SOUND_VOCODER,   // spectrogram to samples, over windows
    SOUND_PARTS,
} SoundPart;
// 0 for a part that this clip does not need.
uint32_t sound_runs(const Pipeline *pipeline, SoundPart part);
RSH_MUST_USE RshStatus sound_describe(const Pipeline *pipeline, SoundPart part, Graph **out,
                                      RshError *error);
// Latents, which are on the host, to the log-mel [2 * tokens][mels], and that to [2 * tokens * hop] samples.
RSH_MUST_USE RshStatus sound_spectrogram(Pipeline *pipeline, float *mel, RshError *error);
RSH_MUST_USE RshStatus sound_samples(Pipeline *pipeline, const float *mel, float *samples,
                                     RshError *error);
uint64_t sound_host_bytes(const Pipeline *pipeline);
// pipeline_tiles.c
static inline uint32_t tile_count(const Pipeline *p)
{
    return p->tiles_x.count * p->tiles_y.count;
}
// One chunk of one tile, or when all are done the next pictures.
RSH_MUST_USE RshStatus tiles_decode(Pipeline *pipeline, PipelineFrames *out, RshError *error);
// Adds the latents of a tile, [tile y][tile x][channels], to a frame of latents.
void tiles_add_latents(const Pipeline *pipeline, uint32_t tile, const float *from, float *frame);
uint64_t tiles_host_bytes(const Pipeline *pipeline);

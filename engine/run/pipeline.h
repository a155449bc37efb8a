// SPDX-License-Identifier: GPL-3.0-or-later
//
// pipeline.h - one generation as stages over a Runner: text, conditioning, denoising, pictures, sound.
// A caller drives the stages in this order and may stop after any of them:
//
//   pipeline_open            shapes checked, nothing on the device yet
//   pipeline_encode_text     token ids -> context rows -> text keys and values (kept as states); the same
//                            for the first picture where a model looks at it as an image
//   pipeline_encode_clip     only with first frames or a sound prefix: clean latents
//   pipeline_start           latents from the seed, or pipeline_restore() with what a step saved
//   pipeline_step            once per sampler step; pipeline_preview and pipeline_save between steps
//   pipeline_decode_frames   the next frames, until *count is 0
//   pipeline_decode_audio    every sample
//
// Memory    Weights of a stage are dropped when it ends if `keep_weights` is false. Text encoder,
//           transformer and decoder are then never resident together.
// Threads   One thread drives a pipeline. Every stage looks at `cancel` and returns RSH_CANCELLED; the
//           pipeline may then be closed, or the same call made again.
// Units     pictures are [height][width][channel] rows from the top; samples are mono, -1 to 1.
#pragma once
#include "graph/runner.h"
#include "sample/sampler.h"

typedef struct PipelineModel
    PipelineModel;                // a model folder: mapped files, configurations, tokenizer
typedef struct Pipeline Pipeline; // one generation

// What a model can do and what it prefers; strings belong to the model.
typedef struct PipelineModelInfo {
    const char *id, *name, *family, *version, *licence;
    uint64_t weight_bytes;          // all components, as stored
    bool has_audio;                 // false for Wan
    bool has_image;                 // first frames can be given
    uint32_t latent_space;          // picture sides of one latent position
    uint32_t size_multiple;         // width and height must be multiples of this
    uint32_t frames_multiple;       // frames must be 1 + a multiple of this
    uint32_t max_tokens;            // of a prompt, end mark included
    uint32_t audio_rate;            // samples a second; 0 without audio
    uint32_t width, height, frames; // defaults
    uint32_t fps_num, fps_den;
    uint32_t steps;
    SamplerKind sampler;
    float shift, video_guidance, audio_guidance;
    const char *negative_prompt;
    uint32_t size_count; // sizes the model was trained on
    struct {
        uint32_t width, height;
    } sizes[16];
} PipelineModelInfo;

// Opens `folder`/model.json and every component it names. Nothing is read but headers.
RSH_MUST_USE RshStatus pipeline_model_open(const char *folder, PipelineModel **out,
                                           RshError *error);
void pipeline_model_close(PipelineModel **model); // NULL-safe; stores NULL; after its pipelines
const PipelineModelInfo *pipeline_model_info(const PipelineModel *model);
// Token ids of `text` as the transformer would get them, end mark included. Writes at most `capacity` ids
// and stores how many the text needs.
RSH_MUST_USE RshStatus pipeline_model_tokenize(const PipelineModel *model, const char *text,
                                               int32_t *ids, size_t capacity, size_t *count,
                                               RshError *error);

// The multiple of `multiple` that is nearest to `side`, the even one where two are, at least one and at most
// what a picture may have: as Ovi takes the 720 it was made for as 704.
uint32_t pipeline_nearest_side(uint32_t side, uint32_t multiple);

typedef struct PipelineRequest {
    const char *prompt, *negative_prompt; // UTF-8, at most 16 KiB each; negative may be NULL
    uint64_t seed;
    uint32_t width, height, frames;
    uint32_t steps;
    SamplerKind sampler;
    float shift;
    float video_guidance, audio_guidance; // 1 on both halves the work
    float low_noise_guidance; // of pictures, for the second expert of Wan 2.2; 0: the same
    int32_t skip_layer;       // transformer block the negative pass skips, or -1
    // Clean first frames: 1 for a first picture, 1 + 4 k to continue a clip. f32 [count][height][width][3],
    // -1 to 1, width x height as above. They come out of the decoder as the first `count` frames.
    const float *first_frames;
    uint32_t first_frame_count;
    // Sound that belongs to first_frames, f32 mono at audio_rate; may be NULL.
    const float *first_samples;
    uint64_t first_sample_count;
    // Starting noise instead of the seed's, or NULL: [latent frames][latent height][latent width][channels]
    // and [audio tokens][channels].
    const float *video_noise, *audio_noise;
    // How many tiles across and down the VAE takes a picture in, where it does not fit whole; 0 and 1: whole.
    // They overlap and fade into each other; pictures are complete only when the last tile is done.
    uint32_t tiles_x, tiles_y;
    bool keep_weights; // several clips in a row, or memory to spare
} PipelineRequest;

// The model's defaults, an empty prompt and seed 0.
void pipeline_request_init(PipelineRequest *request, const PipelineModel *model);
// Says in one sentence what pipeline_open would refuse.
RSH_MUST_USE RshStatus pipeline_request_check(const PipelineRequest *request,
                                              const PipelineModel *model, RshError *error);

// The stages in the order they run; what building kernels takes is told for each (gpu_plan_left).
typedef enum PipelineStage {
    STAGE_TEXT,
    STAGE_CONDITION,
    STAGE_DENOISE,
    STAGE_DECODE,
    STAGE_AUDIO,
    STAGES,
} PipelineStage;

typedef struct PipelineEstimate {
    uint64_t text_bytes, condition_bytes, denoise_bytes, decode_bytes,
        audio_bytes;       // device, peak of each stage
    uint64_t device_bytes; // the largest of them
    uint64_t host_bytes;
    uint64_t flops; // whole run
} PipelineEstimate;
// Plans every stage; nothing is allocated on the device.
RSH_MUST_USE RshStatus pipeline_estimate(const PipelineModel *model, const PipelineRequest *request,
                                         Runner *runner, PipelineEstimate *out, RshError *error);

// `request` is copied (its arrays too); model and runner must outlive the pipeline. `cancel` may be NULL.
RSH_MUST_USE RshStatus pipeline_open(PipelineModel *model, Runner *runner,
                                     const PipelineRequest *request, const atomic_bool *cancel,
                                     Pipeline **out, RshError *error);
void pipeline_close(Pipeline **pipeline); // NULL-safe; stores NULL; resets its states on the runner

RSH_MUST_USE RshStatus pipeline_encode_text(Pipeline *pipeline, RshError *error);
// Does nothing when the request has no first frames.
RSH_MUST_USE RshStatus pipeline_encode_clip(Pipeline *pipeline, RshError *error);
RSH_MUST_USE RshStatus pipeline_start(Pipeline *pipeline, RshError *error);
// One step of pipeline_steps(). RSH_ERROR_ARGUMENT after the last one.
RSH_MUST_USE RshStatus pipeline_step(Pipeline *pipeline, RshError *error);
uint32_t pipeline_step_index(const Pipeline *pipeline); // steps done
uint32_t pipeline_steps(const Pipeline *pipeline);

// What resume needs after a step: latents, solver history and clean latents. Values are f32; names and
// shapes depend only on the request.
typedef struct PipelineTensor {
    char name[32];
    uint32_t n_dims;
    uint64_t dims[4];
    uint64_t count; // product of dims
    float *values;
} PipelineTensor;
typedef struct PipelineState {
    uint32_t step; // steps done
    uint32_t tensor_count;
    PipelineTensor tensors[16];
} PipelineState;
// The caller frees the values with pipeline_state_clear().
RSH_MUST_USE RshStatus pipeline_save(Pipeline *pipeline, PipelineState *out, RshError *error);
void pipeline_state_clear(PipelineState *state);
// In place of pipeline_encode_clip and pipeline_start (text is needed unless every step is done); every tensor pipeline_save() lists must be there.
RSH_MUST_USE RshStatus pipeline_restore(Pipeline *pipeline, const PipelineState *state,
                                        RshError *error);

// What the last step took the finished clip to be, from the latents by a linear map: RGBA, 8 bits each, one
// picture a latent frame. *pixels is malloc'd for the caller, [count][height][width][4]; NULL and a count of 0
// before a step was run here and after pipeline_decode_frames().
RSH_MUST_USE RshStatus pipeline_preview(Pipeline *pipeline, uint8_t **pixels, uint32_t *count,
                                        uint32_t *width, uint32_t *height, RshError *error);

// Frames decoded by one call; valid until the next call or close.
typedef struct PipelineFrames {
    uint32_t first, count; // count 0: there are no more, unless
    bool waiting;          // pictures come from tiles, which are not all done: call again
    float done;            // of all tiles, 0 to 1, while waiting
    uint32_t width, height;
    const uint8_t *rgba; // [count][height][width][4]
} PipelineFrames;
RSH_MUST_USE RshStatus pipeline_decode_frames(Pipeline *pipeline, PipelineFrames *out,
                                              RshError *error);
// Samples belong to the pipeline; *count is 0 for a model without audio.
RSH_MUST_USE RshStatus pipeline_decode_audio(Pipeline *pipeline, const float **samples,
                                             uint64_t *count, RshError *error);

// Latents as they stand: [latent frames][latent height][latent width][channels] and [audio tokens][channels].
RSH_MUST_USE RshStatus pipeline_read_latents(Pipeline *pipeline, float *video, float *audio,
                                             RshError *error);
void pipeline_latent_shape(const Pipeline *pipeline, uint32_t video[4], uint32_t audio[2]);

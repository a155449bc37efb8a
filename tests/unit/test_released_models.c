// SPDX-License-Identifier: GPL-3.0-or-later
//
// The released transformers by their shapes alone: files that hold a header and as many zeros as the weights would
// take (sparse, so nothing on the disk). What the configuration says must follow, and the graph of a step at the
// released size must build.
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "graph/ops.h"
#include "models/wan.h"
#include "tap.h"

typedef struct Header {
    char *text;
    size_t used, capacity;
    uint64_t offset;
    const char *prefix;
} Header;

__attribute__((format(printf, 2, 3))) static void append(Header *header, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (header->capacity - header->used < 512)
        header->text = realloc(header->text, header->capacity *= 2);
    header->used += (size_t)vsnprintf(header->text + header->used, header->capacity - header->used,
                                      format, arguments);
    va_end(arguments);
}

// A bf16 tensor; dims end at the first 0.
static void tensor(Header *header, const char *name, const uint64_t dims[5])
{
    uint64_t bytes = 2;
    append(header, "%s\"%s%s\":{\"dtype\":\"BF16\",\"shape\":[", header->offset ? "," : "{",
           header->prefix, name);
    for (int i = 0; i < 5 && dims[i]; i++) {
        append(header, "%s%" PRIu64, i ? "," : "", dims[i]);
        bytes *= dims[i];
    }
    append(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", header->offset,
           header->offset + bytes);
    header->offset += bytes;
}

static void linear(Header *header, const char *name, uint64_t in, uint64_t out)
{
    char full[128];
    snprintf(full, sizeof(full), "%s.weight", name);
    tensor(header, full, (const uint64_t[5]){out, in});
    snprintf(full, sizeof(full), "%s.bias", name);
    tensor(header, full, (const uint64_t[5]){out});
}

static void vector(Header *header, const char *name, uint64_t count)
{
    tensor(header, name, (const uint64_t[5]){count});
}

typedef struct Released {
    uint32_t dim, ffn, layers, in, out;
    bool image, fusion, audio;
} Released;

static void block(Header *h, const Released *r, uint32_t index)
{
    static const char *const squares[] = {"self_attn.q",  "self_attn.k",  "self_attn.v",
                                          "self_attn.o",  "cross_attn.q", "cross_attn.k",
                                          "cross_attn.v", "cross_attn.o"};
    static const char *const norms[] = {"self_attn.norm_q.weight",
                                        "self_attn.norm_k.weight",
                                        "cross_attn.norm_q.weight",
                                        "cross_attn.norm_k.weight",
                                        "norm3.weight",
                                        "norm3.bias"};
    static const char *const fusion[] = {"pre_attn_norm_fusion.weight", "pre_attn_norm_fusion.bias",
                                         "norm_k_fusion.weight"};
    char name[128];
    for (size_t i = 0; i < sizeof(squares) / sizeof(squares[0]); i++) {
        snprintf(name, sizeof(name), "blocks.%u.%s", index, squares[i]);
        linear(h, name, r->dim, r->dim);
    }
    for (size_t i = 0; i < sizeof(norms) / sizeof(norms[0]); i++) {
        snprintf(name, sizeof(name), "blocks.%u.%s", index, norms[i]);
        vector(h, name, r->dim);
    }
    for (int i = 0; i < 2 && (r->image || r->fusion); i++) {
        snprintf(name, sizeof(name), "blocks.%u.cross_attn.%c_%s", index, "kv"[i],
                 r -> image ? "img" : "fusion");
        linear(h, name, r->dim, r->dim);
    }
    for (int i = 0; i < 3 && r->fusion; i++) {
        snprintf(name, sizeof(name), "blocks.%u.cross_attn.%s", index, fusion[i]);
        vector(h, name, r->dim);
    }
    if (r->image) {
        snprintf(name, sizeof(name), "blocks.%u.cross_attn.norm_k_img.weight", index);
        vector(h, name, r->dim);
    }
    snprintf(name, sizeof(name), "blocks.%u.ffn.0", index);
    linear(h, name, r->dim, r->ffn);
    snprintf(name, sizeof(name), "blocks.%u.ffn.2", index);
    linear(h, name, r->ffn, r->dim);
    snprintf(name, sizeof(name), "blocks.%u.modulation%s", index, r->fusion ? ".modulation" : "");
    tensor(h, name, (const uint64_t[5]){1, 6, r->dim});
}

static void tower(Header *h, const Released *r)
{
    if (r->audio) {
        uint64_t hidden = (8 * (uint64_t)r->dim / 3 + 255) / 256 * 256;
        tensor(h, "patch_embedding.0.weight", (const uint64_t[5]){r->dim, r->in, 7});
        vector(h, "patch_embedding.0.bias", r->dim);
        tensor(h, "patch_embedding.2.w1.weight", (const uint64_t[5]){hidden, r->dim, 7});
        tensor(h, "patch_embedding.2.w2.weight", (const uint64_t[5]){r->dim, hidden, 7});
        tensor(h, "patch_embedding.2.w3.weight", (const uint64_t[5]){hidden, r->dim, 7});
    } else {
        tensor(h, "patch_embedding.weight", (const uint64_t[5]){r->dim, r->in, 1, 2, 2});
        vector(h, "patch_embedding.bias", r->dim);
    }
    linear(h, "text_embedding.0", 4096, r->dim);
    linear(h, "text_embedding.2", r->dim, r->dim);
    linear(h, "time_embedding.0", 256, r->dim);
    linear(h, "time_embedding.2", r->dim, r->dim);
    linear(h, "time_projection.1", r->dim, 6 * (uint64_t)r->dim);
    for (uint32_t i = 0; i < r->layers; i++)
        block(h, r, i);
    linear(h, "head.head", r->dim, (uint64_t)r->out * (r->audio ? 1 : 4));
    tensor(h, "head.modulation", (const uint64_t[5]){1, 2, r->dim});
    if (r->image) {
        vector(h, "img_emb.proj.0.weight", 1280);
        vector(h, "img_emb.proj.0.bias", 1280);
        linear(h, "img_emb.proj.1", 1280, 1280);
        linear(h, "img_emb.proj.3", 1280, r->dim);
        vector(h, "img_emb.proj.4.weight", r->dim);
        vector(h, "img_emb.proj.4.bias", r->dim);
    }
}

// A sparse file with one tower, or two when `second` is given.
static ModelFile *sparse_file(const Released *first, const Released *second)
{
    Header h = {.capacity = 1 << 20, .prefix = second ? "video_model." : ""};
    char path[] = "/tmp/released_XXXXXX";
    ModelFile *model = NULL;
    h.text = malloc(h.capacity);
    tower(&h, first);
    h.prefix = "audio_model.";
    if (second)
        tower(&h, second);
    append(&h, "}");
    int fd = mkstemp(path);
    uint64_t length = h.used;
    CHECK(fd >= 0 && write(fd, &length, 8) == 8 && write(fd, h.text, h.used) == (ssize_t)h.used);
    CHECK(ftruncate(fd, (off_t)(8 + h.used + h.offset)) == 0);
    RshError error = {0};
    CHECK(model_file_open(path, &model, &error) == RSH_OK);
    if (!model)
        printf("# %s\n", error.text);
    close(fd);
    unlink(path);
    free(h.text);
    return model;
}

static void check_config(const WanConfig *c, const Released *r)
{
    CHECK(c->dim == r->dim && c->ffn_dim == r->ffn && c->layers == r->layers);
    CHECK(c->in_channels == r->in && c->out_channels == r->out && c->audio == r->audio);
    CHECK(c->heads == r->dim / 128 && c->freq_dim == 256);
    CHECK(c->text_dim == 4096 && c->text_len == 512);
    CHECK(c->image_branch == r->image && c->fusion == r->fusion);
}

static void finish(Graph *graph)
{
    RshError error = {0};
    CHECK(graph_status(graph, &error) == RSH_OK);
    if (error.text[0])
        printf("# %s\n", error.text);
    graph_destroy(&graph);
}

// One transformer, both passes, at latents of this shape.
static void check_step(const Released *r, Shape latents)
{
    ModelFile *file = sparse_file(r, NULL);
    WeightSet *weights = NULL;
    WanConfig config;
    Graph *graph = NULL;
    CHECK(weight_set_open(file, "", &weights, NULL) == RSH_OK);
    CHECK(wan_config_read(NULL, weights, &config, NULL) == RSH_OK);
    check_config(&config, r);
    CHECK(graph_create("step", &graph, NULL) == RSH_OK);
    WanTower video = {.config = &config,
                      .weights = weights,
                      .name = "video",
                      .passes = 2,
                      .text_passes = 2,
                      .image_rows = r->image ? 257 : 0};
    Tensor *x = wan_build_patches(graph, &video, graph_input(graph, "x", latents, TENSOR_F32));
    wan_build_time(graph, &video, graph_input(graph, "t", (Shape){1, 1, 1, 2}, TENSOR_I32));
    Tensor *v = wan_build_blocks(graph, &video, x, -1);
    CHECK(v && v->shape.frames == 2 * latents.frames && v->shape.height == latents.height &&
          v->shape.width == latents.width && v->shape.channels == r->out);
    finish(graph);
    weight_set_close(&weights);
    model_file_close(&file);
}

static void wan_t2v_1_3b(void)
{
    check_step(&(Released){.dim = 1536, .ffn = 8960, .layers = 30, .in = 16, .out = 16},
               (Shape){21, 60, 104, 16});
}

static void wan_t2v_14b(void)
{
    check_step(&(Released){.dim = 5120, .ffn = 13824, .layers = 40, .in = 16, .out = 16},
               (Shape){3, 90, 160, 16});
}

static void wan_i2v_14b_with_an_image_branch(void)
{
    check_step(
        &(Released){.dim = 5120, .ffn = 13824, .layers = 40, .in = 36, .out = 16, .image = true},
        (Shape){3, 90, 160, 36});
}

static void wan_ti2v_5b(void)
{
    check_step(&(Released){.dim = 3072, .ffn = 14336, .layers = 30, .in = 48, .out = 48},
               (Shape){31, 44, 80, 48});
}

static void ovi_11b(void)
{
    const Released pictures = {
        .dim = 3072, .ffn = 14336, .layers = 30, .in = 48, .out = 48, .fusion = true};
    Released sound = pictures;
    sound.in = sound.out = 20;
    sound.audio = true;
    ModelFile *file = sparse_file(&pictures, &sound);
    WeightSet *sets[2] = {NULL, NULL};
    WanConfig configs[2];
    Graph *graph = NULL;
    CHECK(weight_set_open(file, "video_model.", &sets[0], NULL) == RSH_OK);
    CHECK(weight_set_open(file, "audio_model.", &sets[1], NULL) == RSH_OK);
    CHECK(wan_config_read(NULL, sets[0], &configs[0], NULL) == RSH_OK);
    CHECK(wan_config_read(NULL, sets[1], &configs[1], NULL) == RSH_OK);
    check_config(&configs[0], &pictures);
    check_config(&configs[1], &sound);
    CHECK(fabs(configs[1].rope_scale - 0.19676) < 1e-12);
    CHECK(graph_create("step", &graph, NULL) == RSH_OK);
    WanTower video = {
        .config = &configs[0], .weights = sets[0], .name = "video", .passes = 2, .text_passes = 2};
    WanTower audio = {
        .config = &configs[1], .weights = sets[1], .name = "audio", .passes = 2, .text_passes = 2};
    Tensor *v = wan_build_patches(graph, &video,
                                  graph_input(graph, "v", (Shape){31, 44, 44, 48}, TENSOR_F32));
    Tensor *a = wan_build_patches(graph, &audio,
                                  graph_input(graph, "a", (Shape){1, 1, 157, 20}, TENSOR_F32));
    wan_build_time(graph, &video, graph_input(graph, "tv", (Shape){1, 1, 1, 2}, TENSOR_I32));
    wan_build_time(graph, &audio, graph_input(graph, "ta", (Shape){1, 1, 1, 2}, TENSOR_I32));
    ovi_build_blocks(graph, &video, &audio, 11, &v, &a);
    v = wan_build_head(graph, &video, v);
    a = wan_build_head(graph, &audio, a);
    CHECK(v && v->shape.frames == 62 && v->shape.channels == 48);
    CHECK(a && a->shape.frames == 2 && a->shape.width == 157 && a->shape.channels == 20);
    finish(graph);
    weight_set_close(&sets[0]);
    weight_set_close(&sets[1]);
    model_file_close(&file);
}

static void heads_split_into_time_height_and_width(void)
{
    const struct {
        uint32_t head, audio_rotated;
    } cases[] = {{128, 44}, {64, 24}};
    for (size_t i = 0; i < 2; i++) {
        WanConfig config = {.dim = cases[i].head, .heads = 1, .rope_theta = 10000, .rope_scale = 1};
        uint32_t channels = 0;
        float *table = wan_rope_table(&config, (WanGrid){2, 2, 2}, 1, &channels);
        CHECK(channels == cases[i].head);
        const float *last = table + 7 * channels; // frame 1, row 1, column 1
        CHECK_NEAR((double)last[0], cos(1), 1e-6);
        CHECK_NEAR((double)last[cases[i].audio_rotated + 1], sin(1),
                   1e-6); // the first pair of the rows
        CHECK(table[0] == 1 && table[1] == 0);
        free(table);
        config.audio = true;
        table = wan_rope_table(&config, (WanGrid){1, 1, 3}, 1, &channels);
        CHECK(channels == cases[i].audio_rotated);
        free(table);
    }
}

int main(void)
{
    TAP_RUN(wan_t2v_1_3b);
    TAP_RUN(wan_t2v_14b);
    TAP_RUN(wan_i2v_14b_with_an_image_branch);
    TAP_RUN(wan_ti2v_5b);
    TAP_RUN(ovi_11b);
    TAP_RUN(heads_split_into_time_height_and_width);
    return tap_done();
}

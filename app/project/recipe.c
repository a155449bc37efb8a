// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/recipe.h"

#include <errno.h>
#include <string.h>

#include "rushes-error.h"

#define RECIPE_VERSION 1
#define LONGEST_PROMPT 100000 // bytes; far past any model's tokens, short of a protocol line

static const char *const conditioning_names[] = {NULL, "image", "extend"};

// The settings that are plain numbers: how they are written, what range makes sense, and what the
// studio calls them. A value below the range stands for the model's default.
static const struct {
    const char *key;
    const char *label;
    gsize offset;
    gboolean whole; // an int, otherwise a double
    double lowest, highest;
} numbers[] = {
    {"width", "Width", G_STRUCT_OFFSET(RushesRecipe, width), TRUE, 16, 8192},
    {"height", "Height", G_STRUCT_OFFSET(RushesRecipe, height), TRUE, 16, 8192},
    {"frames", "Frames", G_STRUCT_OFFSET(RushesRecipe, frames), TRUE, 1, 100000},
    {"fps", "Frames a second", G_STRUCT_OFFSET(RushesRecipe, fps), FALSE, 1, 240},
    {"steps", "Steps", G_STRUCT_OFFSET(RushesRecipe, steps), TRUE, 1, 1000},
    {"guidance", "Guidance", G_STRUCT_OFFSET(RushesRecipe, guidance), FALSE, 0, 100},
    {"audio_guidance", "Sound guidance", G_STRUCT_OFFSET(RushesRecipe, audio_guidance), FALSE, 0,
     100},
    {"shift", "Shift", G_STRUCT_OFFSET(RushesRecipe, shift), FALSE, 0, 100},
};

static double number_get(const RushesRecipe *self, guint i)
{
    return numbers[i].whole ? G_STRUCT_MEMBER(int, self, numbers[i].offset)
                            : G_STRUCT_MEMBER(double, self, numbers[i].offset);
}

static void number_set(RushesRecipe *self, guint i, double value)
{
    if (numbers[i].whole)
        G_STRUCT_MEMBER(int, self, numbers[i].offset) = (int)value;
    else
        G_STRUCT_MEMBER(double, self, numbers[i].offset) = value;
}

RushesRecipe *rushes_recipe_new(void)
{
    RushesRecipe *self = g_new0(RushesRecipe, 1);
    self->model = g_strdup("mini");
    self->prompt = g_strdup("");
    self->negative = g_strdup("");
    self->guidance = self->audio_guidance = self->shift = -1;
    return self;
}

RushesRecipe *rushes_recipe_copy(const RushesRecipe *self)
{
    RushesRecipe *copy = g_memdup2(self, sizeof(*self));
    copy->model = g_strdup(self->model);
    copy->prompt = g_strdup(self->prompt);
    copy->negative = g_strdup(self->negative);
    copy->sampler = g_strdup(self->sampler);
    copy->condition_video = g_strdup(self->condition_video);
    copy->condition_audio = g_strdup(self->condition_audio);
    copy->condition_source = g_strdup(self->condition_source);
    copy->picture_sha256 = g_strdup(self->picture_sha256);
    copy->consent = g_strdup(self->consent);
    return copy;
}

void rushes_recipe_free(RushesRecipe *self)
{
    if (!self)
        return;
    g_free(self->model);
    g_free(self->prompt);
    g_free(self->negative);
    g_free(self->sampler);
    g_free(self->condition_video);
    g_free(self->condition_audio);
    g_free(self->condition_source);
    g_free(self->picture_sha256);
    g_free(self->consent);
    g_free(self);
}

void rushes_recipe_set_picture(RushesRecipe *self, const RushesRecipe *from)
{
    g_free(self->picture_sha256);
    g_free(self->consent);
    self->picture_sha256 = from ? g_strdup(from->picture_sha256) : NULL;
    self->consent = from ? g_strdup(from->consent) : NULL;
    self->shows_person = from && from->shows_person;
}

static gboolean refuse(GError **error, const char *field, const char *wanted)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                "The recipe's field \"%s\" is not %s; correct it or leave it out.", field, wanted);
    return FALSE;
}

// A name of a file in the take's folder: a recipe from a stranger must not reach out of it.
static gboolean read_file_name(const cJSON *object, const char *key, char **name, GError **error)
{
    const char *text = rushes_json_string(object, key, NULL);
    if (!text)
        return TRUE;
    if (!*text || strchr(text, '/') || g_str_equal(text, ".") || g_str_equal(text, ".."))
        return refuse(error, key, "the name of a file in the take's folder");
    *name = g_strdup(text);
    return TRUE;
}

static gboolean read_conditioning(RushesRecipe *self, const cJSON *object, GError **error)
{
    const char *kind = rushes_json_string(object, "kind", "");
    if (g_str_equal(kind, conditioning_names[RUSHES_CONDITIONING_IMAGE]))
        self->conditioning = RUSHES_CONDITIONING_IMAGE;
    else if (g_str_equal(kind, conditioning_names[RUSHES_CONDITIONING_EXTEND]))
        self->conditioning = RUSHES_CONDITIONING_EXTEND;
    else
        return refuse(error, "conditioning.kind", "\"image\" or \"extend\"");
    self->condition_frames = rushes_json_int(object, "frames", 0, 100000, 0);
    self->condition_samples = (gint64)CLAMP(rushes_json_number(object, "samples", 0), 0.0, 1e12);
    self->condition_source = g_strdup(rushes_json_string(object, "source", NULL));
    return read_file_name(object, "video", &self->condition_video, error) &&
           read_file_name(object, "audio", &self->condition_audio, error);
}

static gboolean is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static gboolean read_consent(RushesRecipe *self, const cJSON *object, GError **error)
{
    const char *picture = rushes_json_string(object, "picture_sha256", NULL);
    const char *record = rushes_json_string(object, "record", NULL);

    if (picture && !is_sha256(picture))
        return refuse(error, "consent.picture_sha256", "a SHA-256 in 64 hexadecimal digits");
    if (record && !g_uuid_string_is_valid(record))
        return refuse(error, "consent.record", "the id of a consent record");
    self->picture_sha256 = g_strdup(picture);
    self->consent = g_strdup(record);
    self->shows_person = record || rushes_json_bool(object, "person", FALSE);
    return TRUE;
}

static gboolean read_seed(RushesRecipe *self, const cJSON *job, GError **error)
{
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(job, "seed");
    if (!seed)
        return TRUE;
    if (cJSON_IsNumber(seed) && seed->valuedouble >= 0 && seed->valuedouble <= 9007199254740992.0)
        self->seed = (guint64)seed->valuedouble;
    else if (!cJSON_IsString(seed) ||
             !g_ascii_string_to_unsigned(seed->valuestring, 10, 0, G_MAXUINT64, &self->seed, NULL))
        return refuse(error, "seed", "a whole number below 2^64 in quotes");
    return TRUE;
}

RushesRecipe *rushes_recipe_from_json(const cJSON *job, GError **error)
{
    g_autoptr(RushesRecipe) self = rushes_recipe_new();

    if (!cJSON_IsObject(job)) {
        refuse(error, "recipe", "an object");
        return NULL;
    }
    if (rushes_json_number(job, "version", RECIPE_VERSION) > RECIPE_VERSION) {
        g_set_error(
            error, RUSHES_ERROR, RUSHES_ERROR_NEWER,
            "The recipe was written by a newer version of Rushes; update Rushes to use it.");
        return NULL;
    }
    g_free(self->model);
    self->model = g_strdup(rushes_json_string(job, "model", "mini"));
    g_free(self->prompt);
    self->prompt = g_strdup(rushes_json_string(job, "prompt", ""));
    g_free(self->negative);
    self->negative = g_strdup(rushes_json_string(job, "negative", ""));
    self->sampler = g_strdup(rushes_json_string(job, "sampler", NULL));
    if (strlen(self->prompt) > LONGEST_PROMPT || strlen(self->negative) > LONGEST_PROMPT) {
        refuse(error, "prompt", "shorter than 100000 bytes");
        return NULL;
    }
    if (!read_seed(self, job, error))
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (!cJSON_GetObjectItemCaseSensitive(job, numbers[i].key))
            continue;
        double value = rushes_json_number(job, numbers[i].key, -1);
        if (value < numbers[i].lowest || value > numbers[i].highest) {
            g_autofree char *wanted =
                g_strdup_printf("a number from %g to %g", numbers[i].lowest, numbers[i].highest);
            refuse(error, numbers[i].key, wanted);
            return NULL;
        }
        number_set(self, i, value);
    }
    const cJSON *conditioning = cJSON_GetObjectItemCaseSensitive(job, "conditioning");
    if (cJSON_IsObject(conditioning) && !read_conditioning(self, conditioning, error))
        return NULL;
    const cJSON *consent = cJSON_GetObjectItemCaseSensitive(job, "consent");
    if (cJSON_IsObject(consent) && !read_consent(self, consent, error))
        return NULL;
    return g_steal_pointer(&self);
}

static gboolean number_is_set(const RushesRecipe *self, guint i)
{
    return number_get(self, i) >= numbers[i].lowest;
}

cJSON *rushes_recipe_to_json(const RushesRecipe *self)
{
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, self->seed);
    cJSON *job = cJSON_CreateObject();

    cJSON_AddNumberToObject(job, "version", RECIPE_VERSION);
    cJSON_AddStringToObject(job, "model", self->model);
    cJSON_AddStringToObject(job, "prompt", self->prompt);
    cJSON_AddStringToObject(job, "negative", self->negative);
    cJSON_AddStringToObject(job, "seed", seed);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (number_is_set(self, i))
            cJSON_AddNumberToObject(job, numbers[i].key, number_get(self, i));
    }
    if (self->sampler)
        cJSON_AddStringToObject(job, "sampler", self->sampler);
    if (self->conditioning != RUSHES_CONDITIONING_NONE) {
        cJSON *object = cJSON_AddObjectToObject(job, "conditioning");
        cJSON_AddStringToObject(object, "kind", conditioning_names[self->conditioning]);
        if (self->condition_video)
            cJSON_AddStringToObject(object, "video", self->condition_video);
        cJSON_AddNumberToObject(object, "frames", self->condition_frames);
        if (self->condition_audio)
            cJSON_AddStringToObject(object, "audio", self->condition_audio);
        cJSON_AddNumberToObject(object, "samples", (double)self->condition_samples);
        if (self->condition_source)
            cJSON_AddStringToObject(object, "source", self->condition_source);
    }
    if (self->picture_sha256 || self->shows_person) {
        cJSON *object = cJSON_AddObjectToObject(job, "consent");
        if (self->picture_sha256)
            cJSON_AddStringToObject(object, "picture_sha256", self->picture_sha256);
        cJSON_AddBoolToObject(object, "person", self->shows_person);
        if (self->consent)
            cJSON_AddStringToObject(object, "record", self->consent);
    }
    return job;
}

gboolean rushes_recipe_equal(const RushesRecipe *a, const RushesRecipe *b)
{
    g_autoptr(cJSON) left = rushes_recipe_to_json(a);
    g_autoptr(cJSON) right = rushes_recipe_to_json(b);
    return cJSON_Compare(left, right, TRUE);
}

double rushes_recipe_get_seconds(const RushesRecipe *self)
{
    return self->frames > 0 && self->fps > 0 ? self->frames / self->fps : 0;
}

char *rushes_recipe_describe(const RushesRecipe *self)
{
    GString *text = g_string_new(NULL);
    if (self->width > 0 && self->height > 0)
        g_string_append_printf(text, "%d×%d, ", self->width, self->height);
    if (self->frames > 0 && self->fps > 0)
        g_string_append_printf(text, "%d frames at %g fps, ", self->frames, self->fps);
    if (self->steps > 0)
        g_string_append_printf(text, "%d steps, ", self->steps);
    g_string_append_printf(text, "seed %" G_GUINT64_FORMAT, self->seed);
    return g_string_free(text, FALSE);
}

static char *number_text(const RushesRecipe *self, guint i)
{
    return number_is_set(self, i) ? g_strdup_printf("%g", number_get(self, i))
                                  : g_strdup("model default");
}

static void add_text_diff(GStrvBuilder *lines, const char *label, const char *before,
                          const char *after)
{
    if (g_strcmp0(before, after) == 0)
        return;
    g_autofree char *line =
        g_strdup_printf("%s: %s → %s", label, before && *before ? before : "none",
                        after && *after ? after : "none");
    g_strv_builder_add(lines, line);
}

GStrv rushes_recipe_diff_settings(const RushesRecipe *before, const RushesRecipe *after)
{
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();
    g_autofree char *seed_before = g_strdup_printf("%" G_GUINT64_FORMAT, before->seed);
    g_autofree char *seed_after = g_strdup_printf("%" G_GUINT64_FORMAT, after->seed);

    add_text_diff(lines, "Model", before->model, after->model);
    add_text_diff(lines, "Seed", seed_before, seed_after);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *left = number_text(before, i);
        g_autofree char *right = number_text(after, i);
        add_text_diff(lines, numbers[i].label, left, right);
    }
    add_text_diff(lines, "Sampler", before->sampler, after->sampler);
    add_text_diff(lines, "Starts from", before->condition_source, after->condition_source);
    return g_strv_builder_end(lines);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// rushes generate: words in, a clip with sound out.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/generate-consent.h"
#include "cli/generate-run.h"
#include "export/clip-container.h"
#include "json-file.h"
#include "provenance/signer.h"
#include "rushes-error.h"

typedef struct Arguments {
    char *output, *model, *seed, *size, *negative, *sampler, *image, *person, *extend, *job, *take;
    char *device, *caps;
    char *seconds, *frames, *steps, *guidance, *audio_guidance, *shift, *overlap; // as written
    gboolean json, quiet, verbose, validate, is_unsigned, is_unmarked;
    char **words;
} Arguments;

static void arguments_clear(Arguments *self)
{
    char **texts[] = {
        &self->output,   &self->model,          &self->seed,    &self->size,    &self->negative,
        &self->sampler,  &self->image,          &self->extend,  &self->job,     &self->take,
        &self->device,   &self->caps,           &self->seconds, &self->frames,  &self->steps,
        &self->guidance, &self->audio_guidance, &self->shift,   &self->overlap, &self->person};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
    g_clear_pointer(&self->words, g_strfreev);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arguments, arguments_clear)

static gboolean refuse(const char *what)
{
    rushes_cli_complain(what);
    return FALSE;
}

static gboolean put_text(cJSON *job, const char *key, const char *text)
{
    if (!text)
        return TRUE;
    if (!g_utf8_validate(text, -1, NULL)) {
        g_autofree char *what = g_strdup_printf("The %s is not valid UTF-8.", key);
        return refuse(what);
    }
    rushes_json_put(job, key, cJSON_CreateString(text));
    return TRUE;
}

// The model has limits of its own; these are what any number can be.
static gboolean put_numbers(cJSON *job, const Arguments *arguments)
{
    const struct {
        const char *key;
        RushesNumberOption option;
    } numbers[] = {
        {"frames", {"--frames", arguments->frames, TRUE, 1, 100000}},
        {"steps", {"--steps", arguments->steps, TRUE, 1, 10000}},
        {"guidance", {"--guidance", arguments->guidance, FALSE, 0, 1000}},
        {"audio_guidance", {"--audio-guidance", arguments->audio_guidance, FALSE, 0, 1000}},
        {"shift", {"--shift", arguments->shift, FALSE, 0, 1000}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        double value = 0.0;
        if (!rushes_cli_number(&numbers[i].option, &value))
            return FALSE;
        if (numbers[i].option.text)
            rushes_json_put(job, numbers[i].key, cJSON_CreateNumber(value));
    }
    return TRUE;
}

static gboolean put_size(cJSON *job, const char *size)
{
    int width = 0, height = 0, read = 0;

    if (!size)
        return TRUE;
    if (strlen(size) > 20 || sscanf(size, "%5dx%5d%n", &width, &height, &read) != 2 || size[read] ||
        width < 1 || height < 1) {
        g_autofree char *shown = g_utf8_make_valid(size, -1);
        g_autofree char *what = g_strdup_printf(
            "--size wants WIDTHxHEIGHT with sides of 1 to 99999, as in 256x160, not \"%.40s\"",
            shown);
        return refuse(what);
    }
    rushes_json_put(job, "width", cJSON_CreateNumber(width));
    rushes_json_put(job, "height", cJSON_CreateNumber(height));
    return TRUE;
}

static gboolean put_seed(cJSON *job, const char *seed)
{
    guint64 value = 0;

    if (!seed) {
        // A job file keeps its own; a new job gets one that is printed with the clip.
        if (!cJSON_HasObjectItem(job, "seed")) {
            g_autofree char *text = g_strdup_printf("%u", g_random_int());
            rushes_json_put(job, "seed", cJSON_CreateString(text));
        }
        return TRUE;
    }
    if (!g_ascii_string_to_unsigned(seed, 10, 0, G_MAXUINT64, &value, NULL))
        return refuse("--seed wants a whole number from 0 to 18446744073709551615.");
    rushes_json_put(job, "seed", cJSON_CreateString(seed));
    return TRUE;
}

static gboolean put_words(cJSON *job, char **words)
{
    g_autofree char *prompt = words ? g_strjoinv(" ", words) : NULL;

    if (!prompt && !cJSON_HasObjectItem(job, "prompt"))
        return refuse(
            "Say in words what the clip shows: rushes generate \"a red fox hops in the snow\".");
    return put_text(job, "prompt", prompt);
}

// The job of --job (or an empty one) with everything said on the command line over it.
static cJSON *build_job(const Arguments *arguments, int *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(cJSON) job = NULL;

    *status = RUSHES_EXIT_USAGE;
    if (arguments->job) {
        job = rushes_json_file_read(arguments->job, &error);
        if (!job) {
            *status = rushes_cli_fail(RUSHES_EXIT_FILE, error);
            return NULL;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(job, "made"); // a recipe says how it went, too
    } else {
        job = cJSON_CreateObject();
        rushes_json_put(job, "version", cJSON_CreateNumber(1));
        rushes_json_put(job, "model", cJSON_CreateString("mini"));
    }
    if (!put_words(job, arguments->words) || !put_text(job, "model", arguments->model) ||
        !put_text(job, "negative", arguments->negative) ||
        !put_text(job, "sampler", arguments->sampler) || !put_size(job, arguments->size) ||
        !put_seed(job, arguments->seed) || !put_numbers(job, arguments))
        return NULL;
    return g_steal_pointer(&job);
}

// Found out before the work, not after it.
static gboolean check_output(const char *output)
{
    g_autofree char *folder = g_path_get_dirname(output);
    g_autofree char *name = g_filename_display_name(output);
    g_autofree char *what = NULL;

    RushesContainer container;

    if (!rushes_container_from_path(output, &container) || !rushes_container_has_video(container))
        what = g_strdup_printf("%s: the name must end in .mp4, .webm, .mkv or .gif.", name);
    else if (g_file_test(output, G_FILE_TEST_IS_DIR))
        what = g_strdup_printf("%s is a folder.", name);
    else if (access(folder, W_OK | X_OK) != 0)
        what = g_strdup_printf("%s: its folder is not there or cannot be written.", name);
    return what ? refuse(what) : TRUE;
}

// Who is on the reference, and what rights lists and consent records say of it all.
static gboolean check_rights(const Arguments *arguments, cJSON *job, int *status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *warning = NULL;

    if (!rushes_generate_put_consent(job, arguments->image, arguments->extend, arguments->person,
                                     &error)) {
        *status = g_error_matches(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED) ? RUSHES_EXIT_USAGE
                                                                             : RUSHES_EXIT_FILE;
        return refuse(error->message);
    }
    gboolean allowed = rushes_generate_is_allowed(job, &warning, &error);
    if (warning)
        rushes_cli_complain(warning);
    *status = RUSHES_EXIT_USAGE;
    return allowed ? TRUE : refuse(error->message);
}

// Asked before minutes of work rather than when the clip is to be signed.
static gboolean check_signer(const Arguments *arguments, int *status)
{
    g_autofree char *folder = rushes_signer_folder();
    g_autoptr(GError) error = NULL;

    if (arguments->is_unsigned || rushes_signer_check(folder, &error))
        return TRUE;
    *status = rushes_cli_fail(RUSHES_EXIT_FILE, error);
    return FALSE;
}

static gboolean parse(Arguments *a, int argc, char **argv, int *status)
{
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &a->output, "The clip to write (clip.mp4)",
         "FILE"},
        {"model", 0, 0, G_OPTION_ARG_FILENAME, &a->model, "A model's id or folder (mini)", "MODEL"},
        {"seed", 0, 0, G_OPTION_ARG_FILENAME, &a->seed,
         "The same seed gives the same clip (random)", "N"},
        {"seconds", 0, 0, G_OPTION_ARG_FILENAME, &a->seconds, "Length (the model's own)", "S"},
        {"frames", 0, 0, G_OPTION_ARG_FILENAME, &a->frames, "Length in frames", "N"},
        {"size", 0, 0, G_OPTION_ARG_FILENAME, &a->size, "Size of the picture (the model's own)",
         "WxH"},
        {"steps", 0, 0, G_OPTION_ARG_FILENAME, &a->steps, "Denoising steps", "N"},
        {"guidance", 0, 0, G_OPTION_ARG_FILENAME, &a->guidance,
         "How closely the picture follows the words", "G"},
        {"audio-guidance", 0, 0, G_OPTION_ARG_FILENAME, &a->audio_guidance,
         "The same for the sound", "G"},
        {"shift", 0, 0, G_OPTION_ARG_FILENAME, &a->shift, "Shift of the noise schedule", "S"},
        {"sampler", 0, 0, G_OPTION_ARG_FILENAME, &a->sampler, "euler, unipc or dpmpp", "NAME"},
        {"negative", 0, 0, G_OPTION_ARG_FILENAME, &a->negative, "What the clip must not show",
         "WORDS"},
        {"image", 0, 0, G_OPTION_ARG_FILENAME, &a->image, "A picture that the clip starts with",
         "FILE"},
        {"person", 0, 0, G_OPTION_ARG_STRING, &a->person,
         "The consent record of the person on the picture", "RECORD"},
        {"extend", 0, 0, G_OPTION_ARG_FILENAME, &a->extend,
         "A clip whose end the new one begins with and continues", "FILE"},
        {"overlap", 0, 0, G_OPTION_ARG_FILENAME, &a->overlap, "Frames of it that are continued (9)",
         "N"},
        {"job", 0, 0, G_OPTION_ARG_FILENAME, &a->job, "Read a job or a recipe; options change it",
         "FILE.json"},
        {"take", 0, 0, G_OPTION_ARG_FILENAME, &a->take,
         "Work in this folder, keep it, and resume what is there", "FOLDER"},
        {"no-watermark", 0, 0, G_OPTION_ARG_NONE, &a->is_unmarked, "Leave the invisible mark out",
         NULL},
        {"unsigned", 0, 0, G_OPTION_ARG_NONE, &a->is_unsigned, "Leave the content credentials out",
         NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &a->json, "Print every event as a line of JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &a->quiet, "Print nothing but failures", NULL},
        {"device", 0, 0, G_OPTION_ARG_FILENAME, &a->device,
         "Part of a device's name, or its number", "NAME"},
        {"caps", 0, 0, G_OPTION_ARG_FILENAME, &a->caps, "Do without these capabilities",
         "-fp16,..."},
        {"validate", 0, 0, G_OPTION_ARG_NONE, &a->validate,
         "Run under the Vulkan validation layers", NULL},
        {"verbose", 0, 0, G_OPTION_ARG_NONE, &a->verbose, "Show the engine's log", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->words, NULL, "WORDS..."},
        G_OPTION_ENTRY_NULL,
    };
    return rushes_cli_parse("", "Makes a clip with sound from words, on this machine.", entries,
                            &argc, &argv, status);
}

int rushes_cli_generate(int argc, char **argv)
{
    g_auto(Arguments) arguments = {0};
    double seconds = 0.0, overlap = 9.0;
    int status = RUSHES_EXIT_USAGE;

    if (!parse(&arguments, argc, argv, &status))
        return status;
    const char *output = arguments.output ? arguments.output : "clip.mp4";
    if (arguments.image && arguments.extend) {
        refuse("A clip starts from a picture or continues a clip, not both.");
        return RUSHES_EXIT_USAGE;
    }
    const RushesNumberOption seconds_option = {"--seconds", arguments.seconds, FALSE, 0, 3600};
    const RushesNumberOption overlap_option = {"--overlap", arguments.overlap, TRUE, 1, 1000};
    if (!rushes_cli_number(&seconds_option, &seconds) ||
        !rushes_cli_number(&overlap_option, &overlap))
        return RUSHES_EXIT_USAGE;
    if (!check_output(output))
        return RUSHES_EXIT_FILE;
    g_autoptr(cJSON) job = build_job(&arguments, &status);
    if (!job)
        return status;
    if (!check_rights(&arguments, job, &status) || !check_signer(&arguments, &status))
        return status;
    if (!rushes_cli_check_device(arguments.device, arguments.caps, &status))
        return status;

    g_autofree char *job_folder = arguments.job ? g_path_get_dirname(arguments.job) : NULL;
    RushesGenerateOptions options = {
        .job = job,
        .output = output,
        .take = arguments.take,
        .image = arguments.image,
        .extend = arguments.extend,
        .job_folder = job_folder,
        .seconds = seconds,
        .overlap = (int)overlap,
        .is_unsigned = arguments.is_unsigned,
        .is_unmarked = arguments.is_unmarked,
        .json = arguments.json,
        .quiet = arguments.quiet,
        .engine = {.device = arguments.device,
                   .caps = arguments.caps,
                   .verbose = arguments.verbose,
                   .validate = arguments.validate},
    };
    return rushes_generate_run(&options);
}

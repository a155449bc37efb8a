// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/verify.h"

#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/tensor_values.h"
#include "run/golden.h"

static const struct {
    const char *component;
    GoldenRun run;
} kinds[] = {
    {"wan-dit", verify_wan},
    {"wan-dit-gguf", verify_wan},
    {"ovi-fusion", verify_ovi},
    {"wan-vae", verify_vae},
    {"umt5", verify_umt5},
    {"clip-vision", verify_clip},
    {"mmaudio-vae", verify_audio_vae},
    {"bigvgan", verify_vocoder},
    {"mel", verify_mel},
    {"sampler", verify_sampler},
    {"guidance", verify_guidance},
    {"pipeline", verify_pipeline},
    {"gguf", verify_tensor_types},
    {"fp8", verify_tensor_types},
    {"malformed", verify_malformed},
    {"tokenizer", verify_tokenizer},
    {"text-clean", verify_text_clean},
};

// ---- tensors of a case -------------------------------------------------------------------------------

bool golden_has(const GoldenCase *golden, const char *format, ...)
{
    char name[96];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof(name), format, arguments);
    va_end(arguments);
    return golden->io && model_file_find(golden->io, name) != NULL;
}

static float *read_stored(GoldenCase *golden, const char *kind, const char *name,
                          GoldenLayout layout, Shape *shape)
{
    char full[96];
    snprintf(full, sizeof(full), "%s.%s", kind, name);
    const ModelTensor *tensor = golden->io ? model_file_find(golden->io, full) : NULL;
    if (!tensor || tensor->n_dims > 5 || tensor->elements > INT32_MAX || tensor->elements == 0) {
        error_set(&golden->error, RSH_ERROR_FORMAT, "The case has no usable tensor '%s'.", full);
        return NULL;
    }
    float *stored = calloc(tensor->elements, sizeof(float)),
          *values = calloc(tensor->elements, sizeof(float));
    if (!stored || !values ||
        tensor_to_f32(golden->io, tensor, 0, tensor->elements, stored, &golden->error) != RSH_OK) {
        free(stored);
        free(values);
        return NULL;
    }
    uint32_t n = tensor->n_dims;
    bool first = layout == GOLDEN_CHANNELS_FIRST;
    uint64_t channels = n == 0 ? 1 : tensor->dims[first ? 0 : n - 1],
             rows = tensor->elements / channels;
    for (uint64_t r = 0; r < rows; r++) {
        for (uint64_t c = 0; c < channels; c++)
            values[r * channels + c] = stored[first ? c * rows + r : r * channels + c];
    }
    free(stored);
    if (shape) {
        uint32_t sides[3] = {1, 1, 1};
        for (uint32_t i = 0; i + 1 < n;
             i++) { // from the last side; what is left over joins the first
            uint32_t axis = i < 3 ? 2 - i : 0;
            sides[axis] *= (uint32_t)tensor->dims[first ? n - 1 - i : n - 2 - i];
        }
        *shape = (Shape){sides[0], sides[1], sides[2], (uint32_t)channels};
    }
    return values;
}

float *golden_input(GoldenCase *golden, const char *name, GoldenLayout layout, Shape *shape)
{
    return read_stored(golden, "in", name, layout, shape);
}

float *golden_output(GoldenCase *golden, const char *name, GoldenLayout layout, Shape *shape)
{
    return read_stored(golden, "out", name, layout, shape);
}

// ---- comparing ---------------------------------------------------------------------------------------

static double limit_of(const GoldenCase *golden, const char *name)
{
    const cJSON *each = cJSON_GetObjectItemCaseSensitive(golden->json, "max_rel_error_per_output");
    const cJSON *limit = cJSON_GetObjectItemCaseSensitive(each, name);
    if (!cJSON_IsNumber(limit))
        limit = cJSON_GetObjectItemCaseSensitive(golden->json, "max_rel_error");
    return cJSON_IsNumber(limit) ? limit->valuedouble : 2e-5;
}

static void account(GoldenCase *golden, const char *name, double error, double limit)
{
    VerifyResult *result = golden->result;
    double share = error <= limit ? (limit > 0 ? error / limit : 0)
                   : limit > 0    ? error / limit
                                  : (double)INFINITY;
    if (!(error <= limit)) { // NaN fails too
        if (result->state != VERIFY_FAILED)
            snprintf(result->reason, sizeof(result->reason), "'%s' is off by %.3g, more than %.3g",
                     name, error, limit);
        result->state = VERIFY_FAILED;
    }
    if (share > result->worst || isnan(share))
        result->worst = share;
    result->outputs++;
    if (golden->report)
        golden->report(golden->report_data, name, error, limit);
}

void golden_report_exact(GoldenCase *golden, const char *name, bool equal)
{
    account(golden, name, equal ? 0 : 1, 0);
}

RshStatus golden_compare(GoldenCase *golden, const char *name, GoldenLayout layout,
                         const float *got, uint64_t count)
{
    Shape shape;
    float *expected = golden_output(golden, name, layout, &shape);
    if (!expected)
        return golden->error.status;
    uint64_t wanted = shape_rows(shape) * shape.channels;
    if (wanted > count) {
        free(expected);
        return error_set(&golden->error, RSH_ERROR_FORMAT,
                         "'%s' has %llu numbers but the run gives %llu.", name,
                         (unsigned long long)wanted, (unsigned long long)count);
    }
    double difference = 0, size = 0;
    for (uint64_t i = 0; i < wanted; i++) {
        double d = (double)got[i] - (double)expected[i];
        difference += d * d;
        size += (double)expected[i] * (double)expected[i];
    }
    free(expected);
    account(golden, name, size > 0 ? sqrt(difference / size) : sqrt(difference),
            limit_of(golden, name));
    return RSH_OK;
}

RshStatus golden_compare_tensor(GoldenCase *golden, const Graph *graph, Program *program,
                                const char *tensor, const char *name, GoldenLayout layout)
{
    const Tensor *found = graph_find(graph, tensor);
    if (!found)
        return error_set(&golden->error, RSH_ERROR_FORMAT, "The network has no tensor '%s'.",
                         tensor);
    uint64_t count = shape_rows(found->shape) * found->shape.channels;
    float *values = calloc(count, sizeof(float));
    if (!values)
        return error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for %llu numbers.",
                         (unsigned long long)count);
    RshStatus status = program->ops->read(program, found, values, &golden->error);
    if (status == RSH_OK)
        status = golden_compare(golden, name, layout, values, count);
    free(values);
    return status;
}

// ---- running -----------------------------------------------------------------------------------------

RshStatus golden_prepare(GoldenCase *golden, const Graph *graph, Program **program)
{
    RshStatus status = graph_status(graph, &golden->error);
    return status == RSH_OK
               ? golden->runner->ops->prepare(golden->runner, graph, NULL, program, &golden->error)
               : status;
}

RshStatus golden_write(GoldenCase *golden, const Graph *graph, Program *program, const char *input,
                       const void *data)
{
    const Tensor *tensor = graph_find(graph, input);
    if (!tensor || !data)
        return error_set(&golden->error, RSH_ERROR_FORMAT, "There is nothing to write to '%s'.",
                         input);
    return program->ops->write(program, tensor, data, &golden->error);
}

RshStatus golden_execute(GoldenCase *golden, Program *program)
{
    return program->ops->run(program, NULL, &golden->error);
}

static RshStatus open_parts(GoldenCase *golden)
{
    char path[4096];
    struct stat info;
    MappedFile *file = NULL;
    snprintf(path, sizeof(path), "%s/case.json", golden->folder);
    if (stat(path, &info) != 0 || info.st_size <= 0 || info.st_size > 1 << 24)
        return error_set(&golden->error, RSH_ERROR_IO, "%s is missing or too large.", path);
    RshStatus status = mapped_file_open(path, &file, &golden->error);
    if (status != RSH_OK)
        return status;
    const char *text = mapped_file_span(file, 0, (uint64_t)info.st_size);
    golden->json = text ? cJSON_ParseWithLength(text, (size_t)info.st_size) : NULL;
    mapped_file_close(&file);
    if (!golden->json)
        return error_set(&golden->error, RSH_ERROR_FORMAT, "%s is not JSON.", path);
    golden->config = cJSON_GetObjectItemCaseSensitive(golden->json, "config");

    snprintf(path, sizeof(path), "%s/io.safetensors", golden->folder);
    if (stat(path, &info) == 0 &&
        (status = model_file_open(path, &golden->io, &golden->error)) != RSH_OK)
        return status;
    const char *const names[] = {"weights.safetensors", "model.gguf"};
    for (int i = 0; i < 2 && !golden->weights; i++) {
        snprintf(path, sizeof(path), "%s/%s", golden->folder, names[i]);
        if (stat(path, &info) == 0 &&
            (status = model_file_open(path, &golden->weights, &golden->error)) != RSH_OK)
            return status;
    }
    return RSH_OK;
}

static RshStatus run_case(GoldenCase *golden)
{
    RshStatus status = open_parts(golden);
    if (status != RSH_OK)
        return status;
    const char *component =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(golden->json, "component"));
    const char *family =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(golden->json, "family"));
    snprintf(golden->result->component, sizeof(golden->result->component), "%s",
             component ? component : "");
    // Both kinds of tokenizer are read, whichever family they come from.
    bool tokenizer = component && strcmp(component, "tokenizer") == 0;
    bool other_family =
        !tokenizer &&
        ((component && (strstr(component, "ltx") || strstr(component, "gemma"))) ||
         (family && (strncmp(family, "ltx", 3) == 0 || strncmp(family, "gemma", 5) == 0)));
    for (size_t i = 0; component && !other_family && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].component, component) == 0)
            return kinds[i].run(golden);
    }
    golden->result->state = VERIFY_SKIPPED;
    snprintf(golden->result->reason, sizeof(golden->result->reason), "%s",
             other_family ? "LTX family is not built in this version"
                          : "this kind of case is not known");
    return RSH_OK;
}

void verify_case(const char *folder, Runner *runner, VerifyReport report, void *data,
                 VerifyResult *out)
{
    GoldenCase golden = {
        .folder = folder, .runner = runner, .report = report, .report_data = data, .result = out};
    *out = (VerifyResult){.state = VERIFY_PASSED};
    RshStatus status = run_case(&golden);
    if (runner)
        runner->ops->reset_state(runner, "");
    if (status != RSH_OK) {
        out->state = VERIFY_FAILED;
        snprintf(out->reason, sizeof(out->reason), "%s", golden.error.text);
    } else if (out->state == VERIFY_PASSED && out->outputs == 0) {
        out->state = VERIFY_FAILED;
        snprintf(out->reason, sizeof(out->reason), "the case compares nothing");
    }
    model_file_close(&golden.io);
    model_file_close(&golden.weights);
    cJSON_Delete(golden.json);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

RshStatus verify_list(const char *folder, char ***names, size_t *count, RshError *error)
{
    enum { MAX_CASES = 4096, NAME_BYTES = 128 };
    DIR *directory = opendir(folder);
    struct dirent *entry;
    *names = NULL;
    *count = 0;
    if (!directory)
        return error_set(error, RSH_ERROR_IO, "The folder of cases %s cannot be read.", folder);
    char **list = calloc(MAX_CASES, sizeof(char *) + NAME_BYTES);
    char *strings = list ? (char *)(list + MAX_CASES) : NULL;
    while (list && *count < MAX_CASES && (entry = readdir(directory)) != NULL) {
        char path[4096];
        struct stat info;
        snprintf(path, sizeof(path), "%s/%s/case.json", folder, entry->d_name);
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= NAME_BYTES ||
            stat(path, &info) != 0)
            continue;
        list[*count] = strings + *count * NAME_BYTES;
        snprintf(list[(*count)++], NAME_BYTES, "%s", entry->d_name);
    }
    closedir(directory);
    if (!list)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for the list of cases.");
    qsort(list, *count, sizeof(*list), compare_names);
    *names = list;
    return RSH_OK;
}

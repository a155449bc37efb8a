// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/small_file.h"
#include "formats/safetensors_write.h"
#include "formats/tensor_values.h"

#define STEP_FILE    "step.safetensors"
#define PREVIEW_FILE "preview.rgb"
#define FRAMES_FILE  "frames.rgb"
#define AUDIO_FILE   "audio.f32"

enum { STATE_TENSORS = sizeof(((PipelineState *)0)->tensors) / sizeof(PipelineTensor) };

static char *join(const Take *take, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", take->folder, name) < 0 ? NULL : path;
}

static RshStatus fail_write(const char *path, int cause, RshError *error)
{
    return error_set(error, error_from_write(cause), "%.160s: cannot be written: %s", path,
                     strerror(cause));
}

// A writer that was killed leaves "step.safetensors.XXXXXX".
static void remove_leftovers(DIR *folder)
{
    static const char *const stems[] = {STEP_FILE ".", PREVIEW_FILE ".", AUDIO_FILE "."};
    struct dirent *entry;

    while ((entry = readdir(folder)))
        for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++)
            if (strncmp(entry->d_name, stems[i], strlen(stems[i])) == 0 &&
                strlen(entry->d_name) == strlen(stems[i]) + 6)
                unlinkat(dirfd(folder), entry->d_name, 0);
}

RshStatus take_open(const char *folder, Take *take, RshError *error)
{
    *take = (Take){.frames_fd = -1};
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return error_set(error, RSH_ERROR_IO, "%.160s: the take's folder cannot be opened: %s",
                         folder, strerror(errno));
    if (faccessat(dirfd(open_folder), ".", W_OK | X_OK, AT_EACCESS) < 0) {
        int cause = errno;
        closedir(open_folder);
        return fail_write(folder, cause, error);
    }
    remove_leftovers(open_folder);
    closedir(open_folder);
    take->folder = strdup(folder);
    return take->folder ? RSH_OK : error_set(error, RSH_ERROR_MEMORY, "out of memory");
}

void take_close(Take *take)
{
    if (take->frames_fd >= 0)
        close(take->frames_fd);
    free(take->folder);
    free(take->row);
    *take = (Take){.frames_fd = -1};
}

static RshStatus check_finite(const PipelineState *state, RshError *error)
{
    for (uint32_t i = 0; i < state->tensor_count; i++) {
        const PipelineTensor *tensor = &state->tensors[i];
        for (uint64_t j = 0; j < tensor->count; j++)
            if (!isfinite(tensor->values[j]))
                return error_set(error, RSH_ERROR_FORMAT,
                                 "the model gave numbers that are not finite at step %u (\"%s\"): "
                                 "its weights are damaged, or the guidance is far too high",
                                 state->step, tensor->name);
    }
    return RSH_OK;
}

RshStatus take_save_step(Take *take, const PipelineState *state, const char *fingerprint,
                         RshError *error)
{
    SafetensorsTensor tensors[STATE_TENSORS];
    char step[16];

    RshStatus status = check_finite(state, error);
    if (status != RSH_OK)
        return status;
    for (uint32_t i = 0; i < state->tensor_count; i++) {
        const PipelineTensor *from = &state->tensors[i];
        tensors[i] = (SafetensorsTensor){
            .name = from->name, .dtype = DTYPE_F32, .n_dims = from->n_dims, .data = from->values};
        memcpy(tensors[i].dims, from->dims, sizeof(from->dims));
    }
    snprintf(step, sizeof(step), "%u", state->step);
    SafetensorsText metadata[] = {
        {"format", "rushes-step-1"}, {"fingerprint", fingerprint}, {"step", step}};
    char *path = join(take, STEP_FILE);
    if (!path)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory");
    status = safetensors_write(path, tensors, state->tensor_count, metadata, 3, error);
    free(path);
    return status;
}

static bool load_tensor(const ModelFile *file, const ModelTensor *from, PipelineTensor *to)
{
    if (strlen(from->name) >= sizeof(to->name) || from->n_dims > 4 || from->dtype != DTYPE_F32 ||
        from->elements == 0)
        return false;
    *to = (PipelineTensor){.n_dims = from->n_dims, .count = from->elements};
    snprintf(to->name, sizeof(to->name), "%s", from->name);
    memcpy(to->dims, from->dims, from->n_dims * sizeof(to->dims[0]));
    to->values = malloc(from->elements * sizeof(float)); // elements lie inside the file
    return to->values && tensor_to_f32(file, from, 0, from->elements, to->values, NULL) == RSH_OK;
}

bool take_load_step(Take *take, const char *fingerprint, PipelineState *state)
{
    ModelFile *file = NULL;
    char *path = join(take, STEP_FILE);
    bool usable = false;

    *state = (PipelineState){0};
    if (!path || model_file_open(path, &file, NULL) != RSH_OK)
        goto done;
    const char *known = model_file_string(file, "fingerprint");
    const char *step = model_file_string(file, "step");
    char *end = NULL;
    unsigned long number = step ? strtoul(step, &end, 10) : 0;
    size_t count = model_file_count(file);
    usable = known && strcmp(known, fingerprint) == 0 && number > 0 && number <= RSH_MAX_STEPS &&
             *end == '\0' && count > 0 && count <= STATE_TENSORS;
    for (size_t i = 0; usable && i < count; i++) {
        usable = load_tensor(file, model_file_tensor(file, i), &state->tensors[i]);
        state->tensor_count++;
    }
    state->step = (uint32_t)number;
    usable = usable && check_finite(state, NULL) == RSH_OK;
done:
    if (!usable)
        pipeline_state_clear(state);
    model_file_close(&file);
    free(path);
    return usable;
}

static void drop_alpha(const uint8_t *rgba, uint8_t *rgb, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++) {
        rgb[3 * i] = rgba[4 * i];
        rgb[3 * i + 1] = rgba[4 * i + 1];
        rgb[3 * i + 2] = rgba[4 * i + 2];
    }
}

static RshStatus hold_row(Take *take, size_t bytes, RshError *error)
{
    if (take->row_bytes >= bytes)
        return RSH_OK;
    uint8_t *grown = realloc(take->row, bytes);
    if (!grown)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory for a picture of %zu bytes",
                         bytes);
    take->row = grown;
    take->row_bytes = bytes;
    return RSH_OK;
}

RshStatus take_write_preview(Take *take, const uint8_t *rgba, uint32_t width, uint32_t height,
                             uint32_t frames, RshError *error)
{
    size_t pixels = (size_t)width * height * frames;
    char *path = join(take, PREVIEW_FILE);
    RshStatus status = path ? hold_row(take, pixels * 3, error)
                            : error_set(error, RSH_ERROR_MEMORY, "out of memory");

    if (status == RSH_OK) {
        drop_alpha(rgba, take->row, pixels);
        status = small_file_write(path, take->row, pixels * 3, error);
    }
    free(path);
    return status;
}

static RshStatus write_all(int fd, const char *path, const void *data, size_t bytes,
                           RshError *error)
{
    const char *from = data;
    while (bytes > 0) {
        ssize_t part = write(fd, from, bytes);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return fail_write(path, errno, error);
        from += part;
        bytes -= (size_t)part;
    }
    return RSH_OK;
}

RshStatus take_append_frames(Take *take, const uint8_t *rgba, uint32_t width, uint32_t height,
                             uint32_t frames, RshError *error)
{
    size_t pixels = (size_t)width * height;
    char *path = join(take, FRAMES_FILE);
    RshStatus status = path ? hold_row(take, pixels * 3, error)
                            : error_set(error, RSH_ERROR_MEMORY, "out of memory");

    if (status == RSH_OK && take->frames_fd < 0) {
        take->frames_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (take->frames_fd < 0)
            status = fail_write(path, errno, error);
        sha256_init(&take->frames_sha);
    }
    for (uint32_t i = 0; status == RSH_OK && i < frames; i++) {
        drop_alpha(rgba + i * pixels * 4, take->row, pixels);
        sha256_update(&take->frames_sha, take->row, pixels * 3);
        status = write_all(take->frames_fd, path, take->row, pixels * 3, error);
    }
    free(path);
    return status;
}

static void finish_hash(Sha256 sha, char text[65])
{
    uint8_t digest[32];

    sha256_finish(&sha, digest);
    sha256_hex(digest, text);
}

void take_hash_frames(const Take *take, char text[65])
{
    text[0] = '\0';
    if (take->frames_fd >= 0)
        finish_hash(take->frames_sha, text);
}

RshStatus take_write_audio(Take *take, const float *samples, uint64_t count, char sha256[65],
                           RshError *error)
{
    char *path = join(take, AUDIO_FILE);
    Sha256 sha;

    if (!path)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory");
    sha256_init(&sha);
    sha256_update(&sha, samples, (size_t)count * sizeof(float));
    finish_hash(sha, sha256);
    RshStatus status = small_file_write(path, samples, (size_t)count * sizeof(float), error);
    free(path);
    return status;
}

RshStatus take_read_file(const Take *take, const char *name, uint64_t bytes, void **out,
                         RshError *error)
{
    RshStatus status = RSH_OK;
    struct stat info;
    uint64_t got = 0;
    char *path = join(take, name);
    char *data = bytes < SIZE_MAX ? malloc((size_t)bytes + 1) : NULL;
    int fd = -1;

    *out = NULL;
    if (!path || !data) {
        status = error_set(error, RSH_ERROR_MEMORY, "out of memory for %.100s", name);
        goto done;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &info) < 0) {
        status = error_set(error, RSH_ERROR_IO, "%.160s: %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(info.st_mode) || (uint64_t)info.st_size != bytes) {
        status = error_set(error, RSH_ERROR_ARGUMENT,
                           "%.140s has %lld bytes; the job says %llu: frames x width x height x 3, "
                           "or 4 a sample",
                           path, (long long)info.st_size, (unsigned long long)bytes);
        goto done;
    }
    while (got < bytes) {
        ssize_t part = read(fd, data + got, (size_t)(bytes - got));
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0) {
            status = error_set(error, RSH_ERROR_IO, "%.160s: cannot be read to its end", path);
            goto done;
        }
        got += (uint64_t)part;
    }
    *out = data;
    data = NULL;
done:
    if (fd >= 0)
        close(fd);
    free(data);
    free(path);
    return status;
}

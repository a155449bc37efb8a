// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

struct MappedFile {
    uint8_t *bytes; // NULL when the file is empty
    uint64_t size;
};

RshStatus mapped_file_open(const char *path, MappedFile **out, RshError *error)
{
    RshStatus status = RSH_OK;
    MappedFile *file = NULL;
    void *bytes = NULL;
    struct stat info;

    // Without O_NONBLOCK the open of a named pipe would wait for a writer for ever.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) < 0) {
        status = error_set(error, RSH_ERROR_IO, "%s: %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(info.st_mode)) {
        status = error_set(error, RSH_ERROR_IO, "%s: not a regular file", path);
        goto done;
    }
    if (info.st_size > 0)
        bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        status = error_set(error, RSH_ERROR_IO, "%s: cannot be mapped", path);
        goto done;
    }
    file = calloc(1, sizeof(*file));
    if (!file) {
        if (bytes)
            munmap(bytes, (size_t)info.st_size);
        status = error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", path);
        goto done;
    }
    *file = (MappedFile){.bytes = bytes, .size = (uint64_t)info.st_size};
done:
    if (fd >= 0)
        close(fd); // the mapping outlives the descriptor
    *out = file;
    return status;
}

void mapped_file_close(MappedFile **file)
{
    if (!*file)
        return;
    if ((*file)->bytes)
        munmap((*file)->bytes, (size_t)(*file)->size);
    free(*file);
    *file = NULL;
}

uint64_t mapped_file_size(const MappedFile *file)
{
    return file->size;
}

const void *mapped_file_span(const MappedFile *file, uint64_t offset, uint64_t size)
{
    // Written as a subtraction because offset + size can wrap in a hostile header.
    if (offset > file->size || size > file->size - offset)
        return NULL;
    return file->bytes + offset;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

char *small_file_read(const char *path, size_t most, size_t *bytes)
{
    struct stat info;
    char *text = NULL;
    size_t got = 0;

    *bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || (uint64_t)info.st_size > most)
        goto done;
    text = malloc((size_t)info.st_size + 1);
    while (text && got < (size_t)info.st_size) {
        ssize_t part = read(fd, text + got, (size_t)info.st_size - got);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            break;
        got += (size_t)part;
    }
    if (text)
        text[got] = '\0';
    *bytes = got;
done:
    if (fd >= 0)
        close(fd);
    return text;
}

void small_file_make_folders(const char *folder)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s", folder) >= sizeof(path))
        return;
    for (char *at = path + 1; *at; at++)
        if (*at == '/') {
            *at = '\0';
            (void)mkdir(path, 0700);
            *at = '/';
        }
    (void)mkdir(path, 0700);
}

RshStatus small_file_write(const char *path, const void *data, size_t bytes, RshError *error)
{
    const char *from = data;
    char *temporary = NULL;
    int fd = -1;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return error_set(error, RSH_ERROR_MEMORY, "%.100s: out of memory", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    bool written = fd >= 0 && fchmod(fd, 0644) == 0;
    while (written && bytes > 0) {
        ssize_t part = write(fd, from, bytes);
        if (part < 0 && errno == EINTR)
            continue;
        written = part > 0;
        from += written ? part : 0;
        bytes -= written ? (size_t)part : 0;
    }
    written = written && rename(temporary, path) == 0;

    RshStatus status = RSH_OK;
    if (!written) {
        int cause = errno;
        status = error_set(error, error_from_write(cause), "%.120s: cannot be written: %s", path,
                           strerror(cause));
        if (fd >= 0)
            unlink(temporary);
    }
    if (fd >= 0)
        close(fd);
    free(temporary);
    return status;
}

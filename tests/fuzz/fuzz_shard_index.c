// SPDX-License-Identifier: GPL-3.0-or-later
// The index of a split model: refused with a sentence, or every tensor is in one of its files, all of which
// lie beside the index.
#include <stdlib.h>
#include <string.h>

#include "formats/shard_index.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RshError error = {0};
    ShardIndex *index = NULL;
    uint8_t *bytes = malloc(size ? size : 1); // exact length: a read past the end is seen
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    (void)shard_index_matches(bytes, size);
    if (shard_index_parse(bytes, size, "fuzz", &index, &error) != RSH_OK) {
        if (index || !error.text[0])
            abort();
        free(bytes);
        return 0;
    }
    free(bytes); // the index keeps nothing of it
    const size_t count = shard_index_count(index);
    if (error.text[0] || count == 0 || count > SHARD_MAX_FILES ||
        count > shard_index_tensors(index))
        abort();
    for (size_t i = 0; i < shard_index_tensors(index); i++) {
        size_t shard = count;
        if (!shard_index_find(index, shard_index_tensor(index, i), &shard) || shard >= count)
            abort();
    }
    for (size_t i = 0; i < count; i++) {
        char *path = shard_index_path(index, "/folder/model.index.json", i);
        if (path && (strncmp(path, "/folder/", 8) != 0 || strchr(path + 8, '/')))
            abort();
        free(path);
    }
    shard_index_close(&index);
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/weight.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/name_map.h"
#include "formats/tensor_values.h"

typedef struct Entry {
    Weight weight;
    char *name;
    float *owned; // derived values
} Entry;

struct WeightSet {
    const ModelFile *file; // NULL: a set of computed weights only
    char *prefix;
    NameMap *names;  // the file's tensors by their original names; NULL without a file
    Entry **entries; // open addressing by name; capacity is a power of two
    size_t count, capacity;
};

RshStatus weight_set_open(const ModelFile *file, const char *prefix, WeightSet **out,
                          RshError *error)
{
    WeightSet *set = calloc(1, sizeof(*set));
    char *copy = strdup(prefix);
    Entry **entries = calloc(256, sizeof(*entries));
    if (!set || !copy || !entries) {
        free(set);
        free(copy);
        free(entries);
        *out = NULL;
        return error_set(error, RSH_ERROR_MEMORY, "no memory for the index of the weights");
    }
    *set = (WeightSet){.file = file, .prefix = copy, .entries = entries, .capacity = 256};
    RshStatus status =
        file ? name_map_open(file, prefix, MODEL_PART_ANY, &set->names, error) : RSH_OK;
    if (status != RSH_OK)
        weight_set_close(&set);
    *out = set;
    return status;
}

void weight_set_close(WeightSet **set)
{
    WeightSet *self = *set;
    if (!self)
        return;
    for (size_t i = 0; i < self->capacity; i++) {
        if (!self->entries[i])
            continue;
        free(self->entries[i]->name);
        free(self->entries[i]->owned);
        free(self->entries[i]);
    }
    name_map_close(&self->names);
    free(self->entries);
    free(self->prefix);
    free(self);
    *set = NULL;
}

static size_t hash_name(const char *name)
{
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 1099511628211u;
    return (size_t)hash;
}

static Entry **slot_of(Entry **entries, size_t capacity, const char *name)
{
    size_t i = hash_name(name) & (capacity - 1);
    while (entries[i] && strcmp(entries[i]->name, name) != 0)
        i = (i + 1) & (capacity - 1);
    return &entries[i];
}

static bool grow(WeightSet *set)
{
    size_t capacity = set->capacity * 2;
    Entry **entries = calloc(capacity, sizeof(*entries));
    if (!entries)
        return false;
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->entries[i])
            *slot_of(entries, capacity, set->entries[i]->name) = set->entries[i];
    }
    free(set->entries);
    set->entries = entries;
    set->capacity = capacity;
    return true;
}

// A new entry with a name of its own; NULL when out of memory.
static Entry *add_entry(WeightSet *set, const char *name)
{
    if (set->count * 2 >= set->capacity && !grow(set))
        return NULL;
    Entry *entry = calloc(1, sizeof(*entry));
    char *copy = strdup(name);
    if (!entry || !copy) {
        free(entry);
        free(copy);
        return NULL;
    }
    entry->name = copy;
    entry->weight.name = copy;
    *slot_of(set->entries, set->capacity, name) = entry;
    set->count++;
    return entry;
}

// q, k and v that a file stores apart, one after the other as f32. NULL when out of memory.
static float *join_parts(const WeightSet *set, const NamedTensor *tensor)
{
    uint64_t each = tensor->parts[0]->elements;
    float *values = malloc((size_t)(each * tensor->part_count * sizeof(*values)));
    RshStatus status = values ? RSH_OK : RSH_ERROR_MEMORY;
    for (uint32_t i = 0; i < tensor->part_count && status == RSH_OK; i++)
        status = weight_to_f32(set->file, tensor->parts[i], 0, each, values + i * each, NULL);
    if (status != RSH_OK) {
        free(values);
        return NULL;
    }
    return values;
}

const Weight *weight_set_find(WeightSet *set, const char *name)
{
    Entry *known = *slot_of(set->entries, set->capacity, name);
    if (known)
        return &known->weight;
    const NamedTensor *tensor = set->names ? name_map_find(set->names, name) : NULL;
    if (!tensor || tensor->n_dims > 5)
        return NULL;
    if (tensor->part_count > 1)
        return weight_set_derive(set, name, tensor->n_dims, tensor->dims, join_parts(set, tensor));
    Entry *entry = add_entry(set, name);
    if (!entry)
        return NULL;
    entry->weight.dtype = tensor->parts[0]->dtype;
    entry->weight.n_dims = tensor->n_dims;
    memcpy(entry->weight.dims, tensor->dims, tensor->n_dims * sizeof(tensor->dims[0]));
    entry->weight.file = set->file;
    entry->weight.tensor = tensor->parts[0];
    return &entry->weight;
}

// "[64, 128]"; a size of 0 stands for any.
static const char *dims_text(uint32_t n_dims, const uint64_t *dims, char *text, size_t bytes)
{
    size_t used = (size_t)snprintf(text, bytes, "[");
    for (uint32_t i = 0; i < n_dims && used < bytes; i++) {
        const char *comma = i ? ", " : "";
        int n = dims[i] ? snprintf(text + used, bytes - used, "%s%" PRIu64, comma, dims[i])
                        : snprintf(text + used, bytes - used, "%sany", comma);
        used += (size_t)n;
    }
    if (used < bytes)
        snprintf(text + used, bytes - used, "]");
    return text;
}

const Weight *weight_set_get(WeightSet *set, const char *name, uint32_t n_dims,
                             const uint64_t *dims, RshError *error)
{
    const Weight *weight = weight_set_find(set, name);
    bool fits = weight && weight->n_dims == n_dims;
    for (uint32_t i = 0; fits && i < n_dims; i++)
        fits = weight->dims[i] > 0 && (dims[i] == 0 || dims[i] == weight->dims[i]);
    if (fits)
        return weight;
    if (!error || error->status != RSH_OK)
        return NULL;

    const char *label = set->file ? model_file_label(set->file) : "the model";
    char wanted[96], found[96];
    dims_text(n_dims, dims, wanted, sizeof(wanted));
    if (!weight)
        error_set(error, RSH_ERROR_FORMAT, "%s has no tensor '%s%s' %s", label, set->prefix, name,
                  wanted);
    else
        error_set(error, RSH_ERROR_FORMAT, "%s: '%s%s' is %s, expected %s", label, set->prefix,
                  name, dims_text(weight->n_dims, weight->dims, found, sizeof(found)), wanted);
    return NULL;
}

const Weight *weight_set_derive(WeightSet *set, const char *name, uint32_t n_dims,
                                const uint64_t *dims, float *values)
{
    Entry *known = values ? *slot_of(set->entries, set->capacity, name) : NULL;
    if (known && known->weight.values) { // computed before: the first one is in use
        free(values);
        return &known->weight;
    }
    // A file's tensor of the same name that was handed out stays as it is.
    if (!values || known || n_dims > 5) {
        free(values);
        return NULL;
    }
    Entry *entry = add_entry(set, name);
    if (!entry) {
        free(values);
        return NULL;
    }
    entry->weight.dtype = DTYPE_F32;
    entry->weight.n_dims = n_dims;
    memcpy(entry->weight.dims, dims, n_dims * sizeof(dims[0]));
    entry->weight.values = values;
    entry->owned = values;
    return &entry->weight;
}

bool weight_set_is_half(const WeightSet *set)
{
    uint64_t half = 0, all = 0;
    for (size_t i = 0; set->names && i < name_map_count(set->names); i++) {
        const NamedTensor *named = name_map_at(set->names, i);
        for (uint32_t part = 0; part < named->part_count; part++) {
            const ModelTensor *tensor = named->parts[part];
            all += tensor->elements;
            half += tensor->bytes <= 2 * tensor->elements ? tensor->elements : 0;
        }
    }
    return half > all / 2;
}

bool weight_set_owns(const WeightSet *set, const Weight *weight)
{
    const Entry *entry = *slot_of(set->entries, set->capacity, weight->name);
    return entry && &entry->weight == weight;
}

uint64_t weight_count(const Weight *weight)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < weight->n_dims; i++)
        count *= weight->dims[i]; // checked when the file was opened
    return count;
}

RshStatus weight_read(const Weight *weight, uint64_t first, uint64_t count, float *out,
                      RshError *error)
{
    uint64_t all = weight_count(weight);
    if (first > all || count > all - first)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "elements %" PRIu64 " to %" PRIu64 " are not in '%s'", first,
                         first + count, weight->name);
    if (weight->values) {
        memcpy(out, weight->values + first, count * sizeof(float));
        return RSH_OK;
    }
    return weight_to_f32(weight->file, weight->tensor, first, count, out, error);
}

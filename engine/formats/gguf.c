// SPDX-License-Identifier: GPL-3.0-or-later
// GGUF, versions 2 and 3 (little-endian):
//   "GGUF", u32 version, u64 tensor count, u64 key count,
//   keys     string name, u32 type, value           (string: u64 length, bytes)
//   tensors  string name, u32 n_dims, u64 dims[n_dims] with the contiguous one first, u32 type,
//            u64 offset from the start of the data, a multiple of general.alignment
//   padding to the alignment, data
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_file_build.h"
#include "formats/number_types.h"
#include "formats/utf8.h"

enum {
    DEFAULT_ALIGNMENT = 32,
    // A page: no writer uses more, and padding computed with it cannot overflow.
    MAX_ALIGNMENT = 4096,
};

typedef struct Reader {
    const ModelFile *file;
    uint64_t at; // never beyond file->size
} Reader;

static RshStatus cut_short(const Reader *reader, const char *what, RshError *error)
{
    return error_set(error, RSH_ERROR_FORMAT,
                     "%s: the file ends inside %s (at byte %llu of %llu); download it again",
                     reader->file->label, what, (unsigned long long)reader->at,
                     (unsigned long long)reader->file->size);
}

// The next `size` bytes, or NULL at the end of the file.
static const uint8_t *take(Reader *reader, uint64_t size)
{
    if (size > reader->file->size - reader->at)
        return NULL;
    const uint8_t *bytes = reader->file->bytes + reader->at;
    reader->at += size;
    return bytes;
}

static bool take_u32(Reader *reader, uint32_t *out)
{
    const uint8_t *bytes = take(reader, 4);
    if (bytes)
        *out = load_u32(bytes);
    return bytes != NULL;
}

static bool take_u64(Reader *reader, uint64_t *out)
{
    const uint8_t *bytes = take(reader, 8);
    if (bytes)
        *out = load_u64(bytes);
    return bytes != NULL;
}

static bool take_string(Reader *reader, const char **text, uint64_t *length)
{
    if (!take_u64(reader, length))
        return false;
    *text = (const char *)take(reader, *length);
    return *text != NULL;
}

uint32_t gguf_value_bytes(uint32_t type)
{
    static const uint8_t bytes[GGUF_TYPE_COUNT] = {
        [GGUF_U8] = 1,  [GGUF_I8] = 1,  [GGUF_U16] = 2, [GGUF_I16] = 2,
        [GGUF_U32] = 4, [GGUF_I32] = 4, [GGUF_F32] = 4, [GGUF_BOOL] = 1,
        [GGUF_U64] = 8, [GGUF_I64] = 8, [GGUF_F64] = 8,
    };
    return type < GGUF_TYPE_COUNT ? bytes[type] : 0;
}

static void read_scalar(const uint8_t *bytes, uint32_t type, MetadataValue *out)
{
    double real;
    out->kind = METADATA_UNSIGNED;
    switch (type) {
    case GGUF_U8:
        out->as.number = bytes[0];
        break;
    case GGUF_BOOL:
        out->as.number = bytes[0] != 0;
        break;
    case GGUF_U16:
        out->as.number = load_u16(bytes);
        break;
    case GGUF_U32:
        out->as.number = load_u32(bytes);
        break;
    case GGUF_U64:
        out->as.number = load_u64(bytes);
        break;
    case GGUF_F32:
        out->kind = METADATA_FLOAT;
        out->as.real = (double)f32_from_bits(load_u32(bytes));
        break;
    case GGUF_F64:
        memcpy(&real, bytes, sizeof(real));
        out->kind = METADATA_FLOAT;
        out->as.real = real;
        break;
    default: // the signed ones
        out->kind = METADATA_SIGNED;
        out->as.integer = type == GGUF_I8    ? (int8_t)bytes[0]
                          : type == GGUF_I16 ? (int16_t)load_u16(bytes)
                          : type == GGUF_I32 ? (int32_t)load_u32(bytes)
                                             : (int64_t)load_u64(bytes);
        break;
    }
}

static RshStatus read_array(Reader *reader, const char *key, MetadataValue *out, RshError *error)
{
    uint32_t type;
    uint64_t count, bytes, length;
    const char *text;
    if (!take_u32(reader, &type) || !take_u64(reader, &count))
        return cut_short(reader, "an array", error);
    if (type != GGUF_STRING && gguf_value_bytes(type) == 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the key \"%s\" is an array of values of type %u, which GGUF does not "
                         "allow",
                         reader->file->label, key, type);
    uint64_t start = reader->at;
    if (type == GGUF_STRING) {
        // Every string takes 8 bytes at least, so a lying count runs into the end of the file.
        for (uint64_t i = 0; i < count; i++)
            if (!take_string(reader, &text, &length))
                return cut_short(reader, "an array of strings", error);
    } else if (__builtin_mul_overflow(count, (uint64_t)gguf_value_bytes(type), &bytes) ||
               !take(reader, bytes)) {
        return cut_short(reader, "an array", error);
    }
    out->kind = METADATA_ARRAY;
    out->as.array.type = type;
    out->as.array.count = count;
    out->as.array.offset = start;
    return RSH_OK;
}

static RshStatus read_value(Reader *reader, const char *key, uint32_t type, MetadataValue *out,
                            RshError *error)
{
    const char *text;
    uint64_t length;
    if (type == GGUF_ARRAY)
        return read_array(reader, key, out, error);
    if (type == GGUF_STRING) {
        if (!take_string(reader, &text, &length))
            return cut_short(reader, "a string", error);
        char *copy = malloc((size_t)length + 1); // at most the file's size
        if (!copy)
            return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", reader->file->label);
        memcpy(copy, text, (size_t)length);
        copy[length] = '\0';
        out->kind = METADATA_STRING;
        out->as.string = copy;
        return RSH_OK;
    }
    uint32_t bytes = gguf_value_bytes(type);
    if (bytes == 0)
        return error_set(error, RSH_ERROR_FORMAT, "%s: the key \"%s\" has the unknown type %u",
                         reader->file->label, key, type);
    const uint8_t *value = take(reader, bytes);
    if (!value)
        return cut_short(reader, "a value", error);
    read_scalar(value, type, out);
    return RSH_OK;
}

static RshStatus read_key(Reader *reader, ModelFile *file, RshError *error)
{
    const char *text;
    uint64_t length;
    uint32_t type;
    MetadataValue *value;
    if (!take_string(reader, &text, &length))
        return cut_short(reader, "a key", error);
    if (length == 0 || length > MODEL_MAX_NAME_BYTES || memchr(text, 0, (size_t)length) ||
        !utf8_is_valid(text, (size_t)length))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: key %zu is not 1 to %d bytes of valid UTF-8 text", file->label,
                         file->metadata_count, MODEL_MAX_NAME_BYTES);
    if (!take_u32(reader, &type))
        return cut_short(reader, "a key", error);
    RshStatus status = model_file_add_key(file, text, (size_t)length, &value, error);
    if (status != RSH_OK)
        return status;
    return read_value(reader, shown_name(text, (size_t)length).text, type, value, error);
}

static RshStatus read_keys(Reader *reader, ModelFile *file, uint64_t count, RshError *error)
{
    for (uint64_t i = 0; i < count; i++) {
        RshStatus status = read_key(reader, file, error);
        if (status != RSH_OK)
            return status;
    }
    return model_file_sort_keys(file, error);
}

static RshStatus read_alignment(const ModelFile *file, uint64_t *out, RshError *error)
{
    *out = DEFAULT_ALIGNMENT;
    const MetadataValue *value = model_file_find_key(file, "general.alignment");
    if (!value)
        return RSH_OK;
    uint64_t alignment = value->kind == METADATA_UNSIGNED ? value->as.number : 0;
    if (alignment < 1 || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) != 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: general.alignment is not a power of two from 1 to %d", file->label,
                         MAX_ALIGNMENT);
    *out = alignment;
    return RSH_OK;
}

typedef struct Info {
    const char *name;
    uint64_t name_length, offset; // offset from the start of the data
    uint32_t n_dims, type;
    uint64_t dims[MODEL_MAX_DIMS]; // row-major: the file's order reversed
} Info;

static RshStatus read_info(Reader *reader, Info *info, RshError *error)
{
    const ModelFile *file = reader->file;
    if (!take_string(reader, &info->name, &info->name_length) || !take_u32(reader, &info->n_dims))
        return cut_short(reader, "the tensor list", error);
    ShownName shown = shown_name(info->name, (size_t)info->name_length);
    if (info->n_dims > MODEL_MAX_DIMS)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: tensor \"%s\" has %u dimensions, the limit is %d", file->label,
                         shown.text, info->n_dims, MODEL_MAX_DIMS);
    for (uint32_t i = info->n_dims; i-- > 0;)
        if (!take_u64(reader, &info->dims[i]))
            return cut_short(reader, "the tensor list", error);
    if (!take_u32(reader, &info->type) || !take_u64(reader, &info->offset))
        return cut_short(reader, "the tensor list", error);
    if (dtype_from_ggml(info->type) != DTYPE_COUNT)
        return RSH_OK;
    const char *known = dtype_ggml_unsupported_name(info->type);
    if (known)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: tensor \"%s\" has the type %s, which this engine does not read; get "
                         "a Q4_K, Q5_K, Q6_K or Q8_0 file",
                         file->label, shown.text, known);
    return error_set(error, RSH_ERROR_FORMAT, "%s: tensor \"%s\" has the unknown type %u",
                     file->label, shown.text, info->type);
}

// ComfyUI-GGUF stores tensors of more than 4 dimensions flattened, with the true shape in a key.
static void restore_shape(const ModelFile *file, ModelTensor *tensor)
{
    char key[MODEL_MAX_NAME_BYTES + 32];
    uint64_t dims[MODEL_MAX_DIMS], elements = 1;
    double value;
    memcpy(key, "comfy.gguf.orig_shape.", 22);
    memcpy(key + 22, tensor->name, strlen(tensor->name) + 1);
    size_t count = model_file_array_count(file, key);
    if (count == 0 || count > MODEL_MAX_DIMS)
        return;
    for (size_t i = 0; i < count; i++) {
        if (!model_file_array_number(file, key, i, &value) || !(value >= 0 && value <= 0x1p40))
            return;
        dims[i] = (uint64_t)value;
        if (__builtin_mul_overflow(elements, dims[i], &elements))
            return;
    }
    if (elements != tensor->elements)
        return;
    tensor->n_dims = (uint32_t)count;
    memcpy(tensor->dims, dims, count * sizeof(dims[0]));
}

static RshStatus read_tensors(Reader *reader, ModelFile *file, uint64_t count, RshError *error)
{
    uint64_t alignment, start_of_list = reader->at;
    Info info;
    RshStatus status = read_alignment(file, &alignment, error);
    if (status != RSH_OK)
        return status;
    for (uint64_t i = 0; i < count; i++) { // first pass: where does the data start?
        status = read_info(reader, &info, error);
        if (status != RSH_OK)
            return status;
    }
    uint64_t data_start = (reader->at + alignment - 1) & ~(alignment - 1);
    if (count == 0 || data_start > file->size)
        data_start = reader->at; // without data there may be no padding either
    reader->at = start_of_list;
    for (uint64_t i = 0; i < count; i++) {
        status = read_info(reader, &info, error);
        if (status != RSH_OK)
            return status;
        ShownName shown = shown_name(info.name, (size_t)info.name_length);
        uint64_t offset;
        if (info.offset % alignment != 0 ||
            __builtin_add_overflow(data_start, info.offset, &offset))
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: tensor \"%s\" starts at %llu, which is not a multiple of %llu "
                             "inside the file",
                             file->label, shown.text, (unsigned long long)info.offset,
                             (unsigned long long)alignment);
        status = model_file_add(file, info.name, (size_t)info.name_length,
                                dtype_from_ggml(info.type), info.n_dims, info.dims, offset, error);
        if (status != RSH_OK)
            return status;
        restore_shape(file, &file->tensors[file->count - 1]);
    }
    return model_file_finish(file, data_start, GAPS_ALLOWED, error);
}

RshStatus gguf_parse(ModelFile *file, RshError *error)
{
    Reader reader = {.file = file, .at = 4};
    uint32_t version;
    uint64_t tensor_count, key_count;
    if (!take_u32(&reader, &version))
        return cut_short(&reader, "the header", error);
    if (version == 0x02000000 || version == 0x03000000)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: this is a big-endian GGUF file; get the little-endian one",
                         file->label);
    if (version != 2 && version != 3)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: GGUF version %u is not supported, 2 and 3 are", file->label, version);
    if (!take_u64(&reader, &tensor_count) || !take_u64(&reader, &key_count))
        return cut_short(&reader, "the header", error);
    if (tensor_count > MODEL_MAX_TENSORS || key_count > MODEL_MAX_METADATA)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the header claims %llu tensors and %llu keys, the limits are %d and "
                         "%d",
                         file->label, (unsigned long long)tensor_count,
                         (unsigned long long)key_count, MODEL_MAX_TENSORS, MODEL_MAX_METADATA);
    RshStatus status = read_keys(&reader, file, key_count, error);
    if (status == RSH_OK)
        status = read_tensors(&reader, file, tensor_count, error);
    return status;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Token ids equal SentencePiece's own on every text of the golden cases and of tokenizer_cases/,
// which the script there made with the bundled model and with small models of odd settings.
#include "formats/tokenizer.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "formats/prompt_tokens.h"
#include "formats/tensor_values.h"
#include "formats/tokenizer_model.h" // only to write what another program would write
#include "formats/tokenizer_weights.h"
#include "golden_path.h"
#include "tap.h"

static Tokenizer *open_model(const char *path)
{
    Tokenizer *tokenizer = NULL;
    RshError error = {0};
    if (tokenizer_open(path, &tokenizer, &error) != RSH_OK) {
        printf("Bail out! %s\n", error.text);
        exit(EXIT_FAILURE);
    }
    return tokenizer;
}

// A tensor's values as integers, malloc'd.
static int32_t *read_integers(const ModelFile *file, const char *name, size_t *count)
{
    const ModelTensor *tensor = model_file_find(file, name);
    CHECK(tensor && tensor->dtype == DTYPE_I32);
    if (!tensor || tensor->dtype != DTYPE_I32)
        exit(EXIT_FAILURE);
    int32_t *values = malloc(tensor->bytes + 1);
    memcpy(values, model_file_data(file, tensor), tensor->bytes);
    *count = tensor->elements;
    return values;
}

static void check_golden(const char *name)
{
    char path[128];
    ModelFile *io = NULL;
    RshError error = {0};
    snprintf(path, sizeof(path), "%s/tokenizer.model", name);
    Tokenizer *tokenizer = open_model(golden_path(path));
    snprintf(path, sizeof(path), "%s/io.safetensors", name);
    CHECK(model_file_open(golden_path(path), &io, &error) == RSH_OK);
    const ModelTensor *utf8 = model_file_find(io, "in.utf8");
    CHECK(utf8 != NULL);
    size_t text_bytes = utf8->elements, offset_count, id_count, id_offset_count;
    char *text = malloc(text_bytes + 1);
    float *bytes = malloc((text_bytes + 1) * sizeof(*bytes));
    CHECK(tensor_to_f32(io, utf8, 0, text_bytes, bytes, NULL) == RSH_OK);
    for (size_t i = 0; i < text_bytes; i++)
        text[i] = (char)(unsigned char)bytes[i];
    int32_t *offsets = read_integers(io, "in.offsets", &offset_count);
    int32_t *want = read_integers(io, "out.ids", &id_count);
    int32_t *want_offsets = read_integers(io, "out.offsets", &id_offset_count);
    int32_t *got = malloc((id_count + 1) * sizeof(*got));
    unsigned wrong = 0;
    for (size_t i = 0; i + 1 < offset_count; i++) {
        size_t count = 0, expected = (size_t)(want_offsets[i + 1] - want_offsets[i]);
        CHECK(tokenizer_encode(tokenizer, text + offsets[i], (size_t)(offsets[i + 1] - offsets[i]),
                               got, id_count, &count, NULL) == RSH_OK);
        if (count != expected ||
            memcmp(got, want + want_offsets[i], expected * sizeof(*got)) != 0) {
            wrong++;
            printf("# text %zu: %zu ids, not %zu\n", i, count, expected);
        }
    }
    CHECK(offset_count == 201 && wrong == 0);
    free(text);
    free(bytes);
    free(offsets);
    free(want);
    free(want_offsets);
    free(got);
    model_file_close(&io);
    tokenizer_close(&tokenizer);
}

static void unigram_ids_are_those_of_sentencepiece(void)
{
    check_golden("a-tok-unigram");
}

static void bpe_ids_are_those_of_sentencepiece(void)
{
    check_golden("a-tok-bpe");
}

static void every_id_names_its_piece(void)
{
    Tokenizer *tokenizer = open_model(golden_path("a-tok-unigram/tokenizer.model"));
    TokenizerSpecials specials = tokenizer_specials(tokenizer);
    CHECK(specials.pad == 0 && specials.eos == 1 && specials.bos == 2 && specials.unk == 3);
    CHECK(tokenizer_piece_count(tokenizer) == 1317);
    for (int32_t id = 0; id < (int32_t)tokenizer_piece_count(tokenizer); id++) {
        size_t length = 0;
        char name[256] = {0};
        const char *piece = tokenizer_piece(tokenizer, id, &length);
        CHECK(piece && length < sizeof(name));
        memcpy(name, piece, length);
        CHECK(tokenizer_find(tokenizer, name) == id);
    }
    size_t length;
    CHECK(tokenizer_piece(tokenizer, -1, &length) == NULL);
    CHECK(tokenizer_piece(tokenizer, 1317, &length) == NULL);
    CHECK(tokenizer_find(tokenizer, "no such piece") == -1);
    tokenizer_close(&tokenizer);
}

static const char *case_path(const char *name, const char *ending)
{
    static char paths[2][1024];
    static unsigned next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof(paths[0]), "%s/%s%s", getenv("RUSHES_TOKENIZER_CASES"), name, ending);
    return path;
}

static cJSON *read_json(const char *path)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file)
        fclose(file);
    text[size] = '\0';
    cJSON *json = cJSON_Parse(text);
    CHECK(json != NULL);
    return json;
}

// `style` is NULL for the bare ids of the text.
static void check_cases(const char *name, const char *model, const PromptStyle *style)
{
    Tokenizer *tokenizer = open_model(model);
    cJSON *cases = read_json(case_path(name, ".json")), *entry;
    unsigned count = 0, wrong = 0;
    cJSON_ArrayForEach(entry, cases)
    {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(entry, "text"));
        const cJSON *want = cJSON_GetObjectItem(entry, "ids"), *id;
        int32_t got[512];
        size_t found = 0, at = 0;
        RshStatus status =
            style ? prompt_encode(tokenizer, style, text, got, 512, &found, NULL, NULL)
                  : tokenizer_encode(tokenizer, text, strlen(text), got, 512, &found, NULL);
        CHECK(status == RSH_OK);
        bool same = found == (size_t)cJSON_GetArraySize(want);
        cJSON_ArrayForEach(id, want) same = same && got[at++] == id->valueint;
        if (!same) {
            printf("# %s: \"%s\" is", name, text);
            for (size_t i = 0; i < found; i++)
                printf(" %d", got[i]);
            char *print = cJSON_PrintUnformatted(want);
            printf(", not %s\n", print);
            free(print);
        }
        wrong += !same;
        count++;
    }
    CHECK(count >= 60 && wrong == 0);
    cJSON_Delete(cases);
    tokenizer_close(&tokenizer);
}

static const char *bundled_model(void)
{
    static char path[1024];
    snprintf(path, sizeof(path), "%s/tokenizer.model", getenv("RUSHES_MINI"));
    return path;
}

static void bundled_model_ids_are_those_of_sentencepiece(void)
{
    const PromptStyle style = {.lowercase = true, .eos = -1, .max_tokens = 512};
    check_cases("mini", bundled_model(), &style);
}

static void unusual_settings_give_the_ids_of_sentencepiece(void)
{
    static const char *const names[] = {"unigram_plain", "unigram_suffix", "bpe_plain",
                                        "bpe_unused", "unigram_rules"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_cases(names[i], case_path(names[i], ".model"), NULL);
}

static void prompts_end_with_eos_and_are_cut_to_fit(void)
{
    const PromptStyle style = {.unescape_html = true, .lowercase = true, .eos = 1, .max_tokens = 8};
    Tokenizer *tokenizer = open_model(bundled_model());
    int32_t ids[16], other[16];
    size_t count = 0, needed = 0;
    memset(ids, 0x55, sizeof(ids));
    CHECK(prompt_encode(tokenizer, &style, "", ids, 16, &count, &needed, NULL) == RSH_OK);
    CHECK(count == 1 && needed == 1 && ids[0] == 1 && ids[1] == 0x55555555);
    CHECK(prompt_encode(tokenizer, &style, "a red fox hops in the snow at night", ids, 16, &count,
                        &needed, NULL) == RSH_OK);
    CHECK(count == 8 && needed > 8 && ids[7] == 1 && ids[8] == 0x55555555);
    CHECK(prompt_encode(tokenizer, &style, "  A RED &amp;amp; ", ids, 16, &count, NULL, NULL) ==
          RSH_OK);
    size_t first = count;
    CHECK(prompt_encode(tokenizer, &style, "a red &", other, 16, &count, NULL, NULL) == RSH_OK);
    CHECK(first == count && memcmp(ids, other, count * sizeof(ids[0])) == 0);
    CHECK(prompt_encode(tokenizer, &style, "\377\300 fox", ids, 16, &count, NULL, NULL) == RSH_OK);
    CHECK(prompt_encode(tokenizer, &style, "a", ids, 0, &count, NULL, NULL) == RSH_ERROR_ARGUMENT);

    char *large = malloc(TOKENIZER_MAX_TEXT_BYTES);
    memset(large, 'a', TOKENIZER_MAX_TEXT_BYTES);
    large[100 << 10] = '\0'; // 100 KiB are cut, not refused
    CHECK(prompt_encode(tokenizer, &style, large, ids, 16, &count, &needed, NULL) == RSH_OK);
    CHECK(count == 8 && needed > 1000);
    large[100 << 10] = 'a';
    large[TOKENIZER_MAX_TEXT_BYTES - 1] = '\0';
    RshError error = {0};
    CHECK(prompt_encode(tokenizer, &style, large, ids, 16, &count, NULL, &error) ==
          RSH_ERROR_ARGUMENT);
    CHECK(strstr(error.text, "prompt") != NULL);
    free(large);
    tokenizer_close(&tokenizer);
}

// Growing bytes of a hand-made GGUF file.
static uint8_t gguf[1 << 20];
static size_t gguf_used;

static void put(const void *bytes, size_t size)
{
    memcpy(gguf + gguf_used, bytes, size);
    gguf_used += size;
}

static void put_u32(uint32_t value)
{
    put(&value, 4);
}

static void put_string(const char *text, size_t length)
{
    uint64_t size = length;
    put(&size, 8);
    put(text, length);
}

// The head of key `name`, an array of `count` values of GGUF type `type`.
static void put_array(const char *name, uint32_t type, uint64_t count)
{
    put_string(name, strlen(name));
    put_u32(9);
    put_u32(type);
    put(&count, 8);
}

// What llama.cpp's converter makes of a SentencePiece model: pieces, scores, kinds, rules.
static void put_tokenizer_keys(const Tokenizer *tokenizer)
{
    const uint64_t counts[2] = {0, 5}; // tensors, keys
    gguf_used = 0;
    put("GGUF\3\0\0\0", 8);
    put(counts, 16);
    put_string("tokenizer.ggml.model", 20);
    put_u32(8);
    put_string("t5", 2);
    put_array("tokenizer.ggml.tokens", 8, tokenizer->piece_count);
    for (size_t i = 0; i < tokenizer->piece_count; i++)
        put_string(tokenizer->pieces[i].bytes, tokenizer->pieces[i].length);
    put_array("tokenizer.ggml.scores", 6, tokenizer->piece_count);
    for (size_t i = 0; i < tokenizer->piece_count; i++)
        put(&tokenizer->pieces[i].score, 4);
    put_array("tokenizer.ggml.token_type", 5, tokenizer->piece_count);
    for (size_t i = 0; i < tokenizer->piece_count; i++)
        put_u32(tokenizer->pieces[i].kind);
    uint32_t trie_bytes = (uint32_t)tokenizer->trie_units * 4;
    put_array("tokenizer.ggml.precompiled_charsmap", 0,
              4 + trie_bytes + tokenizer->replacements_size);
    put_u32(trie_bytes);
    put(tokenizer->trie, trie_bytes);
    put(tokenizer->replacements, tokenizer->replacements_size);
}

static void weights_may_carry_their_tokenizer(void)
{
    Tokenizer *original = open_model(golden_path("a-tok-unigram/tokenizer.model")), *carried = NULL;
    ModelFile *file = NULL;
    RshError error = {0};
    put_tokenizer_keys(original);
    CHECK(model_file_open_bytes(gguf, gguf_used, "umt5.gguf", &file, &error) == RSH_OK);
    CHECK(file && tokenizer_open_weights(file, &carried, &error) == RSH_OK);
    CHECK(carried != NULL);
    static const char *const texts[] = {"hello world", "  \357\254\201ne \342\205\247  ",
                                        "\360\237\230\200 &c", "</s> x"};
    for (size_t i = 0; carried && i < sizeof(texts) / sizeof(texts[0]); i++) {
        int32_t want[64], got[64];
        size_t want_count = 0, got_count = 0;
        CHECK(tokenizer_encode(original, texts[i], strlen(texts[i]), want, 64, &want_count, NULL) ==
              RSH_OK);
        CHECK(tokenizer_encode(carried, texts[i], strlen(texts[i]), got, 64, &got_count, NULL) ==
              RSH_OK);
        CHECK(want_count == got_count && memcmp(want, got, want_count * sizeof(want[0])) == 0);
    }
    CHECK(tokenizer_specials(carried).eos == 1);
    tokenizer_close(&carried);
    tokenizer_close(&original);
    model_file_close(&file);

    CHECK(model_file_open(golden_path("a-umt5-hf/weights.safetensors"), &file, &error) == RSH_OK);
    CHECK(tokenizer_open_weights(file, &carried, &error) == RSH_OK && carried == NULL);
    model_file_close(&file);
}

static void other_files_are_not_tokenizers(void)
{
    Tokenizer *tokenizer = NULL;
    RshError error = {0};
    CHECK(tokenizer_open(golden_path("a-tok-bpe/case.json"), &tokenizer, &error) ==
          RSH_ERROR_FORMAT);
    CHECK(tokenizer == NULL && strstr(error.text, "case.json") != NULL);
    CHECK(tokenizer_open_bytes("", 0, "empty", &tokenizer, &error) == RSH_ERROR_FORMAT);
    CHECK(tokenizer_open("/nowhere.model", &tokenizer, &error) == RSH_ERROR_IO);
}

int main(void)
{
    TAP_RUN(unigram_ids_are_those_of_sentencepiece);
    TAP_RUN(bpe_ids_are_those_of_sentencepiece);
    TAP_RUN(bundled_model_ids_are_those_of_sentencepiece);
    TAP_RUN(unusual_settings_give_the_ids_of_sentencepiece);
    TAP_RUN(prompts_end_with_eos_and_are_cut_to_fit);
    TAP_RUN(weights_may_carry_their_tokenizer);
    TAP_RUN(other_files_are_not_tokenizers);
    TAP_RUN(every_id_names_its_piece);
    return tap_done();
}

// SPDX-License-Identifier: GPL-3.0-or-later
// tokenizer_weights.h - the tokenizer that some text-encoder files carry with their weights.
#pragma once
#include "formats/model_file.h"
#include "formats/tokenizer.h"

// From ComfyUI's umT5 files (the U8 tensor `spiece_model` holds a SentencePiece model) and from
// GGUF files with tokenizer.ggml.model "t5" (pieces, scores and kinds are metadata arrays).
// *out is NULL with RSH_OK when the file carries none.
RSH_MUST_USE RshStatus tokenizer_open_weights(const ModelFile *file, Tokenizer **out,
                                              RshError *error);

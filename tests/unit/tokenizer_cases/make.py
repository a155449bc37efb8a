#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the token ids test_tokenizer.c compares with: SentencePiece's own, for the bundled model and for small models
with settings the golden cases do not have (trained on COPYING). Run in this folder; needs python3-sentencepiece.
"""
import json
import os
import struct
import tempfile

import sentencepiece

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")

TEXTS = [
    "", " ", "a", "the", "The quick brown fox", "a red fox hops in the snow at night", "  leading and trailing  ",
    "two  spaces   three", "tab\there", "new\nline", "free software license agreement", "LICENSE", "LiCeNsE 1234567890",
    "a\u2581b", "\u2581", "\u2581\u2581x", "caf\u00e9 na\u00efve \u00dcber", "\u65e5\u672c\u8a9e", "x\u65e5y", "\U0001f600",
    "\U0001f600\U0001f603 fox", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301", "\ufb01ne", "don't won't",
    "(parentheses) [brackets] {braces}", "a-b_c=d+e*f/g", "<S>Hello there.<E> Audio: rain", "<sep>", "a<sep>b", "<sep><sep>",
    "a <sep> b", "<sep", "sep>", "<<sep>>", "hello world hello", "helloworld", "\u2019quoted\u2019", "...", "!?!?",
    "supercalifragilisticexpialidocious", "zzzzzzzzzzzzzzzzzzzzzzzz", "the the the the", "distribution of copies", "&amp; <b>",
    "\u00a0nbsp\u00a0", "\u3000wide", "\u200bzero", "\ufeffbom", "\x07bell", "mixed \u0416 \u05d0 \u0905 \u0e01 scripts",
    "a wombat plays the saxophone in Reykjav\u00edk", "xylophone", "snow", "snowsnow", "fox fox\u65e5fox",
    "any copy of the Program", "Copyright (C) 2007", "https://www.gnu.org/licenses/", "0123 4567", "\u00bd cup", "\ufffd",
]

MODELS = {
    # name: (spm_train settings, how many of the longer pieces become unused)
    "unigram_plain": (dict(model_type="unigram", vocab_size=220, byte_fallback=False, remove_extra_whitespaces=False,
                           user_defined_symbols=["<sep>", "hello"]), 12),
    "unigram_suffix": (dict(model_type="unigram", vocab_size=420, byte_fallback=True, treat_whitespace_as_suffix=True,
                            user_defined_symbols=["<sep>"]), 0),
    "bpe_plain": (dict(model_type="bpe", vocab_size=240, byte_fallback=False, user_defined_symbols=["<sep>", "fox"]), 0),
    "bpe_unused": (dict(model_type="bpe", vocab_size=560, byte_fallback=True, treat_whitespace_as_suffix=True,
                        remove_extra_whitespaces=False), 40),
    "unigram_rules": (dict(model_type="unigram", vocab_size=420, byte_fallback=True, user_defined_symbols=["Copy"]), 0),
}

# Normalisation of unigram_rules, in code points: case, ligatures, fractions, spaces, and things that vanish.
RULES = [("41", "61"), ("FB01", "66 69"), ("BD", "31 2F 32"), ("3000", "20"), ("A0", "20"), ("200B", ""), ("FEFF", ""),
         ("65 301", "E9"), ("9", "20"), ("A", "20"), ("26 61 6D 70 3B", "26"), ("54 68 65", "74 68 65"), ("2019", "20 27")]


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def mark_unused(model, count):
    """Give the last `count` ordinary pieces of two or more characters the kind UNUSED (field 3 = 5)."""
    fields, at = [], 0
    while at < len(model):
        tag, start = read_varint(model, at)
        length, start = read_varint(model, start)  # every field of the outer message is length-delimited
        fields.append((tag, model[start:start + length]))
        at = start + length
    for index in reversed(range(len(fields))):
        tag, piece = fields[index]
        if count == 0 or tag != 0x0A:
            continue
        length, start = read_varint(piece, 1)
        rest = piece[start + length:]
        if len(piece[start:start + length].decode()) >= 2 and len(rest) == 5:  # a score and no kind: NORMAL
            fields[index] = (tag, piece + b"\x18\x05")
            count -= 1
    return b"".join(varint(tag) + varint(len(body)) + body for tag, body in fields)


def ids(path, texts):
    processor = sentencepiece.SentencePieceProcessor(model_file=path)
    return [{"text": text, "ids": processor.encode(text)} for text in texts]


def write_cases(name, cases):
    with open(name, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases) + "\n]\n")


def main():
    mini = os.path.join(ROOT, "models", "mini", "tokenizer.model")
    clean = [" ".join(text.split()).lower() for text in TEXTS]
    write_cases("mini.json", [{"text": text, "ids": case["ids"]} for text, case in zip(TEXTS, ids(mini, clean))])
    for name, (settings, unused) in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            rules = {"normalization_rule_name": "identity"}
            if name == "unigram_rules":
                rules = {"normalization_rule_tsv": os.path.join(folder, "rules.tsv")}
                with open(rules["normalization_rule_tsv"], "w", encoding="ascii") as file:
                    file.writelines(f"{source}\t{target}\n" for source, target in RULES)
            sentencepiece.SentencePieceTrainer.train(
                input=os.path.join(ROOT, "COPYING"), model_prefix=os.path.join(folder, name), hard_vocab_limit=False,
                num_threads=1, minloglevel=2, **rules, **settings)
            with open(os.path.join(folder, name + ".model"), "rb") as file:
                model = mark_unused(file.read(), unused)
        with open(name + ".model", "wb") as file:
            file.write(model)
        write_cases(name + ".json", ids(name + ".model", TEXTS))


if __name__ == "__main__":
    main()

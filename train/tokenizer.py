# SPDX-License-Identifier: GPL-3.0-or-later
"""The tokenizer: SentencePiece's unigram model, 4096 pieces with bytes to fall back on.

    python3 -m train.tokenizer --captions 20000      trains it (needs Debian's sentencepiece,
    fetch.sh)

Text is lower-cased and its spaces collapsed first; then the normalisation is the identity. A
prompt is its pieces and the end mark. Encoding here is our own Viterbi, so that training needs no
further package.
"""
import argparse
import pathlib
import random
import re
import struct
import subprocess
import tempfile

import numpy as np

from train import paths
from train.world import caption, plan, words

PIECES, LONGEST = 4096, 64
PAD, EOS, UNKNOWN = 0, 1, 2
SPACE = '\u2581'
CAPTION_SEEDS = 20_000_000  # captions for the vocabulary are of scenes that nothing else uses
NORMAL_PIECE, UNKNOWN_PENALTY = 1, 10.0


def clean(text):
    """What the tokenizer sees of a prompt."""
    return re.sub(r'\s+', ' ', text).strip().lower()


def _fields(data):
    """(field number, value) of a protocol-buffer message: bytes, or the number of a fixed or
    varint field.
    """
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        number, wire = key >> 3, key & 7
        if wire == 0:
            yield number, varint()
        elif wire == 2:
            length = varint()
            at += length
            yield number, data[at - length : at]
        else:
            length = {1: 8, 5: 4}[wire]
            at += length
            yield number, data[at - length : at]


def read_pieces(path):
    """[(piece, score, type)] of a SentencePiece model file."""
    pieces = []
    for number, message in _fields(pathlib.Path(path).read_bytes()):
        if number == 1:
            entry = dict(_fields(message))
            score = struct.unpack('<f', entry[2])[0] if 2 in entry else 0.0
            pieces.append((entry[1].decode(), score, entry.get(3, NORMAL_PIECE)))
    return pieces


class Tokenizer:
    """Encodes with a model file."""

    def __init__(self, path=paths.ROOT / 'models' / 'mini' / 'tokenizer.model'):
        pieces = read_pieces(path)
        self.pieces = [piece for piece, _, _ in pieces]
        self.known = {
            piece: (index, score)
            for index, (piece, score, kind) in enumerate(pieces)
            if kind == NORMAL_PIECE
        }
        self.byte = self.pieces.index('<0x00>')
        self.longest = max(map(len, self.known))
        self.unknown_score = min(score for _, score in self.known.values()) - UNKNOWN_PENALTY

    def encode(self, text, limit=LONGEST):
        """Ids, the last one EOS; at most limit."""
        text = clean(text)
        if not text:
            return [EOS]
        marked = SPACE + text.replace(' ', SPACE)
        ids = []
        for start, end, index in self._best_path(marked):
            ids += (
                [index]
                if index is not None
                else [self.byte + b for b in marked[start:end].encode()]
            )
        return ids[: limit - 1] + [EOS]

    def _best_path(self, text):
        """Viterbi: the likeliest split as (start, end, id or None for bytes)."""
        best, back = [0.0] + [-np.inf] * len(text), [None] * (len(text) + 1)
        for start in range(len(text)):
            single = False
            for end in range(start + 1, min(len(text), start + self.longest) + 1):
                hit = self.known.get(text[start:end])
                if hit is None:
                    continue
                single |= end == start + 1
                if best[start] + hit[1] > best[end]:
                    best[end], back[end] = best[start] + hit[1], (start, hit[0])
            if not single and best[start] + self.unknown_score > best[start + 1]:
                best[start + 1], back[start + 1] = best[start] + self.unknown_score, (start, None)
        steps, end = [], len(text)
        while end:
            start, index = back[end]
            steps.append((start, end, index))
            end = start
        return steps[::-1]


def pad(rows):
    """Lists of ids -> int64 [n, longest], padded with PAD."""
    out = np.full((len(rows), max(map(len, rows))), PAD, np.int64)
    for index, row in enumerate(rows):
        out[index, : len(row)] = row
    return out


def glosses():
    """Every WordNet entry as 'words: gloss', so that the vocabulary knows English beyond the toy
    world.
    """
    lines = []
    folder = paths.ASSETS / 'wordnet-base' / 'usr' / 'share' / 'wordnet'
    for part in ('noun', 'verb', 'adj', 'adv'):
        for line in (folder / f'data.{part}').read_text(encoding='utf-8').splitlines():
            if line.startswith(' '):
                continue
            head, gloss = line.split(' | ', 1)
            fields = head.split()
            names = [fields[4 + 2 * k].replace('_', ' ') for k in range(int(fields[3], 16))]
            lines.append(clean(', '.join(names) + ': ' + gloss))
    return lines


def corpus(count):
    """Lines to learn the pieces from: captions, synonyms, glosses."""
    captions = [clean(caption.caption(plan.plan(CAPTION_SEEDS + index))) for index in range(count)]
    names = [f'a {name.lower()} is here' for extra in words.SYNONYMS.values() for name in extra]
    entries = glosses()
    random.Random(1).shuffle(entries)
    return [line[:400] for line in captions * 2 + names * 40 + entries[:60000]]


def train(count, out):
    """Writes out.model and out.vocab."""
    with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.txt') as file:
        file.write('\n'.join(corpus(count)))
        file.flush()
        subprocess.run(
            [
                'spm_train',
                f'--input={file.name}',
                f'--model_prefix={out}',
                f'--vocab_size={PIECES}',
                '--model_type=unigram',
                '--byte_fallback=true',
                '--character_coverage=0.9999',
                f'--pad_id={PAD}',
                f'--eos_id={EOS}',
                f'--unk_id={UNKNOWN}',
                '--bos_id=-1',
                '--normalization_rule_name=identity',
                '--num_threads=2',
                '--minloglevel=1',
                '--input_sentence_size=140000',
                '--shuffle_input_sentence=true',
            ],
            check=True,
        )


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='Train the tokenizer')
    parser.add_argument('--captions', type=int, default=20000)
    parser.add_argument('--out', default=str(paths.WORK / 'tokenizer'))
    opts = parser.parse_args()
    train(opts.captions, opts.out)


if __name__ == '__main__':
    main()

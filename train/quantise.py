# SPDX-License-Identifier: GPL-3.0-or-later
"""A model folder with float16 weights -> the same with Q8_0, as GGUF: what that costs is measured with it.

    python3 -m train.quantise FOLDER OUT

Blocks run along a row, so only matrices whose rows are whole blocks of 32 become Q8_0: the linear layers.
Kernels of convolutions have rows of 1 to 7 values and stay float16.
"""
import argparse
import json
import pathlib
import shutil
import struct

import numpy as np

from train import safetensors

BLOCK, ALIGNMENT = 32, 32
F32, F16, Q8_0 = 0, 1, 8  # as GGUF numbers them
STRING = 8


def q8_0(values):
    """float array of whole blocks -> bytes: a float16 scale and 32 int8 for each."""
    blocks = values.astype(np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    # Half away from zero, as ggml rounds.
    scaled = blocks * inverse[:, None]
    rounded = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int8)
    out = np.empty((len(blocks), 2 + BLOCK), np.uint8)
    out[:, :2] = scale.astype(np.float16)[:, None].view(np.uint8)
    out[:, 2:] = rounded.view(np.uint8)
    return out.tobytes()


def stored(array):
    """(type, bytes) of a tensor in the file."""
    if array.dtype == np.float16 and array.ndim == 2 and array.shape[1] % BLOCK == 0:
        return Q8_0, q8_0(array)
    array = np.ascontiguousarray(array if array.dtype == np.float16 else array.astype(np.float32))
    return (F16 if array.dtype == np.float16 else F32), array.tobytes()


def text(value):
    data = value.encode()
    return struct.pack('<Q', len(data)) + data


def write_gguf(path, tensors):
    infos, blobs, at = b'', [], 0
    for name, array in tensors.items():
        kind, blob = stored(array)
        shape = array.shape[::-1]  # the contiguous dimension first
        infos += text(name) + struct.pack('<I', len(shape))
        infos += struct.pack(f'<{len(shape)}Q', *shape) + struct.pack('<IQ', kind, at)
        blobs.append(blob + bytes(-len(blob) % ALIGNMENT))
        at += len(blobs[-1])
    keys = text('general.architecture') + struct.pack('<I', STRING) + text('rushes')
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), 1) + keys + infos
    with open(path, 'wb') as out:
        out.write(head + bytes(-len(head) % ALIGNMENT))
        out.writelines(blobs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('out', type=pathlib.Path)
    args = parser.parse_args()
    model = json.loads((args.folder / 'model.json').read_text())
    args.out.mkdir(parents=True)
    for name, component in model['components'].items():
        source = args.folder / component['file']
        if source.suffix != '.safetensors':
            shutil.copy(source, args.out)
            continue
        component['file'] = source.with_suffix('.gguf').name
        write_gguf(args.out / component['file'], safetensors.load(source))
        sizes = source.stat().st_size, (args.out / component['file']).stat().st_size
        print(f'{name}: {sizes[0] / 1e6:.1f} MB -> {sizes[1] / 1e6:.1f} MB')
    (args.out / 'model.json').write_text(json.dumps(model, indent=1))


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and writes safetensors files."""
import json
import os
import struct

import numpy as np

NAMES = {'float32': 'F32', 'float16': 'F16', 'int64': 'I64', 'int32': 'I32', 'uint8': 'U8'}
TYPES = {name: dtype for dtype, name in NAMES.items()}


def save(path, tensors, metadata=None):
    """tensors: name -> torch tensor or numpy array. The file appears whole or not at all."""
    header, start, blobs = {}, 0, []
    if metadata:
        header['__metadata__'] = {key: str(value) for key, value in metadata.items()}
    for name, tensor in tensors.items():
        array = tensor.detach().cpu().numpy() if hasattr(tensor, 'detach') else np.asarray(tensor)
        blob = np.ascontiguousarray(array).tobytes()
        header[name] = dict(
            dtype=NAMES[str(array.dtype)],
            shape=list(array.shape),
            data_offsets=[start, start + len(blob)],
        )
        start += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    partial = f'{path}.partial'
    with open(partial, 'wb') as out:
        out.write(struct.pack('<Q', len(text)))
        out.write(text)
        for blob in blobs:
            out.write(blob)
        out.flush()
        os.fsync(out.fileno())
    os.replace(partial, path)


def _read_header(file):
    (length,) = struct.unpack('<Q', file.read(8))
    return json.loads(file.read(length))


def metadata(path):
    """The strings stored beside the tensors."""
    with open(path, 'rb') as file:
        return _read_header(file).get('__metadata__', {})


def load(path):
    """name -> numpy array."""
    with open(path, 'rb') as file:
        header = _read_header(file)
        data = file.read()
    header.pop('__metadata__', None)
    tensors = {}
    for name, entry in header.items():
        start, end = entry['data_offsets']
        flat = np.frombuffer(data[start:end], TYPES[entry['dtype']])
        tensors[name] = flat.reshape(entry['shape']).copy()
    return tensors


def load_torch(path):
    """name -> float32 torch tensor."""
    import torch

    return {name: torch.from_numpy(array).float() for name, array in load(path).items()}

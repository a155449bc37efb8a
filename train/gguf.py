# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes and reads GGUF files of float32, float16 and Q8_0 tensors: the format in which weights ship.

GGUF version 3 as ggml defines it. A Q8_0 block is a float16 scale and 32 int8 values that lie one after the
other in memory, so a tensor can be Q8_0 when its rows are whole blocks. Kernels of convolutions have rows
of 1 to 7 values and up to five dimensions where ggml knows four: they are written flattened, with their
shape beside them in the key `comfy.gguf.orig_shape.NAME`, as ComfyUI-GGUF does.
"""
import os
import struct

import numpy as np

BLOCK, ALIGNMENT, MOST_DIMENSIONS = 32, 32, 4
F32, F16, Q8_0 = 0, 1, 8  # as GGUF numbers types of tensors
UINT32, INT32, STRING, ARRAY = 4, 5, 8, 9  # and of keys
SHAPE_KEY = 'comfy.gguf.orig_shape.'


def quantised(values):
    """float array of whole blocks -> uint8 [blocks, 34]."""
    blocks = values.astype(np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    # Half away from zero, as ggml rounds.
    scaled = blocks * inverse[:, None]
    rounded = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int8)
    out = np.empty((len(blocks), 2 + BLOCK), np.uint8)
    out[:, :2] = scale.astype(np.float16)[:, None].view(np.uint8)
    out[:, 2:] = rounded.view(np.uint8)
    return out


def restored(blocks):
    """uint8 [blocks, 34] -> float32 [32 * blocks]."""
    scale = np.ascontiguousarray(blocks[:, :2]).view(np.float16).astype(np.float32)
    return (np.ascontiguousarray(blocks[:, 2:]).view(np.int8) * scale).reshape(-1)


def _stored(array, whole):
    """(type, shape in the file, bytes) of a tensor."""
    shape = array.shape if array.ndim <= MOST_DIMENSIONS else (array.shape[0], array[0].size)
    if array.dtype != np.float16:
        return F32, shape, np.ascontiguousarray(array, np.float32).tobytes()
    if whole or array.ndim < 2 or array[0].size % BLOCK:
        return F16, shape, np.ascontiguousarray(array).tobytes()
    return Q8_0, (array.shape[0], array[0].size), quantised(array).tobytes()


def _text(value):
    data = value.encode()
    return struct.pack('<Q', len(data)) + data


def _key(name, kind, value):
    return _text(name) + struct.pack('<I', kind) + value


def save(path, tensors, whole=False):
    """tensors: name -> float32 or float16 torch tensor or array; float16 ones become Q8_0 where blocks fit,
    or stay what they are (whole). The file appears whole or not at all.
    """
    keys, infos, blobs, at = [_key('general.architecture', STRING, _text('rushes'))], b'', [], 0
    for name, tensor in tensors.items():
        array = tensor.detach().cpu().numpy() if hasattr(tensor, 'detach') else np.asarray(tensor)
        kind, shape, blob = _stored(array, whole)
        if shape != array.shape:
            sizes = struct.pack(f'<{array.ndim}i', *array.shape)
            keys.append(_key(SHAPE_KEY + name, ARRAY, struct.pack('<IQ', INT32, array.ndim) + sizes))
        infos += _text(name) + struct.pack('<I', len(shape))
        infos += struct.pack(f'<{len(shape)}Q', *shape[::-1])  # the contiguous dimension first
        infos += struct.pack('<IQ', kind, at)
        blobs.append(blob + bytes(-len(blob) % ALIGNMENT))
        at += len(blobs[-1])
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), len(keys)) + b''.join(keys) + infos
    partial = f'{path}.partial'
    with open(partial, 'wb') as out:
        out.write(head + bytes(-len(head) % ALIGNMENT))
        out.writelines(blobs)
        out.flush()
        os.fsync(out.fileno())
    os.replace(partial, path)


class _Reader:
    """A position in the bytes of a file."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from('<' + form, self.data, self.at)
        self.at += struct.calcsize('<' + form)
        return values if len(values) > 1 else values[0]

    def text(self):
        length = self.take('Q')
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def value(self, kind):
        """A key's value, of the kinds that save() writes."""
        if kind == STRING:
            return self.text()
        if kind == ARRAY:
            inner, count = self.take('IQ')
            return [self.value(inner) for _ in range(count)]
        return self.take({UINT32: 'I', INT32: 'i'}[kind])


def load(path):
    """name -> float32 array, from a file of save()."""
    with open(path, 'rb') as file:
        reader = _Reader(file.read())
    if reader.data[:4] != b'GGUF':
        raise ValueError(f'{path} is no GGUF file')
    reader.at = 4
    _, count, key_count = reader.take('IQQ')
    keys, infos = {}, []
    for _ in range(key_count):
        name = reader.text()
        keys[name] = reader.value(reader.take('I'))
    for _ in range(count):
        name, dims = reader.text(), reader.take('I')
        shape = tuple(reader.take('Q') for _ in range(dims))[::-1]
        infos.append((name, shape, *reader.take('IQ')))
    start = reader.at + -reader.at % ALIGNMENT
    tensors = {}
    for name, shape, kind, offset in infos:
        size = int(np.prod(shape))
        length = {F32: 4 * size, F16: 2 * size, Q8_0: size // BLOCK * (2 + BLOCK)}[kind]
        data = np.frombuffer(reader.data, np.uint8, length, start + offset)
        if kind == Q8_0:
            flat = restored(data.reshape(-1, 2 + BLOCK))
        else:
            flat = data.view(np.float16 if kind == F16 else np.float32).astype(np.float32)
        tensors[name] = flat.reshape(keys.get(SHAPE_KEY + name, shape))
    return tensors


def load_torch(path):
    """name -> float32 torch tensor."""
    import torch

    return {name: torch.from_numpy(array) for name, array in load(path).items()}

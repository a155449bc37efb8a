# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the kitchen keeps things, and how its C files are built.

Everything heavy (downloads, sprite sheet, checkpoints, latents, contact sheets) lies in one
ignored folder, train/work, or in the folder that RUSHES_TRAIN_WORK names.
"""
import ctypes
import hashlib
import os
import pathlib
import subprocess

TRAIN = pathlib.Path(__file__).resolve().parent
ROOT = TRAIN.parent
WORK = pathlib.Path(os.environ.get('RUSHES_TRAIN_WORK', TRAIN / 'work'))
ASSETS = WORK / 'assets'
CHECKPOINTS = WORK / 'checkpoints'
DATA = WORK / 'data'
LOGS = WORK / 'logs'
SHEETS = WORK / 'sheets'
C_FLAGS = [
    '-O3',
    '-march=native',
    '-ffast-math',
    '-std=gnu11',
    '-Wall',
    '-Wextra',
    '-shared',
    '-fPIC',
    '-fopenmp',
]


def native(source):
    """Loads the shared library of a C file next to the Python that uses it, compiling it when it
    changed.
    """
    source = pathlib.Path(source)
    text = source.read_bytes()
    digest = hashlib.sha256(text + ' '.join(C_FLAGS).encode()).hexdigest()[:12]
    library = WORK / 'build' / f'{source.stem}-{digest}.so'
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        partial = library.with_suffix(f'.{os.getpid()}')
        subprocess.run(['gcc', *C_FLAGS, '-o', partial, source, '-lm'], check=True)
        os.replace(partial, library)
    return ctypes.CDLL(str(library))


def pointer(array):
    """Address of a numpy array or a torch tensor for a C call."""
    address = array.data_ptr() if hasattr(array, 'data_ptr') else array.ctypes.data
    return ctypes.c_void_p(address)

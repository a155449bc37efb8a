# SPDX-License-Identifier: GPL-3.0-or-later
"""The model folder: what is written reads back, and trains on."""
import json
import pathlib
import shutil
import struct
import sys
import tempfile

import numpy as np
import torch

from train import export, gguf, model_json, paths, safetensors
from train.loop.checkpoint import Checkpoint
from train.models.audio_vae import AudioVae
from train.models.text_encoder import Mini
from train.models.video_vae import VideoVae
from train.models.vocoder import Vocoder
from train.tests import tap

torch.set_num_threads(1)
TINY = dict(dim=64, num_heads=2, ffn_dim=96, num_layers=1, prediction='x0')
SHIPPED = paths.ROOT / 'models' / 'mini'


def _as_stored(name, value):
    """What a GGUF file keeps of a tensor."""
    blocks = value.dtype == torch.float16 and value.dim() > 1 and value[0].numel() % gguf.BLOCK == 0
    if not blocks or name in export.KEPT_FLOAT16:
        return value.float()
    return torch.from_numpy(gguf.restored(gguf.quantised(value.numpy()))).view(value.shape)


def _checkpoints(stored=_as_stored):
    """Random weights, already at the precision in which they are stored."""
    torch.manual_seed(2)
    nets = {'video-vae': VideoVae(), 'audio-vae': AudioVae(), 'vocoder': Vocoder()}
    nets['transformer'] = Mini(TINY)
    for name, net in nets.items():
        weights = net.state_dict()
        for key, value in export.packed(weights).items():
            weights[key] = stored(name, value)
        if name == 'video-vae':
            weights['mean'], weights['std'] = torch.randn(48), torch.rand(48) + 0.5
        config = dict(config=net.dit.config, seen=7) if name == 'transformer' else {}
        export._store(name, weights, 3, **config)


def test_a_written_folder_reads_back_to_the_same_weights():
    _checkpoints()
    before = {
        name: Checkpoint(name).load()
        for name in ('video-vae', 'audio-vae', 'vocoder', 'transformer')
    }
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        export.write(folder, SHIPPED / 'tokenizer.model')
        shutil.rmtree(paths.CHECKPOINTS)
        export.read(folder)
    for name, state in before.items():
        after = Checkpoint(name).load()
        assert after['step'] == 3 and set(after['average']) == set(state['average'])
        for key, value in state['average'].items():
            assert torch.equal(after['average'][key], value), (name, key)
    config = Checkpoint('transformer').load()['config']
    assert config['dim'] == 64 and config['prediction'] == 'x0'


def test_the_video_vae_alone_comes_back_with_its_step():
    _checkpoints(lambda name, value: value.float())
    before = Checkpoint('video-vae').load()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'vae.safetensors'
        export.write_vae(path)
        Checkpoint('video-vae').path.unlink()
        export.read_vae(path)
    after = Checkpoint('video-vae').load()
    assert after['step'] == before['step']
    assert all(torch.equal(after['model'][n], before['model'][n]) for n in before['model'])


def test_the_shipped_model_json_is_whole():
    about = json.loads((SHIPPED / 'model.json').read_text())
    assert set(about['components']) == set(model_json.FILES)
    for part in about['components'].values():
        assert (SHIPPED / part['file']).stat().st_size > 0
    vae = about['components']['vae']['config']
    assert len(vae['mean']) == len(vae['std']) == vae['z_dim']
    assert np.array(vae['latent_rgb']).shape == (vae['z_dim'] + 1, 3)
    towers = about['components']['transformer']['config']
    assert towers['video_model']['in_dim'] == vae['z_dim']


def test_the_shipped_weights_fit_the_networks():
    about = json.loads((SHIPPED / 'model.json').read_text())
    parts = about['components']
    config = export.transformer_from(parts['transformer']['config'])
    mini = Mini(config)
    mini.dit.load_state_dict(export.component_weights(SHIPPED, about, 'transformer'))
    mini.text_encoder.load_state_dict(export.component_weights(SHIPPED, about, 'text_encoder'))
    Vocoder().load_state_dict(export.component_weights(SHIPPED, about, 'vocoder'))


def test_model_json_numbers_are_exact():
    values = torch.randn(50, generator=torch.Generator().manual_seed(1))
    text = model_json.dumps(dict(values=model_json.floats(values)))
    assert torch.equal(torch.tensor(json.loads(text)['values']), values)


def test_model_json_is_json_for_any_nesting():
    value = dict(a=[1, 2], b=dict(c=[[1.5, 2]] * 9, d='x'), e=list(range(20)), f=None, g=True)
    assert json.loads(model_json.dumps(value)) == value


def test_safetensors_come_back_with_their_types():
    tensors = {
        'a': torch.randn(2, 3),
        'b': torch.randn(4).half(),
        'c': np.arange(5, dtype=np.int32),
        'd': torch.tensor(1.5),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'x.safetensors'
        safetensors.save(path, tensors, dict(format='pt'))
        back = safetensors.load(path)
        assert not list(pathlib.Path(folder).glob('*.partial'))
        header = path.read_bytes()
        assert (8 + struct.unpack('<Q', header[:8])[0]) % 8 == 0
    for name, tensor in tensors.items():
        expected = tensor if isinstance(tensor, np.ndarray) else tensor.numpy()
        assert back[name].dtype == expected.dtype and np.array_equal(back[name], expected)


def test_gguf_keeps_types_shapes_and_eight_bits():
    generator = torch.Generator().manual_seed(3)
    tensors = {
        'line': torch.randn(5, generator=generator),
        'short.rows': torch.randn(4, 3, generator=generator).half(),
        'matrix': torch.randn(6, 64, generator=generator).half(),
        'kernel': torch.randn(4, 32, 3, 3, 3, generator=generator).half(),
        'odd.kernel': torch.randn(4, 3, 3, 3, 3, generator=generator).half(),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'x.gguf'
        gguf.save(path, tensors)
        back = gguf.load(path)
        gguf.save(path, tensors, whole=True)
        whole = gguf.load(path)
    assert list(back) == list(tensors)
    for name, tensor in tensors.items():
        wanted = tensor.float().numpy()
        assert back[name].shape == whole[name].shape == wanted.shape
        assert np.array_equal(whole[name], wanted)
        if name in ('matrix', 'kernel'):
            error = np.abs(back[name] - wanted).max()
            assert 0 < error <= np.abs(wanted).max() / 127
        else:
            assert np.array_equal(back[name], wanted)


def test_cell_colours_average_each_cell():
    frames = np.zeros((25, 32, 48, 3), np.uint8)
    frames[0, :16, 16:32] = (255, 0, 0)
    frames[1:5, 16:, :16, 1] = 255
    colours = export.cell_colours(frames)
    assert colours.shape == (7, 2, 3, 3)
    assert torch.allclose(colours[0, 0, 1], torch.tensor([1.0, 0, 0]))
    assert (
        torch.allclose(colours[1, 1, 0], torch.tensor([0, 1.0, 0])) and colours[2].abs().max() == 0
    )


if __name__ == '__main__':
    sys.exit(tap.run(tap.functions(dict(globals()))) > 0)

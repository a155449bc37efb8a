# SPDX-License-Identifier: GPL-3.0-or-later
"""PSNR and SSIM of the video VAE on held-out clips, and a sheet of originals beside their copies.

    python3 -m train.evaluate.video_vae [--size 256x160] [--clips 24] [--name video-vae]
"""
import argparse
import math

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from train import crops, paths
from train.loop import checkpoint
from train.models.video_vae import VideoVae
from train.world import clip, plan

SHEET_CLIPS, SHEET_MOMENTS = 8, (0, 12, 24)
SSIM_WINDOW, SSIM_SIGMA = 11, 1.5


def psnr(a, b):
    """Of two tensors in -1..1, in dB over everything."""
    return 10 * math.log10(4 / max(float((a - b).pow(2).mean()), 1e-12))


def _gauss():
    x = torch.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    line = torch.exp(-x.float().pow(2) / (2 * SSIM_SIGMA**2))
    kernel = torch.outer(line, line)
    return (kernel / kernel.sum()).view(1, 1, SSIM_WINDOW, SSIM_WINDOW)


def ssim(a, b):
    """Structural similarity (Wang et al., 2004) of [n, 3, h, w] in -1..1, mean over all."""
    kernel = _gauss()
    x, y = ((image.flatten(0, 1)[:, None] + 1) / 2 for image in (a, b))
    mean_x, mean_y = F.conv2d(x, kernel), F.conv2d(y, kernel)
    var_x = F.conv2d(x * x, kernel) - mean_x**2
    var_y = F.conv2d(y * y, kernel) - mean_y**2
    both = F.conv2d(x * y, kernel) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return float((top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean())


def load(name):
    """The averaged VAE of a run, with its latents as they come."""
    vae = VideoVae()
    vae.load_state_dict(checkpoint.average_weights(name))
    vae.mean.zero_()
    vae.std.fill_(1)
    return vae.eval()


@torch.no_grad()
def copy_clip(vae, seed, height, width):
    """(original, copy), both float [3, 25, height, width]."""
    frames = crops.to_tensor([clip.render(plan.plan(seed), height, width)])
    with torch.autocast('cpu', torch.bfloat16):
        copy = vae.decode(vae.encode(frames))
    return frames[0], copy[0].float()


def to_pixels(video):
    """float [3, t, h, w] -> uint8 [t, h, w, 3]."""
    return ((video.permute(1, 2, 3, 0) + 1) * 127.5).round().clamp(0, 255).byte().numpy()


def evaluate(vae, height, width, clips, sheet=None):
    """Mean figures over held-out clips; sheet: where to save originals and copies."""
    figures, rows = [], []
    for index in range(clips):
        original, copy = copy_clip(vae, crops.HELD_OUT_SEED + index, height, width)
        similar = ssim(original.transpose(0, 1), copy.transpose(0, 1))
        first = psnr(original[:, 0], copy[:, 0])
        figures.append((psnr(original, copy), similar, first))
        if index < SHEET_CLIPS:
            pair = [to_pixels(video)[list(SHEET_MOMENTS)] for video in (original, copy)]
            rows.append(np.concatenate([np.concatenate(list(frames), 1) for frames in pair], 1))
    if sheet:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate(rows)).save(sheet)
    values = np.array(figures)
    mean = values.mean(0)
    return dict(psnr=mean[0], psnr_worst=values[:, 0].min(), psnr_first=mean[2], ssim=mean[1])


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description='PSNR and SSIM of the video VAE')
    parser.add_argument('--size', default='256x160')
    parser.add_argument('--clips', type=int, default=24)
    parser.add_argument('--name', default='video-vae')
    opts = parser.parse_args()
    width, height = (int(number) for number in opts.size.split('x'))
    torch.set_num_threads(1)
    sheet = paths.SHEETS / f'{opts.name}-{opts.size}.png'
    figures = evaluate(load(opts.name), height, width, opts.clips, sheet)
    step = checkpoint.Checkpoint(opts.name).load()['step']
    print(
        f'step {step}, {opts.size}, {opts.clips} held-out clips: '
        + ', '.join(f'{key} {value:.3f}' for key, value in figures.items())
    )


if __name__ == '__main__':
    main()

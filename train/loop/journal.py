# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of a training run and its curves.

A run appends one JSON object per line to train/work/logs/NAME.jsonl; `python3 -m
train.loop.journal NAME` draws NAME.png from it: one panel a quantity over steps, drawn with PIL
alone.
"""
import json
import sys
import time

from train import paths

PANEL, MARGIN = (640, 220), 46
IGNORED = ('step', 'seconds', 'time')


class Journal:
    """Collects numbers every step, writes their means every `every` steps."""

    def __init__(self, name, every=50, quiet=False):
        self.path = paths.LOGS / f'{name}.jsonl'
        self.every, self.quiet = every, quiet
        self.sums, self.count = {}, 0

    def add(self, step, seconds, **numbers):
        """Numbers of one step."""
        self.count += 1
        for key, value in numbers.items():
            self.sums[key] = self.sums.get(key, 0.0) + float(value)
        if step % self.every == 0:
            self.write(step, seconds, **{k: v / self.count for k, v in self.sums.items()})
            self.sums, self.count = {}, 0

    def write(self, step, seconds, **numbers):
        """One line now."""
        if self.quiet:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        row = dict(step=step, seconds=round(seconds), time=time.strftime('%H:%M:%S'))
        row.update({key: round(float(value), 5) for key, value in numbers.items()})
        line = json.dumps(row)
        with open(self.path, 'a', encoding='utf-8') as out:
            out.write(line + '\n')
        print(line, file=sys.stderr, flush=True)


def read(path):
    """Quantity -> [(step, value)] of a journal."""
    series = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        for key, value in row.items():
            if key not in IGNORED:
                series.setdefault(key, []).append((row['step'], value))
    return series


def _panel(draw, top, name, points):
    """One quantity: its curve with the first, last and extreme values."""
    width, height = PANEL
    steps, values = zip(*points)
    low, high = min(values), max(values)
    first, last = steps[0], steps[-1]

    def place(step, value):
        x = MARGIN + (width - 2 * MARGIN) * (step - first) / max(1, last - first)
        y = top + height - 24 - (height - 48) * (value - low) / max(1e-9, high - low)
        return x, y

    draw.rectangle((MARGIN, top + 20, width - MARGIN, top + height - 20), outline=(200, 200, 200))
    if len(points) > 1:
        draw.line([place(*point) for point in points], fill=(30, 90, 200), width=2)
    draw.text((MARGIN, top + 4), f'{name}: {values[0]:.4g} -> {values[-1]:.4g}', fill=(0, 0, 0))
    draw.text((2, top + 16), f'{high:.4g}', fill=(90, 90, 90))
    draw.text((2, top + height - 30), f'{low:.4g}', fill=(90, 90, 90))
    draw.text((MARGIN, top + height - 16), f'step {first}', fill=(90, 90, 90))
    draw.text((width - MARGIN - 70, top + height - 16), f'step {last}', fill=(90, 90, 90))


def draw_curves(path, out):
    """PNG with a panel for every quantity of a journal."""
    from PIL import Image, ImageDraw

    series = read(path)
    image = Image.new('RGB', (PANEL[0], PANEL[1] * max(1, len(series))), (255, 255, 255))
    canvas = ImageDraw.Draw(image)
    for index, (name, points) in enumerate(series.items()):
        _panel(canvas, index * PANEL[1], name, points)
    image.save(out)


if __name__ == '__main__':
    for run in sys.argv[1:]:
        source = paths.LOGS / f'{run}.jsonl'
        draw_curves(source, source.with_suffix('.png'))
        print(source.with_suffix('.png'))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Rectified flow: noisy samples for training, and Euler's method to make clips.

A sample at time u is (1 - u) clean + u noise; the denoiser is told 1000 u and learns noise -
clean. Latent frames at time 0 are conditions: they are given clean and stay as they are (first
frame, extension).
"""
import torch

SHIFT = 3.0
AUDIO_PER_SECOND, FPS = 31.25, 12


def shifted(u, shift=SHIFT):
    """Moves times towards noise, where the composition of a clip is decided."""
    return shift * u / (1 + (shift - 1) * u)


def audio_latents_of(frames):
    """How many audio latents lie under the first `frames` latent frames (1, 5, 9, ... pictures)."""
    return int((1 + 4 * (frames - 1)) / FPS * AUDIO_PER_SECOND)


class Conditions:
    """What is given clean in a batch: latent frames of the video, latents of the audio."""

    def __init__(self, frames=0, audio=0):
        self.frames, self.audio = frames, audio

    @classmethod
    def draw(cls, rng):
        """As in training: 30 % of batches have conditions, half of these just the first frame; of
        the longer beginnings 60 % have their sound too."""
        if rng.random() >= 0.3:
            return cls()
        if rng.random() < 0.5:
            return cls(1)
        frames = int(rng.integers(2, 5))
        return cls(frames, audio_latents_of(frames) if rng.random() < 0.6 else 0)


def times_of(u, count, clean):
    """[batch, 1], or [batch, count] with zeros where clean, when something is."""
    if not clean:
        return u[:, None]
    times = u[:, None].repeat(1, count)
    times[:, :clean] = 0
    return times


def velocity_errors(net, video, audio, ids, u, audio_u, given=None, generator=None):
    """Squared errors of the velocities, [batch] each for video and audio.

    video [b, c, t, h, w] and audio [b, n, 20] are clean and normalised; u, audio_u [b] times in
    0..1. Without one of the two (None) its errors are zero.
    """
    given = given or Conditions()
    if video is None or audio is None:
        clean, time = (audio, audio_u) if video is None else (video, u)
        noise = torch.randn(clean.shape, generator=generator)
        s, t = time.view(-1, *[1] * (clean.dim() - 1)), time[:, None] * 1000
        noisy = (1 - s) * clean + s * noise
        with torch.autocast('cpu', torch.bfloat16):
            both = net(None, noisy, None, t, ids) if video is None else net(noisy, None, t, None, ids)
        answer = both[1] if video is None else both[0]
        error, none = (answer.float() - (noise - clean)).pow(2).flatten(1).mean(1), torch.zeros(len(t))
        return (none, error) if video is None else (error, none)
    noise = torch.randn(video.shape, generator=generator)
    audio_noise = torch.randn(audio.shape, generator=generator)
    tv = times_of(u, video.shape[2], given.frames)
    ta = times_of(audio_u, audio.shape[1], given.audio)
    sv, sa = tv[:, None, :, None, None], ta[:, :, None]
    with torch.autocast('cpu', torch.bfloat16):
        answer = net(
            (1 - sv) * video + sv * noise,
            (1 - sa) * audio + sa * audio_noise,
            tv * 1000,
            ta * 1000,
            ids,
        )
    error = (answer[0].float() - (noise - video))[:, :, given.frames :]
    audio_error = (answer[1].float() - (audio_noise - audio))[:, given.audio :]
    return error.pow(2).flatten(1).mean(1), audio_error.pow(2).flatten(1).mean(1)


def sigmas(steps, shift=SHIFT):
    """steps + 1 times from 1 to 0."""
    return shifted(torch.linspace(1, 0, steps + 1), shift)


def guided(mini, video, audio, tv, ta, context, scales):
    """Velocities of video and audio, [b] each, with classifier-free guidance (Ho & Salimans, 2022).

    context: of the prompts, then of the negative prompts, [2 b] together; scales: (video, audio).
    """
    twice = (torch.cat([x] * 2) for x in (video, audio, tv, ta))
    answers = (answer.float().chunk(2) for answer in mini.dit(*twice, context))
    return tuple(
        without + scale * (with_prompt - without)
        for (with_prompt, without), scale in zip(answers, scales)
    )


@torch.no_grad()
def sample(
    mini,
    ids,
    empty_ids,
    video,
    audio,
    steps=16,
    scales=(4.0, 3.0),
    shift=SHIFT,
    clean=None,
    watch=None,
):
    """Makes latents from noise: video [b, c, t, h, w], audio [b, n, 20].

    ids [b, tokens]; empty_ids [b, tokens] of the negative prompt, which is not asked when both scales
    (guidance of video and audio) are 1. clean [b, c, k, h, w]: given frames.
    watch(video, audio) is shown the latents after every step.
    """
    times = sigmas(steps, shift)
    alone = tuple(scales) == (1, 1)
    context = mini.context(ids)
    if not alone:
        context = torch.cat([context, mini.context(empty_ids)])
    given = 0 if clean is None else clean.shape[2]
    for now, then in zip(times[:-1], times[1:]):
        if given:
            video = torch.cat([clean, video[:, :, given:]], 2)
        tv = times_of(torch.full((len(video),), float(now * 1000)), video.shape[2], given)
        ta = torch.full((len(video), 1), float(now * 1000))
        if alone:
            pv, pa = (answer.float() for answer in mini.dit(video, audio, tv, ta, context))
        else:
            pv, pa = guided(mini, video, audio, tv, ta, context, scales)
        video, audio = video + (then - now) * pv, audio + (then - now) * pa
        if watch:
            watch(video, audio)
    return (torch.cat([clean, video[:, :, given:]], 2) if given else video), audio

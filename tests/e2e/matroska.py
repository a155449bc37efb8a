# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a Matroska or WebM file says of itself, element by element as RFC 9559 numbers them, without any library."""
import struct

MASTERS = {0x18538067: "segment", 0x1549A966: "info", 0x1654AE6B: "tracks", 0xAE: "track", 0xE0: "video", 0xE1: "audio",
           0x55B0: "colour"}
UNSIGNED = {0x2AD7B1: "timestamp_scale", 0x83: "type", 0x23E383: "default_duration", 0x56AA: "codec_delay", 0xB0: "width",
            0xBA: "height", 0x55B1: "matrix", 0x55B9: "range", 0x55BA: "transfer", 0x55BB: "primaries", 0x55B7: "chroma_across",
            0x55B8: "chroma_down"}
FLOATS = {0x4489: "duration", 0xB5: "rate"}
TEXTS = {0x86: "codec", 0x4D80: "muxer"}
CLUSTER = 0x1F43B675


def number(data, at, keep_marker):
    """A variable-length number. -> (value, where it ends); all ones stand for an unknown size, given as None"""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at:at + length], "big")
    if not keep_marker:
        value &= (1 << 7 * length) - 1
        if value == (1 << 7 * length) - 1:
            value = None
    return value, at + length


def elements(data, at, end):
    while at < end:
        name, at = number(data, at, True)
        size, at = number(data, at, False)
        stop = end if size is None else at + size
        if name == CLUSTER:
            return
        if name in MASTERS:
            yield MASTERS[name], list(elements(data, at, stop))
        elif name in UNSIGNED:
            yield UNSIGNED[name], int.from_bytes(data[at:stop], "big")
        elif name in FLOATS:
            yield FLOATS[name], struct.unpack(">f" if stop - at == 4 else ">d", data[at:stop])[0]
        elif name in TEXTS:
            yield TEXTS[name], data[at:stop].rstrip(b"\0").decode()
        at = stop


def read(path):
    """{"info": {...}, "video": {..., "colour": {...}}, "audio": {...}}, each with what stands in the file and no default."""
    with open(path, "rb") as file:
        data = file.read()
    found = {"info": {}}
    for name, value in elements(data, 0, len(data)):
        if name != "segment":
            continue
        for part, inside in value:
            if part == "info":
                found["info"] = dict(inside)
            for kind, fields in inside if part == "tracks" else []:
                track = dict(fields)
                which = "video" if track["type"] == 1 else "audio"
                own = dict(track.pop(which, []))
                own["colour"] = dict(own.get("colour", []))
                found[which] = {**track, **own}
    return found

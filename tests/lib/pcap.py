# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Captures in the classic pcap format, Ethernet, microseconds."""

import struct

MAGIC = 0xA1B2C3D4


def write(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", MAGIC, 2, 4, 0, 0, 262144, 1))
        for number, frame in enumerate(frames):
            file.write(struct.pack("<IIII", number // 1000000, number % 1000000, len(frame), len(frame)) + frame)


def read(path):
    """The frames of a capture. Refuses one that is cut, so that a test never compares half of it."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        raise ValueError("%s: no capture" % path)
    order = {0xA1B2C3D4: "<", 0xD4C3B2A1: ">", 0xA1B23C4D: "<", 0x4D3CB2A1: ">"}.get(struct.unpack("<I", data[:4])[0])
    if not order:
        raise ValueError("%s: no capture" % path)
    frames, at = [], 24
    while at < len(data):
        if at + 16 > len(data):
            raise ValueError("%s: cut in a record header" % path)
        length = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        at += 16
        if at + length > len(data):
            raise ValueError("%s: cut in a frame" % path)
        frames.append(data[at:at + length])
        at += length
    return frames

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What Poise made of each frame against what the kernel made of it."""

from kernel import BACKENDS, CLIENTS
from packet import ICMP


def cut(frame):
    """Without what lies behind the IPv4 packet."""
    return frame[:14 + int.from_bytes(frame[16:18], "big")]


def essence(frame):
    """What must be equal: all of it, but of an error that the router wrote itself only what it is about."""
    return frame[:14] + frame[26:34] + frame[34:36] + frame[42:70]


def quotes(frame, sent):
    """Is `frame` the router's own error about `sent`?"""
    return frame[23] == ICMP and frame[34] == 11 and frame[46:48] == sent[18:20]


def assign(steps, outputs):
    """What came out of Poise for each step: outputs are in order, and the IPv4 id says where one belongs."""
    outputs, result = list(outputs), []
    for step in steps:
        mine = []
        while outputs and (outputs[0][18:20] == step.frame[18:20] or quotes(outputs[0], step.frame)):
            mine.append(outputs.pop(0))
        result.append(mine)
    return result, outputs


def differs(step, mine):
    """What is wrong with Poise's frames for this step, in words, or None."""
    theirs = [frame for _, frame in step.outputs]
    ends = {CLIENTS: "client0", BACKENDS: "server0"}
    for device, frame in step.outputs:
        if ends.get(frame[:6].hex(":")) != device:
            return "the kernel sends to %s by %s" % (frame[:6].hex(":"), device)
    if len(theirs) != (1 if step.translated else 0):
        return "the kernel was to send %d frames and sent %d" % (step.translated, len(theirs))
    if step.differs:
        return None if len(mine) == 1 and step.differs(cut(mine[0]), theirs) else "they do not differ as said"
    if len(mine) != len(theirs):
        return "the kernel sends %d frames, Poise %d" % (len(theirs), len(mine))
    for ours, other in zip(map(cut, mine), map(cut, theirs)):
        if quotes(other, step.frame):
            ours, other = essence(ours), essence(other)
        if ours != other:
            return "kernel %s\n    Poise  %s" % (other.hex(" ", -4), ours.hex(" ", -4))
    return None

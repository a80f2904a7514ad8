#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Damaged and random frames among good ones: the dataplane goes on, every frame has one named fate, and the good
connection behind them is served to the byte."""

import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.path.insert(0, os.path.join(HERE, "../vectors"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import make  # noqa: E402
from conversation import Conversation  # noqa: E402
from packet import Icmp, Ether, Ip  # noqa: E402

LINKS = ("02:00:00:00:0c:01", "02:00:00:00:02:01", "02:00:00:00:00:01")
TLS, BACKEND = ("203.0.113.10", 443), ("10.10.0.14", 443)


def damage(frame, source):
    """Some bytes flipped, mostly in the headers, sometimes cut or grown."""
    frame = bytearray(frame)
    for _ in range(source.randrange(1, 6)):
        frame[source.randrange(min(len(frame), 90))] = source.choice((0, 0xFF, source.randrange(256)))
    kind = source.randrange(10)
    if kind == 0:
        del frame[source.randrange(len(frame)):]
    elif kind == 1:
        frame += source.randbytes(source.randrange(1, 60))
    return bytes(frame) or b"\0"


def corpus():
    """Good frames of all sorts to begin with."""
    talk = Conversation(("198.51.100.7", 50001), TLS, BACKEND, LINKS)
    frames = [sent for sent, _ in talk.whole()]
    quoted = talk.outward(16, data=b"x" * 40)[1][14:62]
    frames.append(Ether(LINKS[2], LINKS[0], Ip("198.51.100.1", TLS[0], Icmp(3, 4, 1400, quoted))).bytes())
    frames.append(Ether(LINKS[2], LINKS[0], Ip("198.51.100.7", TLS[0], Icmp(8, 0, 1, b"echo"))).bytes())
    return frames + [frame for _, frame, _ in make.malformed_frames()] + \
        [bytes(step.frame) for build in (make.dnat, make.replies, make.icmp) for step in build().steps]


def main():
    cases = dataplane.Cases()
    source = random.Random(20260)
    frames = corpus()
    noise = [damage(source.choice(frames), source) for _ in range(20000)]
    noise += [source.randbytes(source.randrange(1, 1500)) for _ in range(2000)]
    good = list(Conversation(("198.51.100.250", 60001), TLS, BACKEND, LINKS).whole())
    with dataplane.Folder() as folder:
        dataplane.compile_snapshot(os.path.join(HERE, "replay.conf"), folder.file("snapshot"))
        for workers in (1, 2):
            name = "%d workers" % workers
            options = ["--handoff-size", "32768", "--mbufs", "65536"] if workers > 1 else []
            result = dataplane.run(folder, folder.file("snapshot"),
                                   {"net_pcap0": [noise + [sent for sent, _ in good]]}, workers=workers,
                                   options=options, memory=512)
            if not cases.check("%s: the dataplane ends by itself" % name, result.status == 0, result.output):
                continue
            got = [frame for queue in result.frames["net_pcap0"] for frame in queue]
            mine = [frame for frame in got if frame in {want for _, want in good}]
            cases.check("%s: the connection behind the noise, equal to the byte" % name,
                        mine == [want for _, want in good])
            sent_errors = len(got) - result.kind("FORWARD") - result.kind("REPLY")
            cases.check("%s: errors sent are packets expired" % name,
                        0 <= sent_errors <= result.counters["ttl_expired"])
            dataplane.add_up(cases, result, len(noise) + len(good), len(got), sent_errors, name=name)
            cases.check("%s: many fates were met" % name, len(result.nonzero()) > 20, result.nonzero())
            cases.equal("%s: flows made are flows there" % name,
                        result.counters["flow_created"] - result.counters["flow_rescheduled"],
                        result.stats["totals"]["flows"])
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""A capture of whole connections through poise-dataplane on net_pcap: every frame out equal to the byte, in order,
spread exactly, all counters add up."""

import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
from conversation import Conversation, interleave, wrong_checksums  # noqa: E402

LINKS = ("02:00:00:00:0c:01", "02:00:00:00:02:01", "02:00:00:00:00:01")
WEB, DB = ("203.0.113.10", 80), ("203.0.113.20", 5432)


def web(count):
    """The n-th SYN goes to the n-th backend in turn."""
    return [Conversation(("198.51.100.%d" % (1 + n % 200), 20000 + n), WEB, ("10.10.0.%d" % (11 + n % 3), 8080), LINKS)
            for n in range(count)]


def database():
    """One source port and four addresses: the n-th connection to a backend leaves from the n-th address."""
    return [Conversation(("198.51.100.9", 30000 + n), DB, ("10.10.0.%d" % (21 + n % 2), 5432), LINKS,
                         seen=("10.10.0.%d" % (1 + n // 2), 40000)) for n in range(8)]


def replay(cases, folder, name, conversations, expected_flows):
    steps = list(interleave([one.whole() for one in conversations], random.Random(name)))
    result = dataplane.run(folder, folder.file("snapshot"), {"net_pcap0": [[sent for sent, _ in steps]]}, name=name)
    if not cases.check("%s: the dataplane ends by itself" % name, result.status == 0, result.output):
        return
    got, want = result.frames["net_pcap0"][0], [expected for _, expected in steps]
    differing = [number for number in range(min(len(got), len(want))) if got[number] != want[number]]
    cases.check("%s: all %d frames equal to the byte" % (name, len(want)), got == want,
                "%d frames out, first difference at %s" % (len(got), differing[:1]))
    cases.equal("%s: frames with wrong checksums" % name, wrong_checksums(got), [])
    dataplane.add_up(cases, result, len(steps), len(steps), name=name)
    cases.equal("%s: forwarded" % name, result.counters["forwarded"], len(steps))
    cases.equal("%s: flows created" % name, result.counters["flow_created"], len(conversations))
    made = [backend["flows_created"] for backend in result.stats["backends"] if backend["flows_created"]]
    cases.equal("%s: connections of each backend" % name, made, expected_flows)
    packets = sum(backend["packets_inward"] + backend["packets_outward"] for backend in result.stats["backends"])
    cases.equal("%s: packets of all backends" % name, packets, len(steps))
    cases.equal("%s: half-open flows at the end" % name, result.stats["totals"]["flows_half_open"], 0)


def main():
    cases = dataplane.Cases()
    with dataplane.Folder() as folder:
        dataplane.compile_snapshot(os.path.join(HERE, "replay.conf"), folder.file("snapshot"))
        replay(cases, folder, "dnat", web(600), [200, 200, 200])
        replay(cases, folder, "full", database(), [4, 4])
        replay(cases, folder, "both", web(31) + database(), [11, 10, 10, 4, 4])
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

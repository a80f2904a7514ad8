#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What happens when room runs out: a flood of SYNs never costs an established connection, a table full of live
connections refuses new ones, and every source port is used before the first refusal."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
from conversation import Conversation, wrong_checksums  # noqa: E402
from packet import SYN, Seen  # noqa: E402

LINKS = ("02:00:00:00:0c:01", "02:00:00:00:02:01", "02:00:00:00:00:01")
WEB, DB = ("203.0.113.10", 80), ("203.0.113.20", 5432)
CAPACITY = 2048  # what the table makes of --max-flows 1000


def talk(number, first=1):
    return Conversation(("198.51.%d.%d" % (100 + number // 60000, first), 1024 + number % 60000), WEB,
                        ("10.10.0.%d" % (11 + number % 3), 8080), LINKS)


def flood(cases, folder):
    """600 connections, then ten times the table in SYNs of strangers, then data on all 600."""
    established = [talk(number) for number in range(600)]
    strangers = [talk(number, 2) for number in range(20000)]
    steps = [step for one in established for step in one.handshake()]
    before = len(steps)
    steps += [one.inward(SYN, seq=1) for one in strangers]
    data = [step for one in established for step in one.data()]
    result = dataplane.run(folder, folder.file("snapshot"),
                           {"net_pcap0": [[sent for sent, _ in steps + data]]}, max_flows=1000, name="flood")
    if not cases.check("flood: the dataplane ends by itself", result.status == 0, result.output):
        return
    got, counters = result.frames["net_pcap0"][0], result.counters
    cases.check("flood: connections come about as ever", got[:before] == [want for _, want in steps[:before]])
    cases.check("flood: established connections go on, equal to the byte",
                got[-len(data):] == [want for _, want in data])
    cases.equal("flood: the table's room", result.stats["totals"]["flows_capacity"], CAPACITY)
    cases.check("flood: half-open flows gave way", counters["flow_evicted"] > 0)
    cases.equal("flood: made, but evicted, is there", counters["flow_created"] - counters["flow_evicted"],
                result.stats["totals"]["flows"])
    cases.equal("flood: every SYN was served or refused", counters["flow_created"] + counters["table_full"], 20600)
    cases.equal("flood: half-open is all but the established", result.stats["totals"]["flows_half_open"],
                result.stats["totals"]["flows"] - 600)
    cases.equal("flood: frames with wrong checksums", wrong_checksums(got), [])
    dataplane.add_up(cases, result, len(steps + data), len(got), name="flood")


def full_table(cases, folder):
    """Three times the table in real connections: who is in stays in, who is not is refused and not half served."""
    talks = [talk(number) for number in range(3 * CAPACITY)]
    # A refused client retries: only the SYN comes, and the turn of the others is not known, so clients only.
    frames = []
    for one in talks:
        frames += [one.inward(SYN, seq=99)[0]]
    result = dataplane.run(folder, folder.file("snapshot"), {"net_pcap0": [frames]}, max_flows=1000, name="probe")
    cases.check("full: SYNs alone fill the table and push each other out",
                result.status == 0 and result.counters["flow_evicted"] > 0)
    frames = []
    for one in talks:
        opened = list(one.handshake())
        answers = [Conversation(one.client, WEB, ("10.10.0.%d" % (11 + n), 8080), LINKS) for n in range(3)]
        frames += [opened[0][0]] + [list(each.handshake())[1][0] for each in answers] + [opened[2][0]]
    data = [step[0] for one in talks for step in list(one.data(1))[:1]]
    result = dataplane.run(folder, folder.file("snapshot"), {"net_pcap0": [frames + data]}, max_flows=1000,
                           name="full")
    if not cases.check("full: the dataplane ends by itself", result.status == 0, result.output):
        return
    counters, got = result.counters, result.frames["net_pcap0"][0]
    made, refused = counters["flow_created"], counters["table_full"]
    cases.equal("full: every connection was served or refused", made + refused, len(talks))
    cases.check("full: the promised number fits before", 1000 <= made <= CAPACITY, made)
    cases.equal("full: no live connection was pushed out", counters["flow_evicted"], 0)
    # Of each refused one: ACK and data find no flow, no answer of any backend is ours.
    cases.equal("full: packets of refused connections", (counters["no_flow"], counters["not_ours"]),
                (2 * refused, 3 * refused + 2 * made))
    cases.equal("full: served ones got all", counters["forwarded"], 4 * made)
    dataplane.add_up(cases, result, len(frames + data), len(got), name="full")


def source_ports(cases, folder, workers, count=2600):
    """1000 ports toward each of two backends. 2000 connections fit exactly, though they do not fall evenly on the
    workers and each owns only its part of the ports."""
    name = "ports, %d workers, %d connections" % (workers, count)
    with open(os.path.join(HERE, "replay.conf")) as file:
        text = re.sub(r"snat = \[[^]]*\]; snat_ports = \"[^\"]*\"",
                      'snat = [ "10.10.0.1" ]; snat_ports = "30100-31099"', file.read())
    path = folder.file("ports.conf")
    with open(path, "w") as file:
        file.write(text)
    dataplane.compile_snapshot(path, folder.file("ports.snapshot"))
    talks = [Conversation(("198.51.100.8", 1024 + n), DB, ("10.10.0.21", 5432), LINKS) for n in range(count)]
    result = dataplane.run(folder, folder.file("ports.snapshot"),
                           {"net_pcap0": [[one.inward(SYN, seq=1)[0] for one in talks]]}, workers=workers,
                           options=["--handoff-size", "4096"], name="ports")
    if not cases.check("%s: the dataplane ends by itself" % name, result.status == 0, result.output):
        return
    frames = [frame for queue in result.frames["net_pcap0"] for frame in queue]
    used = [(seen.source, seen.sport, seen.target) for seen in map(Seen, frames)]
    cases.equal("%s: none is used twice toward one backend" % name, len(set(used)), len(used))
    cases.check("%s: all are in the range" % name,
                all(source == "10.10.0.1" and 30100 <= port <= 31099 for source, port, _ in used))
    cases.equal("%s: every SYN was served or refused" % name,
                result.counters["flow_created"] + result.counters["snat_exhausted"], count)
    # With more connections than ports every worker fills its part in the end, which would prove nothing.
    if workers == 1 or count == 2000:
        cases.equal("%s: all are used, whoever owns them" % name, len(used), 2000)
    if workers > 1:
        made = [worker["counters"].get("flow_created", 0) for worker in result.stats["workers"]]
        cases.check("%s: every worker made flows" % name, min(made) > 0, made)
    cases.equal("%s: frames with wrong checksums" % name, wrong_checksums(frames), [])
    dataplane.add_up(cases, result, count, len(frames), name=name)


def main():
    cases = dataplane.Cases()
    with dataplane.Folder() as folder:
        dataplane.compile_snapshot(os.path.join(HERE, "replay.conf"), folder.file("snapshot"))
        flood(cases, folder)
        full_table(cases, folder)
        source_ports(cases, folder, 1)
        source_ports(cases, folder, 2)
        source_ports(cases, folder, 3)
        source_ports(cases, folder, 2, 2000)
        source_ports(cases, folder, 3, 2000)
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Several workers and several queues that do not match the flows: packets go to their owner by the handoff ring,
and what comes out is what one worker would have sent.

All packets of a connection are in one queue (their order is theirs alone), but its owner is whoever the table's
random seed says. Which backend a connection gets depends on the order of SYNs over all workers; so every backend
answers every connection, and only the right answer may pass."""

import collections
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
from conversation import Conversation, interleave, wrong_checksums  # noqa: E402
from packet import Seen  # noqa: E402

LINKS = ("02:00:00:00:0c:01", "02:00:00:00:02:01", "02:00:00:00:00:01")
WEB, TLS = ("203.0.113.10", 80), ("203.0.113.10", 443)
BACKENDS = ["10.10.0.11", "10.10.0.12", "10.10.0.13"]
ROOM = ["--handoff-size", "16384", "--mbufs", "49152"]


def configuration(folder, queues):
    with open(os.path.join(HERE, "replay.conf")) as file:
        text = re.sub(r"queues = \d+", "queues = %d" % queues, file.read())
    path = folder.file("queues-%d.conf" % queues)
    with open(path, "w") as file:
        file.write(text)
    snapshot = path[:-4] + "snapshot"
    dataplane.compile_snapshot(path, snapshot)
    return snapshot


def deal(conversations, queues, random_source):
    """Steps for each queue: conversation n is in queue n modulo queues."""
    return [list(interleave(conversations[queue::queues], random_source)) for queue in range(queues)]


def one_backend(cases, folder, workers, queues, transmit, count=300):
    """A single backend leaves no choice: the same frames as ever, in each connection's order."""
    name = "%d workers, %d queues, %d to send" % (workers, queues, transmit)
    random_source = random.Random(name)
    flows = [Conversation(("198.51.100.%d" % (1 + n % 200), 20000 + n), TLS, ("10.10.0.14", 443), LINKS)
             for n in range(count)]
    steps = deal([flow.whole() for flow in flows], queues, random_source)
    result = dataplane.run(folder, configuration(folder, queues),
                           {"net_pcap0": [[sent for sent, _ in queue] for queue in steps]}, workers=workers,
                           transmit=transmit, options=ROOM, memory=512, name="single")
    if not cases.check("%s: the dataplane ends by itself" % name, result.status == 0, result.output):
        return
    outputs = result.frames["net_pcap0"]
    want = collections.Counter(expected for queue in steps for _, expected in queue)
    got = collections.Counter(frame for frames in outputs for frame in frames)
    cases.check("%s: the same frames as from one worker" % name, got == want,
                "missing %d, too many %d" % (sum((want - got).values()), sum((got - want).values())))
    total = sum(want.values())
    dataplane.add_up(cases, result, total, total, name=name)
    cases.check("%s: each connection in order" % name, all(map(in_order, outputs)))
    if workers > 1:
        cases.check("%s: foreign packets were handed over" % name, result.counters["handoff"] > 0)
        if transmit < workers:
            cases.check("%s: queues to send were shared" % name, result.counters["transmit_handoff"] > 0)
        busy = sum(1 for worker in result.stats["workers"] if worker["counters"].get("flow_created"))
        cases.equal("%s: workers that own flows" % name, busy, workers)


def in_order(frames):
    """Do the packets of each direction of each connection come in their order? Each has a number (IPv4 id)."""
    last = {}
    for seen in map(Seen, frames):
        key = (seen.source, seen.sport, seen.target, seen.dport)
        if last.get(key, 0) >= seen.id:
            return False
        last[key] = seen.id
    return True


def all_answer(client):
    """The client's side once, and each answer from every backend: only one of them is of the flow."""
    talks = [Conversation(client, WEB, (backend, 8080), LINKS) for backend in BACKENDS]
    for steps in zip(*[talk.whole() for talk in talks]):
        sent = sorted({step[0] for step in steps})
        for frame in sent:
            yield frame


def three_backends(cases, folder, workers, queues, count=300):
    name = "%d workers, %d queues, 3 backends" % (workers, queues)
    clients = [("198.51.100.%d" % (1 + n % 200), 20000 + n) for n in range(count)]
    frames = deal([all_answer(client) for client in clients], queues, random.Random(name))
    result = dataplane.run(folder, configuration(folder, queues), {"net_pcap0": frames}, workers=workers,
                           options=ROOM, memory=512, name="spread")
    if not cases.check("%s: the dataplane ends by itself" % name, result.status == 0, result.output):
        return
    outputs = [frame for queue in result.frames["net_pcap0"] for frame in queue]
    inward, outward, backend_of = collections.Counter(), collections.Counter(), {}
    consistent = True
    for seen in map(Seen, outputs):
        if seen.source == WEB[0]:
            outward[(seen.target, seen.dport)] += 1
        else:
            client = (seen.source, seen.sport)
            inward[client] += 1
            consistent &= backend_of.setdefault(client, seen.target) == seen.target
    cases.check("%s: a connection stays with its backend" % name, consistent)
    cases.equal("%s: packets toward the backend, each connection" % name, set(inward.values()), {8})
    cases.equal("%s: packets toward the client, each connection" % name, set(outward.values()), {5})
    cases.equal("%s: connections" % name, (len(inward), len(outward)), (count, count))
    made = sorted(collections.Counter(backend_of.values()).values())
    cases.check("%s: backends differ by one connection at most" % name, made[-1] - made[0] <= 1, made)
    cases.equal("%s: frames with wrong checksums" % name, wrong_checksums(outputs), [])
    cases.equal("%s: answers of the other backends" % name, result.counters["not_ours"], count * 5 * 2)
    dataplane.add_up(cases, result, sum(map(len, frames)), count * 13, name=name)


def main():
    cases = dataplane.Cases()
    with dataplane.Folder() as folder:
        one_backend(cases, folder, 1, 2, 1)
        one_backend(cases, folder, 2, 1, 1)
        one_backend(cases, folder, 2, 2, 2)
        one_backend(cases, folder, 3, 2, 3)
        one_backend(cases, folder, 3, 4, 2)
        three_backends(cases, folder, 1, 1)
        three_backends(cases, folder, 2, 2)
        three_backends(cases, folder, 3, 3)
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

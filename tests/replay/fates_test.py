#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Fates and events that need a configuration or a time of their own: next hops without link address, flows that
expire, source ports that are looked for."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
from conversation import Conversation  # noqa: E402

LINKS = ("02:00:00:00:0c:01", "02:00:00:00:02:01", "02:00:00:00:00:01")
WEB, TLS, DB = ("203.0.113.10", 80), ("203.0.113.10", 443), ("203.0.113.20", 5432)


def snapshot(folder, name, *changes):
    """replay.conf with (pattern, text) replaced."""
    with open(os.path.join(HERE, "replay.conf")) as file:
        text = file.read()
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text, flags=re.S)
        if not count:
            raise ValueError("replay.conf has no %s" % pattern)
    with open(folder.file(name + ".conf"), "w") as file:
        file.write(text)
    dataplane.compile_snapshot(folder.file(name + ".conf"), folder.file(name + ".snapshot"))
    return folder.file(name + ".snapshot")


def no_next_hop(cases, folder):
    """The link address of one backend has become unknown, as when the kernel forgets it: what is meant for it ends,
    the others are served."""
    config = snapshot(folder, "hop", (r"neighbors = \(", 'neighbors = ( { address = "10.10.0.11"; mac = '
                                      '"02:00:00:00:02:11"; port = "lan"; },'))
    with open(config, "rb") as file:
        data = file.read()
    known = bytes.fromhex("020000000211" "020000000001" "0000" "0100")  # struct poise_egress
    cases.equal("next hop: entries in the snapshot", data.count(known), 1)
    with open(config, "wb") as file:
        file.write(data.replace(known, known[:14] + bytes(2)))
    lost = Conversation(("198.51.100.7", 50001), WEB, ("10.10.0.11", 8080), LINKS)
    good = Conversation(("198.51.100.7", 50002), WEB, ("10.10.0.12", 8080), LINKS)
    inward = [sent for sent, want in lost.whole() if want[:6].hex(":") == LINKS[1]]
    steps = list(good.whole())
    result = dataplane.run(folder, config, {"net_pcap0": [inward + [sent for sent, _ in steps]]}, name="hop")
    if not cases.check("next hop: the dataplane ends by itself", result.status == 0, result.output):
        return
    cases.check("next hop: the other backend is served to the byte",
                result.frames["net_pcap0"][0] == [want for _, want in steps])
    cases.equal("next hop: fates", (result.counters["no_next_hop"], result.counters["forwarded"]),
                (len(inward), len(steps)))
    dataplane.add_up(cases, result, len(inward) + len(steps), len(steps), name="next hop")


def expiry(cases, folder):
    """Half-open flows go after a second, established ones stay."""
    config = snapshot(folder, "expiry", (r'(name = "tls";)', r'\1 timeouts = { half_open_s = 1; };'))
    half = [Conversation(("198.51.100.8", 1024 + n), TLS, ("10.10.0.14", 443), LINKS) for n in range(50)]
    whole = [Conversation(("198.51.100.9", 1024 + n), TLS, ("10.10.0.14", 443), LINKS) for n in range(20)]
    capture = [next(talk.handshake())[0] for talk in half]
    capture += [sent for talk in whole for sent, _ in talk.handshake()]
    result = dataplane.run(folder, config, {"net_pcap0": [capture]}, idle_ms=5000, name="expiry")
    if not cases.check("expiry: the dataplane ends by itself", result.status == 0, result.output):
        return
    cases.equal("expiry: flows created, expired, left",
                (result.counters["flow_created"], result.counters["flow_expired"], result.stats["totals"]["flows"]),
                (70, 50, 20))
    cases.equal("expiry: half-open flows left", result.stats["totals"]["flows_half_open"], 0)


def ports(cases, folder):
    """With one port for each of four addresses the n-th flow to a backend looks at n."""
    talks = [Conversation(("198.51.100.8", 1024 + n), DB, ("10.10.0.%d" % (21 + n % 2), 5432), LINKS,
                          seen=("10.10.0.%d" % (1 + n // 2), 40000)) for n in range(8)]
    steps = [step for talk in talks for step in talk.handshake()]
    result = dataplane.run(folder, snapshot(folder, "ports"), {"net_pcap0": [[sent for sent, _ in steps]]},
                           name="ports")
    if not cases.check("ports: the dataplane ends by itself", result.status == 0, result.output):
        return
    cases.check("ports: equal to the byte", result.frames["net_pcap0"][0] == [want for _, want in steps])
    cases.equal("ports: looked at", result.counters["snat_probe"], 2 * (1 + 2 + 3 + 4))


def main():
    cases = dataplane.Cases()
    with dataplane.Folder() as folder:
        no_next_hop(cases, folder)
        expiry(cases, folder)
        ports(cases, folder)
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

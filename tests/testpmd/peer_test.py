#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""testpmd as the traffic peer over memif: what one side counts as sent the other counts as received, to the packet,
and every packet has its fate."""

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import pcap  # noqa: E402
from conversation import Conversation, wrong_checksums  # noqa: E402
from packet import PSH, ACK, SYN, Seen  # noqa: E402
from testpmd import Dataplane, Testpmd  # noqa: E402

LINKS = ("02:00:00:00:0c:01", "02:00:00:00:02:01", "02:00:00:00:00:01")
WEB = ("203.0.113.10", 80)


def snapshot(folder, name, queues=1):
    path = folder.file("%s-%d.conf" % (name, queues))
    with open(os.path.join(HERE, name + ".conf")) as source, open(path, "w") as target:
        target.write(source.read().replace("queues = 1", "queues = %d" % queues))
    dataplane.compile_snapshot(path, path[:-4] + "snapshot")
    return path[:-4] + "snapshot"


def against(folder, mode, peer_vdevs=(), queues=1):
    """Run testpmd for a second, with a worker for each queue (both ends of memif must agree on the number).
    Returns the dataplane's Result and (received, sent) of testpmd's wire."""
    with Dataplane(folder, snapshot(folder, "wire", queues), workers=queues) as poise:
        with Testpmd(folder, list(peer_vdevs) + [poise.wire(0)], mode,
                     options=["--rxq=%d" % queues, "--txq=%d" % queues]) as peer:
            wire = len(peer_vdevs)
            peer.wait_link(wire)
            peer.start()
            time.sleep(1)
            peer.stop()
            peer.drain(wire)
            counts = peer.packets(wire)
            status = poise.end()
            peer.quit()
    return poise.result(status), counts


def one_way(cases, folder, mode):
    """UDP from testpmd: none of our business, and counted so."""
    result, (received, sent) = against(folder, mode)
    totals = result.stats["totals"]
    cases.check("%s: packets were sent" % mode, sent > 1000, sent)
    cases.equal("%s: received as many as testpmd sent" % mode, totals["rx_packets"], sent)
    cases.equal("%s: nothing goes back" % mode, (totals["tx_packets"], received), (0, 0))
    cases.equal("%s: all are UDP and counted as that" % mode, result.nonzero(), {"not_tcp": sent})


def flood(cases, folder, queues):
    """2000 different SYNs over and over, by testpmd's io mode from a capture in memory."""
    name = "SYN flood, %d workers" % queues
    talks = [Conversation(("198.51.100.%d" % (1 + n % 200), 2000 + n), WEB, ("10.10.0.11", 8080), LINKS)
             for n in range(2000)]
    source = "net_pcap0"
    for queue in range(queues):
        path = folder.file("syn-%d.pcap" % queue)
        pcap.write(path, [one.inward(SYN, seq=1)[0] for one in talks[queue::queues]])
        source += ",rx_pcap=" + path
    result, (received, sent) = against(folder, "io", [source + ",infinite_rx=1"], queues)
    totals, counters = result.stats["totals"], result.counters
    cases.check("%s: packets were sent" % name, sent > 10000, sent)
    cases.equal("%s: received as many as testpmd sent" % name, totals["rx_packets"], sent)
    cases.equal("%s: testpmd received as many as were sent" % name, received, totals["tx_packets"])
    cases.equal("%s: one flow for each client" % name, (counters["flow_created"], totals["flows"]), (2000, 2000))
    cases.equal("%s: exactly half for each backend" % name,
                [backend["flows_created"] for backend in result.stats["backends"]], [1000, 1000])
    lost = counters["handoff_full"]
    cases.equal("%s: all others are repetitions" % name, counters["syn_repeated"], sent - 2000 - lost)
    cases.equal("%s: one fate each" % name, counters["forwarded"] + counters["tx_full"] + lost, sent)
    if queues == 1:
        cases.equal("%s: no packet is lost between workers" % name, lost, 0)


def mirror(cases, folder, mode, count=200):
    """One testpmd plays the clients from a capture, another both backends. With 5tswap it turns whole packets
    round, so each is an answer of its flow; with macswap only the link addresses, so it is nobody's."""
    talks = [Conversation(("198.51.100.%d" % (1 + n % 200), 2000 + n), WEB, ("10.10.0.%d" % (11 + n % 2), 8080), LINKS)
             for n in range(count)]
    source, target = folder.file("clients.pcap"), folder.file(mode + ".pcap")
    packets = [dict(flags=SYN, seq=1)] * count + [dict(flags=PSH | ACK, seq=2, ack=1, data=b"turn me round")] * count
    pcap.write(source, [talks[n % count].inward(**tcp)[0] for n, tcp in enumerate(packets)])
    with Dataplane(folder, snapshot(folder, "peer"), wires=2) as poise:
        with Testpmd(folder, [poise.wire(1)], mode, "backends") as backends, \
                Testpmd(folder, ["net_pcap0,rx_pcap=%s,tx_pcap=%s" % (source, target), poise.wire(0)], "io",
                        "clients") as clients:
            backends.wait_link(0)
            clients.wait_link(1)
            backends.start()
            clients.start()
            until = time.monotonic() + 15
            while time.monotonic() < until and (backends.packets(0) != (len(packets), len(packets)) or (
                    mode == "5tswap" and clients.packets(1)[0] < len(packets))):
                time.sleep(0.1)
            time.sleep(0.2)  # and what there should not be
            clients.stop()
            backends.stop()
            turned, sent = backends.packets(0), clients.packets(1)
            status = poise.end()
            backends.quit()
            clients.quit()
    result, total = poise.result(status), len(packets)
    cases.equal("%s: clients sent all, backends turned all" % mode, (sent[1], turned), (total, (total, total)))
    dataplane.add_up(cases, result, 2 * total, total + sent[0], name=mode)
    if mode == "macswap":
        cases.equal("%s: what comes back is nobody's" % mode, (result.counters["not_ours"], sent[0]), (total, 0))
        return
    cases.equal("%s: all went there and back" % mode, (result.counters["forwarded"], sent[0]), (2 * total, total))
    frames = pcap.read(target)
    cases.equal("%s: frames with wrong checksums" % mode, wrong_checksums(frames), [])
    answers = [(seen.source, seen.sport, seen.target, seen.dport, seen.flags, seen.data) for seen in map(Seen, frames)]
    want = [(WEB[0], WEB[1], talks[n % count].client[0], talks[n % count].client[1], tcp["flags"],
             tcp.get("data", b"")) for n, tcp in enumerate(packets)]
    cases.check("%s: clients see the service answer, in order" % mode, answers == want)


def main():
    cases = dataplane.Cases()
    with dataplane.Folder() as folder:
        one_way(cases, folder, "txonly")
        one_way(cases, folder, "flowgen")
        flood(cases, folder, 1)
        flood(cases, folder, 2)
        mirror(cases, folder, "5tswap")
        mirror(cases, folder, "macswap")
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

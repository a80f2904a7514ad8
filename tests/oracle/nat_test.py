#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The kernel's nftables NAT and poise-dataplane translate the same capture: both must say the same.

The kernel goes first, frame by frame, since what a backend answers depends on whom the kernel chose. Then Poise gets
the same frames in one capture. Frames are compared to the byte, link addresses included. What may differ, and why:

  padding            The kernel cuts a frame at the IPv4 total length, Poise sends what it received. Both are cut here.
  time exceeded      Each writes an error of its own: id, type of service, TTL, DF and how much is quoted beyond the
                     8 bytes of RFC 792. Compared: link and network addresses, type, code, the quoted packet.
  IPv4 checksum      The kernel drops a packet whose header's checksum is wrong, Poise sends it on, wrong as it was.
  L4 checksum        With nf_conntrack_checksum 0 the kernel translates a wrong one by the same arithmetic; equal. With
                     1 (its default) such a packet is invalid: not translated, so toward a service it ends, and from a
                     backend it leaves under the backend's own address. Poise translates both, wrong as they were.
  backend's RST      A SYN on a connection that its backend has reset: the kernel lets it go on with the same backend,
                     Poise starts anew, with the backend whose turn it is. (A client's RST starts anew in both.)
  quoted checksum    Of a TCP header quoted to its checksum and no further (18 or 19 bytes) the kernel leaves the
                     checksum as it was, Poise translates it. With 20 bytes and more both do.
  flags              A client's SYN-ACK, SYN-ACK with URG and RST with URG: invalid for the kernel, which does not
                     translate them. Poise does: its rule is that all but SYN and RST must have ACK.
"""

import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import kernel  # noqa: E402
import packet as p  # noqa: E402
from compare import assign, differs  # noqa: E402
from packet import ACK, FIN, PSH, RST, SYN, URG, Seen  # noqa: E402
from talk import Capture, Talk  # noqa: E402

WEB, DB, MAIL = ("203.0.113.10", 80), ("203.0.113.20", 5432), ("203.0.113.30", 25)
STAMP = b"\x01\x01\x08\x0a\x00\x01\x02\x03\x00\x00\x00\x00"
SACK = b"\x01\x01\x05\x0a\x00\x00\x1b\x59\x00\x00\x1b\xff"


def client(number):
    return ("198.51.100.%d" % (1 + number % 90), 20000 + number)


def in_turn(capture):
    capture.scenario = "round robin"
    talks = [Talk(capture, client(n), WEB) for n in range(9)]
    chosen = [talk.syn() for talk in talks]
    for talk in talks:
        talk.syn("SYN again")  # no turn is taken
    return chosen == [("10.10.0.%d" % (11 + n % 2), 8080) for n in range(9)]


def conversations(capture):
    capture.scenario = "conversation"
    talks = [Talk(capture, client(100 + n), WEB).open() for n in range(4)]
    for turn in range(3):
        for talk in talks:
            talk.say(bytes([65 + turn]) * (100 + turn), options=STAMP)
            talk.answer(bytes(range(256)) * 5, options=STAMP)
            talk.outward(ACK, "SACK", options=SACK)
    talks[0].inward(ACK | URG | PSH | 0xC0, "urgent, ECN", urgent=3, data=b"now")
    talks[0].inward(ACK, "type of service, no DF", ip={"tos": 0xB8, "fragment": 0}, window=0)
    talks[0].inward(ACK, "IPv4 options", ip={"options": b"\x01" * 8}, data=b"odd")
    talks[0].outward(ACK, "IPv4 and TCP options", ip={"options": b"\x01" * 40}, options=STAMP + SACK, data=b"odd")
    for number, talk in enumerate(talks):
        talk.close("client" if number % 2 else "backend")


def again(capture):
    """The same client endpoint once more, after FINs and after a reset: a new connection, whose turn it is."""
    capture.scenario = "again"
    for number, first in enumerate(("client", "backend", "")):
        talk = Talk(capture, client(200 + number), WEB).open()
        talk.say(b"one")
        if first:
            talk.close(first)
        else:
            talk.inward(RST, "RST")
        talk = Talk(capture, client(200 + number), WEB)
        talk.there = 0x10000000
        talk.open().say(b"two")
        if number % 2:  # so that the next connection does not get the same backend by chance
            Talk(capture, client(210 + number), WEB).syn("SYN of another")


def reset_by_backend(capture):
    """Last in the capture: from here on the two do not agree whose turn it is."""
    capture.scenario = "RST of the backend"
    Talk(capture, client(250), WEB).open().outward(RST | ACK, "RST")
    again = Talk(capture, client(250), WEB)
    again.inward(SYN, "SYN on it", seq=0x10000000, differs=started_anew)


def syn_repeated(capture):
    capture.scenario = "SYN repeated"
    first, second = Talk(capture, client(300), WEB), Talk(capture, client(301), WEB)
    first.syn()
    first.syn("SYN again")
    second.syn()
    first.outward(SYN | ACK, "SYN-ACK", ack=first.there + 1)
    first.syn("SYN after the SYN-ACK")
    first.outward(SYN | ACK, "SYN-ACK again", ack=first.there + 1)
    return first.backend != second.backend


def errors(talk):
    """ICMP errors, of both directions, with as little and as much quoted as there is."""
    for send in (talk.error_inward, talk.error_outward):
        send(3, 4, rest=1400, about="frag needed")
        send(3, 4, rest=1400, quoted=60, about="frag needed, the whole packet quoted")
        send(3, 4, rest=1400, quoted=20, options=b"\x01" * 12, about="frag needed, options in the quoted header")
        send(3, 3, quoted=20, about="port unreachable")
        send(3, 1, quoted=24, about="host unreachable")
        send(11, 0, about="time exceeded")
        send(12, 0, rest=0x08000000, quoted=17, about="parameter problem, an odd number of bytes")
    talk.error_outward(3, 1, router=talk.backend[0], about="from the backend itself")
    talk.error_inward(3, 1, router=talk.client[0], about="from the client itself")
    talk.say(b"goes on")
    talk.answer(b"goes on")


def quoted_sum(ours, theirs):
    """Poise has translated the quoted checksum (and so the error's own differs), the kernel has not."""
    return len(theirs) == 1 and not p.checksums_wrong(ours) and ours[78:80] != theirs[0][78:80] and \
        ours[:36] + ours[38:78] == theirs[0][:36] + theirs[0][38:78]


def icmp(capture):
    capture.scenario = "ICMP"
    talk = Talk(capture, client(400), WEB).open()
    errors(talk)
    talk.error_outward(3, 1, quoted=18, about="quoted up to the checksum", differs=quoted_sum)


def lifetimes(capture):
    capture.scenario = "TTL"
    talk = Talk(capture, client(500), WEB).open()
    for ttl in (2, 64, 255):
        talk.inward(ACK, "TTL %d" % ttl, ip={"ttl": ttl})
        talk.outward(ACK, "TTL %d" % ttl, ip={"ttl": ttl})
    talk.inward(ACK, "TTL 1: time exceeded", ip={"ttl": 1})


def wrong_sum(at):
    """Change a byte behind the checksums' backs."""
    return lambda frame: frame[:at] + bytes([frame[at] ^ 0x55]) + frame[at + 1:]


def set_sum(value):
    return lambda frame: frame[:50] + value.to_bytes(2, "big") + frame[52:]


def left_wrong(ours, theirs):
    """Poise translates it and does not repair it; the kernel drops it or leaves the backend's address in it."""
    return p.checksums_wrong(ours) and not Seen(ours).source.startswith("10.10.0.") and \
        all(Seen(other).source in ("10.10.0.11", "10.10.0.12") for other in theirs)


def let_through(ours, theirs):
    """By Poise, whole."""
    return not theirs and not p.checksums_wrong(ours)


def started_anew(ours, theirs):
    """Two good SYNs, equal but for the backend."""
    return len(theirs) == 1 and Seen(ours).target != Seen(theirs[0]).target and \
        Seen(ours).seq == Seen(theirs[0]).seq and not p.checksums_wrong(ours)


def to_zero(number, source, target, step):
    """Header fields of a packet of this id between these addresses that make its IPv4 checksum 0 once `step` was
    taken from the TTL: the TTL before, and the bytes of data."""
    ends = p.address(source) + p.address(target)
    for ttl in range(2, 256):
        rest = 0x4500 + number + 0x4000 + (ttl - step << 8 | p.TCP) + sum(
            int.from_bytes(ends[at:at + 2], "big") for at in range(0, 8, 2))
        total = -rest % 0xFFFF
        if 40 <= total <= 1440:
            return {"ip": {"ttl": ttl}, "data": bytes(total - 40)}
    raise ValueError("no such packet")


def edges(capture):
    """Checksums that are 0 or become 0: where arithmetic of ones' complement has two zeros."""
    capture.scenario = "checksums of zero"
    talk = Talk(capture, client(610), WEB).open()
    zeros, inward, outward = [], (talk.client[0], talk.vip[0]), (talk.backend[0], talk.seen[0])
    for send, sent, seen in ((talk.inward, inward, (talk.seen[0], talk.backend[0])),
                             (talk.outward, outward, (talk.vip[0], talk.client[0]))):
        send(ACK, "IPv4 checksum 0", **to_zero(capture.id(), *sent, 0))
        got = send(ACK, "IPv4 checksum becomes 0", **to_zero(capture.id(), *seen, 1))
        zeros += [got[24:26]]
        before = capture.steps[-1].frame
        difference = int.from_bytes(got[50:52], "big") - int.from_bytes(before[50:52], "big")
        got = send(ACK, "TCP checksum becomes 0", change=set_sum(-difference % 0xFFFF))
        zeros += [got[50:52]]
    return zeros == [b"\0\0"] * 4


def checksums(capture):
    capture.scenario = "checksums"
    talk = Talk(capture, client(600), WEB).open()
    for send in (talk.inward, talk.outward):
        send(ACK, "damaged data", data=b"damaged", change=wrong_sum(58))
        send(ACK, "damaged sequence number", change=wrong_sum(40))
        for value in (0, 1, 0x00FF, 0xFF00, 0xFFFE, 0xFFFF):
            send(ACK, "TCP checksum %#06x" % value, change=set_sum(value))
        send(ACK, "damaged IPv4 header", change=wrong_sum(19), translated=False, differs=left_wrong)
    talk.say(b"good again")
    capture.kernel.set("net.netfilter.nf_conntrack_checksum", 1)
    talk.inward(ACK, "damaged, nf_conntrack_checksum 1", data=b"damaged", change=wrong_sum(58), translated=False,
                differs=left_wrong)
    talk.outward(ACK, "damaged, nf_conntrack_checksum 1", data=b"damaged", change=wrong_sum(58),
                 differs=left_wrong)
    capture.kernel.set("net.netfilter.nf_conntrack_checksum", 0)


def padding(capture):
    capture.scenario = "padding"
    talk = Talk(capture, client(700), WEB).open()
    talk.inward(ACK, "6 zeros", padding=bytes(6))
    talk.outward(ACK, "noise", padding=b"\xde\xad\xbe\xef" * 3)
    talk.inward(PSH | ACK, "behind data of odd length", data=b"x", padding=b"\xff" * 5)


def refused(capture):
    capture.scenario = "refused"
    nobody = Talk(capture, client(800), WEB)
    for flags in (ACK, PSH | ACK, SYN | ACK, FIN | ACK, RST, RST | ACK):
        nobody.inward(flags, "no connection, flags %d" % flags, translated=False)
    Talk(capture, client(801), (WEB[0], 81)).inward(SYN, "no service", translated=False)
    for flags in (0, SYN | FIN, SYN | RST, FIN, PSH, URG, FIN | PSH | URG):
        nobody.inward(flags, "unsound flags %d" % flags, translated=False)


def mixes(capture):
    """Every mix of the six flags, each on a connection of its own."""
    capture.scenario = "flags"
    for flags in range(64):
        talk, mix = Talk(capture, client(900 + flags), WEB).open(), flags & ~PSH
        stricter = mix in (SYN | ACK, SYN | ACK | URG, RST | URG, RST | ACK | URG)
        sound = mix in (SYN, SYN | URG, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG)
        talk.inward(flags, translated=sound, differs=let_through if stricter else None)


def full_nat(capture):
    capture.scenario = "full NAT"
    talks = [Talk(capture, client(1000 + n), DB).open() for n in range(8)]
    sources = [talk.seen for talk in talks] == [("10.10.0.%d" % (1 + n // 2), 40000) for n in range(8)]
    Talk(capture, client(1008), DB).inward(SYN, "no source port left", translated=False)
    for talk in talks:
        talk.say(b"select 1;", options=STAMP)
        talk.answer(b"1" * 300, options=SACK)
    for number, talk in enumerate(talks):
        talk.close("client" if number % 2 else "backend")
    capture.scenario = "masquerade"
    talks = [Talk(capture, client(1100 + n), MAIL).open() for n in range(2)]
    for talk in talks:
        talk.answer(b"220 hello\r\n", options=STAMP)
        talk.say(b"QUIT\r\n")
        talk.syn("SYN again")
        errors(talk)
        talk.close("backend")
    return sources and [talk.seen for talk in talks] == [("10.10.0.1", 40000)] * 2


def at_random(capture, source):
    """Data of all lengths with all sorts of header fields on a few connections."""
    capture.scenario = "random"
    talks = [Talk(capture, client(2000 + n), vip).open() for n, vip in enumerate([WEB] * 5)]
    for _ in range(400):
        talk = source.choice(talks)
        send = source.choice((talk.inward, talk.outward))
        send(source.choice((ACK, PSH | ACK, ACK | URG)) | source.choice((0, 0x40, 0x80)),
             data=source.randbytes(source.choice((0, 1, source.randrange(1400)))),
             options=b"\x01" * (4 * source.randrange(4)) + source.choice((b"", STAMP, SACK)),
             window=source.randrange(65536), urgent=source.randrange(65536), seq=source.getrandbits(32),
             ack=source.getrandbits(32),
             ip={"tos": source.randrange(64) * 4, "ttl": source.randrange(2, 256),
                 "options": b"\x01" * (4 * source.randrange(3)), "fragment": source.choice((0, 0x4000))})


def record(cases, capture):
    cases.check("the kernel takes backends in turn, repeated SYNs none", in_turn(capture))
    conversations(capture)
    again(capture)
    cases.check("the kernel gives the next connection the next backend", syn_repeated(capture))
    icmp(capture)
    lifetimes(capture)
    checksums(capture)
    cases.check("checksums become zero in the kernel", edges(capture))
    padding(capture)
    refused(capture)
    mixes(capture)
    cases.check("the kernel's source addresses are those of nat.nft", full_nat(capture))
    at_random(capture, random.Random(7))
    reset_by_backend(capture)


def main():
    kernel.enter()
    cases = dataplane.Cases()
    with kernel.Kernel(os.path.join(HERE, "nat.nft")) as router:
        capture = Capture(router)
        record(cases, capture)
    with dataplane.Folder() as folder:
        dataplane.compile_snapshot(os.path.join(HERE, "oracle.conf"), folder.file("snapshot"))
        result = dataplane.run(folder, folder.file("snapshot"),
                               {"net_pcap0": [[step.frame for step in capture.steps]]})
    if not cases.check("the dataplane ends by itself", result.status == 0, result.output):
        return cases.status()
    mine, rest = assign(capture.steps, result.frames["net_pcap0"][0])
    cases.equal("every frame of Poise belongs to one of the capture, in order", len(rest), 0)
    groups = {}
    for step, frames in zip(capture.steps, mine):
        groups.setdefault(step.about.partition(":")[0], []).append((step, frames))
    for name, members in groups.items():
        wrong = [(step.about, why) for step, why in ((step, differs(step, frames)) for step, frames in members) if why]
        cases.check("%s: %d frames, kernel and Poise agree" % (name, len(members)), not wrong,
                    *["%s: %s" % pair for pair in wrong[:8]])
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

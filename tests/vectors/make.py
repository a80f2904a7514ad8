#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Write the packet vectors: tests/vectors/make.py [FOLDER].

Every frame that must leave is built here from scratch, field by field and with all checksums computed over
the whole packet, from what RFCs and the configuration say. Nothing of Poise is asked.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import packet as p  # noqa: E402
import vec  # noqa: E402
from packet import ACK, FIN, PSH, RST, SYN, URG, Arp, Ether, Icmp, Ip, Tcp, Udp  # noqa: E402

POISE, POISE_BACK = "02:00:00:00:00:01", "02:00:00:00:00:02"
ROUTER = "02:00:00:00:0c:01"  # the next hop toward clients
STRANGER = "02:00:00:00:0c:99"  # a client that is in no known prefix
CLIENT, FAR = "198.51.100.7", "192.0.2.55"
WEB, WEB_PORT = "203.0.113.10", 80
DB, DB_PORT, SNAT, SNAT_PORT = "203.0.113.20", 5432, "10.10.0.1", 40000
WEB1, WEB2, TLS1 = ("10.10.0.11", 8080), ("10.10.0.12", 8080), ("10.10.0.13", 443)
WEB3 = ("10.10.0.13", 8080)
PG1, PG2 = ("10.10.0.21", 5432), ("10.10.0.22", 5432)
LINK = {"10.10.0.11": "02:00:00:00:02:11", "10.10.0.12": "02:00:00:00:02:12", "10.10.0.13": "02:00:00:00:02:13",
        "10.10.0.21": "02:00:00:00:02:21", "10.10.0.22": "02:00:00:00:02:22"}
NOP = b"\x01"


class Flow:
    """One connection: builds what its ends send, and what must come of it."""

    def __init__(self, vectors, sport, backend, client=CLIENT, vip=WEB, vport=WEB_PORT, snat=None, link=ROUTER,
                 front="lan", back="lan", back_mac=POISE):
        self.vectors, self.sport, self.backend, self.client = vectors, sport, backend, client
        self.vip, self.vport, self.link, self.front, self.back = vip, vport, link, front, back
        self.snat, self.back_mac = snat or (client, sport), back_mac

    def inward(self, flags, tags=(), ttl=64, padding=b"", ip=None, **tcp):
        """(what the client sends, what the backend must receive)"""
        ip = ip or {}
        sent = Ether(POISE, self.link, Ip(self.client, self.vip, Tcp(self.sport, self.vport, flags, **tcp), ttl=ttl,
                                          **ip), tags=tags, padding=padding)
        want = Ether(LINK[self.backend[0]], self.back_mac,
                     Ip(self.snat[0], self.backend[0], Tcp(self.snat[1], self.backend[1], flags, **tcp), ttl=ttl - 1,
                        **ip), tags=tags, padding=padding)
        return sent.bytes(), want.bytes()

    def outward(self, flags, tags=(), ttl=64, padding=b"", ip=None, **tcp):
        ip = ip or {}
        sent = Ether(self.back_mac, LINK[self.backend[0]],
                     Ip(self.backend[0], self.snat[0], Tcp(self.backend[1], self.snat[1], flags, **tcp), ttl=ttl,
                        **ip), tags=tags, padding=padding)
        want = Ether(self.link, POISE, Ip(self.vip, self.client, Tcp(self.vport, self.sport, flags, **tcp),
                                          ttl=ttl - 1, **ip), tags=tags, padding=padding)
        return sent.bytes(), want.bytes()

    def into(self, text, flags, events=(), **how):
        sent, want = self.inward(flags, **how)
        self.vectors.add(vec.Step(text, self.front, sent, "forwarded", (self.back, want), events))

    def out(self, text, flags, events=(), **how):
        sent, want = self.outward(flags, **how)
        self.vectors.add(vec.Step(text, self.back, sent, "forwarded", (self.front, want), events))

    def refused(self, text, flags, verdict, events=(), **how):
        sent, _ = self.inward(flags, **how)
        self.vectors.add(vec.Step(text, self.front, sent, verdict, None, events))

    def answered(self, text, flags, verdict, seq, tags=(), data=b"", **how):
        """Answered with a reset of Poise's own."""
        sent, _ = self.inward(flags, tags=tags, seq=seq, data=data, **how)
        length = len(data) + bool(flags & SYN) + bool(flags & FIN)
        reset = Tcp(self.vport, self.sport, RST | ACK, seq=0, ack=(seq + length) & 0xFFFFFFFF, window=0)
        want = Ether(self.link, POISE, Ip(self.vip, self.client, reset, id=0), tags=tags).bytes()
        self.vectors.add(vec.Step(text, self.front, sent, verdict, (self.front, want)))

    def open(self):
        self.into("SYN", SYN, ["flow_created"], seq=99, options=b"\x02\x04\x05\xb4")
        self.out("SYN-ACK", SYN | ACK, seq=499, ack=100, options=b"\x02\x04\x05\xb4")
        self.into("ACK", ACK, seq=100, ack=500)


def drop(vectors, text, frame, verdict, port="lan"):
    vectors.add(vec.Step(text, port, frame, verdict))


def conversation(flow):
    flow.open()
    flow.into("request", PSH | ACK, seq=100, ack=500, data=b"GET / HTTP/1.0\r\n\r\n")
    flow.out("acknowledged", ACK, seq=500, ack=118)
    flow.out("answer, odd length", PSH | ACK, seq=500, ack=118, data=b"HTTP/1.0 200 OK\r\n\r\nhello.")
    flow.into("acknowledged", ACK, seq=118, ack=525)
    flow.out("backend finishes", FIN | ACK, seq=525, ack=118)
    flow.into("the client still sends", PSH | ACK, seq=118, ack=526, data=b"x" * 1000)
    flow.into("client finishes, with data", FIN | PSH | ACK, seq=1118, ack=526, data=b"bye")
    flow.out("last acknowledgement", ACK, seq=526, ack=1122)


def dnat():
    vectors = vec.Vectors("one_arm", "DNAT of whole connections.")
    vectors.scenario = "A connection from SYN to the last ACK"
    conversation(Flow(vectors, 50001, WEB1))
    vectors.scenario = "A client in no known prefix is answered by the link it came from"
    conversation(Flow(vectors, 50001, WEB2, client=FAR, link=STRANGER))
    vectors.scenario = "What frames may carry"
    flow = Flow(vectors, 50002, WEB1)
    flow.into("SYN, tagged", SYN, ["flow_created"], tags=[(p.VLAN, 100)])
    flow.out("SYN-ACK, priority tag", SYN | ACK, tags=[(p.VLAN, 0xE000)], ack=1001)
    flow.into("ACK, two tags", ACK, tags=[(p.QINQ, 100), (p.VLAN, 200)], ack=1001)
    flow.into("IP options, one word", ACK, ip={"options": NOP * 4}, data=b"abc")
    flow.into("IP options, ten words", ACK, ip={"options": NOP * 40}, data=b"abc")
    flow.out("IP and TCP options", ACK, ip={"options": NOP * 8}, options=NOP * 40, data=b"abcd")
    flow.into("padded to the least frame", ACK, padding=bytes(6))
    flow.out("padded with noise", ACK, padding=b"\xde\xad\xbe\xef" * 3)
    flow.into("type of service and no DF", ACK, ip={"tos": 0xB8, "fragment": 0})
    flow.into("ECN and urgent pointer", ACK | URG | 0xC0, urgent=5, data=b"urgent")
    flow.out("largest frame", ACK, data=bytes(range(256)) * 5 + bytes(180))
    flow.into("TTL 2 leaves as 1", ACK, ttl=2)
    flow.out("TTL 255 leaves as 254", ACK, ttl=255)
    vectors.scenario = "Checksums at the edge"
    # Search the urgent pointer that makes the right TCP checksum 0, then send the alias 0xffff.
    sent = Ether(POISE, ROUTER, Ip(CLIENT, WEB, Tcp(50002, WEB_PORT, ACK)))
    zero = int.from_bytes(sent.bytes()[50:52], "big")
    frame, want = flow.inward(ACK, urgent=zero)
    assert frame[50:52] == b"\0\0"
    vectors.add(vec.Step("a TCP checksum of zero", "lan", frame, "forwarded", ("lan", want)))
    alias = frame[:50] + b"\xff\xff" + frame[52:]
    vectors.add(vec.Step("its alias 0xffff", "lan", alias, "forwarded", ("lan", want)))
    damaged_checksum(vectors, flow)
    vectors.flows = 3
    return vectors


def ones_add(a, b):
    return (a + b) % 0xFFFF


def damaged_checksum(vectors, flow):
    """Poise does not repair: the error of the sum that goes in is the error of the sum that comes out."""
    good, want = flow.inward(ACK, data=b"damaged on the way")
    bad = good[:60] + bytes([good[60] ^ 0x40]) + good[61:]
    broken = want[:60] + bytes([want[60] ^ 0x40]) + want[61:]
    vectors.add(vec.Step("damaged payload stays damaged", "lan", bad, "forwarded", ("lan", broken)))
    error = ones_add(0x1111, 0)
    bad = good[:50] + ones_add(int.from_bytes(good[50:52], "big"), error).to_bytes(2, "big") + good[52:]
    broken = want[:50] + ones_add(int.from_bytes(want[50:52], "big"), error).to_bytes(2, "big") + want[52:]
    vectors.add(vec.Step("damaged checksum stays damaged", "lan", bad, "forwarded", ("lan", broken)))


def spread():
    vectors = vec.Vectors("one_arm", "Who gets a connection.")
    vectors.scenario = "Connections go to the backends strictly in turn"
    flows = [Flow(vectors, 51000 + i, WEB2 if i & 1 else WEB1) for i in range(6)]
    for flow in flows:
        flow.into("SYN from port %d" % flow.sport, SYN, ["flow_created"])
    vectors.scenario = "A repeated SYN is the same flow and takes no turn"
    for _ in range(3):
        flows[0].into("SYN again", SYN, ["syn_repeated"])
    flows[0].out("SYN-ACK", SYN | ACK, ack=1001)
    flows[0].out("SYN-ACK again", SYN | ACK, ack=1001)
    flows[0].into("SYN after the SYN-ACK", SYN, ["syn_repeated"])
    vectors.scenario = "Another service has a turn of its own"
    Flow(vectors, 51000, TLS1, vport=443).into("SYN to port 443", SYN, ["flow_created"])
    Flow(vectors, 51006, WEB1).into("next for port 80", SYN, ["flow_created"])
    vectors.scenario = "Refused packets take no turn"
    other = Flow(vectors, 52000, WEB2)
    other.refused("ACK of no flow", ACK, "no_flow")
    other.into("SYN", SYN, ["flow_created"])
    vectors.scenario = "A SYN on a closed connection starts a new one at once"
    closed = Flow(vectors, 53000, WEB1)
    closed.open()
    closed.into("FIN", FIN | ACK, seq=100, ack=500)
    closed.into("SYN while half closed: still the old one", SYN, ["syn_repeated"])
    closed.out("FIN", FIN | ACK, seq=500, ack=101)
    closed.into("last ACK", ACK, seq=101, ack=501)
    Flow(vectors, 53000, WEB2).into("SYN", SYN, ["flow_rescheduled", "flow_created"], seq=7000)
    vectors.scenario = "A SYN after a reset starts a new one at once"
    reset = Flow(vectors, 53001, WEB1)
    reset.open()
    reset.into("RST", RST, seq=100)
    Flow(vectors, 53001, WEB2).into("SYN", SYN, ["flow_rescheduled", "flow_created"], seq=7000)
    vectors.flows = 6 + 1 + 1 + 1 + 2
    return vectors


def resets():
    vectors = vec.Vectors("one_arm", "Resets and what they may do.")
    vectors.scenario = "A reset far from the window is passed on and believed by nobody"
    flow = Flow(vectors, 54000, WEB1)
    flow.open()
    flow.into("RST far ahead", RST, ["rst_out_of_window"], seq=0x40000000)
    flow.out("RST far behind", RST, ["rst_out_of_window"], seq=0x90000000)
    flow.into("so a SYN is still a repetition", SYN, ["syn_repeated"])
    vectors.scenario = "A reset in the window closes; data brings the flow back"
    flow.out("RST+ACK", RST | ACK, seq=500, ack=100)
    flow.into("data after the reset", ACK, seq=100, ack=500, data=b"alive")
    flow.into("so a SYN is a repetition again", SYN, ["syn_repeated"])
    vectors.scenario = "A backend that refuses"
    refused = Flow(vectors, 54001, WEB2)
    refused.into("SYN", SYN, ["flow_created"], seq=99)
    refused.out("RST+ACK", RST | ACK, seq=0, ack=100)
    Flow(vectors, 54001, WEB1).into("the next try goes to the next backend", SYN,
                                    ["flow_rescheduled", "flow_created"], seq=150)
    vectors.flows = 2
    return vectors


def full():
    vectors = vec.Vectors("full", "Full NAT: the backend sees an address of Poise.")
    vectors.scenario = "Two connections by one source port, to two backends"
    one = Flow(vectors, 50001, PG1, vip=DB, vport=DB_PORT, snat=(SNAT, SNAT_PORT))
    two = Flow(vectors, 50002, PG2, vip=DB, vport=DB_PORT, snat=(SNAT, SNAT_PORT))
    conversation(one)
    conversation(two)
    vectors.scenario = "No port is left toward either backend"
    for port in (50003, 50004):
        Flow(vectors, port, PG1, vip=DB, vport=DB_PORT).refused("SYN from port %d" % port, SYN, "snat_exhausted")
    vectors.scenario = "The connections that live are not disturbed"
    one.out("data", PSH | ACK, seq=526, ack=1122, data=b"late")
    two.into("data", PSH | ACK, seq=1122, ack=526, data=b"late")
    vectors.scenario = "A stranger cannot use a port that is taken"
    stray = Flow(vectors, 50001, PG1, vip=DB, vport=DB_PORT, snat=(SNAT, SNAT_PORT + 1))
    sent, _ = stray.outward(ACK)
    drop(vectors, "backend to a port of no flow", sent, "not_ours")
    odd = Ether(POISE, LINK["10.10.0.21"], Ip("10.10.0.99", SNAT, Tcp(5432, SNAT_PORT, ACK))).bytes()
    drop(vectors, "another host to the port of a flow", odd, "not_ours")
    vectors.flows = 2
    return vectors


def two_arm():
    vectors = vec.Vectors("two_arm", "Two ports, and weights five, one, one.")
    vectors.scenario = "Smooth weighted round robin"
    order = [WEB1, WEB1, WEB2, WEB1, WEB3, WEB1, WEB1]
    flows = [Flow(vectors, 55000 + i, order[i % 7], front="front", back="back", back_mac=POISE_BACK)
             for i in range(14)]
    for flow in flows:
        flow.into("SYN from port %d" % flow.sport, SYN, ["flow_created"])
    vectors.scenario = "Replies leave by the front port"
    for flow in flows[2:5]:
        flow.out("SYN-ACK", SYN | ACK, seq=499, ack=1001)
    vectors.scenario = "A client in no known prefix is answered by port and link it came from"
    conversation(Flow(vectors, 50001, WEB1, client=FAR, link=STRANGER, front="front", back="back",
                      back_mac=POISE_BACK))
    vectors.scenario = "Full NAT over two ports"
    conversation(Flow(vectors, 50001, PG1, vip=DB, vport=DB_PORT, snat=(SNAT, SNAT_PORT), front="front",
                      back="back", back_mac=POISE_BACK))
    vectors.scenario = "ARP is answered with the address of the port it came in by"
    for port, own in (("front", POISE), ("back", POISE_BACK)):
        arp(vectors, "who has the service", WEB, port, own)
    vectors.flows = 16
    return vectors


def arp(vectors, text, target, port="lan", own=POISE, tags=()):
    asked = Ether("ff:ff:ff:ff:ff:ff", ROUTER, Arp(1, ROUTER, CLIENT, "00:00:00:00:00:00", target), tags=tags,
                  padding=bytes(18))
    answer = Ether(ROUTER, own, Arp(2, own, target, ROUTER, CLIENT), tags=tags, padding=bytes(18))
    vectors.add(vec.Step(text, port, asked.bytes(), "arp_answered", (port, answer.bytes())))


def replies():
    vectors = vec.Vectors("one_arm", "What Poise answers itself.")
    vectors.scenario = "ARP"
    arp(vectors, "who has the service", WEB)
    arp(vectors, "the same, tagged", WEB, tags=[(p.VLAN, 7)])
    ask = Ether("ff:ff:ff:ff:ff:ff", ROUTER, Arp(1, ROUTER, CLIENT, "00:00:00:00:00:00", "203.0.113.11"))
    drop(vectors, "who has another address", ask.bytes(), "arp_not_ours")
    drop(vectors, "an answer is no request",
         Ether(POISE, ROUTER, Arp(2, ROUTER, CLIENT, POISE, WEB)).bytes(), "arp_not_ours")
    drop(vectors, "gratuitous ARP of another host",
         Ether("ff:ff:ff:ff:ff:ff", ROUTER, Arp(1, ROUTER, CLIENT, "00:00:00:00:00:00", CLIENT)).bytes(),
         "arp_not_ours")
    vectors.scenario = "Echo to a service address"
    for text, tags, ip, data in (("56 bytes", (), {}, bytes(range(56))), ("no data", (), {}, b""),
                                 ("odd, tagged, with options", [(p.VLAN, 9)], {"options": NOP * 12}, b"odd"),
                                 ("TTL 1", (), {"ttl": 1}, b"last hop")):
        echo(vectors, text, tags, ip, data)
    other = Ether(POISE, ROUTER, Ip(CLIENT, "10.10.0.11", Icmp(8, 0, 1, b"not for us"))).bytes()
    drop(vectors, "echo to another address", other, "not_tcp")
    drop(vectors, "an echo reply", Ether(POISE, ROUTER, Ip(CLIENT, WEB, Icmp(0, 0, 1, b"x"))).bytes(), "not_tcp")
    vectors.scenario = "Time to live"
    flow = Flow(vectors, 50001, WEB1)
    expired(vectors, flow, "SYN with TTL 1 makes no flow", SYN)
    flow.open()
    expired(vectors, flow, "data with TTL 1", PSH | ACK, data=b"GET / HTTP/1.0\r\n\r\n")
    expired(vectors, flow, "data with TTL 1, options, tagged", ACK, tags=[(p.VLAN, 5)],
            ip={"options": NOP * 40}, data=b"z" * 100)
    sent, _ = flow.outward(ACK, ttl=1)
    drop(vectors, "from the backend: no error is sent toward it", sent, "ttl_expired")
    vectors.flows = 1
    return vectors


def echo(vectors, text, tags, ip, data):
    asked = Ether(POISE, ROUTER, Ip(CLIENT, WEB, Icmp(8, 0, 0x12340001, data), **ip), tags=tags)
    answer = Ether(ROUTER, POISE, Ip(WEB, CLIENT, Icmp(0, 0, 0x12340001, data), **dict(ip, ttl=64)), tags=tags)
    vectors.add(vec.Step(text, "lan", asked.bytes(), "echo_answered", ("lan", answer.bytes())))


def expired(vectors, flow, text, flags, tags=(), ip=None, **tcp):
    sent, _ = flow.inward(flags, ttl=1, tags=tags, ip=ip, **tcp)
    at = 14 + 4 * len(tags)
    quoted = sent[at:at + (sent[at] & 15) * 4 + 8]
    error = Ether(ROUTER, POISE, Ip(WEB, CLIENT, Icmp(11, 0, 0, quoted), id=0, fragment=0), tags=tags)
    vectors.add(vec.Step(text, "lan", sent, "ttl_expired", ("lan", error.bytes())))


def inner(source, target, sport, dport, quoted, ttl=60, options=b""):
    """The head of a packet as an ICMP error quotes it: IPv4 header and `quoted` bytes."""
    whole = Ip(source, target, Tcp(sport, dport, ACK, seq=100, ack=500, data=b"quoted" * 10), ttl=ttl,
               options=options).bytes()
    return whole[:20 + len(options) + quoted]


def icmp_errors(vectors, flow, hop_in, hop_out):
    """Errors from a router on either side about packets of the flow, each with several quoted lengths."""
    for kind, code, rest in ((3, 4, 1400), (3, 3, 0), (11, 0, 0), (12, 0, 0x14000000)):
        for quoted in (8, 20, 40):
            # About a packet vip -> client: the backend must see snat as the far end of its own packet.
            text = "type %d code %d, %d bytes quoted, " % (kind, code, quoted)
            seen = inner(flow.vip, flow.client, flow.vport, flow.sport, quoted)
            own = inner(flow.backend[0], flow.snat[0], flow.backend[1], flow.snat[1], quoted)
            source = hop_in if flow.snat[0] == flow.client else flow.snat[0]
            sent = Ether(POISE, flow.link, Ip(hop_in, flow.vip, Icmp(kind, code, rest, seen)))
            want = Ether(LINK[flow.backend[0]], flow.back_mac,
                         Ip(source, flow.backend[0], Icmp(kind, code, rest, own), ttl=63))
            vectors.add(vec.Step(text + "from the clients' side", flow.front, sent.bytes(), "forwarded",
                                 (flow.back, want.bytes())))
            # About a packet snat -> backend: the client must see the service.
            seen = inner(flow.snat[0], flow.backend[0], flow.snat[1], flow.backend[1], quoted)
            own = inner(flow.client, flow.vip, flow.sport, flow.vport, quoted)
            sent = Ether(flow.back_mac, LINK[flow.backend[0]],
                         Ip(hop_out, flow.snat[0], Icmp(kind, code, rest, seen)))
            want = Ether(flow.link, POISE, Ip(flow.vip, flow.client, Icmp(kind, code, rest, own), ttl=63))
            vectors.add(vec.Step(text + "from the backends' side", flow.back, sent.bytes(), "forwarded",
                                 (flow.front, want.bytes())))


def icmp():
    vectors = vec.Vectors("one_arm", "ICMP errors about DNAT flows.")
    vectors.scenario = "Errors about a living flow"
    flow = Flow(vectors, 50001, WEB1)
    flow.open()
    icmp_errors(vectors, flow, "198.51.100.1", "10.10.0.254")
    vectors.scenario = "Quoted options, tags, odd lengths"
    options = NOP * 16
    sent = Ether(POISE, ROUTER, Ip("198.51.100.1", WEB, Icmp(3, 1, 0, inner(WEB, CLIENT, 80, 50001, 9,
                                                                            options=options))), tags=[(p.VLAN, 3)])
    want = Ether(LINK[WEB1[0]], POISE,
                 Ip("198.51.100.1", WEB1[0], Icmp(3, 1, 0, inner(WEB1[0], CLIENT, 8080, 50001, 9, options=options)),
                    ttl=63), tags=[(p.VLAN, 3)])
    vectors.add(vec.Step("options in the quoted header, 9 bytes behind it", "lan", sent.bytes(), "forwarded",
                         ("lan", want.bytes())))
    sent = Ether(POISE, ROUTER, Ip("198.51.100.1", WEB, Icmp(3, 1, 0, inner(WEB, CLIENT, 80, 50001, 8)), ttl=1))
    drop(vectors, "with TTL 1: no error about an error", sent.bytes(), "ttl_expired")
    vectors.scenario = "No error ends a flow"
    flow.into("data goes on", PSH | ACK, seq=100, ack=500, data=b"still here")
    flow.into("a SYN is a repetition", SYN, ["syn_repeated"])
    vectors.scenario = "Errors about nothing of ours"
    for text, quoted, verdict in (
            ("no such flow", inner(WEB, CLIENT, 80, 50009, 8), "icmp_no_flow"),
            ("another service's port", inner(WEB, CLIENT, 81, 50001, 8), "icmp_no_flow"),
            ("other hosts", inner("192.0.2.1", "192.0.2.2", 1, 2, 8), "icmp_no_flow"),
            ("about UDP", Ip(WEB, CLIENT, Udp(80, 50001, b"x")).bytes(), "not_tcp"),
            ("7 bytes quoted", inner(WEB, CLIENT, 80, 50001, 7), "icmp_malformed"),
            ("half a header quoted", inner(WEB, CLIENT, 80, 50001, 0)[:12], "icmp_malformed"),
            ("nothing quoted", b"", "icmp_malformed"),
            ("quoted version 6", b"\x65" + inner(WEB, CLIENT, 80, 50001, 8)[1:], "icmp_malformed"),
            ("quoted header length 4 words", b"\x44" + inner(WEB, CLIENT, 80, 50001, 8)[1:], "icmp_malformed"),
            ("quoted header longer than the rest", b"\x4f" + inner(WEB, CLIENT, 80, 50001, 8)[1:],
             "icmp_malformed"),
            ("quoted later fragment", inner(WEB, CLIENT, 80, 50001, 8)[:6] + b"\x00\x10" +
             inner(WEB, CLIENT, 80, 50001, 8)[8:], "icmp_malformed")):
        drop(vectors, text, Ether(POISE, ROUTER, Ip("198.51.100.1", WEB, Icmp(3, 3, 0, quoted))).bytes(), verdict)
    vectors.flows = 1
    return vectors


def icmp_full():
    vectors = vec.Vectors("full", "ICMP errors about full-NAT flows.")
    vectors.scenario = "Errors about a living flow"
    flow = Flow(vectors, 50001, PG1, vip=DB, vport=DB_PORT, snat=(SNAT, SNAT_PORT))
    flow.open()
    icmp_errors(vectors, flow, "198.51.100.1", "10.10.0.254")
    vectors.flows = 1
    return vectors


def malformed_frames(sport=50001):
    """(text, frame, verdict) of everything that is wrong and must be named."""
    syn = Ether(POISE, ROUTER, Ip(CLIENT, WEB, Tcp(sport, 80, SYN)))
    good = syn.bytes()
    frames = [
        ("one byte", good[:1], "runt"),
        ("13 bytes: half an Ethernet header", good[:13], "runt"),
        ("Ethernet header alone", good[:14], "runt"),
        ("IPv4 header cut", good[:33], "runt"),
        ("TCP header cut, total length as well", syn.but(body=Ip(CLIENT, WEB, good[34:53], protocol=6)).bytes(),
         "runt"),
        ("TCP header cut, total length lies", good[:53], "ip_length"),
        ("tag without anything behind it", good[:12] + b"\x81\x00\x00\x05", "runt"),
        ("three tags", syn.but(tags=((p.QINQ, 1), (p.VLAN, 2), (p.VLAN, 3))).bytes(), "vlan_depth"),
        ("seven tags", syn.but(tags=tuple((p.VLAN, n) for n in range(7))).bytes(), "vlan_depth"),
        ("version 6 in an IPv4 frame", syn.but(version_ihl=0x65).bytes(), "ip_header"),
        ("version 0", syn.but(version_ihl=0x05).bytes(), "ip_header"),
        ("header length 0", syn.but(version_ihl=0x40).bytes(), "ip_header"),
        ("header length 4 words", syn.but(version_ihl=0x44).bytes(), "ip_header"),
        ("header length 15 words, packet shorter", syn.but(version_ihl=0x4F).bytes(), "ip_length"),
        ("total length 0", syn.but(total=0).bytes(), "ip_length"),
        ("total length 19", syn.but(total=19).bytes(), "ip_length"),
        ("total length one more than the frame", syn.but(total=41).bytes(), "ip_length"),
        ("total length 65535", syn.but(total=65535).bytes(), "ip_length"),
        ("total length ends in the TCP header", syn.but(total=39).bytes(), "tcp_header"),
        ("total length is the IPv4 header", syn.but(total=20, padding=bytes(6)).bytes(), "tcp_header"),
        ("TCP header length 0", syn.but(offset=0).bytes(), "tcp_header"),
        ("TCP header length 4 words", syn.but(offset=4).bytes(), "tcp_header"),
        ("TCP header longer than the packet", syn.but(offset=6).bytes(), "tcp_header"),
        ("TCP header of 60 bytes in padding", syn.but(offset=15, padding=bytes(60)).bytes(), "tcp_header"),
        ("source port 0", syn.but(sport=0).bytes(), "port_zero"),
        ("destination port 0", syn.but(dport=0).bytes(), "port_zero"),
        ("first fragment", syn.but(fragment=0x2000).bytes(), "fragment"),
        ("middle fragment", syn.but(fragment=0x2005).bytes(), "fragment"),
        ("last fragment", syn.but(fragment=0x0005).bytes(), "fragment"),
        ("last fragment of one byte", Ether(POISE, ROUTER, Ip(CLIENT, WEB, b"x", protocol=6, fragment=0x1FFF),
                                            padding=bytes(25)).bytes(), "fragment"),
        ("fragment of an ICMP error", Ether(POISE, ROUTER, Ip(CLIENT, WEB, Icmp(3, 3, 0, good[14:42]),
                                                              fragment=0x2000)).bytes(), "fragment"),
        ("source 0.0.0.0", syn.but(source="0.0.0.0").bytes(), "ip_address"),
        ("source 127.0.0.1", syn.but(source="127.0.0.1").bytes(), "ip_address"),
        ("source is a group", syn.but(source="224.0.0.5").bytes(), "ip_address"),
        ("source is broadcast", syn.but(source="255.255.255.255").bytes(), "ip_address"),
        ("source equals destination", syn.but(source=WEB).bytes(), "ip_address"),
        ("ICMP error cut", Ether(POISE, ROUTER, Ip(CLIENT, WEB, b"\x03\x01\0\0", protocol=1)).bytes(), "runt"),
        ("IPv6", Ether(POISE, ROUTER, bytes(40), type=0x86DD).bytes(), "not_ipv4"),
        ("LLDP", Ether("01:80:c2:00:00:0e", ROUTER, bytes(46), type=0x88CC).bytes(), "not_ipv4"),
        ("length instead of type", Ether(POISE, ROUTER, bytes(46), type=46).bytes(), "not_ipv4"),
        ("UDP", Ether(POISE, ROUTER, Ip(CLIENT, WEB, Udp(sport, 80, b"query"))).bytes(), "not_tcp"),
        ("IPv4 protocol 255", Ether(POISE, ROUTER, Ip(CLIENT, WEB, bytes(20), protocol=255)).bytes(), "not_tcp"),
    ]
    for flags in (0, FIN, PSH, URG, PSH | URG, FIN | PSH | URG, SYN | FIN, SYN | FIN | ACK, SYN | RST, RST | FIN,
                  RST | FIN | ACK, SYN | RST | ACK, SYN | FIN | RST, 0x3F):
        frames.append(("TCP flags 0x%02x" % flags, syn.but(flags=flags).bytes(), "tcp_flags"))
    request = Arp(1, ROUTER, CLIENT, "00:00:00:00:00:00", WEB)
    whole = Ether("ff:ff:ff:ff:ff:ff", ROUTER, request).bytes()
    frames += [
        ("ARP cut by one byte", whole[:41], "arp_malformed"),
        ("ARP header alone", whole[:22], "arp_malformed"),
        ("ARP with nothing", whole[:14], "arp_malformed"),
        ("ARP of hardware type 6", whole[:14] + b"\0\6" + whole[16:], "arp_malformed"),
        ("ARP for IPv6", whole[:16] + b"\x86\xdd" + whole[18:], "arp_malformed"),
        ("ARP with hardware size 8", whole[:18] + b"\x08" + whole[19:], "arp_malformed"),
        ("ARP with protocol size 16", whole[:19] + b"\x10" + whole[20:], "arp_malformed"),
    ]
    return frames


def malformed():
    vectors = vec.Vectors("one_arm", "Everything that is wrong, by its name; nothing of it makes a flow.")
    vectors.scenario = "Before any flow"
    for text, frame, verdict in malformed_frames():
        drop(vectors, text, frame, verdict)
    vectors.scenario = "Packets that are right but of no flow or service"
    none = Flow(vectors, 50002, WEB1)
    for name, flags in (("ACK", ACK), ("FIN+ACK", FIN | ACK), ("RST", RST), ("SYN+ACK", SYN | ACK)):
        none.refused(name + " of no flow", flags, "no_flow")
    Flow(vectors, 50002, WEB1, vport=81).refused("SYN to a port without service", SYN, "no_service")
    Flow(vectors, 50002, WEB1, vip="203.0.113.30").refused("SYN to a service without backends", SYN, "no_backend")
    Flow(vectors, 50002, WEB1, vip="192.0.2.99").refused("SYN to an address that is not ours", SYN, "not_ours")
    closed = Flow(vectors, 50003, WEB1, vip="203.0.113.31")
    closed.answered("SYN to a service that refuses", SYN, "refused", 99, options=b"\x02\x04\x05\xb4")
    closed.answered("its last sequence number", SYN, "refused", 0xFFFFFFFF)
    closed.answered("with a VLAN tag", SYN, "refused", 7, tags=[(0x8100, 5)])
    closed.answered("with data", SYN, "refused", 0xFFFFFFF0, data=b"early, and more than sixteen")
    closed.answered("with IP options", SYN, "refused", 1, ip={"options": b"\x01" * 8})
    outward = Ether(POISE, LINK[WEB1[0]], Ip(WEB1[0], CLIENT, Tcp(8080, 50001, SYN | ACK))).bytes()
    drop(vectors, "backend's packet of no flow", outward, "not_ours")
    vectors.scenario = "With the addresses of a living flow"
    flow = Flow(vectors, 50001, WEB1)
    flow.open()
    for text, frame, verdict in malformed_frames():
        drop(vectors, text, frame, verdict)
    flow.into("and the flow lives on", PSH | ACK, seq=100, ack=500, data=b"unharmed")
    flow.into("a SYN is a repetition", SYN, ["syn_repeated"])
    vectors.flows = 1
    return vectors


def access():
    vectors = vec.Vectors("access", "Which sources are served, and how much of a service they may have.")
    vectors.scenario = "The longest prefix that holds a source decides"
    for client, served in (("198.51.100.7", True), ("198.51.100.0", True), ("198.51.100.127", True),
                           ("198.51.100.128", False), ("198.51.100.200", True), ("198.51.100.201", False),
                           ("198.51.100.255", False), ("198.51.101.0", False), ("198.51.99.255", False),
                           ("1.0.0.0", False), ("223.255.255.255", False)):
        flow = Flow(vectors, 50001, WEB1, client=client)
        if served:
            flow.into("%s is served" % client, SYN, ["flow_created"])
        else:
            flow.refused("%s is not" % client, SYN, "denied")
    vectors.scenario = "With deny alone everybody else is served"
    Flow(vectors, 50001, WEB1, client=FAR, link=STRANGER, vport=81).into("in no list", SYN, ["flow_created"])
    for client in ("203.0.114.0", "203.0.114.255"):
        Flow(vectors, 50001, WEB1, client=client, vport=81).refused("%s is denied" % client, SYN, "denied")
    Flow(vectors, 50001, WEB1, client="203.0.115.0", link=STRANGER, vport=81).into("next to it", SYN,
                                                                                   ["flow_created"])
    vectors.scenario = "A denied source gets nothing"
    denied = Flow(vectors, 50002, WEB1, client=FAR)
    denied.refused("ACK", ACK, "no_flow")
    denied.refused("SYN with TTL 1: no error", SYN, "denied", ttl=1)
    denied.refused("SYN with a tag and options", SYN, "denied", tags=[(p.VLAN, 100)], ip={"options": NOP * 4})
    closed = Flow(vectors, 50002, WEB1, client=FAR, vip="203.0.113.31")
    closed.refused("SYN to a service that refuses: no reset", SYN, "denied")
    vectors.scenario = "One new flow a second"
    slow = [Flow(vectors, 51000 + i, WEB1, vport=82) for i in range(3)]
    slow[0].into("the first", SYN, ["flow_created"])
    slow[1].refused("the second", SYN, "source_rate")
    slow[0].into("the first again is no new one", SYN, ["syn_repeated"])
    slow[2].refused("the third", SYN, "source_rate")
    Flow(vectors, 51000, WEB1, vport=82, client="198.51.100.8").into("another source", SYN, ["flow_created"])
    vectors.scenario = "Two flows at the same time"
    few = [Flow(vectors, 52000 + i, WEB1, vport=83) for i in range(4)]
    few[0].open()
    few[1].into("the second", SYN, ["flow_created"])
    few[2].refused("the third", SYN, "source_flows")
    few[3].refused("the fourth", SYN, "source_flows")
    few[0].into("the first is not disturbed", PSH | ACK, seq=100, ack=500, data=b"still here")
    few[0].into("RST", RST, seq=110)
    few[0].into("a new one in its place", SYN, ["flow_rescheduled", "flow_created"], seq=7000)
    few[2].refused("the third all the same", SYN, "source_flows")
    Flow(vectors, 52000, WEB1, vport=83, client="198.51.100.8").into("another source", SYN, ["flow_created"])
    vectors.flows = 4 + 2 + 2 + 3
    return vectors


FILES = {"access": access, "dnat": dnat, "spread": spread, "resets": resets, "full": full, "two_arm": two_arm,
         "replies": replies, "icmp": icmp, "icmp_full": icmp_full, "malformed": malformed}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else HERE
    for name, build in FILES.items():
        with open(os.path.join(folder, name + ".vec"), "w") as file:
            file.write(vec.text(build()))


if __name__ == "__main__":
    main()

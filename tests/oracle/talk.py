# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""A capture that is made while the kernel answers: what a backend sends follows from what the kernel chose."""

from kernel import BACKENDS, CLIENTS, POISE
from packet import ACK, FIN, PSH, SYN, Ether, Icmp, Ip, Seen, Tcp


class Step:
    """One frame into the router and what the kernel made of it."""

    def __init__(self, about, frame, outputs, translated, differs):
        self.about, self.frame, self.outputs, self.translated = about, frame, outputs, translated
        self.differs = differs


class Capture:
    def __init__(self, kernel):
        self.kernel, self.steps, self.scenario = kernel, [], ""

    def id(self):
        """Each frame has an IPv4 id of its own, by which what comes out is known again."""
        return len(self.steps) + 1

    def send(self, device, frame, about, translated=True, differs=None):
        """Returns the frame that came out, or None. `translated`: what is expected of the kernel. `differs`
        judges a frame that Poise treats otherwise: of Poise's frame and the kernel's list."""
        outputs = self.kernel.exchange(device, frame)
        self.steps.append(Step("%s: %s" % (self.scenario, about), frame, outputs, translated, differs))
        return outputs[0][1] if outputs else None


class Talk:
    """A connection; every method sends one frame."""

    def __init__(self, capture, client, vip):
        self.capture, self.client, self.vip = capture, client, vip
        self.seen = self.backend = None
        self.there, self.back = 0xFFFFFF00, 7000

    def inward(self, flags, about="", ip=None, padding=b"", change=None, translated=True, differs=None, **tcp):
        tcp.setdefault("seq", self.there)
        tcp.setdefault("ack", self.back if flags & ACK else 0)
        frame = Ether(POISE, CLIENTS, Ip(self.client[0], self.vip[0],
                                         Tcp(self.client[1], self.vip[1], flags, **tcp),
                                         **dict({"id": self.capture.id()}, **(ip or {}))), padding=padding).bytes()
        frame = change(frame) if change else frame
        return self.capture.send("client0", frame, "in, %s" % (about or "flags %d" % flags), translated, differs)

    def outward(self, flags, about="", ip=None, padding=b"", change=None, translated=True, differs=None, **tcp):
        tcp.setdefault("seq", self.back)
        tcp.setdefault("ack", self.there if flags & ACK else 0)
        frame = Ether(POISE, BACKENDS, Ip(self.backend[0], self.seen[0],
                                          Tcp(self.backend[1], self.seen[1], flags, **tcp),
                                          **dict({"id": self.capture.id()}, **(ip or {}))), padding=padding).bytes()
        frame = change(frame) if change else frame
        return self.capture.send("server0", frame, "out, %s" % (about or "flags %d" % flags), translated, differs)

    def syn(self, about="SYN", **how):
        """Learns whom the kernel chose, and from where the backend is asked."""
        got = self.inward(SYN, about, options=b"\x02\x04\x05\xb4\x01\x03\x03\x07", **how)
        if got:
            seen = Seen(got)
            self.seen, self.backend = (seen.source, seen.sport), (seen.target, seen.dport)
        return self.backend

    def open(self):
        self.syn()
        self.outward(SYN | ACK, "SYN-ACK", ack=self.there + 1, options=b"\x02\x04\x05\xb4\x01\x03\x03\x07")
        self.there, self.back = self.there + 1, self.back + 1
        self.inward(ACK, "ACK")
        return self

    def say(self, data, about="data", **how):
        self.inward(PSH | ACK, about, data=data, **how)
        self.there = (self.there + len(data)) & 0xFFFFFFFF

    def answer(self, data, about="data", **how):
        self.outward(PSH | ACK, about, data=data, **how)
        self.back += len(data)

    def close(self, first="client"):
        """FIN from each side and the last ACK."""
        if first == "client":
            self.inward(FIN | ACK, "FIN")
            self.there = (self.there + 1) & 0xFFFFFFFF
            self.outward(FIN | ACK, "FIN")
            self.back += 1
            self.inward(ACK, "last ACK")
        else:
            self.outward(FIN | ACK, "FIN")
            self.back += 1
            self.inward(FIN | ACK, "FIN")
            self.there = (self.there + 1) & 0xFFFFFFFF
            self.outward(ACK, "last ACK")

    def _quote(self, source, target, quoted, options, tcp):
        """A packet as it was when the router met it, `quoted` bytes behind its IPv4 header."""
        inner = Ip(source[0], target[0], Tcp(source[1], target[1], ACK, **tcp), ttl=9, id=0x7777, options=options)
        return inner.bytes()[:20 + len(options) + quoted]

    def error_inward(self, kind, code, rest=0, router="198.51.100.99", quoted=8, options=b"", about="", differs=None):
        """An ICMP error about an outward packet: some router tells the service."""
        data = self._quote(self.vip, self.client, quoted, options, {"seq": self.back, "data": b"lost" * 10})
        frame = Ether(POISE, CLIENTS, Ip(router, self.vip[0], Icmp(kind, code, rest, data),
                                         id=self.capture.id())).bytes()
        return self.capture.send("client0", frame, "error in, %d/%d %s" % (kind, code, about),
                                 differs=differs)

    def error_outward(self, kind, code, rest=0, router="10.10.0.254", quoted=8, options=b"", about="", differs=None):
        """An ICMP error about an inward packet: a router or the backend tells whom it takes for the client."""
        data = self._quote(self.seen, self.backend, quoted, options, {"seq": self.there, "data": b"lost" * 10})
        frame = Ether(POISE, BACKENDS, Ip(router, self.seen[0], Icmp(kind, code, rest, data),
                                          id=self.capture.id())).bytes()
        return self.capture.send("server0", frame, "error out, %d/%d %s" % (kind, code, about),
                                 differs=differs)

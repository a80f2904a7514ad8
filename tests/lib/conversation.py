# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Whole TCP connections as both ends send them, and as the other end must receive them."""

import packet as p
from packet import ACK, FIN, PSH, SYN, Ether, Ip, Tcp


class Conversation:
    """client and server are (address, port); vip is what the client talks to, backend what answers, seen is
    what the backend takes for the client. Links: MAC addresses of the two next hops and of Poise."""

    def __init__(self, client, vip, backend, links, seen=None, size=200):
        self.client, self.vip, self.backend, self.seen = client, vip, backend, seen or client
        self.client_link, self.backend_link, self.poise = links
        self.number = 0
        self.size = size

    def _id(self):
        self.number += 1
        return self.number

    def inward(self, flags, **tcp):
        """(frame that the client sends, frame that the backend must receive)"""
        number = self._id()
        return (Ether(self.poise, self.client_link,
                      Ip(self.client[0], self.vip[0], Tcp(self.client[1], self.vip[1], flags, **tcp),
                         id=number)).bytes(),
                Ether(self.backend_link, self.poise,
                      Ip(self.seen[0], self.backend[0], Tcp(self.seen[1], self.backend[1], flags, **tcp), id=number,
                         ttl=63)).bytes())

    def outward(self, flags, **tcp):
        number = self._id()
        return (Ether(self.poise, self.backend_link,
                      Ip(self.backend[0], self.seen[0], Tcp(self.backend[1], self.seen[1], flags, **tcp),
                         id=number)).bytes(),
                Ether(self.client_link, self.poise,
                      Ip(self.vip[0], self.client[0], Tcp(self.vip[1], self.client[1], flags, **tcp), id=number,
                         ttl=63)).bytes())

    def handshake(self):
        mss = b"\x02\x04\x05\xb4"
        yield self.inward(SYN, seq=0xFFFFFFF0, options=mss)
        yield self.outward(SYN | ACK, seq=7000, ack=0xFFFFFFF1, options=mss)
        yield self.inward(ACK, seq=0xFFFFFFF1, ack=7001)

    def data(self, rounds=2):
        """Requests and answers; the client's sequence numbers wrap on the way."""
        there, back = 0xFFFFFFF1, 7001
        for turn in range(rounds):
            request = bytes([turn]) * (self.size + turn % 2)
            answer = bytes([255 - turn]) * (2 * self.size + 1)
            yield self.inward(PSH | ACK, seq=there, ack=back, data=request)
            there = (there + len(request)) & 0xFFFFFFFF
            yield self.outward(PSH | ACK, seq=back, ack=there, data=answer)
            back += len(answer)
            yield self.inward(ACK, seq=there, ack=back)
        self.there, self.back = there, back

    def close(self):
        there, back = self.there, self.back
        yield self.inward(FIN | ACK, seq=there, ack=back)
        there = (there + 1) & 0xFFFFFFFF
        yield self.outward(ACK, seq=back, ack=there)
        yield self.outward(FIN | ACK, seq=back, ack=there)
        yield self.inward(ACK, seq=there, ack=back + 1)

    def whole(self, rounds=2):
        yield from self.handshake()
        yield from self.data(rounds)
        yield from self.close()


def interleave(generators, random, width=20):
    """Steps of many conversations, `width` of them under way at a time, each in its own order. The first step
    of each comes in the order of the list."""
    waiting, active = list(generators), []
    while waiting or active:
        while waiting and len(active) < width:
            active.append(waiting.pop(0))
            yield next(active[-1])
        turn = random.randrange(len(active))
        step = next(active[turn], None)
        if step is None:
            active.pop(turn)
        else:
            yield step


def wrong_checksums(frames):
    """Frames whose checksums are not right by full recomputation."""
    return [(number, why) for number, why in ((number, p.checksums_wrong(frame)) for number, frame in
                                              enumerate(frames)) if why]

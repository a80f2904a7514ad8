#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Clients that mean no good at poised's two doors, and one that is in its right mind and asks meanwhile.

    hostile.py unix:SOCKET|tcp:ADDRESS:PORT SECONDS SIEGE...

Prints for each siege one JSON line: how many were held or sent, how often the good client asked, what it got and how
long that took (milliseconds). Exits with 1 for a siege that has no name.
"""

import json
import os
import random
import resource
import socket
import struct
import sys
import time

UNIX = {
    "good": b'{"argv":["status"],"json":true}\n',
    "half": b'{"argv":["sta',
    "big": b'{"argv":["flows","limit=2000"],"json":true}\n',
}
HTTP = {
    "good": b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "half": b"GET /metrics HTTP/1.1\r\nX: ",
    "big": b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
}


class Door:
    def __init__(self, name):
        kind, _, place = name.partition(":")
        self.http = kind == "tcp"
        self.words = HTTP if self.http else UNIX
        self.family = socket.AF_INET if self.http else socket.AF_UNIX
        self.address = (place.split(":")[0], int(place.split(":")[1])) if self.http else place

    def connect(self, seconds, window=None):
        peer = socket.socket(self.family, socket.SOCK_STREAM)
        try:
            if window:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            peer.settimeout(seconds)
            peer.connect(self.address)
        except OSError:
            peer.close()
            raise
        return peer

    def good(self, answer):
        return answer.startswith(b"HTTP/1.1 200 ") if self.http else answer.startswith(b'{"status":0,')

    def ask(self, request, seconds=5):
        """The whole answer, b"" for none."""
        answer = b""
        try:
            with socket.socket(self.family, socket.SOCK_STREAM) as peer:  # waits for its turn, as poisectl does
                for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                    peer.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))
                peer.connect(self.address)
                peer.sendall(request)
                while True:
                    part = peer.recv(1 << 20)
                    if not part:
                        return answer
                    answer += part
        except OSError:
            return answer


class Siege:
    """Hostile clients that are held. Each that poised drops comes again at the next turn."""

    def __init__(self, door, count):
        self.door = door
        self.peers = []
        self.wanted = count
        self.made = 0

    def begin(self, peer):
        pass

    def go_on(self, peer):
        pass

    window = None

    def fill(self):
        for _ in range(100):  # a turn; the good client shall not wait for this process
            if len(self.peers) >= self.wanted:
                return
            try:
                peer = self.door.connect(0.02, self.window)
                peer.setblocking(False)
                self.peers.append(peer)
                self.made += 1
                self.begin(peer)
            except OSError:
                return

    def turn(self):
        kept = []
        for peer in self.peers:
            try:
                self.go_on(peer)
                kept.append(peer)
            except BlockingIOError:
                kept.append(peer)
            except OSError:
                peer.close()
        self.peers = kept
        self.fill()

    def end(self):
        for peer in self.peers:
            peer.close()


class Silent(Siege):  # half of them have begun a request
    def begin(self, peer):
        if self.made % 2:
            peer.send(self.door.words["half"])


class Drip(Siege):  # a byte a turn, for ever
    def begin(self, peer):
        peer.send(self.door.words["half"])

    def go_on(self, peer):
        peer.send(b"a")


class Unread(Siege):  # asks for much and reads nothing
    window = 4096

    def begin(self, peer):
        peer.send(self.door.words["big"])


class Garbage(Siege):
    def begin(self, peer):
        kind = self.made % 6
        random.seed(self.made)
        good = self.door.words["good"]
        data = (
            os.urandom(random.randrange(1, 9000)),
            struct_of_length(),
            good[: random.randrange(1, len(good))],
            b"[" * 65000,
            b'{"argv":["' + b"A" * 300000,
            b"GET /" + b"../" * 90000 + b" HTTP/1.1\r\n\r\n",
        )[kind]
        peer.send(data)
        if self.made % 3 == 0:
            peer.shutdown(socket.SHUT_WR)

    def go_on(self, peer):
        if random.random() < 0.5:  # leaves, and another comes
            raise ConnectionResetError


def struct_of_length():
    """What another protocol would send first: a length of four gigabytes, and little after it."""
    return b"\xff\xff\xff\xff" + b"\x7f" * 12 + b"Content-Length: 99999999999999999999\r\n"


SIEGES = {"silent": (Silent, 500, 1000), "drip": (Drip, 300, 1000), "unread": (Unread, 300, 1000),
          "garbage": (Garbage, 100, 100)}


def besiege(door, name, seconds):
    kind, unix_count, http_count = SIEGES[name]
    siege = kind(door, http_count if door.http else unix_count)
    took = []
    good = 0
    while len(siege.peers) < siege.wanted * 0.9 and siege.made < siege.wanted:
        before = siege.made
        siege.turn()
        if siege.made == before:
            break
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        siege.turn()
        begin = time.monotonic()
        good += door.good(door.ask(door.words["good"]))
        took.append((time.monotonic() - begin) * 1000)
        time.sleep(0.02)
    siege.end()
    took.sort()
    return {"siege": name, "clients": siege.wanted, "made": siege.made, "asked": len(took), "good": good,
            "median_ms": round(took[len(took) // 2], 1), "late": sum(ms > 100 for ms in took),
            "slowest_ms": round(took[-1], 1)}


def main(arguments):
    door = Door(arguments[0])
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    for name in arguments[2:]:
        if name not in SIEGES:
            return 1
        print(json.dumps(besiege(door, name, float(arguments[1]))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What each fuzzer begins with, made from what is in the tree: {name: bytes}."""

import glob
import os
import re
import socket
import struct

import vec
from dataplane import ROOT

ABI = None
with open(os.path.join(ROOT, "include/poise/abi.h")) as _file:
    ABI = int(re.search(r"POISE_ABI_VERSION (\d+)u", _file.read()).group(1))


def _files(pattern):
    seeds = {}
    for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
        with open(path, "rb") as file:
            seeds[os.path.basename(path)] = file.read()
    return seeds


def config():
    return {name: text for name, text in {**_files("configs/*.conf"), **_files("tests/fixtures/config/*/*.conf"),
                                          **_files("tests/vectors/*.conf")}.items() if len(text) < 16384}


def _frame(step, what=0, cut=0):
    """`cut` bytes, in 16, are in a second segment (see fuzz_packet.c)."""
    length = max(len(step.frame) - 16 * cut, 0)
    return struct.pack("<BH", (step.port == "back") | what, length | cut << 11) + bytes(step.frame[:length])


def packet(configuration):
    """Each vector file as one input, and each scenario of it."""
    seeds = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/vectors/*.vec"))):
        vectors = vec.load(path)
        if vectors.config != configuration:
            continue
        name = os.path.basename(path)
        seeds[name] = b"".join(_frame(step) for step in vectors.steps)
        for scenario in {step.scenario for step in vectors.steps}:
            steps = [step for step in vectors.steps if step.scenario == scenario]
            for cut in (0, 1):
                seeds["%s-%s-%d" % (name, scenario, cut)] = b"".join(_frame(step, 0xC0, cut) for step in steps)
    return seeds


def wire():
    """A sound message of each type, and with descriptors: see fuzz_wire.c."""
    seeds = {"nothing-with-descriptors": bytes([0x0A, 0, 0x0A, 0]), "two-descriptors": bytes([0x32, 1, 8])}
    for kind, length in ((1, 16), (2, 72), (3, 24), (4, 24), (5, 192), (6, 16)):
        message = struct.pack("<IIHHI", 0x57494F50, ABI, kind, length, 1)
        message += bytes(length - len(message))
        for reader in (0, 0x10):
            seeds["type-%d-%d" % (kind, reader)] = bytes([reader, length]) + message
    for what in range(0x20, 0x30):
        damage = b"".join(struct.pack("<IB", at, value) for at, value in ((8, 0), (28, 1), (64, 255)))
        seeds["sound-%d" % what] = bytes([what, 0, what, len(damage)]) + damage
    return seeds


def request():
    """Every verb, with and without arguments, as text and as JSON."""
    with open(os.path.join(ROOT, "control/cmds.def")) as file:
        verbs = re.findall(r'^CP_COMMAND\((\w+),', file.read(), re.M)
    arguments = ("", ',"web"', ',"web1"', ',"web/web1","3"', ',"web2","default"', ',"--all"', ',"--drops"',
                 ',"service=web","client=198.51.100.0/24","state=half_open","limit=5"', ',"/etc/passwd"', ',"-j"')
    seeds = {}
    for number, verb in enumerate(verbs):
        for other, argument in enumerate(arguments):
            for json in ("false", "true"):
                seeds["%d-%d-%s" % (number, other, json)] = b'{"argv":["%s"%s],"json":%s,"cwd":"/tmp"}\n' % (
                    verb.encode(), argument.encode(), json.encode())
    return seeds


def http():
    heads = ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /healthz HTTP/1.0\n\n",
             "GET /readyz?a=b HTTP/1.1\r\n\r\n",
             "POST / HTTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
             "GET /" + "x" * 300 + " HTTP/1.1\r\n\r\n", "\r\n\r\n", "GET")
    return {"%d" % number: head.encode() for number, head in enumerate(heads)}


def sync():
    """A stream of messages, and a day in the life of a table that a peer writes to."""
    def flow(number, kind=1, state=3, flags=0):
        return struct.pack(">BBBBIIIIIHHHH8x", kind, state, flags, 6, 100, number, 1, number, 1, number, 1, 1, number)

    def message(kind, body):
        return struct.pack(">IHHIIQQ", 0x50535943, 1, kind, 64 + len(body), 0, 0, 0) + body + bytes(32)

    empty = bytes(40)
    names = b"".join(bytes([9]) + flow(number, flags=number & 1) for number in range(1, 12))
    return {
        "stream": b"\1" + message(1, bytes(48)) + message(4, b"") + message(5, flow(1) + flow(2)) +
                  message(6, bytes(8)),
        "names": b"\0" + names,
        "again": b"\0" + names + names + b"\3" + flow(0, state=200, flags=200) + b"\5" + empty + names +
                 b"\6" + empty + b"\7" + flow(0, state=255),
        "clients": b"\0" + b"".join(bytes([1]) + flow(number) for number in range(1, 8)) + names,
        "ends": b"\0" + names + b"".join(bytes([9]) + flow(number, kind=8) for number in range(1, 12)),
    }


def netlink():
    """What this kernel really answers: links, neighbours, routes."""
    seeds = {}
    for which, kind in enumerate((18, 30, 26)):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asked:
            asked.settimeout(2)
            asked.send(struct.pack("=IHHII", 32, kind, 0x301, 1, 0) + bytes([0 if which == 0 else 2]) + bytes(15))
            answer = asked.recv(65536)
        for number in range(4):  # a message each
            length = int.from_bytes(answer[:4], "little") if len(answer) >= 4 else 0
            seeds["%d-%d" % (which, number)] = bytes([which]) + answer[:length]
            answer = answer[(length + 3) & ~3:]
    # A route and a neighbour by a port of ours (ifindex 5), and a route over two next hops.
    attribute = lambda kind, data: struct.pack("=HH", 4 + len(data), kind) + data  # noqa: E731
    address, out = socket.inet_aton("10.2.0.11"), struct.pack("=I", 5)
    hop = struct.pack("=HBBi", 16, 0, 0, 6) + attribute(5, address)
    route = bytes([2, 24, 0, 0, 254, 2, 0, 1]) + bytes(4)
    for name, which, kind, body in (
            ("neighbor", 1, 28, struct.pack("=BBHiHBB", 2, 0, 0, 5, 2, 0, 1) + attribute(1, address) +
             attribute(2, b"\2" * 6)),
            ("route", 2, 24, route + attribute(1, address) + attribute(4, out) + attribute(5, address)),
            ("hops", 2, 24, route + attribute(1, address) + attribute(9, hop))):
        seeds[name] = bytes([which]) + struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body
    return seeds

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Frames as plain data, written out with checksums computed from scratch, and read back.

Nothing here knows what a balancer does: it is the independent witness of what a packet must look like.
"""

import copy
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
TCP, ICMP, UDP = 6, 1, 17
IPV4, ARP, VLAN, QINQ = 0x0800, 0x0806, 0x8100, 0x88A8


def checksum(data):
    """RFC 1071: ones' complement of the ones' complement sum of 16-bit words."""
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return socket.inet_aton(text)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


class Ether:
    """A frame: link addresses, VLAN tags [(type, tag)...] and what it carries (an object or bytes)."""

    def __init__(self, dst, src, body, tags=(), type=None, padding=b""):
        self.dst, self.src, self.body, self.tags, self.padding = dst, src, body, tuple(tags), padding
        self.type = type if type is not None else getattr(body, "ether_type", 0xFFFF)

    def bytes(self):
        out = mac(self.dst) + mac(self.src)
        for kind, tag in self.tags:
            out += struct.pack("!HH", kind, tag)
        body = self.body if isinstance(self.body, bytes) else self.body.bytes()
        return out + struct.pack("!H", self.type) + body + self.padding

    def but(self, **changes):
        """A copy with other fields; names of fields of the IPv4 packet or TCP segment in it work too."""
        new = copy.deepcopy(self)
        for name, value in changes.items():
            for part in (new, new.body, getattr(new.body, "body", None)):
                if hasattr(part, name):
                    setattr(part, name, value)
                    break
            else:
                raise AttributeError(name)
        return new


class Ip:
    ether_type = IPV4

    def __init__(self, source, target, body, ttl=64, id=0x1234, options=b"", fragment=0x4000, tos=0, protocol=None,
                 version_ihl=None, total=None, check=None):
        self.source, self.target, self.body = source, target, body
        self.ttl, self.id, self.options, self.fragment, self.tos = ttl, id, options, fragment, tos
        self.protocol = protocol if protocol is not None else body.protocol
        self.version_ihl, self.total, self.check = version_ihl, total, check

    def bytes(self):
        body = self.body if isinstance(self.body, bytes) else self.body.bytes(self)
        header = 20 + len(self.options)
        first = self.version_ihl if self.version_ihl is not None else 0x40 | header // 4
        total = self.total if self.total is not None else header + len(body)
        out = struct.pack("!BBHHHBBH", first, self.tos, total, self.id, self.fragment, self.ttl, self.protocol, 0)
        out += address(self.source) + address(self.target) + self.options
        check = self.check if self.check is not None else checksum(out)
        return out[:10] + struct.pack("!H", check) + out[12:] + body


class Tcp:
    protocol = TCP

    def __init__(self, sport, dport, flags, seq=1000, ack=0, data=b"", options=b"", window=65535, urgent=0,
                 offset=None, check=None):
        self.sport, self.dport, self.flags, self.seq, self.ack = sport, dport, flags, seq, ack
        self.data, self.options, self.window, self.urgent = data, options, window, urgent
        self.offset, self.check = offset, check

    def bytes(self, ip):
        offset = self.offset if self.offset is not None else (20 + len(self.options)) // 4
        out = struct.pack("!HHIIBBHHH", self.sport, self.dport, self.seq, self.ack, offset << 4, self.flags,
                          self.window, 0, self.urgent) + self.options + self.data
        pseudo = address(ip.source) + address(ip.target) + struct.pack("!BBH", 0, TCP, len(out))
        check = self.check if self.check is not None else checksum(pseudo + out)
        return out[:16] + struct.pack("!H", check) + out[18:]


class Udp:
    protocol = UDP

    def __init__(self, sport, dport, data=b""):
        self.sport, self.dport, self.data = sport, dport, data

    def bytes(self, ip):
        out = struct.pack("!HHHH", self.sport, self.dport, 8 + len(self.data), 0) + self.data
        pseudo = address(ip.source) + address(ip.target) + struct.pack("!BBH", 0, UDP, len(out))
        return out[:6] + struct.pack("!H", checksum(pseudo + out) or 0xFFFF) + out[8:]


class Icmp:
    protocol = ICMP

    def __init__(self, kind, code=0, rest=0, data=b"", check=None):
        self.kind, self.code, self.rest, self.data, self.check = kind, code, rest, data, check

    def bytes(self, ip):
        out = struct.pack("!BBHI", self.kind, self.code, 0, self.rest) + self.data
        check = self.check if self.check is not None else checksum(out)
        return out[:2] + struct.pack("!H", check) + out[4:]


class Arp:
    ether_type = ARP

    def __init__(self, operation, sender_mac, sender, target_mac, target, hardware=1, protocol=IPV4, sizes=(6, 4)):
        self.operation, self.sender_mac, self.sender = operation, sender_mac, sender
        self.target_mac, self.target = target_mac, target
        self.hardware, self.protocol, self.sizes = hardware, protocol, sizes

    def bytes(self):
        return struct.pack("!HHBBH", self.hardware, self.protocol, *self.sizes, self.operation) + \
            mac(self.sender_mac) + address(self.sender) + mac(self.target_mac) + address(self.target)


def l3_offset(frame):
    """Where the network header starts, and its type."""
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    return at + 2, struct.unpack("!H", frame[at:at + 2])[0]


def checksums_wrong(frame):
    """What is wrong with the checksums of an IPv4 frame, by full recomputation; "" when all is right."""
    at, kind = l3_offset(frame)
    if kind != IPV4:
        return ""
    ip = frame[at:]
    header = (ip[0] & 15) * 4
    total = struct.unpack("!H", ip[2:4])[0]
    body = ip[header:total]
    if checksum(ip[:header]):
        return "IPv4 header checksum"
    if ip[9] == TCP and checksum(ip[12:20] + struct.pack("!BBH", 0, TCP, len(body)) + body):
        return "TCP checksum"
    if ip[9] == ICMP and checksum(body):
        return "ICMP checksum"
    return ""


class Seen:
    """The fields of a TCP frame that tests ask for."""

    def __init__(self, frame):
        at, self.kind = l3_offset(frame)
        ip = frame[at:]
        self.frame = frame
        self.tcp = self.kind == IPV4 and ip[9] == TCP
        if not self.tcp:
            return
        header = (ip[0] & 15) * 4
        total = struct.unpack("!H", ip[2:4])[0]
        self.source, self.target = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
        self.ttl, self.id = ip[8], struct.unpack("!H", ip[4:6])[0]
        self.sport, self.dport, self.seq, self.ack = struct.unpack("!HHII", ip[header:header + 12])
        self.flags = ip[header + 13]
        self.data = ip[header + (ip[header + 12] >> 4) * 4:total]

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The kernel as a NAT router between two veth pairs, in a network namespace that ends with this process.

    this process's namespace                 the router's
    client0  (clients' next hop)  --------   front  10.1.0.1
    server0  (backends' switch)   --------   back   10.10.0.1

Frames are written to and read from the left ends by packet sockets, so they carry their own checksums. Both right
ends have the link address of Poise's port: one capture serves both.
"""

import os
import select
import socket
import struct
import subprocess
import sys
import time

from packet import Ether, Ip, Udp

POISE, CLIENTS, BACKENDS = "02:00:00:00:00:01", "02:00:00:00:0c:01", "02:00:00:00:02:01"
BACKEND_ADDRESSES = ["10.10.0.%d" % n for n in (11, 12, 21, 22, 31, 32, 250)]
SETTINGS = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.front.rp_filter": 0,
    "net.ipv4.conf.back.rp_filter": 0,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.icmp_ratelimit": 0,
    # As Poise: a connection begins with a SYN, sequence numbers are the ends' business, checksums too.
    "net.netfilter.nf_conntrack_tcp_loose": 0,
    "net.netfilter.nf_conntrack_tcp_be_liberal": 1,
    "net.netfilter.nf_conntrack_checksum": 0,
}


def enter():
    """Run the test again in a network namespace of its own, on one CPU: frames then pass the kernel in order."""
    if os.environ.get("POISE_ORACLE") == str(os.getpid()):
        return
    if os.geteuid():
        print("not ok - needs root (network namespaces)")
        sys.exit(1)
    os.environ["POISE_ORACLE"] = str(os.getpid())
    os.execvp("unshare", ["unshare", "--net", "--", sys.executable] + sys.argv)


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(command), done.stderr.strip()))


class Kernel:
    def __init__(self, rules):
        self.rules = rules

    def __enter__(self):
        self.holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "120"])
        try:
            self._wait_for_namespace()
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()

    def _wait_for_namespace(self):
        own, end = os.readlink("/proc/self/ns/net"), time.monotonic() + 5
        while os.readlink("/proc/%d/ns/net" % self.holder.pid) == own:
            if time.monotonic() > end:
                raise RuntimeError("no network namespace")
            time.sleep(0.01)

    def inside(self, *command):
        run(["nsenter", "--net=/proc/%d/ns/net" % self.holder.pid, "--"] + list(command))

    def set(self, name, value):
        self.inside("sysctl", "-qw", "%s=%s" % (name, value))

    def _build(self):
        for host, router in (("client0", "front"), ("server0", "back")):
            run(["ip", "link", "add", host, "type", "veth", "peer", "name", router])
            run(["sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % host])
            run(["ip", "link", "set", router, "address", POISE, "netns", str(self.holder.pid)])
            run(["ip", "link", "set", host, "up"])
            self.inside("sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % router)
            self.inside("ethtool", "-K", router, "tx", "off", "gro", "off")
            run(["ethtool", "-K", host, "tx", "off"])
            self.inside("ip", "link", "set", router, "up")
        self.inside("ip", "address", "add", "10.1.0.1/24", "dev", "front")
        self.inside("ip", "address", "add", "10.10.0.1/24", "dev", "back")
        self.inside("ip", "neighbor", "add", "10.1.0.2", "lladdr", CLIENTS, "dev", "front", "nud", "permanent")
        self.inside("ip", "route", "add", "198.51.100.0/24", "via", "10.1.0.2")
        self.inside("ip", "route", "add", "blackhole", "203.0.113.0/24")  # what is not translated ends
        for address in BACKEND_ADDRESSES:
            self.inside("ip", "neighbor", "add", address, "lladdr", BACKENDS, "dev", "back", "nud", "permanent")
        self.inside("nft", "-f", self.rules)
        for name, value in SETTINGS.items():
            self.set(name, value)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        self.sockets = {}
        for device in ("client0", "server0"):
            self.sockets[device] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
            self.sockets[device].bind((device, 0x0800))

    def _send(self, device, frame):
        self.sockets[device].send(frame)

    def _receive(self, device):
        """Frames that have arrived, no padding is added by veth."""
        frames = []
        while select.select([self.sockets[device]], [], [], 0)[0]:
            frames.append(self.sockets[device].recv(65536))
        return frames

    def exchange(self, device, frame):
        """Send a frame into the router; returns what came of it, [(device, frame)]. A datagram that is merely
        routed follows: when it has come out, whatever the frame caused has too."""
        ends = ("198.51.100.250", "10.10.0.250") if device == "client0" else ("10.10.0.250", "198.51.100.250")
        marker = struct.pack("!d", time.monotonic())
        self._send(device, frame)
        self._send(device, Ether(POISE, "02:00:00:00:00:99", Ip(*ends, Udp(9, 9, marker))).bytes())
        results, end = [], time.monotonic() + 2
        while True:
            for name in self.sockets:
                for got in self._receive(name):
                    if got.endswith(marker):
                        return results + [(other, late) for other in self.sockets for late in self._receive(other)]
                    results.append((name, got))
            left = end - time.monotonic()
            if left <= 0:
                raise RuntimeError("the kernel does not forward any more")
            select.select(list(self.sockets.values()), [], [], left)

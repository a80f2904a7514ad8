#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""configs/pktgen/: poised takes the configurations, and the generator's profiles name the addresses, ports and link
addresses in them. Pktgen itself is no Debian package, so it does not run here."""

import ipaddress
import math
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402

CONFIGS = os.path.join(dataplane.ROOT, "configs/pktgen")


def read(name):
    with open(os.path.join(CONFIGS, name), encoding="utf-8") as file:
        return file.read()


def neighbors(conf):
    """Network -> (link address, port), of a configuration."""
    found = re.findall(r'address = "([^"]+)"; mac = "([^"]+)"; port = "([^"]+)"', conf)
    return {ipaddress.ip_network(address): (mac, port) for address, mac, port in found}


def ranges(profile, port):
    """What `range PORT ...` lines of a profile set: name -> list of words."""
    return {name: words.split() for name, words in
            re.findall(r"^range %d ((?:src|dst) (?:ip|port|mac)) (.*)$" % port, read(profile), re.M)}


def values(words):
    """How many values a range of start, minimum, maximum and increment takes."""
    first, last, step = ((int(ipaddress.ip_address(word)) if "." in word else int(word)) for word in words[1:])
    return (last - first) // step + 1 if step else 1


def compiles(cases, name, folder):
    done = subprocess.run([dataplane.program("control/poised"), "-c", os.path.join(CONFIGS, name), "--compile",
                           folder.file(name)], capture_output=True, text=True)
    cases.equal("%s compiles" % name, (done.returncode, done.stderr), (0, ""))


def agrees(cases, name):
    """The profiles against one configuration. With one arm there is no port 1 of the generator."""
    conf = read(name)
    vip, port = re.search(r'vip = "([^"]+)"; port = (\d+)', conf).groups()
    backend, bport = re.search(r'name = "web1"; address = "([^"]+)"; port = (\d+)', conf).groups()
    syn, reply, known = ranges("syn.pkt", 0), ranges("reply.pkt", 1), neighbors(conf)
    cases.equal("%s: SYNs go to the service" % name, (syn["dst ip"][:3], syn["dst port"][:3]), ([vip] * 3, [port] * 3))
    cases.equal("%s: replies come from the backend" % name, (reply["src ip"][:3], reply["src port"][:3]),
                ([backend] * 3, [bport] * 3))
    clients = [network for network in known if network.num_addresses > 1]
    cases.check("%s: a neighbor covers all clients" % name, len(clients) == 1 and
                all(ipaddress.ip_address(address) in clients[0] for address in syn["src ip"][:3]), known)
    cases.equal("%s: clients have port 0's link address" % name, known[clients[0]], (syn["src mac"][1], "front"))
    sender = reply["src mac"][1] if name == "two-arm.conf" else syn["src mac"][1]
    cases.equal("%s: the backend has its port's" % name, known[ipaddress.ip_network(backend)][0], sender)


def flows(cases):
    syn, reply = ranges("syn.pkt", 0), ranges("reply.pkt", 1)
    cases.equal("replies go to the same clients", (reply["dst ip"], reply["dst port"]),
                (syn["src ip"], syn["src port"]))
    addresses, ports = values(syn["src ip"]), values(syn["src port"])
    said = int(re.search(r"^local flows = (\d+)$", read("established.lua"), re.M).group(1))
    cases.equal("ranges that move together meet in every pair", math.lcm(addresses, ports), said)
    cases.equal("and nothing else moves", [name for one in (syn, reply) for name, words in one.items()
                                            if len(words) == 4 and values(words) > 1],
                ["src ip", "src port", "dst ip", "dst port"])


def mix(cases):
    syn = ranges("syn.pkt", 0)
    rows = re.findall(r"^seq (\d+) 0 (\S+) (\S+) (\S+) ([\d.]+)/32 (\d+) (\d+) ipv4 tcp 1 (\d+)$", read("imix.pkt"),
                      re.M)
    sizes = [int(row[7]) for row in rows]
    cases.equal("IMIX is 7 to 4 to 1", [sizes.count(size) for size in (64, 594, 1518)] + [len(sizes)], [7, 4, 1, 12])
    cases.equal("its count is set", re.findall(r"^set 0 seq_cnt (\d+)$", read("imix.pkt"), re.M), ["12"])
    low, high = (ipaddress.ip_address(address) for address in syn["src ip"][1:3])
    wrong = [row for row in rows if row[1:4] != (syn["dst mac"][1], syn["src mac"][1], syn["dst ip"][0]) or
             not low <= ipaddress.ip_address(row[4]) <= high or row[6] != syn["dst port"][0] or
             not int(syn["src port"][1]) <= int(row[5]) <= int(syn["src port"][2])]
    cases.equal("its packets belong to connections of syn.pkt", wrong, [])


def main():
    cases = dataplane.Cases()
    with dataplane.Folder() as folder:
        for name in ("two-arm.conf", "one-arm.conf"):
            compiles(cases, name, folder)
            agrees(cases, name)
    flows(cases)
    mix(cases)
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The network that the benchmarks pretend: one port, one service, four backends. bench/traffic.h has the same."""

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("POISE_BUILD", os.path.join(ROOT, "build")))
FRAME = 64
BACKENDS = ["172.16.0.%d" % (11 + number) for number in range(4)]

CONFIG = """
dataplane = {{ mode = "vdev"; workers = 1; }};
ports = ( {{ name = "wire"; vdev = "{device}"; mac = "02:00:00:00:00:01"; queues = {queues}; {snat} }} );
services = ( {{ name = "web"; vip = "198.51.100.10"; port = 80; protocol = "tcp"; nat = "{nat}"; scheduler = "rr";
  backends = ( {backends} );
  timeouts = {{ half_open_s = {half_open}; established_s = 7440; closing_s = {closing}; }};
  health = {{ type = "none"; }}; }} );
neighbors = ( {{ address = "172.16.0.0/16"; mac = "02:00:00:00:02:01"; port = "wire"; }},
  {{ address = "10.0.0.0/8"; mac = "02:00:00:00:0c:01"; port = "wire"; }} );
metrics = {{ listen = ""; }};
"""


def program(name, build=None):
    build = build or BUILD
    path = os.path.join(build, name)
    if not os.path.exists(path):
        raise SystemExit("bench: %s is missing; build with: scripts/build %s" %
                         (path, os.path.relpath(build)))
    return path


def snapshot(folder, device="net_pcap0", queues=1, nat="dnat", backends=4, half_open=30, closing=240,
             build=None):
    """Compile a configuration with the real poised; returns the path of the snapshot."""
    config, out = os.path.join(folder, "poise.conf"), os.path.join(folder, "snapshot")
    named = ", ".join('{ name = "web%d"; address = "%s"; port = 8080; }' % (number + 1, address)
                      for number, address in enumerate(BACKENDS[:backends]))
    snat = 'snat = [ "203.0.113.1" ];' if nat == "full" else ""
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(device=device, queues=queues, nat=nat, snat=snat, backends=named,
                                 half_open=half_open, closing=closing))
    result = subprocess.run([program("control/poised", build), "-c", config, "--compile", out],
                            capture_output=True, text=True)
    if result.returncode:
        raise SystemExit("bench: poised --compile: " + result.stderr.strip())
    return out

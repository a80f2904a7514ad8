# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What the machine is, how quiet it is, and the huge pages that a run borrows."""

import os
import platform
import subprocess

import world

PAGES = "/proc/sys/vm/nr_hugepages"


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return default


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=world.ROOT, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def field(path, name):
    for line in read(path).splitlines():
        if line.split(":")[0].strip() == name:
            return line.split(":", 1)[1].strip()
    return "unknown"


def facts():
    """What a reader needs to judge a figure, or to repeat it."""
    vulnerable = {name: read("/sys/devices/system/cpu/vulnerabilities/" + name)
                  for name in sorted(os.listdir("/sys/devices/system/cpu/vulnerabilities"))}
    return {
        "cpu": field("/proc/cpuinfo", "model name"),
        "processors": os.cpu_count(),
        "tsc_hz": canary()["tsc_hz"],
        "memory": field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "kernel_command_line": " ".join(word for word in read("/proc/cmdline").split()
                                        if word.startswith(("mitigations", "isolcpus", "nohz", "rcu_nocbs", "nested"))),
        "mitigations": {name: text for name, text in vulnerable.items() if text != "Not affected"},
        "dpdk": output("pkg-config", "--modversion", "libdpdk"),
        "compiler": output("cc", "--version").splitlines()[0],
        "flags": compiler_flags(),
        "revision": output("git", "describe", "--always", "--dirty", "--abbrev=12"),
        "packet_path": packet_path(),
    }


def packet_path():
    """Of which the figures are: they add up to one report as long as this is the same."""
    trees = output("git", "rev-parse", "HEAD:include", "HEAD:dataplane").split()
    changed = output("git", "status", "--porcelain", "--", "include", "dataplane")
    return "-".join(tree[:12] for tree in trees) + ("-dirty" if changed else "")


def compiler_flags():
    """How the packet path was compiled, from the build directory itself."""
    for line in output("ninja", "-C", world.BUILD, "-t", "commands", "dataplane/libdp_hot.a").splitlines():
        if "pipeline.c" in line:
            return " ".join(word for word in line.split() if word.startswith(("-O", "-m", "-f", "-g", "-DNDEBUG")) and
                            not word.startswith("-fdiagnostics"))
    return "unknown"


def steal_ns(processor):
    """Time that the host gave to others while this processor wanted to run."""
    for line in read("/proc/stat").splitlines():
        words = line.split()
        if words[0] == "cpu%d" % processor:
            return int(words[8]) * 1000000000 // os.sysconf("SC_CLK_TCK")
    return 0


def canary(processor=1):
    """Fixed work, timed: see canary.c."""
    words = subprocess.run([world.program("bench/canary"), str(min(processor, os.cpu_count() - 1))],
                           capture_output=True, text=True, check=True).stdout.split()
    return dict(zip(("tsc_hz", "chase_ns", "copy_ns", "add_ns"), map(float, words)))


class HugePages:
    """At least so many MB of free huge pages while the `with` lasts; then what was there before."""

    def __init__(self, megabytes):
        self.wanted = -(-megabytes // 2)

    def __enter__(self):
        self.before = int(read(PAGES, "0"))
        free = int(field("/proc/meminfo", "HugePages_Free").split()[0])
        if free < self.wanted:
            self.set(self.before + self.wanted - free)
            free = int(field("/proc/meminfo", "HugePages_Free").split()[0])
        if free < self.wanted:
            self.set(self.before)
            raise SystemExit("bench: %d MB of huge pages wanted, %d to be had" % (2 * self.wanted, 2 * free))
        return self

    def __exit__(self, *_):
        self.set(self.before)

    @staticmethod
    def set(pages):
        with open(PAGES, "w", encoding="utf-8") as file:
            file.write(str(pages))

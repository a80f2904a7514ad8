# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Running the real poise-dataplane on captures, and what every such test checks."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import pcap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("POISE_BUILD", os.path.join(ROOT, "build")))
COUNTERS = {}  # name -> kind, in the order of the list
with open(os.path.join(ROOT, "include/poise/counters.def")) as _file:
    for _match in re.finditer(r"^POISE_COUNTER\(\w+, (\w+), (\w+),", _file.read(), re.M):
        COUNTERS[_match.group(1)] = _match.group(2)


def program(name):
    path = os.path.join(BUILD, name)
    if not os.path.exists(path):
        print("not ok - %s is not built" % path)
        sys.exit(1)
    return path


class Cases:
    """Prints one line a case; status() is the exit status."""

    def __init__(self):
        self.failed = 0

    def check(self, text, good, *why):
        print("%s - %s" % ("ok" if good else "not ok", text), flush=True)
        if not good:
            self.failed += 1
            for line in why:
                print("    %s" % (line,), flush=True)
        return good

    def equal(self, text, got, want):
        return self.check(text, got == want, "got  %r" % (got,), "want %r" % (want,))

    def status(self):
        return 1 if self.failed else 0


class Folder:
    """A temporary directory that goes when the test does; kept when POISE_KEEP is set."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="poise-test-")
        return self

    def __exit__(self, *_):
        if os.environ.get("POISE_KEEP"):
            print("kept: " + self.path)
        else:
            shutil.rmtree(self.path, ignore_errors=True)
        for left in glob.glob("/var/run/dpdk/%s*" % os.path.basename(self.path)):  # EAL makes it and leaves it
            shutil.rmtree(left, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name)


def compile_snapshot(config, out):
    """poised --compile. The config's text may come from a file beside the test."""
    result = subprocess.run([program("control/poised"), "--compile", out, "-c", config], capture_output=True,
                            text=True, timeout=60)
    if result.returncode:
        raise RuntimeError("poised --compile: " + result.stderr.strip())


class Result:
    def __init__(self, status, output, stats, frames):
        self.status, self.output, self.stats, self.frames = status, output, stats, frames
        self.counters = stats.get("counters", {})

    def kind(self, kind):
        return sum(self.counters.get(name, 0) for name, its in COUNTERS.items() if its == kind)

    def nonzero(self):
        return {name: value for name, value in self.counters.items() if value}


def eal(folder, lcores, vdevs, memory=256):
    """EAL's options for virtual devices without huge pages."""
    return ["--lcores", lcores, "--no-huge", "-m", str(memory), "--no-pci", "--no-telemetry",
            "--no-shconf", "--file-prefix", os.path.basename(folder.path)] + \
        [word for vdev in vdevs for word in ("--vdev", vdev)]


def lcore_list(workers, first=0):
    """A main lcore and `workers` workers, however few CPUs there are; a single worker is the main lcore."""
    cpus = sorted(os.sched_getaffinity(0))
    count = workers + 1 if workers > 1 else 1
    return ",".join("%d@%d" % (number, cpus[(number + first) % len(cpus)]) for number in range(count))


def run(folder, snapshot, devices, workers=1, idle_ms=300, options=(), timeout=50, name="run", transmit=None,
        memory=256, max_flows=65536):
    """Feed captures to the dataplane until it is idle.

    devices: {"net_pcap0": [frames of queue 0, frames of queue 1, ...]}; each device has `transmit` transmit
    queues, or as many as it has to receive. Returns a Result whose frames are
    {"net_pcap0": [output of queue 0, ...]}.
    """
    vdevs, outputs = [], {}
    for device, queues in devices.items():
        text = device
        outputs[device] = []
        for number, frames in enumerate(queues):
            source = folder.file("%s-%s-%d-in.pcap" % (name, device, number))
            pcap.write(source, frames)
            text += ",rx_pcap=" + source
        for number in range(transmit or len(queues)):
            outputs[device].append(folder.file("%s-%s-%d-out.pcap" % (name, device, number)))
        for path in outputs[device]:
            text += ",tx_pcap=" + path
        vdevs.append(text)
    stats = folder.file(name + "-stats.json")
    command = [program("dataplane/poise-dataplane")] + eal(folder, lcore_list(workers), vdevs, memory) + \
        ["--", "--snapshot", snapshot, "--mode", "vdev", "--exit-when-idle", str(idle_ms), "--stats-json", stats,
         "--max-flows", str(max_flows)] + list(options)
    process = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", timeout=timeout)
    loaded = {}
    if os.path.exists(stats):
        with open(stats) as file:
            loaded = json.load(file)
    return Result(process.returncode, process.stdout, loaded,
                  {device: [pcap.read(path) for path in paths] for device, paths in outputs.items()}
                  if process.returncode == 0 else {})


def add_up(cases, result, received, sent, expired_answers=0, name="run"):
    """Every packet received has exactly one fate, and what was counted as sent is what came out."""
    totals = result.stats.get("totals", {})
    fates = sum(result.kind(kind) for kind in ("FORWARD", "PASS", "DROP", "REPLY"))
    cases.equal(name + ": received packets are all counted", totals.get("rx_packets"), received)
    cases.equal(name + ": every received packet has one fate", fates, received)
    cases.equal(name + ": sent packets are all counted", totals.get("tx_packets"), sent)
    cases.equal(name + ": sent is forwarded plus answered",
                result.kind("FORWARD") + result.kind("REPLY") + expired_answers, sent)

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""R2: the real poise-dataplane beside unmodified testpmd, on net_pcap with infinite_rx, with the same arguments.

The capture has one frame of 64 bytes for each flow (of one flow: one each way), half of them inward, half outward,
in random order; testpmd gets the same file. Before, the flows are opened by a capture of handshakes through the
same poise-dataplane program, whose flow table is kept as poised keeps it.
"""

import os
import subprocess

import machine
import world
from subject import Driver, L3fwd, Poise, Testpmd

SAMPLE = 4096  # frames whose translation is checked in full
BUFFER = 2432  # bytes of memory for a packet buffer


def frames(*arguments):
    result = subprocess.run([world.program("bench/frames")] + [str(word) for word in arguments],
                            capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(result.stderr.strip())
    return result.stdout.strip()


def mbufs_of(count):
    return count + 8192


def megabytes(flows, subjects):
    """Huge pages that so many subjects need at once."""
    return subjects * (mbufs_of(max(flows, 2)) * BUFFER // 1000000 + 100)


class Rig:
    """All subjects for one number of flows, opened and checked; window() gives each its turn."""

    def __init__(self, folder, flows, modes, memory="bpf", base=None, l3fwd=None):
        self.flows = flows
        self.subjects = []
        self.drivers = []
        self.live = os.path.join(folder, "live.pcap")
        self.count = max(flows, 2)
        frames("live", flows, self.count, self.live)
        try:
            for mode in modes:
                self.add(Testpmd(self.live, mode, mbufs_of(self.count)))
            if l3fwd:
                frames("rules", flows, os.path.join(folder, "rules"))
                self.add(L3fwd(l3fwd, self.live, os.path.join(folder, "rules")))
            self.add_poise(folder, "poise", memory, None)
            if base:
                self.add_poise(folder, "base", memory, base)
        except BaseException:
            self.close()
            raise

    def add(self, subject):
        subject.pause()
        self.subjects.append(subject)

    def add_poise(self, folder, name, memory, build):
        driver = Driver(max(self.flows, 1 << 20), world.snapshot(folder, build=build), memory, build)
        self.drivers.append(driver)
        self.open(folder, driver, name)
        self.verify(folder, driver, name)
        self.add(Poise(folder, driver, self.live, mbufs_of(self.count), name=name))

    def open(self, folder, driver, name):
        capture = os.path.join(folder, "open.pcap")
        frames("open", self.flows, capture)
        sample = Poise(folder, driver, capture, 16384, infinite=False, exit_ms=1000,
                       name=name).finish()
        os.remove(capture)
        if sample["created"] != self.flows or sample["forwarded"] != 3 * self.flows:
            raise RuntimeError("%d flows opened, %d of %d packets forwarded" %
                               (sample["created"], sample["forwarded"], 3 * self.flows))

    def verify(self, folder, driver, name):
        """The first frames of the capture, out and compared: addresses, ports, both checksums."""
        few, out = os.path.join(folder, "few.pcap"), os.path.join(folder, "out.pcap")
        with open(self.live, "rb") as source, open(few, "wb") as file:
            file.write(source.read(24 + SAMPLE * (16 + world.FRAME)))
        Poise(folder, driver, few, 16384, infinite=False, transmit=out, exit_ms=200, name=name).finish()
        self.checked = int(frames("check", few, out))

    def round(self, number, warm_s, seconds):
        """One turn for each, in an order that is turned round every time (A B, B A, ...)."""
        order = self.subjects if number % 2 == 0 else list(reversed(self.subjects))
        rows = []
        for subject in order:
            row = subject.window(warm_s, seconds)
            row.update(name=subject.name, flows=self.flows, round=number)
            rows.append(row)
        return rows

    def check(self):
        """What does not balance, as lines."""
        return ["%s at %d flows: %s" % (subject.name, self.flows, why)
                for subject, why in ((subject, subject.check()) for subject in self.subjects) if why]

    def close(self):
        for subject in self.subjects:
            subject.close()
        for driver in self.drivers:
            driver.end()


def pages(flows, subjects):
    return machine.HugePages(megabytes(flows, subjects))

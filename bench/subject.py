# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Programs under measurement, as processes that are stopped while another one has its turn.

All of them get the same arguments for EAL and the same device. What is measured is the processor time of the
forwarding thread between two looks, and the packets that it received in between.
"""

import json
import os
import socket
import time

import machine
import world
from child import EAL, Child


def eal(name, capture, infinite=True, transmit=None):
    device = "net_pcap0,rx_pcap=" + capture
    if infinite:
        device += ",infinite_rx=1"
    if transmit:
        device += ",tx_pcap=" + transmit
    return ["-l", "0,1"] + EAL + ["--file-prefix=poise-bench-" + name, "--vdev", device]


class Subject(Child):
    """A process with one forwarding thread on processor 1."""

    processor = 1

    def __init__(self, name, command):
        self.name = name
        super().__init__(command)

    def others_ns(self):
        """Processor time of all threads but the forwarding one, which is the one that may only run on ours."""
        total = 0
        folder = "/proc/%d/task" % self.process.pid
        for task in os.listdir(folder):
            path = os.path.join(folder, task)
            if machine.field(path + "/status", "Cpus_allowed_list") != str(self.processor):
                total += int(machine.read(path + "/schedstat", "0").split()[0])
        return total

    def worker_ns(self):
        """Of the forwarding thread, up to this moment: the process's clock, which unlike /proc counts running
        threads to the nanosecond, less the others."""
        return time.clock_gettime_ns((~self.process.pid << 3) | 2) - self.others_ns()

    def look(self):
        """(ns of the thread, packets) of one moment: what is read in between is read twice and halved."""
        before = self.worker_ns()
        packets = self.packets()
        return (before + self.worker_ns()) / 2, packets

    def window(self, warm_s, seconds):
        """One turn: warm up, measure, stop. Processor time in ns and packets."""
        self.resume()
        time.sleep(warm_s)
        steal = machine.steal_ns(self.processor)
        begin = self.look()
        time.sleep(seconds)
        end = self.look()
        steal = machine.steal_ns(self.processor) - steal
        self.pause()
        return {"cpu_ns": end[0] - begin[0], "packets": end[1] - begin[1], "steal": steal / 1e9 / seconds}


class Testpmd(Subject):
    def __init__(self, capture, mode, mbufs):
        command = ["stdbuf", "-oL", "dpdk-testpmd"] + eal("testpmd-" + mode, capture) + \
            ["--", "-i", "--forward-mode=" + mode, "--total-num-mbufs=%d" % mbufs, "--nb-cores=1", "--no-flush-rx",
             "--no-mlockall"]
        super().__init__("testpmd " + mode, command)
        self.wait_for("Checking link statuses...\nDone\n", seconds=60)
        self.command("start", "packet forwarding")

    def command(self, line, pattern):
        start = len(self.output)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.wait_for(pattern, start)

    def packets(self):
        return int(self.command("show port stats 0", r"RX-packets: (\d+).*?####\n").group(1))

    def check(self):
        """Everything received was sent: by its own counters after a stop."""
        self.resume()
        text = self.command("stop", r"RX-packets: (\d+)\s+RX-dropped: \d+.*?TX-packets: (\d+).*?Done\.")
        if text.group(1) != text.group(2):
            return "received %s, sent %s" % text.groups()
        return None


class L3fwd(Subject):
    """DPDK's l3fwd, exact match. It prints no counters; DPDK's telemetry tells them."""

    def __init__(self, program, capture, rules):
        v6 = rules + "6"
        with open(v6, "w", encoding="utf-8") as file:
            file.write("R::1 ::2 9 9 0x11 0\n")
        # It takes a transmit queue for each lcore, and net_pcap has one.
        words = ["1" if word == "0,1" else word for word in eal("l3fwd", capture) if word != "--no-telemetry"]
        with open(rules, encoding="utf-8") as file:
            count = sum(1 for _ in file)
        super().__init__("l3fwd em", ["stdbuf", "-oL", program] + words +
                         ["--", "-p", "1", "-P", "--lookup=em", "--config=(0,0,1)", "--parse-ptype",
                          "--hash-entry-num=%d" % (2 * count + 1024), "--rule_ipv4=" + rules, "--rule_ipv6=" + v6])
        self.wait_for("entering main loop|Link", seconds=60)
        path = "/var/run/dpdk/poise-bench-l3fwd/dpdk_telemetry.v2"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for _ in range(200):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.05)
        self.limit = json.loads(self.socket.recv(1024))["max_output_len"]

    def stats(self):
        self.socket.send(b"/ethdev/stats,0")
        return json.loads(self.socket.recv(self.limit))["/ethdev/stats"]

    def packets(self):
        return self.stats()["ipackets"]

    def check(self):
        self.resume()
        time.sleep(0.1)
        now = self.stats()
        self.socket.close()
        # It runs on while it is asked, so a burst may be under way.
        if abs(now["ipackets"] - now["opackets"]) > 64:
            return "received %(ipackets)d, sent %(opackets)d" % now
        return None


class Driver(Child):
    """bench/driver: keeps the flow table and hands it out."""

    NAMES = ("tsc", "received", "sent", "forwarded", "created", "other", "handoff", "table_bytes")

    def __init__(self, max_flows, snapshot, memory, build=None):
        self.build = build
        super().__init__([world.program("bench/driver", build), str(max_flows), snapshot, memory])
        self.wait_for("^ok\n", seconds=60)

    def ask(self, line, seconds=30):
        start = len(self.output)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.wait_for(r"^[^\n]*\n", start, seconds).group(0).strip()

    def sample(self):
        return dict(zip(self.NAMES, map(int, self.ask("sample").split())))


class Poise(Subject):
    """poise-dataplane as it is installed, with a flow table that a driver (of the same build) keeps."""

    def __init__(self, folder, driver, capture, mbufs, infinite=True, transmit=None, exit_ms=None, name="poise"):
        control = os.path.join(folder, "control-%s.sock" % name)
        command = [world.program("dataplane/poise-dataplane", driver.build)] + \
            eal(name, capture, infinite, transmit) + \
            ["--", "--control", control, "--mbufs", str(mbufs)]
        if exit_ms:
            command += ["--exit-when-idle", str(exit_ms)]
        super().__init__(name, command)
        for _ in range(1000):
            if os.path.exists(control) or self.process.poll() is not None:
                break
            time.sleep(0.01)
        self.driver = driver
        if driver.ask("take " + control, 60) != "ok":
            raise RuntimeError("the dataplane did not start: " + self.output + driver.output)

    def packets(self):
        return self.driver.sample()["received"]

    def check(self):
        """Every packet was forwarded and sent: the fates balance to the packet."""
        self.resume()
        self.end()
        sample = self.driver.sample()
        self.driver.ask("leave")
        if not sample["received"] == sample["forwarded"] == sample["sent"]:
            return "received %(received)d, forwarded %(forwarded)d, sent %(sent)d, other fates %(other)d" % sample
        return None

    def finish(self):
        """After --exit-when-idle: wait for the end, return the counters."""
        status = self.process.wait(120)
        sample = self.driver.sample()
        self.driver.ask("leave")
        if status:
            raise RuntimeError("the dataplane failed: " + self.output)
        return sample

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""DPDK's own testpmd as the other end of a virtual wire, and the dataplane running beside it."""

import json
import os
import re
import signal
import subprocess
import threading
import time

import dataplane


class Process:
    """A program whose output is collected; ended by leaving the `with`."""

    def __init__(self, command):
        self.output = ""
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace", bufsize=1)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, pattern, start=0, seconds=10):
        """The match of a pattern in the output behind `start`, or an error with all output."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            match = re.search(pattern, self.output[start:], re.S)
            if match:
                return match
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError("no %r from: %s" % (pattern, self.output[-3000:]))

    def end(self, number=signal.SIGTERM, seconds=15):
        """Ask it to end; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.reader.join(5)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()


class Testpmd(Process):
    def __init__(self, folder, vdevs, mode, name="peer", options=()):
        lcores = dataplane.lcore_list(2, 1).rsplit(",", 1)[0]
        super().__init__(["stdbuf", "-oL", "dpdk-testpmd", "--lcores", lcores, "--no-huge", "-m", "256", "--no-pci",
                          "--no-telemetry", "--no-shconf",
                          "--file-prefix", "%s-%s" % (os.path.basename(folder.path), name)] +
                         [word for vdev in vdevs for word in ("--vdev", vdev)] +
                         ["--", "-i", "--forward-mode=" + mode, "--total-num-mbufs=16384", "--no-mlockall",
                          "--no-flush-rx"] +
                         list(options))

    def command(self, line, pattern, seconds=10):
        start = len(self.output)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.wait_for(pattern, start, seconds)

    def wait_link(self, port):
        """Wait until the virtual wire is plugged in on both ends. A server that has its socket but has not
        started its device yet refuses for good, so the client starts anew now and then."""
        for attempt in range(1, 100):
            if self.command("show port info %d" % port, r"Link status: (\w+)").group(1) == "up":
                return
            if attempt % 10 == 0:
                self.command("port stop %d" % port, r"Done")
                self.command("port start %d" % port, r"Done")
            time.sleep(0.1)
        raise RuntimeError("port %d stays down: %s" % (port, self.output[-2000:]))

    def start(self):
        self.command("start", "packet forwarding")

    def stop(self):
        self.command("stop", r"\nDone\.")

    def drain(self, port, mode="rxonly"):
        """Take what is still on the wire of a port, sending nothing, until nothing has come for a while."""
        self.command("set fwd " + mode, "Set .* packet forwarding mode")
        self.start()
        before, now = None, self.packets(port)
        while now != before:
            time.sleep(0.3)
            before, now = now, self.packets(port)
        self.stop()

    def packets(self, port):
        """(received, sent) by the device's own counters."""
        match = self.command("show port stats %d" % port,
                             r"RX-packets: (\d+).*?TX-packets: (\d+).*?####\n")
        return int(match.group(1)), int(match.group(2))

    def quit(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.flush()
        return self.process.wait(20)


class Dataplane(Process):
    """poise-dataplane as the server of memif wires 0 to `wires` - 1; result() after its end."""

    def __init__(self, folder, snapshot, wires=1, workers=1, options=()):
        self.stats_file = folder.file("stats.json")
        self.sockets = [folder.file("wire-%d.sock" % wire) for wire in range(wires)]
        vdevs = ["net_memif%d,role=server,id=0,socket=%s,socket-abstract=no" % (wire, path)
                 for wire, path in enumerate(self.sockets)]
        super().__init__([dataplane.program("dataplane/poise-dataplane")] +
                         dataplane.eal(folder, dataplane.lcore_list(workers), vdevs) +
                         ["--", "--snapshot", snapshot, "--mode", "vdev", "--idle", "adaptive", "--max-flows", "65536",
                          "--stats-json", self.stats_file] + list(options))
        for _ in range(500):
            if all(map(os.path.exists, self.sockets)) or self.process.poll() is not None:
                break
            time.sleep(0.02)
        if self.process.poll() is not None:
            self.reader.join(5)
            raise RuntimeError("the dataplane did not start: " + self.output)

    def wire(self, number):
        """The other end of a wire, as EAL of the peer takes it."""
        return "net_memif0,role=client,id=0,socket=%s,socket-abstract=no" % self.sockets[number]

    def result(self, status):
        with open(self.stats_file) as file:
            return dataplane.Result(status, self.output, json.load(file), {})

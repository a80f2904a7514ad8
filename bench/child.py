# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Programs that the benchmarks start: stopped while another has its turn; those of bench/ answer in JSON."""

import json
import os
import signal
import sys

import world

sys.path.insert(0, os.path.join(world.ROOT, "tests/lib"))
from testpmd import Process  # noqa: E402

EAL = ["--in-memory", "--no-pci", "--no-telemetry", "--iova-mode=va", "--log-level=*:error"]


class Child(Process):
    def __init__(self, command):
        self.stopped = False
        super().__init__(command)

    def pause(self):
        if not self.stopped:
            self.process.send_signal(signal.SIGSTOP)
            self.stopped = True

    def resume(self):
        if self.stopped:
            self.process.send_signal(signal.SIGCONT)
            self.stopped = False

    def close(self):
        self.resume()
        self.end()


class Rig(Child):
    """A program of bench/ with the dataplane's objects in it: a line in, a line of JSON out; the end of its input is
    its end."""

    def __init__(self, name, program, lcores, eal, arguments, build=None):
        super().__init__([world.program("bench/" + program, build), "--lcores", lcores] + EAL +
                         ["--file-prefix=poise-bench-" + name] + eal + ["--"] + [str(word) for word in arguments])
        self.wait_for('"ready"', seconds=120)

    def ask(self, line, seconds=120):
        start = len(self.output)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.wait_for(r"^\{[^\n]*\}\n", start, seconds).group(0))

    def close(self):
        self.resume()
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(30)
        self.reader.join(5)

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Packet vectors: what goes in, what must come out. One file is one run on an empty flow table.

    config NAME            the configuration beside the file, NAME.conf
    scenario TEXT          what the following steps are about
    step TEXT              one frame
    time MS                since the start; runners without a clock of their own ignore it
    in PORT                followed by the frame in hexadecimal, lines indented
    verdict NAME           its fate, a name of counters.def
    event NAME             counted besides, any number of lines
    out PORT               followed by the frame that must leave; absent when none does
    flows NUMBER           at the end of the file: flows in the table

Lines that begin with # and empty lines mean nothing.
"""


class Step:
    def __init__(self, text, port, frame, verdict, out=None, events=(), time=0):
        self.text, self.port, self.frame, self.verdict = text, port, frame, verdict
        self.out, self.events, self.time, self.scenario = out, tuple(events), time, ""


class Vectors:
    def __init__(self, config="", about=""):
        self.config, self.about, self.steps, self.flows, self.scenario = config, about, [], 0, ""

    def add(self, step):
        step.scenario = self.scenario
        step.time = step.time or 10 * len(self.steps)
        self.steps.append(step)

    def counters(self):
        """What the whole file must be counted as."""
        sums = {}
        for step in self.steps:
            for name in (step.verdict,) + step.events:
                sums[name] = sums.get(name, 0) + 1
        return sums


def _hex(frame):
    return ["  " + frame[at:at + 32].hex(" ", -4) for at in range(0, len(frame), 32)]


def text(vectors):
    lines = ["# SPDX-License-Identifier: BSD-2-Clause", "# Copyright (c) 2026 The Poise authors",
             "# Written by make.py, where the frames that must leave are computed. %s" % vectors.about, "",
             "config " + vectors.config]
    scenario = None
    for step in vectors.steps:
        if step.scenario != scenario:
            scenario = step.scenario
            lines += ["", "scenario " + scenario]
        lines += ["", "step " + step.text, "time %d" % step.time, "in " + step.port] + _hex(step.frame)
        lines.append("verdict " + step.verdict)
        lines += ["event " + name for name in step.events]
        if step.out:
            lines += ["out " + step.out[0]] + _hex(step.out[1])
    return "\n".join(lines + ["", "flows %d" % vectors.flows, ""])


def load(path):
    vectors, step, target = Vectors(), None, None
    with open(path) as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            if line.startswith(" "):
                target.extend(bytes.fromhex(line))
                continue
            word, _, rest = line.partition(" ")
            if word == "config":
                vectors.config = rest
            elif word == "scenario":
                vectors.scenario = rest
            elif word == "flows":
                vectors.flows = int(rest)
            elif word == "step":
                step = Step(rest, "", bytearray(), "")
                vectors.add(step)
            elif word == "time":
                step.time = int(rest)
            elif word == "in":
                step.port, target = rest, step.frame
            elif word == "verdict":
                step.verdict = rest
            elif word == "event":
                step.events += (rest,)
            elif word == "out":
                target = bytearray()
                step.out = (rest, target)
            else:
                raise ValueError("%s:%d: unknown word \"%s\"" % (path, number, word))
    return vectors

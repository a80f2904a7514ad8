# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""R1: the dataplane's own objects on net_null, where a callback writes a fresh header into every packet.

See null_rig.c. The same process turns the worker of Poise and the limit programs (io, macswap, csum) with the same
packets, so any number of flows can be compared, at the price of not being the installed binary.
"""

import child
import machine
import world

MBUFS = 8192


class NullRig(child.Rig):
    """`lcores`: "1" for the thread that turns everything itself, "0@0,1@1" and so on for workers of their own."""

    def __init__(self, folder, flows, lcores="1", table="thp", max_flows=None, backends=4, nat="dnat", name="null",
                 half_open=30, closing=1, build=None, commands=(), mbufs=MBUFS):
        snapshot = world.snapshot(folder, "net_null0", queues=max(1, lcores.count(",")), backends=backends, nat=nat,
                                  half_open=half_open, closing=closing, build=build)
        self.flows = flows
        super().__init__(name, "null_rig", lcores, ["--vdev", "net_null0,size=%d" % world.FRAME],
                         [snapshot, table, max_flows or max(flows, 1 << 20), flows, backends, mbufs], build)
        if not flows or nat == "full":
            return  # the replies of full NAT go to ports that the stamper does not know
        self.opened = self.ask("open")
        if self.opened["flow_created"] != flows or self.opened["forwarded"] != 3 * flows:
            raise RuntimeError("%d of %d flows opened" % (self.opened["flow_created"], flows))
        for command in commands:
            self.ask(command)

    def window(self, mode, pattern="uniform", milliseconds=1000):
        return self.ask("window %s %s %d" % (mode, pattern, milliseconds))

    def pauses(self, mode, pattern, milliseconds, runs, swap=False):
        return self.ask("pauses %s %s %d %s %d" % (mode, pattern, milliseconds, "swap" if swap else "still", runs))


def wrong(row, all_forwarded=True):
    """What does not balance in a window, or None."""
    if row["wrong"]:
        return "%d of %d checked packets are wrong: %s" % (row["wrong"], row["checked"], row["why"])
    if row["packets"] != row["sent"] and all_forwarded:
        return "%d packets written, %d sent" % (row["packets"], row["sent"])
    if row["mode"] == "poise" and row["packets"] and row["received"] != row["packets"]:
        return "%d packets written, %d received" % (row["packets"], row["received"])
    if row["mode"] == "poise" and row["packets"] and all_forwarded and row.get("forwarded") != row["packets"]:
        return "%d packets written, %d forwarded" % (row["packets"], row.get("forwarded", 0))
    if row["leaked"]:
        return "%d packet buffers leaked" % row["leaked"]
    if row["sent"] >= 2000 and not row["checked"]:
        return "no packet was checked"
    return None


class Rig:
    """Poise and the limit programs at one number of flows, turn and turn about; the same shape as rig_pcap.Rig."""

    def __init__(self, folder, flows, modes, table="thp", base=None, pattern="uniform", commands=(),
                 mbufs=MBUFS):
        self.flows, self.pattern, self.wrong, self.checked = flows, pattern, [], 0
        self.rigs = [NullRig(folder, flows, table=table, commands=commands, mbufs=mbufs)]
        self.turns = [(mode, mode, self.rigs[0]) for mode in modes] + [("poise", "poise", self.rigs[0])]
        if base:
            self.rigs.append(NullRig(folder, flows, table=table, name="base", build=base, commands=commands,
                                     mbufs=mbufs))
            self.turns.append(("base", "poise", self.rigs[1]))
        self.table_bytes = self.rigs[0].opened["table_bytes"]

    def round(self, number, warm_s, seconds):
        rows = []
        for name, mode, rig in self.turns if number % 2 == 0 else reversed(self.turns):
            rig.window(mode, self.pattern, int(1000 * warm_s))
            steal = machine.steal_ns(1)
            row = rig.window(mode, self.pattern, int(1000 * seconds))
            row.update(name=name, flows=self.flows, round=number, steal=(machine.steal_ns(1) - steal) / 1e9 / seconds)
            why = wrong(row)
            if why:
                self.wrong.append("%s at %d flows: %s" % (name, self.flows, why))
            self.checked += row["checked"]
            rows.append(row)
        return rows

    def check(self):
        return self.wrong

    def close(self):
        for rig in self.rigs:
            rig.close()


def pages(_flows, subjects, mbufs=MBUFS):
    return machine.HugePages((64 + (mbufs - MBUFS) * 2560 // 1000000) * subjects)

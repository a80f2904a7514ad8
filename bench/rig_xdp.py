# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""R6: the XDP program alone, by bpf_prog_test_run. See xdp_rig.c."""

import child
import world

OPERATIONS = ("empty", "floor", "established", "new")


class XdpRig(child.Child):
    """Runs on processor 1. `run` returns ns of one time as the kernel gives them; floor is the cost of writing the
    frame and of the call, which is to be taken off the others."""

    def __init__(self, folder, flows, build=None):
        super().__init__(["taskset", "2", world.program("bench/xdp_rig", build),
                          world.program("bpf/poise_xdp.bpf.o", build), world.program("bench/xdp_wrapper.bpf.o", build),
                          world.snapshot(folder, build=build), str(flows)])
        self.wait_for('"ready"', seconds=60)

    ask = child.Rig.ask
    close = child.Rig.close

    def run(self, what, times):
        return self.ask("run %s %d" % (what, times))

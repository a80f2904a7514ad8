#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""A few seconds of each fuzzer, always the same way. To look longer, run one by hand:

    POISE_FUZZ_SECONDS=3600 tests/run fuzz        or        tests/fuzz/fuzz_test.py NAME

An input that broke something is left in the directory of logs; give it to build-clang/tests/fuzz/fuzz_NAME.
"""

import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import seeds  # noqa: E402

CLANG = dataplane.BUILD + "-clang"
LOGS = os.environ.get("POISE_LOGS", "/tmp")
SECONDS = int(os.environ.get("POISE_FUZZ_SECONDS", "5"))
VECTORS = os.path.join(dataplane.ROOT, "tests/vectors")


def build():
    """The fuzzers are no part of the default target."""
    if not os.path.exists(os.path.join(CLANG, "build.ninja")):
        subprocess.run([os.path.join(dataplane.ROOT, "scripts/build"), CLANG], check=True,
                       env=dict(os.environ, CC="clang"))
    return subprocess.run(["ninja", "-C", CLANG, "fuzz"], capture_output=True, text=True)


def fuzz(folder, target, title, corpus, snapshot="", longest=4096, leaks=1):
    """One fuzzer over its seeds. Returns what Cases.check() takes."""
    known, grown = folder.file(title + ".seeds"), folder.file(title + ".corpus")
    os.mkdir(known)
    os.mkdir(grown)
    for number, data in enumerate(corpus.values()):
        with open(os.path.join(known, "%04d" % number), "wb") as file:
            file.write(data)
    env = dict(os.environ, POISE_FUZZ_SNAPSHOT=snapshot,
               ASAN_OPTIONS="detect_leaks=%d:abort_on_error=0" % leaks, UBSAN_OPTIONS="print_stacktrace=1")
    for seconds in (SECONDS, 10 * SECONDS):
        done = subprocess.run([os.path.join(CLANG, "tests/fuzz/fuzz_" + target), "-seed=1",
                               "-runs=%d" % (20000 * SECONDS), "-max_total_time=%d" % seconds, "-timeout=10",
                               "-max_len=%d" % longest, "-verbosity=1",
                               "-artifact_prefix=%s/fuzz_%s-" % (LOGS, target), grown, known],
                              env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + 60,
                              text=True, errors="replace", cwd=folder.path)
        runs = re.search(r"Done (\d+) runs", done.stdout)
        count = int(runs.group(1)) if runs else 0
        # A fuzzer that did not even get through what it was given has shown nothing. A slow machine has more time.
        if done.returncode or count > len(corpus):
            break
    return ("%s: nothing found in %d inputs, from %d seeds" % (title, count, len(corpus)),
            done.returncode == 0 and count > len(corpus), *done.stdout.splitlines()[-40:])


def main():
    cases = dataplane.Cases()
    made = build()
    if not cases.check("the fuzzers are built", made.returncode == 0, made.stdout[-2000:], made.stderr[-500:]):
        return cases.status()
    wanted = sys.argv[1:] or ["packet", "wire", "request", "http", "netlink", "sync", "config"]
    wide = len(os.sched_getaffinity(0))
    with dataplane.Folder() as folder, concurrent.futures.ThreadPoolExecutor(wide) as pool:
        jobs = []
        for name in ("one_arm", "two_arm", "full"):
            snapshot = folder.file(name + ".snapshot")
            dataplane.compile_snapshot(os.path.join(VECTORS, name + ".conf"), snapshot)
            if "packet" in wanted:
                jobs.append(pool.submit(fuzz, folder, "packet", "packet-" + name, seeds.packet(name), snapshot, 16384))
        if "wire" in wanted:
            jobs.append(pool.submit(fuzz, folder, "wire", "wire", seeds.wire(), folder.file("one_arm.snapshot"), 1024))
        for name in ("request", "http", "netlink", "sync"):
            if name in wanted:
                jobs.append(pool.submit(fuzz, folder, name, name, getattr(seeds, name)()))
        if "config" in wanted:  # libconfig forgets strings on syntax errors
            jobs.append(pool.submit(fuzz, folder, "config", "config", seeds.config(), longest=16384, leaks=0))
        for job in jobs:
            cases.check(*job.result())
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""bash completes poisectl: verbs, options, keys, states and files, asked of bash itself, and typed at its prompt.
Names of backends and services are completed in tests/system/answers_test.sh, with a poised that runs."""

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = pathlib.Path(os.environ.get("POISE_BUILD", ROOT / "build")) / "control/completion/poisectl"
VERBS = re.findall(r"^CP_COMMAND\((\w+),", (ROOT / "control/cmds.def").read_text(encoding="utf-8"), re.M)
failed = 0


def case(text, got, wanted):
    global failed
    failed += got != wanted
    print("ok - " + text if got == wanted else "not ok - %s: got %s, wanted %s" % (text, got, wanted))


def complete(*words):
    """What bash offers behind these words, of which the last is not finished."""
    script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _poisectl; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", str(SCRIPT), "poisectl", *words], cwd=ROOT,
                          capture_output=True, text=True, env=dict(os.environ, POISE_SOCKET="/nonexistent"))
    if done.stderr:
        print(done.stderr)
    return sorted(filter(None, done.stdout.split("\n")))


def typed(keys, wanted, seconds=10):
    """Type at the prompt of an interactive bash until `wanted` is on the screen."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(PS1="> ", TERM="dumb", INPUTRC="/dev/null", HISTFILE="")
        os.execlp("bash", "bash", "--norc", "--noprofile", "-i")
    os.write(master, (". '%s'\n" % SCRIPT).encode() + keys)
    seen, end = b"", time.monotonic() + seconds
    while wanted not in seen and time.monotonic() < end:
        if select.select([master], [], [], 0.2)[0]:
            seen += os.read(master, 4096)
    os.write(master, b"\x03exit\n")
    os.close(master)
    os.waitpid(pid, 0)
    return wanted in seen


case("syntax", subprocess.run(["bash", "-n", str(SCRIPT)]).returncode, 0)
case("all verbs and the options before them", complete(""), sorted(VERBS + ["-j", "-s", "-h"]))
case("a verb that is begun", complete("-j", "-s", "x", "dr"), ["drain", "drift"])
for verb in VERBS:
    syntax = re.search(r'^CP_COMMAND\(%s, "([^"]*)"' % verb, (ROOT / "control/cmds.def").read_text(), re.M)[1]
    options = sorted(set(re.findall(r"(?<![\w-])--?[a-z]+", syntax)))
    case("options of %s" % verb, complete(verb, "-"), options)
case("keys of flows", complete("flows", ""), ["backend=", "client=", "limit=", "service=", "state="])
case("keys of capture", complete("capture", "s"), ["service="])
case("states", complete("flows", "state", "=", "est"), ["established"])
case("states, nothing typed yet", len(complete("flows", "state", "=")), 8)
case("files", complete("check", "README"), ["README.md"])
case("files behind an option", complete("drift", "--save", "LICEN"), ["LICENSE", "LICENSES"])
case("no file where none belongs", complete("status", "README"), [])
case("verbs of help", complete("help", "roll"), ["rollback"])
case("a word for the weight", complete("weight", "web1", "def"), ["default"])
case("typed at the prompt of bash", typed(b"poisectl rollb\t", b"poisectl rollback "), True)
sys.exit(1 if failed else 0)

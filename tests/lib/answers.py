#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""answers.py POISECTL DIRECTORY: let a running poised, whose socket and files are in DIRECTORY, answer every verb.

As JSON each answer is compared with docs/json-schema.json, as text on a terminal of 80 columns it must fit. Prints a
line for each case. poised runs a service "web" with the backends web1 and web2, and has carried some connections."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import jsonschema

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POISECTL, LAB = sys.argv[1:]
COMMAND = [POISECTL, "-s", os.path.join(LAB, "control.sock")]
with open(os.path.join(ROOT, "docs/json-schema.json"), encoding="utf-8") as _file:
    SCHEMA = json.load(_file)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
with open(os.path.join(ROOT, "control/cmds.def"), encoding="utf-8") as _file:
    VERBS = re.findall(r"^CP_COMMAND\((\w+),", _file.read(), re.M)

# In this order: what one does, the next may need. A verb may stand here several times.
FILE, NEW = os.path.join(LAB, "poise.conf"), os.path.join(LAB, "new.conf")
CALLS = [
    "status", "services", "services web", "backends", "top", "flows", "flows limit=0",
    "flows state=closing client=10.1.0.2",
    "counters", "counters --all", "counters --drops", "explain tcp 10.1.0.9:4000 10.1.0.100:80",
    "explain tcp 10.1.0.9:4000 10.9.9.9:80", "reload", "check " + FILE, "check " + NEW, "plan " + NEW,
    "apply %s --confirm 60" % NEW, "confirm", "rollback", "drain web/web1 --deadline 100", "backends", "drift",
    "drift --save %s/saved.conf" % LAB, "enable web/web1", "disable web1", "enable web1", "weight web1 3", "drift",
    "weight web1 default", "doctor", "events", "events 3", "events --after 2", "ready",
    "withdraw", "announce", "sync", "version", "help", "help flows",
    "restart",
    # refused
    "check %s/none.conf" % LAB, "confirm", "drain nobody", "explain udp a b",
]
failed = 0


def case(text, good, why=""):
    global failed
    failed += not good
    print("%s - %s%s" % ("ok" if good else "not ok", text, "" if good else ": %s" % (why,)), flush=True)


def wrong(verb, documents):
    """What the schema says against the answers."""
    return ["%s at %s" % (error.message[:200], "/".join(map(str, error.absolute_path)))
            for document in documents for error in VALIDATOR.iter_errors({verb: document})]


def ask(words):
    done = subprocess.run(COMMAND + ["-j"] + words, capture_output=True, text=True, timeout=20)
    return json.loads(done.stdout) if done.stdout.strip() else None, done


def on_terminal(words, **env):
    """The text of an answer, as a terminal of 80 columns gets it."""
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.environ.update(TERM="xterm-256color", **env)
        os.execv(COMMAND[0], COMMAND + words)
    seen = b""
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:
            break
        if not block:
            break
        seen += block
    os.close(master)
    os.waitpid(pid, 0)
    return seen.decode().replace("\r", "")


def too_long(text):
    """Lines that do not fit, but for those of one word that cannot be broken."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return [line for line in plain.splitlines() if len(line) > 80 and max(map(len, line.split())) < 45]


def answers():
    for call in CALLS:
        words = call.split()
        document, done = ask(words)
        if done.returncode == 0:
            problems = wrong(words[0], [document])
            case("-j %s: as the schema says" % call.replace(LAB + "/", ""), not problems, problems[:3])
        else:
            case("-j %s: refused with one line" % call.replace(LAB + "/", ""),
                 done.stderr.count("\n") >= 1 and (document is None or not wrong(words[0], [document])), done)
        if words[0] in ("apply", "confirm", "rollback", "restart", "top"):
            continue  # once is enough; top is a screen of its own
        text = on_terminal(words)
        lines = too_long(text)
        case("%s: fits 80 columns" % call.replace(LAB + "/", ""), text and not lines, lines[:2])
    missing = set(VERBS) - {call.split()[0] for call in CALLS} - {"trace", "capture"}
    case("every verb was asked", not missing, missing)
    missing = set(VERBS) - set(SCHEMA["properties"])
    case("every verb is in the schema", not missing, missing)


def streams():
    with open(os.path.join(LAB, "trace.json"), encoding="utf-8") as file:
        packets = [json.loads(line) for line in file]
    case("trace: an object a line", len(packets) == 5, packets)
    case("trace: as the schema says", not wrong("trace", packets), wrong("trace", packets)[:3])
    follow = subprocess.Popen(COMMAND + ["-j", "events", "-f", "1"], stdout=subprocess.PIPE, text=True)
    seen = [json.loads(follow.stdout.readline())]
    for word in ("disable", "enable"):
        ask([word, "web/web1"])
        while seen[-1]["kind"] != "operator" or word[:5] not in seen[-1]["text"].replace("active", "enabl"):
            seen.append(json.loads(follow.stdout.readline()))
            if len(seen) > 50:
                break
    follow.terminate()
    follow.wait()
    case("events -f goes on with what happens, in order", [event["id"] for event in seen] ==
         list(range(seen[0]["id"], seen[0]["id"] + len(seen))) and len(seen) < 50, seen)
    case("events -f: as the schema says", not wrong("events -f", seen), wrong("events -f", seen)[:3])
    case("events say what they are about", (seen[-1]["service"], seen[-1]["backend"]) == ("web", "web1"), seen[-1])
    with open(os.path.join(LAB, "poised.log"), encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("{")]
    log = [json.loads(line) for line in lines]
    case("the log: as the schema says", len(log) > 5 and not wrong("log", log), wrong("log", log)[:3])
    events = ask(["events", "1024"])[0]["events"]
    case("the log has the events themselves", [event for event in events if event not in log][:1] == [],
         [event for event in events if event not in log][:1])


def colors():
    case("colours on a terminal", "\x1b[32mup" in on_terminal(["backends"]))
    case("no colours with NO_COLOR", "\x1b" not in on_terminal(["backends"], NO_COLOR="1"))
    case("no colours into a pipe", "\x1b" not in subprocess.run(COMMAND + ["backends"], capture_output=True,
                                                                text=True).stdout)


answers()
colors()
streams()
sys.exit(1 if failed else 0)

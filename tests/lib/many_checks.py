#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""A server of many ports for tests/system/many_checks_test.sh: many_checks.py FIRST-PORT COUNT FOLDER

Every second port speaks HTTP, the others accept and close. It notes when each is asked. SIGUSR1 begins a span; SIGUSR2
ends it and writes what was in it to FOLDER/span, as JSON: its seconds, the least and the most that a port was asked,
and the longest times between two questions at one port, in milliseconds. SIGHUP closes a tenth of the ports.
"""

import json
import os
import resource
import selectors
import signal
import socket
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
first, count, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
resource.setrlimit(resource.RLIMIT_NOFILE, (4 * count + 100, max(4 * count + 100,
                                                                resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
poll = selectors.DefaultSelector()
servers, asked = [], [[] for _ in range(count)]
begin = time.monotonic()


def begin_span(*_):
    global begin
    for times in asked:
        times.clear()
    begin = time.monotonic()


def end_span(*_):
    gaps = sorted(after - before for times in asked for before, after in zip(times, times[1:]))
    with open(os.path.join(folder, "span.new"), "w", encoding="utf-8") as file:
        json.dump({"seconds": time.monotonic() - begin, "least": min(map(len, asked)), "most": max(map(len, asked)),
                   "all": sum(map(len, asked)), "p99_ms": round(1000 * gaps[int(len(gaps) * 0.99)]) if gaps else 0,
                   "most_ms": round(1000 * gaps[-1]) if gaps else 0}, file)
    os.rename(os.path.join(folder, "span.new"), os.path.join(folder, "span"))


def close_some(*_):
    for server in servers[:count // 10]:
        poll.unregister(server)
        server.close()


def accept(number):
    try:
        peer, _ = servers[number].accept()
    except OSError:
        return
    asked[number].append(time.monotonic())
    if number % 2:
        peer.setblocking(False)
        poll.register(peer, selectors.EVENT_READ, -1)
    else:
        peer.close()


def answer(peer):
    poll.unregister(peer)
    try:
        if peer.recv(4096):
            peer.sendall(ANSWER)
    except OSError:
        pass
    peer.close()


for number in range(count):
    servers.append(socket.create_server(("", first + number), backlog=64))
    servers[-1].setblocking(False)
    poll.register(servers[-1], selectors.EVENT_READ, number)
for sign, reaction in ((signal.SIGUSR1, begin_span), (signal.SIGUSR2, end_span), (signal.SIGHUP, close_some)):
    signal.signal(sign, reaction)
print("listening", flush=True)
while True:
    for key, _ in poll.select():
        if key.data < 0:
            answer(key.fileobj)
        elif key.fileobj.fileno() >= 0:
            accept(key.data)

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What tests/system/many_flows_test.sh makes and measures.

many_flows.py capture FILE COUNT      a capture of the SYNs of COUNT clients to 203.0.113.10:80
many_flows.py listen ADDRESS FILE     accept on port 80 and note when, in FILE, until SIGTERM
many_flows.py ask SOCKET PID SECONDS  ask poised for its flows from all sides, and see what that does to others
"""

import json
import multiprocessing
import socket
import struct
import sys
import time

ASKERS, DEAF = 3, 8


def folded(total):
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def capture(path, count):
    """One SYN of each address from 100.64.0.0 on. What is the same in all of them is summed up once."""
    ethernet = bytes.fromhex("020000000001" "020000000c01" "0800")
    service = socket.inet_aton("203.0.113.10")
    ip_sum = 0x4500 + 40 + 0x4000 + (64 << 8 | 6) + sum(struct.unpack("!2H", service))
    tcp_sum = 6 + 20 + sum(struct.unpack("!2H", service)) + 40000 + 80 + 0x5002 + 65535
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        frames = []
        for number in range(count):
            client = 0x64400000 + number
            words = (client >> 16) + (client & 0xffff)
            frames.append(struct.pack("<4I", 0, 0, 54, 54) + ethernet + struct.pack(
                "!HHHHBBHI4sHHIIHHHH", 0x4500, 40, 0, 0x4000, 64, 6, folded(ip_sum + words), client, service, 40000, 80,
                0, 0, 0x5002, 65535, folded(tcp_sum + words), 0))
            if len(frames) == 10000:
                file.write(b"".join(frames))
                frames.clear()
        file.write(b"".join(frames))


def listen(address, path):
    with socket.create_server((address, 80), backlog=64) as server, open(path, "w", encoding="utf-8") as file:
        while True:
            server.accept()[0].close()
            print(time.monotonic(), file=file, flush=True)


def talk(path, *words):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(path)
        connection.sendall(json.dumps({"argv": words, "json": True}).encode() + b"\n")
        return b"".join(iter(lambda: connection.recv(1 << 20), b""))


def anonymous_kib(pid):
    with open("/proc/%s/status" % pid, encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))


def ask(path, pid, seconds):
    end, waits, memory = time.monotonic() + seconds, [], anonymous_kib(pid)
    answers = multiprocessing.Queue()
    most = memory

    def asker():
        while time.monotonic() < end:
            answer = talk(path, "flows", "backend=web1", "state=syn_sent", "limit=10000")
            answers.put(answer.count(b'"client":'))

    # Processes: what one does with an answer shall not hold up the one that measures.
    askers = [multiprocessing.Process(target=asker) for _ in range(ASKERS)]
    deaf = []
    for _ in range(DEAF):
        deaf.append(socket.socket(socket.AF_UNIX))
        deaf[-1].connect(path)
        deaf[-1].sendall(b'{"argv":["flows","limit=10000"],"json":true}\n')  # and never reads
    for process in askers:
        process.start()
    while time.monotonic() < end:
        begin = time.monotonic()
        talk(path, "version")
        waits.append((time.monotonic() - begin) * 1000)
        most = max(most, anonymous_kib(pid))
        time.sleep(0.01)
    for process in askers:
        process.join()
    rows = []
    while not answers.empty():
        rows.append(answers.get())
    waits.sort()
    print(json.dumps({"answers": len(rows), "rows": min(rows, default=0), "asked": len(waits),
                      "p99_ms": round(waits[int(len(waits) * 0.99)]), "most_ms": round(waits[-1]),
                      "more_mib": (most - memory) >> 10, "end": time.monotonic(), "begin": end - seconds}))


if sys.argv[1] == "capture":
    capture(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == "listen":
    listen(sys.argv[2], sys.argv[3])
else:
    ask(sys.argv[2], sys.argv[3], float(sys.argv[4]))

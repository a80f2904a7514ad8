# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Connections that live: hold.py SOURCE ADDRESS NAME CA CONNECTIONS REQUESTS-A-SECOND

TLS connections to port 443, each verified and kept, share the requests among them. A line "mark NAME" on standard
input prints what happened since the last one, as JSON: requests answered, connections that ended ("resets"), how
many got an answer, how long the slowest one took ("wait_ms"), and the longest time in which nobody got one ("gap_ms").
A connection that ended is made anew.
"""

import asyncio
import json
import ssl
import sys
import time


class Score:
    def __init__(self):
        self.clear()

    def clear(self):
        self.begin = self.last = time.monotonic()
        self.answered = self.resets = self.gap = self.wait = 0
        self.answering = set()

    def answer(self, number, sent):
        now = time.monotonic()
        self.gap = max(self.gap, now - self.last)
        self.last = now
        self.answered += 1
        self.wait = max(self.wait, now - sent)
        self.answering.add(number)

    def show(self, name, open_now):
        now = time.monotonic()
        print(json.dumps({"event": name, "seconds": round(now - self.begin, 1), "connections": open_now,
                          "answered": self.answered, "resets": self.resets,
                          "answering": len(self.answering), "wait_ms": round(self.wait * 1000),
                          "gap_ms": round(max(self.gap, now - self.last) * 1000)}), flush=True)
        self.clear()


async def hold(number, options, score, live):
    source, address, name, ca, count, rate = options
    context = ssl.create_default_context(cafile=ca)
    every = int(count) / int(rate)
    request = ("GET /?%d HTTP/1.1\r\nHost: %s\r\n\r\n" % (number, name)).encode()
    first = True
    while True:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(
                address, 443, ssl=context, server_hostname=name, local_addr=(source, 0)), 5)
            live.add(number)
            if first:
                await asyncio.sleep(every * number / int(count))
                first = False
            while True:
                sent = time.monotonic()
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 200 "):
                    raise OSError("not an answer: %r" % head[:40])
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                score.answer(number, sent)
                await asyncio.sleep(max(0, sent + every - time.monotonic()))
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            if number in live:
                score.resets += 1
                print("connection %d: %r" % (number, error), file=sys.stderr, flush=True)
            live.discard(number)
            await asyncio.sleep(0.1)


async def main():
    score, live = Score(), set()
    options = sys.argv[1:7]
    tasks = [asyncio.create_task(hold(number, options, score, live)) for number in range(int(options[4]))]
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode():
        if line.startswith("mark "):
            score.show(line[5:].strip(), len(live))
    for task in tasks:
        task.cancel()


asyncio.run(main())

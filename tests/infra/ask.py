# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""New connections at a rate: ask.py SOURCE ADDRESS NAME CA REQUESTS-A-SECOND SECONDS [PATH [BODY]]

Each request has a TLS connection of its own, verified, and is made when it is due, whether others were answered or not.
The first line is "begin" and the time of day. Then a line for each, in the order of their beginning: seconds since the
first one, milliseconds it took, and the answer on one line, or "failed" and why. With a body it is a POST. After
SIGTERM no more are begun.
"""

import asyncio
import signal
import ssl
import sys
import time

PATIENCE_S = 3


async def exchange(options, request):
    source, address, name = options[:3]
    context = ssl.create_default_context(cafile=options[3])
    reader, writer = await asyncio.open_connection(address, 443, ssl=context, server_hostname=name,
                                                   local_addr=(source, 0))
    try:
        writer.write(request)
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    finally:
        writer.transport.abort()
    if not head.startswith("HTTP/1.1 200 "):
        return "failed: %s %s" % (head.split("\r\n")[0], " ".join(body.split()))
    return " ".join(body.split())


async def ask(options, request, begin, due, over):
    try:
        await asyncio.wait_for(over.wait(), max(0, begin + due - time.monotonic()))
        return None
    except asyncio.TimeoutError:
        pass
    sent = time.monotonic()
    try:
        answer = await asyncio.wait_for(exchange(options, request), PATIENCE_S)
    except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
        answer = "failed: %r" % error
    return "%.3f %.0f %s" % (sent - begin, (time.monotonic() - sent) * 1000, answer)


async def main():
    options, rate, seconds = sys.argv[1:5], float(sys.argv[5]), float(sys.argv[6])
    path, body = (sys.argv[7:] + ["/", ""][len(sys.argv[7:]):])[:2]
    request = "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (
        "POST" if body else "GET", path, options[2], len(body), body)
    print("begin %.3f" % time.time(), flush=True)
    begin, over = time.monotonic(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    tasks = [asyncio.create_task(ask(options, request.encode(), begin, i / rate, over))
             for i in range(int(rate * seconds))]
    for task in tasks:
        line = await task
        if line:
            print(line, flush=True)


asyncio.run(main())

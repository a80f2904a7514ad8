# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Many connections at once: burst.py SOURCE ADDRESS PORT COUNT. Prints how many were accepted within 0.9 seconds,
before any SYN is repeated, then resets them all."""

import select
import socket
import struct
import sys
import time

source, address, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
poll = select.epoll()
sockets, accepted = {}, 0
end = time.monotonic() + 0.9
for _ in range(count):
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.bind((source, 0))
    connection.connect_ex((address, port))
    poll.register(connection, select.EPOLLOUT)
    sockets[connection.fileno()] = connection
while (left := end - time.monotonic()) > 0:
    for number, events in poll.poll(left):
        accepted += not events & (select.EPOLLERR | select.EPOLLHUP)
        poll.unregister(number)
print(accepted)

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Metrics over HTTP and the control socket, also when what comes in is garbage.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open metrics

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")"
lab_requests 50 >"$LAB/answers"
url=http://127.0.0.1:9650

# What the kernel's program made while a worker was late is added up once a second.
made() { awk '/^poise_backend_flows_created_total\{/ { sum += $NF } END { print sum + 0 }' "$LAB/metrics"; }
scraped()
{
	lab_in lb curl -s -m 5 -D "$LAB/headers" -o "$LAB/metrics" "$url/metrics" && [ "$(made)" -ge 50 ]
}
lab_wait 5 scraped
check "Prometheus text" grep -qiE '^content-type: text/plain; version=0.0.4' "$LAB/headers"
check "names, types and labels are well formed" "$lab_directory/check-metrics" "$LAB/metrics"
if command -v promtool >/dev/null; then
	check "promtool finds nothing" sh -c "promtool check metrics <'$LAB/metrics'"
fi
check_is "50 flows are told" "$(made)" 50
check_is "every counter is told" "$(grep -c '^POISE_COUNTER(' "$lab_root/include/poise/counters.def")" \
	"$(grep -cE '^poise_(packets|flow_events)_total\{' "$LAB/metrics")"
check_is "healthz" "$(lab_in lb curl -s -o /dev/null -w '%{http_code}' "$url/healthz")" 200
check_is "readyz" "$(lab_in lb curl -s -o /dev/null -w '%{http_code}' "$url/readyz")" 200
check_is "elsewhere" "$(lab_in lb curl -s -o /dev/null -w '%{http_code}' "$url/nothing")" 404
check_is "POST" "$(lab_in lb curl -s -o /dev/null -w '%{http_code}' -d x=1 "$url/metrics" | cut -c1)" 4

# Garbage at both doors
garbage=$(lab_in lb /usr/bin/python3 - "$LAB/control.sock" 9650 <<'END'
import os, socket, sys
inputs = [b"", b"\0" * 8192, os.urandom(8192), b"\xff" * 65536, b"status", b"A" * 1048576, b"{" * 100000,
          b"[" * 100000, b"\n" * 1000, b'{"argv":[' + b'"x",' * 20000 + b'"x"]}\n', b'{"argv": 3}\n', b'{"argv":[3]}\n']
held = []
for make in (lambda: (socket.AF_UNIX, sys.argv[1]), lambda: (socket.AF_INET, ("127.0.0.1", int(sys.argv[2])))):
    family, address = make()
    for data in inputs:
        for answer in (False, True):
            for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
                if family == socket.AF_INET and kind == socket.SOCK_SEQPACKET:
                    continue
                try:
                    peer = socket.socket(family, kind)
                    peer.settimeout(1)
                    peer.connect(address)
                    peer.sendall(data)
                    if answer:
                        peer.shutdown(socket.SHUT_WR)
                        peer.recv(65536)
                    peer.close()
                except OSError:
                    pass
    for _ in range(50):  # connections that say nothing
        try:
            peer = socket.socket(family, socket.SOCK_STREAM)
            peer.settimeout(1)
            peer.connect(address)
            held.append(peer)
        except OSError:
            pass
print("sent")
END
)
check_is "garbage was sent" "$garbage" sent
check "poised lives" lab_alive "$LAB_POISED"
check "and answers" poisectl status
check_is "metrics too" "$(lab_in lb curl -s -m 5 -o /dev/null -w '%{http_code}' "$url/metrics")" 200
check_is "traffic goes on" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
check_is "the control socket is for its owner" "$(stat -c %a "$LAB/control.sock" | cut -c3)" 0
check_done

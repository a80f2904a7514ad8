#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The XDP program alone: connections of a drained backend are reset when they speak, and a service without backends
# refuses.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open lifecycle_xdp

lab_topology 2
for i in 1 2; do lab_nginx "$i"; done
lab_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 1)"),
	$(lab_service closed 81 'all_down = "reset";' "$(lab_backends 1)")" |
	sed 's/mode = "af_xdp"/mode = "xdp"/' >"$LAB/poise.conf"
lab_poised
lab_ready 20 all || lab_die "Poise does not become ready"

cat >"$LAB/speak.py" <<'END'
import socket
import sys
import time
link = socket.create_connection((sys.argv[1], 80))
with open(sys.argv[2], "w") as file:
    try:
        for _ in range(100):
            link.sendall(b"GET /keep/ HTTP/1.1\r\nHost: x\r\n\r\n")
            if not link.recv(65536):
                break
            print("answer", file=file, flush=True)
            time.sleep(0.1)
    except ConnectionResetError:
        print("reset", file=file, flush=True)
END

lab_spawn speak client python3 "$LAB/speak.py" "$lab_vip" "$LAB/speak.txt"
lab_wait 10 test -s "$LAB/speak.txt"
poisectl drain web/web1 --deadline 3 >/dev/null
is_reset() { grep -q reset "$LAB/speak.txt"; }
check_is "it goes on until the deadline" "$(tail -n 1 "$LAB/speak.txt")" answer
check "and is reset when it speaks after it" lab_wait 15 is_reset
counted() { [ "$(lab_counter "$1")" -ge 1 ]; }
check "counted" lab_wait 5 counted flow_reset
poisectl drain closed/web1 >/dev/null
check_is "a service without backends refuses at once" \
	"$(lab_in client curl -s -m 2 -o /dev/null -w '%{exitcode}' "http://$lab_vip:81/")" 7
check "counted" lab_wait 5 counted refused
check_done

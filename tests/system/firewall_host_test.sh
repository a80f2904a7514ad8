#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# With default = "deny" the balancer itself is reached only where a rule says so, while its services, its health
# checks and every connection of its own go on.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open firewall_host

lab_topology 2
ip -n client address add 10.1.0.3/24 dev eth0
for i in 1 2; do lab_nginx "$i"; done
config() { lab_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")" | sed 's/"af_xdp"/"xdp"/'; }
config >"$LAB/poise.conf"
cp "$LAB/poise.conf" "$LAB/open.conf"
{ config; echo 'firewall = { default = "deny"; };'; } >"$LAB/locked.conf"
{ config; echo 'firewall = { default = "deny"; pass = (
	{ protocol = "tcp"; port = 22; source = "10.1.0.2"; interface = "front"; },
	{ protocol = "udp"; port = 9001; } ); };'; } >"$LAB/deny.conf"

# What listens here and there: TCP 22 and 8022 that say hello, UDP 9000 and 9001 that send back.
cat >"$LAB/serve.py" <<'END'
import selectors
import socket
all = selectors.DefaultSelector()
for port in (22, 8022):
    server = socket.create_server(("0.0.0.0", port), reuse_port=True)
    all.register(server, selectors.EVENT_READ, "accept")
for port in (9000, 9001):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", port))
    all.register(server, selectors.EVENT_READ, "datagram")
while True:
    for key, _ in all.select():
        if key.data == "accept":
            link, _ = key.fileobj.accept()
            all.register(link, selectors.EVENT_READ, "link")
        elif key.data == "link":
            try:
                data = key.fileobj.recv(100)
            except OSError:
                data = b""
            if data:
                key.fileobj.sendall(data)
            else:
                all.unregister(key.fileobj)
                key.fileobj.close()
        else:
            data, sender = key.fileobj.recvfrom(100)
            key.fileobj.sendto(data, sender)
END
# say.py KIND SOURCE ADDRESS PORT SECONDS: "hello" when that comes back so soon, else why not.
cat >"$LAB/say.py" <<'END'
import socket
import sys
link = socket.socket(socket.AF_INET, socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM)
link.settimeout(float(sys.argv[5]))
try:
    link.bind((sys.argv[2], 0))
    link.connect((sys.argv[3], int(sys.argv[4])))
    link.sendall(b"hello")
    print(link.recv(100).decode())
except OSError as error:
    print(type(error).__name__)
END
# speak.py FILE: a connection to TCP 8022 that goes on.
cat >"$LAB/speak.py" <<'END'
import socket
import sys
import time
link = socket.create_connection(("10.1.0.1", 8022))
with open(sys.argv[1], "w") as file:
    while link.send(b"x") and link.recv(1):
        print("answer", file=file, flush=True)
        time.sleep(0.1)
END
say() { local from=$1; shift; lab_in "$from" python3 "$LAB/say.py" "$@" 5; }
in_vain() { local from=$1; shift; lab_in "$from" python3 "$LAB/say.py" "$@" 0.7; }
heard() { [ "$(say "$@")" = hello ]; }
ask() { lab_in client curl -s -m 2 -o /dev/null -w '%{exitcode}' "http://$lab_vip/"; }
ping_to() { lab_in "$1" ping -q -c 1 -W "${3:-3}" "$2" >/dev/null; }
lines_above() { [ "$(wc -l <"$1")" -gt "$2" ]; }
speaks() { lab_wait 5 lines_above "$1" "$(wc -l <"$1")"; }
grows() { [ "$(lab_counter "$1")" -gt "$2" ]; }

lab_spawn serve-lb lb python3 "$LAB/serve.py"
lab_spawn serve-client client python3 "$LAB/serve.py"
lab_poised
lab_ready 20 all || lab_die "Poise does not become ready"
check "by default the host is reached" lab_wait 10 heard client tcp 10.1.0.2 10.1.0.1 8022
lab_spawn speak client python3 "$LAB/speak.py" "$LAB/speak.txt"
lab_wait 10 test -s "$LAB/speak.txt"

cp "$LAB/locked.conf" "$LAB/poise.conf"
poisectl reload >"$LAB/reload.out" 2>&1
check_is "a firewall without SSH is refused" "$?" 1
check "and says how to do it all the same" \
	grep -q "no SSH in (TCP port 22); if that is meant: .*--force" "$LAB/reload.out"
check "plan says so before" grep -q "no SSH in (TCP port 22): needs --force" <(poisectl plan "$LAB/locked.conf")
cp "$LAB/deny.conf" "$LAB/poise.conf"
check "plan tells the rules" grep -q "firewall: passes tcp 22 from 10.1.0.2 by front" <(poisectl plan "$LAB/deny.conf")
check "with SSH it is taken" poisectl reload
denied=$(lab_counter host_denied)
check_is "TCP that no rule passes" "$(in_vain client tcp 10.1.0.2 10.1.0.1 8022)" TimeoutError
check_is "TCP that a rule passes" "$(say client tcp 10.1.0.2 10.1.0.1 22)" hello
check_is "but not from elsewhere" "$(in_vain client tcp 10.1.0.3 10.1.0.1 22)" TimeoutError
check_is "UDP that no rule passes" "$(in_vain client udp 10.1.0.2 10.1.0.1 9000)" TimeoutError
check_is "UDP that a rule passes" "$(say client udp 10.1.0.2 10.1.0.1 9001)" hello
check "no echo" test "$(ping_to client 10.1.0.1 1; echo $?)" = 1
check "what was there goes on" speaks "$LAB/speak.txt"
check "counted" lab_wait 10 grows host_denied "${denied:-0}"
check_is "services are served" "$(ask)" 0
check_is "the host's own TCP goes on" "$(say lb tcp 10.1.0.1 10.1.0.2 8022)" hello
check_is "and its UDP" "$(say lb udp 10.1.0.1 10.1.0.2 9000)" hello
check "and its echo" ping_to lb 10.1.0.2
ip -n lb neighbour flush all
ip -n client neighbour flush all
check_is "and ARP" "$(say lb tcp 10.1.0.1 10.1.0.2 22)" hello
sleep 1
check_is "and health checks" "$(poisectl -j backends | jq '[.backends[] | select(.state == "up")] | length')" 2
cp "$LAB/open.conf" "$LAB/poise.conf"
poisectl reload >/dev/null
check_is "a reload opens it again" "$(say client tcp 10.1.0.3 10.1.0.1 8022)" hello
check_done

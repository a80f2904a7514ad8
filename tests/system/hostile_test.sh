#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Hundreds of clients that mean no good at the control socket and at the metrics port: others are answered in time,
# health checks stay on time, memory is bounded, packets do not notice.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open hostile

lab_topology 2
lab_nginx 2
# A backend that notes when it is asked, in milliseconds.
lab_spawn checked web1 /usr/bin/python3 -c '
import socket, time
server = socket.create_server(("", 80), backlog=1000)
while True:
    peer, address = server.accept()
    print(int(time.monotonic() * 1000), flush=True)
    peer.settimeout(1)
    try:
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nweb1\n")
    except OSError:
        pass
    peer.close()'
many=$(for ((i = 1; i <= 250; i++)); do
	printf '%s{ name = "many%d"; address = "10.2.0.11"; port = %d; }' \
		"$([ "$i" = 1 ] || echo , )" "$i" $((5000 + i))
done)
lab_config "$(lab_service web 80 'scheduler = "rr"; timeouts = { half_open_s = 120; };' "$(lab_backends 2)"),
	{ name = \"many\"; vip = \"$lab_vip\"; port = 81; health = { type = \"none\"; }; backends = ( $many ); }" |
	sed 's/mode = "af_xdp"/mode = "xdp"/' >"$LAB/poise.conf"
lab_poised
check "poised becomes ready" lab_ready 20

# Many half-open flows, so that there is something to ask for.
lab_in client /usr/bin/python3 - <<'END'
import random, socket, struct
def total(data):
    value = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while value >> 16:
        value = (value & 65535) + (value >> 16)
    return ~value & 65535
mac = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("eth0", 0))
vip = socket.inet_aton("10.1.0.100")
for i in range(30000):
    source = struct.pack("!I", (10 << 24 | 9 << 16) + i % 60000 + 1)
    port = 1024 + i % 60000
    tcp = struct.pack("!HHIIHHHH", port, 80, i, 0, 5 << 12 | 2, 8192, 0, 0)
    tcp = tcp[:16] + struct.pack("!H", total(source + vip + struct.pack("!HH", 6, 20) + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 69, 0, 40, i & 65535, 0, 64, 6, 0, source, vip)
    ip = ip[:10] + struct.pack("!H", total(ip)) + ip[12:]
    raw.send(b"\xff" * 6 + mac + b"\x08\x00" + ip + tcp)
END
check_range "there are flows to ask for" "$(poisectl -j status | jq .flow_table.used)" 10000 40000

memory() # resident, KiB; with an argument the highest so far
{
	awk -v what="${1:-VmRSS}:" '$1 == what { print $2 }' "/proc/$LAB_POISED/status"
}
# unhurt DOOR SIEGE...
unhurt()
{
	local door=$1 before line siege

	shift
	lab_in lb /usr/bin/python3 "$lab_directory/hostile.py" "$door" 2 "$@" >"$LAB/sieges"
	check_is "${door%%:*}: all sieges were held" "$(wc -l <"$LAB/sieges")" $#
	while read -r line; do
		cat <<<"$line"
		siege="${door%%:*}, $(jq -r '"\(.clients) clients, \(.siege)"' <<<"$line")"
		check_is "$siege: others are answered" "$(jq '.asked >= 10 and .good == .asked' <<<"$line")" true
		check_is "$siege: within 100 ms" "$(jq '.median_ms <= 100 and .late * 20 <= .asked' <<<"$line")" true ||
			echo "    $line"
	done <"$LAB/sieges"
}

sleep 1
first=$(memory)
begin=$(wc -l <"$LAB/checked.log")
unhurt "unix:$LAB/control.sock" silent drip garbage unread
unhurt "tcp:127.0.0.1:9650" silent drip garbage unread
end=$(wc -l <"$LAB/checked.log")
sed -n "$((begin + 1)),${end}p" "$LAB/checked.log" |
	awk 'NR > 1 { gap = $1 - last; if (gap > most) most = gap; if (gap > 300) late++; n++ } { last = $1 }
		END { printf "%d checks, longest pause %d ms, %d above 300 ms\n", n, most, late }' | tee "$LAB/pauses"
check_is "health checks of 200 ms stay on time" \
	"$(awk '{ print ($1 > 50 && $5 <= 1000 && $7 * 20 <= $1) ? "yes" : $0 }' "$LAB/pauses")" yes
check_is "no backend was taken for dead" "$(grep -c ' is down' "$LAB/poised.log")" 0
echo "memory: $first KiB before, $(memory) after, $(memory VmHWM) at most"
check_range "memory at its highest grew by less than 128 MiB" "$(($(memory VmHWM) - first))" 0 131072
given_back() # the last of them are dropped after 5 seconds
{
	[ "$(($(memory) - first))" -le 16384 ]
}
check "and is given back, but for 16 MiB" lab_wait 20 given_back || echo "$(memory) KiB"
check_range "no descriptor is left" "$(ls "/proc/$LAB_POISED/fd" | wc -l)" 5 80
huge=$(lab_in lb /usr/bin/python3 -c '
import socket
peer = socket.create_connection(("127.0.0.1", 9650))
try:
    peer.sendall(b"GET /metrics HTTP/1.1\r\n" + b"X: " + b"y" * 1000000 + b"\r\n\r\n")
except OSError:
    pass
print(peer.recv(100).split(b" ")[1].decode())')
check_is "a huge request is told why" "$huge" 431
check_is "packets go their way" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
check "it ends" lab_stop "$LAB_POISED"
check_done

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Health endpoints that mean harm, beside an honest one: they cost nothing but their own verdict.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open evil

# Each kind of harm has a port. Whoever connects to the last one was lured there.
cat >"$LAB/evil.py" <<'END'
import asyncio
import struct
import sys

KIB = b"x" * 1023 + b"\n"


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


async def flood(writer, piece):
    while True:
        writer.write(piece)
        await writer.drain()


async def headers(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await flood(writer, b"X: " + KIB[:-1] + b"\r\n")


async def one_header(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    await flood(writer, b"x" * 1024)


async def drip(reader, writer):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: " + b"y" * 10000:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.02)


async def body(reader, writer):
    writer.write(b"HTTP/1.1 503 no\r\nContent-Length: 1073741824\r\n\r\n")
    await flood(writer, KIB * 64)


async def chunks(reader, writer):
    writer.write(b"HTTP/1.1 503 no\r\nTransfer-Encoding: chunked\r\n\r\n")
    await flood(writer, b"fffffffffffffff\r\n" + KIB)


async def redirect(reader, writer):
    writer.write(b"HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:9999/\r\nContent-Length: 0\r\n\r\n")


async def garbage(reader, writer):
    writer.write(b"\x16\x03\x01\xff\xff\x00\x01" + b"\x00\xff" * 500)
    await asyncio.sleep(9)


async def silence(reader, writer):
    await asyncio.sleep(9)


async def closes(reader, writer):
    pass


# PostgreSQL without TLS: log in at once, or by SCRAM, then too much of everything.
async def rows(reader, writer):
    await reader.readexactly(8)
    writer.write(b"N")
    await reader.read(4096)
    writer.write(message(b"R", struct.pack("!I", 0)) + message(b"Z", b"I"))
    await reader.read(4096)
    writer.write(message(b"T", struct.pack("!H", 1) + b"r\0" + struct.pack("!IHIhih", 0, 0, 16, 1, -1, 0)))
    await flood(writer, message(b"D", struct.pack("!HI", 1, 1000) + b"t" * 1000))


async def notices(reader, writer):
    await reader.readexactly(8)
    writer.write(b"N")
    await flood(writer, message(b"N", b"SWARNING\0M" + b"\x1b[2Jharm\n" * 20 + b"\0\0"))


async def scram(reader, writer):
    await reader.readexactly(8)
    writer.write(b"N")
    await reader.read(4096)
    writer.write(message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0"))
    first = await reader.read(4096)
    nonce = first.split(b"r=")[-1]
    writer.write(message(b"R", struct.pack("!I", 11) + b"r=" + nonce + b"evil,s=c2FsdA==,i=2000000000"))
    await asyncio.sleep(9)


async def main():
    async def serve(harm, port):
        async def connection(reader, writer):
            try:
                if harm not in (rows, notices, scram, garbage):
                    await reader.read(4096)
                await harm(reader, writer)
                await writer.drain()
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.transport.abort() if harm in (rows,) else writer.close()
        await asyncio.start_server(connection, port=port)

    for port, name in enumerate(sys.argv[1:], 9001):
        await serve(globals()[name], port)
    await asyncio.sleep(3600)

asyncio.run(main())
END

kinds="headers one_header drip body chunks redirect garbage silence closes rows notices scram"
lab_topology 2
lab_nginx 1
lab_nginx 2
echo secret >"$LAB/password"
# shellcheck disable=SC2086 # a list of words
lab_spawn evil web2 python3 "$LAB/evil.py" $kinds
lab_spawn lured lb python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 9999))
while True:
    s.accept()
    print("lured", flush=True)'

# service NAME PORT HEALTH-KEYS NUMBER-OF-BACKEND
service()
{
	echo "{ name = \"$1\"; vip = \"$lab_vip\"; port = $2; health = { $3 interval_ms = 200; timeout_ms = 200;" \
		"jitter_percent = 0; fall = 1; };" \
		"backends = ( { name = \"b\"; address = \"10.2.0.1$4\"; port = 80; } ); },"
}

# services: the honest one, and four of each kind of harm
services()
{
	local port=9001 kind i type

	service honest 80 'type = "http";' 1
	service patient 81 'type = "tcp";' 1
	for kind in $kinds; do
		type='type = "http";'
		case $kind in
		garbage) type='type = "https"; verify = false;' ;;
		rows | notices | scram) type="type = \"postgresql\"; password_file = \"$LAB/password\";" ;;
		esac
		for i in 0 1 2 3; do service "$kind$i" $((port + i * 1000)) "$type port = $port;" 2; done
		port=$((port + 1))
	done
}

field() { poisectl -j backends "$1" | jq -r ".backends[0] | $2"; }
resident() { awk '/^VmRSS:/ { print $2 }' "/proc/$LAB_POISED/status"; }
judged() { [ "$(poisectl -j backends | jq '[.backends[] | select(.check.known)] | length')" = 50 ]; }

lab_memory
lab_config "$(services | sed '$ s/,$//')" >"$LAB/poise.conf"
lab_poised
check "all have a verdict" lab_wait 30 judged
check_is "the honest one is up" "$(field honest .state) $(field patient .state)" "up up"
sleep 1
before=$(resident)
probes=$(field honest .check.probes)
patient=$(field patient .check.probes)
failures=$(field honest .check.failures)
begin=$(date +%s%N)
slowest=0 late=0
for i in $(seq 50); do
	start=$(date +%s%N)
	poisectl -j status >/dev/null
	took=$((($(date +%s%N) - start) / 1000000))
	[ "$took" -gt "$slowest" ] && slowest=$took
	[ "$took" -gt 100 ] && late=$((late + 1))
	sleep 0.1
done
probes=$(($(field honest .check.probes) - probes))
patient=$(($(field patient .check.probes) - patient))
due=$((($(date +%s%N) - begin) / 200000000)) # one in 200 ms
echo "    $probes and $patient honest checks of $due, slowest answer $slowest ms, $late above 100," \
	"resident $before -> $(resident) kB"
check_range "honest checks come on time" "$probes" $((due * 4 / 5)) $((due + 5))
check_range "of any kind" "$patient" $((due * 4 / 5)) $((due + 5))
check_is "and are good" "$(field honest .check.failures)" "$failures"
check_range "poisectl is answered within 100 ms, but for 3 of 50 that a busy machine holds up" "$late" 0 3
check_range "and never waits, in ms" "$slowest" 0 1000
check_range "memory stays, in kB" "$(($(resident) - before))" -20000 8000
check_is "nobody follows to the loopback" "$(cat "$LAB/lured.log")" ""
wanted='body closes drip garbage headers notices one_header rows scram silence'
check_is "whoever does harm is down" "$(poisectl -j backends | jq -r '[.backends[] |
	select(.state == "down") | .service | sub("[0-9]$"; "")] | unique | join(" ")')" \
	"${wanted/closes/chunks closes}"
check_is "a redirect is an answer" "$(field redirect0 '.check.healthy')" true
check_is "what is too long" "$(field headers0 .reason), $(field rows0 .reason)" \
	"header is larger than 32 KiB, sends more than 64 KiB"
check_is "what computes too long" "$(field scram0 .reason)" "asks for too many rounds of SCRAM"
check "their text stays out of the log" sh -c "! grep -q harm '$LAB/poised.log'"
check_done

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Bad configuration: each error with its line, exit status 1, and a running instance goes on.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open config

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory

# Interfaces are looked for, so the check runs where they are.
poised_check()
{
	timeout 20 nsenter --net=/run/netns/lb "$LAB_BUILD/control/poised" --check -c "$1"
}

good()
{
	cat <<-END
	dataplane = { mode = "af_xdp"; workers = 1; max_flows = 65536; };
	ports = ( { name = "front"; interface = "front"; }, { name = "back"; interface = "back"; } );
	services = (
	  { name = "web"; vip = "10.1.0.100"; port = 80;
	    backends = ( { name = "web1"; address = "10.2.0.11"; },
	                 { name = "web2"; address = "10.2.0.12"; weight = 2; } );
	    health = { type = "http"; interval_ms = 500; timeout_ms = 200; };
	  },
	  { name = "db"; vip = "10.1.0.101"; port = 5432; backends = ( { name = "db1"; address = "10.2.0.13"; } ); }
	);
	metrics = { listen = "127.0.0.1:9650"; };
	END
}

# bad TEXT LINE PATTERN SED...: the good file changed by SED is refused with PATTERN said of LINE.
bad()
{
	local text=$1 line=$2 pattern=$3 status

	shift 3
	good | sed "$@" >"$LAB/bad.conf"
	poised_check "$LAB/bad.conf" >"$LAB/said" 2>&1
	status=$?
	if [ $status = 1 ] && grep -qE "bad\.conf:$line: .*($pattern)" "$LAB/said"; then
		ok "$text"
	else
		not_ok "$text: exit $status, said: $(head -n 3 "$LAB/said")"
	fi
}

good >"$LAB/good.conf"
check "the good file is good" poised_check "$LAB/good.conf"
bad "unknown key" 1 'workerz.*workers' 's/workers/workerz/'
bad "unknown group" 11 metric 's/^metrics/metrix/'
bad "unknown key of a backend" 5 'adress.*address' 's/web1"; address/web1"; adress/'
bad "number where a string belongs" 1 mode 's/mode = "af_xdp"/mode = 3/'
bad "string where a number belongs" 1 workers 's/workers = 1/workers = "one"/'
bad "string where a list belongs" 2 ports '2s/.*/ports = "front";/'
bad "no worker" 1 workers 's/workers = 1/workers = 0/'
bad "too many workers" 1 workers 's/workers = 1/workers = 33/'
bad "port 0" 4 port 's/port = 80/port = 0/'
bad "port 65536" 4 port 's/port = 80/port = 65536/'
bad "weight 257" 6 weight 's/weight = 2/weight = 257/'
bad "negative weight" 6 weight 's/weight = 2/weight = -1/'
bad "address with a letter" 5 '10\.2\.0\.x' 's/10.2.0.11/10.2.0.x/'
bad "address out of range" 5 '10\.2\.0\.256' 's/10.2.0.11/10.2.0.256/'
bad "a backend that is the service address" 5 address 's/10.2.0.11/10.1.0.100/'
bad "multicast service address" 4 vip 's/10.1.0.100/224.0.0.1/'
bad "two services of one name" 9 web 's/name = "db"/name = "web"/'
bad "two backends of one name" 6 web1 's/name = "web2"/name = "web1"/'
bad "two services on one address and port" 9 '10\.1\.0\.100' 's/10.1.0.101/10.1.0.100/; s/5432/80/'
bad "two ports of one name" 2 front 's/name = "back"/name = "front"/'
bad "two ports on one interface" 2 front 's/interface = "back"/interface = "front"/'
bad "unknown scheduler" 4 'fastest' 's/port = 80;/port = 80; scheduler = "fastest";/'
bad "a mode of a later version" 1 'pci' 's/af_xdp/pci/'
bad "unknown mode" 1 'dpdk' 's/af_xdp/dpdk/'
bad "full NAT without source addresses" 4 snat 's/port = 80;/port = 80; nat = "full";/'
bad "timeout longer than the interval" 7 timeout 's/timeout_ms = 200/timeout_ms = 600/'
bad "unknown health check" 7 gopher 's/type = "http"/type = "gopher"/'
bad "service without backends" 9 backends '9s/backends = .*/}/'
bad "service without address" 4 vip 's/vip = "10.1.0.100"; //'
bad "metrics on no address" 11 listen 's/127.0.0.1:9650/nowhere/'
bad "syntax" '[4-9]' syntax '4s/port = 80;/port 80;/'
bad "names that are too long" 4 name 's/name = "web"/name = "a-name-that-is-much-longer-than-it-may-be"/'

good | sed 's/workers = 1/workers = 0/; s/port = 80/port = 0/; s/weight = 2/weight = 257/; s/5432/70000/' \
	>"$LAB/bad.conf"
check_is "all errors at once" \
	"$(poised_check "$LAB/bad.conf" 2>&1 | grep -oE 'conf:[0-9]+' | sort -u | wc -l)" 4
: >"$LAB/empty.conf"
check_is "empty file" "$(poised_check "$LAB/empty.conf" >"$LAB/said" 2>&1
	echo "$? $([ -s "$LAB/said" ] && echo said)")" "1 said"
check_is "no file" "$(poised_check "$LAB/none.conf" >"$LAB/said" 2>&1
	echo "$? $([ -s "$LAB/said" ] && echo said)")" "1 said"
check_is "a directory" "$(poised_check "$LAB" >"$LAB/said" 2>&1
	echo "$? $([ -s "$LAB/said" ] && echo said)")" "1 said"
head -c 1M /dev/urandom >"$LAB/noise.conf"
check_is "1 MiB of noise" "$(poised_check "$LAB/noise.conf" >"$LAB/said" 2>&1
	echo "$? $([ -s "$LAB/said" ] && echo said)")" "1 said"
{ printf 'services = ('; head -c 1M /dev/zero | tr '\0' '('; } >"$LAB/deep.conf"
check_is "1 MiB of opening brackets" \
	"$(poised_check "$LAB/deep.conf" >"$LAB/said" 2>&1
	echo "$? $([ -s "$LAB/said" ] && echo said)")" "1 said"

# A running instance
lab_config "$(lab_service web 80 '' "$(lab_backends 2)")" | sed 's/"back"; \(.*snat\)/"nosuch0"; \1/' |
	sed 's/interface = "back"/interface = "nosuch0"/' >"$LAB/poise.conf"
check_is "an interface that is not there is refused" \
	"$(lab_in lb timeout 20 "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --foreground >"$LAB/said" 2>&1
	echo $?)" 1
check "in words" grep -qE 'poise.conf:[0-9]+: .*nosuch0' "$LAB/said"
lab_start "$(lab_service web 80 '' "$(lab_backends 2)")"
generation=$(poisectl -j status | jq .generation.acknowledged)
refused=0
for file in bad empty noise deep; do
	cp "$LAB/$file.conf" "$LAB/poise.conf"
	poisectl reload >/dev/null 2>&1
	[ $? = 1 ] && refused=$((refused + 1))
	poisectl check "$LAB/$file.conf" >/dev/null 2>&1
	[ $? = 1 ] && refused=$((refused + 1))
done
check_is "a running poised refuses them all" "$refused" 8
cp "$LAB/bad.conf" "$LAB/poise.conf"
failed=$(poisectl -j status | jq .reloads.failed)
kill -HUP "$LAB_POISED"
check "SIGHUP with a bad file is refused" lab_wait 15 sh -c \
	"[ \$('$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' -j status | jq .reloads.failed) -gt ${failed:-0} ]"
check_is "every error in the log with its line" \
	"$(grep -oE 'poise\.conf:(1|4|6|9): ' "$LAB/poised.log" | sort -u | wc -l)" 4
for file in bad empty noise deep; do
	check_is "beside it a poised with the $file file does not start" \
		"$(lab_in lb timeout 20 "$LAB_BUILD/control/poised" -c "$LAB/$file.conf" --foreground >"$LAB/said" 2>&1
		echo $?)" 1
done
check "the running one lives" lab_alive "$LAB_POISED"
check_is "its generation stays" "$(poisectl -j status | jq .generation.acknowledged)" "$generation"
check_is "its traffic goes on" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
check_done

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The status page in a real browser, and the JSON it lives on. Pictures are left in build/test-logs/.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open page

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
one='
    { name = "pg1"; address = "10.2.0.11"; port = 80; }'
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)"),
$(lab_service db-write 5432 'nat = "full";' "$one")"
url=http://127.0.0.1:9650

# api NAME: its JSON
api()
{
	lab_in lb curl -sf -m 5 "$url/api/$1.json"
}
check_is "the overview has all its parts" "$(api overview | jq -c 'keys')" \
	'["backends","counters","events","services","status"]'
keys='[paths | map(if type == "number" then 0 else . end)] | unique'
for verb in status services backends; do
	check_is "/api/$verb.json has the keys of poisectl -j $verb" \
		"$(api $verb | jq -c "$keys")" "$(poisectl -j $verb | jq -c "$keys")"
done
check_is "a verb that changes something is not there" \
	"$(lab_in lb curl -s -o /dev/null -w '%{http_code}' "$url/api/reload.json")" 404
check_is "the page may load nothing from elsewhere" "$(lab_in lb curl -s -D - -o /dev/null "$url/" |
	grep -ic "^content-security-policy: default-src 'none'; style-src 'sha256-.*frame-ancestors 'none'")" 1
check_is "nor name it" "$(lab_in lb curl -s "$url/" | grep -cE '(src|href)="?(https?:)?//')" 0

# Some life for the pictures: some requests every 20 ms or so, and now and then a packet at the end of its life.
cat >"$LAB/life" <<-END
	while sleep 0.02; do
		curl -s -o /dev/null -m 2 "http://$lab_vip/?[1-\$((RANDOM % 6 + 1))]"
		[ \$((RANDOM % 8)) = 0 ] && curl -s -o /dev/null -m 2 "http://$lab_vip:5432/"
		[ \$((RANDOM % 8)) = 0 ] && /usr/bin/python3 "$LAB/dying"
	done
END
cat >"$LAB/dying" <<-END
	import socket
	peer = socket.socket()
	peer.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
	peer.setblocking(False)
	peer.connect_ex(("$lab_vip", 80))
END
lab_spawn life client bash "$LAB/life"
life=$LAB_PID
folder=${POISE_LOGS:-$LAB}
down="kill -STOP ${LAB_NGINX[2]} \$(cat /proc/${LAB_NGINX[2]}/task/${LAB_NGINX[2]}/children)"
lab_in lb /usr/bin/python3 "$lab_directory/look.py" "$url" "$folder" "$down" "${down/STOP/CONT}" || check_failed=1
kill -TERM -- "-$life" # with what it has started
check_is "pictures are left" "$(find "$folder" -name 'page-*.png' -size +10k | wc -l)" 5
check_done

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Once ready, Poise stays ready: whatever changes, whoever is restarted, for as long as some data path carries.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open ready

lab_topology 2
for i in 1 2; do lab_nginx "$i"; done
lab_memory
one=$(lab_service web 80 'scheduler = "wrr";' "$(lab_backends 2)")
lab_start "$one"
cp "$LAB/poise.conf" "$LAB/one.conf"
lab_config "$one, $(lab_service other 81 'scheduler = "rr";' "$(lab_backends 1)")" >"$LAB/two.conf"

# Asks /readyz without a pause; one line for each other answer than before, and for each hundred answers.
cat >"$LAB/ask.py" <<'END'
import http.client
link = http.client.HTTPConnection("127.0.0.1", 9650, timeout=5)
count, last = 0, None
while True:
    try:
        link.request("GET", "/readyz")
        answer = link.getresponse()
        said = "%d %s" % (answer.status, answer.read().decode().strip())
    except (OSError, http.client.HTTPException):
        link.close()
        said = "none"
    count += 1
    if said != last:
        print(said, flush=True)
    elif count % 100 == 0:
        print("asked 100", flush=True)
    last = said
END
asked()
{
	grep -c '^asked' "$LAB/asker.log"
}

lab_spawn asker lb /usr/bin/python3 "$LAB/ask.py"
asker=$LAB_PID
for i in $(seq 1 20); do
	poisectl weight web/web1 "$i" >/dev/null || echo "weight $i failed"
done >"$LAB/weights"
for i in 1 2 3 4 5; do
	cp "$LAB/two.conf" "$LAB/poise.conf"
	poisectl reload >/dev/null || echo reload failed
	cp "$LAB/one.conf" "$LAB/poise.conf"
	poisectl reload --force >/dev/null || echo reload failed
done >>"$LAB/weights"
check_is "changes are made" "$(cat "$LAB/weights")" ""
check_range "asked often enough meanwhile" "$(asked)" 2 100000
poisectl restart >/dev/null
sleep 1
check "a restart of the dataplane" lab_ready 10
dataplane=$(lab_dataplane)
kill -KILL "$dataplane"
sleep 0.3
check "a dataplane that is killed" lab_ready 10
kill -STOP "$(lab_dataplane)"
poisectl weight web/web1 3 >/dev/null # nobody takes it
sleep 1
kill -CONT "$(lab_dataplane)"
check "a dataplane that is stopped for a second" lab_ready 10
kill "$asker"
wait "$asker" 2>/dev/null
check_is "ready all the time" "$(grep -v '^asked' "$LAB/asker.log")" "200 ready"

# The other way round: nothing carries.
check_is "and not, when nothing carries: withdrawn" \
	"$(poisectl withdraw >/dev/null; sleep 2.2; poisectl ready; echo $?)" \
	"not ready: withdrawn by the operator, until poisectl announce
1"
check_done

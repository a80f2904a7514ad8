#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# poisectl top in a terminal of 80x24, with and without colours, made smaller, and without a terminal.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open top

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")"

export TMUX_TMPDIR=$LAB
unset TMUX
lab_spawn tmux lb tmux -D -f /dev/null -L top
lab_wait 15 test -S "$LAB/tmux-$(id -u)/top"
tmux()
{
	command tmux -L top "$@"
}
# begin TERM: poisectl top in a terminal of its own
begin()
{
	tmux new-session -d -s "$1" -x 80 -y 24 "nsenter --net=/run/netns/lb env TERM=$1 \
		'$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' top; echo over \$?; sleep 60"
}
# shows TERM WORDS: is it on the screen?
shows()
{
	tmux capture-pane -p -t "$1" | grep -qE -- "$2"
}
begin screen-256color
check "services and backends" lab_wait 15 shows screen-256color '^web  .*10\.1\.0\.100:80 +2/2 up'
check "the path" lab_wait 5 shows screen-256color 'ready  path dpdk'
check "workers" lab_wait 5 shows screen-256color '^w0 \['
check "the table's fill" lab_wait 5 shows screen-256color '^flows [0-9]+ of 73.7k'
check "every column fits" lab_wait 5 shows screen-256color '^SERVICE/BACKE.* <BIT/S +MS$'
lab_spawn life client bash -c "while sleep 0.05; do curl -s -o /dev/null http://$lab_vip/; done"
life=$LAB_PID
check "rates" lab_wait 20 shows screen-256color '^  web1 .* up +[0-9]+ +[1-9][0-9.]* +[1-9]'
check "in colour" sh -c "tmux -L top capture-pane -e -p -t screen-256color | grep -q \"\$(printf '\033\\[32m')\""
check_is "a full screen of 24 lines, none wider than 80" "$(tmux capture-pane -p -t screen-256color |
	awk 'length > 80 { wide++ } END { print NR, wide + 0 }')" "24 0"
tmux capture-pane -p -t screen-256color >"${POISE_LOGS:-$LAB}/top.txt"
kill -TERM -- "-$life" # with what it has started
lab_nginx_kill 2
check "a backend that fails" lab_wait 20 shows screen-256color '^  web2 .* down '
tmux send-keys -t screen-256color s
check "sorted by state it comes first" lab_wait 15 sh -c \
	"tmux -L top capture-pane -p -t screen-256color | grep -E '^  web' | head -n 1 | grep -q web2"
check "the key is named" lab_wait 5 shows screen-256color 'now state'
tmux send-keys -t screen-256color c
check "in the order of the file again" lab_wait 15 sh -c \
	"tmux -L top capture-pane -p -t screen-256color | grep -E '^  web' | head -n 1 | grep -q web1"
tmux resize-window -t screen-256color -x 100 -y 12
fits()
{
	[ "$(tmux capture-pane -p -t screen-256color |
		awk '/^ q quit/ { last = NR } END { print last, NR }')" = "12 12" ]
}
check "resized: it fits again" lab_wait 15 fits
check "with the table" lab_wait 5 shows screen-256color '^SERVICE/BACKEND'
tmux resize-window -t screen-256color -x 20 -y 4
lines_are_cut()
{
	[ "$(tmux capture-pane -p -t screen-256color | cut -c1-5 | xargs)" = "Poise flows packe q qu" ]
}
check "much too small: lines are cut, not wrapped" lab_wait 15 lines_are_cut
check "it lives" sh -c 'sleep 1.2; tmux -L top list-panes -t screen-256color | grep -q .'
tmux resize-window -t screen-256color -x 80 -y 24
check "large again" lab_wait 15 shows screen-256color '^  web1 '
tmux send-keys -t screen-256color q
check "q ends it, with status 0" lab_wait 15 shows screen-256color '^over 0'

begin vt100
check "a terminal without colours" lab_wait 15 shows vt100 '^  web1 '
check_is "gets none" "$(tmux capture-pane -e -p -t vt100 | grep -c "$(printf '\033\\[3[0-7]m')")" 0
kill -STOP "$LAB_POISED"
kill -KILL "$LAB_POISED"
wait "$LAB_POISED" 2>/dev/null
check "poised dies: it says so" lab_wait 20 shows vt100 'does not answer'
lab_poised
check "and goes on with the next one" lab_wait 20 shows vt100 'ready  path dpdk'
tmux send-keys -t vt100 q

lab_ready 20 1
check_is "without a terminal it answers once" "$(poisectl top | grep -cE '^(poised  |path  |web .*web1)')" 3
check_is "in JSON all of it" "$(poisectl -j top | jq -c keys)" '["backends","counters","events","services","status"]'
check_done

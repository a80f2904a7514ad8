# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Real servers and clients of a lab.

# lab_nginx NUMBER: nginx in webNUMBER on port 80, which answers with its name. One connection a request
# unless the client asks for /keep/. PUT stores below /upload/. Process id in LAB_NGINX[NUMBER].
declare -A LAB_NGINX=()
lab_nginx()
{
	local name=web$1 directory=$LAB/web$1

	if [ ! -d "$directory" ]; then
		mkdir -p "$directory/www/upload" "$directory/temp" && chmod -R a+rwX "$directory"
		chmod a+x "$LAB"
		lab_nginx_config "$name" "$directory" >"$directory/nginx.conf"
	fi
	lab_spawn "nginx-$name" "$name" nginx -p "$directory" -c "$directory/nginx.conf" -e stderr
	LAB_NGINX[$1]=$LAB_PID
	lab_wait 10 lab_in "$name" curl -sf -o /dev/null http://127.0.0.1/healthz ||
		lab_die "nginx of $name does not start: $(tail -n 1 "$LAB/nginx-$name.log")"
}

lab_nginx_config()
{
	cat <<-END
	daemon off;
	user root;
	worker_processes 1;
	pid $2/nginx.pid;
	error_log stderr warn;
	events { worker_connections 4096; }
	http {
		access_log off;
		client_max_body_size 0;
		client_body_temp_path $2/temp;
		proxy_temp_path $2/temp;
		fastcgi_temp_path $2/temp;
		uwsgi_temp_path $2/temp;
		scgi_temp_path $2/temp;
		keepalive_requests 1000000;
		default_type text/plain;
		server {
			listen 80 reuseport backlog=4096;
			listen 8081 reuseport backlog=4096;
			root $2/www;
			location = /healthz { return 200 "ok\n"; }
			location /keep/ { keepalive_timeout 60s; return 200 "$1\n"; }
			location /file/ { alias $LAB/file/; }
			location = /peer { keepalive_timeout 0; return 200 "\$remote_addr\n"; }
			location /upload/ { dav_methods PUT; create_full_put_path on; }
			location / { keepalive_timeout 0; return 200 "$1\n"; }
		}
	}
	END
}

# Kill a web server as a crash would, master and workers. lab_nginx NUMBER brings it back.
lab_nginx_kill()
{
	local master=${LAB_NGINX[$1]} children

	children=$(cat "/proc/$master/task/$master/children" 2>/dev/null)
	# shellcheck disable=SC2086 # a list of process ids
	kill -KILL "$master" $children 2>/dev/null
	wait "$master" 2>/dev/null
}

# lab_requests COUNT [URL]: sequential requests, each by a connection of its own; one answer a line,
# "failed" for a request that was not answered with 200. The default service and others are asked from different
# client ports: two services with one backend cannot serve one port at a time (DNAT keeps it), and chance would tell.
lab_requests()
{
	local url=${2:-http://$lab_vip/} ports="32768 46000"

	[ -z "${2:-}" ] || ports="46001 60999"
	lab_in client sysctl -qw "net.ipv4.ip_local_port_range=$ports"
	lab_in client timeout 60 curl -s --max-time 10 --connect-timeout 3 -w '%{http_code}\n' "$url?[1-$1]" |
		awk '/^[0-9][0-9][0-9]$/ { print $0 == 200 ? answer : "failed"; answer = ""; next } { answer = $0 }'
}

# Count equal lines: "web1=50 web2=50".
lab_tally()
{
	sort | uniq -c | awk '{ printf "%s%s=%d", separator, $2, $1; separator = " " } END { print "" }'
}

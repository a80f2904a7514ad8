# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A certificate authority, web servers that end TLS, and their application.

# Certificate and key of the web service, signed by an authority that lives as long as the lab.
infra_authority()
{
	local directory=$LAB/ca

	mkdir "$directory" && (
		cd "$directory" || exit 1
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
			-subj "/CN=Example authority" -keyout ca.key -out ca.pem &&
			openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
				-subj "/CN=$INFRA_CA_NAME" -keyout web.key -out web.csr &&
			printf 'subjectAltName=DNS:%s\n' "$INFRA_CA_NAME" >extensions &&
			openssl x509 -req -in web.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
				-extfile extensions -out web.pem
	) >"$LAB/ca.log" 2>&1 || lab_die "no certificates: $(tail -n 1 "$LAB/ca.log")"
	chmod a+rx "$directory"
}

infra_web_config()
{
	cat <<-END
	daemon off;
	user root;
	worker_processes 1;
	pid $2/nginx.pid;
	error_log stderr warn;
	events { worker_connections 2048; }
	http {
		access_log off;
		client_body_temp_path $2;
		proxy_temp_path $2;
		fastcgi_temp_path $2;
		uwsgi_temp_path $2;
		scgi_temp_path $2;
		keepalive_requests 1000000;
		default_type text/plain;
		ssl_certificate $LAB/ca/web.pem;
		ssl_certificate_key $LAB/ca/web.key;
		server {
			listen 8443 ssl http2 backlog=4096;
			listen 8444 ssl http2 backlog=4096;
			server_name $INFRA_CA_NAME;
			location = /healthz { return 200 "ok\n"; }
			location = /peer { return 200 "\$remote_addr\n"; }
			location /rows { proxy_pass http://127.0.0.1:8000; }
			location / { return 200 "$1\n"; }
		}
	}
	END
}

# infra_web HOST: nginx on 8443 (service web) and 8444 (service status), the application behind it.
infra_web()
{
	local directory=$LAB/$1

	if [ ! -d "$directory" ]; then
		mkdir "$directory"
		infra_web_config "$1" "$directory" >"$directory/nginx.conf"
	fi
	infra_spawn "nginx-$1" "$1" nginx -p "$directory" -c "$directory/nginx.conf" -e stderr
	infra_spawn "app-$1" "$1" env PGPASSWORD=app DB_WRITE="$INFRA_DB_WRITE" DB_READ="$INFRA_DB_READ" \
		/usr/bin/python3 "$infra_directory/app.py" 8000
	lab_wait 10 lab_in "$1" curl -skf -o /dev/null https://127.0.0.1:8443/healthz ||
		lab_die "nginx of $1 does not start: $(tail -n 1 "$LAB/nginx-$1.log")"
}

# A web server dies as in a crash, without a word to its clients.
infra_web_kill()
{
	local master=${INFRA_PIDS[nginx-$1]} children

	children=$(cat "/proc/$master/task/$master/children" 2>/dev/null)
	# shellcheck disable=SC2086 # a list of process ids
	kill -KILL "$master" $children "${INFRA_PIDS[app-$1]}" 2>/dev/null
	{ wait "$master" "${INFRA_PIDS[app-$1]}"; } 2>/dev/null
	unset "INFRA_PIDS[nginx-$1]" "INFRA_PIDS[app-$1]"
}

# infra_curl [OPTION...] URL-PATH: a request of the client to the web service, certificate verified.
infra_curl()
{
	local path=${*: -1}

	lab_in client curl -sS -m 5 --connect-timeout 3 --interface "$INFRA_CLIENT" --cacert "$LAB/ca/ca.pem" \
		--resolve "$INFRA_CA_NAME:443:${INFRA_ADDRESS:-$INFRA_WEB}" "${@:1:$#-1}" \
		"https://$INFRA_CA_NAME$path"
}

infra_request()
{
	infra_curl -f -o /dev/null /
}

# infra_requests COUNT [OPTION...]: one answer a line, each by a connection of its own; "failed" for one that did not
# come.
infra_requests()
{
	local count=$1

	shift
	lab_in client timeout 60 curl -s -m 5 --connect-timeout 3 --interface "$INFRA_CLIENT" --no-keepalive \
		-H 'Connection: close' --http1.1 --cacert "$LAB/ca/ca.pem" "$@" \
		--resolve "$INFRA_CA_NAME:443:${INFRA_ADDRESS:-$INFRA_WEB}" -w '%{http_code}\n' \
		"https://$INFRA_CA_NAME/?[1-$count]" |
		awk '/^[0-9][0-9][0-9]$/ { print $0 == 200 ? answer : "failed"; answer = ""; next } { answer = $0 }'
}

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A primary and its replica, real ones: who takes writes and reads while the replica lags, while the primary dies,
# after a promotion, and while both claim to be the primary.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open postgresql

bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
[ -x "$bin/postgres" ] || lab_die "no PostgreSQL server; scripts/install-deps installs it"
declare -A server=()

as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }

# start NUMBER: the server of db$1 in web$1; its process id in server[NUMBER]
start()
{
	lab_spawn "db$1" "web$1" setpriv --reuid postgres --regid postgres --clear-groups \
		"$bin/postgres" -D "$LAB/db$1" -c "listen_addresses=*" \
		-c "unix_socket_directories=$LAB/socket$1" -c fsync=off -c shared_buffers=8MB \
		-c ssl=on -c "ssl_cert_file=$LAB/cert" -c "ssl_key_file=$LAB/key" -c wal_receiver_timeout=2s \
		-c wal_retrieve_retry_interval=200ms -c max_wal_size=64MB -c min_wal_size=32MB
	server[$1]=$LAB_PID
	lab_wait 20 lab_in "web$1" "$bin/pg_isready" -q -h 127.0.0.1
}

# sql NUMBER TEXT: as the superuser, on db$1 itself
sql() { lab_in "web$1" setpriv --reuid postgres --clear-groups "$bin/psql" -XqAt -h "$LAB/socket$1" -c "$2" postgres; }

# clone TO FROM: db$1 becomes a replica of db$2
clone()
{
	rm -rf "$LAB/db$1"
	lab_in "web$1" setpriv --reuid postgres --regid postgres --clear-groups \
		"$bin/pg_basebackup" -R -c fast -X stream -N -D "$LAB/db$1" \
		-d "host=10.2.0.$((10 + $2)) user=postgres" || lab_die "no base backup"
}

# where PORT: which server a new connection of a client reaches, and what it says of itself
where()
{
	lab_in client env PGPASSWORD=secret PGCONNECT_TIMEOUT=2 psql -XqAt -h "$lab_vip" -p "$1" -U poise postgres \
		-c "SELECT host(inet_server_addr()) || CASE WHEN pg_is_in_recovery() THEN ' reads' ELSE ' writes' END" \
		2>/dev/null || echo nowhere
}
goes() { [ "$(where "$1")" = "$2" ]; }

backend() { poisectl -j backends "$1" | jq -r --arg name "$2" ".backends[] | select(.backend == \$name) | $3"; }
backend_is() { [ "$(backend "$1" "$2" "$3")" = "$4" ]; }
metric() { lab_in lb curl -s http://127.0.0.1:9650/metrics | grep -F "$1" | awk '{ print $NF }'; }
logged() { grep -q "$1" "$LAB/poised.log"; }

lab_topology 2
chmod a+x "$LAB"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=db \
	-addext subjectAltName=DNS:db.example.com -keyout "$LAB/key" -out "$LAB/cert" 2>/dev/null
echo secret >"$LAB/password"
echo '*:*:*:poise:secret' >"$LAB/passfile"
chmod 600 "$LAB/passfile" "$LAB/password"
install -d -o postgres -g postgres -m 700 "$LAB/db1" "$LAB/db2" "$LAB/socket1" "$LAB/socket2"
chown postgres "$LAB/key"
as_postgres "$bin/initdb" -D "$LAB/db1" -A trust -N >"$LAB/initdb.log" 2>&1 || lab_die "initdb fails"
chmod a+rwx "$LAB" # replaced directories belong to postgres
cat >"$LAB/db1/pg_hba.conf" <<-END
	local all postgres trust
	host replication postgres 10.2.0.0/24 trust
	host all poise all scram-sha-256
END
start 1 || lab_die "the primary does not start: $(tail -n 3 "$LAB/db1.log")"
sql 1 "CREATE ROLE poise LOGIN PASSWORD 'secret'; CREATE TABLE t (x int)"
clone 2 1
start 2 || lab_die "the replica does not start: $(tail -n 3 "$LAB/db2.log")"

# service NAME PORT KEYS HEALTH
service()
{
	cat <<-END
	{ name = "$1"; vip = "$lab_vip"; port = $2; $3
	  health = { type = "postgresql"; interval_ms = 250; timeout_ms = 250; rise = 1; fall = 2; $4 };
	  backends = ( { name = "db1"; address = "10.2.0.11"; port = 5432; },
	    { name = "db2"; address = "10.2.0.12"; port = 5432; } ); }
	END
}
lab_memory
verified="sslmode = \"verify-full\"; ca = \"$LAB/cert\";"
lab_config "$(service writes 5432 'role_required = "primary"; all_down = "reset";' \
	"password_file = \"$LAB/password\"; $verified server_name = \"db.example.com\";"),
	$(service reads 5433 'role_required = "replica"; max_lag_ms = 1500;' "passfile = \"$LAB/passfile\";"),
	$(service strange 5434 '' "password_file = \"$LAB/password\"; $verified server_name = \"other.example.com\";"),
	$(service nobody 5435 '' '')" >"$LAB/poise.conf"
lab_poised
check "roles are seen" lab_wait 20 lab_is_ready 4
check_is "of the primary" "$(backend writes db1 '.state + " " + .database.role')" "up primary"
check_is "and of the replica" "$(backend reads db2 '.state + " " + .database.role')" "up replica"
check_is "a replica takes no writes" "$(backend writes db2 '.state + ", " + .reason')" "standby, it is a replica"
check_is "writes go to the primary" "$(for i in 1 2 3 4; do where 5432; done | sort -u)" "10.2.0.11 writes"
check_is "reads go to the replica" "$(for i in 1 2 3 4; do where 5433; done | sort -u)" "10.2.0.12 reads"
check_is "a certificate of another name is refused" "$(backend strange db1 .reason | cut -c -50)" \
	'server certificate for "db.example.com" does not m'
check_is "no password, no verdict but down" "$(backend nobody db1 .reason)" "fe_sendauth: no password supplied"
check_is "no lag" "$(metric 'poise_backend_lag_bytes{service="reads",backend="db2"}')" 0
check_is "roles are a metric" "$(metric 'poise_backend_primary{service="reads"' | tr '\n' ' ')" "1 0 "
check "poisectl says it in words" sh -c "'$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' backends reads |
	grep -E 'reads/db2 is a replica, [0-9.]+ s and [0-9]+ bytes behind'"

sql 1 "INSERT INTO t VALUES (0)" # the age of a replica is that of a transaction
replayed() { [ "$(sql 2 "SELECT count(*) FROM t")" = 1 ]; }
lab_wait 15 replayed
sql 2 "SELECT pg_wal_replay_pause()" >/dev/null
sql 1 "INSERT INTO t SELECT generate_series(1, 1000)"
check "a replica that lags too far is left out" \
	lab_wait 15 backend_is reads db2 .reason "it lags too far behind"
poisectl backends reads >"${POISE_LOGS:-$LAB}/postgresql.txt"
check "its lag is known in bytes" test "$(backend reads db2 .database.lag_bytes)" -gt 1000
check "and in time" test "$(backend reads db2 .database.lag_ms)" -gt 1500
check_is "the primary reads as a last resort" "$(where 5433)" "10.2.0.11 writes"
sql 2 "SELECT pg_wal_replay_resume()"
check "caught up it serves again" lab_wait 15 goes 5433 "10.2.0.12 reads"

lab_stop "${server[1]}" QUIT
check "the primary dies: writes are refused" lab_wait 15 goes 5432 nowhere
check "none is sent to a replica" backend_is writes db2 .state standby
sql 2 "SELECT pg_promote()" >/dev/null
check "a promotion: writes follow" lab_wait 15 goes 5432 "10.2.0.12 writes"
check "reads have the new primary as a last resort" lab_wait 15 goes 5433 "10.2.0.12 writes"

clone 1 2
start 1
check "the old primary comes back as a replica" lab_wait 15 goes 5433 "10.2.0.11 reads"
check_is "writes stay" "$(where 5432)" "10.2.0.12 writes"

sql 1 "SELECT pg_promote()" >/dev/null
check "two primaries: writes are refused" lab_wait 15 goes 5432 nowhere
check "with an alarm" test "$(metric 'poise_service_two_primaries{service="writes"}')" = 1
check "in the log" logged 'writes: 2 backends claim to be the primary; it takes no new flows'
check_is "and in services" "$(poisectl services writes | tail -n 1)" \
	"writes: several backends claim to be the primary; it takes no new flows"
lab_stop "${server[1]}" INT
check "one is left: writes go on" lab_wait 15 goes 5432 "10.2.0.12 writes"
check "the alarm is over" test "$(metric 'poise_service_two_primaries{service="writes"}')" = 0
check "libpq writes nothing to the log by itself" sh -c "! grep -iE '^(WARNING|NOTICE|HINT|psql)' '$LAB/poised.log'"
lab_stop "${server[2]}" INT
check_done

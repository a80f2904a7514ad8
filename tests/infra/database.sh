# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# PostgreSQL: pg1 begins as the primary, pg2 as its streaming replica.

infra_pg_bin()
{
	local newest

	newest=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
	[ -n "$newest" ] || lab_die "PostgreSQL is missing; scripts/install-deps infra"
	echo "$newest"
}

# infra_as_postgres HOST COMMAND...: in a host, by the unprivileged user.
infra_as_postgres()
{
	local host=$1

	shift
	(cd / && lab_in "$host" setpriv --reuid postgres --regid postgres --init-groups "$@")
}

# infra_pg HOST: start its server.
infra_pg()
{
	infra_spawn "$1" "$1" setpriv --reuid postgres --regid postgres --init-groups --pdeathsig INT \
		"$INFRA_PG/postgres" -D "$LAB/$1" -c listen_addresses=0.0.0.0 \
		-c unix_socket_directories="$LAB/$1-socket" \
		-c fsync=off -c shared_buffers=16MB -c max_connections=60 -c jit=off -c wal_keep_size=64MB \
		-c wal_receiver_status_interval=1s -c wal_retrieve_retry_interval=500ms \
		-c log_checkpoints=off -c autovacuum=off
	lab_wait 20 infra_sql "$1" 'select 1' || lab_die "$1 does not start: $(tail -n 1 "$LAB/$1.log")"
}

# infra_sql HOST STATEMENT: on that very server, by its own socket.
infra_sql()
{
	infra_as_postgres "$1" "$INFRA_PG/psql" -h "$LAB/$1-socket" -d "${3:-postgres}" -XAtq -c "$2"
}

infra_pg_directory()
{
	install -d -o postgres -g postgres -m 700 "$LAB/$1" "$LAB/$1-socket"
}

# infra_replica HOST PRIMARY: a fresh copy of the primary that follows it.
infra_replica()
{
	rm -rf "${LAB:?}/$1"
	infra_pg_directory "$1"
	infra_as_postgres "$1" env PGPASSWORD=replicator "$INFRA_PG/pg_basebackup" -D "$LAB/$1" -R -c fast \
		-d "host=${INFRA_BACK[$2]} user=replicator application_name=$1" >>"$LAB/$1.log" 2>&1 ||
		lab_die "no base backup of $2: $(tail -n 1 "$LAB/$1.log")"
	infra_pg "$1"
}

infra_database_start()
{
	INFRA_PG=$(infra_pg_bin) || exit 1
	infra_pg_directory pg1
	infra_as_postgres pg1 "$INFRA_PG/initdb" -D "$LAB/pg1" -A trust --no-sync --locale=C.UTF-8 \
		>"$LAB/pg1.log" 2>&1 || lab_die "no database: $(tail -n 1 "$LAB/pg1.log")"
	cat >"$LAB/pg1/pg_hba.conf" <<-END
	local all all trust
	host all app,poise 10.20.0.0/24 scram-sha-256
	host replication replicator 10.20.0.0/24 scram-sha-256
	END
	infra_pg pg1
	infra_sql pg1 "create role app login password 'app'; create role poise login password 'poise';
		grant pg_monitor to poise; create role replicator replication login password 'replicator'" &&
		infra_sql pg1 'create database app owner app' &&
		infra_sql pg1 'set role app; create table rows (id serial primary key, text text)' app ||
		lab_die "no table in the database"
	infra_replica pg2 pg1
}

#!/bin/bash
# What docker-compose.yml uses of the official image's entry point: on an empty volume it runs initdb, and the scripts in
# /docker-entrypoint-initdb.d against a server that listens on its socket only.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  # Several arguments in one setting, as the official image has it.
  # shellcheck disable=SC2086
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-local=trust \
    --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses='' -c unix_socket_directories=/tmp" start
  for script in /docker-entrypoint-initdb.d/*.sh; do PGHOST=/tmp bash "$script"; done
  pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/tmp

#!/bin/sh
# Creates Temporal's login and its two databases. The postgres image runs it once, when its volume is new.
# The job "migrate" creates the platform's own databases; it is safe to repeat.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 --set password="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
create role temporal login password :'password';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke connect on database temporal, temporal_visibility from public;
SQL

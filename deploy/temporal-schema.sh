#!/bin/sh
# Migrates Temporal's schemas to this release. Safe to repeat.
set -eu
schemas=/etc/temporal/schema/postgresql/v12
tool() {
  temporal-sql-tool --plugin postgres12_pgx --ep postgres --port 5432 --user temporal --db "$@"
}
tool temporal setup-schema --version 0.0
tool temporal update-schema --schema-dir $schemas/temporal/versioned
tool temporal_visibility setup-schema --version 0.0
tool temporal_visibility update-schema --schema-dir $schemas/visibility/versioned

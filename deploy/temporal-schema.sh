#!/bin/sh
# Brings Temporal's schemas up to this release. Safe to repeat: what is there already is left as it is.
set -eu
schemas=/etc/temporal/schema/postgresql/v12
tool() {
  temporal-sql-tool --plugin postgres12_pgx --ep postgres --port 5432 --user temporal --db "$@"
}
tool temporal setup-schema --version 0.0
tool temporal update-schema --schema-dir $schemas/temporal/versioned
tool temporal_visibility setup-schema --version 0.0
tool temporal_visibility update-schema --schema-dir $schemas/visibility/versioned

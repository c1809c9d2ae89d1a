import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export const NAMESPACE = 'default';

/** The settings of a Temporal server, apart from the addresses of its databases. */
export interface ServerSettings {
  plugin: 'postgres12' | 'postgres12_pgx';
  /** Dynamic configuration that differs from the server's defaults. */
  dynamic: Readonly<Record<string, unknown>>;
}

/** A server with its defaults. */
export const DEFAULTS: ServerSettings = { plugin: 'postgres12', dynamic: {} };

/** A server as in the platform's deployment. */
export function platformSettings(): ServerSettings {
  const file = path.join(import.meta.dirname, '../../../deploy/temporal-dynamic-config.yaml');
  const values = parse(readFileSync(file, 'utf8')) as Record<string, [{ value: unknown }]>;
  const dynamic = Object.fromEntries(Object.entries(values).map(([name, [{ value }]]) => [name, value]));
  return { plugin: 'postgres12_pgx', dynamic };
}

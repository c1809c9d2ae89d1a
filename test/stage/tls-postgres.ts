import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { startPostgres } from '../../local/postgres.ts';
import { connect } from '../../platform/database/connection.ts';
import type { Authority } from './certificates.ts';
import { scratchFolder } from './test-run.ts';

export interface TlsPostgres {
  /** The superuser's URL, without TLS settings. */
  url: string;
  close(): Promise<void>;
}

/**
 * A PostgreSQL server that accepts only TLS. Its certificate is for 127.0.0.1 and db.example. The role `mtls` signs in
 * with a certificate of the authority for its name.
 */
export async function startTlsPostgres(authority: Authority): Promise<TlsPostgres> {
  const folder = path.join(scratchFolder(), 'tls-postgres');
  const server = await startPostgres({ folder, port: 0, password: 'secret' });
  const { uid, gid } = statSync(folder);
  const write = (name: string, text: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    chownSync(file, uid, gid);
  };
  const { cert, key } = await authority.issue({ dns: 'db.example', ip: '127.0.0.1' });
  write('server.crt', cert);
  write('server.key', key);
  write('ca.crt', authority.cert);
  const db = connect<unknown>(server.url, 1);
  await sql`create role mtls login`.execute(db);
  await sql`alter system set ssl = on`.execute(db);
  await sql`alter system set ssl_ca_file = 'ca.crt'`.execute(db);
  const rules = readFileSync(path.join(folder, 'pg_hba.conf'), 'utf8');
  write('pg_hba.conf', `hostssl all mtls 127.0.0.1/32 cert\n${rules.replaceAll(/^host /gm, 'hostssl ')}`);
  await sql`select pg_reload_conf()`.execute(db);
  await db.destroy();
  return { url: server.url, close: () => server.close() };
}

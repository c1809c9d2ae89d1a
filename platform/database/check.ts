import type { Kysely } from 'kysely';
import pg from 'pg';
import { SettingError } from '../config.ts';
import { isUntrusted } from '../tls-errors.ts';
import { clientConfig } from './url.ts';
import type { Logger } from '../telemetry/logger.ts';
import { connect, sessionLimits } from './connection.ts';

const CONNECT_MS = 3_000;

/**
 * A pool for a process, after one connection that finds out what no retry would change. A server that does not respond
 * passes: processes start without one.
 * @param setting the name of the setting that has the URL
 * @throws {SettingError} the server refuses this process (TLS, password, a parameter), or this process the server
 */
export async function openDatabase<Database>(
  url: string,
  { setting, logger }: { setting: string; logger: Logger },
): Promise<Kysely<Database>> {
  const prepares = await canPrepare(url, setting);
  if (!prepares) logger.warn('the connection pooler loses prepared statements: every statement is parsed anew');
  return connect<Database>(url, undefined, undefined, { prepares });
}

async function canPrepare(url: string, setting: string): Promise<boolean> {
  const client = newClient(url);
  try {
    await client.connect();
    return !(await isPooled(client)) || (await preparesThroughPooler(url, client));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) throw new SettingError(`setting ${setting}: ${refusal}`, { cause: error });
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function newClient(url: string): pg.Client {
  const client = new pg.Client({ ...clientConfig(url), ...sessionLimits(), connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => undefined);
  return client;
}

/** Whether a pooler such as PgBouncer is in between: it tells its clients other process ids than the server's. */
export async function isPooled(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  // Missing from pg's types.
  return rows[0]!.pid !== (client as unknown as { processID: number }).processID;
}

/** SQLSTATE `invalid_sql_statement_name` and `duplicate_prepared_statement`. */
const STATEMENT_ERRORS = ['26000', '42P05'];
const PROBE = { name: 'order-platform-probe', text: 'select $1::int', values: [1] };
const WAIT_MS = 500;

/**
 * Whether the pooler gives each client its own prepared statements, as in session mode, or in transaction mode from
 * PgBouncer 1.21 on with max_prepared_statements. Otherwise a statement is missing after a change of the server's
 * connection, which the first part brings about, or already there, as in a pool of one connection.
 */
async function preparesThroughPooler(url: string, holder: pg.Client): Promise<boolean> {
  const client = newClient(url);
  try {
    await client.connect();
    await client.query(PROBE);
    await holder.query('begin');
    const elsewhere = client.query(PROBE);
    elsewhere.catch(() => undefined);
    await Promise.race([elsewhere, new Promise((resolve) => setTimeout(resolve, WAIT_MS))]);
    await holder.query('rollback');
    await elsewhere;
    await holder.query(PROBE);
    return true;
  } catch (error) {
    if (STATEMENT_ERRORS.includes((error as { code?: string }).code ?? '')) return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What to change if the server, or TLS, refused the connection for good; undefined for any other error. */
export function refusalOf(error: unknown): string | undefined {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const [line] = message.split('\n');
  if (/unsupported startup parameter/.test(message)) {
    return `the pooler refuses what limits long statements (${line}): set its ignore_startup_parameters to ${Object.keys(sessionLimits()).join(', ')}`;
  }
  if (/does not support SSL/.test(message)) {
    return 'the server does not support TLS: turn it on there, or leave sslmode out of the URL';
  }
  // SQLSTATE class 28: invalid authorization.
  if (code.startsWith('28')) return `the server refuses the connection: ${line}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the server's certificate is for another host than the URL's (${line}): correct the host, or set sslmode=verify-ca`;
  }
  if (/^ERR_(SSL|TLS|OSSL)/.test(code) || code === 'EPROTO') return `the TLS handshake failed (${code}): ${line}`;
  if (isUntrusted(code)) {
    return `the server's certificate is not trusted (${code}): set sslrootcert in the URL to the file of its certificate authority`;
  }
  return undefined;
}

/**
 * For commands, which do not wait for a server: an error of the server or the connection becomes one line.
 * Anything else is a bug and stays as it is.
 */
export function explainDatabaseError(error: unknown, setting: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof SettingError || !(error instanceof Error)) return error;
  const reason = refusalOf(error) ?? (code && (message.split('\n')[0] || code));
  return reason ? new SettingError(`setting ${setting}: ${reason}`, { cause: error }) : error;
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { withDatabase } from '../../../platform/database/provision.ts';
import { prepareNamespace } from '../../../local/temporal-namespace.ts';
import { asSuperuser } from '../superuser.ts';
import type { FullServer } from './binary.ts';
import { NAMESPACE } from './settings.ts';

const run = promisify(execFile);

/** What the server keeps, the schema of it, and what it is cloned from. */
const STORES = [
  { database: 'temporal', schema: 'temporal', template: 'temporal_template' },
  { database: 'temporal_visibility', schema: 'visibility', template: 'temporal_visibility_template' },
] as const;

const RETENTION_SECONDS = 24 * 60 * 60;

/**
 * Sets both databases up with one namespace and keeps them as templates: cloning them takes a tenth of the time, and
 * every server then starts from the same.
 * @param serve runs a server on them while the namespace is made
 */
export async function prepareTemplates(
  { sqlTool }: FullServer,
  superuserUrl: string,
  serve: (work: (address: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { hostname, port, username, password } = new URL(superuserUrl);
  const place = ['--plugin', 'postgres12_pgx', '--ep', hostname, '--port', port, '--user', username, '--pw', password];
  // Under the names they are used by: a schema knows its database's.
  for (const { database, schema } of STORES) {
    const tool = (...words: string[]) => run(sqlTool, [...place, '--db', database, ...words]);
    await tool('create-database');
    await tool('setup-schema', '--version', '0.0');
    await tool('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
  await serve(register);
  await asSuperuser(
    superuserUrl,
    STORES.map(({ database, template }) => `alter database ${database} rename to ${template}`),
  );
  // Those who were members are gone; a new server would look for them for a while.
  await asSuperuser(withDatabase(superuserUrl, STORES[0].template), ['truncate cluster_membership']);
}

/** New databases with an empty namespace. */
export const cloneTemplates = (superuserUrl: string): Promise<void> =>
  asSuperuser(
    superuserUrl,
    STORES.flatMap(({ database, template }) => [
      `drop database if exists ${database} with (force)`,
      `create database ${database} template ${template}`,
    ]),
  );

async function register(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    // The wire's type is a 64-bit integer, for which a number will do.
    const seconds = RETENTION_SECONDS as unknown as Parameters<typeof Number>[0];
    const workflowExecutionRetentionPeriod = { seconds };
    await connection.workflowService.registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod });
  } finally {
    await connection.close();
  }
  await prepareNamespace({ address, namespace: NAMESPACE });
}

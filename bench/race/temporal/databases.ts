import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { withDatabase } from '../../../platform/database/provision.ts';
import { prepareNamespace } from '../../../local/temporal-namespace.ts';
import { runAsSuperuser } from '../superuser.ts';
import type { FullServer } from './binary.ts';
import { NAMESPACE } from './settings.ts';

const run = promisify(execFile);

/** The server's databases, their schemas, and the templates from which they are cloned. */
const STORES = [
  { database: 'temporal', schema: 'temporal', template: 'temporal_template' },
  { database: 'temporal_visibility', schema: 'visibility', template: 'temporal_visibility_template' },
] as const;

const RETENTION_SECONDS = 24 * 60 * 60;

/**
 * Creates both databases with one namespace and keeps them as templates: cloning takes a tenth of the time, and every
 * server starts from the same state.
 * @param serve runs a server on them while the namespace is registered
 */
export async function prepareTemplates(
  { sqlTool }: FullServer,
  superuserUrl: string,
  serve: (work: (address: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { hostname, port, username, password } = new URL(superuserUrl);
  const connection = [
    '--plugin',
    'postgres12_pgx',
    '--ep',
    hostname,
    '--port',
    port,
    '--user',
    username,
    '--pw',
    password,
  ];
  // With their final names: a schema contains the name of its database.
  for (const { database, schema } of STORES) {
    const tool = (...args: string[]) => run(sqlTool, [...connection, '--db', database, ...args]);
    await tool('create-database');
    await tool('setup-schema', '--version', '0.0');
    await tool('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
  await serve(register);
  await runAsSuperuser(
    superuserUrl,
    STORES.map(({ database, template }) => `alter database ${database} rename to ${template}`),
  );
  // The members are gone; a new server would try to reach them for a while.
  await runAsSuperuser(withDatabase(superuserUrl, STORES[0].template), ['truncate cluster_membership']);
}

/** New databases with an empty namespace. */
export const cloneTemplates = (superuserUrl: string): Promise<void> =>
  runAsSuperuser(
    superuserUrl,
    STORES.flatMap(({ database, template }) => [
      `drop database if exists ${database} with (force)`,
      `create database ${database} template ${template}`,
    ]),
  );

async function register(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    // The field is a 64-bit integer; a number works too.
    const seconds = RETENTION_SECONDS as unknown as Parameters<typeof Number>[0];
    const workflowExecutionRetentionPeriod = { seconds };
    await connection.workflowService.registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod });
  } finally {
    await connection.close();
  }
  await prepareNamespace({ address, namespace: NAMESPACE });
}

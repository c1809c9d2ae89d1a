import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { SettingError } from '../../platform/config.ts';
import { startPostgres } from '../../local/postgres.ts';
import { freePort } from '../stage/free-ports.ts';
import { isRunning } from '../../local/server-process.ts';
import { findTemporal } from '../../local/temporal-binary.ts';
import { prepareNamespace } from '../../local/temporal-namespace.ts';
import { startTemporal } from '../../local/temporal.ts';
import { scratchFolder } from '../stage/test-run.ts';
import { freshNamespace, temporalServer } from '../stage/fresh-namespace.ts';

const root = path.join(import.meta.dirname, '../..');
const newFolder = () => path.join(scratchFolder(), `server-${randomUUID()}`);

/** Deletes the folder of a running server, which may create files in it at the same time. */
const deleteFolder = (folder: string) => rmSync(folder, { recursive: true, maxRetries: 10 });

/** Evaluates `start` in another process, kills that process, and returns what it printed. */
async function startAndKill(start: string): Promise<string> {
  const script = `process.stdout.write(String(await (${start})())); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  return printed.toString();
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('a server that outlived its killed parent', function () {
  this.timeout(120_000);

  it('is replaced and keeps its data: PostgreSQL', async () => {
    const folder = newFolder();
    const url = await startAndKill(
      `async () => (await (await import('./local/postgres.ts')).startPostgres({ folder: '${folder}', port: 0, password: 'correct' })).url`,
    );
    await assert.rejects(query(url.replace(/:[^:@]*@/, ':guess@'), 'select 1'), /password authentication failed/);
    await query(url, 'create table kept as select 1 as one');
    const server = await startPostgres({ folder, port: 0, password: 'correct' });
    assert.deepEqual(await query(server.url, 'select one from kept'), [{ one: 1 }]);
    await assert.rejects(query(url, 'select 1'), { code: 'ECONNREFUSED' });
    await server.close();
    await server.ended;
  });

  it('is replaced and keeps its data and port: Temporal', async () => {
    const folder = newFolder();
    const executable = await findTemporal(path.join(root, '.cache'));
    const port = await freePort();
    const options = { executable, folder, port, namespace: 'shop' };
    const address = await startAndKill(
      `async () => (await (await import('./local/temporal.ts')).startTemporal({ ...${JSON.stringify(options)}, uiPort: undefined })).address`,
    );
    await startWorkflow({ address, namespace: 'shop' });
    const server = await startTemporal({ ...options, uiPort: undefined });
    assert.equal(server.address, address);
    await assert.rejects(startWorkflow({ address, namespace: 'shop' }), /already started|already running/i);
    await server.close();
    await server.ended;
  });
});

describe('a server whose folder was deleted', function () {
  this.timeout(120_000);

  it('can be stopped: PostgreSQL', async () => {
    const folder = newFolder();
    const server = await startPostgres({ folder, port: 0 });
    deleteFolder(folder);
    await server.close();
    assert.ok(!isRunning(server.pid, folder), 'it is still running');
    await server.ended;
  });

  it('can be stopped: Temporal', async () => {
    const folder = newFolder();
    const executable = await findTemporal(path.join(root, '.cache'));
    const server = await startTemporal({ executable, folder, port: 0, uiPort: undefined, namespace: 'shop' });
    deleteFolder(folder);
    await server.close();
    assert.ok(!isRunning(server.pid, folder), 'it is still running');
    await server.ended;
  });
});

describe('a Temporal namespace', function () {
  this.timeout(120_000);

  it('accepts workflows with our search attributes', async () => {
    await startWorkflow(await freshNamespace());
  });

  it('can be prepared again', async () => {
    await prepareNamespace(await freshNamespace());
  });

  it('is not created if it is missing, because the name may be mistyped', async () => {
    const { address } = await temporalServer();
    await assert.rejects(prepareNamespace({ address, namespace: 'shpo' }), (error) => {
      assert.ok(error instanceof SettingError);
      assert.match(
        error.message,
        /the Temporal namespace shpo does not exist at .*: set TEMPORAL_NAMESPACE to an existing one/,
      );
      return true;
    });
  });
});

async function startWorkflow({ address, namespace }: { address: string; namespace: string }): Promise<void> {
  const connection = await Connection.connect({ address });
  const text = { encoding: Buffer.from('json/plain'), type: Buffer.from('Keyword') };
  const attribute = { metadata: text, data: Buffer.from('"pending"') };
  try {
    await connection.workflowService.startWorkflowExecution({
      namespace,
      workflowId: 'order-1',
      requestId: String(Math.random()),
      workflowType: { name: 'order' },
      taskQueue: { name: 'order' },
      searchAttributes: { indexedFields: { OrderStatus: attribute, CustomerId: attribute } },
    });
  } finally {
    await connection.close();
  }
}

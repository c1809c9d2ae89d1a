import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { productRequests } from '../../activities/product.ts';
import { createClient } from '../../platform/http/client.ts';
import { Connection } from '../../platform/http/connection.ts';
import { bareEnvironment } from '../stage/bare-environment.ts';
import { freePorts } from '../stage/free-ports.ts';
import { type FreshDatabase, freshDatabase } from '../stage/fresh-database.ts';
import { eventually } from '../stage/eventually.ts';

const TOKEN = 'a service token of more than thirty-two characters';
const PRICE = { amountMinor: 100, currency: 'GBP' };

describe('two processes of one service', function () {
  this.timeout(90_000);
  let database: FreshDatabase<unknown>;
  let ports: { one: number; other: number; unused: number };
  const processes = new Map<number, ChildProcess>();

  before(async () => {
    database = await freshDatabase('product');
    ports = await freePorts('one', 'other', 'unused');
  });
  after(async () => {
    await Promise.all([...processes.keys()].map(stop));
    await database.drop();
  });

  function start(port: number): void {
    const child = spawn(process.execPath, ['services/main.ts', 'product'], {
      cwd: path.join(import.meta.dirname, '../..'),
      env: {
        ...bareEnvironment(),
        SERVICE_TOKEN: TOKEN,
        PRODUCT_DATABASE_URL: database.url,
        PRODUCT_PORT: String(port),
        // Nothing listens there: this test needs no Temporal.
        TEMPORAL_ADDRESS: `127.0.0.1:${ports.unused}`,
      },
      stdio: 'ignore',
    });
    processes.set(port, child);
  }
  async function stop(port: number): Promise<void> {
    const child = processes.get(port)!;
    processes.delete(port);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  it('get requests in turn; requests succeed while one is down, and it gets some again when it is back', async () => {
    const urls = [ports.one, ports.other].map((port) => `http://127.0.0.1:${port}`);
    const connection = new Connection({ service: 'product', urls, token: TOKEN });
    const products = createClient(connection, 'requests', productRequests);
    const readiness = async () => (await connection.readiness(10_000)).map(({ ready }) => ready);
    const areReady = (...wanted: boolean[]) =>
      eventually(async () => assert.deepEqual(await readiness(), wanted), 60_000, 50);

    start(ports.one);
    start(ports.other);
    await areReady(true, true);
    await products.createProduct({ sku: 'A0', name: 'A', price: PRICE });
    for (let turn = 0; turn < 4; turn += 1) await products.getProduct({ sku: 'A0' });
    const shares = await Promise.all(urls.map(handled));
    assert.ok(
      shares.every((share) => share >= 2),
      `the processes handled ${shares.join(' and ')} requests`,
    );

    await stop(ports.other);
    // Reads first: a request on a connection that was just lost may have arrived, and only reads are then repeated.
    for (let turn = 0; turn < 2; turn += 1) await products.getProduct({ sku: 'A0' });
    for (let turn = 1; turn <= 20; turn += 1) {
      assert.equal((await products.createProduct({ sku: `A${turn}`, name: 'A', price: PRICE })).version, 1);
      assert.equal((await products.getProduct({ sku: `A${turn}` })).sku, `A${turn}`);
    }
    assert.deepEqual(await readiness(), [true, false]);
    assert.deepEqual(
      connection.state().doors.map(({ breaker }) => breaker),
      ['closed', 'open'],
    );

    start(ports.other);
    await areReady(true, true);
    await eventually(async () => {
      await products.getProduct({ sku: 'A0' });
      assert.equal(connection.state().doors[1]!.breaker, 'closed');
    });
    assert.ok((await handled(urls[1]!)) >= 1);
  });
});

/** The number of requests that a process has handled, by its metrics. */
async function handled(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = [...text.matchAll(/^http_request_duration_seconds_count\{[^}]*"\/requests\/[^}]*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

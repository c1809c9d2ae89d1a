import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { orderBody } from '../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../stage/test-gateway.ts';

describe('expensive work is not repeated per request', () => {
  let harness: Harness;
  before(async () => {
    harness = await startHarness();
  });
  after(() => harness.close());

  const requests = async () => {
    const order = await harness.call('POST /v1/orders', { as: harness.customer, key: randomUUID(), body: orderBody() });
    assert.equal(order.status, 202);
    assert.equal((await harness.call(`GET /v1/orders/${order.body.id}`, { as: harness.customer })).status, 200);
    assert.equal((await harness.call('GET /v1/products')).status, 200);
  };

  /** Counts the calls of `name` of `owner` during twenty rounds of requests, after one round to warm up. */
  async function calls<Name extends string>(owner: Record<Name, unknown>, name: Name): Promise<number> {
    await requests();
    const original = owner[name] as (...given: unknown[]) => unknown;
    let count = 0;
    const counting = new Proxy(original, {
      apply: (target, self, given) => ((count += 1), Reflect.apply(target, self, given)),
      construct: (target, given, newTarget) => ((count += 1), Reflect.construct(target, given, newTarget) as object),
    });
    Object.defineProperty(owner, name, { value: counting, configurable: true, writable: true });
    try {
      for (let round = 0; round < 20; round += 1) await requests();
    } finally {
      Object.defineProperty(owner, name, { value: original, configurable: true, writable: true });
    }
    return count;
  }

  it('opening connections to PostgreSQL', async () => {
    assert.equal(await calls(pg.Client.prototype as unknown as { connect: unknown }, 'connect'), 0);
  });

  it('importing the keys of tokens', async () => {
    assert.equal(await calls(crypto.subtle as unknown as { importKey: unknown }, 'importKey'), 0);
  });

  it('compiling schemas to parsers', async () => {
    assert.equal(await calls(globalThis as unknown as { Function: unknown }, 'Function'), 0);
  });
});

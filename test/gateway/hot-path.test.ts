import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { orderWish } from '../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../stage/test-gateway.ts';

describe('what is dear is done once, not for every request', () => {
  let harness: Harness;
  before(async () => {
    harness = await startHarness();
  });
  after(() => harness.close());

  const requests = async () => {
    const order = await harness.call('POST /v1/orders', { as: harness.customer, key: randomUUID(), body: orderWish() });
    assert.equal(order.status, 202);
    assert.equal((await harness.call(`GET /v1/orders/${order.body.id}`, { as: harness.customer })).status, 200);
    assert.equal((await harness.call('GET /v1/products')).status, 200);
  };

  /** How often `name` of `owner` is called while twenty rounds of requests are answered, after a first that may. */
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

  it('connections to PostgreSQL', async () => {
    assert.equal(await calls(pg.Client.prototype as unknown as { connect: unknown }, 'connect'), 0);
  });

  it('keys that tokens are made and checked with', async () => {
    assert.equal(await calls(crypto.subtle as unknown as { importKey: unknown }, 'importKey'), 0);
  });

  it('parsers made of schemas', async () => {
    assert.equal(await calls(globalThis as unknown as { Function: unknown }, 'Function'), 0);
  });
});

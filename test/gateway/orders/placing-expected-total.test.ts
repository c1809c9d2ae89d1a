import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderBody, productOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('POST /v1/orders with the total that the customer has seen', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const place = (difference: Record<string, unknown>, { key = randomUUID() } = {}) =>
    gateway.call('POST /v1/orders', { as: gateway.customer, key, body: orderBody(difference) });
  const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });
  const setPrice = (price: { amountMinor: number; currency: string }) =>
    gateway.services.store.products.set('tea', productOf({ price }));
  afterEach(() => setPrice(gbp(450)));

  it('places the order if it has this total', async () => {
    const { status, body } = await place({ expectedTotal: gbp(900) });
    assert.deepEqual([status, body.total], [202, gbp(900)]);
  });

  for (const [what, price, total] of [
    ['higher', gbp(500), gbp(1000)],
    ['lower', gbp(400), gbp(800)],
    ['in another currency', { amountMinor: 450, currency: 'EUR' }, { amountMinor: 900, currency: 'EUR' }],
  ] as const) {
    it(`returns 409 with both totals and starts nothing if it is ${what}`, async () => {
      setPrice(price);
      const [orders, workflows] = [gateway.services.store.orders.size, gateway.temporal.started.size];
      const [key, expectedTotal] = [randomUUID(), gbp(900)];
      const refused = await place({ expectedTotal }, { key });
      assert.deepEqual([refused.status, refused.body.code], [409, 'PriceChanged']);
      const members = refused.body as unknown as Record<string, unknown>;
      assert.deepEqual([members.expectedTotal, members.total], [expectedTotal, total]);
      assert.deepEqual([orders, workflows], [gateway.services.store.orders.size, gateway.temporal.started.size]);

      const repeat = await place({ expectedTotal }, { key });
      assert.deepEqual([repeat.body, repeat.headers.get('idempotent-replayed')], [refused.body, 'true']);
      assert.equal((await place({ expectedTotal: total }, { key })).body.code, 'IdempotencyKeyReused');
      const agreed = await place({ expectedTotal: total });
      assert.deepEqual([agreed.status, agreed.body.total], [202, total]);
    });
  }

  it('returns the order that was placed, even if the price has changed since and the record is gone', async () => {
    const [key, expectedTotal] = [randomUUID(), gbp(900)];
    const first = await place({ expectedTotal }, { key });
    setPrice(gbp(500));
    await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
    const repeat = await place({ expectedTotal }, { key });
    assert.deepEqual([repeat.status, repeat.body.id], [202, first.body.id]);
    await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
    const other = await place({ expectedTotal: gbp(800) }, { key });
    assert.deepEqual([other.status, other.body.code], [422, 'IdempotencyKeyReused']);
  });

  it('keeps that total in a retry, whatever has happened to the price in between', async () => {
    const [key, expectedTotal] = [randomUUID(), gbp(900)];
    gateway.temporal.down = true;
    assert.equal((await place({ expectedTotal }, { key })).status, 503);
    gateway.temporal.down = false;
    setPrice(gbp(500));
    const { status, body } = await place({ expectedTotal }, { key });
    assert.deepEqual([status, body.total], [202, gbp(900)]);
  });

  it('is refused if it is no amount', async () => {
    for (const expectedTotal of [900, '9.00', { amountMinor: 9.5, currency: 'GBP' }, { amountMinor: 900 }, null]) {
      assert.equal((await place({ expectedTotal })).status, 400, JSON.stringify(expectedTotal));
    }
  });
});

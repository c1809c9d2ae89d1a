import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { Admission } from '../../../gateway/orders/admission.ts';
import { orderWish } from '../../stage/gateway-builders.ts';
import { type Answer, type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('admission of new orders', () => {
  let gateway: Harness;
  // Time stands still unless a test lets it pass: what is waiting drains by the clock.
  let now = Date.now();
  beforeEach(async () => {
    gateway = await startHarness({ now: () => now });
  });
  afterEach(() => gateway.close());

  const place = (request: Request = {}): Promise<Answer> =>
    gateway.call('POST /v1/orders', { as: gateway.customer, key: randomUUID(), body: orderWish(), ...request });
  /** What the order service says of the sagas, `times` looks of a second long. */
  async function seen(undecided: number, decidedPerSecond: number, times = 1): Promise<void> {
    gateway.services.store.backlog = { undecided, decidedPerSecond };
    for (let look = 0; look < times; look++) {
      now += 1000;
      await gateway.admission.look();
    }
  }
  const isOverloaded = ({ status, body, headers }: Answer) => {
    assert.deepEqual([status, body.code], [503, 'Overloaded']);
    const seconds = Number(headers.get('retry-after'));
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
    return seconds;
  };

  it('lets orders in while those ahead are decided within the bound, and turns them away beyond', async () => {
    await seen(599, 60);
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
    assert.equal(gateway.services.store.drafts.size, 1);
    assert.equal(gateway.temporal.started.size, 1);
  });

  it('counts what comes in between two looks, at once', async () => {
    await seen(97, 10);
    const answers = await Promise.all(Array.from({ length: 8 }, () => place()));
    const [placed, refused] = [202, 503].map((wanted) => answers.filter(({ status }) => status === wanted).length);
    assert.deepEqual([placed, refused], [3, 5]);
  });

  it('counts out what could not be kept', async () => {
    await seen(99, 10);
    assert.equal((await place({ body: orderWish({ lines: [{ sku: 'nope', quantity: 1 }] }) })).status, 400);
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
  });

  it('still counts an order that a look was too early to see', async () => {
    await seen(98, 10);
    let kept = () => {};
    gateway.services.before.set('orders.draftOrder', () => new Promise((resolve) => (kept = resolve)));
    const slow = place();
    while (!gateway.services.asked.includes('orders.draftOrder')) await new Promise(setImmediate);
    gateway.services.before.clear();
    await gateway.admission.look();
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
    kept();
    assert.equal((await slow).status, 202);
  });

  it('lets in again as time passes, also where no look is answered', async () => {
    await seen(700, 60);
    const seconds = isOverloaded(await place());
    gateway.services.down.add('orders');
    now += seconds * 1000;
    await assert.rejects(gateway.admission.look());
    gateway.services.down.clear();
    assert.equal((await place()).status, 202);
  });

  it('says how long to stay away by how fast it goes, and not the same to everybody', async () => {
    await seen(660, 20);
    const told = new Set<number>();
    for (let time = 0; time < 20; time++) told.add(isOverloaded(await place()));
    // 33 seconds' worth waits where 10 may, and those told are spread over 5 more.
    assert.ok(Math.min(...told) >= 23 && Math.max(...told) <= 28, String([...told]));
    assert.ok(told.size > 1);
  });

  it('answers repeats of orders that are in, reads and cancellations while it is closed', async () => {
    const key = randomUUID();
    const { body } = await place({ key });
    await seen(10_000, 60);
    isOverloaded(await place());
    const repeat = await place({ key });
    assert.deepEqual([repeat.status, repeat.headers.get('idempotent-replayed')], [202, 'true']);
    assert.equal((await gateway.call(`GET /v1/orders/${body.id}`, { as: gateway.customer })).status, 200);
    assert.equal((await gateway.call('GET /v1/products')).status, 200);
    const cancel = { as: gateway.customer, key: randomUUID(), body: {} };
    assert.equal((await gateway.call(`POST /v1/orders/${body.id}/cancel`, cancel)).status, 202);
  });

  it('carries on while it is closed what was kept before an answer was lost', async () => {
    const key = randomUUID();
    gateway.temporal.down = true;
    assert.equal((await place({ key })).status, 503);
    gateway.temporal.down = false;
    await seen(10_000, 60);
    assert.equal((await place({ key })).status, 202);
  });

  it('turns away a second try of which nothing was kept', async () => {
    const key = randomUUID();
    gateway.services.down.add('products');
    assert.equal((await place({ key })).body.code, 'ServiceUnavailable');
    gateway.services.down.clear();
    await seen(10_000, 60);
    isOverloaded(await place({ key }));
    await seen(0, 60);
    assert.equal((await place({ key })).status, 202);
  });

  it('leaves the key of an order it turned away free for another order', async () => {
    const key = randomUUID();
    await seen(10_000, 60);
    isOverloaded(await place({ key }));
    await seen(0, 60);
    assert.equal((await place({ key, body: orderWish({ lines: [{ sku: 'tea', quantity: 3 }] }) })).status, 202);
  });

  it('takes a quiet shop for no slower than it was when it was busy', async () => {
    await seen(300, 60, 5);
    await seen(0, 0, 100);
    await seen(60, 0);
    assert.equal(gateway.admission.delaySeconds(), 1);
  });

  it('believes a slowdown after seconds, not at the first look', async () => {
    await seen(400, 60, 2);
    await seen(400, 30);
    assert.equal((await place()).status, 202);
    await seen(400, 30, 10);
    isOverloaded(await place());
  });

  it('lets a hundred wait, no more, where nothing moves because a service is down', async () => {
    await seen(300, 60, 5);
    await seen(99, 0, 30);
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
    // The service is back.
    await seen(600, 0);
    await seen(540, 60);
    assert.equal((await place()).status, 202);
  });

  it('looks only at orders young enough to wait for their turn', async () => {
    let asked: unknown;
    const orders = {
      getBacklog: async (request: unknown) => {
        asked = request;
        return { undecided: 0, decidedPerSecond: 0 };
      },
    };
    await new Admission({ orders, boundSeconds: 10, registry: new Registry() }).look();
    assert.deepEqual(asked, { youngerThanSeconds: 30 });
  });

  it('takes one look at a time', async () => {
    let answer = () => {};
    gateway.services.before.set('orders.getBacklog', () => new Promise((resolve) => (answer = resolve)));
    const first = gateway.admission.look();
    await gateway.admission.look();
    answer();
    await first;
    assert.equal(gateway.services.asked.filter((question) => question === 'orders.getBacklog').length, 1);
  });

  it('tells its figures', async () => {
    await seen(599, 60);
    await place();
    await place();
    const figures = await gateway.metrics.registry.metrics();
    assert.match(figures, /^orders_admission_total\{outcome="accepted",service="gateway"\} 1$/m);
    assert.match(figures, /^orders_admission_total\{outcome="refused",service="gateway"\} 1$/m);
    assert.match(figures, /^orders_admission_delay_seconds\{service="gateway"\} 10$/m);
    assert.match(figures, /^orders_admission_rate\{service="gateway"\} 60$/m);
  });
});

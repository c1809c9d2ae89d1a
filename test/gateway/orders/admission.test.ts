import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { Admission } from '../../../gateway/orders/admission.ts';
import { orderBody } from '../../stage/gateway-builders.ts';
import { type Answer, type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('admission of new orders', () => {
  let gateway: Harness;
  // Time passes only when a test advances it: the estimate of waiting orders depends on the clock.
  let now = Date.now();
  beforeEach(async () => {
    gateway = await startHarness({ now: () => now });
  });
  afterEach(() => gateway.close());

  const place = (request: Request = {}): Promise<Answer> =>
    gateway.call('POST /v1/orders', { as: gateway.customer, key: randomUUID(), body: orderBody(), ...request });
  /** Lets the order service report this backlog, for `times` refreshes at intervals of a second. */
  async function report(undecided: number, decidedPerSecond: number, times = 1): Promise<void> {
    gateway.services.store.backlog = { undecided, decidedPerSecond };
    for (let time = 0; time < times; time++) {
      now += 1000;
      await gateway.admission.refresh();
    }
  }
  const isOverloaded = ({ status, body, headers }: Answer) => {
    assert.deepEqual([status, body.code], [503, 'Overloaded']);
    const seconds = Number(headers.get('retry-after'));
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
    return seconds;
  };

  it('accepts orders that will be decided within the bound, and refuses others', async () => {
    await report(599, 60);
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
    assert.equal(gateway.services.store.drafts.size, 1);
    assert.equal(gateway.temporal.started.size, 1);
  });

  it('counts orders between two refreshes at once', async () => {
    await report(97, 10);
    const answers = await Promise.all(Array.from({ length: 8 }, () => place()));
    const [placed, refused] = [202, 503].map((wanted) => answers.filter(({ status }) => status === wanted).length);
    assert.deepEqual([placed, refused], [3, 5]);
  });

  it('does not count orders that could not be stored', async () => {
    await report(99, 10);
    assert.equal((await place({ body: orderBody({ lines: [{ sku: 'nope', quantity: 1 }] }) })).status, 400);
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
  });

  it('counts an order once whose steps are taken while its request lasts', async () => {
    await report(98, 10);
    let taken = () => {};
    gateway.services.before.set('orders.placeOrder', () => new Promise((resolve) => (taken = resolve)));
    const slow = place();
    while (!gateway.services.calls.includes('orders.placeOrder')) await new Promise(setImmediate);
    gateway.services.before.clear();
    await report(99, 10, 3);
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
    taken();
    assert.equal((await slow).status, 202);
  });

  it('counts an order that a refresh was too early to see', async () => {
    await report(98, 10);
    let stored = () => {};
    gateway.services.before.set('orders.placeOrder', () => new Promise((resolve) => (stored = resolve)));
    const slow = place();
    while (!gateway.services.calls.includes('orders.placeOrder')) await new Promise(setImmediate);
    gateway.services.before.clear();
    await gateway.admission.refresh();
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
    stored();
    assert.equal((await slow).status, 202);
  });

  it('accepts orders again as time passes, even if the refresh fails', async () => {
    await report(700, 60);
    const seconds = isOverloaded(await place());
    gateway.services.down.add('orders');
    now += seconds * 1000;
    await assert.rejects(gateway.admission.refresh());
    gateway.services.down.clear();
    assert.equal((await place()).status, 202);
  });

  it('sends a Retry-After that follows the rate and differs between callers', async () => {
    await report(660, 20);
    const delays = new Set<number>();
    for (let time = 0; time < 20; time++) delays.add(isOverloaded(await place()));
    // 33 seconds of orders wait and 10 are allowed; the delays are spread over 5 more seconds.
    assert.ok(Math.min(...delays) >= 23 && Math.max(...delays) <= 28, String([...delays]));
    assert.ok(delays.size > 1);
  });

  it('does not refuse repeats, reads and cancellations during overload', async () => {
    const key = randomUUID();
    const { body } = await place({ key });
    await report(10_000, 60);
    isOverloaded(await place());
    const repeat = await place({ key });
    assert.deepEqual([repeat.status, repeat.headers.get('idempotent-replayed')], [202, 'true']);
    assert.equal((await gateway.call(`GET /v1/orders/${body.id}`, { as: gateway.customer })).status, 200);
    assert.equal((await gateway.call('GET /v1/products')).status, 200);
    const cancel = { as: gateway.customer, key: randomUUID(), body: {} };
    assert.equal((await gateway.call(`POST /v1/orders/${body.id}/cancel`, cancel)).status, 202);
  });

  it('accepts a retry of an order that was stored, during overload', async () => {
    const key = randomUUID();
    gateway.temporal.down = true;
    assert.equal((await place({ key })).status, 503);
    gateway.temporal.down = false;
    await report(10_000, 60);
    assert.equal((await place({ key })).status, 202);
  });

  it('refuses a retry of an order that was not stored', async () => {
    const key = randomUUID();
    gateway.services.down.add('products');
    assert.equal((await place({ key })).body.code, 'ServiceUnavailable');
    gateway.services.down.clear();
    await report(10_000, 60);
    isOverloaded(await place({ key }));
    await report(0, 60);
    assert.equal((await place({ key })).status, 202);
  });

  it('leaves the key of a refused order free for another order', async () => {
    const key = randomUUID();
    await report(10_000, 60);
    isOverloaded(await place({ key }));
    await report(0, 60);
    assert.equal((await place({ key, body: orderBody({ lines: [{ sku: 'tea', quantity: 3 }] }) })).status, 202);
  });

  it('does not lower the rate while the shop is quiet', async () => {
    await report(300, 60, 5);
    await report(0, 0, 100);
    await report(60, 0);
    assert.equal(gateway.admission.delaySeconds(), 1);
  });

  it('lowers the rate after seconds of slowdown, not at the first refresh', async () => {
    await report(400, 60, 2);
    await report(400, 30);
    assert.equal((await place()).status, 202);
    await report(400, 30, 10);
    isOverloaded(await place());
  });

  it('accepts at most a hundred waiting orders while a service is down', async () => {
    await report(300, 60, 5);
    await report(99, 0, 30);
    assert.equal((await place()).status, 202);
    isOverloaded(await place());
    // The service is back.
    await report(600, 0);
    await report(540, 60);
    assert.equal((await place()).status, 202);
  });

  it('reads the backlog of orders that are young enough to be queued', async () => {
    let requested: unknown;
    const orders = {
      getBacklog: async (request: unknown) => {
        requested = request;
        return { undecided: 0, decidedPerSecond: 0 };
      },
    };
    await new Admission({ orders, boundSeconds: 10, registry: new Registry() }).refresh();
    assert.deepEqual(requested, { youngerThanSeconds: 30 });
  });

  it('reads the backlog once at a time', async () => {
    let respond = () => {};
    gateway.services.before.set('orders.getBacklog', () => new Promise((resolve) => (respond = resolve)));
    const first = gateway.admission.refresh();
    await gateway.admission.refresh();
    respond();
    await first;
    assert.equal(gateway.services.calls.filter((operation) => operation === 'orders.getBacklog').length, 1);
  });

  it('has metrics', async () => {
    await report(599, 60);
    await place();
    await place();
    const metrics = await gateway.metrics.registry.metrics();
    assert.match(metrics, /^orders_admission_total\{outcome="accepted",service="gateway"\} 1$/m);
    assert.match(metrics, /^orders_admission_total\{outcome="refused",service="gateway"\} 1$/m);
    assert.match(metrics, /^orders_admission_delay_seconds\{service="gateway"\} 10$/m);
    assert.match(metrics, /^orders_admission_rate\{service="gateway"\} 60$/m);
  });
});

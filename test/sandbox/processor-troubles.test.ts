import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startProcessor } from '../../sandbox/processor.ts';
import { ledgerOf, post, quiet, scratch } from './asking.ts';

describe('troubles of the sandbox processor', () => {
  const folder = scratch();
  let processor: Awaited<ReturnType<typeof startProcessor>>;
  const start = async () => (processor = await startProcessor({ port: 0, folder, logger: quiet }));
  const restart = async () => {
    await processor.close();
    await start();
  };

  before(start);
  after(() => processor.close());

  /** The four things that can be asked of one order, each under one key. */
  function orderPaidBy(paymentMethod: string) {
    const orderId = randomUUID();
    const amount = { amountMinor: 1999, currency: 'GBP' };
    const ask = (path: string, body: object, key: string) =>
      post(`${processor.url}${path}`, { orderId, ...body }, `${orderId}:${key}`);
    return {
      authorize: (key = 'authorize') => ask('/authorizations', { ...amount, paymentMethod }, key),
      capture: () => ask('/captures', {}, 'capture'),
      voidHold: () => ask('/voids', {}, 'void'),
      refund: (number = 1) => ask('/refunds', { amountMinor: 10, currency: 'GBP' }, `refund:${number}`),
      types: async () => (await ledgerOf(processor.url, orderId)).map(({ type }) => type),
    };
  }

  it('pm_sandbox_authorizeTimeout authorizes and hangs up, and answers the second time', async () => {
    const order = orderPaidBy('pm_sandbox_authorizeTimeout');
    await assert.rejects(order.authorize(), TypeError);
    assert.deepEqual(await order.types(), ['authorization']);
    await restart();
    assert.equal((await order.authorize()).status, 201);
    assert.equal((await order.capture()).status, 201);
    assert.deepEqual(await order.types(), ['authorization', 'capture']);
  });

  it('pm_sandbox_captureTimeout captures and hangs up, and answers the second time', async () => {
    const order = orderPaidBy('pm_sandbox_captureTimeout');
    assert.equal((await order.authorize()).status, 201);
    await assert.rejects(order.capture(), TypeError);
    assert.equal((await order.capture()).status, 201);
    assert.deepEqual(await order.types(), ['authorization', 'capture']);
  });

  it('pm_sandbox_refundTimeout refunds and hangs up the first time asked for an order, and never again', async () => {
    const order = orderPaidBy('pm_sandbox_refundTimeout');
    await order.authorize();
    await order.capture();
    await assert.rejects(order.refund(), TypeError);
    await restart();
    assert.equal((await order.refund()).status, 201);
    assert.equal((await order.refund(2)).status, 201);
    assert.deepEqual(await order.types(), ['authorization', 'capture', 'refund', 'refund']);
  });

  it('pm_sandbox_flaky answers 503 twice and then yes, whatever is asked', async () => {
    const order = orderPaidBy('pm_sandbox_flaky');
    for (const ask of [() => order.authorize(), () => order.capture(), () => order.refund(), () => order.refund(2)]) {
      const statuses = [await ask(), await ask(), await ask(), await ask()].map(({ status }) => status);
      assert.deepEqual(statuses, [503, 503, 201, 201]);
    }
    assert.deepEqual(await order.types(), ['authorization', 'capture', 'refund', 'refund']);

    const voided = orderPaidBy('pm_sandbox_flaky');
    await voided.authorize('a');
    assert.deepEqual(await voided.types(), []);
    await voided.authorize('b');
    assert.equal((await voided.authorize('c')).status, 201);
    const statuses = [await voided.voidHold(), await voided.voidHold(), await voided.voidHold()];
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [503, 503, 201],
    );
  });

  it('counts the troubles of an order on, also after a restart', async () => {
    const order = orderPaidBy('pm_sandbox_flaky');
    assert.equal((await order.authorize()).status, 503);
    await restart();
    assert.equal((await order.authorize()).status, 503);
    await restart();
    assert.equal((await order.authorize()).status, 201);
  });

  it('pm_sandbox_slow takes 3 s to say yes, once for all who ask under one key', async () => {
    const order = orderPaidBy('pm_sandbox_slow');
    const begun = performance.now();
    const [first, second] = await Promise.all([order.authorize(), order.authorize()]);
    assert.ok(performance.now() - begun >= 2_990);
    assert.deepEqual(first, second);
    const repeated = performance.now();
    assert.deepEqual(await order.authorize(), first);
    assert.ok(performance.now() - repeated < 2_000, 'a repeat is answered at once');
    assert.deepEqual(await order.types(), ['authorization']);
  });

  it('pm_sandbox_slow says no to what was voided while it thought', async () => {
    const order = orderPaidBy('pm_sandbox_slow');
    const [late] = await Promise.all([order.authorize(), order.voidHold()]);
    assert.equal(late.body.code, 'Voided');
    assert.deepEqual(await order.types(), []);
  });
});

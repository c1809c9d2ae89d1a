import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startProcessor } from '../../sandbox/processor.ts';
import { ledgerOf, post, quiet, scratch } from './requests.ts';

describe('simulated faults of the sandbox processor', () => {
  let folder: string;
  let processor: Awaited<ReturnType<typeof startProcessor>>;
  const start = async () => (processor = await startProcessor({ port: 0, folder, logger: quiet }));
  const restart = async () => {
    await processor.close();
    await start();
  };

  before(async () => {
    folder = scratch();
    await start();
  });
  after(() => processor.close());

  /** The four operations on one order, each with its own key. */
  function orderPaidBy(paymentMethod: string) {
    const orderId = randomUUID();
    const amount = { amountMinor: 1999, currency: 'GBP' };
    const send = (path: string, body: object, key: string) =>
      post(`${processor.url}${path}`, { orderId, ...body }, `${orderId}:${key}`);
    return {
      authorize: (key = 'authorize') => send('/authorizations', { ...amount, paymentMethod }, key),
      capture: () => send('/captures', {}, 'capture'),
      voidHold: () => send('/voids', {}, 'void'),
      refund: (number = 1) => send('/refunds', { amountMinor: 10, currency: 'GBP' }, `refund:${number}`),
      types: async () => (await ledgerOf(processor.url, orderId)).map(({ type }) => type),
    };
  }

  it('pm_sandbox_authorizeTimeout authorizes and closes the connection, and responds the second time', async () => {
    const order = orderPaidBy('pm_sandbox_authorizeTimeout');
    await assert.rejects(order.authorize(), TypeError);
    assert.deepEqual(await order.types(), ['authorization']);
    await restart();
    assert.equal((await order.authorize()).status, 201);
    assert.equal((await order.capture()).status, 201);
    assert.deepEqual(await order.types(), ['authorization', 'capture']);
  });

  it('pm_sandbox_captureTimeout captures and closes the connection, and responds the second time', async () => {
    const order = orderPaidBy('pm_sandbox_captureTimeout');
    assert.equal((await order.authorize()).status, 201);
    await assert.rejects(order.capture(), TypeError);
    assert.equal((await order.capture()).status, 201);
    assert.deepEqual(await order.types(), ['authorization', 'capture']);
  });

  it('pm_sandbox_refundTimeout closes the connection after the first refund of an order, and never again', async () => {
    const order = orderPaidBy('pm_sandbox_refundTimeout');
    await order.authorize();
    await order.capture();
    await assert.rejects(order.refund(), TypeError);
    await restart();
    assert.equal((await order.refund()).status, 201);
    assert.equal((await order.refund(2)).status, 201);
    assert.deepEqual(await order.types(), ['authorization', 'capture', 'refund', 'refund']);
  });

  it('pm_sandbox_flaky responds with 503 twice and then succeeds, for every operation', async () => {
    const order = orderPaidBy('pm_sandbox_flaky');
    for (const operation of [
      () => order.authorize(),
      () => order.capture(),
      () => order.refund(),
      () => order.refund(2),
    ]) {
      const statuses = [await operation(), await operation(), await operation(), await operation()].map(
        ({ status }) => status,
      );
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

  it('faults of an order are still counted after a restart', async () => {
    const order = orderPaidBy('pm_sandbox_flaky');
    assert.equal((await order.authorize()).status, 503);
    await restart();
    assert.equal((await order.authorize()).status, 503);
    await restart();
    assert.equal((await order.authorize()).status, 201);
  });

  it('pm_sandbox_slow takes 3 s to succeed, once for concurrent requests with one key', async () => {
    const order = orderPaidBy('pm_sandbox_slow');
    const startedAt = performance.now();
    const [first, second] = await Promise.all([order.authorize(), order.authorize()]);
    assert.ok(performance.now() - startedAt >= 2_990);
    assert.deepEqual(first, second);
    const repeated = performance.now();
    assert.deepEqual(await order.authorize(), first);
    assert.ok(performance.now() - repeated < 2_000, 'a repeat must not be slow');
    assert.deepEqual(await order.types(), ['authorization']);
  });

  it('pm_sandbox_slow refuses an order that was voided in the meantime', async () => {
    const order = orderPaidBy('pm_sandbox_slow');
    const [late] = await Promise.all([order.authorize(), order.voidHold()]);
    assert.equal(late.body.code, 'Voided');
    assert.deepEqual(await order.types(), []);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DraftRefund } from '../../../activities/refund.ts';
import { orderStage, pounds, refusedAs, teapots } from './test-order-service.ts';

/** An order costs 55.00: three teapots at 10.00 and a kettle at 25.00. */
describe('order service: refunds by those who may refund only so much of an order', () => {
  const stage = orderStage();
  const ask = (orderId: string, part: DraftRefund['part'], difference: Partial<DraftRefund> = {}) =>
    stage.requests.draftRefund({
      refundId: randomUUID(),
      orderId,
      part,
      reason: 'goodwill',
      requestedBy: 'staff-1',
      ...difference,
    });
  const amount = (amountMinor: number) => ({ amount: pounds(amountMinor) });
  const limited = (orderId: string, part: DraftRefund['part'], limit = 20) => ask(orderId, part, { limit });
  const aboveLimit = refusedAs('RefundAboveLimit');

  it('are refused above it, one by one and all of an order together', async () => {
    const orderId = await stage.captured();
    await assert.rejects(limited(orderId, amount(2001)), aboveLimit);
    await assert.rejects(limited(orderId, { lines: [{ sku: 'kettle', quantity: 1 }] }), aboveLimit);
    await limited(orderId, { lines: [teapots(1)] });
    await limited(orderId, amount(999));
    await assert.rejects(limited(orderId, amount(2)), {
      message: 'without an admin £20.00 of an order can be refunded; of this one £0.01 are left',
    });
    await limited(orderId, amount(1));
    await assert.rejects(limited(orderId, amount(1)), aboveLimit);
    const other = await stage.captured();
    await limited(other, amount(2000));
  });

  it('do not count what was refunded without one, nor what was given up, and bind nobody else', async () => {
    const orderId = await stage.captured();
    await ask(orderId, amount(3000));
    const { id } = await limited(orderId, amount(2000));
    await assert.rejects(limited(orderId, amount(1)), aboveLimit);
    const note = { ...stage.note(orderId, 'refundPayment'), workflowId: `refund-${id}` };
    await stage.activities.endRefund({ ...note, refundId: id, outcome: 'not_refunded' });
    await limited(orderId, amount(2000));
    await ask(orderId, amount(500));
  });

  it('count with those in their place where the card processor could not pay', async () => {
    const orderId = await stage.captured();
    const { id: refundId } = await limited(orderId, amount(2000));
    const note = stage.note(orderId, 'refundPayment');
    await stage.activities.endRefund({ ...note, refundId, outcome: 'refunded' });
    const replacement = { refundId, replacementId: randomUUID(), amount: pounds(500) };
    await stage.activities.takeBackRefund({ ...stage.note(orderId), ...replacement });
    await assert.rejects(limited(orderId, amount(1)), aboveLimit);
    await stage.activities.endRefund({
      ...stage.note(orderId),
      refundId: replacement.replacementId,
      outcome: 'not_refunded',
    });
    await assert.rejects(limited(orderId, amount(501)), aboveLimit);
    await limited(orderId, amount(500));
  });

  it('count once, however often they are asked for', async () => {
    const orderId = await stage.captured();
    const refundId = randomUUID();
    for (let count = 0; count < 3; count += 1) {
      await ask(orderId, amount(2000), { refundId, limit: 20 });
    }
  });

  it('have it in the currency’s own unit', async () => {
    const yen = (amountMinor: number) => ({ amountMinor, currency: 'JPY' });
    const lines = [{ sku: 'teapot', name: 'Teapot', quantity: 3, unitPrice: yen(1000) }];
    const orderId = await stage.captured({ lines, total: yen(3000) });
    await assert.rejects(limited(orderId, { amount: yen(151) }, 150.9), aboveLimit);
    await limited(orderId, { amount: yen(150) }, 150.9);
    const pence = await stage.captured();
    await limited(pence, amount(115), 1.15);
    await assert.rejects(limited(pence, amount(1), 0), aboveLimit);
  });

  it('stay below it, though 200 are asked for at once', async () => {
    const orderId = await stage.captured();
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => limited(orderId, amount(150))));
    const granted = outcomes.filter(({ status }) => status === 'fulfilled');
    assert.equal(granted.length, 13);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal((outcome.reason as { code: string }).code, 'RefundAboveLimit');
    }
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DraftRefund, RefundOutcome } from '../../../activities/refund.ts';
import { everything, orderStage, pounds, refusedAs, resellable, teapots } from './test-order-service.ts';

/** An order costs 55.00: three teapots at 10.00 and a kettle at 25.00. */
describe('order service: refunds without a return', () => {
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
  const end = (orderId: string, refundId: string, outcome: RefundOutcome = 'refunded') =>
    stage.activities.endRefund({
      ...stage.note(orderId, 'refundPayment'),
      workflowId: `refund-${refundId}`,
      refundId,
      outcome,
    });
  const money = async (orderId: string) => {
    const { captured, refunded } = await stage.requests.getOrder({ orderId });
    return [captured?.amountMinor, refunded?.amountMinor];
  };

  it('are stored as requested, and listed newest first', async () => {
    const orderId = await stage.captured();
    const first = await ask(orderId, amount(500), { note: 'late parcel' });
    assert.partialDeepStrictEqual(first, {
      status: 'requested',
      amount: pounds(500),
      lines: null,
      reason: 'goodwill',
      note: 'late parcel',
      requestedBy: 'staff-1',
    });
    const second = await ask(orderId, { lines: [teapots(2)] });
    assert.deepEqual([second.amount, second.lines], [pounds(2000), [teapots(2)]]);
    const { db } = stage.database;
    const earlier = new Date(Date.now() - 60_000);
    await db.updateTable('refunds').set({ created_at: earlier }).where('id', '=', first.id).execute();
    const { items } = await stage.requests.listRefunds({ orderId });
    assert.deepEqual(
      items.map(({ id }) => id),
      [second.id, first.id],
    );
    assert.deepEqual(await money(orderId), [5500, 0]);
  });

  it('are the same when they are asked for again, and refused with other contents', async () => {
    const orderId = await stage.captured();
    const refundId = randomUUID();
    const first = await ask(orderId, amount(5500), { refundId });
    assert.deepEqual(await ask(orderId, amount(5500), { refundId }), first);
    await assert.rejects(ask(orderId, amount(5499), { refundId }), refusedAs('RefundDiffers'));
    await assert.rejects(ask(orderId, { lines: [teapots(1)] }, { refundId }), refusedAs('RefundDiffers'));
    await assert.rejects(ask(orderId, amount(5500), { refundId, reason: 'other' }), refusedAs('RefundDiffers'));
  });

  it('change the order and publish once when they are paid', async () => {
    const orderId = await stage.captured();
    const { id } = await ask(orderId, amount(500));
    const before = await stage.events(orderId);
    await Promise.all([1, 2, 3].map(() => end(orderId, id)));
    assert.deepEqual(await money(orderId), [5500, 500]);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'partially_refunded', 'shipped']);
    assert.deepEqual((await stage.events(orderId)).slice(before.length), ['order.refunded']);
    const rest = await ask(orderId, amount(5000));
    await end(orderId, rest.id);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'refunded', 'shipped']);
  });

  it('free their amount if a person decides not to pay, and leave the payment as it was', async () => {
    const orderId = await stage.captured();
    const { id } = await ask(orderId, amount(5500));
    const interventionId = await stage.opened(orderId, 'refundPayment', `refund-${id}`);
    await stage.closed(orderId, interventionId, 'skip');
    await end(orderId, id, 'not_refunded');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
    assert.deepEqual(await money(orderId), [5500, 0]);
    await ask(orderId, amount(5500));
  });

  it('are refused above what was captured and is neither refunded nor about to be', async () => {
    const orderId = await stage.captured();
    await assert.rejects(ask(orderId, amount(5501)), refusedAs('RefundTooLarge'));
    const { id } = await ask(orderId, amount(3000));
    await assert.rejects(ask(orderId, amount(2501)), refusedAs('RefundTooLarge'));
    await end(orderId, id, 'refunded_manually');
    await assert.rejects(ask(orderId, amount(2501)), refusedAs('RefundTooLarge'));
    await ask(orderId, amount(2500));
  });

  it('are refused before the money is captured, in another currency, and of an unknown order', async () => {
    const confirmed = await stage.confirmed();
    await assert.rejects(ask(confirmed, amount(1)), refusedAs('RefundTooLarge'));
    const captured = await stage.captured();
    const euros = { amount: { amountMinor: 1, currency: 'EUR' } };
    await assert.rejects(ask(captured, euros), refusedAs('WrongCurrency'));
    await assert.rejects(ask(randomUUID(), amount(1)), refusedAs('OrderNotFound'));
  });

  it('never exceed what was captured, though 200 are asked for at once', async () => {
    const orderId = await stage.captured();
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => ask(orderId, amount(100))));
    const granted = outcomes.filter(({ status }) => status === 'fulfilled').length;
    assert.equal(granted, 55);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal((outcome.reason as { code?: string }).code, 'RefundTooLarge');
    }
    const { items } = await stage.requests.listRefunds({ orderId });
    await Promise.all(items.map(({ id }) => end(orderId, id)));
    assert.deepEqual(await money(orderId), [5500, 5500]);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'refunded', 'shipped']);
  });

  describe('of lines', () => {
    it('pay no piece back twice', async () => {
      const orderId = await stage.captured();
      await ask(orderId, { lines: [teapots(2)] });
      await assert.rejects(ask(orderId, { lines: [teapots(2)] }), refusedAs('TooMany'));
      await ask(orderId, { lines: [teapots(1), { sku: 'kettle', quantity: 1 }] });
      await assert.rejects(ask(orderId, { lines: [{ sku: 'mug', quantity: 1 }] }), refusedAs('TooMany'));
    });

    it('may be asked for again after a person decided not to pay', async () => {
      const orderId = await stage.captured();
      const { id } = await ask(orderId, { lines: [teapots(3)] });
      await end(orderId, id, 'not_refunded');
      await ask(orderId, { lines: [teapots(3)] });
    });

    it('are refused for goods that cost nothing', async () => {
      const free = { sku: 'sample', name: 'Sample', quantity: 1, unitPrice: pounds(0) };
      const teapot = { sku: 'teapot', name: 'Teapot', quantity: 1, unitPrice: pounds(1000) };
      const orderId = await stage.captured({ lines: [free, teapot], total: pounds(1000) });
      await assert.rejects(ask(orderId, { lines: [{ sku: 'sample', quantity: 1 }] }), refusedAs('NothingToRefund'));
    });
  });

  describe('and returns', () => {
    it('together never pay a piece twice, nor more than was captured', async () => {
      const orderId = await stage.delivered();
      const { id } = await ask(orderId, { lines: [teapots(1)] });
      await end(orderId, id);
      const sentBack = await stage.sendBack(orderId, { lines: everything });
      assert.deepEqual(await stage.receive(sentBack, everything.map(resellable)), { refund: pounds(4500) });
      await assert.rejects(ask(orderId, amount(1)), refusedAs('RefundTooLarge'));
      await assert.rejects(ask(orderId, { lines: [teapots(1)] }), refusedAs('TooMany'));
      await stage.refund(sentBack);
      assert.deepEqual(await money(orderId), [5500, 5500]);
    });

    it('pay nothing for the piece that was paid back before it came back', async () => {
      const orderId = await stage.delivered();
      await ask(orderId, { lines: [teapots(1)] }, { reason: 'damaged' });
      const first = await stage.sendBack(orderId, { lines: [teapots(1)] });
      assert.deepEqual(await stage.receive(first), { refund: pounds(0) });
      const second = await stage.sendBack(orderId, { lines: [teapots(1)] });
      assert.deepEqual(await stage.receive(second), { refund: pounds(1000) });
    });

    it('pay for a piece that came back besides one that was not delivered', async () => {
      const orderId = await stage.delivered();
      await ask(orderId, { lines: [teapots(1)] }, { reason: 'not_delivered' });
      const sentBack = await stage.sendBack(orderId, { lines: [teapots(1)] });
      assert.deepEqual(await stage.receive(sentBack), { refund: pounds(1000) });
    });

    it('pay a return in full once the refund that had reserved the money is given up', async () => {
      const orderId = await stage.delivered();
      const { id } = await ask(orderId, amount(5500));
      const sentBack = await stage.sendBack(orderId, { lines: [teapots(2)] });
      assert.deepEqual(await stage.receive(sentBack), { refund: pounds(0) });
      await stage.refund(sentBack);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'partially_returned']);
      await end(orderId, id, 'not_refunded');
      const [topUp] = (await stage.requests.listRefunds({ orderId })).items;
      assert.deepEqual([topUp?.status, topUp?.amount], ['requested', pounds(2000)]);
      await end(orderId, topUp!.id);
      assert.deepEqual(await money(orderId), [5500, 2000]);
      // It is owed once.
      const other = await ask(orderId, amount(100));
      await end(orderId, other.id, 'not_refunded');
      assert.equal((await stage.requests.listRefunds({ orderId })).items.length, 3);
    });

    it('pay only the rest of a return after an amount was given back', async () => {
      const orderId = await stage.delivered();
      await ask(orderId, amount(5000));
      const sentBack = await stage.sendBack(orderId, { lines: [teapots(1)] });
      assert.deepEqual(await stage.receive(sentBack), { refund: pounds(500) });
    });
  });
});

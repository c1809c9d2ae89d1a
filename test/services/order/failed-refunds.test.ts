import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { failedRefundWorkflowId } from '../../../workflows/failed-refund/messages.ts';
import { everything, kettle, orderStage, pounds, refusedAs, teapots } from './test-order-service.ts';

describe('order service: refunds that were not paid after all', () => {
  const stage = orderStage();

  /** A delivered order of which this was refunded. */
  async function refunded(part: { amount: { amountMinor: number; currency: string } } | { lines: typeof everything }) {
    const orderId = await stage.delivered();
    const refundId: string = randomUUID();
    const refund = await stage.requests.draftRefund({
      refundId,
      orderId,
      part,
      reason: 'goodwill',
      requestedBy: 'staff-1',
    });
    const note = { orderId, workflowId: `refund-${refundId}`, entries: [] };
    await stage.activities.endRefund({ ...note, refundId, outcome: 'refunded' });
    return { orderId, refundId, amount: refund.amount };
  }
  function takeBack(
    { orderId, refundId, amount }: Awaited<ReturnType<typeof refunded>>,
    replacementId: string = randomUUID(),
  ) {
    const note = { orderId, workflowId: failedRefundWorkflowId({ refundId }), entries: [] };
    return stage.activities.takeBackRefund({ ...note, refundId, replacementId, amount });
  }
  const refundsOf = async (orderId: string) =>
    (await stage.requests.listRefunds({ orderId })).items.map(({ status, amount }) => [status, amount.amountMinor]);
  const refundedOf = async (orderId: string) => (await stage.requests.getOrder({ orderId })).refunded;

  it('are taken out of the books once, and another one takes their place', async () => {
    const refund = await refunded({ amount: pounds(500) });
    const replacementId = randomUUID();
    await takeBack(refund, replacementId);
    await takeBack(refund, replacementId);
    const { orderId } = refund;
    assert.deepEqual(await refundedOf(orderId), pounds(0));
    assert.deepEqual(await refundsOf(orderId), [
      ['requested', 500],
      ['failed', 500],
    ]);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    const note = { orderId, workflowId: failedRefundWorkflowId(refund), entries: [] };
    await stage.activities.endRefund({ ...note, refundId: replacementId, outcome: 'refunded_manually' });
    assert.deepEqual(await refundedOf(orderId), pounds(500));
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'partially_refunded', 'delivered']);
  });

  it('keep their amount and their pieces reserved until they are paid or given up', async () => {
    const refund = await refunded({ lines: everything });
    const replacementId = randomUUID();
    await takeBack(refund, replacementId);
    const again = (part: Parameters<typeof refunded>[0]) =>
      stage.requests.draftRefund({
        refundId: randomUUID(),
        orderId: refund.orderId,
        part,
        reason: 'goodwill',
        requestedBy: 'staff-1',
      });
    await assert.rejects(again({ amount: pounds(1) }), refusedAs('RefundTooLarge'));
    await assert.rejects(again({ lines: [teapots(1)] }), refusedAs('TooMany'));
    const note = { orderId: refund.orderId, workflowId: failedRefundWorkflowId(refund), entries: [] };
    await stage.activities.endRefund({ ...note, refundId: replacementId, outcome: 'not_refunded' });
    assert.equal((await again({ lines: [teapots(1)] })).status, 'requested');
  });

  it('are left alone where people have settled them before', async () => {
    const orderId = await stage.delivered();
    for (const outcome of ['refunded_manually', 'not_refunded'] as const) {
      const refundId: string = randomUUID();
      await stage.requests.draftRefund({
        refundId,
        orderId,
        part: { amount: pounds(500) },
        reason: 'goodwill',
        requestedBy: 'staff-1',
      });
      await stage.activities.endRefund({ orderId, workflowId: `refund-${refundId}`, entries: [], refundId, outcome });
      const before = await refundedOf(orderId);
      assert.deepEqual(await takeBack({ orderId, refundId, amount: pounds(500) }), { taken: false });
      assert.deepEqual(await refundedOf(orderId), before);
    }
  });

  it('may fail in two parts, each once', async () => {
    const refund = await refunded({ amount: pounds(1000) });
    assert.deepEqual(await takeBack({ ...refund, amount: pounds(400) }), { taken: true });
    assert.deepEqual(await takeBack({ ...refund, amount: pounds(600) }), { taken: true });
    assert.deepEqual(await refundedOf(refund.orderId), pounds(0));
  });

  const goodwill = (orderId: string, part: Parameters<typeof refunded>[0], refundId: string = randomUUID()) =>
    stage.requests.draftRefund({ refundId, orderId, part, reason: 'goodwill', requestedBy: 'staff-1' });

  it('in part are still for their pieces, though a person skips the rest', async () => {
    const refund = await refunded({ lines: [teapots(3)] });
    const { orderId } = refund;
    const replacementId = randomUUID();
    await takeBack({ ...refund, amount: pounds(1000) }, replacementId);
    await stage.activities.endRefund({ ...stage.note(orderId), refundId: replacementId, outcome: 'not_refunded' });
    await assert.rejects(goodwill(orderId, { lines: [teapots(1)] }), refusedAs('TooMany'));
    assert.deepEqual(await stage.receive(await stage.sendBack(orderId, { lines: [teapots(3)] })), {
      refund: pounds(0),
    });
  });

  it('in two parts are for their pieces once', async () => {
    const refund = await refunded({ lines: [teapots(1)] });
    for (const minor of [400, 600]) await takeBack({ ...refund, amount: pounds(minor) });
    await goodwill(refund.orderId, { lines: [teapots(2)] });
    await assert.rejects(goodwill(refund.orderId, { lines: [teapots(1)] }), refusedAs('TooMany'));
  });

  it('of which an older order service has recorded the failure count once too', async () => {
    const refund = await refunded({ lines: [teapots(2)] });
    const { orderId, refundId } = refund;
    await takeBack(refund);
    const olderRow = { failed_minor: 0, lines_moved: false };
    await stage.database.db.updateTable('refunds').set(olderRow).where('id', '=', refundId).execute();
    await goodwill(orderId, { lines: [teapots(1)] });
    await assert.rejects(goodwill(orderId, { lines: [teapots(1)] }), refusedAs('TooMany'));
  });

  it('for canceled pieces are counted once, together with their replacements', async () => {
    const orderId = await stage.confirmed();
    const [first] = await stage.split(orderId, [[teapots(1)], [teapots(2)], [kettle]]);
    await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId: first! });
    await stage.activities.captureOrder({ ...stage.note(orderId), parcelId: first!, captured: pounds(5500) });
    await stage.split(orderId, [[teapots(2)]], { canceledLines: [kettle] });
    const [ofKettle] = (await stage.requests.listRefunds({ orderId })).items;
    const refundId = ofKettle!.id;
    await stage.activities.endRefund({ ...stage.note(orderId), refundId, outcome: 'refunded' });
    await takeBack({ orderId, refundId, amount: pounds(1000) });
    await stage.split(orderId, [[teapots(1)]], { canceledLines: [teapots(1)] });
    assert.deepEqual(await refundsOf(orderId), [
      ['requested', 1000],
      ['requested', 1000],
      ['failed', 2500],
    ]);
    // Nor does the report of what was sold count what was paid for them.
    const period = { from: '2026-06-01T00:00:00.000Z', before: '2026-06-02T00:00:00.000Z' };
    const placed = { created_at: new Date(period.from) };
    await stage.database.db.updateTable('orders').set(placed).where('id', '=', orderId).execute();
    const { totals } = await stage.requests.reportSales({ by: 'day', ...period });
    assert.deepEqual(
      totals.map(({ refunded: given }) => given.amountMinor),
      [0],
    );
  });

  it('that top up returns and fail in part are not paid twice', async () => {
    const orderId = await stage.delivered();
    const given: string = randomUUID();
    const goodwill = { orderId, reason: 'goodwill', requestedBy: 'staff-1' } as const;
    await stage.requests.draftRefund({ ...goodwill, refundId: given, part: { amount: pounds(5500) } });
    const stored = await stage.sendBack(orderId, { lines: [teapots(2)] });
    await stage.receive(stored);
    await stage.refund(stored);
    await stage.activities.endRefund({ ...stage.note(orderId), refundId: given, outcome: 'not_refunded' });
    const [topUp] = (await stage.requests.listRefunds({ orderId })).items;
    const refundId = topUp!.id;
    await stage.activities.endRefund({ ...stage.note(orderId), refundId, outcome: 'refunded' });
    await takeBack({ orderId, refundId, amount: pounds(500) });
    const other: string = randomUUID();
    await stage.requests.draftRefund({ ...goodwill, refundId: other, part: { amount: pounds(100) } });
    await stage.activities.endRefund({ ...stage.note(orderId), refundId: other, outcome: 'not_refunded' });
    assert.deepEqual(await refundsOf(orderId), [
      ['not_refunded', 100],
      ['requested', 500],
      ['failed', 2000],
      ['not_refunded', 5500],
    ]);
  });

  it('count as paid in part where the processor has paid a part of one that was given up', async () => {
    const orderId = await stage.delivered();
    const refundId: string = randomUUID();
    await stage.requests.draftRefund({
      refundId,
      orderId,
      part: { amount: pounds(1000) },
      reason: 'goodwill',
      requestedBy: 'staff-1',
    });
    const note = { orderId, workflowId: `refund-${refundId}`, entries: [] };
    await stage.activities.endRefund({ ...note, refundId, outcome: 'not_refunded', paid: pounds(400) });
    assert.deepEqual(await refundedOf(orderId), pounds(400));
    assert.deepEqual(await refundsOf(orderId), [['refunded', 400]]);
  });

  it('are not taken back while they are being recorded', async () => {
    const orderId = await stage.delivered();
    const refundId: string = randomUUID();
    await stage.requests.draftRefund({
      refundId,
      orderId,
      part: { amount: pounds(500) },
      reason: 'goodwill',
      requestedBy: 'staff-1',
    });
    await assert.rejects(takeBack({ orderId, refundId, amount: pounds(500) }), /is being recorded/);
    assert.deepEqual(await refundsOf(orderId), [['requested', 500]]);
  });

  it('of a return leave it refunded, and their place is taken by a refund of the order', async () => {
    const orderId = await stage.delivered();
    const stored = await stage.sendBack(orderId, { lines: [teapots(1)] });
    await stage.receive(stored);
    await stage.refund(stored);
    const before = await refundedOf(orderId);
    await takeBack({ orderId, refundId: stored.id, amount: before! });
    assert.deepEqual(await refundedOf(orderId), pounds(0));
    assert.deepEqual(await refundsOf(orderId), [['requested', before!.amountMinor]]);
  });
});

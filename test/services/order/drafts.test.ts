import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DraftOrder } from '../../../activities/order.ts';
import { draft, orderStage, pounds, refusedAs } from './test-order-service.ts';

describe('order service: drafting', () => {
  const stage = orderStage();
  const draftOrder = (request: DraftOrder) => stage.requests.draftOrder(request);

  it('keeps an order as asked for, pending, and tells nobody', async () => {
    const asked = draft();
    const { order, recorded } = await draftOrder(asked);
    assert.equal(recorded, false);
    const { createdAt, updatedAt, ...rest } = order;
    assert.deepEqual(rest, {
      id: asked.orderId,
      customerId: asked.customerId,
      status: 'pending',
      paymentStatus: 'not_paid',
      fulfillmentStatus: 'not_fulfilled',
      lines: asked.lines,
      total: asked.total,
      shippingAddress: asked.shippingAddress,
      rejection: null,
      trackingNumber: null,
      returnableUntil: null,
      version: 1,
    });
    assert.ok(Date.parse(createdAt) <= Date.parse(updatedAt) + 1);
    assert.deepEqual(await stage.requests.getOrder({ orderId: order.id }), order);
    await draftOrder(draft());
    const orderIds = [order.id, randomUUID()];
    assert.deepEqual(await stage.requests.getOrders({ orderIds }), { items: [order] });
    assert.deepEqual(await stage.events(order.id), []);
  });

  it('answers a repeat with what is kept, and says when the saga has taken it up', async () => {
    const asked = draft();
    const first = await draftOrder(asked);
    assert.deepEqual(await draftOrder(asked), first);
    await stage.activities.recordOrder(stage.note(asked.orderId));
    const { order, recorded } = await draftOrder(asked);
    assert.equal(recorded, true);
    assert.equal(order.createdAt, first.order.createdAt);
  });

  it('is one order however many ask for it at once', async () => {
    const asked = draft();
    const answers = await Promise.all(Array.from({ length: 8 }, () => draftOrder(asked)));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  });

  it('keeps the prices of the first asking', async () => {
    const asked = draft();
    await draftOrder(asked);
    const dearer = asked.lines.map((line) => ({ ...line, name: 'New name', unitPrice: pounds(9999) }));
    const { order } = await draftOrder({ ...asked, lines: dearer, total: pounds(39_996) });
    assert.deepEqual([order.lines, order.total], [asked.lines, asked.total]);
  });

  it('knows an address again without its second line, and whatever the order of its fields', async () => {
    const { line2: _line2, ...short } = draft().shippingAddress;
    const asked = draft({ shippingAddress: short });
    await draftOrder(asked);
    const turned = Object.fromEntries(Object.entries(short).toReversed()) as DraftOrder['shippingAddress'];
    await draftOrder({ ...asked, shippingAddress: turned });
    await draftOrder({ ...asked, shippingAddress: { ...short, line2: undefined } });
  });

  const others: Record<string, (asked: DraftOrder) => Partial<DraftOrder>> = {
    'another customer': () => ({ customerId: randomUUID() }),
    'another payment method': () => ({ paymentMethod: 'pm_sandbox_flaky' }),
    'another street': ({ shippingAddress }) => ({ shippingAddress: { ...shippingAddress, line1: '2 High St' } }),
    'no second address line': ({ shippingAddress: { line2: _line2, ...short } }) => ({ shippingAddress: short }),
    'another quantity': ({ lines: [first, ...rest] }) => ({ lines: [{ ...first!, quantity: 4 }, ...rest] }),
    'another SKU': ({ lines: [first, ...rest] }) => ({ lines: [{ ...first!, sku: 'mug' }, ...rest] }),
    'a line less': ({ lines }) => ({ lines: lines.slice(1) }),
  };
  for (const [what, difference] of Object.entries(others)) {
    it(`refuses ${what} under the same id and keeps the first`, async () => {
      const asked = draft();
      const { order } = await draftOrder(asked);
      await assert.rejects(draftOrder({ ...asked, ...difference(asked) }), refusedAs('OrderDiffers'));
      assert.deepEqual(await stage.requests.getOrder({ orderId: order.id }), order);
    });
  }

  it('takes 2,000 lines of 100,000 pieces, and knows them again', async () => {
    const lines = Array.from({ length: 2000 }, (_, index) => ({
      sku: `SKU-${index}`,
      name: 'x'.repeat(200),
      quantity: 100_000,
      unitPrice: pounds(4999),
    }));
    const asked = draft({ lines, total: pounds(2000 * 100_000 * 4999) });
    const { order } = await draftOrder(asked);
    assert.deepEqual([order.lines, order.total.amountMinor], [lines, 999_800_000_000]);
    await draftOrder(asked);
    const fewer = lines.with(1999, { ...lines[1999]!, quantity: 99_999 });
    await assert.rejects(draftOrder({ ...asked, lines: fewer }), refusedAs('OrderDiffers'));
  });

  it('refuses what it does not know', async () => {
    const orderId = randomUUID();
    await assert.rejects(stage.requests.getOrder({ orderId }), refusedAs('OrderNotFound'));
    await assert.rejects(stage.requests.getHistory({ orderId }), refusedAs('OrderNotFound'));
    await assert.rejects(stage.requests.listReturns({ orderId }), refusedAs('OrderNotFound'));
    await assert.rejects(stage.requests.getReturn({ returnId: orderId }), refusedAs('ReturnNotFound'));
    await assert.rejects(
      stage.requests.getIntervention({ interventionId: orderId }),
      refusedAs('InterventionNotFound'),
    );
  });
});

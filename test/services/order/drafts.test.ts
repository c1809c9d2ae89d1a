import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PlaceOrder } from '../../../activities/order-placing.ts';
import { draft, orderStage, pounds, refusedAs } from './test-order-service.ts';

describe('order service: drafting', () => {
  const stage = orderStage();
  const placeOrder = (request: PlaceOrder) => stage.requests.placeOrder(request);

  it('stores a pending order as requested, and publishes no event', async () => {
    const request = draft();
    const { order, created } = await placeOrder(request);
    assert.equal(created, true);
    const { createdAt, updatedAt, number: _number, ...rest } = order;
    assert.deepEqual(rest, {
      id: request.orderId,
      customerId: request.customerId,
      status: 'pending',
      paymentStatus: 'not_paid',
      fulfillmentStatus: 'not_fulfilled',
      lines: request.lines,
      total: request.total,
      captured: pounds(0),
      refunded: pounds(0),
      shippingAddress: request.shippingAddress,
      rejection: null,
      nextAction: null,
      trackingNumber: null,
      parcels: [],
      canceledLines: [],
      waitsFor: null,
      returnableUntil: null,
      allowedActions: ['cancel'],
      version: 1,
    });
    assert.ok(Date.parse(createdAt) <= Date.parse(updatedAt) + 1);
    assert.deepEqual(await stage.requests.getOrder({ orderId: order.id }), order);
    await placeOrder(draft());
    const orderIds = [order.id, randomUUID()];
    assert.deepEqual(await stage.requests.getOrders({ orderIds }), { items: [order] });
    assert.deepEqual(await stage.events(order.id), []);
  });

  it('numbers orders, for people', async () => {
    const orders = await Promise.all([1, 2, 3].map(async () => (await stage.requests.placeOrder(draft())).order));
    for (const { number } of orders) assert.match(number, /^[1-9]\d{4,}$/);
    assert.equal(new Set(orders.map(({ number }) => number)).size, 3);
  });

  it('returns the stored order to a repeat, and how its workflow is started until the saga has recorded it', async () => {
    const request = draft();
    const first = await placeOrder(request);
    assert.deepEqual(await placeOrder(request), { ...first, created: false });
    await stage.activities.recordOrder(stage.note(request.orderId));
    const { order, created, start } = await placeOrder(request);
    assert.deepEqual([created, start], [false, undefined]);
    assert.equal(order.createdAt, first.order.createdAt);
  });

  it('tells the workflow whether the payment method is saved, also when it is started from the stored order', async () => {
    for (const savePaymentMethod of [true, undefined]) {
      const request = draft({ savePaymentMethod });
      const { start } = await placeOrder(request);
      const later = await stage.requests.getOrderStart({ orderId: request.orderId });
      assert.deepEqual(
        [start, later.start].map((one) => one!.input.savePaymentMethod),
        [savePaymentMethod, savePaymentMethod],
      );
    }
  });

  it('creates one order for concurrent requests', async () => {
    const request = draft();
    const responses = await Promise.all(Array.from({ length: 8 }, () => placeOrder(request)));
    for (const { order, start } of responses)
      assert.deepEqual({ order, start }, { order: responses[0]!.order, start: responses[0]!.start });
    assert.equal(responses.filter(({ created }) => created).length, 1);
  });

  it('keeps the prices of the first request', async () => {
    const request = draft();
    await placeOrder(request);
    const repriced = request.lines.map((line) => ({ ...line, name: 'New name', unitPrice: pounds(9999) }));
    const { order } = await placeOrder({ ...request, lines: repriced, total: pounds(39_996) });
    assert.deepEqual([order.lines, order.total], [request.lines, request.total]);
  });

  it('recognizes an address without its second line, and with its fields in another order', async () => {
    const { line2: _line2, ...short } = draft().shippingAddress;
    const request = draft({ shippingAddress: short });
    await placeOrder(request);
    const reordered = Object.fromEntries(Object.entries(short).toReversed()) as PlaceOrder['shippingAddress'];
    await placeOrder({ ...request, shippingAddress: reordered });
    await placeOrder({ ...request, shippingAddress: { ...short, line2: undefined } });
  });

  const differences: Record<string, (request: PlaceOrder) => Partial<PlaceOrder>> = {
    'another customer': () => ({ customerId: randomUUID() }),
    'another payment method': () => ({ paymentMethod: 'pm_sandbox_flaky' }),
    'that the payment method is saved': () => ({ savePaymentMethod: true }),
    'another street': ({ shippingAddress }) => ({ shippingAddress: { ...shippingAddress, line1: '2 High St' } }),
    'no second address line': ({ shippingAddress: { line2: _line2, ...short } }) => ({ shippingAddress: short }),
    'another quantity': ({ lines: [first, ...rest] }) => ({ lines: [{ ...first!, quantity: 4 }, ...rest] }),
    'another SKU': ({ lines: [first, ...rest] }) => ({ lines: [{ ...first!, sku: 'mug' }, ...rest] }),
    'one line less': ({ lines }) => ({ lines: lines.slice(1) }),
  };
  for (const [what, difference] of Object.entries(differences)) {
    it(`refuses ${what} under the same id and keeps the first`, async () => {
      const request = draft();
      const { order } = await placeOrder(request);
      await assert.rejects(placeOrder({ ...request, ...difference(request) }), refusedAs('OrderDiffers'));
      assert.deepEqual(await stage.requests.getOrder({ orderId: order.id }), order);
    });
  }

  it('accepts 2,000 lines of 100,000 pieces, and recognizes a repeat', async () => {
    const lines = Array.from({ length: 2000 }, (_, index) => ({
      sku: `SKU-${index}`,
      name: 'x'.repeat(200),
      quantity: 100_000,
      unitPrice: pounds(4999),
    }));
    const request = draft({ lines, total: pounds(2000 * 100_000 * 4999) });
    const { order } = await placeOrder(request);
    assert.deepEqual([order.lines, order.total.amountMinor], [lines, 999_800_000_000]);
    await placeOrder(request);
    const fewer = lines.with(1999, { ...lines[1999]!, quantity: 99_999 });
    await assert.rejects(placeOrder({ ...request, lines: fewer }), refusedAs('OrderDiffers'));
  });

  it('refuses unknown ids', async () => {
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

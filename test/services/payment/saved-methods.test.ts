import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { savedMethods } from '../../stage/saved-methods.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

const DECLINED = { name: 'Refusal', code: 'CardDeclined' };

describe('payment methods that users save', () => {
  const bench = paymentBench();
  let customerId: string;
  beforeEach(() => {
    customerId = randomUUID();
  });

  const { requests, saving, list, saved, renewal } = savedMethods(bench, () => customerId);

  it('are listed once the money is held, newest first, if their order said so', async () => {
    await bench.payment.authorizePayment(paymentRequest({ customerId }));
    assert.deepEqual(await list(), []);
    const first = await saved();
    const second = await saved();
    const [newest, oldest] = await list();
    const { savedAt, ...shown } = newest!;
    assert.deepEqual(shown, { id: second, brand: 'visa', last4: '4242', expires: '2034-07' });
    assert.ok(Math.abs(Date.parse(savedAt) - Date.now()) < 60_000);
    assert.equal(oldest!.id, first);
    assert.deepEqual(await list(randomUUID()), []);
  });

  it('are listed in pages', async () => {
    const ids = [await saved(), await saved(), await saved()].toReversed();
    const first = await requests().listPaymentMethods({ userId: customerId, limit: 2 });
    const second = await requests().listPaymentMethods({ userId: customerId, limit: 2, after: first.next! });
    assert.deepEqual(
      [first, second].map(({ items }) => items.map(({ id }) => id)),
      [ids.slice(0, 2), ids.slice(2)],
    );
    assert.equal(second.next, null);
    for (const after of ['x', Buffer.from('["x"]').toString('base64url')]) {
      await assert.rejects(requests().listPaymentMethods({ userId: customerId, limit: 2, after }), {
        code: 'BadCursor',
      });
    }
  });

  it('are not saved if the card is declined, if nothing is to be paid, or if the order was voided before', async () => {
    const declined = saving({ paymentMethod: 'pm_card_chargeDeclined' });
    await assert.rejects(bench.payment.authorizePayment(declined), DECLINED);
    const free = saving({ customerId: randomUUID(), amount: pounds(0) });
    await bench.payment.authorizePayment(free);
    assert.ok(!bench.processor.cards.customers.includes(free.customerId!));
    assert.deepEqual(await list(free.customerId), []);
    const late = saving();
    const gate = bench.processor.hold('authorize', 'after');
    const authorizing = bench.payment.authorizePayment(late);
    await gate.reached;
    await bench.payment.voidPayment({ orderId: late.orderId });
    gate.release();
    await assert.rejects(authorizing, { code: 'Undone' });
    const overtaken = saving();
    const [authorization, release] = [
      bench.processor.hold('authorize', 'after'),
      bench.processor.hold('void', 'before'),
    ];
    const placing = bench.payment.authorizePayment(overtaken);
    await authorization.reached;
    const voiding = bench.payment.voidPayment({ orderId: overtaken.orderId });
    await release.reached;
    authorization.release();
    await assert.rejects(placing, { code: 'Undone' });
    release.release();
    await voiding;
    const voided = saving();
    await bench.payment.voidPayment({ orderId: voided.orderId });
    await assert.rejects(bench.payment.authorizePayment(voided), { code: 'Undone' });
    assert.deepEqual(await list(), []);
  });

  it("are saved once the card's holder has confirmed, and not before", async () => {
    const request = saving({ customerMayAct: true });
    bench.processor.awaitHolder(request.orderId);
    await bench.payment.authorizePayment(request);
    assert.deepEqual(await list(), []);
    const customer = bench.processor.cards.addCustomer(customerId);
    bench.processor.holderConfirms(request, { saveFor: customer });
    await bench.restarted().authorizePayment(request);
    assert.equal((await list()).length, 1);
  });

  for (const [where, die] of [
    ['before it is authorized', () => bench.processor.dieBefore('authorize')],
    ['after it is authorized', () => bench.processor.dieAfter('authorize')],
    ['before its user is a customer', () => bench.processor.dieBefore('addCustomer')],
    ['after its user is a customer', () => bench.processor.dieAfter('addCustomer')],
  ] as const) {
    it(`are saved once, for one customer, although the process dies ${where}`, async () => {
      const request = saving();
      die();
      await assert.rejects(bench.payment.authorizePayment(request), /socket hang up/);
      assert.deepEqual(await list(), []);
      for (const service of [bench.restarted(), bench.restarted()]) await service.authorizePayment(request);
      assert.equal((await list()).length, 1);
      assert.deepEqual(bench.processor.cards.customers, [customerId]);
      assert.deepEqual(bench.effects(request.orderId), ['authorize']);
    });
  }

  it('are saved once for ten concurrent requests, and each user has one customer', async () => {
    const orders = [saving(), saving()];
    await Promise.all(
      orders.flatMap((order) => Array.from({ length: 5 }, () => bench.payment.authorizePayment(order))),
    );
    assert.equal((await list()).length, 2);
    assert.deepEqual(bench.processor.cards.customers, [customerId]);
  });

  it('pay for later orders of their user, also when the hold is renewed or another method is named', async () => {
    const id = await saved();
    const order = paymentRequest({ customerId, paymentMethod: id });
    await bench.payment.authorizePayment(order);
    await bench.payment.renewHold(renewal(order.orderId, id));
    await bench.payment.renewHold(renewal(order.orderId, id));
    const other = paymentRequest({ customerId });
    await bench.payment.authorizePayment(other);
    const named = { ...renewal(other.orderId, id), customerId };
    await bench.payment.renewHold(named);
    await bench.restarted().renewHold(named);
    await bench.payment.renewHold(renewal(other.orderId, id));
    assert.equal((await list()).length, 1);
    await bench.payment.capturePayment({ orderId: other.orderId });
    assert.deepEqual((await bench.paymentOf(other.orderId)).authorized_minor, 3 * 1250);
  });

  it('are not listed twice by an order that names a saved one and says so again', async () => {
    const id = await saved();
    await bench.payment.authorizePayment(saving({ paymentMethod: id }));
    assert.deepEqual(
      (await list()).map((method) => method.id),
      [id],
    );
  });

  it('are declined to everybody else, and the processor is not asked', async () => {
    const id = await saved();
    const asked = bench.processor.asked.length;
    for (const stranger of [{ customerId: randomUUID() }, {}, { customerId: randomUUID(), savePaymentMethod: true }]) {
      const request = paymentRequest({ paymentMethod: id, ...stranger });
      for (const service of [bench.payment, bench.restarted()]) {
        await assert.rejects(service.authorizePayment(request), DECLINED);
      }
      assert.deepEqual(await bench.payment.voidPayment({ orderId: request.orderId }), { released: false });
    }
    assert.deepEqual(
      bench.processor.asked.slice(asked).filter((key) => key.includes('authorize')),
      [],
    );
    const order = paymentRequest({ customerId: randomUUID() });
    await bench.payment.authorizePayment(order);
    for (const stranger of [{ customerId: order.customerId }, {}]) {
      await assert.rejects(bench.payment.renewHold({ ...renewal(order.orderId, id), ...stranger }), DECLINED);
    }
    assert.equal(bench.processor.held(order.orderId), 1250);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { detachLeft, keepDetaching } from '../../../services/payment/method-requests.ts';
import { eventually } from '../../stage/eventually.ts';
import { savedMethods } from '../../stage/saved-methods.ts';
import { paymentBench, paymentRequest } from '../../stage/test-payment-service.ts';

const DECLINED = { name: 'Refusal', code: 'CardDeclined' };

describe('payment methods that users have saved and remove', () => {
  const bench = paymentBench();
  let customerId: string;
  beforeEach(() => {
    customerId = randomUUID();
  });
  const { requests, saving, list, saved, renewal } = savedMethods(bench, () => customerId);
  const dependencies = () => ({ db: bench.database.db, processor: bench.processor });
  const remove = (id: string, userId = customerId) => requests().removePaymentMethod({ userId, id });
  const detachedAt = async (id: string) => {
    const query = bench.database.db.selectFrom('saved_methods').select('detached_at').where('token', '=', id);
    return (await query.executeTakeFirstOrThrow()).detached_at;
  };

  it('are listed no more and declined to everybody; a repeat changes nothing', async () => {
    const [id, other] = [await saved(), await saved()];
    await remove(id);
    await remove(id);
    assert.deepEqual(
      (await list()).map((method) => method.id),
      [other],
    );
    assert.equal(bench.processor.cards.owners.get(id), null);
    const late = paymentRequest({ customerId, paymentMethod: id });
    await assert.rejects(bench.payment.authorizePayment(late), DECLINED);
    assert.ok(!bench.processor.asked.includes(`${late.orderId}:authorize`));
  });

  it('are not found by another user, or if nobody has saved them', async () => {
    const id = await saved();
    for (const [token, userId] of [
      [id, randomUUID()],
      ['pm_card_visa', customerId],
    ] as const) {
      await assert.rejects(remove(token, userId), { name: 'Refusal', code: 'PaymentMethodNotFound' });
    }
    assert.equal((await list()).length, 1);
  });

  for (const when of ['dieBefore', 'dieAfter'] as const) {
    it(`are removed at once, although the process dies: a repeat or the sweep finishes it (${when})`, async () => {
      const [repeated, swept] = [await saved(), await saved()];
      for (const id of [repeated, swept]) {
        bench.processor[when]('detach');
        await assert.rejects(remove(id), /socket hang up/);
        assert.equal(await detachedAt(id), null);
      }
      assert.deepEqual(await list(), []);
      await assert.rejects(
        bench.payment.authorizePayment(paymentRequest({ customerId, paymentMethod: swept })),
        DECLINED,
      );
      await remove(repeated);
      assert.ok(await detachedAt(repeated));
      const sweeping = keepDetaching(dependencies(), createLogger('payment', 'error'));
      await eventually(async () => assert.ok(await detachedAt(swept)));
      await sweeping.close();
      assert.deepEqual([...bench.processor.cards.owners.values()], [null, null]);
    });
  }

  it('are each detached, although another one cannot be', async () => {
    const ids = [await saved(), await saved()];
    const { db } = bench.database;
    await db.updateTable('saved_methods').set({ removed_at: new Date() }).where('token', 'in', ids).execute();
    bench.processor.dieBefore('detach');
    await assert.rejects(detachLeft(dependencies()), /socket hang up/);
    assert.equal((await Promise.all(ids.map(detachedAt))).filter(Boolean).length, 1);
    await detachLeft(dependencies());
  });

  it('hold the money of no order again: neither of the one that saved them, nor of one that used them', async () => {
    const first = saving();
    await bench.payment.authorizePayment(first);
    const { id } = (await list())[0]!;
    const second = paymentRequest({ customerId, paymentMethod: id });
    await bench.payment.authorizePayment(second);
    for (const { orderId, paymentMethod } of [first, second]) {
      await bench.payment.renewHold(renewal(orderId, paymentMethod));
    }
    await remove(id);
    for (const { orderId, paymentMethod } of [first, second]) {
      const request = renewal(orderId, paymentMethod);
      for (const service of [bench.payment, bench.restarted()]) {
        await assert.rejects(service.renewHold(request), DECLINED);
      }
      assert.equal(bench.processor.held(orderId), 2 * 1250);
      await bench.payment.renewHold({ ...renewal(orderId, 'pm_another'), customerId });
      await bench.payment.releaseReplacedHolds({ orderId });
      await bench.payment.capturePayment({ orderId });
      assert.equal((await bench.paymentOf(orderId)).status, 'captured');
    }
  });
});

import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { faultyTwice, refuseOnce } from '../../stage/faults.ts';
import { finish, openIntervention, resolve } from '../../stage/order-actions.ts';
import { type Faults, type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

describe('failed refund workflow', function () {
  this.timeout(120_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  async function completed(faults: Faults = {}): Promise<TestOrder> {
    const order = await workers().place(faults);
    await finish(order);
    return order;
  }
  const effects = ({ world }: TestOrder) => world.effects.filter((effect) => /refund|take back/.test(effect));

  test('pays nothing before a person has decided', async () => {
    const order = await completed();
    const failed = await workers().failRefund(order);
    const id = await openIntervention(order, 'refundPayment');
    assert.deepEqual(effects(order), ['take back 150']);
    assert.equal(order.world.status, 'requires_action');
    await resolve(failed, id, 'retry');
    assert.equal(await failed.result(), 'refunded');
    assert.deepEqual(effects(order), ['take back 150', 'refund']);
    assert.equal(order.world.status, 'completed');
  });

  test('enters what a person has paid in another way', async () => {
    const order = await completed({ recordManualRefund: faultyTwice });
    const failed = await workers().failRefund(order);
    await resolve(failed, await openIntervention(order, 'refundPayment'), 'refund_manually');
    assert.equal(await failed.result(), 'refunded_manually');
    assert.deepEqual(effects(order), ['take back 150', 'manual refund']);
  });

  test('pays nothing where a person has decided so', async () => {
    const order = await completed();
    const failed = await workers().failRefund(order);
    await resolve(failed, await openIntervention(order, 'refundPayment'), 'skip');
    assert.equal(await failed.result(), 'not_refunded');
    assert.deepEqual(effects(order), ['take back 150', 'forgo refund']);
  });

  test('asks again where the processor refuses', async () => {
    const order = await completed({ refundPayment: refuseOnce });
    const failed = await workers().failRefund(order);
    const first = await openIntervention(order, 'refundPayment');
    await resolve(failed, first, 'retry');
    const second = await openIntervention(order, 'refundPayment');
    assert.notEqual(second, first);
    await resolve(failed, second, 'retry');
    assert.equal(await failed.result(), 'refunded');
  });
});

import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { finish, openIntervention, resolve } from '../../stage/order-actions.ts';
import { type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

describe('failed refund workflow', function () {
  this.timeout(120_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  async function completed(): Promise<TestOrder> {
    const order = await workers().place();
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

  test('pays nothing where a person has decided so', async () => {
    const order = await completed();
    const failed = await workers().failRefund(order);
    await resolve(failed, await openIntervention(order, 'refundPayment'), 'skip');
    assert.equal(await failed.result(), 'not_refunded');
    assert.deepEqual(effects(order), ['take back 150', 'forgo refund']);
  });
});

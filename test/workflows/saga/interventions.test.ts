import assert from 'node:assert/strict';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { resolveInterventionUpdate } from '../../../workflows/saga/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { canceledWith, confirmed, finish, isRefused, openIntervention, resolve } from '../../stage/order-actions.ts';
import { useTestWorkers } from '../../stage/test-workers.ts';

describe('interventions', function () {
  this.timeout(180_000);
  const test = concurrently(16);
  const workers = useTestWorkers();

  test('refuses to resolve an intervention that is not open', async () => {
    const order = await workers().place();
    await confirmed(order);
    const resolution = { interventionId: order.orderId, action: 'retry' as const, note: '', resolvedBy: 'admin-1' };
    await assert.rejects(
      order.handle.executeUpdate(resolveInterventionUpdate, { args: [resolution] }),
      isRefused('InterventionClosed'),
    );
    await finish(order);
  });

  test('opens an intervention even if the refusal is longer than the order service stores', async () => {
    const order = await canceledWith(workers(), {
      voidPayment: async ({ number, next }) => {
        if (number === 1) throw new Refusal('VoidRefused', 'because '.repeat(300));
        return next();
      },
    });
    const interventionId = await openIntervention(order, 'authorizePayment');
    assert.equal(order.world.interventions.get(interventionId)!.reason.length, 1000);
    const nonsense = { interventionId, action: 'perhaps' as 'retry', note: '', resolvedBy: 'admin-1' };
    await assert.rejects(
      order.handle.executeUpdate(resolveInterventionUpdate, { args: [nonsense] }),
      isRefused('InvalidRequest'),
    );
    await resolve(order.handle, interventionId, 'retry');
    assert.equal((await order.handle.result()).status, 'canceled');
  });
});

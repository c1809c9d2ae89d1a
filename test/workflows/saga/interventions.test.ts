import assert from 'node:assert/strict';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { resolveInterventionUpdate } from '../../../workflows/saga/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { canceledWith, confirmed, finish, isRefused, openIntervention, resolve } from '../../stage/order-actions.ts';
import { type Stage, createStage } from '../../stage/test-workers.ts';

describe('interventions', function () {
  this.timeout(180_000);
  const test = concurrently(16);
  let stage: Stage;
  before(async function () {
    this.timeout(120_000);
    stage = await createStage();
  });
  after(() => stage.close());

  test('refuses an answer to an intervention that is not open', async () => {
    const order = await stage.place();
    await confirmed(order);
    const resolution = { interventionId: order.orderId, action: 'retry' as const, note: '', resolvedBy: 'admin-1' };
    await assert.rejects(
      order.handle.executeUpdate(resolveInterventionUpdate, { args: [resolution] }),
      isRefused('InterventionClosed'),
    );
    await finish(order);
  });

  test('asks a person also where the refusal takes more words than the bookkeeping keep', async () => {
    const order = await canceledWith(stage, {
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
    assert.equal(await order.handle.result(), 'canceled');
  });
});

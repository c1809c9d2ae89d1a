import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { refuse } from '../../stage/faults.ts';
import { canceledWith, openIntervention, resolve } from '../../stage/order-actions.ts';
import { useTestWorkers } from '../../stage/test-workers.ts';

describe('stray parcel workflow', function () {
  this.timeout(180_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  const canceled = async (faults: Parameters<typeof canceledWith>[1] = {}) => {
    const order = await canceledWith(workers(), faults);
    await order.handle.result();
    return order;
  };

  test('waits for a person, and ends when the parcel is dealt with', async () => {
    const order = await canceled();
    const stray = await workers().reportStray(order);
    const interventionId = await openIntervention(order, 'dispatch');
    assert.equal(order.world.status, 'requires_action');
    assert.match(order.world.interventions.get(interventionId)!.reason, /as dispatched, but it was canceled$/);
    await resolve(stray, interventionId, 'skip');
    assert.equal(await stray.result(), 'handled');
    assert.equal(order.world.status, 'canceled');
  });

  test('asks the person again while the carrier stays with its report, or knows of no parcel', async () => {
    for (const [fault, says] of [
      [async () => ({ status: 'delivered' }), /now that the parcel is delivered$/],
      [refuse('ShipmentNotFound'), /^ShipmentNotFound: /],
    ] as const) {
      const order = await canceled({ trackShipment: fault });
      const stray = await workers().reportStray(order);
      const first = await openIntervention(order, 'dispatch');
      await resolve(stray, first, 'retry');
      const second = await openIntervention(order, 'dispatch');
      assert.notEqual(second, first);
      assert.match(order.world.interventions.get(second)!.reason, says);
      await resolve(stray, second, 'skip');
      assert.equal(await stray.result(), 'handled');
    }
  });
});

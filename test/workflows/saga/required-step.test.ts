import assert from 'node:assert/strict';
import { eventually } from '../../stage/eventually.ts';
import { refuseOnce } from '../../stage/faults.ts';
import { openIntervention, resolve } from '../../stage/order-actions.ts';
import { askedElsewhere } from '../../stage/required-step-scenarios.ts';
import { type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

describe('the workflow of a required step that an operator ends', function () {
  this.timeout(60_000);
  const workers = useTestWorkers();
  const openOf = ({ world }: TestOrder) => [...world.interventions].filter(([, { open }]) => open).map(([id]) => id);

  it('leaves its question to another one, and none is open in the end', async () => {
    const order = await askedElsewhere(workers(), refuseOnce);
    let asked = await openIntervention(order, 'authorizePayment');
    const { client } = workers();
    const asking = () => client.workflow.getHandle(order.world.interventions.get(asked)!.workflowId);
    for (const _time of [1, 2]) {
      await asking().terminate();
      await eventually(() => {
        assert.equal(openOf(order).length, 1);
        assert.notEqual(openOf(order)[0], asked);
      });
      [asked] = openOf(order) as [string];
    }
    await resolve(asking(), asked, 'retry');
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual(openOf(order), []);
    assert.deepEqual(order.world.effects.slice(-3).toSorted(), ['cancel', 'release', 'void']);
  });
});

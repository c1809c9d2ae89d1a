import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { answerLost, faultyTwice, refuse, refuseOnce } from '../../stage/faults.ts';
import { canceledWith, openIntervention, outcomes, resolve } from '../../stage/order-actions.ts';
import { type Fault, useTestWorkers } from '../../stage/test-workers.ts';

describe('late payment workflow', function () {
  this.timeout(180_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  /** A canceled order whose payment is held late. */
  const heldLate = async (releaseLateHold?: Fault) => {
    const order = await canceledWith(workers(), releaseLateHold ? { releaseLateHold } : {});
    await order.handle.result();
    order.world.confirmation = 'given';
    return order;
  };

  for (const [trouble, fault] of [
    ['at once', undefined],
    ['after faults', faultyTwice],
    ['although its answer was lost', answerLost((number) => number === 1)],
  ] as const) {
    test(`releases the hold once ${trouble}, and the order stays canceled`, async () => {
      const order = await heldLate(fault);
      assert.equal(await (await workers().releaseLate(order)).result(), 'released');
      assert.equal(order.world.effects.filter((effect) => effect === 'release hold').length, 1);
      assert.deepEqual(outcomes(order, 'releasePayment').slice(-1), ['succeeded']);
      assert.equal(order.world.status, 'canceled');
    });
  }

  test('asks a person where the processor refuses, and tries again', async () => {
    const order = await heldLate(refuseOnce);
    const late = await workers().releaseLate(order);
    const interventionId = await openIntervention(order, 'releasePayment');
    assert.equal(order.world.status, 'requires_action');
    await resolve(late, interventionId, 'retry');
    assert.equal(await late.result(), 'released');
    assert.equal(order.world.status, 'canceled');
  });

  test('ends when a person has taken the hold over', async () => {
    const order = await heldLate(refuse('VoidRefused'));
    const late = await workers().releaseLate(order);
    await resolve(late, await openIntervention(order, 'releasePayment'), 'skip');
    assert.equal(await late.result(), 'skipped');
    assert.ok(!order.world.effects.includes('release hold'));
  });
});

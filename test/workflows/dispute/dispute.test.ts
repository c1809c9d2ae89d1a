import assert from 'node:assert/strict';
import { disputeMovedSignal } from '../../../workflows/dispute/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import {
  durableCallsOf,
  finish,
  isRefused,
  openIntervention,
  openInterventionNow,
  outcomes,
  resolve,
} from '../../stage/order-actions.ts';
import { dispatch, waitingOrder } from '../../stage/parcel-actions.ts';
import { type Faults, useTestWorkers } from '../../stage/test-workers.ts';

describe('dispute workflow', function () {
  this.timeout(120_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  async function completed(faults: Faults = {}) {
    const order = await workers().place(faults);
    await finish(order);
    return order;
  }
  const inRealTime = () => workers().inRealTime;

  test('says what is disputed, why, and until when an answer is wanted; a person has dealt with it', async () => {
    const order = await completed();
    const dispute = await workers().dispute(order, inRealTime());
    const id = await openIntervention(order, 'dispute');
    assert.equal(
      order.world.interventions.get(id)!.reason,
      "the card's holder disputes £2.00, which the card processor has taken back: fraudulent; answer by 2030-01-31 12:00 UTC",
    );
    await assert.rejects(resolve(dispute, id, 'retry'), isRefused('ActionNotAllowed'));
    await resolve(dispute, id, 'skip');
    await eventually(() => assert.equal(order.world.status, 'completed'));
    // The bank has not decided yet.
    order.world.dispute = 'won';
    await dispute.signal(disputeMovedSignal, {});
    assert.equal(await dispute.result(), 'won');
    assert.deepEqual(outcomes(order, 'dispute'), ['started', 'failed', 'succeeded']);
  });

  for (const isHandled of [false, true]) {
    const before = isHandled ? 'a person has dealt with it' : 'nobody has looked at it';
    test(`asks again when an inquiry becomes a dispute, although ${before}`, async () => {
      const order = await completed();
      order.world.dispute = 'inquiry';
      const dispute = await workers().dispute(order, inRealTime());
      const inquiry = await openIntervention(order, 'dispute');
      assert.match(order.world.interventions.get(inquiry)!.reason, /nothing was taken back/);
      if (isHandled) await resolve(dispute, inquiry, 'skip');
      order.world.dispute = 'open';
      await dispute.signal(disputeMovedSignal, {});
      const taken = await eventually(() => {
        const id = openInterventionNow(order, 'dispute');
        assert.notEqual(id, inquiry);
        return id;
      });
      assert.match(order.world.interventions.get(taken)!.reason, /has taken back/);
      assert.equal(order.world.interventions.get(inquiry)!.open, false);
      order.world.dispute = 'lost';
      await dispute.signal(disputeMovedSignal, {});
      assert.equal(await dispute.result(), 'lost');
      assert.equal(order.world.interventions.get(taken)!.open, false);
    });
  }

  for (const outcome of ['won', 'lost'] as const) {
    test(`ends by itself once the processor tells that it was ${outcome}, and closes what it has asked`, async () => {
      const order = await completed();
      const dispute = await workers().dispute(order, inRealTime());
      const id = await openIntervention(order, 'dispute');
      // Other news changes nothing.
      await dispute.signal(disputeMovedSignal, {});
      await eventually(async () => assert.equal(await durableCallsOf({ handle: dispute }, 'readDispute'), 2));
      assert.equal(order.world.interventions.get(id)!.open, true);
      order.world.dispute = outcome;
      await dispute.signal(disputeMovedSignal, {});
      assert.equal(await dispute.result(), outcome);
      assert.equal(order.world.interventions.get(id)!.open, false);
      assert.deepEqual(outcomes(order, 'dispute'), ['started', outcome === 'won' ? 'succeeded' : 'failed']);
    });
  }

  test('ends by itself where no event comes: the processor is asked every few days', async () => {
    const order = await completed({
      readDispute: ({ number, world, next }) => {
        if (number > 4) world.dispute = 'won';
        return next();
      },
    });
    assert.equal(await (await workers().dispute(order)).result(), 'won');
    assert.equal(order.world.status, 'completed');
  });

  test('stops asking after some months, and still hears of the decision', async () => {
    const order = await completed();
    const dispute = await workers().dispute(order);
    const asked = async () => assert.equal(await durableCallsOf({ handle: dispute }, 'readDispute'), 31);
    await eventually(asked, 90_000, 500);
    const { events } = await dispute.fetchHistory();
    assert.ok(events!.length < 500, `${events!.length} events`);
    order.world.dispute = 'lost';
    await dispute.signal(disputeMovedSignal, {});
    assert.equal(await dispute.result(), 'lost');
  });

  test('ends after some months where a person has dealt with it, and the bank does not decide', async () => {
    const order = await completed();
    const dispute = await workers().dispute(order);
    await resolve(dispute, await openIntervention(order, 'dispute'), 'skip');
    assert.equal(await dispute.result(), 'handled');
  });

  test('asks nobody about one that was decided before', async () => {
    const order = await completed();
    order.world.dispute = 'lost';
    assert.equal(await (await workers().dispute(order)).result(), 'lost');
    assert.equal(order.world.interventions.size, 0);
  });

  test('leaves the order to go on', async () => {
    const order = await waitingOrder(workers());
    await workers().dispute(order, inRealTime());
    await openIntervention(order, 'dispute');
    await dispatch(order, order.orderId);
    await order.handle.terminate();
  });
});

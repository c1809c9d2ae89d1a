import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { cancelUpdate, parcelMovedSignal } from '../../workflows/order/messages.ts';
import { receiveReturnUpdate } from '../../workflows/return/messages.ts';
import { resolveInterventionUpdate } from '../../workflows/saga/messages.ts';
import { eventually } from '../stage/eventually.ts';
import { refuse, refuseOnce } from '../stage/faults.ts';
import {
  assertNothingLeft,
  canceledWith,
  confirmed,
  isRefused,
  openIntervention,
  outcomes,
} from '../stage/order-actions.ts';
import { type TestOrder, type TestWorkers, useTestWorkers } from '../stage/test-workers.ts';

/** What is sent while no worker runs, in this order. Each has reached the server before the next is sent. */
type Sent = { signal: 'dispatched' | 'delivered' } | { update: () => Promise<unknown> } | { cancelWorkflow: true };

/** The outcome of an update: `accepted`, or the code with which it was refused. */
type Answer = Promise<string>;

/**
 * Lets all of this arrive in one workflow task: the worker is stopped, everything is sent, and the worker is started. The
 * workflow is then replayed first, as after any restart.
 */
async function inOneTask(workers: TestWorkers, handle: WorkflowHandle, sent: readonly Sent[]): Promise<string[]> {
  const answers: Answer[] = [];
  await workers.whileStopped(async () => {
    for (const one of sent) {
      if ('signal' in one) await handle.signal(parcelMovedSignal, { status: one.signal });
      else if ('cancelWorkflow' in one) await handle.cancel();
      else answers.push(answerOf(one.update()));
      // An update waits for a worker, so only its task shows that it has arrived.
      await eventually(async () => assert.ok((await handle.describe()).raw.pendingWorkflowTask));
    }
  });
  return Promise.all(answers);
}

const answerOf = (update: Promise<unknown>): Answer =>
  update.then(
    () => 'accepted',
    (error: unknown) => {
      for (const code of ['TooLateToCancel', 'InterventionClosed', 'AlreadyReceived']) {
        if (isRefused(code)(error)) return code;
      }
      throw error;
    },
  );

const cancel = ({ handle }: TestOrder): Sent => ({ update: () => handle.executeUpdate(cancelUpdate, { args: [{}] }) });
const resolve = (handle: unknown, interventionId: string, action: 'retry' | 'skip'): Sent => ({
  update: () =>
    (handle as WorkflowHandle).executeUpdate(resolveInterventionUpdate, {
      args: [{ interventionId, action, note: 'seen', resolvedBy: 'admin-1' }],
    }),
});

describe('what arrives in one workflow task', function () {
  this.timeout(180_000);
  const workers = useTestWorkers();
  const left: WorkflowHandle[] = [];
  // In real time: nothing may happen while the worker is stopped.
  const place = async (faults?: Parameters<TestWorkers['place']>[0]) => {
    const order = await workers().place(faults, { by: workers().inRealTime });
    left.push(order.handle);
    return order;
  };
  afterEach(async () => {
    for (const handle of left.splice(0)) await handle.terminate().catch(() => undefined);
  });

  describe('a cancellation and the news that the goods have left', () => {
    const DISPATCHED: Record<string, (order: TestOrder) => Sent[]> = {
      'the cancellation last': (order) => [{ signal: 'dispatched' }, cancel(order)],
      'the cancellation first': (order) => [cancel(order), { signal: 'dispatched' }],
      'with the delivery': (order) => [{ signal: 'delivered' }, cancel(order)],
      'twice, and out of order': (order) => [
        { signal: 'delivered' },
        { signal: 'dispatched' },
        { signal: 'dispatched' },
        cancel(order),
        cancel(order),
      ],
    };
    for (const [name, sent] of Object.entries(DISPATCHED)) {
      it(`${name}: the customer is told that it is too late, and the order is paid`, async () => {
        const order = await place();
        await confirmed(order);
        const answers = await inOneTask(workers(), order.handle, sent(order));
        assert.deepEqual([...new Set(answers)], ['TooLateToCancel']);
        await eventually(() => assert.deepEqual(order.world.effects.slice(3), ['capture', 'commit']));
        assert.deepEqual(outcomes(order, 'cancel'), []);
      });
    }

    it('from the Temporal Web UI: the order is paid', async () => {
      const order = await place();
      await confirmed(order);
      await inOneTask(workers(), order.handle, [{ cancelWorkflow: true }, { signal: 'dispatched' }]);
      await eventually(() => assert.deepEqual(order.world.effects.slice(3), ['capture', 'commit']));
      assert.ok(!outcomes(order, 'cancel').includes('succeeded'));
    });

    it('before the first task: the customer is told that it is too late', async () => {
      let order: TestOrder | undefined;
      const answers: string[] = [];
      await workers().whileStopped(async () => {
        order = await place();
        await order.moved('dispatched');
        void cancelLater(order, answers);
      });
      await eventually(() => assert.deepEqual(answers, ['TooLateToCancel']));
      await eventually(() => assert.deepEqual(order!.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']));
    });
  });

  it('dispatched and delivered: the order is paid once, and both are in its history', async () => {
    const order = await place();
    await confirmed(order);
    await inOneTask(workers(), order.handle, [{ signal: 'dispatched' }, { signal: 'delivered' }]);
    await eventually(() => assert.deepEqual(outcomes(order, 'deliver'), ['succeeded']));
    assert.deepEqual(outcomes(order, 'dispatch'), ['succeeded']);
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
  });

  it('two cancellations: both are accepted, and everything is compensated once', async () => {
    const order = await place();
    await confirmed(order);
    assert.deepEqual(
      await inOneTask(workers(), order.handle, [cancel(order), cancel(order), { cancelWorkflow: true }]),
      ['accepted', 'accepted'],
    );
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
    assert.deepEqual(outcomes(order, 'cancel'), ['started', 'succeeded']);
  });

  it('two resolutions: the first counts, and the second is refused', async () => {
    const order = await canceledWith({ ...workers(), place }, { voidPayment: refuse('Never') });
    left.push(order.handle);
    const id = await openIntervention(order, 'authorizePayment');
    const both = [resolve(order.handle, id, 'skip'), resolve(order.handle, id, 'retry')];
    assert.deepEqual((await inOneTask(workers(), order.handle, both)).toSorted(), ['InterventionClosed', 'accepted']);
    assert.equal(order.world.interventions.size, 1);
  });

  it('a resolution and a cancellation: both are accepted while the order is being compensated', async () => {
    const order = await canceledWith({ ...workers(), place }, { voidPayment: refuseOnce });
    const id = await openIntervention(order, 'authorizePayment');
    const sent = [cancel(order), resolve(order.handle, id, 'retry')];
    assert.deepEqual(await inOneTask(workers(), order.handle, sent), ['accepted', 'accepted']);
    assert.equal((await order.handle.result()).status, 'canceled');
    assertNothingLeft(order);
    assert.deepEqual(outcomes(order, 'cancel'), ['started', 'succeeded']);
  });

  it('a resolution and a cancellation after the dispatch: the cancellation is too late', async () => {
    const order = await place({ capturePayment: refuseOnce });
    await order.moved('dispatched');
    const id = await openIntervention(order, 'capturePayment');
    const sent = [cancel(order), resolve(order.handle, id, 'retry'), { signal: 'delivered' } as const];
    assert.deepEqual(await inOneTask(workers(), order.handle, sent), ['TooLateToCancel', 'accepted']);
    await eventually(() => assert.deepEqual(outcomes(order, 'deliver'), ['succeeded']));
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
  });

  describe('of a return', () => {
    const goods = [{ sku: 'tea', quantity: 2, condition: 'resellable' as const }];
    const receive = (handle: WorkflowHandle): Sent => ({
      update: () => handle.executeUpdate(receiveReturnUpdate, { args: [{ lines: goods }] }),
    });

    it('the goods twice: they are received and refunded once', async () => {
      const order = await place();
      const sentBack = (await workers().sendBack(order, {}, workers().inRealTime)) as unknown as WorkflowHandle;
      const answers = await inOneTask(workers(), sentBack, [receive(sentBack), receive(sentBack)]);
      assert.deepEqual(answers.toSorted(), ['AlreadyReceived', 'accepted']);
      assert.equal(await sentBack.result(), 'refunded');
      assert.equal(order.world.effects.filter((effect) => effect === 'refund').length, 1);
    });

    it('the goods and the abandoning by an operator: they are received and refunded', async () => {
      const order = await place();
      const sentBack = (await workers().sendBack(order, {}, workers().inRealTime)) as unknown as WorkflowHandle;
      assert.deepEqual(await inOneTask(workers(), sentBack, [{ cancelWorkflow: true }, receive(sentBack)]), [
        'accepted',
      ]);
      assert.equal(await sentBack.result(), 'refunded');
    });

    it('the goods before its first task, and again: they are received once', async () => {
      const order = await place();
      const sentBack = (await workers().sendBack(order, {}, workers().inRealTime)) as unknown as WorkflowHandle;
      const id = randomUUID();
      const same = () => sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines: goods }], updateId: id });
      assert.deepEqual(await inOneTask(workers(), sentBack, [{ update: same }, { update: same }]), [
        'accepted',
        'accepted',
      ]);
      assert.equal(await sentBack.result(), 'refunded');
    });
  });
});

/** Sends a cancellation, and adds its outcome to `answers`. */
async function cancelLater({ handle }: TestOrder, answers: string[]): Promise<void> {
  answers.push(await answerOf(handle.executeUpdate(cancelUpdate, { args: [{}] })));
}

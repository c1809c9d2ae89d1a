import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type WorkflowHandle, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, RawValue } from '@temporalio/common';
import { cartReminderId } from '../../../workflows/cart-reminder/messages.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { receiveReturnUpdate } from '../../../workflows/return/messages.ts';
import { ORDER_TASK_QUEUE } from '../../../workflows/saga/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { refuseOnce } from '../../stage/faults.ts';
import { canceledWith, confirmed, finish, isRefused, openIntervention, resolve } from '../../stage/order-actions.ts';
import { type TestWorkers, orderInput, useTestWorkers } from '../../stage/test-workers.ts';

// What the Temporal Web UI sends in its encoding json/protobuf, which this platform does not use.
const unreadable = RawValue.fromPayload({
  metadata: { encoding: Buffer.from('json/protobuf') },
  data: Buffer.from('{}'),
});

/** What may be typed by hand, and never fits. */
const NONSENSE: Record<string, unknown[]> = {
  null: [null],
  'a text': ['abc'],
  'a number': [7],
  'a list': [[]],
  'what cannot be read': [unreadable],
};

/** A workflow task that fails is retried for ever. */
async function assertNoTaskFailed(handle: WorkflowHandle): Promise<void> {
  const { events } = await handle.fetchHistory();
  assert.deepEqual(
    events!.map((event) => event.workflowTaskFailedEventAttributes?.failure?.message).filter(Boolean),
    [],
  );
}

interface Updatable {
  executeUpdate(name: string, options: { args: unknown[] }): Promise<unknown>;
}

// The query of the Web UI.
const detailsOf = async (handle: WorkflowHandle): Promise<string> =>
  (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;

const lines = [{ sku: 'tea', quantity: 2 }];
const goods = [{ ...lines[0]!, condition: 'damaged' as const }];

describe('what arrives at a workflow by hand', function () {
  this.timeout(180_000);
  const test = concurrently(16);
  const workers = useTestWorkers();

  describe('an input that does not fit ends the workflow, which says why', () => inputTests(test, workers));
  describe('an update that does not fit is refused', () => updateTests(test, workers));
  describe('a signal that does not fit is dropped', () => signalTests(test, workers));
});

function inputTests(test: ReturnType<typeof concurrently>, workers: () => TestWorkers) {
  const almost: Record<string, unknown> = {
    orderWorkflow: { ...orderInput(), total: { amountMinor: 1.5, currency: 'GBP' } },
    returnWorkflow: { returnId: randomUUID(), orderId: randomUUID(), customerId: randomUUID(), lines: 'abc' },
    cartReminderWorkflow: { customerId: 'me' },
    webhookDeliveryWorkflow: { deliveryId: randomUUID(), round: '1' },
  };
  for (const [workflow, input] of Object.entries(almost)) {
    for (const [name, args] of Object.entries({ nothing: [], ...NONSENSE, 'one wrong field': [input] })) {
      test(`${workflow}: ${name}`, async () => {
        // Only the order service's test worker runs every workflow.
        const options = { workflowId: randomUUID(), taskQueue: ORDER_TASK_QUEUE, args };
        const handle = await workers().client.workflow.start(workflow, options);
        await assert.rejects(handle.result(), (error: unknown) => {
          assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure);
          assert.deepEqual([error.cause.type, error.cause.nonRetryable], ['InvalidInput', true]);
          return error.cause.message.startsWith('input');
        });
        await assertNoTaskFailed(handle);
      });
    }
  }
}

function updateTests(test: ReturnType<typeof concurrently>, workers: () => TestWorkers) {
  const refused = (handle: Updatable, update: string, args: unknown[]) =>
    assert.rejects(handle.executeUpdate(update, { args }), isRefused('InvalidRequest'), `${update} ${String(args)}`);

  test('cancel: and the order goes on', async () => {
    const order = await workers().place();
    await confirmed(order);
    for (const args of [...Object.values(NONSENSE), [{ reason: 7 }], [{ reason: 'x'.repeat(501) }]]) {
      await refused(order.handle, cancelUpdate.name, args);
    }
    await finish(order);
    await assertNoTaskFailed(order.handle);
  });

  test('receiveReturn: and the goods can be received afterwards', async () => {
    const order = await workers().place();
    // In real time: with skipped time the return could expire.
    const sentBack = await workers().sendBack(order, {}, workers().inRealTime);
    for (const args of [
      [],
      ...Object.values(NONSENSE),
      [{ lines }],
      [{ lines: 'abc' }],
      [{ lines: [] }],
      [{ lines: [{ ...goods[0], quantity: 0.5 }] }],
      [{ lines: [{ ...goods[0], note: 'wet' }] }],
    ]) {
      await refused(sentBack, receiveReturnUpdate.name, args);
    }
    await sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines: goods }] });
    assert.equal(await sentBack.result(), 'refunded');
    await assertNoTaskFailed(sentBack);
  });

  test('resolveIntervention: and the intervention stays open', async () => {
    const order = await canceledWith(workers(), { voidPayment: refuseOnce });
    const interventionId = await openIntervention(order, 'authorizePayment');
    const complete = { interventionId, action: 'retry', note: '', resolvedBy: 'admin-1' };
    for (const args of [
      [],
      ...Object.values(NONSENSE),
      ...Object.keys(complete).map((name) => [{ ...complete, [name]: undefined }]),
      [{ ...complete, action: 'perhaps' }],
      [{ ...complete, note: 'x'.repeat(1001) }],
    ]) {
      await refused(order.handle, 'resolveIntervention', args);
    }
    await resolve(order.handle, interventionId, 'retry');
    await order.handle.result();
    await assertNoTaskFailed(order.handle);
  });
}

function signalTests(test: ReturnType<typeof concurrently>, workers: () => TestWorkers) {
  test('parcelMoved: the order goes on, and its details show what was dropped', async () => {
    const order = await workers().place();
    const nonsense = [[], ...Object.values(NONSENSE), [{ status: 'eaten' }], [{ status: ['delivered'] }]];
    for (const args of nonsense) await order.handle.signal('parcelMoved', ...args);
    await confirmed(order);
    await finish(order);
    const dropped = (await detailsOf(order.handle)).match(/signal parcelMoved dropped: /g);
    assert.equal(dropped?.length, nonsense.length);
    await assertNoTaskFailed(order.handle);
  });

  test('cartChanged: the reminder goes on', async () => {
    const customerId = randomUUID();
    const remindAt = new Date(Date.now() + 1_000_000).toISOString();
    // In real time: the reminder must not come before the cart is emptied.
    const handle = await workers().inRealTime.workflow.start('cartReminderWorkflow', {
      workflowId: cartReminderId(customerId),
      taskQueue: ORDER_TASK_QUEUE,
      args: [{ customerId, latest: { version: 1, empty: false, remindAt } }],
    });
    const wrong = [{ version: 2, empty: false, remindAt: 'soon' }];
    for (const args of [[], ...Object.values(NONSENSE), wrong]) await handle.signal('cartChanged', ...args);
    assert.match(await detailsOf(handle), /signal cartChanged dropped: input\.remindAt must be a time/);
    await handle.signal('cartChanged', { version: 2, empty: true, remindAt });
    await handle.result();
    await assertNoTaskFailed(handle);
  });

  test('retryNow has no input, so anything with it is not read', async () => {
    const { handle, attempts } = await workers().deliver(async (early) => {
      await early.signal('retryNow', unreadable);
      return 'failed';
    }, 'delivered');
    assert.equal(await handle.result(), 'delivered');
    assert.equal(attempts.length, 2);
    await assertNoTaskFailed(handle);
  });
}

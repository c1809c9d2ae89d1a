import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { cancelUpdate, parcelMovedSignal } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { down, refuse, refuseOnce } from '../../stage/faults.ts';
import { canceledWith, confirmed, finish, openIntervention } from '../../stage/order-actions.ts';
import { useTestWorkers } from '../../stage/test-workers.ts';

/** The details that the Temporal Web UI shows, by its own query. */
const detailsOf = async (handle: Pick<WorkflowHandle, 'query'>): Promise<string> =>
  (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;

const firstLineOf = async (handle: Pick<WorkflowHandle, 'query'>) => (await detailsOf(handle)).split('\n')[0]!;

describe('current details of an order', function () {
  this.timeout(180_000);
  const test = concurrently(8);
  const workers = useTestWorkers();
  // In real time: an order must not move on while it is looked at.
  const place = (faults = {}) => workers().place(faults, { by: workers().inRealTime });
  const standsAt = (handle: Pick<WorkflowHandle, 'query'>, expected: RegExp) =>
    eventually(async () => assert.match(await firstLineOf(handle), expected));

  test('confirmed: until when it waits for the carrier', async () => {
    const { handle } = await place();
    const at = /^\*\*Confirmed\*\*: waits for the carrier to take the parcel\. The carrier is asked at .*\d\d:\d\d UTC/;
    await standsAt(handle, at);
    await handle.signal(parcelMovedSignal, { status: 'dispatched' });
    await standsAt(handle, /^\*\*Dispatched\*\*: waits for the delivery\./);
    await handle.signal(parcelMovedSignal, { status: 'delivered' });
    await standsAt(handle, /^\*\*Delivered\*\*: may be returned until \d{4}-\d\d-\d\d \d\d:\d\d UTC; then/);
    await handle.terminate();
  });

  test('placing: which service it waits for, and how long', async () => {
    const { handle } = await place({ authorizePayment: down });
    await standsAt(handle, /^\*\*Waits for authorizePayment\*\* until .*\d\d:\d\d UTC; then the order is undone/);
    await handle.terminate();
  });

  test('requires action: who must act, and how', async () => {
    const order = await canceledWith(workers(), { voidPayment: refuse('VoidRefused') });
    const id = await openIntervention(order, 'authorizePayment');
    const line = await firstLineOf(order.handle);
    assert.ok(line.startsWith('**A person must decide** about authorizePayment (VoidRefused: '), line);
    assert.ok(line.includes(`POST /v1/admin/interventions/${id}/resolve`), line);
    await order.handle.terminate();
  });

  test('rejected: why, also in the result', async () => {
    const { handle } = await place({ authorizePayment: refuse('CardDeclined') });
    assert.deepEqual(await handle.result(), {
      status: 'rejected',
      code: 'CardDeclined',
      detail: 'authorizePayment refused',
    });
    assert.equal(await firstLineOf(handle), '**Rejected**, CardDeclined: authorizePayment refused');
  });

  test('completed: the result says so, and nothing else', async () => {
    const order = await workers().place();
    await finish(order);
    assert.deepEqual(await order.handle.result(), { status: 'completed' });
    assert.match(await firstLineOf(order.handle), /^\*\*Completed\*\*/);
  });

  test('canceled: a reason of several lines stays one line of text', async () => {
    const order = await place();
    await confirmed(order);
    const reason = 'changed my mind\n# Paid\n- [x](http://evil.example)';
    await order.handle.executeUpdate(cancelUpdate, { args: [{ reason }] });
    assert.deepEqual(await order.handle.result(), { status: 'canceled', detail: reason });
    const shown = String.raw`changed my mind \# Paid - \[x\](http\://evil.example)`;
    const lines = (await detailsOf(order.handle)).split('\n');
    assert.equal(lines[0], `**Canceled**: ${shown}`);
    assert.ok(lines.some((line) => /^- `\d\d:\d\d:\d\d` cancel started: /.test(line) && line.endsWith(shown)));
    // Below the title, nothing but the days and one item for each entry.
    const below = lines.slice(3).filter((line) => line !== '' && !/^\d{4}-\d\d-\d\d, UTC:$/.test(line));
    assert.equal(below.length, order.world.history.length);
    assert.ok(
      below.every((line) => line.startsWith('- `')),
      below.join('\n'),
    );
  });

  test('a step that a person retried is no longer waited for', async () => {
    const order = await place({ capturePayment: refuseOnce });
    await order.moved('dispatched');
    const interventionId = await openIntervention(order, 'capturePayment');
    const resolution = { interventionId, action: 'retry', note: '', resolvedBy: 'admin-1' };
    await (order.handle as unknown as WorkflowHandle).executeUpdate('resolveIntervention', { args: [resolution] });
    await eventually(() => assert.ok(order.world.effects.includes('commit')));
    await standsAt(order.handle, /^\*\*Dispatched\*\*/);
    await order.handle.terminate();
  });

  test('a return: until when the goods may come, and how they are received', async () => {
    const order = await place();
    const handle = await workers().sendBack(order, {}, workers().inRealTime);
    await standsAt(
      handle,
      /^\*\*Waits for the goods\*\* until \d{4}-.* UTC, then .*`POST \/v1\/returns\/[0-9a-f-]+\/receive`/,
    );
    await handle.terminate();
  });
});

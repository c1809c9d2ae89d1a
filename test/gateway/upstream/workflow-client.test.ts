import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Client, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { TemporalFault } from '../../../gateway/upstream/temporal-errors.ts';
import { type Workflows, createWorkflows } from '../../../gateway/upstream/workflow-client.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { ServiceFault } from '../../../platform/http/client.ts';
import { createTemporalClient } from '../../../platform/temporal/client.ts';
import { eventually } from '../../stage/eventually.ts';
import { cancelLinesUpdate, splitUpdate } from '../../../workflows/order/change-messages.ts';
import type { orderWorkflow } from '../../../workflows/order/workflow.ts';
import { type TestWorkers, startTestWorkers, orderInput } from '../../stage/test-workers.ts';

describe('the workflow client', function () {
  this.timeout(120_000);
  let stage: TestWorkers;
  let workflows: Workflows;
  before(async () => {
    stage = await startTestWorkers();
    // With skipped time, a return that waits for its goods would expire after a second.
    workflows = createWorkflows(stage.inRealTime);
    // The first workflow takes a while to load, and the gateway waits no longer than five seconds.
    await confirmed();
  });
  after(() => stage.close());

  const refused = (code: string) => (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    return true;
  };
  const resultOf = ({ input }: ReturnType<typeof startOf>) =>
    stage.client.workflow.getHandle<typeof orderWorkflow>(`order-${input.orderId}`).result();
  const confirmed = async () => {
    const order = await stage.place();
    await eventually(() => assert.equal(order.world.status, 'confirmed'));
    return order;
  };

  /** Into parcels with as many pieces. */
  const divide = (...pieces: number[]) => ({
    update: splitUpdate,
    request: { parcels: pieces.map((quantity) => ({ lines: [{ sku: 'tea', quantity }] })) },
  });
  const startOf = (input = orderInput()) => ({ input, lane: 'durable' as const });
  /** How an order that exists was started. */
  const startOfOrder = (orderId: string) => startOf({ ...orderInput(), orderId });

  it('starts an order once, and reports whether it was new', async () => {
    const input = orderInput();
    assert.deepEqual(
      [await workflows.startOrder(startOf(input)), await workflows.startOrder(startOf(input))],
      [true, false],
    );
    await workflows.cancelOrder(startOf(input), { updateId: randomUUID() });
    await stage.client.workflow.getHandle(`order-${input.orderId}`).result();
    assert.equal(await workflows.startOrder(startOf(input)), false, 'even after it has ended');
  });

  it('gets a refusal if it is too late to cancel, and if the workflow has ended', async () => {
    const { orderId, world } = await confirmed();
    await workflows.parcelMoved(startOfOrder(orderId), { status: 'dispatched' });
    await eventually(() => assert.equal(world.money, 'captured'));
    const updateId = randomUUID();
    await assert.rejects(workflows.cancelOrder(startOfOrder(orderId), { updateId }), refused('TooLateToCancel'));

    const canceled = await confirmed();
    await workflows.cancelOrder(startOfOrder(canceled.orderId), { reason: 'ordered twice', updateId });
    assert.equal((await canceled.handle.result()).status, 'canceled');
    const ended = startOfOrder(canceled.orderId);
    await assert.rejects(workflows.cancelOrder(ended, { updateId: randomUUID() }), refused('WorkflowEnded'));
    await assert.rejects(workflows.parcelMoved(ended, { status: 'delivered' }), refused('WorkflowEnded'));
  });

  it('starts the workflow of an order that it is the first to speak to', async () => {
    const canceled = startOf();
    await workflows.cancelOrder(canceled, { reason: 'changed my mind', updateId: randomUUID() });
    assert.equal((await resultOf(canceled)).status, 'canceled');
    const moved = startOf();
    await workflows.parcelMoved(moved, { status: 'delivered' });
    await eventually(() => assert.equal(stage.worldOf(moved.input.orderId).status, 'confirmed'));
  });

  it('changes a confirmed order, also one whose workflow nobody has started yet', async () => {
    const order = await confirmed();
    await workflows.changeOrder(startOfOrder(order.orderId), divide(1, 1), randomUUID());
    const { parcelRows } = order.world;
    const booked = () => [...parcelRows.values()].filter(({ status }) => status === 'booked').length;
    assert.equal(booked(), 2);

    const input = { ...orderInput(), attempt: { confirmedAt: new Date().toISOString() } };
    const world = stage.worldOf(input.orderId);
    world.pieces = 2;
    world.status = 'confirmed';
    world.parcel = 'booked';
    await workflows.changeOrder({ input, lane: 'express' }, divide(1, 1), randomUUID());
    assert.equal([...world.parcelRows.values()].filter(({ status }) => status === 'booked').length, 2);
  });

  it('gets the refusal of a change, and makes none twice', async () => {
    const { orderId, world } = await confirmed();
    const start = startOfOrder(orderId);
    await assert.rejects(workflows.changeOrder(start, divide(1), randomUUID()), refused('LinesDiffer'));
    const updateId = randomUUID();
    const leaveOne = { update: cancelLinesUpdate, request: { lines: [{ sku: 'tea', quantity: 1 }] } };
    for (let times = 0; times < 2; times += 1) await workflows.changeOrder(start, leaveOne, updateId);
    assert.equal(world.canceledPieces, 1);
  });

  it('learns what came of a change from a workflow that has ended', async () => {
    const { orderId, handle } = await confirmed();
    const [made, refusedId] = [randomUUID(), randomUUID()];
    const start = startOfOrder(orderId);
    const all = { update: cancelLinesUpdate, request: { lines: [{ sku: 'tea', quantity: 2 }] } };
    await workflows.changeOrder(start, all, made);
    assert.equal((await handle.result()).status, 'canceled');
    await workflows.outcomeOfChange(orderId, made);
    await assert.rejects(workflows.changeOrder(start, all, refusedId), refused('WorkflowEnded'));
    await assert.rejects(workflows.outcomeOfChange(orderId, refusedId), refused('WorkflowEnded'));
  });

  it('gets a refusal if an intervention is not open', async () => {
    const { orderId } = await confirmed();
    const resolution = { interventionId: randomUUID(), action: 'skip', note: 'x', resolvedBy: 'me' } as const;
    await assert.rejects(
      workflows.resolveIntervention({ workflowId: `order-${orderId}`, resolution, updateId: randomUUID() }),
      refused('InterventionClosed'),
    );
  });

  it('sends received goods, and gets a refusal for goods that are not in the return', async () => {
    const { orderId } = await confirmed();
    const [returnId, customerId] = [randomUUID(), randomUUID()];
    const input = { returnId, orderId, customerId, lines: [{ sku: 'tea', quantity: 1 }] };
    assert.equal(await workflows.startReturn(input, '1 piece'), true);
    assert.equal(await workflows.startReturn(input, '1 piece'), false);
    const receive = (quantity: number, updateId: string) =>
      workflows.receiveReturn({ returnId, lines: [{ sku: 'tea', quantity, condition: 'damaged' }], updateId });
    await assert.rejects(receive(2, randomUUID()), refused('NotInReturn'));
    const updateId = randomUUID();
    await receive(1, updateId);
    await assert.rejects(receive(1, randomUUID()), (error: Refusal) =>
      ['AlreadyReceived', 'WorkflowEnded'].includes(error.code),
    );
  });

  // An update-with-start fails with the server's own error, which the client does not translate.
  for (const [code, expected] of [
    [5, 'WorkflowEnded'],
    [4, 'TemporalFault'],
    [8, 'TemporalFault'],
    [14, 'TemporalFault'],
    [3, 'Error'],
  ] as const) {
    it(`takes the gRPC status ${code} of an update-with-start for ${expected}`, async () => {
      const status = Object.assign(new Error('refused'), { code, details: 'refused', metadata: {} });
      const client = {
        withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
        workflow: { executeUpdateWithStart: () => Promise.reject(status) },
      } as unknown as Client;
      await assert.rejects(
        createWorkflows(client).cancelOrder(startOf(), { updateId: randomUUID() }),
        (error: Error) => {
          assert.equal(error instanceof Refusal ? error.code : error.name, expected);
          return true;
        },
      );
    });
  }

  it('tells a change that goes on without an answer from one that Temporal does not take', async () => {
    const goesOn = new WorkflowUpdateRPCTimeoutOrCancelledError('deadline exceeded');
    const client = {
      withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
      workflow: { startUpdateWithStart: async () => ({ result: () => Promise.reject(goesOn) }) },
    } as unknown as Client;
    const unanswered = createWorkflows(client).changeOrder(startOf(), divide(1), randomUUID());
    await assert.rejects(unanswered, ServiceFault);
  });

  it('fails within seconds while Temporal is unavailable', async () => {
    const client = createTemporalClient({ address: '127.0.0.1:1', namespace: 'default' });
    const away = createWorkflows(client);
    const started = Date.now();
    await Promise.all([
      assert.rejects(away.startOrder(startOf()), TemporalFault),
      assert.rejects(away.cancelOrder(startOf(), { updateId: randomUUID() }), TemporalFault),
      assert.rejects(away.parcelMoved(startOf(), { status: 'dispatched' }), TemporalFault),
      assert.rejects(away.changeOrder(startOf(), divide(1), randomUUID()), TemporalFault),
    ]);
    assert.ok(Date.now() - started < 10_000);
    await client.connection.close();
  });
});

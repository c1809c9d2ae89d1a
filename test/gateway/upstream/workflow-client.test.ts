import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { TemporalFault, type Workflows, createWorkflows } from '../../../gateway/upstream/workflow-client.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { createTemporalClient } from '../../../platform/temporal/client.ts';
import { eventually } from '../../stage/eventually.ts';
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
  const confirmed = async () => {
    const order = await stage.place();
    await eventually(() => assert.equal(order.world.status, 'confirmed'));
    return order;
  };

  const order = { lane: 'durable', summary: '1 line' } as const;

  it('starts an order once, and reports whether it was new', async () => {
    const input = orderInput();
    assert.deepEqual(
      [await workflows.startOrder(input, order), await workflows.startOrder(input, order)],
      [true, false],
    );
    await workflows.cancelOrder({ orderId: input.orderId, updateId: randomUUID() });
    await stage.client.workflow.getHandle(`order-${input.orderId}`).result();
    assert.equal(await workflows.startOrder(input, order), false, 'even after it has ended');
  });

  it('gets a refusal if it is too late to cancel, and if the workflow has ended', async () => {
    const { orderId, world } = await confirmed();
    await workflows.signalParcelMoved(orderId, { status: 'dispatched' });
    await eventually(() => assert.equal(world.money, 'captured'));
    const updateId = randomUUID();
    await assert.rejects(workflows.cancelOrder({ orderId, updateId }), refused('TooLateToCancel'));

    const canceled = await confirmed();
    await workflows.cancelOrder({ orderId: canceled.orderId, reason: 'ordered twice', updateId });
    assert.equal((await canceled.handle.result()).status, 'canceled');
    const ended = { orderId: canceled.orderId, updateId: randomUUID() };
    await assert.rejects(workflows.cancelOrder(ended), refused('WorkflowEnded'));
    await assert.rejects(workflows.signalParcelMoved(ended.orderId, { status: 'delivered' }), refused('WorkflowEnded'));
    await assert.rejects(workflows.signalParcelMoved(randomUUID(), { status: 'delivered' }), refused('WorkflowEnded'));
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

  it('fails within seconds while Temporal is unavailable', async () => {
    const client = createTemporalClient({ address: '127.0.0.1:1', namespace: 'default' });
    const away = createWorkflows(client);
    const started = Date.now();
    const orderId = randomUUID();
    await Promise.all([
      assert.rejects(away.startOrder(orderInput(), order), TemporalFault),
      assert.rejects(away.cancelOrder({ orderId, updateId: randomUUID() }), TemporalFault),
      assert.rejects(away.signalParcelMoved(orderId, { status: 'dispatched' }), TemporalFault),
    ]);
    assert.ok(Date.now() - started < 10_000);
    await client.connection.close();
  });
});

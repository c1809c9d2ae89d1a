import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { draft, orderStage } from './test-order-service.ts';

describe('order service: backlog', () => {
  const stage = orderStage();
  const backlog = () => stage.requests.getBacklog({ youngerThanSeconds: 30 });
  const difference = async (work: () => Promise<unknown>) => {
    // Make every counted order new, so that none becomes too old between the two reads.
    await sql`update orders set created_at = now(), decided_at = case when decided_at is not null then now() end`.execute(
      stage.database.db,
    );
    const before = await backlog();
    await work();
    const after = await backlog();
    return [after.undecided - before.undecided, Math.round(5 * (after.decidedPerSecond - before.decidedPerSecond))];
  };

  it('counts drafts and placed orders as undecided', async () => {
    assert.deepEqual(await difference(() => stage.requests.placeOrder(draft())), [1, 0]);
    assert.deepEqual(await difference(() => stage.placed()), [1, 0]);
  });

  it('counts an order as decided once, whatever the decision and whatever happens later', async () => {
    assert.deepEqual(await difference(() => stage.confirmed()), [0, 1]);
    const orderId = await stage.delivered();
    assert.deepEqual(await difference(() => stage.activities.completeOrder(stage.note(orderId))), [0, 0]);
    const notStarted = { paymentStatus: 'not_paid', fulfillmentStatus: 'not_fulfilled' } as const;
    const rejection = { code: 'OutOfStock', detail: 'none left' } as const;
    const rejected = await stage.placed();
    const reject = () => stage.activities.rejectOrder({ ...stage.note(rejected), ...notStarted, rejection });
    assert.deepEqual(await difference(reject), [-1, 1]);
    const canceled = await stage.placed();
    assert.deepEqual(
      await difference(() => stage.activities.cancelOrder({ ...stage.note(canceled), ...notStarted })),
      [-1, 1],
    );
    const stuck = await stage.placed();
    assert.deepEqual(await difference(() => stage.opened(stuck, 'reserveStock')), [-1, 1]);
  });

  it('excludes orders that are too old to be queued, and orders decided some time ago', async () => {
    const [old, decided] = [await stage.placed(), await stage.confirmed()];
    const age = (column: string, orderId: string) =>
      sql`update orders set ${sql.ref(column)} = now() - interval '31 seconds' where id = ${orderId}`.execute(
        stage.database.db,
      );
    assert.deepEqual(await difference(() => age('created_at', old)), [-1, 0]);
    assert.deepEqual(await difference(() => age('decided_at', decided)), [0, -1]);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Participants } from '../../../bench/race/peers/two-phase-commit/contract.ts';
import { written } from '../../../platform/events/outbox.ts';
import { postgresUrl } from '../../stage/shared-server.ts';
import { waitingForLocks } from '../../stage/waiting-for-locks.ts';
import { NONE, effectOf, prepare, wholeOf } from './participant-effects.ts';
import { type TwoPhaseStage, twoPhaseStage } from './two-phase-stage.ts';

describe('a step that is prepared', () => {
  let stage: TwoPhaseStage;
  let participants: Participants;

  before(async function () {
    this.timeout(120_000);
    stage = await twoPhaseStage(await postgresUrl());
    ({ participants } = stage);
  });
  after(() => stage.close());
  afterEach(async () => assert.deepEqual(await stage.databases.prepared(), []));

  it('has another order for the same goods wait until a prepared one is decided', async () => {
    const order = stage.order();
    const next = { ...stage.order(), lines: order.lines };
    await prepare(participants, 'inventory', order);
    const waiting = prepare(participants, 'inventory', next);
    await waitingForLocks(stage.inventory, 1);
    assert.deepEqual(await participants.inventory.listPrepared({}), { orderIds: [order.orderId] });
    await participants.inventory.commit(order);
    await waiting;
    await participants.inventory.commit(next);
    assert.deepEqual(await effectOf(stage, 'inventory', next), wholeOf(next).inventory);
  });

  it('decides while as many orders wait for the same goods as it has connections', async () => {
    const order = stage.order();
    const others = Array.from({ length: 10 }, () => ({ ...stage.order(), lines: order.lines }));
    await prepare(participants, 'inventory', order);
    const waiting = others.map(async (other) => {
      await prepare(participants, 'inventory', other);
      await participants.inventory.commit(other);
    });
    await waitingForLocks(stage.inventory, 10);
    await participants.inventory.commit(order);
    await Promise.all(waiting);
  });

  it('stores a refusal without a prepared transaction, and its abort undoes nothing', async () => {
    const refused = [
      ['inventory', stage.order({ lines: [{ ...stage.order().lines[0]!, sku: 'UNKNOWN' }] }), 'OutOfStock'],
      ['payment', stage.order({ paymentMethod: 'pm_card_chargeDeclined' }), 'CardDeclined'],
      ['shipping', undeliverable(), 'AddressUndeliverable'],
    ] as const;
    for (const [name, order, code] of refused) {
      await assert.rejects(prepare(participants, name, order), { code });
      await assert.rejects(prepare(participants, name, order), { code });
      assert.deepEqual(await participants[name].listPrepared({}), { orderIds: [] });
      await participants[name].abort(order);
      assert.deepEqual(await effectOf(stage, name, order), NONE[name]);
    }
  });

  it('keeps the refusal for a repeat, whatever changes meanwhile', async () => {
    const sku = `LATER-${randomUUID()}`;
    const order = stage.order({ lines: [{ ...stage.order().lines[0]!, sku }] });
    await assert.rejects(prepare(participants, 'inventory', order), { code: 'OutOfStock' });
    await stage.deliver(sku, 1_000);
    await assert.rejects(prepare(participants, 'inventory', order), { code: 'OutOfStock' });
  });

  const undeliverable = () => {
    const { shippingAddress, ...order } = stage.order();
    return { ...order, shippingAddress: { ...shippingAddress, postalCode: '00000' } };
  };

  it('prepares again where the processor held the money and the answer was lost', async () => {
    const order = stage.order();
    stage.processor.dieAfter('authorize');
    await assert.rejects(prepare(participants, 'payment', order), /socket hang up/);
    await prepare(stage.startParticipants(), 'payment', order);
    assert.deepEqual(await participants.payment.listPrepared({}), { orderIds: [order.orderId] });
    await participants.payment.commit(order);
    assert.deepEqual(await effectOf(stage, 'payment', order), wholeOf(order).payment);
  });

  it('voids at an abort what the processor held when the participant was killed before it prepared', async () => {
    const order = stage.order();
    stage.processor.dieAfter('authorize');
    await assert.rejects(prepare(participants, 'payment', order), /socket hang up/);
    await stage.startParticipants().payment.abort(order);
    assert.deepEqual(await effectOf(stage, 'payment', order), NONE.payment);
  });

  it('aborts after a prepare that is still running', async () => {
    const order = stage.order();
    const processor = stage.processor.hold('authorize', 'after');
    const preparing = prepare(participants, 'payment', order);
    await processor.reached;
    const aborting = participants.payment.abort(order);
    processor.release();
    await preparing;
    await aborting;
    assert.deepEqual(await effectOf(stage, 'payment', order), NONE.payment);
  });

  it('votes no where another process aborted while the processor was asked', async () => {
    const order = stage.order();
    const processor = stage.processor.hold('authorize', 'after');
    const preparing = prepare(participants, 'payment', order);
    await processor.reached;
    await stage.startParticipants().payment.abort(order);
    processor.release();
    await assert.rejects(preparing, { code: 'Undone' });
    assert.deepEqual(await effectOf(stage, 'payment', order), NONE.payment);
    await assert.rejects(prepare(participants, 'payment', order), { code: 'Undone' });
  });

  it('leaves nothing where the connection is lost before the step is prepared', async () => {
    const order = stage.order();
    const blocker = stage.order({ lines: order.lines });
    await prepare(participants, 'inventory', blocker);
    const preparing = prepare(participants, 'inventory', order);
    preparing.catch(() => undefined);
    await waitingForLocks(stage.inventory, 1);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(stage.inventory);
    await assert.rejects(preparing);
    await participants.inventory.abort(blocker);
    assert.deepEqual(await effectOf(stage, 'inventory', order), NONE.inventory);
    await prepare(participants, 'inventory', order);
    await participants.inventory.abort(order);
  });

  it('rolls back what the service had written before a bug', async () => {
    const order = stage.order();
    written.once('inventory', () => {
      throw new Error('a bug');
    });
    await assert.rejects(prepare(participants, 'inventory', order), /a bug/);
    assert.deepEqual(await effectOf(stage, 'inventory', order), NONE.inventory);
    await participants.inventory.abort(order);
  });

  it('commits an order that costs nothing, and aborts it', async () => {
    const free = { total: { amountMinor: 0, currency: 'GBP' } };
    const [one, other] = [stage.order(free), stage.order(free)];
    await prepare(participants, 'payment', one);
    await participants.payment.commit(one);
    await prepare(participants, 'payment', other);
    await participants.payment.abort(other);
    await assert.rejects(prepare(participants, 'payment', other), { code: 'Undone' });
  });
});

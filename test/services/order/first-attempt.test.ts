import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { OrderUpdate } from '../../../activities/order-update.ts';
import type { Booking } from '../../../activities/shipping.ts';
import { untilCalledOff } from '../../../platform/context.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { ServiceFault } from '../../../platform/http/client.ts';
import { confirmation } from '../../../services/order/placing-activities.ts';
import { applyChange } from '../../../services/order/bookkeeping.ts';
import { createFirstAttempt } from '../../../services/order/first-attempt.ts';
import { startOf } from '../../../services/order/order-start.ts';
import { orderWorkflowId } from '../../../workflows/order/messages.ts';
import { type StepActivities, createServices } from '../../stage/fake-order-services.ts';
import { OrderWorlds } from '../../stage/order-world.ts';
import { PLACED_HISTORY } from '../../stage/placed-history.ts';
import { draft, orderStage } from './test-order-service.ts';

describe('order service: the first attempt of the lane local-first', () => {
  const stage = orderStage();

  /** An attempt at a new draft, on the real tables, with services in memory. `changed` replaces some of them. */
  async function attempted(
    changed: Partial<StepActivities> = {},
    { recordedBefore = false, orderId: given = randomUUID() } = {},
  ) {
    const worlds = new OrderWorlds();
    const all = { ...createServices(worlds), ...changed };
    const services = { cart: all, inventory: all, payment: all, shipping: all };
    const { db } = stage.database;
    const confirm = (note: OrderUpdate, booking: Booking) => applyChange(db, note, confirmation(booking));
    const activities = createFirstAttempt({ ...stage.activities, confirm }, services);
    const request = draft({ orderId: given });
    const orderId = given;
    await stage.requests.placeOrder(request);
    const note = { ...stage.note(orderId, 'record'), workflowId: orderWorkflowId(orderId) };
    if (recordedBefore) await stage.activities.recordOrder(note);
    const { input } = startOf(request, { lane: 'local-first' });
    return { orderId, world: worlds.of(orderId), attempt: activities.placeAtOnce({ ...note, input }) };
  }
  const history = async (orderId: string) =>
    (await stage.requests.getHistory({ orderId })).items.map(({ step, outcome }) => `${step} ${outcome}`);

  it('confirms an order, with the history and the events of every lane', async () => {
    const { orderId, world, attempt } = await attempted();
    const made = await attempt;
    assert.ok(made.outcome === 'confirmed');
    assert.deepEqual(
      made.entries.map(({ step, outcome }) => `${step} ${outcome}`),
      PLACED_HISTORY.slice(1),
    );
    assert.deepEqual(await history(orderId), PLACED_HISTORY);
    assert.deepEqual(await stage.events(orderId), ['order.placed', 'order.confirmed']);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
    assert.deepEqual(world.effects, ['reserve', 'hold', 'book']);
  });

  it('tells the workflow until when the carrier promises to deliver', async () => {
    const promisedBy = '2026-01-08T18:00:00.000Z';
    const { attempt } = await attempted({ bookShipment: async () => ({ trackingNumber: 'SB1', promisedBy }) });
    assert.partialDeepStrictEqual(await attempt, { outcome: 'confirmed', promisedBy });
  });

  it('does nothing to an order that was recorded before', async () => {
    const { orderId, world, attempt } = await attempted({}, { recordedBefore: true });
    assert.deepEqual(await attempt, { outcome: 'recorded before' });
    assert.deepEqual(world.effects, []);
    assert.deepEqual(await stage.statuses(orderId), ['pending', 'not_paid', 'not_fulfilled']);
  });

  it('does not report an order as confirmed that the saga has fenced meanwhile', async () => {
    const id = randomUUID();
    const bookShipment = async () => {
      await stage.activities.withholdOrder(stage.note(id));
      return { trackingNumber: 'TRACK-1' };
    };
    const { orderId, attempt } = await attempted({ bookShipment }, { orderId: id });
    assert.deepEqual(await attempt, { outcome: 'recorded before' });
    assert.deepEqual(await stage.statuses(orderId), ['pending', 'not_paid', 'not_fulfilled']);
  });

  it('stops at a refusal, and says what became of each step', async () => {
    const authorizePayment = async () => {
      throw new Refusal('CardDeclined', 'no money');
    };
    const { orderId, world, attempt } = await attempted({ authorizePayment });
    assert.deepEqual(await attempt, {
      outcome: 'stopped',
      tried: {
        reserveStock: { outcome: 'done', answer: undefined },
        authorizePayment: { outcome: 'refused', code: 'CardDeclined', message: 'no money' },
      },
    });
    assert.deepEqual(world.effects, ['reserve']);
    assert.deepEqual(await history(orderId), ['record succeeded']);
  });

  it('stops at a fault, which leaves open whether the step happened', async () => {
    const reserveStock = async () => {
      throw new ServiceFault('inventory', 'reserveStock', new Error('no response'));
    };
    const { attempt } = await attempted({ reserveStock });
    assert.deepEqual(await attempt, { outcome: 'stopped', tried: { reserveStock: { outcome: 'unknown' } } });
  });

  it('does not take a bug for a refusal or a fault', async () => {
    const reserveStock = async () => {
      throw new TypeError('a bug');
    };
    const { attempt } = await attempted({ reserveStock });
    await assert.rejects(attempt, TypeError);
  });

  it('begins no further step once it is called off', async () => {
    const calledOff = new AbortController();
    const reserveStock = async () => calledOff.abort(new Error('called off'));
    const { orderId, world, attempt } = await untilCalledOff(calledOff.signal, () => attempted({ reserveStock }));
    await assert.rejects(attempt, /called off/);
    assert.deepEqual(world.effects, []);
    assert.deepEqual(await stage.statuses(orderId), ['pending', 'not_paid', 'not_fulfilled']);
  });
});

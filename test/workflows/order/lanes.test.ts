import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Lane } from '../../../activities/lane.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import {
  assertNothingLeft,
  attempt,
  confirmed,
  finish,
  lostAttempt,
  lostTask,
  outcomes,
} from '../../stage/order-actions.ts';
import {
  type PlayedOrder,
  type Stage,
  type Fault,
  type Faults,
  createStage,
  orderInput,
} from '../../stage/test-workers.ts';
import { PLACED_HISTORY } from '../../stage/placed-history.ts';
import { type Held, down, held, refuse } from '../../stage/faults.ts';
import { type HistoryCost, historyCostOf } from '../../stage/history-cost.ts';
import { UNDOABLE } from './step-matrix.ts';

const story = ({ world }: PlayedOrder) => world.history.map(({ step, outcome }) => `${step} ${outcome}`);

describe('lanes', function () {
  this.timeout(240_000);
  const test = concurrently(24);
  let stage: Stage;
  before(async function () {
    this.timeout(120_000);
    stage = await createStage();
  });
  after(() => stage.close());

  // What one confirmed order costs: events of its history, and tasks that the server hands out for it.
  const COSTS = {
    durable: { events: 29, dispatches: 7 },
    'local-first': { events: 11, dispatches: 1 },
    express: { events: 7, dispatches: 1 },
  } as const;
  for (const [lane, most] of Object.entries(COSTS) as [keyof typeof COSTS, { events: number; dispatches: number }][]) {
    it(`${lane}: an order costs at most ${most.events} events and ${most.dispatches} dispatches until it is confirmed`, async () => {
      // On a machine that is busy with other things an order may take a longer way.
      const costs: (HistoryCost & { attempts: (number | undefined)[] })[] = [];
      for (let number = 0; number < 5; number += 1) {
        const order = await stage.in(lane).place();
        await confirmed(order);
        const attempts = UNDOABLE.map(({ step }) => attempt(order, step, 'succeeded'));
        costs.push({ ...(await historyCostOf(order.handle)), attempts });
        await finish(order);
      }
      assert.ok(
        costs.some(({ attempts }) => attempts.every((tries) => tries === 1)),
        JSON.stringify(costs),
      );
      assert.ok(Math.min(...costs.map(({ events }) => events)) <= most.events, JSON.stringify(costs));
      assert.ok(Math.min(...costs.map(({ dispatches }) => dispatches)) <= most.dispatches, JSON.stringify(costs));
    });
  }

  for (const lane of Lane.options) {
    test(`${lane}: the Temporal Web UI shows the story as a table`, async () => {
      const order = await stage.in(lane).place();
      await finish(order);
      // What the Web UI asks for.
      const { currentDetails } = await order.handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      const rows = [...currentDetails.matchAll(/^\| \d{4}-\S+ \| (\w+) \| (\w+) \|/gm)];
      assert.deepEqual(
        rows.map(([, step, outcome]) => `${step} ${outcome}`),
        story(order),
      );
    });
  }

  describe('local-first', () => {
    test('a step that takes longer than the first try may is waited for, in the open, and happens once', async () => {
      const slow = held((number) => number <= 2);
      const order = await stage.in('local-first').place({ authorizePayment: slow.fault });
      await eventually(() => {
        assert.deepEqual(outcomes(order, 'authorizePayment'), ['started']);
        assert.equal(order.world.calls.filter((call) => call === 'authorizePayment').length, 2);
      });
      slow.go();
      await confirmed(order);
      assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
      assert.deepEqual(story(order), PLACED_HISTORY);
      assert.ok(attempt(order, 'authorizePayment', 'succeeded')! >= 2, 'the first try counts');
      await finish(order);
    });

    test('shows each step by its name and with a sentence, also where it is local', async () => {
      const order = await stage.in('local-first').place();
      await confirmed(order);
      await finish(order);
      const { local } = await historyCostOf(order.handle);
      for (const said of [
        'reserve 2 pieces of 1 SKU',
        'authorize £2.00 on pm_card_visa',
        'book a parcel to London, GB',
      ]) {
        assert.ok(
          local.some(({ summary }) => summary === said),
          JSON.stringify(local),
        );
      }
      assert.ok(local.some(({ name }) => name === 'bookShipment'));
    });
  });

  describe('express', () => {
    test('brings back the story, which is that of every other lane', async () => {
      const order = await stage.in('express').place();
      await confirmed(order);
      assert.deepEqual(story(order), PLACED_HISTORY);
      await finish(order);
    });

    test('counts its own try where the saga has to ask again, and undoes no step that it did not come to', async () => {
      // On a busy machine it may run out of time, and then nobody knows how far it came.
      const played = [];
      for (let number = 0; number < 3; number += 1) {
        const order = await stage.in('express').place({ authorizePayment: refuse('CardDeclined') });
        assert.equal(await order.handle.result(), 'rejected');
        played.push([...order.world.calls, attempt(order, 'reserveStock', 'succeeded')]);
      }
      const steps = ['reserveStock', 'authorizePayment'];
      const expected = [...steps, ...steps, 'voidPayment', 'releaseStock', 2];
      assert.ok(
        played.some((calls) => isDeepStrictEqual(calls, expected)),
        JSON.stringify(played),
      );
    });

    /** An order that was taken in one go up to its confirmation. Where a busy machine let the time run out, another. */
    async function heldAtConfirm(faults: (confirming: Held) => Faults) {
      for (;;) {
        const confirming = held((number) => number === 1);
        // The saga records again what it takes over.
        const takenOver = held((number) => number === 2);
        const order = await stage
          .in('express')
          .place({ ...faults(confirming), confirmOrder: confirming.fault, recordOrder: takenOver.fault });
        const inTime = await Promise.race([confirming.come.then(() => true), takenOver.come.then(() => false)]);
        if (!inTime) await order.handle.terminate();
        takenOver.go();
        if (inTime) return { order, confirming };
        confirming.go();
      }
    }

    test('that is still to confirm when the saga has undone everything confirms nothing any more', async () => {
      const waiting = held((number) => number >= 2);
      const { order, confirming } = await heldAtConfirm(() => ({ authorizePayment: waiting.fault }));
      await waiting.come;
      await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
      assert.equal(await order.handle.result(), 'canceled');
      const told = story(order);
      confirming.go();
      waiting.go();
      await confirming.gone;
      assert.equal(order.world.status, 'canceled');
      assert.deepEqual(story(order), told);
      assertNothingLeft(order);
    });

    test('that is still to confirm while the saga undoes everything confirms nothing either', async () => {
      const { order } = await heldAtConfirm((confirming) => ({
        authorizePayment: async (call) => (call.number === 1 ? call.next() : down(call)),
        voidPayment: async ({ next }) => {
          confirming.go();
          await confirming.gone;
          return next();
        },
      }));
      assert.equal(await order.handle.result(), 'rejected');
      assert.equal(order.world.status, 'rejected');
      assert.deepEqual(outcomes(order, 'confirm'), []);
      assertNothingLeft(order);
    });
  });

  describe('local-first, where a worker died in a task after the first', () => {
    /** Where the first step was not answered at once, the rest is taken in a later task: all of it, by one that then died. */
    async function placed(later: Record<string, Fault>) {
      const reserving = held((number) => number >= 2);
      const input = orderInput();
      const faults = { reserveStock: reserving.fault, ...later };
      faults.reserveStock = async (call) => (call.number === 1 ? down(call) : reserving.fault(call));
      const order = await stage.in('local-first').place(faults, input);
      await reserving.come;
      await lostTask(stage, input, 'confirmOrder');
      return { order, reserving };
    }

    test('having confirmed the order, and it is called off before anybody hears: all that it did is undone', async () => {
      const { order, reserving } = await placed({});
      await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
      assert.equal(await order.handle.result(), 'canceled');
      reserving.go();
      assert.equal(order.world.status, 'canceled');
      assertNothingLeft(order);
    });

    test('having confirmed the order, and payment is down from then on: confirmed it is, and goes on', async () => {
      const { order, reserving } = await placed({ authorizePayment: down });
      reserving.go();
      await eventually(() => assert.ok(order.world.calls.includes('bookShipment')));
      await finish(order);
      assert.equal(order.world.status, 'completed');
      assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
    });
  });

  for (const lane of ['local-first', 'express'] as const) {
    describe(`${lane}, where a worker took the order up and died`, () => {
      for (const upTo of ['reserveStock', 'authorizePayment', 'bookShipment', 'confirmOrder'] as const) {
        test(`after ${upTo}: nothing happens twice, and the order is confirmed`, async () => {
          const order = await stage.in(lane).place({}, await lostAttempt(stage, upTo));
          await eventually(() => assert.ok(order.world.calls.includes('bookShipment')));
          await confirmed(order);
          await finish(order);
          assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
        });
      }

      test('having booked it, and inventory is down from then on: all that it did is undone', async () => {
        const order = await stage.in(lane).place({ reserveStock: down }, await lostAttempt(stage, 'bookShipment'));
        assert.equal(await order.handle.result(), 'rejected');
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
        assertNothingLeft(order);
      });

      test('having confirmed it, and inventory is down from then on: confirmed it is, and goes on', async () => {
        const order = await stage.in(lane).place({ reserveStock: down }, await lostAttempt(stage, 'confirmOrder'));
        await eventually(() => assert.ok(order.world.calls.includes('bookShipment')));
        await finish(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
        assert.equal(order.world.status, 'completed');
      });

      test('having confirmed it, and it is called off meanwhile: all that it did is undone', async () => {
        const waiting = held(() => true);
        const order = await stage
          .in(lane)
          .place({ reserveStock: waiting.fault }, await lostAttempt(stage, 'confirmOrder'));
        await waiting.come;
        await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
        assert.equal(await order.handle.result(), 'canceled');
        waiting.go();
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
        assertNothingLeft(order);
      });

      test('and is not dead, but late: what it does after the order was given up is refused', async () => {
        const input = await lostAttempt(stage, 'reserveStock');
        const order = await stage.in(lane).place({ authorizePayment: refuse('CardDeclined') }, input);
        assert.equal(await order.handle.result(), 'rejected');
        const { orderId, total, paymentMethod, shippingAddress } = input;
        const late = { code: 'Undone' };
        await assert.rejects(stage.services.authorizePayment({ orderId, amount: total, paymentMethod }), late);
        await assert.rejects(stage.services.bookShipment({ orderId, address: shippingAddress }), late);
        const note = { orderId, workflowId: randomUUID(), entries: [] };
        await stage.bookkeeping.confirmOrder({ ...note, trackingNumber: 'LATE' });
        assert.equal(order.world.status, 'rejected');
        assertNothingLeft(order);
      });
    });
  }
});

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { WorkflowFailedError } from '@temporalio/client';
import { Lane } from '../../../activities/lane.ts';
import { startOrderWorkflow } from '../../../services/order/order-start.ts';
import { FIRST_QUESTION_MS, cancelUpdate } from '../../../workflows/order/messages.ts';
import { receiveReturnUpdate } from '../../../workflows/return/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { assertNothingLeft, attempt, confirmed, durableCallsOf, finish, outcomes } from '../../stage/order-actions.ts';
import { type TestOrder, type Faults, orderInput, testOrder, useTestWorkers } from '../../stage/test-workers.ts';
import { PLACED_HISTORY } from '../../stage/placed-history.ts';
import { type Held, down, held, refuse } from '../../stage/faults.ts';
import { type HistoryCost, historyCostOf } from '../../stage/history-cost.ts';
import { CART_STEP, COMPENSABLE } from './step-matrix.ts';

const outcomesOf = ({ world }: TestOrder) => world.history.map(({ step, outcome }) => `${step} ${outcome}`);

describe('lanes', function () {
  this.timeout(240_000);
  const test = concurrently(24);
  const workers = useTestWorkers();

  // What one confirmed order costs: events of its history, and tasks that the server hands out for it.
  const COSTS = {
    durable: { events: 29, dispatches: 7 },
    'local-first': { events: 7, dispatches: 1 },
  } as const;
  for (const [lane, most] of Object.entries(COSTS) as [keyof typeof COSTS, { events: number; dispatches: number }][]) {
    it(`${lane}: an order costs at most ${most.events} events and ${most.dispatches} dispatches until it is confirmed`, async () => {
      // On a busy machine an order may need more events, so the cheapest of five counts.
      const costs: (HistoryCost & { attempts: (number | undefined)[] })[] = [];
      for (let number = 0; number < 5; number += 1) {
        const order = await workers().inLane(lane).place();
        await confirmed(order);
        const attempts = COMPENSABLE.map(({ step }) => attempt(order, step, 'succeeded'));
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
    test(`${lane}: the Temporal Web UI shows the order history, a line for each entry`, async () => {
      const order = await workers().inLane(lane).place();
      await finish(order);
      // The query of the Web UI.
      const { currentDetails } = await order.handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      // In the lane `express` the workflow is started with the steps that were taken before.
      const staticDetails = (await (await order.handle.describe()).staticDetails()) ?? '';
      const rows = [...`${staticDetails}\n${currentDetails}`.matchAll(/^- `\d\d:\d\d:\d\d` (\w+) (\w+)/gm)];
      assert.deepEqual(
        rows.map(([, step, outcome]) => `${step} ${outcome}`),
        outcomesOf(order),
      );
    });
  }

  describe('local-first', () => {
    test('waits for a step that exceeds the timeout of its first try, shows the wait, and executes the step once', async () => {
      const slow = held((number) => number <= 2);
      const order = await workers().inLane('local-first').place({ authorizePayment: slow.fault });
      await eventually(() => {
        assert.deepEqual(outcomes(order, 'authorizePayment'), ['started']);
        assert.equal(order.world.calls.filter((call) => call === 'authorizePayment').length, 2);
      });
      slow.go();
      await confirmed(order);
      assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
      assert.deepEqual(outcomesOf(order), PLACED_HISTORY);
      assert.ok(attempt(order, 'authorizePayment', 'succeeded')! >= 2, 'the first try counts');
      await finish(order);
    });

    test('shows what each step does in the summary of the local activity that takes them all', async () => {
      const order = await workers().inLane('local-first').place();
      await confirmed(order);
      await finish(order);
      const { local } = await historyCostOf(order.handle);
      const summary = 'record, reserve 2 pieces of 1 SKU, authorize £2.00, book a parcel to London, GB, confirm';
      assert.deepEqual(local[0], { name: 'placeAtOnce', summary });
    });
  });

  describe('local-first, where a step is refused at its first try', () => {
    for (const { step, refusal } of [CART_STEP, ...COMPENSABLE]) {
      test(`${step} is not asked again`, async () => {
        // On a busy machine a first try may time out, and is then repeated.
        const runs: { calls: number; durable: number }[] = [];
        for (let number = 0; number < 3; number += 1) {
          const order = await workers()
            .inLane('local-first')
            .place({ [step]: refuse(refusal) }, { fromCart: step === CART_STEP.step });
          const { detail, ...result } = await order.handle.result();
          assert.deepEqual([result, detail], [{ status: 'rejected', code: refusal }, `${step} refused`]);
          const calls = order.world.calls.filter((call) => call === step).length;
          runs.push({ calls, durable: await durableCallsOf(order, step) });
        }
        assert.ok(
          runs.some((run) => isDeepStrictEqual(run, { calls: 1, durable: 0 })),
          JSON.stringify(runs),
        );
      });
    }

    test('the order service refuses what it is told of a return: it is not asked again', async () => {
      const order = await workers().place({ receiveReturn: refuse('OrderNotFound') });
      const sentBack = await workers().sendBack(order);
      const lines = [{ sku: 'tea', quantity: 2, condition: 'resellable' as const }];
      await sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines }] });
      await assert.rejects(sentBack.result(), WorkflowFailedError);
      assert.equal(await durableCallsOf({ handle: sentBack }, 'receiveReturn'), 0);
    });
  });

  describe('express', () => {
    test('records the same history as the other lanes', async () => {
      const order = await workers().inLane('express').place();
      await confirmed(order);
      assert.deepEqual(outcomesOf(order), PLACED_HISTORY);
      await finish(order);
    });

    test('counts its own try when the saga repeats a step, and compensates no step that it did not reach', async () => {
      const order = await workers()
        .inLane('express')
        .place({ authorizePayment: refuse('CardDeclined') });
      assert.equal((await order.handle.result()).status, 'rejected');
      const steps = ['reserveStock', 'authorizePayment'];
      assert.deepEqual(order.world.calls, [...steps, ...steps, 'voidPayment', 'releaseStock']);
      assert.equal(attempt(order, 'reserveStock', 'succeeded'), 2);
    });

    test('costs one event and no task until there is news or the carrier would be asked, and is in the lists as confirmed', async () => {
      const order = await workers().inLane('express').place({}, { by: workers().inRealTime });
      const description = await order.handle.describe();
      assert.deepEqual(description.searchAttributes.OrderStatus, ['confirmed']);
      assert.equal(description.historyLength, 1);
      const delayMs = description.executionTime!.getTime() - description.startTime.getTime();
      assert.ok(Math.abs(delayMs - FIRST_QUESTION_MS) < 60_000, String(delayMs));
      await order.handle.terminate();
    });

    test('compensates every step of a confirmed order that is canceled before its first task', async () => {
      const order = await workers().inLane('express').place({}, { by: workers().inRealTime });
      await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
      assert.equal((await order.handle.result()).status, 'canceled');
      assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
    });

    /** An express order that is about to be confirmed when its lease has ended and the saga takes it over. */
    async function heldAtConfirm(faults: (confirming: Held) => Faults) {
      const confirming = held((number) => number === 1);
      const input = orderInput();
      const attempting = workers()
        .inLane('express')
        .place({ ...faults(confirming), confirmOrder: confirming.fault }, input);
      await confirming.come;
      await startOrderWorkflow(workers().client, { input, lane: 'express' });
      const order = testOrder(workers().client, { input, lane: 'express' }, workers().worldOf(input.orderId));
      return { order, confirming, attempting };
    }

    test('cannot confirm an order after the saga has compensated everything', async () => {
      const waiting = held((number) => number >= 2);
      const { order, confirming, attempting } = await heldAtConfirm(() => ({ authorizePayment: waiting.fault }));
      await waiting.come;
      await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
      assert.equal((await order.handle.result()).status, 'canceled');
      const before = outcomesOf(order);
      confirming.go();
      waiting.go();
      await attempting;
      assert.equal(order.world.status, 'canceled');
      assert.deepEqual(outcomesOf(order), before);
      assertNothingLeft(order);
    });

    test('cannot confirm an order while the saga is compensating', async () => {
      const { order, attempting } = await heldAtConfirm((confirming) => ({
        authorizePayment: async (call) => (call.number === 1 ? call.next() : down(call)),
        voidPayment: async ({ next }) => {
          confirming.go();
          await confirming.gone;
          return next();
        },
      }));
      assert.equal((await order.handle.result()).status, 'rejected');
      await attempting;
      assert.equal(order.world.status, 'rejected');
      assert.deepEqual(outcomes(order, 'confirm'), []);
      assertNothingLeft(order);
    });
  });
});

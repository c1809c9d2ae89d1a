import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import type { WorkflowHandle } from '@temporalio/client';
import type { AskedStep } from '../../../activities/intervention-decisions.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { askersOf, assertShortHistories } from '../../stage/histories-of.ts';
import { openIntervention, resolve } from '../../stage/order-actions.ts';
import type { OrderWorld } from '../../stage/order-world.ts';
import {
  cancelPieces,
  effectsAfterBooking,
  parcelsOf,
  split,
  takenUnnoticed,
  waitingOrder,
} from '../../stage/parcel-actions.ts';
import { type Fault, type Faults, type TestOrder, type TestWorkers, useTestWorkers } from '../../stage/test-workers.ts';

// Enough for more than 500 events if no workflow began again: MANY for a step with one call, SOME for one with several.
const MANY = 60;
const SOME = 30;

/** One place where a step is refused and a person has it tried again. */
interface Loop {
  step: AskedStep;
  retries: number;
  /** What is refused, and how. `when`: not before the order has come so far. */
  refused: { name: keyof Faults; code: string; when?: (world: OrderWorld) => boolean };
  /** Brings the order there. Returns the workflow that asks, if it is not the order's. */
  begin: (order: TestOrder, workers: TestWorkers) => Promise<Pick<WorkflowHandle, 'result'> | void>;
  /** What has happened since the order was confirmed, once it is no longer refused. */
  effects: string[];
  /** What else is true in the end. */
  finally?: (order: TestOrder) => void;
}

const cancel = async ({ handle }: TestOrder) => handle.executeUpdate(cancelUpdate, { args: [{}] });
const canceled = async (order: TestOrder) => {
  await cancel(order);
  await order.handle.result();
};
/** It is answered once the person has decided. */
const asked = (change: Promise<unknown>) => void change.catch(() => undefined);
const cancellations = ({ effects }: OrderWorld) => effects.filter((effect) => effect === 'cancel').length;
const takenAway = async (order: TestOrder) => {
  takenUnnoticed(order);
  await order.moved('dispatched');
};

const LOOPS: Record<string, Loop> = {
  'a compensation': {
    step: 'authorizePayment',
    retries: MANY,
    refused: { name: 'voidPayment', code: 'VoidRefused' },
    begin: cancel,
    effects: ['cancel', 'release', 'void'],
  },
  'the bookings of several parcels': {
    step: 'bookShipment',
    retries: SOME,
    refused: { name: 'cancelShipment', code: 'CarrierContradicts', when: ({ parcelRows }) => parcelRows.size > 0 },
    async begin(order) {
      await split(order, 1, 1, 2);
      await cancel(order);
    },
    effects: ['book', 'book', 'book', 'cancel', 'void', 'release', 'cancel', 'cancel', 'cancel'],
  },
  'a capture': {
    step: 'capturePayment',
    retries: MANY,
    refused: { name: 'capturePayment', code: 'CaptureRefused' },
    begin: takenAway,
    effects: ['capture', 'commit'],
  },
  'a step in the middle of a change': {
    step: 'releaseLines',
    retries: SOME,
    refused: { name: 'releaseLines', code: 'NotReserved' },
    begin: async (order) => asked(cancelPieces(order, 3)),
    effects: ['book', 'cancel', 'release 3'],
  },
  'what a change has canceled and books again': {
    step: 'rebookShipment',
    retries: SOME,
    refused: { name: 'bookShipment', code: 'AddressUndeliverable', when: (world) => cancellations(world) === 2 },
    async begin(order) {
      await split(order, 1, 3);
      order.world.carrierMoves(order.orderId, parcelsOf(order)[1]!, 'dispatched');
      asked(split(order, 4));
    },
    effects: ['book', 'book', 'cancel', 'book', 'cancel', 'book', 'cancel', 'capture 300', 'commit 3'],
  },
  'several of those, of which one is booked at once': {
    step: 'rebookShipment',
    retries: SOME,
    refused: {
      name: 'bookShipment',
      code: 'AddressUndeliverable',
      // After the first of three was booked again.
      when: (world) => cancellations(world) === 4 && world.effects.at(-1) === 'book',
    },
    async begin(order) {
      await split(order, 1, 1, 1, 1);
      order.world.carrierMoves(order.orderId, parcelsOf(order)[3]!, 'dispatched');
      asked(split(order, 4));
    },
    // Divided, one parcel again, one that has left, all as before.
    effects: 'book book book book cancel, book, cancel cancel cancel, book book book cancel'
      .split(/,? /)
      .concat('capture 100', 'commit 1'),
    finally({ world }) {
      const numbers = [...world.parcelRows].map(([id, { trackingNumber }]) => [id, trackingNumber]);
      assert.deepEqual(
        numbers,
        [...world.parcelRows.keys()].map((id) => [id, `TRACK-${id}`]),
      );
    },
  },
  'a refund': {
    step: 'refundPayment',
    retries: MANY,
    refused: { name: 'refundPayment', code: 'RefundRefused' },
    begin: (order, workers) => workers.refund(order, 150),
    effects: ['refund'],
  },
  'what was captured and taken back': {
    step: 'recapturePayment',
    retries: MANY,
    refused: { name: 'recapturePayment', code: 'CardDeclined' },
    begin: (order, workers) => workers.failCapture(order),
    effects: ['take back 200', 'recapture 200'],
  },
  'a stray parcel': {
    step: 'dispatch',
    retries: MANY,
    refused: { name: 'trackShipment', code: 'ShipmentNotFound' },
    async begin(order, workers) {
      await canceled(order);
      return workers.reportStray(order);
    },
    effects: ['cancel', 'void', 'release'],
  },
};

describe('a person who has a step tried again and again', function () {
  this.timeout(240_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  async function retry(order: TestOrder, step: AskedStep): Promise<void> {
    const id = await openIntervention(order, step);
    await resolve(workers().client.workflow.getHandle(order.world.interventions.get(id)!.workflowId), id, 'retry');
  }

  it('meets one of these places in the code, and no other', () => {
    const asking = globSync('workflows/**/*.ts').filter((file) => /askPerson\(/.test(readFileSync(file, 'utf8')));
    const known = [
      // Questions that are not asked again: there is nothing to retry.
      'workflows/dispute/workflow.ts',
      'workflows/order/parcel-trouble.ts',
      'workflows/order/capturing.ts',
      'workflows/saga/collect.ts',
      'workflows/saga/required-step.ts',
      'workflows/saga/saga.ts',
      'workflows/stray-parcel/workflow.ts',
    ];
    assert.deepEqual(asking.toSorted(), known.toSorted());
  });

  for (const [what, { step, retries, refused, begin, effects, finally: check }] of Object.entries(LOOPS)) {
    test(`${retries} times, ${what}: no history is long, and it happens once`, async () => {
      let refuses = true;
      const refusing: Fault = async ({ world, next }) => {
        if (refuses && (refused.when?.(world) ?? true)) throw new Refusal(refused.code, 'not now');
        return next();
      };
      const order = await waitingOrder(workers(), { [refused.name]: refusing });
      const other = await begin(order, workers());
      for (let tried = 1; tried < retries; tried += 1) await retry(order, step);
      await openIntervention(order, step);
      refuses = false;
      await retry(order, step);
      await other?.result();
      await eventually(() => assert.deepEqual(effectsAfterBooking(order).slice(0, effects.length), effects));
      check?.(order);
      const histories = await assertShortHistories(order.client, [order.handle.workflowId, ...askersOf(order.world)]);
      assert.ok(histories > 1);
      await order.handle.terminate().catch(() => undefined);
    });
  }
});

import assert from 'node:assert/strict';
import { paymentEvents } from '../../../bench/race/peers/choreography/events.ts';
import { PARTICIPANTS } from '../../../bench/race/peers/choreography/registry.ts';
import type { PlacedOrder } from '../../../bench/race/peers/order.ts';
import { eventually } from '../../stage/eventually.ts';
import {
  type ChoreographyStage,
  type Effects,
  REFUSED,
  choreographyStage,
  effectsOfConfirmed,
  orderWith,
  published,
} from './choreography-stage.ts';
import { CASES } from './participant-cases.ts';
import { RunningParts } from './running-parts.ts';

describe('the choreography', function () {
  this.timeout(120_000);
  let stage: ChoreographyStage;
  let parts: RunningParts;
  before(async () => {
    stage = await choreographyStage();
    parts = await RunningParts.start(stage);
  });
  after(async () => {
    await parts.close();
    await stage.close();
  });

  const place = (order: PlacedOrder) => parts.orders.place(order);
  const paid = async ({ orderId }: PlacedOrder) => {
    const events = await published(stage.databases.payment.db, paymentEvents, orderId);
    return events.length > 0;
  };

  it('confirms an order, and has each effect once', async () => {
    const order = orderWith();
    assert.deepEqual(await place(order), { status: 'confirmed' });
    assert.deepEqual(await stage.effectsOf(order), effectsOfConfirmed(order));
  });

  /** What is left of an order that this participant refused: it was the first of those behind it to hear of it. */
  const LEFT: Record<(typeof PARTICIPANTS)[number], (done: Effects) => Effects> = {
    payment: () => ({ money: [], stock: [], parcel: [] }),
    inventory: () => ({ money: ['authorization', 'void'], stock: [], parcel: [] }),
    shipping: ({ stock }) => ({
      money: ['authorization', 'void'],
      stock: [...stock, ...stock.map((line) => line.replace(/^reserve (.*) (\d+)$/, 'release $1 -$2'))],
      parcel: [],
    }),
  };
  for (const name of PARTICIPANTS) {
    it(`undoes everything exactly if ${name} refuses`, async () => {
      const { order: refused, code } = REFUSED[name];
      const order = refused();
      const outcome = await place(order);
      assert.equal(outcome.status, 'rejected');
      assert.match('reason' in outcome ? outcome.reason : '', new RegExp(`^${code}: `));
      const left = LEFT[name](effectsOfConfirmed(order));
      await eventually(async () => assert.deepEqual(await stage.effectsOf(order), left));
      await eventually(() => allHaveHandledTheCancellation(order));
      assert.deepEqual(await stage.effectsOf(order), left);
      assert.deepEqual(await place(order), outcome, 'asked again');
    });
  }

  async function allHaveHandledTheCancellation({ orderId }: PlacedOrder): Promise<void> {
    for (const name of PARTICIPANTS) {
      const query = CASES[name].db(stage).selectFrom('inbox').select('state').where('subject', '=', orderId);
      const rows = await query.where('type', '=', 'order.cancelled').execute();
      assert.deepEqual(rows, [{ state: 'done' }], name);
    }
  }

  it('tells a client that asks again while it waits the same, and charges once', async () => {
    const order = orderWith();
    const outcomes = await Promise.all([place(order), place(order), place(order)]);
    assert.deepEqual(
      outcomes,
      outcomes.map(() => ({ status: 'confirmed' })),
    );
    assert.deepEqual(await stage.effectsOf(order), effectsOfConfirmed(order));
  });

  it('keeps the events of a participant that is down, and loses none', async () => {
    await parts.stop('inventory');
    const orders = Array.from({ length: 5 }, () => orderWith());
    const outcomes = orders.map(place);
    await eventually(async () => assert.ok((await Promise.all(orders.map(paid))).every(Boolean)));
    for (const order of orders) assert.deepEqual((await stage.effectsOf(order)).stock, []);
    await parts.start('inventory');
    for (const outcome of outcomes) assert.deepEqual(await outcome, { status: 'confirmed' });
    for (const order of orders) assert.deepEqual(await stage.effectsOf(order), effectsOfConfirmed(order));
  });

  it('decides an order whose order process was down when it was booked', async () => {
    const order = orderWith();
    await parts.stop('shipping');
    const told = place(order);
    await eventually(async () => assert.equal((await stage.effectsOf(order)).stock.length, 2));
    await parts.stop('order');
    await parts.start('shipping');
    await eventually(async () => assert.deepEqual((await stage.effectsOf(order)).parcel, ['booking']));
    await parts.start('order');
    assert.deepEqual(await told, { status: 'confirmed' });
  });
});

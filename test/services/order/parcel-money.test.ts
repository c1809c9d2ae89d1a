import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { StockLine } from '../../../activities/identity.ts';
import type { Due, Parcel } from '../../../activities/parcel.ts';
import type { OrderRow } from '../../../services/order/bookkeeping.ts';
import { parcelsOfOne } from '../../../services/order/parcels.ts';
import { priceOfPieces } from '../../../services/order/pieces.ts';
import { Random } from '../../../tools/random.ts';
import { kettle, newParcel, orderStage, pounds, teapots } from './test-order-service.ts';

const SEQUENCES = 24;
const STEPS = 16;
// The others need these.
const OFTEN = ['dispatch', 'capture', 'capture', 'cancel'];

/** Five teapots at 9.99, five at 10.01 and three kettles at 25.00: 175.00. */
const LINES = [
  { sku: 'teapot', name: 'Teapot', quantity: 5, unitPrice: pounds(999) },
  { sku: 'kettle', name: 'Kettle', quantity: 3, unitPrice: pounds(2500) },
  { sku: 'teapot', name: 'Teapot', quantity: 5, unitPrice: pounds(1001) },
];
const TOTAL = 17_500;

describe('order service: the money of orders in parcels', function () {
  this.timeout(120_000);
  const stage = orderStage();
  const { note } = stage;
  const read = (orderId: string) => stage.requests.getOrder({ orderId });
  const rowOf = (orderId: string): Promise<OrderRow> =>
    stage.database.db.selectFrom('orders').selectAll().where('id', '=', orderId).executeTakeFirstOrThrow();
  const refundsOf = (orderId: string) =>
    stage.database.db.selectFrom('refunds').selectAll().where('order_id', '=', orderId).execute();
  const outstandingOf = async (orderId: string) =>
    (await stage.activities.getOutstanding(note(orderId))).outstanding.amountMinor;

  async function assertBalanced(orderId: string, done: string): Promise<void> {
    const [order, refunds, outstanding] = [
      await rowOf(orderId),
      await refundsOf(orderId),
      await outstandingOf(orderId),
    ];
    const captured = (await read(orderId)).captured!.amountMinor;
    const promised = refunds.filter(({ status }) => status === 'requested');
    const promisedMinor = promised.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    // What was captured beyond what is due is given back, as far as it was not given back for another reason.
    const excess = Math.max(0, captured + order.canceled_minor - TOTAL);
    assert.equal(captured - excess + order.canceled_minor + outstanding, TOTAL, done);
    const room = captured - order.refunded_minor - promisedMinor;
    assert.ok(room >= 0, `${done}: ${captured} captured, ${order.refunded_minor} and ${promisedMinor} refunded`);
    const givenBack = refunds
      .filter(({ reason }) => reason === 'canceled')
      .reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    const staffRefunds = refunds.some(({ reason }) => reason !== 'canceled');
    assert.ok(givenBack === excess || (givenBack < excess && staffRefunds), `${done}: ${givenBack} of ${excess}`);

    const parcels = (await parcelsOfOne(stage.database.db, order)).filter(({ status }) => status !== 'canceled');
    const shares = parcels.reduce((sum, { price_minor }) => sum + price_minor, 0);
    assert.equal(shares, TOTAL - order.canceled_minor, done);
    assert.equal(priceOfPieces(order.canceled_lines ?? []), order.canceled_minor, done);
  }

  /** What happens to an order next, if it can. Returns what it was, for messages. */
  async function happen(random: Random, orderId: string, asked: Map<string, Due>): Promise<string> {
    const { parcels = [] } = await read(orderId);
    const parcel = random.oneOf(parcels);
    if (!parcel) return 'nothing';
    const about = { ...note(orderId), parcelId: parcel.id };
    const happenings: Record<string, () => Promise<unknown>> = {
      split: () => divide(random, orderId, parcels),
      cancel: () => divide(random, orderId, parcels, true),
      dispatch: async () => void asked.set(parcel.id, await stage.activities.dispatchOrder(about)),
      capture: async () => {
        const [[parcelId, due] = []] = asked;
        if (parcelId === undefined || !due) return;
        asked.delete(parcelId);
        const about = { ...note(orderId), parcelId };
        if (!due.amount) return stage.activities.captureOrder(about);
        // Some processors capture a hold only once. None captures more than it holds.
        const held = TOTAL - (await read(orderId)).captured!.amountMinor;
        const amount = random.share() < 0.5 ? Math.min(held, due.outstanding!.amountMinor) : due.amount.amountMinor;
        const captured = pounds(Math.min(held, amount));
        await stage.activities.captureOrder({ ...about, captured });
        await stage.activities.captureOrder({ ...about, captured });
      },
      deliver: () => stage.activities.deliverOrder(about),
      lose: () => stage.activities.noteParcel({ ...about, trouble: random.oneOf(['lost', 'returned_to_sender']) }),
      decide: async () => {
        if (parcel.status !== 'lost' && parcel.status !== 'returned_to_sender') return;
        const action = random.oneOf(['refund', 'resend', 'wait'] as const);
        const { decided } = await stage.requests.getParcel({ parcelId: parcel.id });
        if (decided && decided.action !== 'wait') return;
        const resentAs = action === 'resend' ? { resentAs: newParcel(parcel.lines) } : {};
        await stage.activities.resolveParcel({ ...about, action, note: 'so', resolvedBy: 'ada', ...resentAs });
      },
      refund: () => refund(orderId, random.within({ least: 1, most: 3000 })),
      payOut: async () => {
        const [pending] = (await refundsOf(orderId)).filter(({ status }) => status === 'requested');
        const outcome = random.oneOf(['refunded', 'refunded', 'not_refunded'] as const);
        if (pending) await stage.activities.endRefund({ ...note(orderId), refundId: pending.id, outcome });
      },
    };
    const name = random.oneOf([...Object.keys(happenings), ...OFTEN]);
    await happenings[name]!();
    return `${name} ${parcel.id} (${parcel.status})`;
  }

  const refund = async (orderId: string, amountMinor: number) => {
    const request = { refundId: randomUUID(), orderId, part: { amount: pounds(amountMinor) }, requestedBy: 'ada' };
    await stage.requests.draftRefund({ ...request, reason: 'goodwill' }).catch((error: { code?: string }) => {
      if (error.code !== 'RefundTooLarge') throw error;
    });
  };

  /** A small parcel has left, and with it all is paid for. */
  async function beginWell(orderId: string): Promise<void> {
    const [first] = await stage.split(orderId, [[teapots(2)], [teapots(8)], [{ ...kettle, quantity: 3 }]]);
    const about = { ...note(orderId), parcelId: first! };
    const { outstanding } = await stage.activities.dispatchOrder(about);
    await stage.activities.captureOrder({ ...about, captured: outstanding! });
  }

  /** Divides what has not left into two parcels, or cancels a part of it. */
  async function divide(random: Random, orderId: string, parcels: Parcel[], cancel = false): Promise<void> {
    const here = parcels.filter(({ status }) => status === 'booked' || status === 'waiting');
    const pieces = here.flatMap(({ lines }) => lines).flatMap(({ sku, quantity }) => Array<string>(quantity).fill(sku));
    if (pieces.length < 2) return;
    const least = cancel ? Math.max(1, pieces.length - 3) : 1;
    const cut = random.within({ least, most: pieces.length - 1 });
    const [some, others] = [summed(pieces.slice(0, cut)), summed(pieces.slice(cut))];
    if (cancel) await stage.split(orderId, [some], { canceledLines: others });
    else await stage.split(orderId, [some, others]);
  }

  const summed = (skus: string[]): StockLine[] =>
    [...Map.groupBy(skus, (sku) => sku)].map(([sku, all]) => ({ sku, quantity: all.length }));

  it('is captured, canceled or outstanding, to the last minor unit, whatever happens in whatever sequence', async () => {
    let excesses = 0;
    for (let seed = 1; seed <= SEQUENCES; seed += 1) {
      const random = new Random(seed);
      const orderId = await stage.confirmed({ lines: LINES, total: pounds(TOTAL) });
      if (seed % 2 === 0) await beginWell(orderId);
      const asked = new Map<string, Due>();
      const done: string[] = [];
      for (let step = 0; step < STEPS; step += 1) {
        done.push(await happen(random, orderId, asked));
        await assertBalanced(orderId, `seed ${seed}: ${done.join(', ')}`);
      }
      if ((await refundsOf(orderId)).some(({ reason }) => reason === 'canceled')) excesses += 1;
    }
    assert.ok(excesses > 2, `${excesses} orders of which canceled pieces were paid for`);
  });

  it('is never refunded above what was captured, however much happens at once', async () => {
    for (let round = 0; round < 8; round += 1) {
      const orderId = await stage.confirmed();
      const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
      const about = { ...note(orderId), parcelId: first! };
      await stage.activities.dispatchOrder(about);
      const canceled = { replaced: [second!], parcels: [], canceledLines: [kettle] };
      await Promise.all([
        stage.activities.captureOrder({ ...about, captured: pounds(5500) }),
        stage.activities.replaceParcels({ ...note(orderId), ...canceled }),
        ...[2000, 2500, 4000].map((minor) => refund(orderId, minor)),
        stage.activities.captureOrder({ ...about, captured: pounds(5500) }),
      ]);
      const { captured, canceledLines } = await read(orderId);
      assert.deepEqual([captured, canceledLines], [pounds(5500), [kettle]]);
      const refunds = await refundsOf(orderId);
      const sum = refunds.reduce((all, { amount_minor }) => all + amount_minor, 0);
      assert.ok(sum <= 5500, `${sum} refunded`);
      for (const { id: refundId } of refunds) {
        await stage.activities.endRefund({ ...note(orderId), refundId, outcome: 'refunded' });
      }
      assert.equal((await read(orderId)).refunded!.amountMinor, sum);
    }
  });
});

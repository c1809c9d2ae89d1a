import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { eventually } from '../stage/eventually.ts';
import { type Replica, pieceOf, startReplica } from '../stage/order-replica.ts';
import { moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import { reconcile } from '../stage/run-reconcile.ts';
import { PRICE_MINOR, type ShopUser, newCustomer, newProduct, signInAsAdmin } from '../stage/shop-users.ts';
import type { Platform } from '../stage/test-platform.ts';
import { type GatedReplica, type HeldAt, startGatedReplica } from './gated-replica.ts';

/** How an order ends, whatever is killed. The carrier refuses the address of one that is rejected. */
const ENDS = {
  confirmed: {
    postalCode: 'N1 9GU',
    money: [`authorization ${PRICE_MINOR}`],
    parcel: ['booking'],
    workflow: 'RUNNING',
  },
  rejected: {
    postalCode: '00000',
    money: [`authorization ${PRICE_MINOR}`, `void ${PRICE_MINOR}`],
    parcel: [],
    workflow: 'COMPLETED',
  },
} as const;
type End = keyof typeof ENDS;

// Before and after each, for an order of each end that `ENDS_AT` does not exclude. The first ones stay where they are for as
// long as it takes. A call to a service runs out of time after 2 s, and another replica takes a confirmed order
// over after 2 s, so these are placed last.
const PATIENT = ['insert', 'start'] as const;
const IN_TIME = ['take', 'reserve', 'authorize', 'book', 'confirm'] as const;
/** A rejected order is never confirmed. The others are as many as an order service attempts at once. */
const ENDS_AT: Partial<Record<HeldAt['effect'], End[]>> = { confirm: ['confirmed'], take: ['rejected'] };
const ROUNDS = 5;
const PIECES = 1_000;

interface KilledOrder {
  orderId: string;
  end: End;
  at: HeldAt;
}

/**
 * Tests of the lane `express`: the order service is killed, or is too late, at each of its effects. On a platform whose
 * services are separate processes. Call it in `describe`.
 */
export function expressKillTests(platform: Platform): void {
  let customer: ShopUser;
  let admin: ShopUser;
  let sku: string;
  let temporal: Client;
  let gated: GatedReplica;
  let restarted: Replica | undefined;
  /** Those that a replica was killed with, of all rounds. */
  const orders: KilledOrder[] = [];

  before(async () => {
    [customer, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    sku = await newProduct(admin, PIECES);
    await customer.setCartLine(sku, PIECES);
    const address = `127.0.0.1:${platform.setting('TEMPORAL_PORT')}`;
    temporal = createTemporalClient({ address, namespace: 'default' });
    gated = await startGatedReplica(platform);
  });
  after(async () => {
    await restarted?.kill();
    await gated.close();
    await temporal.connection.close();
  });

  const place = (by: Replica, { orderId, end }: Omit<KilledOrder, 'at'>) =>
    by.orders.placeOrder(pieceOf(sku, customer, { orderId, postalCode: ENDS[end].postalCode, fromCart: true }));

  it('express: cannot confirm an order whose confirmation arrives after the saga compensated everything', async () => {
    const orderId = randomUUID();
    gated.hold(orderId, { effect: 'confirm', when: 'before' });
    const placing = place(gated, { orderId, end: 'confirmed' });
    await eventually(() => assert.ok(gated.isHeld(orderId)));
    const { status } = await customer.cancel(orderId);
    assert.ok(status < 300, String(status));
    await customer.waitForOrder(orderId, { status: 'canceled', paymentStatus: 'canceled' });
    await gated.release();
    await placing;
    assert.equal((await customer.order(orderId)).status, 'canceled');
    assert.deepEqual(await moneyInWords(platform, orderId), ENDS.rejected.money);
    assert.deepEqual(await parcel(platform, orderId), ['booking', 'cancellation']);
    assert.partialDeepStrictEqual(await admin.stock(sku), { reserved: 0 });
  });

  it('express: ends every order as without a kill when its process is killed before and after each effect, and its client repeats', async () => {
    let inTime = false;
    for (let round = 1; !inTime; round += 1) {
      assert.ok(round <= ROUNDS, `in none of ${ROUNDS} rounds did all orders reach their point in time`);
      // A new one has places for all attempts; one that had a slow attempt has fewer.
      await gated.close();
      gated = await startGatedReplica(platform);
      inTime = await killedAtEveryPoint();
    }
    restarted = await startReplica(platform);
    for (const order of orders) await place(restarted, order);
    for (const order of orders) await expectEnded(order);
    await expectPieces();
  });

  it('express: changes nothing when the calls of the killed process arrive after that', async () => {
    const read = () =>
      Promise.all(orders.map(async ({ orderId }) => [await customer.order(orderId), await customer.history(orderId)]));
    const before = await read();
    await gated.release();
    assert.deepEqual(await read(), before);
    for (const order of orders) await expectEnded(order);
    await expectPieces();
  });

  it('express: leaves every ledger in agreement, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });

  /** Whether all orders of this round were where they should be at the kill. Those of other rounds must end exactly too. */
  async function killedAtEveryPoint(): Promise<boolean> {
    const answered = new Set<string>();
    const begin = async (effects: readonly HeldAt['effect'][]): Promise<KilledOrder[]> => {
      const begun = effects.flatMap(pointsAt);
      for (const { orderId, at } of begun) gated.hold(orderId, at);
      for (const order of begun) {
        place(gated, order).then(
          () => answered.add(order.orderId),
          () => undefined,
        );
      }
      await eventually(() => begun.forEach((order) => assert.ok(gated.isHeld(order.orderId) || isTooLate(order))));
      return begun;
    };
    // An order is answered before its workflow is started, and otherwise only if its attempt has run out of time.
    const isTooLate = ({ orderId, at }: KilledOrder) => at.effect !== 'start' && answered.has(orderId);
    const round = [...(await begin(PATIENT)), ...(await begin(IN_TIME))];
    const inTime = !round.some(isTooLate);
    await gated.kill();
    orders.push(...round);
    return inTime;
  }

  async function expectEnded({ orderId, end, at }: KilledOrder): Promise<void> {
    const expected = ENDS[end];
    const where = `killed ${at.when} ${at.effect}`;
    const { rejection } = await customer.waitForOrder(orderId, { status: end });
    assert.equal(rejection?.code, end === 'rejected' ? 'AddressUndeliverable' : undefined, where);
    assert.deepEqual(await moneyInWords(platform, orderId), expected.money, where);
    assert.deepEqual(await parcel(platform, orderId), expected.parcel, where);
    await eventually(async () => {
      const { status } = await temporal.workflow.getHandle(orderWorkflowId(orderId)).describe();
      assert.equal(status.name, expected.workflow, where);
    });
  }

  /** The pieces of the confirmed orders are reserved, and out of the customer's cart. */
  async function expectPieces(): Promise<void> {
    const reserved = orders.filter(({ end }) => end === 'confirmed').length;
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: PIECES, reserved });
    assert.deepEqual(await customer.cartLines(), [`${PIECES - reserved} ${sku}`]);
  }
}

const pointsAt = (effect: HeldAt['effect']): KilledOrder[] =>
  (ENDS_AT[effect] ?? (['confirmed', 'rejected'] as const)).flatMap((end) =>
    (['before', 'after'] as const).map((when) => ({ orderId: randomUUID(), end, at: { effect, when } })),
  );

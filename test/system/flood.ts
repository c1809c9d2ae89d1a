import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventually } from '../stage/eventually.ts';
import { moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import type { Platform } from '../stage/test-platform.ts';
import {
  type Order,
  type OrderDifference,
  type ShopUser,
  newCustomer,
  newProduct,
  orderRequest,
} from '../stage/shop-users.ts';

/** An order of a flood, or of a kill run, and how it must end no matter which process is killed meanwhile. */
export interface Kind {
  difference: OrderDifference;
  rejected?: 'CardDeclined' | 'AddressUndeliverable';
}

const slow = { difference: { paymentMethod: 'pm_sandbox_slow' } };
// Slow orders come first and last: each takes 3 s, in which a process can be killed.
export const KINDS: readonly Kind[] = [
  slow,
  slow,
  { difference: { paymentMethod: 'pm_sandbox_slow', postalCode: '00000' }, rejected: 'AddressUndeliverable' },
  { difference: { paymentMethod: 'pm_sandbox_flaky' } },
  { difference: { paymentMethod: 'pm_sandbox_authorizeTimeout' } },
  { difference: { postalCode: '00408' } },
  { difference: { postalCode: '00503' } },
  { difference: { postalCode: '00000' }, rejected: 'AddressUndeliverable' },
  { difference: { paymentMethod: 'pm_card_chargeDeclined' }, rejected: 'CardDeclined' },
  ...Array.from({ length: 8 }, (_, number) => ({ difference: { quantity: 1 + (number % 3) } })),
  slow,
  slow,
  slow,
];
const CONCURRENCY = 8;
const POLL_MS = 100;

export interface Placed {
  kind: Kind;
  /** The acknowledged order. */
  order: Order;
}

/** Many orders placed at the same time. Each is repeated with the same key until it is acknowledged. */
export interface Flood {
  customer: ShopUser;
  admin: ShopUser;
  sku: string;
  /** All orders. Resolves when the last one is acknowledged. */
  placed: Promise<Placed[]>;
}

export async function startFlood(platform: Platform, admin: ShopUser): Promise<Flood> {
  const [customer, sku] = await Promise.all([newCustomer(platform), newProduct(admin, 1_000)]);
  const placed = placeAll(customer, sku);
  // The test that awaits it reports the failure, possibly much later.
  placed.catch(() => undefined);
  return { customer, admin, sku, placed };
}

/** Waits until at least three orders are pending. */
export const untilPending = ({ customer }: Flood): Promise<void> =>
  eventually(
    async () => {
      const items = await customer.orders({ status: 'pending' });
      assert.ok(items.length >= 3, `${items.length} orders are pending`);
    },
    undefined,
    POLL_MS,
  );

async function placeAll(customer: ShopUser, sku: string): Promise<Placed[]> {
  const placed: Placed[] = [];
  const kinds = KINDS.values();
  const placeNext = async () => {
    for (const kind of kinds) {
      const body = orderRequest({ sku, ...kind.difference });
      const order = await customer.placeUntilAcknowledged(body, randomUUID());
      placed.push({ kind, order });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, placeNext));
  return placed;
}

/** Each order ends as if no process had been killed, with each effect once, and there are no other orders. */
export async function expectEachEndedOnce(platform: Platform, flood: Flood): Promise<void> {
  const { customer, admin, sku } = flood;
  const placed = await flood.placed;
  let reserved = 0;
  for (const { kind, order } of placed) {
    const status = kind.rejected ? 'rejected' : 'confirmed';
    const { rejection, total } = await customer.waitForOrder(order.id, { status });
    assert.equal(rejection?.code, kind.rejected);
    assert.deepEqual(await moneyInWords(platform, order.id), moneyOf(kind, total.amountMinor));
    assert.deepEqual(await parcel(platform, order.id), kind.rejected ? [] : ['booking']);
    if (!kind.rejected) reserved += order.lines[0]!.quantity;
  }
  const items = await customer.orders({ limit: 100 });
  assert.deepEqual(items.map(({ id }) => id).toSorted(), placed.map(({ order }) => order.id).toSorted());
  assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 1_000, reserved });
}

function moneyOf({ rejected }: Kind, totalMinor: number): string[] {
  const authorization = `authorization ${totalMinor}`;
  if (rejected === 'CardDeclined') return [];
  return rejected ? [authorization, `void ${totalMinor}`] : [authorization];
}

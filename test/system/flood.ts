import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventually } from '../stage/eventually.ts';
import { moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import type { Platform } from '../stage/test-platform.ts';
import { type Order, type Difference, type Person, newCustomer, newProduct, wish } from '../stage/shop-people.ts';

/** An order of a flood, and how it must end whatever is killed meanwhile. */
interface Kind {
  difference: Difference;
  rejected?: 'CardDeclined' | 'AddressUndeliverable';
}

const slow = { difference: { paymentMethod: 'pm_sandbox_slow' } };
// Slow ones, 3 s each in which something can be killed, come first and last.
const KINDS: readonly Kind[] = [
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
const AT_ONCE = 8;
const LOOK_EVERY_MS = 100;

interface Placed {
  kind: Kind;
  /** As it was acknowledged. */
  order: Order;
}

/** Many orders placed at the same time, each under one key until it is acknowledged. */
export interface Flood {
  customer: Person;
  keeper: Person;
  sku: string;
  /** All of them, once the last is acknowledged. */
  placed: Promise<Placed[]>;
}

export async function startFlood(platform: Platform, keeper: Person): Promise<Flood> {
  const [customer, sku] = await Promise.all([newCustomer(platform), newProduct(keeper, 1_000)]);
  const placed = placeAll(customer, sku);
  // Its failure is reported by who awaits it, which may be much later.
  placed.catch(() => undefined);
  return { customer, keeper, sku, placed };
}

/** Comes back when three orders or more are in the middle of being carried out. */
export const untilUnderWay = ({ customer }: Flood): Promise<void> =>
  eventually(
    async () => {
      const items = await customer.orders({ status: 'pending' });
      assert.ok(items.length >= 3, `${items.length} orders are under way`);
    },
    undefined,
    LOOK_EVERY_MS,
  );

async function placeAll(customer: Person, sku: string): Promise<Placed[]> {
  const placed: Placed[] = [];
  const kinds = KINDS.values();
  const lane = async () => {
    for (const kind of kinds) {
      const body = wish({ sku, ...kind.difference });
      const order = await customer.placeUntilAcknowledged(body, randomUUID());
      placed.push({ kind, order });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return placed;
}

/** Each ends as if nothing had been killed, with one effect of each kind, and there are no more of them. */
export async function expectEachEndedOnce(platform: Platform, flood: Flood): Promise<void> {
  const { customer, keeper, sku } = flood;
  const placed = await flood.placed;
  let reserved = 0;
  for (const { kind, order } of placed) {
    const status = kind.rejected ? 'rejected' : 'confirmed';
    const { rejection, total } = await customer.orderOnce(order.id, { status });
    assert.equal(rejection?.code, kind.rejected);
    assert.deepEqual(await moneyInWords(platform, order.id), moneyOf(kind, total.amountMinor));
    assert.deepEqual(await parcel(platform, order.id), kind.rejected ? [] : ['booking']);
    if (!kind.rejected) reserved += order.lines[0]!.quantity;
  }
  const items = await customer.orders({ limit: 100 });
  assert.deepEqual(items.map(({ id }) => id).toSorted(), placed.map(({ order }) => order.id).toSorted());
  assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 1_000, reserved });
}

function moneyOf({ rejected }: Kind, totalMinor: number): string[] {
  const held = `authorization ${totalMinor}`;
  if (rejected === 'CardDeclined') return [];
  return rejected ? [held, `void ${totalMinor}`] : [held];
}

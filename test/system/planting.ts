import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { ask } from '../stage/api-client.ts';
import type { Platform } from '../stage/test-platform.ts';
import { type Order, PRICE_MINOR } from '../stage/shop-people.ts';

export interface Bed {
  platform: Platform;
  order: Order;
}

/** Something wrong that no service of ours can bring about, done by hand to one order of one piece. */
export interface Plant {
  name: string;
  /** How far its order has come before. */
  soil: 'confirmed' | 'shipped' | 'delivered';
  plant(bed: Bed): Promise<void>;
  putRight(bed: Bed): Promise<void>;
  /** How each line begins that reconcile must print of it, in its order. */
  says(order: Order): string[];
}

interface InDatabase {
  name: string;
  soil?: Plant['soil'];
  service: string;
  /** SQL; `$1` is the order's id, unless `values` says otherwise. */
  plant: string;
  putRight: string;
  values?: (order: Order) => string[];
  says: Plant['says'];
}

/** Done as the database's owner: the service's own role could not. */
const inDatabase = ({ service, plant, putRight, values = ({ id }) => [id], soil, ...rest }: InDatabase): Plant => {
  const change = async ({ platform, order }: Bed, sql: string) => {
    const client = new pg.Client({ connectionString: platform.ownerUrl(service) });
    await client.connect();
    const { rowCount } = await client.query(sql, values(order)).finally(() => client.end());
    assert.ok(rowCount, `nothing to change: ${sql}`);
  };
  return {
    ...rest,
    soil: soil ?? 'confirmed',
    plant: (bed) => change(bed, plant),
    putRight: (bed) => change(bed, putRight),
  };
};

interface AtProcessor {
  name: string;
  soil: Plant['soil'];
  type: 'authorization' | 'capture' | 'refund';
  body: (orderId: string) => Record<string, unknown>;
  /** The order that it is done for; the bed's own where absent. */
  orderId?: string;
  says: Plant['says'];
}

/** Asked of the card processor by somebody who is not our payment service. */
const atProcessor = ({ name, soil, type, body, orderId, says }: AtProcessor): Plant => ({
  name,
  soil,
  says,
  async plant({ platform, order }) {
    const url = `${platform.processor}/${type}s`;
    const answer = await ask({ method: 'POST', url, key: randomUUID(), body: body(orderId ?? order.id) });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  },
  // Its ledger knows no taking back: the line goes from its file.
  async putRight({ platform, order }) {
    const file = path.join(platform.setting('DATA_DIR'), 'sandbox/processor.sqlite');
    const db = new DatabaseSync(file, { timeout: 5_000 });
    const { changes } = db.prepare('delete from ledger where order_id = ? and type = ?').run(orderId ?? order.id, type);
    db.close();
    assert.equal(changes, 1);
  },
});

const money = (authorized: number, voided: number, captured: number, refunded: number) =>
  `authorized ${authorized}, voided ${voided}, captured ${captured}, refunded ${refunded}`;
const stranger = randomUUID();
const P = PRICE_MINOR;

export const PLANTS: readonly Plant[] = [
  inDatabase({
    name: 'a second capture in our own ledger',
    soil: 'delivered',
    service: 'payment',
    plant: `insert into ledger_entries (order_id, effect, debit_account, credit_account, amount_minor, currency)
      select order_id, 'capture:again', debit_account, credit_account, amount_minor, currency
      from ledger_entries where order_id = $1 and effect = 'capture'`,
    putRight: `delete from ledger_entries where order_id = $1 and effect = 'capture:again'`,
    says: ({ id }) => [
      `${id} payment-ledger: expected ${money(P, 0, P, 0)}; found ${money(P, 0, 2 * P, 0)}`,
      `${id} processor-ledger: expected ${money(P, 0, 2 * P, 0)}; found ${money(P, 0, P, 0)}`,
      `payment-balance: payment of order ${id}: captured ${P}, the ledger says ${2 * P}`,
    ],
  }),
  inDatabase({
    name: 'an order called canceled of which nothing was undone',
    service: 'order',
    plant: `update orders set status = 'canceled' where id = $1`,
    putRight: `update orders set status = 'confirmed' where id = $1`,
    says: ({ id }) => [
      `${id} payment-status: expected canceled; found authorized`,
      `${id} payment-ledger: expected ${money(P, P, 0, 0)}; found ${money(P, 0, 0, 0)}`,
      `${id} stock-ledger: `,
      `${id} shipment: expected canceled; found booked`,
    ],
  }),
  inDatabase({
    name: 'an order that nobody carries on',
    service: 'order',
    plant: `update orders set status = 'pending', updated_at = now() - interval '1 hour' where id = $1`,
    putRight: `update orders set status = 'confirmed', updated_at = now() where id = $1`,
    says: ({ id }) => [`${id} stuck: expected finished within 15 minutes; found pending since `],
  }),
  inDatabase({
    name: 'an order that was lost',
    service: 'order',
    plant: `update orders set status = 'pending', recorded_at = null where id = $1`,
    putRight: `update orders set status = 'confirmed', recorded_at = created_at where id = $1`,
    says: ({ id }) => [
      `${id} order-exists: expected an order in the order service; found only a payment, stock movements, a shipment, `,
    ],
  }),
  inDatabase({
    name: 'pieces out of nowhere',
    service: 'inventory',
    values: skuOf,
    plant: `update stock set on_hand = on_hand + 7 where sku = $1`,
    putRight: `update stock set on_hand = on_hand - 7 where sku = $1`,
    says: (order) => [
      `stock-balance: ${skuOf(order)[0]}: on hand 12, the ledger says 5; reserved 1, the ledger says 1`,
    ],
  }),
  inDatabase({
    name: 'more set aside than was ordered',
    service: 'inventory',
    plant: `update stock_ledger set reserved_delta = reserved_delta + 1 where order_id = $1 and kind = 'reserve'`,
    putRight: `update stock_ledger set reserved_delta = reserved_delta - 1 where order_id = $1 and kind = 'reserve'`,
    says: (order) => [
      `${order.id} stock-ledger: expected reserved ${skuOf(order)[0]} ×1; found reserved ${skuOf(order)[0]} ×2`,
      `stock-balance: ${skuOf(order)[0]}: on hand 5, the ledger says 5; reserved 1, the ledger says 2`,
    ],
  }),
  inDatabase({
    name: 'a booking that was deleted',
    service: 'shipping',
    values: ({ id, trackingNumber }) => [id, trackingNumber!],
    plant: `delete from shipments where order_id = $1 and tracking_number = $2`,
    putRight: `insert into shipments (order_id, tracking_number, status) values ($1, $2, 'booked')`,
    says: ({ id }) => [
      `${id} shipment: expected booked; found none`,
      `${id} carrier-ledger: expected booking, cancellation; found booking`,
    ],
  }),
  inDatabase({
    name: 'a dispatch that we never heard of',
    soil: 'shipped',
    service: 'shipping',
    plant: `update shipments set status = 'booked' where order_id = $1`,
    putRight: `update shipments set status = 'dispatched' where order_id = $1`,
    says: ({ id }) => [
      `${id} shipment: expected dispatched; found booked`,
      `${id} carrier-ledger: expected booking; found booking, dispatch`,
    ],
  }),
  atProcessor({
    name: 'money held for an order that nobody placed',
    soil: 'confirmed',
    type: 'authorization',
    orderId: stranger,
    body: (orderId) => ({ orderId, amountMinor: 100, currency: 'GBP', paymentMethod: 'pm_card_visa' }),
    says: () => [
      `${stranger} order-exists: expected an order in the order service; found only authorization at the processor`,
    ],
  }),
  atProcessor({
    name: 'money taken before the parcel has left',
    soil: 'confirmed',
    type: 'capture',
    body: (orderId) => ({ orderId }),
    says: ({ id }) => [
      `${id} captured-only-after-dispatch: `,
      `${id} processor-ledger: expected ${money(P, 0, 0, 0)}; found ${money(P, 0, P, 0)}`,
    ],
  }),
  atProcessor({
    name: 'money given back behind our back',
    soil: 'delivered',
    type: 'refund',
    body: (orderId) => ({ orderId, amountMinor: 50, currency: 'GBP' }),
    says: ({ id }) => [`${id} processor-ledger: expected ${money(P, 0, P, 0)}; found ${money(P, 0, P, 50)}`],
  }),
];

function skuOf({ lines }: Order): string[] {
  return [lines[0]!.sku];
}

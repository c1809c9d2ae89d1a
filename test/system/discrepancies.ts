import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sendRequest } from '../stage/api-client.ts';
import type { Platform } from '../stage/test-platform.ts';
import { type Order, PRICE_MINOR } from '../stage/shop-users.ts';
import { changeAsOwner } from './change-as-owner.ts';
import { TEMPORAL_DISCREPANCIES } from './temporal-discrepancies.ts';

export interface Target {
  platform: Platform;
  order: Order;
}

/** A discrepancy that no service can cause. The test causes it in an order of one piece. */
export interface Discrepancy {
  name: string;
  /** The stage of the order before the discrepancy. */
  orderStage: 'confirmed' | 'shipped' | 'delivered';
  cause(target: Target): Promise<void>;
  putRight(target: Target): Promise<void>;
  /** The beginning of each line that reconcile must print about it, in their order. */
  says(order: Order): string[];
}

interface InDatabase {
  name: string;
  orderStage?: Discrepancy['orderStage'];
  service: string;
  /** SQL with the parameters `values`, by default the order's id. */
  cause: string;
  putRight: string;
  values?: (order: Order) => string[];
  says: Discrepancy['says'];
}

const inDatabase = ({
  service,
  cause,
  putRight,
  values = ({ id }) => [id],
  orderStage,
  ...rest
}: InDatabase): Discrepancy => {
  const change = ({ platform, order }: Target, sql: string) =>
    changeAsOwner(platform.ownerUrl(service), sql, values(order));
  return {
    ...rest,
    orderStage: orderStage ?? 'confirmed',
    cause: (target) => change(target, cause),
    putRight: (target) => change(target, putRight),
  };
};

interface AtProcessor {
  name: string;
  orderStage: Discrepancy['orderStage'];
  type: 'authorization' | 'capture' | 'refund';
  body: (orderId: string) => Record<string, unknown>;
  /** By default the target's order. */
  orderId?: string;
  says: Discrepancy['says'];
}

/** Sends a request to the card processor that the payment service did not send. */
const atProcessor = ({ name, orderStage, type, body, orderId, says }: AtProcessor): Discrepancy => ({
  name,
  orderStage,
  says,
  async cause({ platform, order }) {
    const url = `${platform.processor}/${type}s`;
    const response = await sendRequest({ method: 'POST', url, key: randomUUID(), body: body(orderId ?? order.id) });
    assert.equal(response.status, 201, JSON.stringify(response.body));
  },
  // The processor cannot delete an entry, so it is deleted from its file.
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
const unknownOrderId = randomUUID();
const P = PRICE_MINOR;

export const DISCREPANCIES: readonly Discrepancy[] = [
  inDatabase({
    name: 'a second capture in the payment ledger',
    orderStage: 'delivered',
    service: 'payment',
    cause: `insert into ledger_entries (order_id, effect, debit_account, credit_account, amount_minor, currency)
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
    name: 'a canceled order without compensations',
    service: 'order',
    cause: `update orders set status = 'canceled' where id = $1`,
    putRight: `update orders set status = 'confirmed' where id = $1`,
    says: ({ id }) => [
      `${id} payment-status: expected canceled; found authorized`,
      `${id} payment-ledger: expected ${money(P, P, 0, 0)}; found ${money(P, 0, 0, 0)}`,
      `${id} stock-ledger: `,
      `${id} shipment: expected canceled; found booked`,
    ],
  }),
  inDatabase({
    name: 'a stuck order',
    service: 'order',
    cause: `update orders set status = 'pending', updated_at = now() - interval '1 hour' where id = $1`,
    putRight: `update orders set status = 'confirmed', updated_at = now() where id = $1`,
    says: ({ id }) => [`${id} stuck: expected finished within 15 minutes; found pending since `],
  }),
  inDatabase({
    name: 'a lost order',
    service: 'order',
    cause: `update orders set status = 'pending', recorded_at = null where id = $1`,
    putRight: `update orders set status = 'confirmed', recorded_at = created_at where id = $1`,
    says: ({ id }) => [
      `${id} order-exists: expected an order in the order service; found only a payment, stock movements, a shipment, `,
    ],
  }),
  inDatabase({
    name: 'stock without a ledger entry',
    service: 'inventory',
    values: skuOf,
    cause: `update stock set on_hand = on_hand + 7 where sku = $1`,
    putRight: `update stock set on_hand = on_hand - 7 where sku = $1`,
    says: (order) => [
      `stock-balance: ${skuOf(order)[0]}: on hand 12, the ledger says 5; reserved 1, the ledger says 1`,
    ],
  }),
  inDatabase({
    name: 'a larger reservation than was ordered',
    service: 'inventory',
    cause: `update stock_ledger set reserved_delta = reserved_delta + 1 where order_id = $1 and kind = 'reserve'`,
    putRight: `update stock_ledger set reserved_delta = reserved_delta - 1 where order_id = $1 and kind = 'reserve'`,
    says: (order) => [
      `${order.id} stock-ledger: expected reserved ${skuOf(order)[0]} ×1; found reserved ${skuOf(order)[0]} ×2`,
      `stock-balance: ${skuOf(order)[0]}: on hand 5, the ledger says 5; reserved 1, the ledger says 2`,
    ],
  }),
  inDatabase({
    name: 'a deleted booking',
    service: 'shipping',
    values: ({ id, trackingNumber }) => [id, trackingNumber!],
    cause: `delete from shipments where order_id = $1 and tracking_number = $2`,
    putRight: `insert into shipments (order_id, tracking_number, status) values ($1, $2, 'booked')`,
    says: ({ id }) => [
      `${id} shipment: expected booked; found none`,
      `${id} carrier-ledger: expected booking, cancellation; found booking`,
    ],
  }),
  inDatabase({
    name: 'a dispatch that the shipping service does not know of',
    orderStage: 'shipped',
    service: 'shipping',
    cause: `update shipments set status = 'booked' where order_id = $1`,
    putRight: `update shipments set status = 'dispatched' where order_id = $1`,
    says: ({ id }) => [
      `${id} shipment: expected dispatched; found booked`,
      `${id} carrier-ledger: expected booking; found booking, dispatch`,
    ],
  }),
  ...TEMPORAL_DISCREPANCIES,
  atProcessor({
    name: 'an authorization for an unknown order',
    orderStage: 'confirmed',
    type: 'authorization',
    orderId: unknownOrderId,
    body: (orderId) => ({ orderId, amountMinor: 100, currency: 'GBP', paymentMethod: 'pm_card_visa' }),
    says: () => [
      `${unknownOrderId} order-exists: expected an order in the order service; found only authorization at the processor`,
    ],
  }),
  atProcessor({
    name: 'a capture before the dispatch',
    orderStage: 'confirmed',
    type: 'capture',
    body: (orderId) => ({ orderId }),
    says: ({ id }) => [
      `${id} captured-only-after-dispatch: `,
      `${id} processor-ledger: expected ${money(P, 0, 0, 0)}; found ${money(P, 0, P, 0)}`,
    ],
  }),
  atProcessor({
    name: 'a refund that the payment service does not know of',
    orderStage: 'delivered',
    type: 'refund',
    body: (orderId) => ({ orderId, amountMinor: 50, currency: 'GBP' }),
    says: ({ id }) => [`${id} processor-ledger: expected ${money(P, 0, P, 0)}; found ${money(P, 0, P, 50)}`],
  }),
];

function skuOf({ lines }: Order): string[] {
  return [lines[0]!.sku];
}

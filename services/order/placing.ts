import { isDeepStrictEqual } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { type Order, type OrderRequests, orderRefusal } from '../../activities/order.ts';
import type { PlaceOrder } from '../../activities/order-placing.ts';
import type { HistoryEntry } from '../../activities/order-status.ts';
import { written } from '../../platform/events/outbox.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { PLACED } from './placing-activities.ts';
import { HISTORY_WRITTEN, type OrderRow, insertEntries, insertEvent } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { hasEnded, startsOf } from './due-workflows.ts';
import { leaseEnd } from './leases.ts';
import { type StartSettings, startOf } from './order-start.ts';

/** The settings are those of orders that are placed from now on. */
export interface PlacingOptions extends StartSettings {
  /**
   * In the lane `express`: places an order and takes its steps at once. Undefined: there is an order with this id already.
   */
  placeExpress?: ((request: PlaceOrder) => Promise<OrderRow | undefined>) | undefined;
  viewOf: (row: OrderRow) => Promise<Order>;
  findOrder: (orderId: string) => Promise<OrderRow>;
}

export function createPlacingRequests(
  db: Kysely<OrderDatabase>,
  { placeExpress, viewOf, findOrder, ...starting }: PlacingOptions,
): Pick<OrderRequests, 'placeOrder' | 'getOrderStart'> {
  return {
    async placeOrder(request) {
      if (placeExpress) {
        const placed = await placeExpress(request);
        if (placed) return { order: await viewOf(placed), created: true };
      } else {
        const draft = await insertDraft(db, request);
        if (draft) return { order: await viewOf(draft), created: true, start: startOf(request, starting) };
      }
      const stored = await findOrder(request.orderId);
      if (!isSameRequest(stored, request)) {
        throw orderRefusal(
          'OrderDiffers',
          'an order with different lines, address or payment method was already placed with this key',
        );
      }
      const order = await viewOf(stored);
      // The order's own prices, whatever a repeat has.
      const { lines, total } = order;
      const start = stored.recorded_at ? {} : { start: startOf({ ...request, lines, total }, starting) };
      return { order, created: false, ...start };
    },

    async getOrderStart({ orderId }) {
      const row = await findOrder(orderId);
      if (hasEnded(row)) return {};
      const [start] = await startsOf(db, [row], starting);
      return { start: start! };
    },
  };
}

/** Stores an order until its workflow records it. Undefined: there is an order with this id already. */
async function insertDraft(db: Kysely<OrderDatabase>, request: PlaceOrder): Promise<OrderRow | undefined> {
  const row = await insertOf(db, request, { recorded: false }).returning(DETERMINED_HERE).executeTakeFirst();
  return row && rowOf(request, row);
}

/**
 * Stores an order as placed, with its first history entries, its event and its lease, in one statement. Undefined: there
 * is an order with this id already.
 */
export async function insertPlaced(
  db: Kysely<OrderDatabase>,
  request: PlaceOrder,
  entries: readonly HistoryEntry[],
): Promise<OrderRow | undefined> {
  const insert = insertOf(db, request, { recorded: true }).returningAll();
  const { rows } = await sql<Determined>`
    with placed as (${insert}),
    told as (${insertEntries(sql`select id from placed`, orderWorkflowId(request.orderId), entries)}),
    published as (${insertEvent(sql`placed`, PLACED)}),
    leased as (insert into workflows_to_start (order_id, due_at) select id, ${leaseEnd} from placed)
    select ${sql.join(DETERMINED_HERE.map((column) => sql.ref(column)))} from placed`.execute(db);
  const [row] = rows;
  if (!row) return undefined;
  written.emit(HISTORY_WRITTEN);
  written.emit('order');
  return rowOf(request, row);
}

/** The columns that the request does not determine. The others, of up to 400 KB, need not come back. */
const DETERMINED_HERE = ['number', 'recorded_at', 'created_at', 'updated_at'] as const satisfies (keyof OrderRow)[];
type Determined = Pick<OrderRow, (typeof DETERMINED_HERE)[number]>;

const insertOf = (db: Kysely<OrderDatabase>, request: PlaceOrder, { recorded }: { recorded: boolean }) =>
  db
    .insertInto('orders')
    .values({
      id: request.orderId,
      customer_id: request.customerId,
      lines: JSON.stringify(request.lines),
      total_minor: request.total.amountMinor,
      currency: request.total.currency,
      shipping_address: JSON.stringify(request.shippingAddress),
      payment_method: request.paymentMethod,
      save_payment_method: request.savePaymentMethod ?? false,
      from_cart: request.fromCart ?? false,
      recorded_at: recorded ? sql`now()` : null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing());

/** A new order's row, as the database has it. */
const rowOf = (request: PlaceOrder, determined: Determined): OrderRow => ({
  id: request.orderId,
  customer_id: request.customerId,
  status: 'pending',
  payment_status: 'not_paid',
  fulfillment_status: 'not_fulfilled',
  resume_status: null,
  resume_payment_status: null,
  lines: request.lines,
  total_minor: request.total.amountMinor,
  currency: request.total.currency,
  refunded_minor: 0,
  shipping_address: asStored(request.shippingAddress),
  payment_method: request.paymentMethod,
  save_payment_method: request.savePaymentMethod ?? false,
  rejection: null,
  next_action: null,
  tracking_number: null,
  promised_by: null,
  in_parcels: false,
  captured_minor: null,
  uncollected_minor: 0,
  canceled_lines: null,
  canceled_minor: 0,
  payment_method_until: null,
  placed_as: null,
  returnable_until: null,
  version: 1,
  from_cart: request.fromCart ?? false,
  decided_at: null,
  withheld_at: null,
  ...determined,
});

/**
 * Prices are not compared: the catalogue's prices at the first request are kept. The address and the payment method are those
 * that the order was placed with, whatever they are now.
 */
const isSameRequest = (stored: OrderRow, request: PlaceOrder): boolean =>
  stored.customer_id === request.customerId &&
  (stored.placed_as?.paymentMethod ?? stored.payment_method) === request.paymentMethod &&
  stored.save_payment_method === (request.savePaymentMethod ?? false) &&
  isDeepStrictEqual(stored.placed_as?.shippingAddress ?? stored.shipping_address, asStored(request.shippingAddress)) &&
  isDeepStrictEqual(stored.lines.map(skuAndQuantity), request.lines.map(skuAndQuantity));

/** jsonb does not distinguish between absent and undefined. */
const asStored = (address: PlaceOrder['shippingAddress']): PlaceOrder['shippingAddress'] =>
  JSON.parse(JSON.stringify(address)) as PlaceOrder['shippingAddress'];

const skuAndQuantity = ({ sku, quantity }: { sku: string; quantity: number }) => ({ sku, quantity });

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { orderSeries } from '../../../bench/race/orders.ts';
import type { PlacedOrder } from '../../../bench/race/peers/order.ts';
import type { Participants } from '../../../bench/race/peers/two-phase-commit/contract.ts';
import { Coordinator } from '../../../bench/race/peers/two-phase-commit/coordinator.ts';
import { openDatabases } from '../../../bench/race/peers/two-phase-commit/databases.ts';
import { type CoordinatorDatabase, createLog } from '../../../bench/race/peers/two-phase-commit/log.ts';
import { PARTICIPANT_OF } from '../../../bench/race/peers/two-phase-commit/steps.ts';
import { stockUp } from '../../../bench/race/stock.ts';
import { connect } from '../../../platform/database/connection.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startCarrier } from '../../../sandbox/carrier.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { createInventoryRequests } from '../../../services/inventory/requests.ts';
import type { PaymentDatabase } from '../../../services/payment/database.ts';
import type { ShippingDatabase } from '../../../services/shipping/database.ts';
import { createSandboxCarrier } from '../../../services/shipping/sandbox-carrier.ts';
import { createFakeProcessor } from '../../stage/fake-card-processor.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { testDatabases } from './test-databases.ts';

// What the coordinator warns of is what these tests are about.
const logger = createLogger('coordinator', 'error');

/** Coordinator and participants in one process, each on a database of its own, with a processor and a carrier outside. */
export async function twoPhaseStage(superuserUrl: string) {
  const databases = await testDatabases(superuserUrl);
  await stockUp(databases.ownerUrl.inventory);
  const processor = createFakeProcessor();
  const carrierServer = await startCarrier({
    port: 0,
    folder: mkdtempSync(path.join(scratchFolder(), 'carrier-')),
    callback: { url: 'http://127.0.0.1:9/', secret: 's'.repeat(32) },
    logger: createLogger('carrier', 'error'),
  });
  const carrier = createSandboxCarrier(carrierServer.url);
  const orders = connect<CoordinatorDatabase>(databases.url.order);
  const closings = [() => orders.destroy()];

  function open<Database>(name: 'inventory' | 'payment' | 'shipping') {
    const opened = openDatabases<Database>(databases.url[name]);
    closings.push(() => opened.close());
    return opened;
  }
  /** The participants as after a start: they have nothing but their databases. */
  const startParticipants = (): Participants => ({
    inventory: PARTICIPANT_OF.inventory(open<InventoryDatabase>('inventory')),
    payment: PARTICIPANT_OF.payment(open<PaymentDatabase>('payment'), processor),
    shipping: PARTICIPANT_OF.shipping(open<ShippingDatabase>('shipping'), carrier),
  });
  const log = createLog(orders);
  const participants = startParticipants();
  const next = orderSeries(randomUUID());
  const inventory = open<InventoryDatabase>('inventory').prompt;
  const payments = open<PaymentDatabase>('payment').prompt;
  const shipments = open<ShippingDatabase>('shipping').prompt;

  return {
    databases,
    processor,
    log,
    participants,
    startParticipants,
    /** The inventory's database, as its service sees it. */
    inventory,
    coordinator: (changes: Partial<ConstructorParameters<typeof Coordinator>[0]> = {}) =>
      new Coordinator({ log, participants, logger, voteWithinMs: 0, ...changes }),
    order: (difference: Partial<PlacedOrder> = {}): PlacedOrder => ({ ...next(), ...difference }),

    /** Adds stock of a SKU. */
    deliver: (sku: string, delta: number) =>
      createInventoryRequests(inventory).adjustStock({
        adjustmentId: randomUUID(),
        sku,
        delta,
        reason: 'test',
        adjustedBy: 'test',
      }),

    async troubleOf({ orderId }: PlacedOrder): Promise<string | null> {
      const query = orders.selectFrom('transactions').select('trouble').where('order_id', '=', orderId);
      return (await query.executeTakeFirstOrThrow()).trouble;
    },

    /** What every database and both outside parties say of an order, in a form to compare. */
    async standingOf({ orderId }: PlacedOrder) {
      const [order, stock, payment, shipment, parcel] = await Promise.all([
        orders.selectFrom('orders').select('status').where('id', '=', orderId).executeTakeFirst(),
        inventory
          .selectFrom('stock_ledger')
          .select(sql<number>`coalesce(sum(reserved_delta), 0)::int`.as('pieces'))
          .where('subject', '=', orderId)
          .executeTakeFirstOrThrow(),
        payments
          .selectFrom('payments')
          .select(sql<number>`coalesce(sum(authorized_minor - voided_minor), 0)::int`.as('held'))
          .where('order_id', '=', orderId)
          .executeTakeFirstOrThrow(),
        shipments.selectFrom('shipments').select('status').where('order_id', '=', orderId).executeTakeFirst(),
        carrier.find({ orderId }),
      ]);
      return {
        order: order?.status,
        reserved: stock.pieces,
        held: payment.held,
        heldAtProcessor: processor.held(orderId),
        shipment: shipment?.status === 'booked',
        parcel: parcel?.status === 'booked',
      };
    },

    async close(): Promise<void> {
      await Promise.all(closings.map((close) => close()));
      await carrierServer.close();
      await databases.drop();
    },
  };
}

export type TwoPhaseStage = Awaited<ReturnType<typeof twoPhaseStage>>;

/** How a confirmed order stands when everything is carried out. */
export const carriedOut = ({ lines, total }: PlacedOrder) => ({
  order: 'confirmed',
  reserved: lines.reduce((sum, { quantity }) => sum + quantity, 0),
  held: total.amountMinor,
  heldAtProcessor: total.amountMinor,
  shipment: true,
  parcel: true,
});

/** How a rejected order stands when everything is undone. */
export const UNDONE = { order: 'rejected', reserved: 0, held: 0, heldAtProcessor: 0, shipment: false, parcel: false };

export async function assertStands(stage: TwoPhaseStage, order: PlacedOrder, expected: object): Promise<void> {
  assert.deepEqual(await stage.standingOf(order), expected);
}

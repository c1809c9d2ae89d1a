import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import type { Kysely } from 'kysely';
import type { ChoreographyOrderDatabase } from '../../../bench/race/peers/choreography/order.ts';
import type { PlacedOrder } from '../../../bench/race/peers/order.ts';
import { orderSeries } from '../../../bench/race/orders.ts';
import { stockUp } from '../../../bench/race/stock.ts';
import { CHOREOGRAPHY_DATABASES } from '../../../bench/race/systems/choreography.ts';
import type { InboxDatabase } from '../../../platform/events/inbox.ts';
import type { OutboxDatabase } from '../../../platform/events/outbox.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startCarrier } from '../../../sandbox/carrier.ts';
import { startProcessor } from '../../../sandbox/processor.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import type { PaymentDatabase } from '../../../services/payment/database.ts';
import type { ShippingDatabase } from '../../../services/shipping/database.ts';
import { sendRequest } from '../../stage/api-client.ts';
import { type FreshDatabase, freshDatabaseOf } from '../../stage/fresh-database.ts';
import { scratchFolder } from '../../stage/test-run.ts';

export type Part = 'order' | 'payment' | 'inventory' | 'shipping';
export type EventDatabase = InboxDatabase & OutboxDatabase;

interface Databases {
  order: FreshDatabase<ChoreographyOrderDatabase>;
  payment: FreshDatabase<PaymentDatabase & InboxDatabase>;
  inventory: FreshDatabase<InventoryDatabase & InboxDatabase>;
  shipping: FreshDatabase<ShippingDatabase & InboxDatabase>;
}

/** What an order has had done and undone, by the processor's ledger, the stock ledger and the carrier's ledger. */
export interface Effects {
  money: string[];
  stock: string[];
  parcel: string[];
}

/** The databases of all parts, and a processor and a carrier with ledgers of their own. */
export async function choreographyStage() {
  const databases = Object.fromEntries(
    await Promise.all(
      CHOREOGRAPHY_DATABASES.map(async (plan) => [plan.name, await freshDatabaseOf<unknown>(plan)] as const),
    ),
  ) as unknown as Databases;
  await stockUp(databases.inventory.ownerUrl);
  const server = {
    port: 0,
    folder: mkdtempSync(path.join(scratchFolder(), 'choreography-')),
    logger: createLogger('sandbox', 'error'),
  };
  const processor = await startProcessor(server);
  // Nothing listens here: no parcel moves in these tests.
  const carrier = await startCarrier({ ...server, callback: { url: 'http://127.0.0.1:9/', secret: 's'.repeat(32) } });

  const typesIn = async (url: string, orderId: string) => {
    const { body } = await sendRequest<{ items: { type: string }[] }>({
      method: 'GET',
      url: `${url}/ledger?orderId=${orderId}`,
    });
    return body.items.map(({ type }) => type);
  };
  return {
    databases,
    processorUrl: processor.url,
    carrierUrl: carrier.url,

    async effectsOf({ orderId }: { orderId: string }): Promise<Effects> {
      const moved = await databases.inventory.db
        .selectFrom('stock_ledger')
        .select(['kind', 'sku', 'reserved_delta'])
        .where('order_id', '=', orderId)
        .orderBy('id')
        .execute();
      return {
        money: await typesIn(processor.url, orderId),
        stock: moved.map(({ kind, sku, reserved_delta }) => `${kind} ${sku} ${reserved_delta}`),
        parcel: await typesIn(carrier.url, orderId),
      };
    },

    async close(): Promise<void> {
      await Promise.all([processor.close(), carrier.close()]);
      await Promise.all(Object.values(databases).map((database) => database.drop()));
    },
  };
}

export type ChoreographyStage = Awaited<ReturnType<typeof choreographyStage>>;

const next = orderSeries(randomUUID());
/** A new order that nobody refuses. */
export const orderWith = (difference: Partial<PlacedOrder> = {}): PlacedOrder => ({ ...next(), ...difference });

/** An order that each participant refuses, with the code that the client is told. */
export const REFUSED: Record<Exclude<Part, 'order'>, { order: () => PlacedOrder; code: string }> = {
  payment: { order: () => orderWith({ paymentMethod: 'pm_card_chargeDeclined' }), code: 'CardDeclined' },
  inventory: {
    order: () => orderWith({ lines: [{ ...orderWith().lines[0]!, sku: 'NEVER-STOCKED' }] }),
    code: 'OutOfStock',
  },
  shipping: {
    order: () => orderWith({ shippingAddress: { ...orderWith().shippingAddress, postalCode: '00000' } }),
    code: 'AddressUndeliverable',
  },
};

/** What a confirmed order leaves. */
export const effectsOfConfirmed = ({ lines }: PlacedOrder): Effects => ({
  money: ['authorization'],
  stock: lines.map(({ sku, quantity }) => `reserve ${sku} ${quantity}`),
  parcel: ['booking'],
});

/** The events about an order in a part's outbox, without those of the platform's own functions. */
export async function published(db: Kysely<EventDatabase>, types: object, orderId: string) {
  const rows = await db
    .selectFrom('outbox')
    .select(['type', 'data'])
    .where('subject', '=', orderId)
    .where('type', 'in', Object.keys(types))
    .orderBy('sequence')
    .execute();
  return rows as { type: string; data: Record<string, unknown> }[];
}

import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import { money, parcelsAtCarrier } from './outside-ledgers.ts';
import { type Order, PRICE_MINOR, type ShopUser } from './shop-users.ts';
import type { Platform } from './test-platform.ts';

/** An order that has a product of its own, so that its stock can be counted. */
export interface CountedOrder {
  platform: Platform;
  admin: ShopUser;
  order: Pick<Order, 'id' | 'lines'>;
  /** Pieces on hand before the order. */
  stocked: number;
  /** Pieces that have come back into stock. */
  restocked?: number;
}

/**
 * Waits until the order agrees exactly with the ledgers of the card processor and the carrier, and with its product's stock.
 * Returns the order.
 */
export const untilBooksAgree = (counted: CountedOrder): Promise<Order> =>
  eventually(() => assertBooksAgree(counted), 60_000, 100);

async function assertBooksAgree({ platform, admin, order: { id, lines }, stocked, restocked = 0 }: CountedOrder) {
  const { sku } = lines[0]!;
  const [order, entries, atCarrier, stock] = await Promise.all([
    admin.order(id),
    money(platform, id),
    parcelsAtCarrier(platform, id),
    admin.stock(sku),
  ]);
  const sum = (type: string) =>
    entries.filter((entry) => entry.type === type).reduce((total, { amountMinor }) => total + amountMinor, 0);
  const { parcels = [], canceledLines = [] } = order;
  const notSent = order.status === 'canceled' ? piecesOf(lines) : piecesOf(canceledLines);
  const captured = order.captured!.amountMinor;
  // What is held for canceled pieces is released with the last capture.
  const heldUntilCaptured = order.total.amountMinor - captured;
  const allIsCaptured = (piecesOf(lines) - notSent) * PRICE_MINOR === captured;
  assert.deepEqual(
    { captured: sum('capture'), refunded: sum('refund'), held: sum('authorization') - sum('void') - sum('capture') },
    { captured, refunded: order.refunded!.amountMinor, held: allIsCaptured ? 0 : heldUntilCaptured },
  );
  const there = atCarrier
    .filter(({ status }) => status !== 'canceled')
    .map((parcel) => parcelInWords(parcel.parcelId, parcel));
  assert.deepEqual(there.toSorted(), parcels.map((parcel) => parcelInWords(parcel.id, parcel)).toSorted());
  const [here, gone] = [parcels.filter(isHere), parcels.filter((parcel) => !isHere(parcel))];
  const reserved = piecesOf(here.flatMap((parcel) => parcel.lines));
  const onHand = stocked - piecesOf(gone.flatMap((parcel) => parcel.lines)) + restocked;
  assert.partialDeepStrictEqual(stock, { onHand, reserved, available: onHand - reserved });
  return order;
}

const parcelInWords = (id: string, { trackingNumber, status }: { trackingNumber?: string; status: string }): string =>
  `${id} ${trackingNumber} ${status}`;

const isHere = ({ status }: { status: string }): boolean => status === 'booked' || status === 'waiting';

const piecesOf = (lines: readonly { quantity: number }[]): number =>
  lines.reduce((sum, { quantity }) => sum + quantity, 0);

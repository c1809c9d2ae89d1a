import type { StockLine } from '../../../activities/identity.ts';
import type { OrderStockTotals } from '../../../activities/inventory.ts';
import type { OrderPaymentTotals } from '../../../activities/payment.ts';
import type { Account, OrderAccount, ProcessorItem } from './account.ts';
import { progressOf } from './parcels.ts';
import { type Stage, isDispatched } from './stage.ts';

/** The sums of an order's payment effects, in minor units. */
export interface MoneyTotals {
  authorized: number;
  voided: number;
  captured: number;
  refunded: number;
}

export const describeMoney = ({ authorized, voided, captured, refunded }: MoneyTotals): string =>
  `authorized ${authorized}, voided ${voided}, captured ${captured}, refunded ${refunded}`;

export const recordedMoney = (payment: OrderPaymentTotals | undefined): MoneyTotals => ({
  authorized: payment?.authorizedMinor ?? 0,
  voided: payment?.voidedMinor ?? 0,
  captured: payment?.capturedMinor ?? 0,
  refunded: payment?.refundedMinor ?? 0,
});

/** The same with what people have got and refunded outside of the processor. */
export const recordedWithManual = (payment: OrderPaymentTotals | undefined): MoneyTotals => {
  const recorded = recordedMoney(payment);
  return {
    ...recorded,
    captured: recorded.captured + (payment?.manuallyCapturedMinor ?? 0),
    refunded: recorded.refunded + (payment?.manuallyRefundedMinor ?? 0),
  };
};

export function processorMoney(items: readonly ProcessorItem[]): MoneyTotals {
  const sum = (type: ProcessorItem['type']) =>
    items.filter((item) => item.type === type).reduce((total, { amountMinor }) => total + amountMinor, 0);
  return { authorized: sum('authorization'), voided: sum('void'), captured: sum('capture'), refunded: sum('refund') };
}

const KINDS = ['reserved', 'released', 'committed', 'restocked'] as const;

/** Pieces by movement and SKU, keyed like `reserved 85123A`. Zeros are absent. */
export type Goods = ReadonlyMap<string, number>;

export const recordedGoods = (stock: OrderStockTotals | undefined): Goods =>
  goodsOf((kind) => (stock?.lines ?? []).map((line) => ({ sku: line.sku, quantity: line[kind] })));

type GoodsTotals = Record<(typeof KINDS)[number], number>;

/** What the stock ledger must record of an order that is not in progress. */
export function expectedGoods(account: OrderAccount, stage: Stage): Goods {
  const { order, stock, shipments } = account;
  const skus = new Set([...order.lines, ...(stock?.lines ?? []), ...order.restocked].map(({ sku }) => sku));
  const isSimple = shipments.length <= 1 && !shipments.some(({ status }) => TROUBLED.includes(status));
  const expected = [...skus].map((sku) => ({
    sku,
    ...(isSimple ? expectedOfOneParcel(account, stage, sku) : expectedOfSeveral(account, stage, sku)),
  }));
  return goodsOf((kind) => expected.map((line) => ({ sku: line.sku, quantity: line[kind] })));
}

// Its pieces may be sent again, or come back into stock.
const TROUBLED = ['lost', 'returned_to_sender'];

function expectedOfOneParcel({ order, stock }: OrderAccount, stage: Stage, sku: string): GoodsTotals {
  // A compensated order had either all of its stock reserved or none; which one does not matter.
  const wasReserved = stage !== 'compensated' || (stock?.lines.some(({ reserved }) => reserved > 0) ?? false);
  const ordered = piecesOf(order.lines, sku);
  const canceled = piecesOf(order.canceled ?? [], sku);
  return {
    reserved: wasReserved ? ordered : 0,
    released: wasReserved && stage === 'compensated' ? ordered : canceled,
    committed: isDispatched(stage) ? ordered - canceled : 0,
    restocked: isDispatched(stage) ? piecesOf(order.restocked, sku) : 0,
  };
}

/**
 * No ledger says which pieces are in which parcel, and what was lost may have been reserved and have left once more. Nothing
 * is reserved any more once every parcel has left, nothing has left before the first, and no more comes back than has left.
 */
function expectedOfSeveral({ order, stock, shipments }: OrderAccount, stage: Stage, sku: string): GoodsTotals {
  const recorded = stock?.lines.find((line) => line.sku === sku) ?? NOTHING;
  const [ordered, canceled] = [piecesOf(order.lines, sku), piecesOf(order.canceled ?? [], sku)];
  // More where a lost parcel was to be sent again; what then was not sent is released.
  const reserved = Math.max(recorded.reserved, ordered);
  const progress = progressOf(shipments);
  const released =
    stage === 'compensated'
      ? reserved - recorded.committed
      : within(recorded.released, { least: canceled, most: canceled + reserved - ordered });
  const committed = { noneLeft: 0, someLeft: recorded.committed, allLeft: reserved - released }[progress];
  const restocked = Math.max(Math.min(recorded.restocked, committed), piecesOf(order.restocked, sku));
  return { reserved, released, committed: Math.min(committed, reserved - released), restocked };
}

const within = (value: number, { least, most }: { least: number; most: number }): number =>
  Math.min(Math.max(value, least), most);

const NOTHING: GoodsTotals = { reserved: 0, released: 0, committed: 0, restocked: 0 };

const piecesOf = (lines: readonly StockLine[], sku: string): number =>
  lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);

function goodsOf(linesOf: (kind: (typeof KINDS)[number]) => readonly StockLine[]): Goods {
  const goods = new Map<string, number>();
  for (const kind of KINDS) {
    for (const { sku, quantity } of linesOf(kind)) {
      const key = `${kind} ${sku}`;
      if (quantity !== 0) goods.set(key, (goods.get(key) ?? 0) + quantity);
    }
  }
  return goods;
}

/** The entries of `goods` that differ from `others`, as text: `reserved 85123A ×6`. Empty if all are equal. */
export const differingGoods = (goods: Goods, others: Goods): string =>
  [...new Set([...goods.keys(), ...others.keys()])]
    .filter((key) => goods.get(key) !== others.get(key))
    .toSorted()
    .map((key) => `${key} ×${goods.get(key) ?? 0}`)
    .join(', ');

/** Lists what there is of an order without the order service. */
export const describeLedgers = ({ payment, stock, shipments, processor, carrier, workflowRuns }: Account): string =>
  [
    payment && 'a payment',
    stock && 'stock movements',
    shipments.length > 0 && (shipments.length === 1 ? 'a shipment' : `${shipments.length} shipments`),
    processor.length > 0 && `${processor.map(({ type }) => type).join(' and ')} at the processor`,
    carrier.length > 0 && `${carrier.map(({ type }) => type).join(' and ')} at the carrier`,
    workflowRuns && 'a running workflow',
  ]
    .filter(Boolean)
    .join(', ');

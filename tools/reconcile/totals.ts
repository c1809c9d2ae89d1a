import type { StockLine } from '../../activities/identity.ts';
import type { OrderStockTotals } from '../../activities/inventory.ts';
import type { OrderSummary } from '../../activities/order.ts';
import type { OrderPaymentTotals } from '../../activities/payment.ts';
import type { Account, ProcessorItem } from './account.ts';
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

/** The same with what people have refunded outside of the processor. */
export const recordedWithManual = (payment: OrderPaymentTotals | undefined): MoneyTotals => {
  const recorded = recordedMoney(payment);
  return { ...recorded, refunded: recorded.refunded + (payment?.manuallyRefundedMinor ?? 0) };
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

/** What the stock ledger must record of an order that is not in progress. */
export function expectedGoods(order: OrderSummary, stock: OrderStockTotals | undefined, stage: Stage): Goods {
  // A compensated order had either all of its stock reserved or none; which one does not matter.
  const wasReserved = stage !== 'compensated' || (stock?.lines.some(({ reserved }) => reserved > 0) ?? false);
  const expected = {
    reserved: wasReserved ? order.lines : [],
    released: wasReserved && stage === 'compensated' ? order.lines : [],
    committed: isDispatched(stage) ? order.lines : [],
    restocked: isDispatched(stage) ? order.restocked : [],
  };
  return goodsOf((kind) => expected[kind]);
}

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
export const describeLedgers = ({ payment, stock, shipment, processor, carrier, workflowRuns }: Account): string =>
  [
    payment && 'a payment',
    stock && 'stock movements',
    shipment && 'a shipment',
    processor.length > 0 && `${processor.map(({ type }) => type).join(' and ')} at the processor`,
    carrier.length > 0 && `${carrier.map(({ type }) => type).join(' and ')} at the carrier`,
    workflowRuns && 'a running workflow',
  ]
    .filter(Boolean)
    .join(', ');

import type { StockLine } from '../../activities/identity.ts';
import type { OrderStockBook } from '../../activities/inventory.ts';
import type { OrderBook } from '../../activities/order.ts';
import type { OrderPaymentBook } from '../../activities/payment.ts';
import type { Account, ProcessorItem } from './account.ts';
import { type Stage, hasLeft } from './stage.ts';

/** Minor units that went each way, over the whole life of an order. */
export interface MoneySums {
  authorized: number;
  voided: number;
  captured: number;
  refunded: number;
}

export const money = ({ authorized, voided, captured, refunded }: MoneySums): string =>
  `authorized ${authorized}, voided ${voided}, captured ${captured}, refunded ${refunded}`;

export const bookedMoney = (payment: OrderPaymentBook | undefined): MoneySums => ({
  authorized: payment?.authorizedMinor ?? 0,
  voided: payment?.voidedMinor ?? 0,
  captured: payment?.capturedMinor ?? 0,
  refunded: payment?.refundedMinor ?? 0,
});

export function processedMoney(items: readonly ProcessorItem[]): MoneySums {
  const sum = (type: ProcessorItem['type']) =>
    items.filter((item) => item.type === type).reduce((total, { amountMinor }) => total + amountMinor, 0);
  return { authorized: sum('authorization'), voided: sum('void'), captured: sum('capture'), refunded: sum('refund') };
}

const KINDS = ['reserved', 'released', 'committed', 'restocked'] as const;

/** Pieces by movement and SKU, as `reserved 85123A`; what did not move is absent. */
export type Goods = ReadonlyMap<string, number>;

export const bookedGoods = (stock: OrderStockBook | undefined): Goods =>
  goodsOf((kind) => (stock?.lines ?? []).map((line) => ({ sku: line.sku, quantity: line[kind] })));

/** What the stock ledger must say of an order that nothing is being done to. */
export function dueGoods(order: OrderBook, stock: OrderStockBook | undefined, stage: Stage): Goods {
  // How far an undone order had come does not matter, only that all of its goods were set aside or none.
  const wasReserved = stage !== 'undone' || (stock?.lines.some(({ reserved }) => reserved > 0) ?? false);
  const due = {
    reserved: wasReserved ? order.lines : [],
    released: wasReserved && stage === 'undone' ? order.lines : [],
    committed: hasLeft(stage) ? order.lines : [],
    restocked: hasLeft(stage) ? order.restocked : [],
  };
  return goodsOf((kind) => due[kind]);
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

/** Those of `goods` that are otherwise in `others`, in words: `reserved 85123A ×6`. Empty where all agree. */
export const goodsThatDiffer = (goods: Goods, others: Goods): string =>
  [...new Set([...goods.keys(), ...others.keys()])]
    .filter((key) => goods.get(key) !== others.get(key))
    .toSorted()
    .map((key) => `${key} ×${goods.get(key) ?? 0}`)
    .join(', ');

/** Which ledgers know of an account. */
export const ledgersOf = ({ payment, stock, shipment, processor, carrier }: Account): string =>
  [
    payment && 'a payment',
    stock && 'stock movements',
    shipment && 'a shipment',
    processor.length > 0 && `${processor.map(({ type }) => type).join(' and ')} at the processor`,
    carrier.length > 0 && `${carrier.map(({ type }) => type).join(' and ')} at the carrier`,
  ]
    .filter(Boolean)
    .join(', ');

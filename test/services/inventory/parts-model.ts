import type { StockLine } from '../../../activities/identity.ts';

/** An operation on a part of an order. Orders, parcels and releases are named by number; parcel 0 is the order's first. */
export type Step =
  | { kind: 'reserve' | 'releaseAll' | 'commitAll'; order: number; lines: Line[] }
  | { kind: 'commit' | 'reserveParcel' | 'releaseParcel' | 'restock'; order: number; parcel: number; lines: Line[] }
  | { kind: 'releaseLines'; order: number; release: number; lines: Line[] };
export interface Line {
  sku: number;
  quantity: number;
}

export const SKUS = 2;
type Pieces = number[];
const none = (): Pieces => Array.from({ length: SKUS }, () => 0);

/** The pieces of each SKU in these lines. */
const piecesOf = (lines: readonly Line[]): Pieces => {
  const pieces = none();
  for (const { sku, quantity } of lines) pieces[sku]! += quantity;
  return pieces;
};
const isNothing = (pieces: Pieces): boolean => pieces.every((quantity) => quantity === 0);

/** The inventory's contract for parts of orders, in a few lines of arithmetic. */
export class PartsModel {
  readonly onHand: Pieces;
  /** What is still reserved, by order. */
  readonly left = new Map<number, Pieces>();
  readonly #committed = new Set<number>();
  readonly #outcomes = new Map<string, string>();
  readonly #ofParcel = new Map<string, Pieces>();

  constructor(onHand: number) {
    this.onHand = Array.from({ length: SKUS }, () => onHand);
  }

  /** The outcome: `done` or the refusal's code. */
  perform(step: Step): string {
    const { kind, order } = step;
    const wanted = piecesOf(step.lines);
    switch (kind) {
      case 'reserve':
        return this.#once(`reserve ${order}`, () => this.#reserve(order, wanted));
      case 'reserveParcel':
        return this.#reserveParcel(order, `${order}.${step.parcel}`, wanted);
      case 'commitAll':
        return this.#once(`commit ${order}.0`, () => this.#commit(order, [...this.#leftOf(order)]));
      case 'commit':
        return this.#once(`commit ${order}.${step.parcel}`, () => this.#commit(order, wanted));
      case 'releaseLines':
        return this.#once(`release ${order}.${step.release}`, () => this.#take(order, wanted));
      case 'releaseAll':
        return this.#undo(`reserve ${order}`, order, () => this.#leftOf(order));
      case 'releaseParcel':
        return this.#releaseParcel(order, `${order}.${step.parcel}`);
      default:
        return this.#once(`restock ${order}.${step.parcel}`, () => {
          wanted.forEach((quantity, sku) => (this.onHand[sku]! += quantity));
          return 'done';
        });
    }
  }

  reservedOf(sku: number): number {
    return [...this.left.values()].reduce((sum, pieces) => sum + pieces[sku]!, 0);
  }

  #once(key: string, decide: () => string): string {
    const outcome = this.#outcomes.get(key) ?? decide();
    this.#outcomes.set(key, outcome);
    return outcome;
  }

  #leftOf(order: number): Pieces {
    const left = this.left.get(order) ?? none();
    this.left.set(order, left);
    return left;
  }

  #reserve(order: number, wanted: Pieces): string {
    if (wanted.some((quantity, sku) => quantity > this.onHand[sku]! - this.reservedOf(sku))) return 'OutOfStock';
    wanted.forEach((quantity, sku) => (this.#leftOf(order)[sku]! += quantity));
    return 'done';
  }

  #reserveParcel(order: number, parcel: string, wanted: Pieces): string {
    return this.#once(`parcel ${parcel}`, () => {
      const outcome = this.#reserve(order, wanted);
      if (outcome !== 'done') return outcome;
      this.#ofParcel.set(parcel, wanted);
      this.#once(`reserve ${order}`, () => 'Undone');
      return outcome;
    });
  }

  #take(order: number, wanted: Pieces): string {
    const left = this.#leftOf(order);
    if (isNothing(wanted) || wanted.some((quantity, sku) => quantity > left[sku]!)) return 'NotReserved';
    wanted.forEach((quantity, sku) => (left[sku]! -= quantity));
    return 'done';
  }

  #commit(order: number, leaving: Pieces): string {
    if (this.#take(order, leaving) !== 'done') return 'NotReserved';
    leaving.forEach((quantity, sku) => (this.onHand[sku]! -= quantity));
    this.#committed.add(order);
    return 'done';
  }

  #releaseParcel(order: number, parcel: string): string {
    if (this.#outcomes.get(`parcel ${parcel}`) === 'done' && this.#outcomes.get(`commit ${parcel}`) === 'done') {
      return 'AlreadyCommitted';
    }
    return this.#undo(`parcel ${parcel}`, order, () => {
      const left = this.#leftOf(order);
      return this.#ofParcel.get(parcel)!.map((quantity, sku) => Math.min(quantity, left[sku]!));
    });
  }

  #undo(key: string, order: number, released: () => Pieces): string {
    if (this.#outcomes.get(key) === 'done') {
      const pieces = [...released()];
      if (isNothing(pieces) && this.#committed.has(order)) return 'AlreadyCommitted';
      this.#take(order, pieces);
    }
    this.#outcomes.set(key, 'Undone');
    return 'done';
  }
}

/** The lines of a request, of these SKUs. */
export const linesOf = (lines: readonly Line[], skus: readonly string[]): StockLine[] =>
  lines.map(({ sku, quantity }) => ({ sku: skus[sku]!, quantity }));

import type { StockLine } from '../../activities/identity.ts';
import type { PricedLine } from '../../activities/order-placing.ts';

/** Pieces of one SKU at one price. An order may have several lines of a SKU, each at another price. */
export interface Piece extends StockLine {
  unitMinor: number;
}

export const piecesOf = (lines: readonly PricedLine[]): Piece[] =>
  lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitMinor: unitPrice.amountMinor }));

export const priceOfPieces = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, { quantity, unitMinor }) => sum + quantity * unitMinor, 0);

/** The quantity of each SKU, in the sequence of the pieces. */
export function linesOf(pieces: readonly StockLine[]): StockLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of pieces) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity }));
}

/** All of these pieces, those of one SKU at one price summed. */
export function sumOfPieces(pieces: readonly Piece[]): Piece[] {
  const sums = new Map<string, Piece>();
  for (const piece of pieces) {
    const key = `${piece.sku} ${piece.unitMinor}`;
    sums.set(key, { ...piece, quantity: piece.quantity + (sums.get(key)?.quantity ?? 0) });
  }
  return [...sums.values()];
}

/** Pieces that are taken out, a part after the other. Which price a piece has is decided here: the first one that is left. */
export class PiecePool {
  #left: Piece[];

  constructor(pieces: readonly Piece[]) {
    this.#left = sumOfPieces(pieces);
  }

  /** Takes these out. Fails if they are not all there: the caller has counted wrongly. */
  take(lines: readonly StockLine[]): Piece[] {
    return sumOfPieces(linesOf(lines).flatMap((line) => this.#takeOf(line)));
  }

  get isEmpty(): boolean {
    return this.#left.every(({ quantity }) => quantity === 0);
  }

  #takeOf({ sku, quantity }: StockLine): Piece[] {
    const taken: Piece[] = [];
    let missing = quantity;
    this.#left = this.#left.map((piece) => {
      const some = piece.sku === sku ? Math.min(missing, piece.quantity) : 0;
      if (some === 0) return piece;
      taken.push({ ...piece, quantity: some });
      missing -= some;
      return { ...piece, quantity: piece.quantity - some };
    });
    if (missing > 0) throw new Error(`${missing} of ${sku} too many: the parcels do not contain them`);
    return taken;
  }
}

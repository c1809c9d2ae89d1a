import type { Money } from '../../activities/money.ts';
import { moneyInWords } from '../../activities/money-in-words.ts';

// Temporal keeps at most 200 bytes of a summary.
const LIMIT = 180;

/** "12 pieces of 3 SKUs" */
export const piecesInWords = (lines: readonly { quantity: number }[]): string =>
  `${count(
    lines.reduce((sum, line) => sum + line.quantity, 0),
    'piece',
  )} of ${count(lines.length, 'SKU')}`;

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;

interface SummaryInput {
  lines?: { sku: string; quantity: number }[];
  amount?: Money;
  paymentMethod?: string;
  address?: { city: string; country: string };
}

const SUMMARIES: Record<string, (input: SummaryInput) => string> = {
  takeLines: ({ lines = [] }) => `take ${piecesInWords(lines)} out of the cart`,
  putLinesBack: () => 'undo: put the lines back into the cart',
  remindOfCart: () => 'remind the customer of the cart',
  reserveStock: ({ lines = [] }) => `reserve ${piecesInWords(lines)}`,
  releaseStock: () => 'undo: release the stock',
  commitStock: () => 'the stock has left the warehouse',
  restockReturn: ({ lines = [] }) => `put ${piecesInWords(lines)} back into stock`,
  authorizePayment: ({ amount, paymentMethod }) => `authorize ${moneyInWords(amount!)} on ${paymentMethod}`,
  voidPayment: () => 'undo: void the authorization',
  capturePayment: () => 'capture the authorized money',
  refundPayment: ({ amount }) => `refund ${moneyInWords(amount!)}`,
  bookShipment: ({ address }) => `book a parcel to ${address!.city}, ${address!.country}`,
  cancelShipment: () => 'undo: cancel the parcel',
  placeInOneGo: ({ lines = [] }) => `place and confirm an order of ${piecesInWords(lines)}`,
  trackShipment: () => 'ask the carrier where the parcel is',
};

/** One line in the Temporal Web UI that says what an activity was called for. */
export const summaryOf = (activity: string, request: unknown): string =>
  (SUMMARIES[activity]?.(request as SummaryInput) ?? activity).slice(0, LIMIT);

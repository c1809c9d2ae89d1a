import type { Money } from '../../activities/money.ts';

/** Temporal keeps at most 200 bytes of a summary. */
const LIMIT = 180;

/** "24.90 GBP": for people only, so the two decimals of most currencies will do. */
export const inWords = ({ amountMinor, currency }: Money): string => `${(amountMinor / 100).toFixed(2)} ${currency}`;

/** "12 pieces of 3 SKUs" */
export const pieces = (lines: readonly { quantity: number }[]): string =>
  `${count(
    lines.reduce((sum, line) => sum + line.quantity, 0),
    'piece',
  )} of ${count(lines.length, 'SKU')}`;

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;

type Asked = {
  lines?: { sku: string; quantity: number }[];
  amount?: Money;
  paymentMethod?: string;
  address?: { city: string; country: string };
};

const SUMMARIES: Record<string, (asked: Asked) => string> = {
  takeLines: ({ lines = [] }) => `take ${pieces(lines)} out of the cart`,
  putLinesBack: () => 'undo: put the lines back into the cart',
  remindOfCart: () => 'tell that the cart was left alone',
  reserveStock: ({ lines = [] }) => `set aside ${pieces(lines)}`,
  releaseStock: () => 'undo: give the stock back',
  commitStock: () => 'the stock has left the building',
  restockReturn: ({ lines = [] }) => `put ${pieces(lines)} back on the shelf`,
  authorizePayment: ({ amount, paymentMethod }) => `hold ${inWords(amount!)} on ${paymentMethod}`,
  voidPayment: () => 'undo: let the held money go',
  capturePayment: () => 'take the held money',
  refundPayment: ({ amount }) => `give ${inWords(amount!)} back`,
  bookShipment: ({ address }) => `book a parcel to ${address!.city}, ${address!.country}`,
  cancelShipment: () => 'undo: cancel the parcel',
  placeInOneGo: ({ lines = [] }) => `place and confirm an order of ${pieces(lines)}`,
  trackShipment: () => 'ask the carrier where the parcel is',
};

/** One line in the Temporal Web UI on what an activity was asked. */
export const summaryOf = (activity: string, request: unknown): string =>
  (SUMMARIES[activity]?.(request as Asked) ?? activity).slice(0, LIMIT);

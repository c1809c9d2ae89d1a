import { oneLine } from '../display/markdown.ts';
import type { Money } from '../../activities/money.ts';
import { moneyInWords } from '../../activities/money-in-words.ts';

// Temporal promises to keep 200 bytes of a summary, quotation marks included.
const LIMIT_BYTES = 180;

/** "12 pieces of 3 SKUs" */
export const piecesInWords = (lines: readonly { quantity: number }[]): string =>
  `${count(
    lines.reduce((sum, line) => sum + line.quantity, 0),
    'piece',
  )} of ${count(lines.length, 'SKU')}`;

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;

interface SummaryInput {
  fromCart?: boolean;
  total?: Money;
  shippingAddress?: { city: string; country: string };
  lines?: { sku: string; quantity: number }[];
  amount?: Money;
  paymentMethod?: string;
  address?: { city: string; country: string };
  rejection?: { code: string };
  step?: string;
  action?: string;
  outcome?: string;
  trouble?: string;
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
  capturePayment: ({ amount }) => (amount ? `capture ${moneyInWords(amount)}` : 'capture the authorized money'),
  releaseRest: () => 'release what will not be captured',
  renewHold: ({ amount, paymentMethod }) => `hold ${moneyInWords(amount!)} again on ${paymentMethod}`,
  releaseReplacedHolds: () => 'release the holds that another one has replaced',
  releaseLines: ({ lines = [] }) => `release ${piecesInWords(lines)} that are not sent`,
  reserveParcel: ({ lines = [] }) => `reserve ${piecesInWords(lines)} to be sent again`,
  releaseParcel: () => 'undo: release what was to be sent again',
  restockParcel: ({ lines = [] }) => `put ${piecesInWords(lines)} of a parcel that came back into stock`,
  refundPayment: ({ amount }) => `refund ${moneyInWords(amount!)}`,
  forgoRefund: () => 'give the refund up: the processor shall not pay it late',
  recordManualRefund: ({ amount }) => `enter a refund of ${moneyInWords(amount!)} that a person has made`,
  recapturePayment: ({ amount }) => `hold ${moneyInWords(amount!)} again and capture it`,
  forgoCapture: () => 'write the money off: the processor shall not take it late',
  recordManualCapture: ({ amount }) => `enter ${moneyInWords(amount!)} that a person has got in another way`,
  readDispute: () => 'ask the card processor how the dispute stands',
  releaseLateHold: () => 'release a hold that came too late',
  bookShipment: ({ address }) => `book a parcel to ${address!.city}, ${address!.country}`,
  cancelShipment: () => 'undo: cancel the parcel',
  placeAtOnce: ({ fromCart, total, shippingAddress, ...order }) =>
    [
      'record',
      ...(fromCart ? [SUMMARIES.takeLines!(order)] : []),
      SUMMARIES.reserveStock!(order),
      `authorize ${moneyInWords(total!)}`,
      SUMMARIES.bookShipment!({ address: shippingAddress! }),
      'confirm',
    ].join(', '),
  recordOrder: () => 'record the order as pending',
  noteSteps: () => 'store the history of the order',
  awaitCustomer: () => 'record that the customer must confirm the payment',
  authorizeOrder: () => 'record that the customer has confirmed the payment',
  confirmOrder: () => 'record the order as confirmed',
  withholdOrder: () => 'make sure that nobody else confirms the order',
  rejectOrder: ({ rejection }) => `record the order as rejected: ${rejection!.code}`,
  cancelOrder: () => 'record the order as canceled',
  requireVersion: () => 'make sure that the order has not changed meanwhile',
  replaceParcels: () => 'record the parcels that take the place of others',
  getOutstanding: () => 'look up what is still to be captured',
  awaitPaymentMethod: () => 'record that the customer must name another payment method',
  renewPayment: () => 'record that another payment method holds the money',
  noteParcel: ({ trouble }) => `record that a parcel is ${(trouble ?? '').replaceAll('_', ' ')}`,
  resolveParcel: ({ action }) => `record that staff decided about a parcel: ${action}`,
  dispatchOrder: () => 'record that the carrier has the parcel',
  captureOrder: () => 'record that the order is paid',
  deliverOrder: () => 'record the delivery',
  completeOrder: () => 'record the order as completed',
  releasePayment: () => 'record that the late hold was released, and tell the customer',
  openIntervention: ({ step }) => `ask a person about ${step}`,
  closeIntervention: ({ action }) => `record that a person decided: ${action}`,
  receiveReturn: ({ lines = [] }) => `record that ${piecesInWords(lines)} came back`,
  refundReturn: () => 'record the return as refunded',
  endRefund: ({ outcome }) => `record the refund as ${outcome}`,
  takeBackRefund: () => 'take the refund out of the books: it was not paid',
  takeBackCapture: () => 'take the capture out of the books: it was not paid',
  endFailedCapture: ({ outcome }) => `record the money as ${(outcome ?? '').replaceAll('_', ' ')}`,
  skipRefund: () => 'record the return as not refunded',
  expireReturn: () => 'record the return as expired',
  trackShipment: () => 'ask the carrier where the parcel is',
};

/** One line in the Temporal Web UI that says what an activity was called for. */
export const summaryOf = (activity: string, request: unknown): string =>
  shortened(oneLine(SUMMARIES[activity]?.(request as SummaryInput) ?? activity));

/** The beginning of a text, without half a character. */
function shortened(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(LIMIT_BYTES));
  return text.slice(0, read);
}

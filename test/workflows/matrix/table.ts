import type { AskedStep } from '../../../activities/intervention-decisions.ts';
import { cartActivities } from '../../../activities/cart.ts';
import { inventoryActivities } from '../../../activities/inventory.ts';
import { type OrderActivities, orderActivities } from '../../../activities/order-bookkeeping.ts';
import { paymentActivities } from '../../../activities/payment.ts';
import { shippingActivities } from '../../../activities/shipping.ts';
import type { Operations } from '../../../platform/contract/operation.ts';
import type { StepActivityName } from '../../stage/fake-order-services.ts';
import type { STORIES } from './stories.ts';

export type ActivityName = StepActivityName | keyof OrderActivities;

/** What follows a refusal. */
export type Kind =
  /** The order is rejected, and what was done before is compensated. */
  | { kind: 'compensable' }
  /** A compensation, or a step that only moves forward: a person decides about this step. */
  | { kind: 'required'; asks: AskedStep }
  /** The change of the order is given up, and everything is as before. */
  | { kind: 'change' }
  /** The order's books do not know of what they are told: a bug, and the workflow fails, so that a person looks. */
  | { kind: 'bookkeeping' };

/** One step: an activity, where it is called. */
export type Row = Kind & {
  story: keyof typeof STORIES;
  /** Which of the activity's calls in the story. Absent: all. */
  of?: (request: { parcelId?: string; paymentMethod?: string }) => boolean;
  /** Refusals that are no trouble there, and have tests of their own. */
  elsewhere?: readonly string[];
};

const COMPLETED = 'placed from a cart, delivered and completed';
const CANCELED = 'placed from a cart and canceled';
const DIVIDED = 'divided, sent elsewhere and canceled in part';
const SENT_AGAIN = 'returned to its sender and sent again';
const OTHER_METHOD = 'paid with another method';
const ofTheFirst: Row['of'] = ({ parcelId }) => parcelId === undefined;
const ofAnother: Row['of'] = ({ parcelId }) => parcelId !== undefined;
const LEFT = ['AlreadyDispatched'];

/** Every activity that the workflows of orders, returns, refunds and carts call. It does not compile if one is missing. */
const TABLE: Record<ActivityName, Row | readonly Row[]> = {
  takeLines: { kind: 'compensable', story: COMPLETED },
  reserveStock: { kind: 'compensable', story: COMPLETED },
  authorizePayment: { kind: 'compensable', story: COMPLETED },
  bookShipment: [
    { kind: 'compensable', story: COMPLETED },
    { kind: 'change', story: DIVIDED, of: ofAnother },
    { kind: 'required', asks: 'rebookShipment', story: OTHER_METHOD, of: ofAnother },
  ],

  cancelShipment: [
    { kind: 'required', asks: 'bookShipment', story: CANCELED, elsewhere: LEFT },
    { kind: 'change', story: DIVIDED, of: ofTheFirst, elsewhere: LEFT },
    { kind: 'required', asks: 'unbookShipment', story: OTHER_METHOD, elsewhere: LEFT },
  ],
  voidPayment: { kind: 'required', asks: 'authorizePayment', story: CANCELED },
  releaseStock: { kind: 'required', asks: 'reserveStock', story: CANCELED },
  putLinesBack: { kind: 'required', asks: 'takeLines', story: CANCELED },

  capturePayment: { kind: 'required', asks: 'capturePayment', story: COMPLETED, elsewhere: ['HoldExpired'] },
  commitStock: { kind: 'required', asks: 'commitStock', story: COMPLETED },
  releaseLines: { kind: 'required', asks: 'releaseLines', story: DIVIDED },
  releaseRest: { kind: 'required', asks: 'releaseRest', story: DIVIDED },
  releaseReplacedHolds: { kind: 'required', asks: 'releaseReplacedHolds', story: OTHER_METHOD },
  restockParcel: { kind: 'required', asks: 'restockParcel', story: SENT_AGAIN },
  releaseParcel: {
    kind: 'required',
    asks: 'reserveParcel',
    story: 'returned to its sender and not booked again',
  },
  restockReturn: { kind: 'required', asks: 'restockReturn', story: 'sent back and refunded' },
  refundPayment: { kind: 'required', asks: 'refundPayment', story: 'refunded' },
  forgoRefund: { kind: 'required', asks: 'forgoRefund', story: 'not refunded', elsewhere: ['AlreadyRefunded'] },
  recordManualRefund: {
    kind: 'required',
    asks: 'recordManualRefund',
    story: 'refunded by hand',
    elsewhere: ['AlreadyRefunded'],
  },
  recapturePayment: { kind: 'required', asks: 'recapturePayment', story: 'captured again' },
  forgoCapture: { kind: 'required', asks: 'forgoCapture', story: 'written off', elsewhere: ['AlreadyCaptured'] },
  recordManualCapture: {
    kind: 'required',
    asks: 'recordManualCapture',
    story: 'collected by hand',
    elsewhere: ['AlreadyCaptured'],
  },
  releaseLateHold: { kind: 'required', asks: 'releasePayment', story: 'paid too late' },
  trackShipment: { kind: 'required', asks: 'dispatch', story: 'taken by mistake' },
  remindOfCart: { kind: 'bookkeeping', story: 'left in the cart' },

  renewHold: {
    kind: 'change',
    story: OTHER_METHOD,
    of: ({ paymentMethod }) => paymentMethod === 'pm_card_mastercard',
  },
  reserveParcel: { kind: 'change', story: SENT_AGAIN },
  requireVersion: { kind: 'change', story: DIVIDED },

  recordOrder: { kind: 'bookkeeping', story: COMPLETED },
  noteSteps: { kind: 'bookkeeping', story: COMPLETED },
  confirmOrder: { kind: 'bookkeeping', story: COMPLETED },
  dispatchOrder: { kind: 'bookkeeping', story: COMPLETED },
  captureOrder: { kind: 'bookkeeping', story: COMPLETED },
  deliverOrder: { kind: 'bookkeeping', story: COMPLETED },
  completeOrder: { kind: 'bookkeeping', story: COMPLETED },
  cancelOrder: { kind: 'bookkeeping', story: CANCELED },
  rejectOrder: { kind: 'bookkeeping', story: 'rejected' },
  withholdOrder: { kind: 'bookkeeping', story: 'rejected after a lost attempt' },
  awaitCustomer: { kind: 'bookkeeping', story: 'confirmed by its customer' },
  authorizeOrder: { kind: 'bookkeeping', story: 'confirmed by its customer' },
  replaceParcels: { kind: 'bookkeeping', story: DIVIDED },
  getOutstanding: { kind: 'bookkeeping', story: DIVIDED },
  awaitPaymentMethod: { kind: 'bookkeeping', story: OTHER_METHOD },
  renewPayment: { kind: 'bookkeeping', story: OTHER_METHOD },
  noteParcel: { kind: 'bookkeeping', story: SENT_AGAIN },
  resolveParcel: { kind: 'bookkeeping', story: SENT_AGAIN },
  openIntervention: { kind: 'bookkeeping', story: 'not refunded' },
  closeIntervention: { kind: 'bookkeeping', story: 'not refunded' },
  endRefund: { kind: 'bookkeeping', story: 'refunded' },
  takeBackRefund: { kind: 'bookkeeping', story: 'refunded again' },
  takeBackCapture: { kind: 'bookkeeping', story: 'captured again' },
  endFailedCapture: { kind: 'bookkeeping', story: 'captured again' },
  readDispute: { kind: 'bookkeeping', story: 'disputed' },
  receiveReturn: { kind: 'bookkeeping', story: 'sent back and refunded' },
  refundReturn: { kind: 'bookkeeping', story: 'sent back and refunded' },
  skipRefund: { kind: 'bookkeeping', story: 'sent back and not refunded' },
  expireReturn: { kind: 'bookkeeping', story: 'never sent back' },
  releasePayment: { kind: 'bookkeeping', story: 'paid too late' },
};

export const CONTRACTS: Operations = {
  ...cartActivities,
  ...inventoryActivities,
  ...paymentActivities,
  ...shippingActivities,
  ...orderActivities,
};

export const ROWS = Object.entries(TABLE).flatMap(([name, rows]) =>
  [rows].flat().map((row): [ActivityName, Row] => [name as ActivityName, row]),
);

/** The refusals of an activity that are trouble there. */
export const refusalsOf = (name: ActivityName, { elsewhere = [] }: Row): readonly string[] =>
  CONTRACTS[name]!.refuses.filter((code) => !elsewhere.includes(code));

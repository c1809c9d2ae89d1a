import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ShippingAddress } from '../../activities/address.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { Lane } from '../../activities/lane.ts';
import { moneyInWords } from '../../activities/money-in-words.ts';
import type { OrderStatus, PlacingStep, RejectionCode } from '../../activities/order-status.ts';
import type { Attempt, OrderStart } from '../../activities/order-placing.ts';
import type { Money } from '../../activities/money.ts';
import { Mismatch, type Parser, boolean, list, oneOf, orAbsent, record, string } from '../incoming/parsing.ts';
import { money, paymentMethod, shippingAddress, stockLines, utcTime, uuid } from '../incoming/values.ts';
import type { Hold } from './hold.ts';
import type { ParcelState } from './parcel.ts';
import { ORDER_TASK_QUEUE, customerIdAttribute } from '../saga/messages.ts';
import { CONFIRMED, PLACED, type Standing, shownAs } from '../saga/standing.ts';

/** What the order workflow is started with. Names and prices stay in the order service: the steps do not need them. */
export interface OrderInput {
  orderId: string;
  customerId: string;
  lines: StockLine[];
  total: Money;
  paymentMethod: string;
  /** Whether the payment method is saved for later orders. Absent: it is not. */
  savePaymentMethod?: boolean | undefined;
  shippingAddress: ShippingAddress;
  /** Whether the lines come from the customer's cart and leave it with the order. Absent: they were given. */
  fromCart?: boolean | undefined;
  /** After how many days a hold is renewed. Absent: never. */
  authorizationDays?: number | undefined;
  /** Where the order stands, if its workflow begins again with a history of its own. */
  resumption?: Resumption | undefined;
  /** What the order service did of it before, in the lane `express`. Absent there: it may have done anything. */
  attempt?: Attempt | undefined;
}
/** What became of a change: null if it was made. */
export type ChangeAnswer = { code: string; message: string } | null;

/** A confirmed order, as its workflow knows it. */
export interface Resumption {
  parcels: ParcelState[];
  /** Those that had left before others took their place. */
  settled: ParcelState[];
  /** How often each step has had each outcome. */
  historyCounts: Record<string, number>;
  hold: Omit<Hold, 'renewAt'> & { renewAt?: number | undefined };
  /** Whether there is news about the payment that nobody has looked at. */
  paymentNews: boolean;
  /** The changes that earlier executions have taken, by the ids of their updates: Temporal knows those of one execution only. */
  answered: [updateId: string, refusal: ChangeAnswer][];
  shippingAddress: ShippingAddress;
  returnableUntil?: string;
  standing: Standing;
}
/** The workflow itself has written it; a text of people would be refused by what it is needed for. */
const resumption: Parser<Resumption> = (value, at) => {
  record(
    { parcels: list((parcel) => parcel, { max: 100 }), hold: record({}, { others: 'left out' }) },
    { others: 'left out' },
  )(value, at);
  return value as Resumption;
};
const attempt: Parser<Attempt> = record(
  {},
  {
    optional: {
      confirmedAt: utcTime,
      promisedBy: utcTime,
      tried: list(oneOf<PlacingStep>('takeLines', 'reserveStock', 'authorizePayment', 'bookShipment'), { max: 10 }),
    },
  },
);
const authorizationDays: Parser<number> = (value, at) => {
  if (typeof value === 'number' && value > 0 && value <= 365) return value;
  throw new Mismatch(at, 'a number of days up to 365');
};
/** A field that this version does not know is left out: its sender may be newer, as after a rollback. */
export const orderInput: Parser<OrderInput> = record(
  { orderId: uuid, customerId: uuid, lines: stockLines, total: money, paymentMethod, shippingAddress },
  {
    optional: { savePaymentMethod: boolean, fromCart: boolean, authorizationDays, resumption, attempt },
    others: 'left out',
  },
);

/** How an order ended, for people who look at its workflow: the order service has recorded it before. */
export interface OrderResult {
  status: OrderStatus;
  /** Why it was rejected. */
  code?: RejectionCode;
  /** Why it was rejected or canceled, in words. */
  detail?: string;
}

/** The memo of an order workflow. Without it the order takes the lane `durable`. */
export interface LaneMemo {
  lane: Lane;
  /** Whether the workflow shows in lists how payment and fulfilment stand, and what it waits for. */
  showsStanding?: true;
  /** In the lane `local-first`: all steps are first tried in one local activity. Absent: each in one of its own. */
  atOnce?: true;
}

/** What details say of which order they are of, in Markdown. */
export const orderTitle = ({ orderId, total }: Pick<OrderInput, 'orderId' | 'total'>): string =>
  `Order ${orderId}: ${moneyInWords(total)}`;

/** When a parcel is usually dispatched: if the carrier has sent no news by then, it is asked. */
export const FIRST_QUESTION_MS = 6 * 60 * 60 * 1000;

/**
 * The client's options for an order's workflow. `startDelay` is not among them: with it a signal-with-start would wait,
 * and an update-with-start is refused.
 */
export const startOptionsOf = ({ input, lane, details }: OrderStart) => ({
  workflowId: orderWorkflowId(input.orderId),
  taskQueue: ORDER_TASK_QUEUE,
  workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
  args: [input] as [OrderInput],
  memo: { lane, showsStanding: true, ...(lane === 'local-first' && { atOnce: true }) } satisfies LaneMemo as Record<
    string,
    unknown
  >,
  staticSummary: `${input.lines.length} ${input.lines.length === 1 ? 'line' : 'lines'}, ${moneyInWords(input.total)}, customer ${input.customerId}`,
  ...(details !== undefined && { staticDetails: details }),
  typedSearchAttributes: [
    ...shownAs(input.attempt?.confirmedAt === undefined ? PLACED : CONFIRMED),
    { key: customerIdAttribute, value: input.customerId },
  ],
});

/** One order, one workflow: the server itself refuses a second one. */
export const orderWorkflowId = (orderId: string): string => `order-${orderId}`;

/** Cancels an order. The validator refuses `TooLateToCancel` once it is dispatched or has ended, and `InvalidRequest`. */
export const cancelUpdate = defineUpdate<void, [CancelRequest]>('cancel');
export interface CancelRequest {
  reason?: string;
}
/** Sent by hand it may come without input: that is a request without a reason. */
export const cancelRequest: Parser<CancelRequest> = orAbsent(
  record({}, { optional: { reason: string({ max: 500 }) }, others: 'left out' }),
  {},
);

/** The processor has an event about the payment: what has happened is asked. It may come at any time and more than once. */
export const paymentMovedSignal = defineSignal<[PaymentMoved]>('paymentMoved');
export interface PaymentMoved {
  /** The card's bank has released this hold by itself: the payment service's books say so. The first hold's id is the order's. */
  expiredHoldId?: string | undefined;
}
export const paymentMoved: Parser<PaymentMoved> = orAbsent(
  record({}, { optional: { expiredHoldId: uuid }, others: 'left out' }),
  {},
);

/** An update from the carrier. They may come in any order and more than once. `parcelId` absent: the order's first parcel. */
export const parcelMovedSignal = defineSignal<[ParcelMoved]>('parcelMoved');
export interface ParcelMoved {
  status: 'dispatched' | 'delivered' | 'delayed' | 'lost' | 'returned_to_sender';
  parcelId?: string | undefined;
}
export const parcelMoved: Parser<ParcelMoved> = record(
  { status: oneOf('dispatched', 'delivered', 'delayed', 'lost', 'returned_to_sender') },
  { optional: { parcelId: uuid }, others: 'left out' },
);

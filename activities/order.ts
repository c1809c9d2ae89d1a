import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import { OrderRef, StockLine } from './identity.ts';
import { Money } from './money.ts';
import { ConfirmInStripe, ConfirmOnPage } from './payment.ts';
import { type Implementation, PageRequest, type RefusalOf, operation, pageOf } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';
import { FulfillmentStatus, HistoryItem, OrderAction, OrderStatus, PaymentStatus, Rejection } from './order-status.ts';
import { ChangedOrders, FollowMoves, FollowStory, HistoryPage } from './order-history.ts';
import { orderActivities } from './order-bookkeeping.ts';
import { interventionRequests } from './order-intervention.ts';
import { orderNoteRequests } from './order-note.ts';
import { OrderStart, PlaceOrder, PricedLine } from './order-placing.ts';
import { Parcel, ParcelStatus, parcelRequests } from './parcel.ts';
import { DraftRefund, Refund } from './refund.ts';
import { SearchOrders, orderSearchRequests } from './order-search.ts';
import { DraftReturn, Return, ReturnRef } from './return.ts';
import { salesReportRequests } from './sales-report.ts';

const expiry = { expiresAt: z.iso.datetime() };
/** What the customer must do before the order goes on, and until when. */
export const NextAction = z.discriminatedUnion('type', [ConfirmOnPage.extend(expiry), ConfirmInStripe.extend(expiry)]);
export type NextAction = z.infer<typeof NextAction>;

/**
 * What an order waits for, and until when. `payment_confirmation`, `payment_method`: its customer. `person`: staff, who must
 * decide about a step. `parcel_decision`: staff, who must decide about a parcel that is lost or came back.
 */
export const WaitsFor = z.object({
  what: z.enum([
    'payment_confirmation',
    'payment_method',
    'person',
    'parcel_decision',
    'dispatch',
    'delivery',
    'return_window',
  ]),
  until: z.iso.datetime().optional(),
});
export type WaitsFor = z.infer<typeof WaitsFor>;

/** An order as its customer and the staff see it. */
export const Order = z.object({
  id: z.uuid(),
  /** Short and unique, for people: "10042". */
  number: z.string(),
  customerId: z.uuid(),
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  fulfillmentStatus: FulfillmentStatus,
  lines: z.array(PricedLine),
  total: Money,
  shippingAddress: ShippingAddress,
  rejection: Rejection.nullable(),
  /** What was taken from the card, and what of it was given back. An older order service leaves them out. */
  captured: Money.optional(),
  refunded: Money.optional(),
  /** Null unless its customer must act now. An older order service leaves it out. */
  nextAction: NextAction.nullish().transform((action) => action ?? null),
  /** That of its first parcel that is not canceled. */
  trackingNumber: z.string().nullable(),
  /** How it travels, without canceled parcels; empty before it is booked. An older order service leaves it out. */
  parcels: z.array(Parcel).optional(),
  /** The pieces that are not sent. An older order service leaves them out. */
  canceledLines: z.array(StockLine).optional(),
  /** Null if it waits for nothing, or is just being placed. An older order service leaves it out. */
  waitsFor: WaitsFor.nullish(),
  /** End of the return window; null until the whole order is delivered. */
  returnableUntil: z.iso.datetime().nullable(),
  /** What succeeds now, as far as the order service knows: the workflow may know of a dispatch a moment earlier. */
  allowedActions: z.array(OrderAction),
  /** Incremented by every change; used for ETags. */
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Order = z.infer<typeof Order>;

/** At most 100, as an order may have 400 KB. */
export const OrderRefs = z.strictObject({ orderIds: z.array(z.uuid()).max(100) });
export type OrderRefs = z.infer<typeof OrderRefs>;

export const PlacedOrder = z.object({
  order: Order,
  /** False for a repeat. */
  created: z.boolean(),
  /** How the caller starts the order's workflow. Absent: it was started before, or the order service starts it. */
  start: OrderStart.optional(),
});
export type PlacedOrder = z.infer<typeof PlacedOrder>;
/** `patienceMs` is the longest time to wait for a decision. */
export const AwaitOrder = z.strictObject({ orderId: z.uuid(), patienceMs: z.int().min(0).max(30_000) });
export type AwaitOrder = z.infer<typeof AwaitOrder>;
export const ListOrders = z.strictObject({
  /** Absent: orders of all customers. */
  customerId: z.uuid().optional(),
  status: OrderStatus.optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListOrders = z.infer<typeof ListOrders>;

/** What the order service has recorded of one order, for reconciliation. */
export const OrderSummary = z.object({
  orderId: z.uuid(),
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  /** The payment status apart from what people are asked or have taken over; absent if it is the same, and of an older service. */
  underlyingPaymentStatus: PaymentStatus.optional(),
  fulfillmentStatus: FulfillmentStatus,
  total: Money,
  lines: z.array(StockLine),
  /** Refunded so far, in minor units of the currency of `total`. */
  refundedMinor: z.int(),
  /** Resellable pieces returned so far, per SKU. */
  restocked: z.array(StockLine),
  trackingNumber: z.string().nullable(),
  /** Captured so far, in the same minor units. An older order service leaves this and the next two out. */
  capturedMinor: z.int().optional(),
  /** The pieces that are not sent. */
  canceled: z.array(StockLine).optional(),
  /** Their price, in the same minor units. */
  canceledMinor: z.int().optional(),
  /** All of its parcels, canceled ones included. */
  parcels: z.array(z.object({ id: z.uuid(), trackingNumber: z.string().nullable(), status: ParcelStatus })).optional(),
  /** Until when its customer may act; null or absent if the order waits for nobody. */
  awaitsCustomerUntil: z.iso.datetime().nullish(),
  updatedAt: z.iso.datetime(),
});
export type OrderSummary = z.infer<typeof OrderSummary>;

export const MeasureBacklog = z.strictObject({ youngerThanSeconds: z.int().min(1).max(86_400) });
export type MeasureBacklog = z.infer<typeof MeasureBacklog>;
/** How many orders wait for a decision, and how fast orders are decided. */
export const Backlog = z.object({
  /** Pending orders of that age at most, drafts included; without those that wait for their customers. */
  undecided: z.int().min(0),
  /** Orders per second that stopped being `pending`, averaged over the last few seconds. */
  decidedPerSecond: z.number().min(0),
});
export type Backlog = z.infer<typeof Backlog>;

/** What the order service's HTTP API offers. */
export const orderRequests = {
  ...orderSearchRequests,
  ...orderNoteRequests,
  ...interventionRequests,
  ...parcelRequests,
  ...salesReportRequests,
  /**
   * Stores an order with its lines, prices and address. In the lane `express` the order is then placed, its steps are taken
   * at once, and `order` is mostly `confirmed`; otherwise it is a draft, which no list shows until recordOrder. A repeat
   * changes nothing and returns the stored order, at its prices. Refuses `OrderDiffers` if the stored order has other
   * contents.
   */
  placeOrder: operation({
    request: PlaceOrder,
    response: PlacedOrder,
    // In the lane `express`: 10 s of waiting for a turn, 3 s of an attempt, and the statements around it.
    timeoutMs: 20_000,
    patient: false,
    refuses: ['OrderDiffers'],
  }),
  /**
   * How to start the workflow of an order. A client that signals or updates the workflow needs this, because the workflow may
   * not have been started yet. Absent: the order has ended. Refuses `OrderNotFound`.
   */
  getOrderStart: operation({
    request: OrderRef,
    response: z.object({ start: OrderStart.optional() }),
    refuses: ['OrderNotFound'],
  }),
  /** One order, drafts included. Refuses `OrderNotFound`. */
  getOrder: operation({ request: OrderRef, response: Order, refuses: ['OrderNotFound'] }),
  /** Several orders, in no particular sequence. Unknown ids are left out. */
  getOrders: operation({ request: OrderRefs, response: z.object({ items: z.array(Order) }) }),
  /**
   * Long poll: the order as soon as it is not `pending` any more or its customer must act, or after `patienceMs`.
   * Refuses `OrderNotFound`.
   */
  awaitOrder: operation({ request: AwaitOrder, response: Order, timeoutMs: 35_000, refuses: ['OrderNotFound'] }),
  /** The recorded orders, newest first. Refuses `BadCursor`. */
  listOrders: operation({ request: ListOrders, response: pageOf(Order), refuses: ['BadCursor'] }),
  /** The recorded orders that staff look for, newest first. Refuses `BadCursor`. */
  searchOrders: operation({ request: SearchOrders, response: pageOf(Order), refuses: ['BadCursor'] }),
  /** The order's whole history, oldest entry first. Refuses `OrderNotFound`. */
  getHistory: operation({
    request: OrderRef,
    response: z.object({ items: z.array(HistoryItem) }),
    refuses: ['OrderNotFound'],
  }),
  /** Long poll: the orders with history entries after `after`, as soon as there are any, or after `patienceMs`. */
  followMoves: operation({ request: FollowMoves, response: ChangedOrders, timeoutMs: 35_000 }),
  /**
   * The history entries after this position; the whole history if the order has no entry at this position. Complete: no
   * entry is added later at a position before the last one.
   */
  followStory: operation({ request: FollowStory, response: HistoryPage }),
  /**
   * Stores a customer's request to return goods. A repeat changes nothing and returns the stored return.
   * Refuses `OrderNotFound`, `NotReturnable` (not delivered, or the return window has closed), `TooMany` (more than
   * was bought and is not covered by other returns) and `ReturnDiffers` (the stored return has other contents).
   */
  draftReturn: operation({
    request: DraftReturn,
    response: Return,
    refuses: ['OrderNotFound', 'NotReturnable', 'TooMany', 'ReturnDiffers'],
  }),
  /** One return. Refuses `ReturnNotFound`. */
  getReturn: operation({ request: ReturnRef, response: Return, refuses: ['ReturnNotFound'] }),
  /** The returns of an order, newest first. Refuses `OrderNotFound`. */
  listReturns: operation({
    request: OrderRef,
    response: z.object({ items: z.array(Return) }),
    refuses: ['OrderNotFound'],
  }),
  /**
   * Stores that staff wants to give money back, and starts the workflow that does it. A repeat changes nothing and returns
   * the stored refund. Refuses `OrderNotFound`; `RefundTooLarge` above what was captured and is neither refunded nor about to
   * be; `TooMany` pieces that were not bought or were paid back before; `NothingToRefund` where the pieces cost nothing;
   * `WrongCurrency`; `RefundAboveLimit`; and `RefundDiffers` (the stored refund has other contents).
   */
  draftRefund: operation({
    request: DraftRefund,
    response: Refund,
    refuses: [
      'OrderNotFound',
      'RefundTooLarge',
      'TooMany',
      'NothingToRefund',
      'WrongCurrency',
      'RefundAboveLimit',
      'RefundDiffers',
    ],
  }),
  /** The refunds of an order without those of its returns, newest first. Refuses `OrderNotFound`. */
  listRefunds: operation({
    request: OrderRef,
    response: z.object({ items: z.array(Refund) }),
    refuses: ['OrderNotFound'],
  }),
  /** For reconciliation: every recorded order, by ascending id. Refuses `BadCursor`. */
  listBooks: operation({ request: PageRequest, response: pageOf(OrderSummary), refuses: ['BadCursor'] }),
  /** For admission control: the orders that a new one would wait behind. Not retried: it is polled every second. */
  getBacklog: operation({ request: MeasureBacklog, response: Backlog, repeatable: false }),
};
export type OrderRequests = Implementation<typeof orderRequests>;

export type OrderRefusal = RefusalOf<typeof orderActivities> | RefusalOf<typeof orderRequests>;
export const orderRefusal = refusalFor<OrderRefusal>();

import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef, Quantity, Sku, StockLine } from './identity.ts';
import { Lane } from './lane.ts';
import { Money } from './money.ts';
import {
  type Implementation,
  PageRequest,
  type RefusalOf,
  activity,
  operation,
  pageOf,
} from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';
import {
  FulfillmentStatus,
  HistoryItem,
  OrderStatus,
  PaymentStatus,
  Rejection,
  Step,
  HistoryEntry,
} from './order-status.ts';
import { FollowMoves, FollowStory, Moves, Story } from './order-history.ts';
import { PaymentMethod } from './payment.ts';
import { DraftReturn, ReceivedLine, Return, ReturnRef } from './return.ts';

/** A line with the catalogue's name and price at the moment of placing. */
export const PricedLine = z.strictObject({ sku: Sku, name: z.string(), quantity: Quantity, unitPrice: Money });
export type PricedLine = z.infer<typeof PricedLine>;

export const Order = z.object({
  id: z.uuid(),
  customerId: z.uuid(),
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  fulfillmentStatus: FulfillmentStatus,
  lines: z.array(PricedLine),
  total: Money,
  shippingAddress: ShippingAddress,
  rejection: Rejection.nullable(),
  trackingNumber: z.string().nullable(),
  /** When it may no longer be returned; null until it is delivered. */
  returnableUntil: z.iso.datetime().nullable(),
  /** Counts changes: what an ETag is made of. */
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Order = z.infer<typeof Order>;

/** Each of which may be 400 KB. */
export const OrderRefs = z.strictObject({ orderIds: z.array(z.uuid()).max(100) });
export type OrderRefs = z.infer<typeof OrderRefs>;

/** What every bookkeeping step carries: the order, and the story since the last one. */
export const OrderUpdate = z.strictObject({
  orderId: z.uuid(),
  /** The workflow that tells it; with an entry's sequence, its name. */
  workflowId: z.string(),
  entries: z.array(HistoryEntry),
});
export type OrderUpdate = z.infer<typeof OrderUpdate>;
/** Whether somebody had recorded the order before, be it an earlier try of the same asking. */
export const Recorded = z.object({ again: z.boolean() });
export type Recorded = z.infer<typeof Recorded>;
export const ConfirmOrder = OrderUpdate.extend({
  trackingNumber: z.string(),
  /** True of whoever withholds an order before giving it up, and then finds that it can only go forward. */
  despiteWithheld: z.boolean().optional(),
});
export type ConfirmOrder = z.infer<typeof ConfirmOrder>;
/** Whether the order was confirmed before it could be withheld. */
export const Withheld = z.object({ confirmed: z.boolean() });
export type Withheld = z.infer<typeof Withheld>;
const Ending = OrderUpdate.extend({ paymentStatus: PaymentStatus, fulfillmentStatus: FulfillmentStatus });
export const RejectOrder = Ending.extend({ rejection: Rejection });
export type RejectOrder = z.infer<typeof RejectOrder>;
export const CancelOrder = Ending.extend({ reason: z.string().max(500).optional() });
export type CancelOrder = z.infer<typeof CancelOrder>;
/** Until when what was delivered may be sent back. */
export const Delivered = z.object({ returnableUntil: z.iso.datetime() });
export type Delivered = z.infer<typeof Delivered>;

export const OpenIntervention = OrderUpdate.extend({
  interventionId: z.uuid(),
  step: Step,
  reason: z.string().max(1000),
  /** Set where it is money that is stuck. */
  paymentStatus: PaymentStatus.optional(),
});
export type OpenIntervention = z.infer<typeof OpenIntervention>;
export const InterventionAction = z.enum(['retry', 'skip']);
export type InterventionAction = z.infer<typeof InterventionAction>;
export const CloseIntervention = OrderUpdate.extend({
  interventionId: z.uuid(),
  action: InterventionAction,
  note: z.string().max(1000),
  resolvedBy: z.string(),
});
export type CloseIntervention = z.infer<typeof CloseIntervention>;

export const ReturnUpdate = OrderUpdate.extend({ returnId: z.uuid() });
export type ReturnUpdate = z.infer<typeof ReturnUpdate>;
export const ReceiveReturn = ReturnUpdate.extend({ lines: z.array(ReceivedLine).min(1).max(4000) });
export type ReceiveReturn = z.infer<typeof ReceiveReturn>;

/**
 * The order service's own bookkeeping, which the order and return workflows run as local activities
 * of its worker. Implemented in services/order/. Each moves the order on at most once and then, again, does nothing;
 * with the change go the entries of the history and the event.
 */
export const orderActivities = {
  /** The drafted order is placed: `pending`. */
  recordOrder: activity({ request: OrderUpdate, response: Recorded }),
  /** Adds to the history and changes nothing else. */
  noteSteps: activity({ request: OrderUpdate }),
  /** Tells its story only where it does confirm the order: whoever comes after `withholdOrder` has nothing to tell. */
  confirmOrder: activity({ request: ConfirmOrder }),
  /** From here on an order that is pending is confirmed by nobody else any more, however late that one asks. */
  withholdOrder: activity({ request: OrderUpdate, response: Withheld }),
  rejectOrder: activity({ request: RejectOrder }),
  cancelOrder: activity({ request: CancelOrder }),
  /** The parcel left: `shipped`. */
  dispatchOrder: activity({ request: OrderUpdate }),
  /** The money is taken: `captured`. */
  captureOrder: activity({ request: OrderUpdate }),
  /** The parcel has arrived: `delivered`, and the return window opens. */
  deliverOrder: activity({ request: OrderUpdate, response: Delivered }),
  /** The return window has closed: `completed`. */
  completeOrder: activity({ request: OrderUpdate }),
  /** A step was refused for good and a person must decide: `requires_action`. */
  openIntervention: activity({ request: OpenIntervention }),
  /** A person decided: the order is again what it was before. */
  closeIntervention: activity({ request: CloseIntervention }),
  /** The goods of a return are back; answers what they were paid, in the order's currency. */
  receiveReturn: activity({ request: ReceiveReturn, response: z.object({ refund: Money }) }),
  /** The refund is paid: the return is `refunded`, and the order partly or wholly `refunded` and `returned`. */
  refundReturn: activity({ request: ReturnUpdate }),
  /** The goods never came: the return is `expired`, and its pieces may be asked for again. */
  expireReturn: activity({ request: ReturnUpdate }),
};
export type OrderActivities = Implementation<typeof orderActivities>;

export const DraftOrder = z.strictObject({
  /** Derived from caller and Idempotency-Key. */
  orderId: z.uuid(),
  customerId: z.uuid(),
  lines: z.array(PricedLine).min(1).max(2000),
  total: Money,
  shippingAddress: ShippingAddress,
  paymentMethod: PaymentMethod,
});
export type DraftOrder = z.infer<typeof DraftOrder>;
export const DraftedOrder = z.object({
  order: Order,
  /** Whether the saga has taken it up already: then there is nothing to start. */
  recorded: z.boolean(),
  /** How its workflow is to carry it. */
  lane: Lane,
});
export type DraftedOrder = z.infer<typeof DraftedOrder>;
export const AwaitOrder = z.strictObject({ orderId: z.uuid(), patienceMs: z.int().min(0).max(30_000) });
export type AwaitOrder = z.infer<typeof AwaitOrder>;
export const ListOrders = z.strictObject({
  /** Absent: everybody's. */
  customerId: z.uuid().optional(),
  status: OrderStatus.optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListOrders = z.infer<typeof ListOrders>;

export const Intervention = z.object({
  id: z.uuid(),
  orderId: z.uuid(),
  workflowId: z.string(),
  step: Step,
  reason: z.string(),
  state: z.enum(['open', 'resolved']),
  action: InterventionAction.nullable(),
  note: z.string().nullable(),
  resolvedBy: z.string().nullable(),
  openedAt: z.iso.datetime(),
  resolvedAt: z.iso.datetime().nullable(),
});
export type Intervention = z.infer<typeof Intervention>;
export const ListInterventions = z.strictObject({
  state: z.enum(['open', 'resolved']).optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListInterventions = z.infer<typeof ListInterventions>;
export const InterventionRef = z.strictObject({ interventionId: z.uuid() });
export type InterventionRef = z.infer<typeof InterventionRef>;

/** What the order service's books say of one order, for reconciliation. */
export const OrderBook = z.object({
  orderId: z.uuid(),
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  fulfillmentStatus: FulfillmentStatus,
  total: Money,
  lines: z.array(StockLine),
  /** What the books say was paid back, in minor units. */
  refundedMinor: z.int(),
  /** Resellable pieces brought back, per SKU. */
  restocked: z.array(StockLine),
  trackingNumber: z.string().nullable(),
  updatedAt: z.iso.datetime(),
});
export type OrderBook = z.infer<typeof OrderBook>;

export const MeasureBacklog = z.strictObject({ youngerThanSeconds: z.int().min(1).max(86_400) });
export type MeasureBacklog = z.infer<typeof MeasureBacklog>;
/** How much the sagas have before them, and how fast they get through it. */
export const Backlog = z.object({
  /** Orders of that age at most, drafts included, of which nobody knows yet what becomes of them. */
  undecided: z.int().min(0),
  /** Orders that stopped being `pending`, a second, over the last few seconds. */
  decidedPerSecond: z.number().min(0),
});
export type Backlog = z.infer<typeof Backlog>;

/** What the order service can be asked at its door. */
export const orderRequests = {
  /**
   * Keeps an order's lines, prices and address until the saga records it; till then no list shows it.
   * Again, answers what is kept, at the prices of the first asking. Refuses `OrderDiffers` if that is another order.
   */
  draftOrder: operation({ request: DraftOrder, response: DraftedOrder, refuses: ['OrderDiffers'] }),
  /** Refuses `OrderNotFound`. */
  getOrder: operation({ request: OrderRef, response: Order, refuses: ['OrderNotFound'] }),
  /** Those of the orders that exist, in any order. */
  getOrders: operation({ request: OrderRefs, response: z.object({ items: z.array(Order) }) }),
  /** The order as soon as it is no longer `pending`, or as it is after `patienceMs`. Refuses `OrderNotFound`. */
  awaitOrder: operation({ request: AwaitOrder, response: Order, timeoutMs: 35_000, refuses: ['OrderNotFound'] }),
  /** Newest first. Refuses `BadCursor`. */
  listOrders: operation({ request: ListOrders, response: pageOf(Order), refuses: ['BadCursor'] }),
  /** The order's story from the beginning. Refuses `OrderNotFound`. */
  getHistory: operation({
    request: OrderRef,
    response: z.object({ items: z.array(HistoryItem) }),
    refuses: ['OrderNotFound'],
  }),
  /** The orders of which something is told since `after`, as soon as there is one or after `patienceMs`. */
  followMoves: operation({ request: FollowMoves, response: Moves, timeoutMs: 35_000 }),
  /** What is told of an order after a position of its story; nothing that could come in between is left out. */
  followStory: operation({ request: FollowStory, response: Story }),
  /** Newest first. Refuses `BadCursor`. */
  listInterventions: operation({ request: ListInterventions, response: pageOf(Intervention), refuses: ['BadCursor'] }),
  /** Refuses `InterventionNotFound`. */
  getIntervention: operation({ request: InterventionRef, response: Intervention, refuses: ['InterventionNotFound'] }),
  /**
   * Keeps a customer's wish to send goods back. Again, answers what is kept.
   * Refuses `OrderNotFound`, `NotReturnable` (not delivered, or the window has closed),
   * `TooMany` (more than was bought and is not on its way back already) and `ReturnDiffers`.
   */
  draftReturn: operation({
    request: DraftReturn,
    response: Return,
    refuses: ['OrderNotFound', 'NotReturnable', 'TooMany', 'ReturnDiffers'],
  }),
  /** Refuses `ReturnNotFound`. */
  getReturn: operation({ request: ReturnRef, response: Return, refuses: ['ReturnNotFound'] }),
  /** Newest first. Refuses `OrderNotFound`. */
  listReturns: operation({
    request: OrderRef,
    response: z.object({ items: z.array(Return) }),
    refuses: ['OrderNotFound'],
  }),
  /** For reconciliation: every recorded order, by ascending id. */
  listBooks: operation({ request: PageRequest, response: pageOf(OrderBook) }),
  /** For admission: what a new order would have to wait behind. */
  // Asked again a second later anyhow.
  getBacklog: operation({ request: MeasureBacklog, response: Backlog, repeatable: false }),
};
export type OrderRequests = Implementation<typeof orderRequests>;

export type OrderRefusal = RefusalOf<typeof orderActivities> | RefusalOf<typeof orderRequests>;
export const orderRefusal = refusalFor<OrderRefusal>();

const OrderEvent = z.object({ orderId: z.uuid(), customerId: z.uuid() });
/** Subject: the order's id. */
export const orderEvents = {
  'order.placed': OrderEvent.extend({ total: Money }),
  'order.confirmed': OrderEvent.extend({ total: Money, lines: z.array(StockLine) }),
  'order.rejected': OrderEvent.extend({ rejection: Rejection }),
  'order.canceled': OrderEvent,
  'order.shipped': OrderEvent.extend({ trackingNumber: z.string().nullable() }),
  'order.delivered': OrderEvent,
  'order.completed': OrderEvent,
  'order.refunded': OrderEvent.extend({ returnId: z.uuid(), refund: Money }),
  'order.action_required': OrderEvent.extend({ step: Step, reason: z.string() }),
} satisfies EventShapes;

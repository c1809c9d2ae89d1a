import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import { StockLine } from './identity.ts';
import { Money } from './money.ts';
import { OrderUpdate } from './order-update.ts';
import { type Implementation, activity, operation, pageOf } from '../platform/contract/operation.ts';
import { text } from './text.ts';

/**
 * `waiting`: it is booked once the order is paid for again. `delayed`, `lost` and `returned_to_sender`: by the carrier.
 * `canceled`: it never leaves; others may have taken its place.
 */
export const ParcelStatus = z.enum([
  'waiting',
  'booked',
  'dispatched',
  'delayed',
  'lost',
  'returned_to_sender',
  'delivered',
  'canceled',
]);
export type ParcelStatus = z.infer<typeof ParcelStatus>;

/** Some pieces of an order that travel together. The id of an order's first parcel is the order's. */
export const Parcel = z.object({
  id: z.uuid(),
  status: ParcelStatus,
  lines: z.array(StockLine),
  /** Null while it waits. */
  trackingNumber: z.string().nullable(),
  /** When the carrier promises to deliver it by; null where it promises nothing. */
  promisedBy: z.iso.datetime().nullable(),
});
export type Parcel = z.infer<typeof Parcel>;

/** What staff decides about a parcel that is lost or came back: send the goods again, give the money back, or wait. */
export const ParcelAction = z.enum(['resend', 'refund', 'wait']);
export type ParcelAction = z.infer<typeof ParcelAction>;

/** What is told of a parcel on its way. `late`: not delivered when it was promised, and the carrier says nothing. */
export const ParcelTrouble = z.enum(['delayed', 'late', 'lost', 'returned_to_sender']);
export type ParcelTrouble = z.infer<typeof ParcelTrouble>;

const lines = z.array(StockLine).min(1).max(2000);
/** A parcel that takes the place of others. Without a tracking number it waits. */
export const NewParcel = z.strictObject({
  parcelId: z.uuid(),
  lines,
  trackingNumber: z.string().nullable(),
  promisedBy: z.iso.datetime().optional(),
});
export type NewParcel = z.infer<typeof NewParcel>;

/** An update about one parcel. Absent: the order's first. */
export const ParcelUpdate = OrderUpdate.extend({ parcelId: z.uuid().optional() });
export type ParcelUpdate = z.infer<typeof ParcelUpdate>;
/**
 * What to capture for a parcel, and what is still to be captured of the order, the parcel included. Absent: all that is held,
 * for an order in one parcel.
 */
export const Due = z.object({ amount: Money.optional(), outstanding: Money.optional() });
export type Due = z.infer<typeof Due>;
/** `captured` absent: all that was to be captured. */
export const CaptureOrder = ParcelUpdate.extend({ captured: Money.optional() });
export type CaptureOrder = z.infer<typeof CaptureOrder>;
/** The end of the return window. Absent while other parcels are on their way. */
export const Window = z.object({ returnableUntil: z.iso.datetime().optional() });
export type Window = z.infer<typeof Window>;

export const ReplaceParcels = OrderUpdate.extend({
  replaced: z.array(z.uuid()).max(100),
  parcels: z.array(NewParcel).max(100),
  /** Of the order from now on. */
  shippingAddress: ShippingAddress.optional(),
  /** Pieces that are not sent at all. */
  canceledLines: lines.optional(),
});
export type ReplaceParcels = z.infer<typeof ReplaceParcels>;
export const RequireVersion = OrderUpdate.extend({ version: z.int() });
export type RequireVersion = z.infer<typeof RequireVersion>;
export const NoteParcel = OrderUpdate.extend({ parcelId: z.uuid(), trouble: ParcelTrouble });
export type NoteParcel = z.infer<typeof NoteParcel>;
export const ResolveParcel = OrderUpdate.extend({
  parcelId: z.uuid(),
  action: ParcelAction,
  note: text(1000),
  resolvedBy: z.string(),
  /** With `resend`: the parcel that takes its place. */
  resentAs: NewParcel.optional(),
});
export type ResolveParcel = z.infer<typeof ResolveParcel>;

/** The part of the order service's bookkeeping that is about parcels: see `orderActivities`. */
export const parcelActivities = {
  /**
   * The carrier has a parcel: the order is `shipped`, or `partially_shipped` while others are not. Publishes `order.shipped`.
   */
  dispatchOrder: activity({ request: ParcelUpdate, response: Due }),
  /** A parcel is paid for: the order is `captured`, or `partially_captured` while more is to be captured. */
  captureOrder: activity({ request: CaptureOrder }),
  /**
   * A parcel has arrived: the order is `delivered`, or `partially_delivered` while others are on their way. Publishes
   * `order.delivered`. The last parcel opens the return window.
   */
  deliverOrder: activity({ request: ParcelUpdate, response: Window }),
  /** Refuses `VersionChanged` if the order is another version than its caller has seen. */
  requireVersion: activity({ request: RequireVersion, refuses: ['VersionChanged'] }),
  /**
   * Parcels that have not left are replaced by others, with another address or fewer pieces. What was captured for pieces that
   * are not sent is refunded. Publishes `order.changed`. If no parcel is on its way any more, the return window opens.
   */
  replaceParcels: activity({ request: ReplaceParcels, response: Window }),
  /** What is still to be captured. */
  getOutstanding: activity({ request: OrderUpdate, response: z.object({ outstanding: Money }) }),
  /** A parcel does not arrive as it should. Publishes `order.parcel_delayed`, `_late`, `_lost` or `_returned_to_sender`. */
  noteParcel: activity({ request: NoteParcel }),
  /**
   * Staff has decided about a parcel that is lost or came back. Another one takes its place, or its price is refunded, or it
   * goes on waiting. If no other parcel is on its way, the return window opens.
   */
  resolveParcel: activity({ request: ResolveParcel, response: Window }),
};
export type ParcelActivities = Implementation<typeof parcelActivities>;

export const ListParcels = z.strictObject({
  /** Whether they are late: not delivered when it was promised, and staff has decided nothing about it. */
  late: z.boolean().optional(),
  status: ParcelStatus.optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListParcels = z.infer<typeof ListParcels>;
export const ParcelId = z.strictObject({ parcelId: z.uuid() });
export type ParcelId = z.infer<typeof ParcelId>;

/** A parcel as staff see it, with its order. */
export const ListedParcel = z.object({
  parcel: Parcel,
  orderId: z.uuid(),
  orderNumber: z.string(),
  customerId: z.uuid(),
  late: z.boolean(),
  /** What staff decided last about a parcel that was lost or came back. `by`: the id of the member of staff. */
  decided: z.object({ action: ParcelAction, note: z.string(), by: z.string() }).nullable(),
});
export type ListedParcel = z.infer<typeof ListedParcel>;

/** Parcels of all orders: part of what the order service's HTTP API offers. */
export const parcelRequests = {
  /** The parcels that fit all that is given, newest first; an order's first one is as old as the order. Refuses `BadCursor`. */
  listParcels: operation({ request: ListParcels, response: pageOf(ListedParcel), refuses: ['BadCursor'] }),
  /** One parcel. Refuses `ParcelNotFound`. */
  getParcel: operation({ request: ParcelId, response: ListedParcel, refuses: ['ParcelNotFound'] }),
};

import { z } from 'zod';
import { Sku } from './identity.ts';
import { Money } from './money.ts';
import { FulfillmentStatus, OrderStatus, PaymentStatus } from './order-status.ts';
import { operation, pageOf } from '../platform/contract/operation.ts';

/** What staff look for. All given conditions must be met. */
export const OrderFilter = z.strictObject({
  /**
   * An order number, an order's or a customer's id, the beginning of an e-mail address, a tracking number, a SKU, or words
   * with which those of the customer's name begin: whatever it may be.
   */
  q: z.string().max(254).optional(),
  number: z.int().min(1).optional(),
  /** The beginning of the customer's e-mail address, in any case. */
  email: z.string().min(1).max(254).optional(),
  customerId: z.uuid().optional(),
  sku: Sku.optional(),
  /** Of any of its parcels. */
  trackingNumber: z.string().min(1).max(200).optional(),
  /** Whether one of its parcels is late: not delivered when it was promised, and staff has decided nothing about it. */
  late: z.boolean().optional(),
  status: OrderStatus.optional(),
  paymentStatus: PaymentStatus.optional(),
  fulfillmentStatus: FulfillmentStatus.optional(),
  /** The earliest time of placing. */
  from: z.iso.datetime().optional(),
  /** The time before which it was placed. */
  before: z.iso.datetime().optional(),
  /** In minor units, whatever the currency. */
  minTotalMinor: z.int().min(0).optional(),
  maxTotalMinor: z.int().min(0).optional(),
});
export type OrderFilter = z.infer<typeof OrderFilter>;

export const SearchOrders = OrderFilter.extend({ after: z.string().optional(), limit: z.int().min(1).max(100) });
export type SearchOrders = z.infer<typeof SearchOrders>;
/** Rows of the export are small: they have no lines. */
export const ExportOrders = OrderFilter.extend({ after: z.string().optional(), limit: z.int().min(1).max(1000) });
export type ExportOrders = z.infer<typeof ExportOrders>;

/** Who ordered, as the user service last told it. */
export const Contact = z.object({ email: z.string(), name: z.string() });
export type Contact = z.infer<typeof Contact>;
export const GetContacts = z.strictObject({ customerIds: z.array(z.uuid()).max(100) });

/** One order in a table: what it is, how far it is, and sums of its lines. */
export const OrderRecord = z.object({
  id: z.uuid(),
  number: z.string(),
  placedAt: z.iso.datetime(),
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  fulfillmentStatus: FulfillmentStatus,
  customerId: z.uuid(),
  /** Null while the customer's contact is unknown. */
  contact: Contact.nullable(),
  /** ISO 3166-1 alpha-2. */
  country: z.string(),
  lines: z.int(),
  pieces: z.int(),
  total: Money,
  refunded: Money,
  trackingNumber: z.string().nullable(),
});
export type OrderRecord = z.infer<typeof OrderRecord>;

/** What staff ask of all orders: part of what the order service's HTTP API offers, beside searchOrders. */
export const orderSearchRequests = {
  /** The same orders as searchOrders, in the same order, each as one row. Refuses `BadCursor`. */
  exportOrders: operation({ request: ExportOrders, response: pageOf(OrderRecord), refuses: ['BadCursor'] }),
  /** The contacts of these customers, in no particular sequence. Customers whose contact is unknown are left out. */
  getContacts: operation({
    request: GetContacts,
    response: z.object({ items: z.array(Contact.extend({ customerId: z.uuid() })) }),
  }),
};

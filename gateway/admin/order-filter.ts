import { z } from 'zod';
import { Sku } from '../../activities/identity.ts';
import type { OrderFilter } from '../../activities/order-search.ts';
import { FulfillmentStatus, OrderStatus, PaymentStatus } from '../../activities/order-status.ts';
import { flag } from '../query-flag.ts';
import { boundsOf, periodQuery } from './period.ts';

/** A whole number in a query. Callers see a number: HTTP sends every query value as text. */
const whole = (minimum: number, maximum: number, description: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .refine((text) => Number(text) >= minimum && Number(text) <= maximum, `must be from ${minimum} to ${maximum}`)
    .optional()
    .meta({
      description,
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum, maximum });
      },
    });

const MAX_NUMBER = 999_999_999_999;

/** The query fields of the search for orders. All that are given must be met. */
export const orderFilterQuery = {
  q: z
    .string()
    .max(254)
    .optional()
    .meta({
      description:
        'one box: an order number, the id of an order or a customer, the beginning of an e-mail address, a tracking number, ' +
        'a SKU, or beginnings of words of the customer’s name; case and accents of names and addresses do not matter',
    }),
  number: whole(1, MAX_NUMBER, 'the order’s number'),
  email: z.string().min(1).max(254).optional().meta({ description: 'the beginning of the customer’s e-mail address' }),
  customerId: z.uuid().optional(),
  sku: Sku.optional().meta({ description: 'orders with this SKU' }),
  tracking: z.string().min(1).max(200).optional().meta({ description: 'the whole tracking number' }),
  status: OrderStatus.optional(),
  paymentStatus: PaymentStatus.optional(),
  fulfillmentStatus: FulfillmentStatus.optional(),
  ...periodQuery,
  late: flag(
    'true: with a parcel that was not delivered when it was promised, and about which staff has decided nothing; false: without',
  ).optional(),
  minTotal: whole(0, MAX_NUMBER, 'the lowest total, in the smallest unit of whichever currency'),
  maxTotal: whole(0, MAX_NUMBER, 'the highest total, in the smallest unit of whichever currency'),
};

const Query = z.object(orderFilterQuery);
export type OrderFilterQuery = z.infer<typeof Query>;

/** The filter of the order service. An empty box finds everything. */
export function filterOf(query: OrderFilterQuery): OrderFilter {
  const { q, number, email, customerId, sku, tracking, status, paymentStatus, fulfillmentStatus } = query;
  const { late, minTotal, maxTotal } = query;
  return {
    q: q?.trim() || undefined,
    number: numberOf(number),
    email,
    customerId: customerId?.toLowerCase(),
    sku,
    trackingNumber: tracking,
    status,
    paymentStatus,
    fulfillmentStatus,
    ...boundsOf(query),
    late,
    minTotalMinor: numberOf(minTotal),
    maxTotalMinor: numberOf(maxTotal),
  };
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

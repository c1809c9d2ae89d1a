import type { FulfillmentStatus, OrderStatus, PaymentStatus } from '../../activities/order-status.ts';
import type { WaitsFor } from '../../activities/order.ts';
import {
  fulfillmentStatusAttribute,
  orderStatusAttribute,
  paymentStatusAttribute,
  waitsForAttribute,
} from './messages.ts';

/** How an order stands, as the Temporal Web UI's lists show it. */
export interface Standing {
  status: OrderStatus | undefined;
  payment: PaymentStatus | undefined;
  fulfillment: FulfillmentStatus | undefined;
  waitsFor: WaitsFor['what'] | undefined;
}

export const PLACED: Standing = {
  status: 'pending',
  payment: 'not_paid',
  fulfillment: 'not_fulfilled',
  waitsFor: undefined,
};
export const CONFIRMED: Standing = {
  status: 'confirmed',
  payment: 'authorized',
  fulfillment: 'booked',
  waitsFor: 'dispatch',
};

const ATTRIBUTES = {
  status: orderStatusAttribute,
  payment: paymentStatusAttribute,
  fulfillment: fulfillmentStatusAttribute,
  waitsFor: waitsForAttribute,
};

/** The search attributes for these parts of an order's standing; undefined removes one. */
export const attributesFor = (part: Partial<Standing>) =>
  (Object.keys(part) as (keyof Standing)[]).map((name) => ({ key: ATTRIBUTES[name], value: part[name] ?? null }));

/** The same for a workflow that is about to be started. */
export const shownAs = (standing: Standing) =>
  attributesFor(standing).flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]));

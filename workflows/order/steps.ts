import type { CartActivities } from '../../activities/cart.ts';
import type { InventoryActivities } from '../../activities/inventory.ts';
import type { Attempted } from '../../platform/contract/operation.ts';
import type { Step, StepEntry } from '../../activities/order-status.ts';
import type { PaymentActivities } from '../../activities/payment.ts';
import type { BookShipment, Booking, ShippingActivities } from '../../activities/shipping.ts';
import type { OrderInput } from '../messages.ts';

/** A contract whose answers come with the attempts they took. */
export type Counted<Face> = {
  [Name in keyof Face]: Face[Name] extends (request: infer Request) => Promise<infer Answer>
    ? (request: Request) => Promise<Attempted<Answer>>
    : never;
};

/** Whom the steps of placing ask, each in the way of its lane. */
export interface Asked {
  cart: Counted<CartActivities>;
  inventory: Counted<InventoryActivities>;
  payment: Counted<PaymentActivities>;
  shipping: Counted<ShippingActivities>;
}

/** Takes one step: how its trouble is told, and what then happens, is the taker's business. */
export type TakeStep = <Answer>(step: Step, ask: () => Promise<Attempted<Answer>>) => Promise<Answer>;

/**
 * Recorded to booked. One text for every lane: the saga takes each step durably, or at its service's door first, and
 * the express lane runs it in one go outside of the workflow. It imports nothing, so that it can be run anywhere.
 */
export async function takeSteps(
  input: OrderInput,
  step: TakeStep,
  { cart, inventory, payment, shipping }: Asked,
): Promise<Booking> {
  const { orderId, customerId, lines, total, paymentMethod } = input;
  // First, so that of two checkouts of one cart the second has asked nobody else for anything.
  if (input.fromCart) await step('takeLines', () => cart.takeLines({ orderId, customerId, lines }));
  await step('reserveStock', () => inventory.reserveStock({ orderId, lines }));
  await step('authorizePayment', () => payment.authorizePayment({ orderId, amount: total, paymentMethod }));
  return step('bookShipment', () => shipping.bookShipment(bookingOf(input)));
}

export const bookingOf = ({ orderId, shippingAddress }: OrderInput): BookShipment => ({
  orderId,
  address: shippingAddress,
});

/** The express lane: one local activity of the order service's worker. */
export interface ExpressActivities {
  /** Records the order, takes every step once and confirms it, unless somebody has recorded it before. */
  placeInOneGo(asked: { workflowId: string; input: OrderInput }): Promise<InOneGo>;
}

/** How far one go came. */
export interface InOneGo {
  /** Whether it was the first to take the order up. False: it did nothing, and somebody else may have done anything. */
  first: boolean;
  /** Whether the order is confirmed, and `entries` written down. */
  confirmed: boolean;
  /** What was done, from the first step to the last, or to the one that was not answered with a yes. */
  entries: StepEntry[];
}

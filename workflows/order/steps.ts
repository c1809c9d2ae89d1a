import type { PlacingStep } from '../../activities/order-status.ts';
import type { BookShipment, Booking } from '../../activities/shipping.ts';
import type { StepCall } from '../saga/step-services.ts';
import type { OrderInput } from './messages.ts';

/** Takes one step. How the services are called, and what follows trouble, is up to the lane. */
export type TakeStep = <Answer>(step: PlacingStep, call: StepCall<Answer>) => Promise<Answer>;

/**
 * From recorded to booked. One text for every lane: the saga takes each step durably or over the service's API first,
 * and the express lane takes them all in one go outside of the workflow. It imports no values, so that it runs anywhere.
 */
export async function takeSteps(input: OrderInput, step: TakeStep): Promise<Booking> {
  const { orderId, customerId, lines, total, paymentMethod } = input;
  // First, so that of two checkouts of one cart the second has called no other service.
  if (input.fromCart) await step('takeLines', (ask) => ask.cart.takeLines({ orderId, customerId, lines }));
  await step('reserveStock', (ask) => ask.inventory.reserveStock({ orderId, lines }));
  await step('authorizePayment', (ask) => ask.payment.authorizePayment({ orderId, amount: total, paymentMethod }));
  return step('bookShipment', (ask) => ask.shipping.bookShipment(bookingOf(input)));
}

export const bookingOf = ({ orderId, shippingAddress }: OrderInput): BookShipment => ({
  orderId,
  address: shippingAddress,
});

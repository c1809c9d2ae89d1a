import type { PlacingStep } from '../../activities/order-status.ts';
import type { AuthorizePayment, CustomerAction } from '../../activities/payment.ts';
import type { BookShipment, Booking } from '../../activities/shipping.ts';
import type { StepCall } from '../saga/step-services.ts';
import type { OrderInput } from './messages.ts';

/** Takes one step. How the services are called, and what follows trouble, is up to the lane. */
export type TakeStep = <Answer>(step: PlacingStep, call: StepCall<Answer>) => Promise<Answer>;

/** Resolves once the card's holder has confirmed the payment; throws where nobody waits for it, or it was in vain. */
export type UntilConfirmed = (action: CustomerAction) => Promise<void>;

/** Only the workflow waits for customers: an attempt that meets one ends, and the workflow takes the step again. */
export class CustomerMustAct extends Error {
  override readonly name = 'CustomerMustAct';
}
export const leaveToWorkflow: UntilConfirmed = async () => {
  throw new CustomerMustAct('the customer must confirm the payment');
};

/**
 * From recorded to booked. One text for every lane: the saga takes each step durably or over the service's API first,
 * and the express lane takes them all in one go outside of the workflow. It imports no values, so that it runs anywhere.
 */
export async function takeSteps(input: OrderInput, step: TakeStep, untilConfirmed: UntilConfirmed): Promise<Booking> {
  const { orderId, customerId, lines } = input;
  // First, so that of two checkouts of one cart the second has called no other service.
  if (input.fromCart) await step('takeLines', (ask) => ask.cart.takeLines({ orderId, customerId, lines }));
  await step('reserveStock', (ask) => ask.inventory.reserveStock({ orderId, lines }));
  const authorizing = authorizationOf(input);
  const { customerAction } = await step('authorizePayment', (ask) => ask.payment.authorizePayment(authorizing));
  if (customerAction) await untilConfirmed(customerAction);
  return step('bookShipment', (ask) => ask.shipping.bookShipment(bookingOf(input)));
}

export const authorizationOf = ({
  orderId,
  customerId,
  total,
  paymentMethod,
  savePaymentMethod,
}: OrderInput): AuthorizePayment => ({
  orderId,
  amount: total,
  paymentMethod,
  customerMayAct: true,
  customerId,
  ...(savePaymentMethod && { savePaymentMethod }),
});

export const bookingOf = ({ orderId, shippingAddress }: OrderInput): BookShipment => ({
  orderId,
  address: shippingAddress,
});

import { type Answer, refuse } from './fake-stripe-answers.ts';

/** Stripe's test card that always asks its holder (https://docs.stripe.com/testing#regulatory-cards). */
export const MUST_CONFIRM = 'pm_card_authenticationRequired';

export const DECLINES: Readonly<Record<string, string>> = {
  pm_card_chargeDeclined: 'generic_decline',
  pm_card_chargeDeclinedInsufficientFunds: 'insufficient_funds',
};

/** What Stripe says of every card. */
export const CARD = { brand: 'visa', last4: '4242', exp_month: 7, exp_year: 2034 };

/** The payment methods that were used, and the customers that some are attached to. */
export interface UsedCards {
  used: Set<string>;
  owners: Map<string, string>;
}

type Terms = Record<string, unknown>;

/** A test token stands for a new payment method each time (https://docs.stripe.com/testing). */
const isToken = (paymentMethod: string): boolean => paymentMethod.startsWith('pm_card_');

/**
 * A payment method that was used without being attached to a customer cannot be used again, and an attached one only with its
 * customer (https://docs.stripe.com/payments/payment-methods#reuse). Returns Stripe's message.
 */
export function misuseOf({ used, owners }: UsedCards, { payment_method, customer }: Terms): string | undefined {
  const paymentMethod = String(payment_method);
  const owner = owners.get(paymentMethod);
  if (owner !== undefined && customer !== owner) {
    return `The customer does not have a payment method with the ID ${paymentMethod}. The payment method must be attached to the customer.`;
  }
  if (!used.has(paymentMethod) || owner !== undefined) return undefined;
  return 'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment. It may not be used again.';
}

/** The payment method was charged (https://docs.stripe.com/payments/save-during-payment). Returns its id. */
export function use(
  { used, owners }: UsedCards,
  { id, payment_method, customer, setup_future_usage }: Terms & { id: string },
): string {
  const paymentMethod = isToken(String(payment_method)) ? `pm_of_${id}` : String(payment_method);
  used.add(paymentMethod);
  if (typeof customer === 'string' && setup_future_usage !== undefined) owners.set(paymentMethod, customer);
  return paymentMethod;
}

/** Reads a payment method, or detaches it from its customer. */
export function paymentMethod({ owners }: UsedCards, id: string, verb: string | undefined): Answer {
  if (verb === 'detach' && !owners.delete(id)) {
    const message = 'The payment method you provided is not attached to a customer so detachment is impossible.';
    return refuse(400, { type: 'invalid_request_error', message });
  }
  return { status: 200, body: { id, object: 'payment_method', customer: owners.get(id) ?? null } };
}

/** Stripe's test card that always asks its holder (https://docs.stripe.com/testing#regulatory-cards). */
export const MUST_CONFIRM = 'pm_card_authenticationRequired';

export const DECLINES: Readonly<Record<string, string>> = {
  pm_card_chargeDeclined: 'generic_decline',
  pm_card_chargeDeclinedInsufficientFunds: 'insufficient_funds',
};

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
  if (owner !== undefined && customer !== owner)
    return 'The PaymentMethod does not belong to the Customer you supplied.';
  if (!used.has(paymentMethod) || owner !== undefined) return undefined;
  return 'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment. It may not be used again.';
}

/** The payment method was charged (https://docs.stripe.com/payments/save-during-payment). */
export function use({ used, owners }: UsedCards, { payment_method, customer, setup_future_usage }: Terms): void {
  const paymentMethod = String(payment_method);
  if (isToken(paymentMethod)) return;
  used.add(paymentMethod);
  if (typeof customer === 'string' && setup_future_usage !== undefined) owners.set(paymentMethod, customer);
}

// What a card's bank does by itself to an intent of the server that plays Stripe.

/** The amounts are in Stripe's units. */
interface BankedIntent {
  amount_received: number;
  latest_charge?: unknown;
}

/** https://docs.stripe.com/api/charges/object#charge_object-failure_code */
export function failCharge(intent: BankedIntent): void {
  const charge = { ...(intent.latest_charge as object), status: 'failed', failure_code: 'processing_error' };
  const left = { status: 'requires_payment_method', amount_received: 0, amount_capturable: 0 };
  Object.assign(intent, left, { latest_charge: charge, last_payment_error: { code: 'processing_error' } });
}

/** What is not captured is released (https://docs.stripe.com/payments/multicapture#final-capture). */
export function expire(intent: BankedIntent): void {
  const isCaptured = intent.amount_received > 0;
  const left = isCaptured ? { status: 'succeeded' } : { status: 'canceled', cancellation_reason: 'automatic' };
  Object.assign(intent, { amount_capturable: 0, ...left });
}

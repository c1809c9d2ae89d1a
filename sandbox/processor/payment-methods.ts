import type { SimulatedFault } from '../outcomes.ts';

export type Action = 'authorization' | 'capture' | 'void' | 'refund';

/** How the processor treats a payment method. */
export interface Behaviour {
  refuses?: { action: Action; code: string; detail: string };
  fault?: { actions: readonly Action[]; kind: keyof SimulatedFault };
  /** The card's holder must confirm; whether the event about it is sent at once or only on request. */
  confirmation?: 'told at once' | 'told on request';
  /** The processor says yes to a refund, and then cannot pay it. */
  refundFailsLater?: boolean;
  /** The processor says yes to a capture of an order's first hold, and then its bank does not pay. */
  captureFailsLater?: boolean;
  /** The card's holder disputes what is captured first of each hold. */
  disputed?: boolean;
  /** An order's first hold is gone when it is captured. */
  firstHoldExpires?: boolean;
  /** Every hold of an order after its first is declined. */
  renewalDeclined?: boolean;
}

export const EVERY_ACTION: readonly Action[] = ['authorization', 'capture', 'void', 'refund'];

/** Every payment method that the processor knows. */
export const PAYMENT_METHODS: ReadonlyMap<string, Behaviour> = new Map<string, Behaviour>([
  ['pm_card_visa', {}],
  [
    'pm_card_chargeDeclined',
    { refuses: { action: 'authorization', code: 'CardDeclined', detail: 'the card was declined' } },
  ],
  [
    'pm_card_chargeDeclinedInsufficientFunds',
    { refuses: { action: 'authorization', code: 'InsufficientFunds', detail: 'insufficient funds' } },
  ],
  ['pm_sandbox_authorizeTimeout', { fault: { actions: ['authorization'], kind: 'drops' } }],
  ['pm_sandbox_captureTimeout', { fault: { actions: ['capture'], kind: 'drops' } }],
  ['pm_sandbox_refundTimeout', { fault: { actions: ['refund'], kind: 'drops' } }],
  ['pm_sandbox_flaky', { fault: { actions: EVERY_ACTION, kind: 'unavailable' } }],
  ['pm_sandbox_slow', { fault: { actions: EVERY_ACTION, kind: 'slow' } }],
  [
    'pm_sandbox_refundFails',
    { refuses: { action: 'refund', code: 'RefundRefused', detail: 'this card does not accept refunds' } },
  ],
  ['pm_sandbox_refundFailsLater', { refundFailsLater: true }],
  ['pm_sandbox_captureFailsLater', { captureFailsLater: true }],
  ['pm_sandbox_disputed', { disputed: true }],
  ['pm_sandbox_authenticationRequired', { confirmation: 'told at once' }],
  ['pm_sandbox_authenticationLate', { confirmation: 'told on request' }],
  ['pm_sandbox_holdExpires', { firstHoldExpires: true }],
  ['pm_sandbox_renewalDeclined', { renewalDeclined: true }],
  [
    'pm_sandbox_voidFails',
    { refuses: { action: 'void', code: 'VoidRefused', detail: 'this authorization cannot be voided' } },
  ],
]);

/** The behaviour of a payment method; undefined if the processor does not know it. */
export const behaviourOf = (paymentMethod: string): Behaviour | undefined => PAYMENT_METHODS.get(paymentMethod);

/** What a merchant may show of a test card; the numbers are those of Stripe's test cards. */
export const shownCardOf = (card: string) => ({
  brand: 'visa',
  last4: behaviourOf(card)?.confirmation ? '3184' : '4242',
  expiryMonth: 12,
  expiryYear: 2034,
});

/** The fault to simulate for this action on this payment method. */
export function simulatedFaultOf(paymentMethod: string | undefined, action: Action): SimulatedFault {
  const fault = paymentMethod === undefined ? undefined : behaviourOf(paymentMethod)?.fault;
  return fault?.actions.includes(action) ? { [fault.kind]: true } : {};
}

import type { Trouble } from '../outcomes.ts';

export type Action = 'authorization' | 'capture' | 'void' | 'refund';

/** How the processor treats a way to pay. */
export interface Behaviour {
  refuses?: { action: Action; code: string; detail: string };
  trouble?: { actions: readonly Action[]; kind: keyof Trouble };
}

const EVERY_ACTION: readonly Action[] = ['authorization', 'capture', 'void', 'refund'];

const BEHAVIOURS = new Map<string, Behaviour>([
  ['pm_card_visa', {}],
  [
    'pm_card_chargeDeclined',
    { refuses: { action: 'authorization', code: 'CardDeclined', detail: 'the card was declined' } },
  ],
  [
    'pm_card_chargeDeclinedInsufficientFunds',
    { refuses: { action: 'authorization', code: 'InsufficientFunds', detail: 'the card has too little money on it' } },
  ],
  ['pm_sandbox_authorizeTimeout', { trouble: { actions: ['authorization'], kind: 'drops' } }],
  ['pm_sandbox_captureTimeout', { trouble: { actions: ['capture'], kind: 'drops' } }],
  ['pm_sandbox_refundTimeout', { trouble: { actions: ['refund'], kind: 'drops' } }],
  ['pm_sandbox_flaky', { trouble: { actions: EVERY_ACTION, kind: 'unavailable' } }],
  ['pm_sandbox_slow', { trouble: { actions: EVERY_ACTION, kind: 'slow' } }],
  [
    'pm_sandbox_refundFails',
    { refuses: { action: 'refund', code: 'RefundRefused', detail: 'this card takes no money back' } },
  ],
  [
    'pm_sandbox_voidFails',
    { refuses: { action: 'void', code: 'VoidRefused', detail: 'this hold cannot be taken off the card' } },
  ],
]);

/** How this token behaves, or undefined where the processor does not know it. */
export const behaviourOf = (paymentMethod: string): Behaviour | undefined => BEHAVIOURS.get(paymentMethod);

/** What goes wrong with this action for this token. */
export function troubleOf(paymentMethod: string | undefined, action: Action): Trouble {
  const trouble = paymentMethod === undefined ? undefined : behaviourOf(paymentMethod)?.trouble;
  return trouble?.actions.includes(action) ? { [trouble.kind]: true } : {};
}

import type { CardRequest } from '../../services/payment/processor.ts';

/** A hold as the fake processor knows it. */
export interface FakeHold {
  authorized: number;
  captured: number;
  released: number;
  refunded: number;
  /** No longer held, and nothing of it can be captured. */
  closed?: 'voided' | 'captured' | 'expired' | undefined;
  expires?: boolean;
  /** Set while the card's holder must confirm. */
  awaited?: boolean;
}

export const NEW_HOLD: FakeHold = { authorized: 0, captured: 0, released: 0, refunded: 0 };

export const heldOf = ({ authorized, captured, released }: FakeHold): number => authorized - captured - released;

/** What a correct processor says to a request about the hold; undefined: yes. */
export function refusalOf(request: CardRequest, hold: FakeHold): string | undefined {
  switch (request.step) {
    case 'authorize':
      if (hold.closed) return 'Undone';
      return DECLINES[request.paymentMethod];
    case 'void':
      return hold.captured > 0 && !request.rest ? 'AlreadyCaptured' : undefined;
    case 'capture':
      if (hold.expires || hold.closed === 'expired') return 'HoldExpired';
      return hold.closed || request.amount.amountMinor > heldOf(hold) ? 'CaptureRefused' : undefined;
    case 'refund':
      return hold.refunded + request.amount.amountMinor > hold.captured ? 'RefundExceedsCapture' : undefined;
  }
  return undefined;
}

const DECLINES: Readonly<Record<string, string>> = {
  pm_card_chargeDeclined: 'CardDeclined',
  pm_card_chargeDeclinedInsufficientFunds: 'InsufficientFunds',
};

import type { Stripe } from 'stripe';
import type { CardDispute } from '../processor.ts';
import { moneyOfStripe } from './stripe-amounts.ts';

/** The intent that a dispute is about. */
export const intentOf = ({ payment_intent: intent }: Stripe.Dispute): string | undefined =>
  typeof intent === 'string' ? intent : intent?.id;

/**
 * How a dispute stands, by its status (https://docs.stripe.com/api/disputes/object#dispute_object-status). For an inquiry, whose
 * status begins with `warning_`, no money is taken back; if it becomes a dispute, its id stays.
 */
export function disputeOf(dispute: Stripe.Dispute): CardDispute {
  const { status, amount, currency, reason, evidence_details: evidence } = dispute;
  const isInquiry = status.startsWith('warning_');
  const isWon = WON.includes(status);
  return {
    status: isWon ? 'won' : status === 'lost' ? 'lost' : 'open',
    amount: moneyOfStripe(amount, currency),
    withdrawn: !isInquiry && !isWon,
    reason,
    respondBy: evidence?.due_by ? new Date(evidence.due_by * 1000).toISOString() : null,
  };
}

// `prevented`: it was resolved before the bank took anything.
const WON: readonly string[] = ['won', 'warning_closed', 'prevented'];

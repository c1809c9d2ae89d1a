import { FAULTS_IN_WORDS } from '../outcomes.ts';
import type { SandboxPage } from '../page.ts';
import { type Behaviour, EVERY_ACTION, PAYMENT_METHODS } from './payment-methods.ts';

const CONFIRMATION_IN_WORDS = {
  'told at once': 'the card’s holder must confirm: POST /payments/ORDER-ID/authenticate, or the page of nextAction',
  'told on request':
    'the same, but its event is sent only by POST /payments/ORDER-ID/tell, and the holder can confirm even after a void',
} as const;

/** What the processor shows at `/`. */
export const processorPage: SandboxPage = {
  title: 'Sandbox card processor',
  about:
    'Stands where a real card processor would, with a ledger of its own. No money moves, and it refuses whatever looks like a card number: an order names one of these payment methods as its paymentMethod.',
  table: {
    caption: 'Payment methods',
    columns: ['paymentMethod', 'What the processor does'],
    rows: [...PAYMENT_METHODS].map(([name, behaviour]) => [name, inWords(behaviour)]),
  },
  examples: (url) => [
    { purpose: 'Every effect so far, oldest first. Refusals are left out.', command: `curl -sS '${url}/ledger'` },
    { purpose: 'Those of one order', command: `curl -sS '${url}/ledger?orderId=ORDER-ID'` },
    {
      purpose: 'Confirm a payment as the card’s holder',
      command: `curl -sS -X POST '${url}/payments/ORDER-ID/authenticate' --json '{"outcome": "succeeded"}'`,
    },
    {
      purpose: 'Decide a dispute as the card’s bank',
      command: `curl -sS -X POST '${url}/payments/ORDER-ID/dispute' --json '{"outcome": "won"}'`,
    },
    {
      purpose: 'Let the hold of an order expire before it is captured',
      command: `curl -sS -X POST '${url}/payments/ORDER-ID/expire'`,
    },
  ],
};

function inWords({
  refuses,
  fault,
  confirmation,
  firstHoldExpires,
  renewalDeclined,
  refundFailsLater,
  captureFailsLater,
  disputed,
}: Behaviour): string {
  if (disputed)
    return 'says yes to a capture, which the card’s holder then disputes: dispute.created; POST /payments/ORDER-ID/dispute decides it';
  if (captureFailsLater)
    return 'says yes to a capture of an order’s first hold, is not paid, and sends the event capture.failed';
  if (refundFailsLater) return 'says yes to a refund, cannot pay it, and sends the event refund.failed';
  if (firstHoldExpires)
    return 'the first hold of an order is gone when it is captured: HoldExpired; a renewed one holds';
  if (renewalDeclined) return 'says yes to the first hold of an order, and declines every later one: CardDeclined';
  if (confirmation) return CONFIRMATION_IN_WORDS[confirmation];
  if (refuses) return `refuses every ${refuses.action}: ${refuses.code}, ${refuses.detail}`;
  if (!fault) return 'says yes to every request';
  const when = fault.actions.length === EVERY_ACTION.length ? 'every request' : `every ${fault.actions.join(' and ')}`;
  return `${when}: ${FAULTS_IN_WORDS[fault.kind]}`;
}

import { z } from 'zod';
import type { PaymentRefusal } from '../../../activities/payment.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import type { CardProcessor, CardRequest, Receipt } from '../processor.ts';

type Step = CardRequest['step'];

const Effect = z.object({ id: z.string().nullable() });
const Problem = z.object({ code: z.string(), detail: z.string().optional() });
const Operation = z.object({ status: z.int(), body: z.unknown() });

// The slowest card it knows takes 3 s; asking for an earlier answer and then anew stays below an activity's 10 s.
const TIMEOUT_MS = 4_500;

const PATHS: Readonly<Record<Step, string>> = {
  authorize: 'authorizations',
  void: 'voids',
  capture: 'captures',
  refund: 'refunds',
};

/** The processor's codes in ours. A code that is not here is no answer to this question, and so a fault. */
const REFUSALS: Readonly<Record<Step, Readonly<Record<string, PaymentRefusal>>>> = {
  authorize: {
    CardDeclined: 'CardDeclined',
    InsufficientFunds: 'InsufficientFunds',
    UnknownPaymentMethod: 'CardDeclined',
    CardNumberRefused: 'CardDeclined',
    Voided: 'Undone',
  },
  void: { AlreadyCaptured: 'AlreadyCaptured', VoidRefused: 'VoidRefused' },
  capture: { NotAuthorized: 'CaptureRefused', Voided: 'CaptureRefused', CaptureRefused: 'CaptureRefused' },
  refund: {
    RefundRefused: 'RefundRefused',
    RefundExceedsCapture: 'RefundExceedsCapture',
    NotCaptured: 'NotCaptured',
    CurrencyMismatch: 'RefundRefused',
  },
};

/** The sandbox processor over HTTP. It keeps every key for ever and finds payments by order. */
export function createSandboxProcessor(url: string): CardProcessor {
  const ask = async (request: CardRequest): Promise<Receipt> => {
    const { status, body } = await exchange(`${url}/${PATHS[request.step]}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': request.key },
      body: JSON.stringify(payloadOf(request)),
    });
    return receiptOf(request.step, status, body);
  };
  return {
    open: async () => null,
    authorize: (effect) => ask({ ...effect, step: 'authorize' }),
    void: (effect) => ask({ ...effect, step: 'void' }),
    capture: (effect) => ask({ ...effect, step: 'capture' }),
    refund: (effect) => ask({ ...effect, step: 'refund' }),
    async find({ step, key }) {
      const { status, body } = await exchange(`${url}/operations/${encodeURIComponent(key)}`, { method: 'GET' });
      if (status === 404) return undefined;
      if (status !== 200) throw unanswered(step, status);
      const earlier = Operation.parse(body);
      return receiptOf(step, earlier.status, earlier.body);
    },
  };
}

function payloadOf(request: CardRequest): object {
  const { orderId } = request;
  if (request.step === 'authorize') return { orderId, ...request.amount, paymentMethod: request.paymentMethod };
  return request.step === 'refund' ? { orderId, ...request.amount } : { orderId };
}

/** A connection that breaks, or an answer that does not come in time, is thrown as it is: the outcome is unknown. */
async function exchange(url: string, init: RequestInit): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await response.text();
  return { status: response.status, body: text ? (JSON.parse(text) as unknown) : undefined };
}

function receiptOf(step: Step, status: number, body: unknown): Receipt {
  if (status === 200 || status === 201) return { id: Effect.parse(body).id };
  const problem = Problem.safeParse(body).data;
  // Taken under another key, by somebody's hand: what was asked for is so.
  if (step === 'capture' && problem?.code === 'AlreadyCaptured') return { id: null };
  const code = status < 500 && problem && REFUSALS[step][problem.code];
  if (code) throw new Refusal<PaymentRefusal>(code, problem.detail ?? SENTENCES[code] ?? code);
  throw unanswered(step, status, problem?.code);
}

const unanswered = (step: Step, status: number, code = '') =>
  new Error(`the card processor answered ${step} with ${status} ${code}`.trimEnd());

const SENTENCES: Partial<Record<PaymentRefusal, string>> = {
  CardDeclined: 'the card was declined',
  InsufficientFunds: 'there is not enough money on the card',
};

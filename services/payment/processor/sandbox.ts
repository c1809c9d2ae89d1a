import { z } from 'zod';
import { type PaymentRefusal, paymentRefusal } from '../../../activities/payment.ts';
import { type HttpRequest, sendRequest } from '../../../platform/http/request.ts';
import type { CardProcessor, CardRequest, Receipt } from '../processor.ts';

type CardStep = CardRequest['step'];

const Effect = z.object({ id: z.string().nullable() });
const Problem = z.object({ code: z.string(), detail: z.string().optional() });
const Operation = z.object({ status: z.int(), body: z.unknown() });

// Its slowest test card takes 3 s; a lookup followed by a new request stays below an activity's 10 s.
const TIMEOUT_MS = 4_500;

const PATHS: Readonly<Record<CardStep, string>> = {
  authorize: 'authorizations',
  void: 'voids',
  capture: 'captures',
  refund: 'refunds',
};

/** Maps the processor's codes to ours. Any other code is unexpected for the step, and therefore a fault. */
const REFUSALS: Readonly<Record<CardStep, Readonly<Record<string, PaymentRefusal>>>> = {
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

/** The sandbox processor over HTTP. It keeps every idempotency key forever and finds payments by order. */
export function createSandboxProcessor(url: string): CardProcessor {
  const base = new URL(url);
  const send = async (request: CardRequest): Promise<Receipt> => {
    const { status, body } = await exchange(base, PATHS[request.step], {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': request.key },
      body: JSON.stringify(payloadOf(request)),
    });
    return receiptOf(request.step, status, body);
  };
  return {
    open: async () => null,
    authorize: (effect) => send({ ...effect, step: 'authorize' }),
    void: (effect) => send({ ...effect, step: 'void' }),
    capture: (effect) => send({ ...effect, step: 'capture' }),
    refund: (effect) => send({ ...effect, step: 'refund' }),
    async find({ step, key }) {
      const { status, body } = await exchange(base, `operations/${encodeURIComponent(key)}`, {
        method: 'GET',
        headers: {},
      });
      if (status === 404) return undefined;
      if (status !== 200) throw unexpectedResponse(step, status);
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

/** Throws if there is no whole response: the outcome is unknown. */
async function exchange(
  { origin, pathname }: URL,
  path: string,
  request: Pick<HttpRequest, 'method' | 'headers' | 'body'>,
): Promise<{ status: number; body: unknown }> {
  const whole = { origin, path: `${pathname.replace(/\/+$/, '')}/${path}`, timeoutMs: TIMEOUT_MS, ...request };
  const { status, text } = await sendRequest(whole).catch((cause: unknown) => {
    throw new Error('the card processor did not respond', { cause });
  });
  return { status, body: text ? (JSON.parse(text) as unknown) : undefined };
}

function receiptOf(step: CardStep, status: number, body: unknown): Receipt {
  if (status === 200 || status === 201) return { id: Effect.parse(body).id };
  const problem = Problem.safeParse(body).data;
  // Captured under another key, for example by hand: the requested effect is in place.
  if (step === 'capture' && problem?.code === 'AlreadyCaptured') return { id: null };
  const code = status < 500 && problem && REFUSALS[step][problem.code];
  if (code) throw paymentRefusal(code, problem.detail ?? DEFAULT_DETAILS[code] ?? code);
  throw unexpectedResponse(step, status, problem?.code);
}

const unexpectedResponse = (step: CardStep, status: number, code = '') =>
  new Error(`the card processor responded to ${step} with ${status} ${code}`.trimEnd());

const DEFAULT_DETAILS: Partial<Record<PaymentRefusal, string>> = {
  CardDeclined: 'the card was declined',
  InsufficientFunds: 'the card has insufficient funds',
};

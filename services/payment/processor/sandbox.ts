import { z } from 'zod';
import { CustomerAction, type PaymentRefusal, paymentRefusal } from '../../../activities/payment.ts';
import { type HttpRequest, sendRequest } from '../../../platform/http/request.ts';
import { isSignedBy } from '../../../platform/http/signed-body.ts';
import type { AwaitsCustomer, CardProcessor, CardRequest, Receipt } from '../processor.ts';

type CardStep = CardRequest['step'];

const Effect = z.object({ id: z.string().nullable() });
const Problem = z.object({ code: z.string(), detail: z.string().optional() });
const Operation = z.object({ status: z.int(), body: z.unknown() });
const Confirmable = z.object({ nextAction: CustomerAction });
/** Not strict: an event with new fields must not be lost. */
const Event = z.object({ id: z.string(), type: z.string(), orderId: z.uuid() });
const State = z.object({ status: z.string() });

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
    ConfirmationRequired: 'CardDeclined',
    ConfirmationFailed: 'PaymentNotCompleted',
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

/**
 * The sandbox processor over HTTP. It keeps every idempotency key forever and finds payments by order. Without
 * `callbackSecret` its events are refused.
 */
export function createSandboxProcessor(url: string, callbackSecret?: string): CardProcessor {
  const base = new URL(url);
  const read = (path: string) => exchange(base, path, { method: 'GET', headers: {} });
  const send = async (request: CardRequest): Promise<Receipt | AwaitsCustomer> => {
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
    void: (effect) => send({ ...effect, step: 'void' }) as Promise<Receipt>,
    capture: (effect) => send({ ...effect, step: 'capture' }) as Promise<Receipt>,
    refund: (effect) => send({ ...effect, step: 'refund' }) as Promise<Receipt>,
    async find({ step, key }) {
      const { status, body } = await read(`operations/${encodeURIComponent(key)}`);
      if (status === 404) return undefined;
      if (status !== 200) throw unexpectedResponse(step, status);
      const earlier = Operation.parse(body);
      return receiptOf(step, earlier.status, earlier.body);
    },
    async isHeld({ orderId }) {
      const { status, body } = await read(`payments/${orderId}`);
      if (status === 404) return false;
      if (status !== 200) throw unexpectedResponse('isHeld', status);
      return State.parse(body).status === 'authorized';
    },
    readEvent({ payload, signature }) {
      if (callbackSecret === undefined || !isSignedBy(callbackSecret, { payload, signature })) {
        throw paymentRefusal('InvalidSignature', 'Processor-Signature is missing, wrong or older than five minutes');
      }
      const event = Event.safeParse(parseJson(payload));
      if (!event.success) throw paymentRefusal('InvalidEvent', 'the event cannot be read');
      return { orderId: event.data.orderId };
    },
  };
}

function payloadOf(request: CardRequest): object {
  const { orderId } = request;
  if (request.step === 'authorize') {
    const { amount, paymentMethod, customerMayAct } = request;
    return { orderId, ...amount, paymentMethod, ...(customerMayAct && { customerMayAct }) };
  }
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

function receiptOf(step: CardStep, status: number, body: unknown): Receipt | AwaitsCustomer {
  if (status === 200 || status === 201) return { id: Effect.parse(body).id };
  if (status === 202) return { customerAction: Confirmable.parse(body).nextAction };
  const problem = Problem.safeParse(body).data;
  // Captured under another key, for example by hand: the requested effect is in place.
  if (step === 'capture' && problem?.code === 'AlreadyCaptured') return { id: null };
  const code = status < 500 && problem && REFUSALS[step][problem.code];
  if (code) throw paymentRefusal(code, problem.detail ?? DEFAULT_DETAILS[code] ?? code);
  throw unexpectedResponse(step, status, problem?.code);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unexpectedResponse = (step: CardStep | 'isHeld', status: number, code = '') =>
  new Error(`the card processor responded to ${step} with ${status} ${code}`.trimEnd());

const DEFAULT_DETAILS: Partial<Record<PaymentRefusal, string>> = {
  CardDeclined: 'the card was declined',
  InsufficientFunds: 'the card has insufficient funds',
};

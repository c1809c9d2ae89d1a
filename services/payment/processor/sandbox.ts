import { z } from 'zod';
import { OutsideLedgerPage } from '../../../activities/outside-ledger.ts';
import { CustomerAction, type PaymentRefusal, paymentRefusal } from '../../../activities/payment.ts';
import { type HttpRequest, sendRequest } from '../../../platform/http/request.ts';
import { isSignedBy } from '../../../platform/http/signed-body.ts';
import type { AwaitsCustomer, CardHold, CardProcessor, CardRequest, Owner, Receipt } from '../processor.ts';

type CardStep = CardRequest['step'];

const Effect = z.object({
  id: z.string().nullable(),
  /** Only of an authorization with `save`. */
  saved: z
    .object({
      paymentMethod: z.string(),
      brand: z.string(),
      last4: z.string(),
      expiryMonth: z.int(),
      expiryYear: z.int(),
    })
    .optional(),
});
const Customer = z.object({ id: z.string() });
const Problem = z.object({ code: z.string(), detail: z.string().optional() });
const Operation = z.object({ status: z.int(), body: z.unknown() });
const Confirmable = z.object({ nextAction: CustomerAction });
/** Not strict: an event with new fields must not be lost. */
const Event = z.object({
  id: z.string(),
  type: z.string(),
  orderId: z.uuid(),
  holdId: z.uuid().optional(),
  refundId: z.string().optional(),
  disputeId: z.string().optional(),
});
const Dispute = z.object({
  orderId: z.string(),
  status: z.enum(['open', 'won', 'lost']),
  amountMinor: z.int(),
  currency: z.string(),
  withdrawn: z.boolean(),
  reason: z.string(),
  respondBy: z.string().nullable(),
});
const State = z.object({ status: z.string() });
/** The entries of one order come without a `next`. */
const LedgerPage = OutsideLedgerPage.extend({ next: z.string().nullable().default(null) });

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
    PaymentMethodNotUsable: 'CardDeclined',
    CardNumberRefused: 'CardDeclined',
    ConfirmationRequired: 'CardDeclined',
    ConfirmationFailed: 'PaymentNotCompleted',
    Voided: 'Undone',
  },
  void: { AlreadyCaptured: 'AlreadyCaptured', VoidRefused: 'VoidRefused' },
  capture: {
    NotAuthorized: 'CaptureRefused',
    Voided: 'CaptureRefused',
    CaptureRefused: 'CaptureRefused',
    CaptureExceedsHold: 'CaptureRefused',
    AlreadyCaptured: 'CaptureRefused',
    HoldClosed: 'CaptureRefused',
    HoldExpired: 'HoldExpired',
  },
  refund: {
    RefundRefused: 'RefundRefused',
    RefundExceedsCapture: 'RefundExceedsCapture',
    NotCaptured: 'NotCaptured',
    CurrencyMismatch: 'RefundRefused',
    ChargeDisputed: 'RefundRefused',
  },
};

/**
 * The sandbox processor over HTTP. It keeps every idempotency key forever and finds payments by order. Without
 * `callbackSecret` its events are refused.
 */
export function createSandboxProcessor(url: string, callbackSecret?: string): CardProcessor {
  const base = new URL(url);
  const read = (path: string) => exchange(base, path, { method: 'GET', headers: {} });
  const post = (path: string, payload: object, key?: string) =>
    exchange(base, path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
      body: JSON.stringify(payload),
    });
  const send = async (request: CardRequest): Promise<Receipt | AwaitsCustomer> => {
    const { status, body } = await post(PATHS[request.step], payloadOf(request), request.key);
    return receiptOf(request, status, body);
  };
  const statusOf = async (question: string, { orderId, holdId }: CardHold): Promise<string> => {
    const { status, body } = await read(`payments/${orderId}?holdId=${holdId}`);
    if (status !== 200 && status !== 404) throw unexpectedResponse(question, status);
    return status === 200 ? State.parse(body).status : 'unknown';
  };
  const hasFailed = async (effects: 'captures' | 'refunds', id: string): Promise<boolean> => {
    const { status, body } = await read(`${effects}/${encodeURIComponent(id)}`);
    if (status !== 200) throw unexpectedResponse(`what became of ${effects}`, status);
    return State.parse(body).status === 'failed';
  };
  return {
    capturesSeveralTimes: true,
    needsCustomers: false,
    async addCustomer(owner) {
      const { status, body } = await post('customers', {}, `${ownerId(owner)}:customer`);
      if (status !== 201) throw unexpectedResponse('addCustomer', status);
      return Customer.parse(body).id;
    },
    async detach(paymentMethod) {
      const { status } = await post(`payment-methods/${encodeURIComponent(paymentMethod)}/detach`, {});
      if (status !== 200) throw unexpectedResponse('detach', status);
    },
    open: async () => null,
    authorize: (effect) => send({ ...effect, step: 'authorize' }),
    void: (effect) => send({ ...effect, step: 'void' }) as Promise<Receipt>,
    capture: (effect) => send({ ...effect, step: 'capture' }) as Promise<Receipt>,
    refund: (effect) => send({ ...effect, step: 'refund' }) as Promise<Receipt>,
    async find(request) {
      const { status, body } = await read(`operations/${encodeURIComponent(request.key)}`);
      if (status === 404) return undefined;
      if (status !== 200) throw unexpectedResponse(request.step, status);
      const earlier = Operation.parse(body);
      return receiptOf(request, earlier.status, earlier.body);
    },
    isHeld: async (hold) => ['authorized', 'partially_captured'].includes(await statusOf('isHeld', hold)),
    hasHoldExpired: async (hold) => (await statusOf('hasHoldExpired', hold)) === 'expired',
    async findDispute({ orderId, id }) {
      const { status, body } = await read(`disputes/${encodeURIComponent(id)}`);
      if (status === 404) return undefined;
      if (status !== 200) throw unexpectedResponse('findDispute', status);
      const { orderId: disputed, amountMinor, currency, ...dispute } = Dispute.parse(body);
      return disputed === orderId ? { ...dispute, amount: { amountMinor, currency } } : undefined;
    },
    hasCaptureFailed: ({ id }) => hasFailed('captures', id),
    hasRefundFailed: (id) => hasFailed('refunds', id),
    readEvent({ payload, signature }) {
      if (callbackSecret === undefined || !isSignedBy(callbackSecret, { payload, signature })) {
        throw paymentRefusal('InvalidSignature', 'Processor-Signature is missing, wrong or older than five minutes');
      }
      const event = Event.safeParse(parseJson(payload));
      if (!event.success) throw paymentRefusal('InvalidEvent', 'the event cannot be read');
      const { orderId, holdId = orderId, refundId, disputeId, type } = event.data;
      return {
        orderId,
        holdId,
        ...(refundId !== undefined && { refund: refundId }),
        ...(disputeId !== undefined && { dispute: disputeId }),
        ...(type === 'payment.expired' && { expiry: true }),
        ...(type === 'capture.failed' && { captures: true }),
      };
    },
    async readLedger({ after, limit, orderId }) {
      const query = new URLSearchParams({ limit: String(limit) });
      if (after !== undefined) query.set('after', after);
      if (orderId !== undefined) query.set('orderId', orderId);
      const { status, body } = await read(`ledger?${query.toString()}`);
      if (status !== 200) throw unexpectedResponse('readLedger', status);
      return LedgerPage.parse(body);
    },
  };
}

function payloadOf(request: CardRequest): object {
  const { orderId, holdId } = request;
  const hold = { orderId, ...(holdId !== orderId && { holdId }) };
  if (request.step === 'void') return { ...hold, ...(request.rest && { rest: true }) };
  if (request.step === 'refund') return { ...hold, ...request.amount };
  if (request.step === 'capture') return { ...hold, amountMinor: request.amount.amountMinor, final: request.final };
  const { amount, paymentMethod, customerMayAct, customer, save } = request;
  return {
    ...hold,
    ...amount,
    paymentMethod,
    ...(customerMayAct && { customerMayAct }),
    ...(customer !== null && { customer, ...(save && { save }) }),
  };
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

function receiptOf(request: CardRequest, status: number, body: unknown): Receipt | AwaitsCustomer {
  const { step } = request;
  if (status === 200 || status === 201) return Effect.parse(body);
  if (status === 202) return { customerAction: Confirmable.parse(body).nextAction };
  const problem = Problem.safeParse(body).data;
  // All was captured under another key, for example by hand: the requested effect is in place.
  if (request.step === 'capture' && request.whole && problem?.code === 'AlreadyCaptured') return { id: null };
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

const ownerId = (owner: Owner): string => ('orderId' in owner ? owner.orderId : `user:${owner.userId}`);

const unexpectedResponse = (asked: string, status: number, code = '') =>
  new Error(`the card processor responded to ${asked} with ${status} ${code}`.trimEnd());

const DEFAULT_DETAILS: Partial<Record<PaymentRefusal, string>> = {
  CardDeclined: 'the card was declined',
  InsufficientFunds: 'the card has insufficient funds',
};

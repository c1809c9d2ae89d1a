import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Answer, refuse } from './fake-stripe-answers.ts';
import { CARD, DECLINES, MUST_CONFIRM, type UsedCards, misuseOf, paymentMethod, use } from './fake-stripe-cards.ts';
import { expire, failCharge } from './fake-stripe-banks.ts';
import { type Made, type Resource, refund } from './fake-stripe-refunds.ts';
import { validationError } from './stripe-mock.ts';

/** One request that reached the server. */
export interface RecordedRequest {
  /** `POST /v1/payment_intents` */
  call: string;
  key: string | undefined;
  /** The form as it was sent, with names such as `metadata[orderId]`. */
  form: Record<string, string>;
}

export interface StripeServer {
  url: string;
  requests: RecordedRequest[];
  /** The refunds that took effect. */
  refunds: Resource[];
  /**
   * The next request whose call ends with `call` takes effect, and then its connection breaks. The same happens to the
   * SDK's automatic repeat of that request with the same key.
   */
  dieAfter(call: string): void;
  /** The next request whose call ends with `call` gets this error and has no effect. */
  failNext(call: string, status: number, error: Record<string, string>): void;
  /** Before the next request whose call ends with `call` takes effect. */
  onNext(call: string, act: () => void): void;
  /** Forgets all idempotency keys, as Stripe does after 24 hours. */
  forgetKeys(): void;
  intent(id: string): Intent;
  /** The refund had succeeded, and fails after all. */
  failRefund(id: string): void;
  /** A dispute stands so from now on. While it is open Stripe refuses refunds. */
  dispute(id: string, dispute: { payment_intent?: string; status: string; [field: string]: unknown }): void;
  /** The intent's charge was captured, and fails after all. */
  failCharge(id: string): void;
  /** The hold of the intent expires. */
  expire(id: string): void;
  /** The payment method was never attached to a customer. */
  detach(paymentMethod: string): void;
  /** The customer that the payment method is attached to. */
  ownerOf(paymentMethod: string): string | undefined;
  /** The cards of later intents do not allow several captures. */
  forbidMulticapture(): void;
  /** The holder of the card has confirmed the intent, or has not. */
  holderActs(id: string, outcome: 'succeeded' | 'failed'): void;
  close(): Promise<void>;
}

/** The amounts are in Stripe's units. */
type Intent = Resource & { amount: number; amount_capturable: number; amount_received: number; metadata: object };

/**
 * The part of Stripe's API that an authorize-then-capture payment needs, with its states and idempotency keys.
 * With `validator`, the URL of a stripe-mock, each request must also match Stripe's OpenAPI document.
 */
export async function startStripeServer({ validator }: { validator?: string } = {}): Promise<StripeServer> {
  const requests: RecordedRequest[] = [];
  const intents = new Map<string, Intent>();
  const refunds: Resource[] = [];
  const cards: UsedCards = { used: new Set(), owners: new Map() };
  const disputes = new Map<string, Resource>();
  const state: State = { intents, refunds, disputes, cards, customers: 0, multicapture: 'available' };
  const answers = new Map<string, { form: string; answer: Answer }>();
  const deaths: string[] = [];
  const before: { call: string; work: () => void }[] = [];
  const failures: { call: string; answer: Answer }[] = [];
  const take = <Item>(list: Item[], wanted: (item: Item) => boolean): Item | undefined => {
    const index = list.findIndex(wanted);
    return index < 0 ? undefined : list.splice(index, 1)[0];
  };

  async function answer(request: IncomingMessage, body: string): Promise<Answer> {
    const url = new URL(request.url!, 'http://stripe');
    const form = Object.fromEntries(new URLSearchParams(body || url.search));
    const call = `${request.method} ${url.pathname}`;
    const key = request.headers['idempotency-key'] as string | undefined;
    requests.push({ call, key, form });
    const invalid = validator && (await validationError(validator, request, body));
    if (invalid) return { status: 400, body: invalid };
    const failure = take(failures, (candidate) => call.endsWith(candidate.call));
    if (failure) return failure.answer;
    take(before, (candidate) => call.endsWith(candidate.call))?.work();
    const earlier = key === undefined ? undefined : answers.get(key);
    if (earlier && earlier.form !== call + body) return refuse(400, { type: 'idempotency_error' });
    const given = earlier?.answer ?? act(url.pathname.split('/').slice(2), form, state);
    if (key !== undefined) answers.set(key, { form: call + body, answer: structuredClone(given) });
    return given;
  }

  const server = createServer((request, response: ServerResponse) => {
    void (async () => {
      const { status, body } = await answer(request, await text(request));
      const call = `${request.method} ${request.url!.split('?')[0]}`;
      if (take(deaths, (candidate) => call.endsWith(candidate)) !== undefined) request.socket.destroy();
      else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    refunds,
    dieAfter: (call) => void deaths.push(call, call),
    failNext: (call, status, error) => void failures.push({ call, answer: refuse(status, error) }),
    onNext: (call, work) => void before.push({ call, work }),
    forgetKeys: () => answers.clear(),
    intent: (id) => intents.get(id)!,
    failRefund: (id) => void (refunds.find((made) => made.id === id)!.status = 'failed'),
    dispute: (id, dispute) => void disputes.set(id, { ...disputes.get(id), id, object: 'dispute', ...dispute }),
    failCharge: (id) => failCharge(intents.get(id)!),
    expire: (id) => expire(intents.get(id)!),
    detach: (paymentMethod) => void cards.owners.delete(paymentMethod),
    ownerOf: (paymentMethod) => cards.owners.get(paymentMethod),
    forbidMulticapture: () => void (state.multicapture = 'unavailable'),
    holderActs: (id, outcome) => holderActs(intents.get(id)!, outcome, cards),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface State extends Made {
  intents: Map<string, Intent>;
  cards: UsedCards;
  customers: number;
  multicapture: 'available' | 'unavailable';
}

function act([resource, id, verb]: string[], form: Record<string, string>, state: State): Answer {
  const { intents } = state;
  if (resource === 'refunds' && id !== undefined) return found(state.refunds.find((made) => made.id === id));
  if (resource === 'refunds') return refund(form, state, id === undefined && form.amount === undefined);
  if (resource === 'disputes') return found(state.disputes.get(id!));
  if (resource === 'customers') return { status: 200, body: { id: `cus_${++state.customers}`, object: 'customer' } };
  if (resource === 'payment_methods') return paymentMethod(state.cards, id!, verb);
  if (id === undefined) return create(form, state);
  const intent = intents.get(id);
  if (!intent || verb === undefined) return found(intent);
  return move(intent, verb, form, state.cards);
}

const found = (resource: Resource | undefined): Answer =>
  resource
    ? { status: 200, body: resource }
    : refuse(404, { type: 'invalid_request_error', code: 'resource_missing', param: 'id' });

function create(form: Record<string, string>, { intents, cards, multicapture }: State): Answer {
  if (form.payment_method === 'pm_nobody_knows') {
    return refuse(400, { type: 'invalid_request_error', code: 'resource_missing', param: 'payment_method' });
  }
  const message = misuseOf(cards, form);
  if (message !== undefined) return refuse(400, { type: 'invalid_request_error', message });
  const id = `pi_${intents.size + 1}`;
  const intent = {
    ...form,
    id,
    object: 'payment_intent',
    status: 'requires_confirmation',
    latest_charge: null,
    amount: Number(form.amount),
    amount_capturable: 0,
    amount_received: 0,
    metadata: metadataOf(form),
    multicapture: form[MULTICAPTURE] === 'if_available' ? multicapture : undefined,
  };
  intents.set(id, intent);
  return { status: 200, body: intent };
}

const MULTICAPTURE = 'payment_method_options[card][request_multicapture]';

const metadataOf = (form: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(form).flatMap(([name, value]) => {
      const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
      return key === undefined ? [] : [[key, value]];
    }),
  );

/** https://docs.stripe.com/payments/multicapture */
function capture(intent: Intent, form: Record<string, string>): Answer {
  const amount = Number(form.amount_to_capture ?? intent.amount_capturable);
  const isFinal = form.final_capture !== 'false';
  const isAllowed = isFinal || intent.multicapture === 'available';
  if (amount > intent.amount_capturable || !isAllowed) {
    return refuse(400, { type: 'invalid_request_error', param: isAllowed ? 'amount_to_capture' : 'final_capture' });
  }
  Object.assign(intent, {
    status: isFinal ? 'succeeded' : 'requires_capture',
    amount_received: intent.amount_received + amount,
    amount_capturable: isFinal ? 0 : intent.amount_capturable - amount,
    metadata: { ...intent.metadata, ...metadataOf(form) },
  });
  return { status: 200, body: intent };
}

/** https://docs.stripe.com/payments/paymentintents/lifecycle */
function move(intent: Intent, verb: string, form: Record<string, string>, cards: UsedCards): Answer {
  const next = MOVES[verb]?.[intent.status];
  if (!next) {
    const error = { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', payment_intent: intent };
    return refuse(400, error);
  }
  const decline = verb === 'confirm' && DECLINES[String(intent.payment_method)];
  if (decline) return declined(intent, { code: 'card_declined', decline_code: decline });
  if (verb === 'confirm' && intent.payment_method === MUST_CONFIRM) {
    if (form.error_on_requires_action === 'true' || form.off_session === 'true') {
      return declined(intent, { code: 'authentication_required', decline_code: 'authentication_required' });
    }
    Object.assign(intent, { status: 'requires_action', client_secret: `${intent.id}_secret_1` });
    return { status: 200, body: intent };
  }
  if (verb === 'capture') return capture(intent, form);
  intent.status = next;
  if (verb === 'confirm') hold(intent, cards);
  else intent.amount_capturable = 0;
  return { status: 200, body: intent };
}

function declined(intent: Intent, reason: Record<string, string>): Answer {
  const error = { type: 'card_error', ...reason };
  Object.assign(intent, {
    status: 'requires_payment_method',
    last_payment_error: error,
    latest_charge: { id: `ch_${intent.id}`, object: 'charge', status: 'failed' },
  });
  return refuse(402, error);
}

/** https://docs.stripe.com/payments/3d-secure/authentication-flow */
function holderActs(intent: Intent, outcome: 'succeeded' | 'failed', cards: UsedCards): void {
  if (outcome === 'succeeded') {
    intent.status = 'requires_capture';
    hold(intent, cards);
  } else {
    const last_payment_error = { type: 'invalid_request_error', code: 'payment_intent_authentication_failure' };
    Object.assign(intent, { status: 'requires_payment_method', last_payment_error });
  }
}

function hold(intent: Intent, cards: UsedCards): void {
  const { id, amount, multicapture } = intent;
  Object.assign(intent, {
    payment_method: use(cards, intent),
    amount_capturable: amount,
    latest_charge: {
      id: `ch_${id}`,
      object: 'charge',
      status: 'succeeded',
      payment_method_details: {
        card: { ...CARD, ...(multicapture !== undefined && { multicapture: { status: multicapture } }) },
      },
    },
  });
}

const MOVES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  confirm: { requires_confirmation: 'requires_capture' },
  capture: { requires_capture: 'succeeded' },
  cancel: {
    requires_confirmation: 'canceled',
    requires_payment_method: 'canceled',
    requires_action: 'canceled',
    requires_capture: 'canceled',
  },
};

import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

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
  /** Forgets all idempotency keys, as Stripe does after 24 hours. */
  forgetKeys(): void;
  intent(id: string): Resource;
  /** The holder of the card has confirmed the intent, or has not. */
  holderActs(id: string, outcome: 'succeeded' | 'failed'): void;
  close(): Promise<void>;
}

type Resource = Record<string, unknown> & { id: string; status: string };
interface Answer {
  status: number;
  body: unknown;
}

/**
 * The part of Stripe's API that an authorize-then-capture payment needs, with its states and idempotency keys.
 * With `validator`, the URL of a stripe-mock, each request must also match Stripe's OpenAPI document.
 */
export async function startStripeServer({ validator }: { validator?: string } = {}): Promise<StripeServer> {
  const requests: RecordedRequest[] = [];
  const intents = new Map<string, Resource>();
  const refunds: Resource[] = [];
  const answers = new Map<string, { form: string; answer: Answer }>();
  const deaths: string[] = [];
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
    const before = key === undefined ? undefined : answers.get(key);
    if (before && before.form !== call + body) return refuse(400, { type: 'idempotency_error' });
    const given = before?.answer ?? act(url.pathname.split('/').slice(2), form, { intents, refunds });
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
    forgetKeys: () => answers.clear(),
    intent: (id) => intents.get(id)!,
    holderActs: (id, outcome) => holderActs(intents.get(id)!, outcome),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The error of stripe-mock for a request; undefined if the request is valid. */
async function validationError(validator: string, request: IncomingMessage, body: string): Promise<unknown> {
  const response = await fetch(new URL(request.url!, validator), {
    method: request.method!,
    headers: {
      authorization: request.headers.authorization!,
      'content-type': 'application/x-www-form-urlencoded',
    },
    ...(request.method === 'POST' && { body }),
  });
  const answer = await response.json();
  return response.ok ? undefined : answer;
}

const refuse = (status: number, error: Record<string, unknown>): Answer => ({ status, body: { error } });
/** Stripe's test card that always asks its holder (https://docs.stripe.com/testing#regulatory-cards). */
const MUST_CONFIRM = 'pm_card_authenticationRequired';
const DECLINES: Readonly<Record<string, string>> = {
  pm_card_chargeDeclined: 'generic_decline',
  pm_card_chargeDeclinedInsufficientFunds: 'insufficient_funds',
};

interface State {
  intents: Map<string, Resource>;
  refunds: Resource[];
}

function act([resource, id, verb]: string[], form: Record<string, string>, { intents, refunds }: State): Answer {
  if (resource === 'refunds') return refund(form, refunds, id === undefined && form.amount === undefined);
  if (id === undefined) return create(form, intents);
  const intent = intents.get(id);
  if (!intent) return refuse(404, { type: 'invalid_request_error', code: 'resource_missing', param: 'intent' });
  if (verb === undefined) return { status: 200, body: intent };
  return move(intent, verb, form);
}

function create(form: Record<string, string>, intents: Map<string, Resource>): Answer {
  if (form.payment_method === 'pm_nobody_knows') {
    return refuse(400, { type: 'invalid_request_error', code: 'resource_missing', param: 'payment_method' });
  }
  const id = `pi_${intents.size + 1}`;
  const intent = { ...form, id, object: 'payment_intent', status: 'requires_confirmation', latest_charge: null };
  intents.set(id, intent);
  return { status: 200, body: intent };
}

/** https://docs.stripe.com/payments/paymentintents/lifecycle */
function move(intent: Resource, verb: string, form: Record<string, string>): Answer {
  const next = MOVES[verb]?.[intent.status];
  if (!next) {
    const error = { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', payment_intent: intent };
    return refuse(400, error);
  }
  const decline = verb === 'confirm' && DECLINES[String(intent.payment_method)];
  if (decline) return declined(intent, { code: 'card_declined', decline_code: decline });
  if (verb === 'confirm' && intent.payment_method === MUST_CONFIRM) {
    if (form.error_on_requires_action === 'true') {
      return declined(intent, { code: 'authentication_required', decline_code: 'authentication_required' });
    }
    Object.assign(intent, { status: 'requires_action', client_secret: `${intent.id}_secret_1` });
    return { status: 200, body: intent };
  }
  intent.status = next;
  if (verb === 'confirm') intent.latest_charge = heldBy(intent);
  return { status: 200, body: intent };
}

function declined(intent: Resource, reason: Record<string, string>): Answer {
  const error = { type: 'card_error', ...reason };
  Object.assign(intent, {
    status: 'requires_payment_method',
    last_payment_error: error,
    latest_charge: { id: `ch_${intent.id}`, object: 'charge', status: 'failed' },
  });
  return refuse(402, error);
}

/** https://docs.stripe.com/payments/3d-secure/authentication-flow */
function holderActs(intent: Resource, outcome: 'succeeded' | 'failed'): void {
  if (outcome === 'succeeded') {
    Object.assign(intent, { status: 'requires_capture', latest_charge: heldBy(intent) });
  } else {
    const last_payment_error = { type: 'invalid_request_error', code: 'payment_intent_authentication_failure' };
    Object.assign(intent, { status: 'requires_payment_method', last_payment_error });
  }
}

const heldBy = ({ id }: Resource) => ({ id: `ch_${id}`, object: 'charge', status: 'succeeded' });

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

function refund(form: Record<string, string>, refunds: Resource[], list: boolean): Answer {
  if (list) {
    const data = refunds.filter((candidate) => candidate.payment_intent === form.payment_intent);
    return { status: 200, body: { object: 'list', data, has_more: false, url: '/v1/refunds' } };
  }
  const made = {
    ...form,
    id: `re_${refunds.length + 1}`,
    object: 'refund',
    status: 'succeeded',
    metadata: { key: form['metadata[key]'] },
  };
  refunds.push(made);
  return { status: 200, body: made };
}

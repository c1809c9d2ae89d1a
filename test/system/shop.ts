import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Stock } from '../../activities/inventory.ts';
import type { Intervention } from '../../activities/order.ts';
import type { HistoryItem } from '../../activities/order-status.ts';
import type { OrderView } from '../../gateway/order-view.ts';
import { eventually } from '../support/eventually.ts';
import { type Answer, type Question, ask } from './http.ts';
import { ADMIN, type Platform } from './platform.ts';

export interface Wish {
  lines: { sku: string; quantity: number }[];
  paymentMethod: string;
  shippingAddress: { name: string; line1: string; city: string; postalCode: string; country: string };
}

/** What a test says of an order that it places; the rest is ordinary. */
export interface Difference {
  sku?: string;
  quantity?: number;
  paymentMethod?: string;
  postalCode?: string;
}

export const PRICE_MINOR = 1_250;

export const wish = (difference: Difference = {}): Wish => ({
  lines: [{ sku: difference.sku ?? 'MUG-BLUE', quantity: difference.quantity ?? 1 }],
  paymentMethod: difference.paymentMethod ?? 'pm_card_visa',
  shippingAddress: {
    name: 'Ada Lovelace',
    line1: '12 High Street',
    city: 'London',
    postalCode: difference.postalCode ?? 'N1 9GU',
    country: 'GB',
  },
});

// A look at an order costs the platform 5 ms, and a dozen tests look at once.
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 120_000;

/** Somebody who is signed in. */
export class Person {
  readonly #api: string;
  readonly #token: string;
  readonly id: string;

  constructor({ api, token, id }: { api: string; token: string; id: string }) {
    this.#api = api;
    this.#token = token;
    this.id = id;
  }

  ask<Body>(method: Question['method'], path: string, more: Pick<Question, 'body' | 'key' | 'headers'> = {}) {
    return ask<Body>({ method, url: `${this.#api}${path}`, token: this.#token, ...more });
  }

  /** The answer's body, where the answer is `expected`. */
  async asked<Body>(expected: number, ...question: Parameters<Person['ask']>): Promise<Body> {
    const { status, body } = await this.ask<Body>(...question);
    assert.equal(status, expected, JSON.stringify(body));
    return body;
  }

  place(body: Wish, { key = randomUUID(), wait }: { key?: string; wait?: number } = {}): Promise<Answer<OrderView>> {
    return this.ask('POST', '/v1/orders', { key, body, ...(wait && { headers: { prefer: `wait=${wait}` } }) });
  }

  /** An order that is what it is meant to become by `status`. */
  async placed(difference: Difference, status: OrderView['status'] = 'confirmed'): Promise<OrderView> {
    const { body } = await this.place(wish(difference));
    return this.orderOnce(body.id, { status });
  }

  /** Places it under one key until it is acknowledged, as any client does when servers go down and come back. */
  async placeUntilAcknowledged(body: Wish, key: string): Promise<OrderView> {
    const place = async () => {
      const answer = await this.place(body, { key });
      assert.ok(answer.status < 500 && answer.status !== 409, JSON.stringify(answer.body));
      return answer;
    };
    const answer = await eventually(place, PATIENCE_MS, LOOK_EVERY_MS);
    assert.ok([201, 202].includes(answer.status), JSON.stringify(answer.body));
    return answer.body;
  }

  order(id: string): Promise<OrderView> {
    return this.asked(200, 'GET', `/v1/orders/${id}`);
  }

  /** The order as soon as it is like this. */
  orderOnce(id: string, like: Partial<OrderView>): Promise<OrderView> {
    const look = async () => {
      const order = await this.order(id);
      assert.partialDeepStrictEqual(order, like);
      return order;
    };
    return eventually(look, PATIENCE_MS, LOOK_EVERY_MS);
  }

  async history(id: string): Promise<HistoryItem[]> {
    return (await this.asked<{ items: HistoryItem[] }>(200, 'GET', `/v1/orders/${id}/history`)).items;
  }

  async stock(sku: string): Promise<Stock> {
    return this.asked(200, 'GET', `/v1/products/${sku}/stock`);
  }

  /** The question that an order waits with, as soon as it is there. */
  intervention(orderId: string): Promise<Intervention> {
    const look = async () => {
      const path = '/v1/admin/interventions?state=open&limit=100';
      const { items } = await this.asked<{ items: Intervention[] }>(200, 'GET', path);
      return items.find((item) => item.orderId === orderId) ?? assert.fail(`nobody is asked about ${orderId}`);
    };
    return eventually(look, PATIENCE_MS, LOOK_EVERY_MS);
  }

  resolve({ id }: Intervention, action: 'retry' | 'skip'): Promise<Intervention> {
    const body = { action, note: 'looked into it' };
    return this.asked(200, 'POST', `/v1/admin/interventions/${id}/resolve`, { key: randomUUID(), body });
  }
}

/** A customer nobody has seen before. */
export async function newCustomer({ api }: Platform): Promise<Person> {
  const credentials = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
  const body = { ...credentials, name: 'Ada Lovelace' };
  const signedUp = await ask<{ id: string }>({ method: 'POST', url: `${api}/v1/users`, body });
  assert.equal(signedUp.status, 201, JSON.stringify(signedUp.body));
  return signIn(api, credentials);
}

export const admin = ({ api }: Platform): Promise<Person> => signIn(api, ADMIN);

async function signIn(api: string, body: { email: string; password: string }): Promise<Person> {
  const session = await ask<{ accessToken: string }>({ method: 'POST', url: `${api}/v1/sessions`, body });
  assert.equal(session.status, 201, JSON.stringify(session.body));
  const token = session.body.accessToken;
  const me = await ask<{ id: string }>({ method: 'GET', url: `${api}/v1/users/me`, token });
  return new Person({ api, token, id: me.body.id });
}

/** A product that only its test sells, so that its stock can be counted. Answers its SKU. */
export async function newProduct(admin: Person, pieces: number): Promise<string> {
  const sku = `T-${randomUUID()}`;
  const price = { amountMinor: PRICE_MINOR, currency: 'GBP' };
  await admin.asked(201, 'POST', '/v1/products', { body: { sku, name: 'A thing to sell', price } });
  const body = { delta: pieces, reason: 'delivered' };
  await admin.asked(201, 'POST', `/v1/products/${sku}/stock-adjustments`, { key: randomUUID(), body });
  return sku;
}

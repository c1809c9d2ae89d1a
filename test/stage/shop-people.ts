import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Client, Schemas } from '../../clients/typescript/index.ts';
import { eventually } from './eventually.ts';
import { type Answer, answerOf, apiClient, expected } from './api-client.ts';
import { ADMIN, type Platform } from './test-platform.ts';

export type Order = Schemas['Order'];
export type Intervention = Schemas['Intervention'];
export type HistoryItem = Awaited<ReturnType<Person['history']>>[number];

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

export const PASSWORD = 'correct horse battery';
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
  readonly api: Client;
  readonly token: string;
  readonly id: string;

  constructor({ api, token, id }: { api: string; token: string; id: string }) {
    this.api = apiClient(api, token);
    this.token = token;
    this.id = id;
  }

  place(
    body: Wish | (Omit<Wish, 'lines'> & { fromCart: true }),
    { key = randomUUID(), wait }: { key?: string; wait?: number } = {},
  ): Promise<Answer<Order>> {
    const header = { 'Idempotency-Key': key, ...(wait && { Prefer: `wait=${wait}` }) };
    return answerOf(this.api.POST('/v1/orders', { params: { header }, body }));
  }

  cancel(orderId: string, reason?: string): Promise<Answer<Order>> {
    const params = { path: { orderId }, header: { 'Idempotency-Key': randomUUID() } };
    const body = reason === undefined ? {} : { reason };
    return answerOf(this.api.POST('/v1/orders/{orderId}/cancel', { params, body }));
  }

  async orders(query: { status?: Order['status']; limit?: number } = {}): Promise<Order[]> {
    return (await expected(200, this.api.GET('/v1/orders', { params: { query } }))).items;
  }

  /** An order that is what it is meant to become by `status`. */
  async placed(difference: Difference, status: Order['status'] = 'confirmed'): Promise<Order> {
    const { body } = await this.place(wish(difference));
    return this.orderOnce(body.id, { status });
  }

  /** Places it under one key until it is acknowledged, as any client does when servers go down and come back. */
  async placeUntilAcknowledged(body: Wish, key: string): Promise<Order> {
    const place = async () => {
      const answer = await this.place(body, { key });
      assert.ok(answer.status < 500 && answer.status !== 409, JSON.stringify(answer.body));
      return answer;
    };
    const answer = await eventually(place, PATIENCE_MS, LOOK_EVERY_MS);
    assert.ok([201, 202].includes(answer.status), JSON.stringify(answer.body));
    return answer.body;
  }

  order(id: string): Promise<Order> {
    return expected(200, this.api.GET('/v1/orders/{orderId}', { params: { path: { orderId: id } } }));
  }

  /** The order as soon as it is like this. */
  orderOnce(id: string, like: Partial<Order>): Promise<Order> {
    const look = async () => {
      const order = await this.order(id);
      assert.partialDeepStrictEqual(order, like);
      return order;
    };
    return eventually(look, PATIENCE_MS, LOOK_EVERY_MS);
  }

  async history(id: string) {
    const params = { path: { orderId: id } };
    return (await expected(200, this.api.GET('/v1/orders/{orderId}/history', { params }))).items;
  }

  stock(sku: string): Promise<Schemas['Stock']> {
    return expected(200, this.api.GET('/v1/products/{sku}/stock', { params: { path: { sku } } }));
  }

  /** Comes back when its stock is like this: the goods leave the books a moment after the money is taken. */
  stockOnce(sku: string, like: Partial<Schemas['Stock']>): Promise<void> {
    const look = async () => assert.partialDeepStrictEqual(await this.stock(sku), like);
    return eventually(look, PATIENCE_MS, LOOK_EVERY_MS);
  }

  /** The question that an order waits with, as soon as it is there. */
  intervention(orderId: string): Promise<Intervention> {
    const look = async () => {
      const query = { state: 'open', limit: 100 } as const;
      const { items } = await expected(200, this.api.GET('/v1/admin/interventions', { params: { query } }));
      return items.find((item) => item.orderId === orderId) ?? assert.fail(`nobody is asked about ${orderId}`);
    };
    return eventually(look, PATIENCE_MS, LOOK_EVERY_MS);
  }

  resolve({ id }: Intervention, action: 'retry' | 'skip'): Promise<Intervention> {
    const params = { path: { interventionId: id }, header: { 'Idempotency-Key': randomUUID() } };
    const body = { action, note: 'looked into it' };
    return expected(200, this.api.POST('/v1/admin/interventions/{interventionId}/resolve', { params, body }));
  }
}

/**
 * Whether a step had to be asked for once more, as where its service took longer than 2 s. An order that comes to nothing
 * after that has everything undone that may have happened, and its statuses say so.
 */
export const askedAgain = (history: HistoryItem[]): boolean =>
  history.some(({ outcome, attempt = 1 }) => ['succeeded', 'failed'].includes(outcome) && attempt > 1);

/** A customer nobody has seen before. */
export async function newCustomer({ api }: Platform): Promise<Person> {
  const credentials = { email: `${randomUUID()}@example.com`, password: PASSWORD };
  await expected(201, apiClient(api).POST('/v1/users', { body: { ...credentials, name: 'Ada Lovelace' } }));
  return signIn(api, credentials);
}

export const admin = ({ api }: Platform): Promise<Person> => signIn(api, ADMIN);

async function signIn(api: string, body: { email: string; password: string }): Promise<Person> {
  const { accessToken: token } = await expected(201, apiClient(api).POST('/v1/sessions', { body }));
  const { id } = await expected(200, apiClient(api, token).GET('/v1/users/me'));
  return new Person({ api, token, id });
}

/** A product that only its test sells, so that its stock can be counted. Answers its SKU. */
export async function newProduct(admin: Person, pieces: number): Promise<string> {
  const sku = `T-${randomUUID()}`;
  const price = { amountMinor: PRICE_MINOR, currency: 'GBP' };
  await expected(201, admin.api.POST('/v1/products', { body: { sku, name: 'A thing to sell', price } }));
  const params = { path: { sku }, header: { 'Idempotency-Key': randomUUID() } };
  const body = { delta: pieces, reason: 'delivered' };
  await expected(201, admin.api.POST('/v1/products/{sku}/stock-adjustments', { params, body }));
  return sku;
}

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Client, Schemas } from '../../clients/typescript/index.ts';
import { eventually } from './eventually.ts';
import { type ApiResponse, responseOf, apiClient, expectStatus } from './api-client.ts';
import { ADMIN, type Platform } from './test-platform.ts';

export type Order = Schemas['Order'];
export type Intervention = Schemas['Intervention'];
export type Mail = Schemas['Mail'];
export type HistoryItem = Awaited<ReturnType<ShopUser['history']>>[number];

export interface OrderRequest {
  lines: { sku: string; quantity: number }[];
  paymentMethod: string;
  savePaymentMethod?: true;
  expectedTotal?: { amountMinor: number; currency: string };
  contact?: { email: string; name?: string };
  shippingAddress: { name: string; line1: string; city: string; postalCode: string; country: string };
}

/** How an order differs from the ordinary one. */
export interface OrderDifference {
  sku?: string;
  quantity?: number;
  paymentMethod?: string;
  savePaymentMethod?: true;
  postalCode?: string;
}

export const PASSWORD = 'correct horse battery';
export const PRICE_MINOR = 1_250;

export const orderRequest = (difference: OrderDifference = {}): OrderRequest => ({
  lines: [{ sku: difference.sku ?? 'MUG-BLUE', quantity: difference.quantity ?? 1 }],
  paymentMethod: difference.paymentMethod ?? 'pm_card_visa',
  ...(difference.savePaymentMethod && { savePaymentMethod: true }),
  shippingAddress: {
    name: 'Ada Lovelace',
    line1: '12 High Street',
    city: 'London',
    postalCode: difference.postalCode ?? 'N1 9GU',
    country: 'GB',
  },
});

// Reading an order costs the platform 5 ms, and a dozen tests poll at the same time.
const POLL_MS = 100;
const TIMEOUT_MS = 120_000;

/** A user who is signed in. */
export class ShopUser {
  readonly api: Client;
  readonly token: string;
  readonly id: string;

  constructor({ api, token, id }: { api: string; token: string; id: string }) {
    this.api = apiClient(api, token);
    this.token = token;
    this.id = id;
  }

  place(
    body: OrderRequest | (Omit<OrderRequest, 'lines'> & { fromCart: true }),
    { key = randomUUID(), wait }: { key?: string; wait?: number } = {},
  ): Promise<ApiResponse<Order>> {
    const header = { 'Idempotency-Key': key, ...(wait && { Prefer: `wait=${wait}` }) };
    return responseOf(this.api.POST('/v1/orders', { params: { header }, body }));
  }

  cancel(orderId: string, reason?: string): Promise<ApiResponse<Order>> {
    const params = { path: { orderId }, header: { 'Idempotency-Key': randomUUID() } };
    const body = reason === undefined ? {} : { reason };
    return responseOf(this.api.POST('/v1/orders/{orderId}/cancel', { params, body }));
  }

  async orders(query: { status?: Order['status']; limit?: number } = {}): Promise<Order[]> {
    return (await expectStatus(200, this.api.GET('/v1/orders', { params: { query } }))).items;
  }

  /** Places an order and waits until it has this status. */
  async placeAndWait(difference: OrderDifference, status: Order['status'] = 'confirmed'): Promise<Order> {
    const { body } = await this.place(orderRequest(difference));
    return this.waitForOrder(body.id, { status });
  }

  /** Repeats the request with the same key until it succeeds, as a client does while servers restart. */
  async placeUntilAcknowledged(body: OrderRequest, key: string): Promise<Order> {
    const place = async () => {
      const response = await this.place(body, { key });
      assert.ok(response.status < 500 && response.status !== 409, JSON.stringify(response.body));
      return response;
    };
    const response = await eventually(place, TIMEOUT_MS, POLL_MS);
    assert.ok([201, 202].includes(response.status), JSON.stringify(response.body));
    return response.body;
  }

  order(id: string): Promise<Order> {
    return expectStatus(200, this.api.GET('/v1/orders/{orderId}', { params: { path: { orderId: id } } }));
  }

  /** Waits until the order has these properties, and returns it. */
  waitForOrder(id: string, like: Partial<Order>): Promise<Order> {
    const check = async () => {
      const order = await this.order(id);
      assert.partialDeepStrictEqual(order, like);
      return order;
    };
    return eventually(check, TIMEOUT_MS, POLL_MS);
  }

  async history(id: string) {
    const params = { path: { orderId: id } };
    return (await expectStatus(200, this.api.GET('/v1/orders/{orderId}/history', { params }))).items;
  }

  /** Puts this many pieces into the cart. */
  async setCartLine(sku: string, quantity: number): Promise<void> {
    await expectStatus(200, this.api.PUT('/v1/cart/lines/{sku}', { params: { path: { sku } }, body: { quantity } }));
  }

  /** `2 MUG-BLUE` */
  async cartLines(): Promise<string[]> {
    const { lines } = await expectStatus(200, this.api.GET('/v1/cart'));
    return lines.map(({ sku, quantity }) => `${quantity} ${sku}`);
  }

  stock(sku: string): Promise<Schemas['Stock']> {
    return expectStatus(200, this.api.GET('/v1/products/{sku}/stock', { params: { path: { sku } } }));
  }

  /** Waits until the stock has these properties: the stock is committed shortly after the payment is captured. */
  waitForStock(sku: string, like: Partial<Schemas['Stock']>): Promise<void> {
    const check = async () => assert.partialDeepStrictEqual(await this.stock(sku), like);
    return eventually(check, TIMEOUT_MS, POLL_MS);
  }

  /** Waits until the order has an open intervention, and returns it. */
  waitForIntervention(orderId: string): Promise<Intervention> {
    const check = async () => {
      const query = { state: 'open', limit: 100 } as const;
      const { items } = await expectStatus(200, this.api.GET('/v1/admin/interventions', { params: { query } }));
      return items.find((item) => item.orderId === orderId) ?? assert.fail(`order ${orderId} has no open intervention`);
    };
    return eventually(check, TIMEOUT_MS, POLL_MS);
  }

  /** The mails about an order, newest first. */
  async mails(orderId: string): Promise<Mail[]> {
    const query = { orderId, limit: 100 };
    return (await expectStatus(200, this.api.GET('/v1/admin/mailbox', { params: { query } }))).items;
  }

  /** Waits for a mail about the order that has these properties, and returns it. */
  waitForMail(orderId: string, like: Partial<Mail>): Promise<Mail> {
    const check = async () => {
      const fits = (mail: Mail) => Object.entries(like).every(([name, value]) => mail[name as keyof Mail] === value);
      const mails = await this.mails(orderId);
      return mails.find(fits) ?? assert.fail(`${orderId} has no mail with ${JSON.stringify(like)}`);
    };
    return eventually(check, TIMEOUT_MS, POLL_MS);
  }

  /** Waits until exactly these mails about an order are kept; each named as often as there are such mails. */
  waitForMails(orderId: string, ...templates: Mail['template'][]): Promise<void> {
    const check = async () => {
      const kept = (await this.mails(orderId)).filter(({ state }) => state === 'kept');
      assert.deepEqual(kept.map(({ template }) => template).toSorted(), templates.toSorted());
    };
    return eventually(check, TIMEOUT_MS, POLL_MS);
  }

  resolve({ id }: Intervention, action: NonNullable<Intervention['action']>): Promise<Intervention> {
    const params = { path: { interventionId: id }, header: { 'Idempotency-Key': randomUUID() } };
    const body = { action, note: 'looked into it' };
    return expectStatus(200, this.api.POST('/v1/admin/interventions/{interventionId}/resolve', { params, body }));
  }
}

/**
 * Whether a step was retried, as when its service takes longer than 2 s. If such an order is rejected, every step that may
 * have happened is compensated, and the order's statuses show it.
 */
export const wasRetried = (history: HistoryItem[]): boolean =>
  history.some(({ outcome, attempt = 1 }) => ['succeeded', 'failed'].includes(outcome) && attempt > 1);

/** Signs up a new customer. */
export async function newCustomer({ api }: Platform, email = `${randomUUID()}@example.com`): Promise<ShopUser> {
  const credentials = { email, password: PASSWORD };
  await expectStatus(201, apiClient(api).POST('/v1/users', { body: { ...credentials, name: 'Ada Lovelace' } }));
  return signIn(api, credentials);
}

/** Starts as a guest with this address. */
export async function newGuest({ api }: Platform, email = `${randomUUID()}@example.com`): Promise<ShopUser> {
  const { accessToken } = await expectStatus(201, apiClient(api).POST('/v1/guests', { body: { email } }));
  return guestWith(api, accessToken);
}

/** The guest whose access token this is. */
export const guestWith = (api: string, token: string): ShopUser =>
  new ShopUser({ api, token, id: decodeJwt(token).sub! });

/** Signs up a new customer and gives them this role. They must sign in again: a changed role ends all sessions. */
export async function newStaff(
  platform: Platform,
  admin: ShopUser,
  role: Schemas['ManagedUser']['role'],
): Promise<ShopUser> {
  const { id, api } = await newCustomer(platform);
  const { email } = await expectStatus(200, api.GET('/v1/users/me'));
  const params = { path: { userId: id } };
  await expectStatus(200, admin.api.PATCH('/v1/admin/users/{userId}', { params, body: { role } }));
  return signIn(platform.api, { email, password: PASSWORD });
}

export const signInAsAdmin = ({ api }: Platform): Promise<ShopUser> => signIn(api, ADMIN);

/** Signs in a user with a password. */
export async function signIn(api: string, body: { email: string; password: string }): Promise<ShopUser> {
  const { accessToken: token } = await expectStatus(201, apiClient(api).POST('/v1/sessions', { body }));
  const { id } = await expectStatus(200, apiClient(api, token).GET('/v1/users/me'));
  return new ShopUser({ api, token, id });
}

/** Creates a product for one test, so that the test can count its stock. Returns the SKU. */
export async function newProduct(admin: ShopUser, pieces: number): Promise<string> {
  const sku = `T-${randomUUID()}`;
  const price = { amountMinor: PRICE_MINOR, currency: 'GBP' };
  await expectStatus(201, admin.api.POST('/v1/products', { body: { sku, name: 'A test product', price } }));
  const params = { path: { sku }, header: { 'Idempotency-Key': randomUUID() } };
  const body = { delta: pieces, reason: 'delivered' };
  await expectStatus(201, admin.api.POST('/v1/products/{sku}/stock-adjustments', { params, body }));
  return sku;
}

import { randomUUID } from 'node:crypto';
import { type Client, createClient } from '../../clients/typescript/index.ts';
import { ADMIN, type Platform } from '../stage/test-platform.ts';

/** Access tokens of users with data. */
export interface Shop {
  customer: string;
  admin: string;
  /** The access token of a new customer without data. */
  newCustomer(): Promise<string>;
}

// The product in the examples of the OpenAPI document, so that orders with it succeed.
const EXAMPLE = { sku: '85123A', name: 'White hanging heart', price: { amountMinor: 255, currency: 'GBP' } };
// Nothing listens there: deliveries fail and are retried.
const ENDPOINT = { url: 'http://127.0.0.1:9/', events: ['order.placed' as const] };

export async function createShop({ api }: Platform): Promise<Shop> {
  const signIn = async ({ email, password }: { email: string; password: string }) =>
    expected(await createClient({ baseUrl: api }).POST('/v1/sessions', { body: { email, password } })).accessToken;
  const newCustomer = async () => {
    const body = { email: `${randomUUID()}@example.com`, password: 'correct horse battery', name: 'Ada' };
    expected(await createClient({ baseUrl: api }).POST('/v1/users', { body }));
    return signIn(body);
  };
  const as = (token: string): Client => createClient({ baseUrl: api, accessToken: () => token });
  const [customer, admin] = await Promise.all([newCustomer(), signIn(ADMIN)]);
  expected(await as(admin).POST('/v1/products', { body: EXAMPLE }));
  expected(
    await as(admin).POST('/v1/products/{sku}/stock-adjustments', {
      params: { path: { sku: EXAMPLE.sku }, header: { 'Idempotency-Key': randomUUID() } },
      body: { delta: 1_000_000, reason: 'delivered' },
    }),
  );
  for (const token of [customer, admin]) {
    expected(await as(token).POST('/v1/webhook-endpoints', { body: ENDPOINT }));
  }
  return { customer, admin, newCustomer };
}

function expected<Data>({ data, error }: { data?: Data; error?: { code: string } }): Data {
  if (data === undefined) throw new Error(error?.code ?? 'no response body');
  return data;
}

import createOpenApiClient, { type Client as OpenApiClient } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

/** What bodies and problems are made of, by the names that the API's description gives them. */
export type Schemas = components['schemas'];

/** Every operation of the API by its method and path, with what it takes and what it may answer. */
export type Client = OpenApiClient<paths>;

export interface ClientOptions {
  /** Such as `https://shop.example`: without `/v1`, which is part of each path. */
  baseUrl: string;
  /** Sends a request, in place of the global fetch: where retries, time-outs or a test's answers belong. */
  fetch?: (request: Request) => Promise<Response>;
  /** Asked before each request, since tokens expire; without one, or where it has none, requests go out unsigned. */
  accessToken?: () => string | undefined | Promise<string | undefined>;
}

/**
 * A client of the order platform that knows, as types, what each operation takes and answers:
 *
 * ```ts
 * const api = createClient({ baseUrl: 'https://shop.example', accessToken: () => session.accessToken });
 * const { data, error } = await api.POST('/v1/orders', {
 *   params: { header: { 'Idempotency-Key': key, Prefer: 'wait=20' } },
 *   body: { lines: [{ sku: 'MUG-BLUE', quantity: 1 }], shippingAddress, paymentMethod: 'pm_card_visa' },
 * });
 * if (error) throw new Error(error.code);
 * console.log(data.id, data.status);
 * ```
 *
 * Whatever the server answers is an answer: `data` of a success, `error` (RFC 9457, with a stable `code`) of anything
 * else, and `response` of both. Only `fetch` throws.
 */
export function createClient({ accessToken, ...options }: ClientOptions): Client {
  const client = createOpenApiClient<paths>(options);
  if (accessToken) {
    client.use({
      async onRequest({ request }) {
        const token = await accessToken();
        if (token !== undefined) request.headers.set('authorization', `Bearer ${token}`);
      },
    });
  }
  return client;
}

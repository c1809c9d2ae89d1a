import createOpenApiClient, { type Client as OpenApiClient } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

/** The types of bodies and problem documents, by their names in the OpenAPI document. */
export type Schemas = components['schemas'];

/** Every operation of the API by method and path, with the types of its request and responses. */
export type Client = OpenApiClient<paths>;

export interface ClientOptions {
  /** Such as `https://shop.example`. Without `/v1`, which is part of each path. */
  baseUrl: string;
  /** Replaces the global fetch: the place for retries, timeouts or a test's responses. */
  fetch?: (request: Request) => Promise<Response>;
  /** Called before each request, because tokens expire. Without a token, requests are sent without authorization. */
  accessToken?: () => string | undefined | Promise<string | undefined>;
}

/**
 * A client for the order platform, with types for the requests and responses of each operation:
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
 * A call returns `data` for a successful response, `error` (RFC 9457, with a stable `code`) for any other, and `response`
 * for both. Only `fetch` throws.
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

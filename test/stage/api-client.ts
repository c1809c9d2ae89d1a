import assert from 'node:assert/strict';
import { type Client, createClient } from '../../clients/typescript/index.ts';

/** A response of the platform or the sandbox. An error has a problem document as its body. */
export interface ApiResponse<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface ApiRequest {
  method: 'GET' | 'POST';
  url: string;
  /** Sent as the Idempotency-Key. */
  key?: string;
  body?: unknown;
}

/** The published client; without a token its requests are anonymous. */
export const apiClient = (baseUrl: string, token?: string): Client =>
  createClient({
    baseUrl,
    accessToken: () => token,
    fetch: (request) => fetch(request, { signal: AbortSignal.timeout(TIMEOUT_MS) }),
  });

/** A call of the published client. */
type ClientCall<Data> = Promise<{ data?: Data; error?: unknown; response: Response }>;

/** The response, success or error, with its headers. */
export async function responseOf<Data>(call: ClientCall<Data>): Promise<ApiResponse<Data>> {
  const { data, error, response } = await call;
  return { status: response.status, headers: response.headers, body: (data ?? error) as Data };
}

/** The code of the response's problem document. */
export const codeOf = ({ body }: ApiResponse<unknown>): string | undefined => (body as { code?: string }).code;

/** The body of the response, which must have this status. */
export async function expectStatus<Data>(status: number, call: ClientCall<Data>): Promise<Data> {
  const response = await responseOf(call);
  assert.equal(response.status, status, JSON.stringify(response.body));
  return response.body;
}

// No request may take longer: the longest `Prefer: wait` is 30 s.
const TIMEOUT_MS = 60_000;

/** Sends a request to a server that the published client does not know. The body is not validated. */
export async function sendRequest<Body>({ method, url, key, body }: ApiRequest): Promise<ApiResponse<Body>> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': key }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as Body };
}

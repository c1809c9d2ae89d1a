import assert from 'node:assert/strict';
import { type Client, createClient } from '../../clients/typescript/index.ts';

/** One answer of the platform or of the outside world; what is no success has a problem for its body. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface Question {
  method: 'GET' | 'POST';
  url: string;
  /** Sent as the Idempotency-Key. */
  key?: string;
  body?: unknown;
}

/** The platform's own client, unsigned where there is no token. */
export const apiClient = (baseUrl: string, token?: string): Client =>
  createClient({
    baseUrl,
    accessToken: () => token,
    fetch: (request) => fetch(request, { signal: AbortSignal.timeout(TIMEOUT_MS) }),
  });

/** What that client promises. */
type Asked<Data> = Promise<{ data?: Data; error?: unknown; response: Response }>;

/** What it was answered, with the headers, success or not. */
export async function answerOf<Data>(asked: Asked<Data>): Promise<Answer<Data>> {
  const { data, error, response } = await asked;
  return { status: response.status, headers: response.headers, body: (data ?? error) as Data };
}

/** The code of the problem that it is. */
export const codeOf = ({ body }: Answer<unknown>): string | undefined => (body as { code?: string }).code;

/** What it answers with the status that is expected. */
export async function expected<Data>(status: number, asked: Asked<Data>): Promise<Data> {
  const answer = await answerOf(asked);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body;
}

// Nothing may take longer: the longest `Prefer: wait` is 30 s.
const TIMEOUT_MS = 60_000;

/** Asks the outside world; the body comes back as whatever the test takes it for. */
export async function ask<Body>({ method, url, key, body }: Question): Promise<Answer<Body>> {
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

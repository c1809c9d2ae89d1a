/** One answer of the platform or of the outside world. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface Question {
  method: 'GET' | 'POST' | 'PATCH';
  url: string;
  token?: string;
  /** Sent as the Idempotency-Key. */
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What every problem has (RFC 9457), as far as tests ask. */
export interface ProblemBody {
  status: number;
  code: string;
  detail: string;
}

// Nothing may take longer: the longest `Prefer: wait` is 30 s.
const TIMEOUT_MS = 60_000;

/** Asks as any client would; the body comes back as whatever the test takes it for. */
export async function ask<Body>({ method, url, token, key, body, headers }: Question): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...(key && { 'idempotency-key': key }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as Body };
}

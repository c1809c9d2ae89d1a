import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../command-line.ts';

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface ApiResponse {
  status: number;
  headers: Headers;
  body: unknown;
}

/** Sends a request to a server. Returns its response, whatever the status; throws `Unreachable` when there is none. */
export type Api = (request: ApiRequest) => Promise<ApiResponse>;

/** Every attempt failed until the retries ended. The request may or may not have taken effect. */
export class Unreachable extends ToolError {
  override readonly name = 'Unreachable';
}

export interface ApiOptions {
  /** How long faults (no connection, 5xx) are retried, counted from the first attempt. */
  retryForMs?: number;
  fetch?: typeof fetch;
  pause?: (ms: number) => Promise<unknown>;
}

// A platform that restarts after a crash is back within a minute.
const RETRY_FOR_MS = 120_000;
// Longer than a `Prefer: wait=20` may take.
const REQUEST_TIMEOUT_MS = 45_000;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;
// The upper bound for a wait that a server names.
const LONGEST_RETRY_AFTER_MS = 60_000;

/**
 * A client that retries faults with the same request and the same idempotency key. Faults are: no connection, 5xx, 429,
 * and 409 with `Retry-After`. It waits as long as `Retry-After` says, where the server sends it.
 */
export function createApi(baseUrl: string, options: ApiOptions = {}): Api {
  const { retryForMs = RETRY_FOR_MS, fetch: send = fetch, pause = sleep } = options;
  return async (request) => {
    const deadline = Date.now() + retryForMs;
    for (let attempt = 0; ; attempt++) {
      const outcome = await exchange(send, baseUrl, request);
      if ('response' in outcome && !isFault(outcome.response)) return outcome.response;
      // A server that limits the rate is up: it may do so for any length of time.
      const isRateLimited = 'response' in outcome && outcome.response.status === 429;
      if (!isRateLimited && Date.now() >= deadline) throw unreachable(baseUrl, request, outcome);
      const retryAfter = 'response' in outcome ? retryAfterMs(outcome.response.headers) : undefined;
      await pause(retryAfter ?? backoffMs(attempt));
    }
  };
}

type Outcome = { response: ApiResponse } | { error: unknown };

async function exchange(
  send: typeof fetch,
  baseUrl: string,
  { method, path, body, headers }: ApiRequest,
): Promise<Outcome> {
  try {
    const response = await send(baseUrl + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    return {
      response: {
        status: response.status,
        headers: response.headers,
        body: isJson && text ? (JSON.parse(text) as unknown) : text,
      },
    };
  } catch (error) {
    return { error };
  }
}

const isFault = ({ status, headers }: ApiResponse): boolean =>
  status === 429 || (status >= 500 && status !== 501) || (status === 409 && headers.has('retry-after'));

function retryAfterMs(headers: Headers): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return seconds >= 0 ? Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS) : undefined;
}

const backoffMs = (attempt: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** attempt, LONGEST_DELAY_MS) * (0.5 + Math.random());

function unreachable(baseUrl: string, { method, path }: ApiRequest, outcome: Outcome): Unreachable {
  const url = `${method} ${baseUrl}${path}`;
  const message =
    'response' in outcome
      ? `${url} failed with status ${outcome.response.status}`
      : `could not reach ${baseUrl}${path} (${reasonOf(outcome.error)})`;
  return new Unreachable(message, { cause: outcome });
}

/** fetch hides the reason, such as ECONNREFUSED, in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code || cause.message : message;
}

/** Fails at once if the server cannot be reached. `advice` tells the operator what to do then. */
export async function checkReachable(baseUrl: string, advice: string): Promise<void> {
  await createApi(baseUrl, { retryForMs: 0 })(LIVENESS).catch((cause: unknown) => {
    throw new ToolError(`${(cause as Error).message}. ${advice}`, { cause });
  });
}

const LIVENESS: ApiRequest = { method: 'GET', path: '/livez' };

/** Whether the server answers, tried once. */
export const isReachable = (baseUrl: string): Promise<boolean> =>
  createApi(baseUrl, { retryForMs: 0 })(LIVENESS).then(
    () => true,
    () => false,
  );

/** The stable code of a problem document, or `Http<status>` for any other body. */
export function codeOf({ status, body }: ApiResponse): string {
  const code = (body as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : `Http${status}`;
}

/** What a problem document says, with the fields it complains about. Empty for any other body. */
export function detailOf({ body }: ApiResponse): string {
  const { detail, errors } = (body ?? {}) as { detail?: unknown; errors?: unknown };
  const fields = Array.isArray(errors) ? (errors as { pointer?: unknown; detail?: unknown }[]) : [];
  const where = fields.map((field) => `${String(field.pointer)} ${String(field.detail)}`).join(', ');
  return `${typeof detail === 'string' ? detail : ''} ${where}`.trim();
}

/** One line about a response that the tool cannot handle. */
export const unexpected = ({ method, path }: ApiRequest, response: ApiResponse): ToolError =>
  new ToolError(
    `${method} ${path} returned ${response.status} ${codeOf(response)}: ${detailOf(response)}`.replace(/: $/, ''),
  );

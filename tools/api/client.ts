import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../command-line.ts';

export interface Ask {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** Asks a server over HTTP. Whatever it answers is an answer; silence for too long throws `Unreachable`. */
export type Api = (ask: Ask) => Promise<Answer>;

/** Nothing but faults for as long as we were willing to try: what was asked may or may not have happened. */
export class Unreachable extends ToolError {
  override readonly name = 'Unreachable';
}

export interface ApiOptions {
  /** How long faults (no connection, 5xx, 429) are retried, counted from the first of a row. */
  patienceMs?: number;
  fetch?: typeof fetch;
  pause?: (ms: number) => Promise<unknown>;
}

// A platform that is started again after a crash is back within a minute.
const PATIENCE_MS = 120_000;
// Longer than a `Prefer: wait=20` may take.
const TIMEOUT_MS = 45_000;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;
// A server that names a longer wait than this is asked again all the same.
const LONGEST_RETRY_AFTER_MS = 60_000;

/**
 * A client that asks again, the same request under the same key, when the answer is a fault: no connection, 5xx,
 * or 429, 503 and 409 with `Retry-After` after as long as that says.
 */
export function createApi(baseUrl: string, options: ApiOptions = {}): Api {
  const { patienceMs = PATIENCE_MS, fetch: send = fetch, pause = sleep } = options;
  return async (ask) => {
    const deadline = Date.now() + patienceMs;
    for (let attempt = 0; ; attempt++) {
      const outcome = await exchange(send, baseUrl, ask);
      if ('answer' in outcome && !isFault(outcome.answer)) return outcome.answer;
      // A server that asks us to slow down is there: it may do so for as long as it likes.
      const busy = 'answer' in outcome && outcome.answer.status === 429;
      if (!busy && Date.now() >= deadline) throw unreachable(baseUrl, ask, outcome);
      const asked = 'answer' in outcome ? retryAfterMs(outcome.answer.headers) : undefined;
      await pause(asked ?? backoffMs(attempt));
    }
  };
}

type Outcome = { answer: Answer } | { error: unknown };

async function exchange(send: typeof fetch, baseUrl: string, { method, path, body, headers }: Ask): Promise<Outcome> {
  try {
    const response = await send(baseUrl + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    return {
      answer: {
        status: response.status,
        headers: response.headers,
        body: isJson && text ? (JSON.parse(text) as unknown) : text,
      },
    };
  } catch (error) {
    return { error };
  }
}

const isFault = ({ status, headers }: Answer): boolean =>
  status === 429 || (status >= 500 && status !== 501) || (status === 409 && headers.has('retry-after'));

function retryAfterMs(headers: Headers): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return seconds >= 0 ? Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS) : undefined;
}

const backoffMs = (attempt: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** attempt, LONGEST_DELAY_MS) * (0.5 + Math.random());

function unreachable(baseUrl: string, { method, path }: Ask, outcome: Outcome): Unreachable {
  const reason = 'answer' in outcome ? `it answered ${outcome.answer.status}` : reasonOf(outcome.error);
  return new Unreachable(`${baseUrl} did not do ${method} ${path}: ${reason}`, { cause: outcome });
}

/** fetch hides the reason, such as ECONNREFUSED, in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code || cause.message : message;
}

/** Fails at once, with the way out, unless the server is there. */
export async function checkReachable(baseUrl: string, way: string): Promise<void> {
  const ask = createApi(baseUrl, { patienceMs: 0 });
  await ask({ method: 'GET', path: '/livez' }).catch((cause: unknown) => {
    throw new ToolError(`${(cause as Error).message}. ${way}`, { cause });
  });
}

/** The stable code of a problem document, or the status where the answer is none. */
export function codeOf({ status, body }: Answer): string {
  const code = (body as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : `Http${status}`;
}

/** What is wrong with an answer that no tool knows what to do with, in one line. */
export function unexpected({ method, path }: Ask, answer: Answer): ToolError {
  const { detail, errors } = answer.body as { detail?: string; errors?: { pointer: string; detail: string }[] };
  const where = errors?.map((error) => `${error.pointer} ${error.detail}`).join(', ') ?? '';
  return new ToolError(
    `${method} ${path} was answered ${answer.status} ${codeOf(answer)}: ${detail ?? ''} ${where}`.trim(),
  );
}

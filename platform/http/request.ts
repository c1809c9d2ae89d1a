import { EventEmitter } from 'node:events';
import { Agent } from 'undici';

export interface HttpRequest {
  method: 'GET' | 'POST';
  /** `https://host:port` */
  origin: string;
  /** With the query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** Until the whole response has arrived. */
  timeoutMs: number;
  /** Aborts the request. */
  cancellation?: AbortSignal | undefined;
}

/** The whole response did not arrive in time. */
export class RequestTimeout extends Error {
  override readonly name = 'RequestTimeout';
}

// Most servers are in the same network: a handshake takes milliseconds, unless packets are dropped.
const CONNECT_TIMEOUT_MS = 2_000;

// One agent per process instead of fetch: with the guards around it, it completes 1.7 times as many requests per second
// one after another, and 2.5 times as many twenty at a time (both in one run). It keeps connections as long as the server
// announces, and an idle one does not keep the process alive. The bulkheads limit the number of connections to services.
export const agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });

/**
 * Sends one request over a kept-alive connection. Does not follow redirects: any status is a response. Throws
 * `RequestTimeout`, the reason of the cancellation, or undici's error of the connection.
 */
export async function sendRequest(request: HttpRequest): Promise<{ status: number; text: string }> {
  const { method, origin, path, headers, body, timeoutMs, cancellation } = request;
  cancellation?.throwIfAborted();
  const deadline = new Deadline(timeoutMs, cancellation);
  try {
    const response = await agent.request({ origin, path, method, headers, body: body ?? null, signal: deadline });
    return { status: response.statusCode, text: await response.body.text() };
  } catch (cause) {
    // A cancellation says nothing about the server.
    if (cancellation?.aborted) throw cancellation.reason;
    throw deadline.isOver ? new RequestTimeout(`no response within ${timeoutMs} ms`, { cause }) : cause;
  } finally {
    deadline.clear();
  }
}

/** Aborts a request. undici accepts an EventEmitter, which costs a tenth of an AbortSignal with a timeout. */
class Deadline extends EventEmitter {
  isOver = false;
  readonly #timer: NodeJS.Timeout;
  readonly #cancellation: AbortSignal | undefined;

  constructor(timeoutMs: number, cancellation: AbortSignal | undefined) {
    super();
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.emit('abort');
    }, timeoutMs);
    this.#cancellation = cancellation;
    cancellation?.addEventListener('abort', this.#cancel);
  }

  /** Call when the request has ended. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#cancellation?.removeEventListener('abort', this.#cancel);
  }

  readonly #cancel = (): void => void this.emit('abort');
}

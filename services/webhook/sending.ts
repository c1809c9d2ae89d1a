import { context, createContextKey } from '@opentelemetry/api';
import { Agent, request } from 'undici';
import { publicLookup } from './addresses.ts';
import { type Reach, parse, requirePublicLiteral } from './urls.ts';

/** What came of one request: the status of an answer, or the reason why there is none. */
export interface Sent {
  status: number | null;
  durationMs: number;
  excerpt: string | null;
  error: string | null;
}

export interface Sender {
  /** Sends once. Never throws: whatever goes wrong at the other end is an outcome. */
  send(url: string, message: { headers: Record<string, string>; body: string }): Promise<Sent>;
  close(): Promise<void>;
}

// From looking the name up to the last byte that is read.
const TIMEOUT_MS = 15_000;
// An answer is for people who look for a mistake: how it begins will do, and more is not even read.
const EXCERPT_BYTES = 1_024;
const EXCERPT_CHARACTERS = 500;
const MOST_HEADER_BYTES = 8 * 1_024;

// What OpenTelemetry's propagators heed, so that a receiver is told nothing of our traces.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

export function createSender(reach: Reach, timeoutMs = TIMEOUT_MS): Sender {
  const agent = new Agent({
    maxHeaderSize: MOST_HEADER_BYTES,
    connect: { timeout: timeoutMs, ...(!reach.allowPrivate && { lookup: publicLookup(reach.resolve) }) },
  });

  async function exchange(text: string, { headers, body }: { headers: Record<string, string>; body: string }) {
    const url = parse(text, reach);
    if (!reach.allowPrivate) requirePublicLiteral(url);
    const signal = AbortSignal.timeout(timeoutMs);
    // A redirect is an answer like any other: nobody follows it. No encoding is accepted, and none undone.
    const answer = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'order-platform-webhooks/1' },
      body,
      signal,
      // Every attempt at a connection of its own, so that each is checked at the address it goes to.
      reset: true,
    });
    return { status: answer.statusCode, excerpt: await excerptOf(answer.body) };
  }

  return {
    async send(url, message) {
      const startedAt = performance.now();
      const durationMs = () => Math.round(performance.now() - startedAt);
      try {
        const answer = await context.with(context.active().setValue(SUPPRESS_TRACING, true), () =>
          exchange(url, message),
        );
        return { ...answer, durationMs: durationMs(), error: null };
      } catch (error) {
        return { status: null, durationMs: durationMs(), excerpt: null, error: reasonOf(error, timeoutMs) };
      }
    },
    close: () => agent.destroy(),
  };
}

/** How the body begins. It may end, break or stall after that: the status has been given. */
async function excerptOf(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= EXCERPT_BYTES) break;
    }
  } catch {
    // What was read is what there is.
  } finally {
    body.destroy();
  }
  return printable(Buffer.concat(chunks).subarray(0, EXCERPT_BYTES).toString('utf8')).slice(0, EXCERPT_CHARACTERS);
}

/** As PostgreSQL keeps it: it takes neither NUL nor half a surrogate pair. */
const printable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, message, code } = error as Error & { code?: string };
  if (name === 'TimeoutError' || name === 'AbortError') return `no answer within ${timeoutMs / 1_000} s`;
  if (name === 'AddressRefused' || name === 'Refusal') return message;
  return printable(code ? `${code}: ${message}` : message).slice(0, 200);
}

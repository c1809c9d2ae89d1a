import { context, createContextKey } from '@opentelemetry/api';
import { Agent, request } from 'undici';
import { storableText } from '../../platform/database/storable-text.ts';
import { publicLookup } from './public-addresses.ts';
import { type UrlPolicy, parseUrl, requirePublicIpLiteral } from './urls.ts';

/** The result of one request: the status of the response, or the reason why there is none. */
export interface SendResult {
  status: number | null;
  durationMs: number;
  excerpt: string | null;
  error: string | null;
}

export interface Sender {
  /** Sends once. Never throws: a failure is a result too. */
  send(url: string, message: { headers: Record<string, string>; body: string }): Promise<SendResult>;
  close(): Promise<void>;
}

// From the DNS lookup to the last byte read.
const TIMEOUT_MS = 15_000;
// The response only helps people find a mistake: its beginning is enough, and no more is read.
const EXCERPT_BYTES = 1_024;
const EXCERPT_CHARACTERS = 500;
const MOST_HEADER_BYTES = 8 * 1_024;

// OpenTelemetry's propagators then send receivers no trace headers.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

export function createSender(urlPolicy: UrlPolicy, timeoutMs = TIMEOUT_MS): Sender {
  const agent = new Agent({
    maxHeaderSize: MOST_HEADER_BYTES,
    connect: { timeout: timeoutMs, ...(!urlPolicy.allowPrivate && { lookup: publicLookup(urlPolicy.resolve) }) },
  });

  async function exchange(text: string, { headers, body }: { headers: Record<string, string>; body: string }) {
    const url = parseUrl(text, urlPolicy);
    if (!urlPolicy.allowPrivate) requirePublicIpLiteral(url);
    const signal = AbortSignal.timeout(timeoutMs);
    // A redirect is a response like any other and is not followed. No content encoding is accepted or decoded.
    const response = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'order-platform-webhooks/1' },
      body,
      signal,
      // A new connection for every attempt, so that the address of each is checked.
      reset: true,
    });
    return { status: response.statusCode, excerpt: await excerptOf(response.body) };
  }

  return {
    async send(url, message) {
      const startedAt = performance.now();
      const durationMs = () => Math.round(performance.now() - startedAt);
      try {
        const response = await context.with(context.active().setValue(SUPPRESS_TRACING, true), () =>
          exchange(url, message),
        );
        return { ...response, durationMs: durationMs(), error: null };
      } catch (error) {
        return { status: null, durationMs: durationMs(), excerpt: null, error: reasonOf(error, timeoutMs) };
      }
    },
    close: () => agent.destroy(),
  };
}

/** The beginning of the body. The connection may break or stall after that: the status is known. */
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
    // The excerpt is what was read so far.
  } finally {
    body.destroy();
  }
  const text = Buffer.concat(chunks).subarray(0, EXCERPT_BYTES).toString('utf8');
  return storableText(text.slice(0, EXCERPT_CHARACTERS));
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, message, code } = error as Error & { code?: string };
  if (name === 'TimeoutError' || name === 'AbortError') return `no response within ${timeoutMs / 1_000} s`;
  if (name === 'AddressNotAllowed' || name === 'Refusal') return message;
  return storableText((code ? `${code}: ${message}` : message).slice(0, 200));
}

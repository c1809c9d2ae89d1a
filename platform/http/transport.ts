import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { calledOff, workContext } from '../context.ts';
import { RequestTimeout, agent, sendRequest } from './request.ts';

/** The service sent no response of its own. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly reason: 'timeout' | 'connection' | 'status';
  /** False if no connection was established: the service cannot have received the request, so a retry is safe. */
  readonly sent: boolean;

  constructor(
    reason: NoAnswer['reason'],
    message: string,
    { sent = true, cause }: { sent?: boolean; cause?: unknown },
  ) {
    super(message, { cause });
    this.reason = reason;
    this.sent = sent;
  }
}

export interface OutgoingRequest {
  origin: string;
  /** The host that the request is for, with its port, if it is not that of `origin`. TLS uses it, too. */
  host: string | undefined;
  path: string;
  body: string;
  token: string;
  /** Until the whole response has arrived. */
  timeoutMs: number;
}

export interface Exchanged {
  status: number;
  answer: unknown;
}

/** Sends one request to one address, as JSON over a kept-alive connection. Does not follow redirects. */
export async function exchange({ origin, host, path, body, token, timeoutMs }: OutgoingRequest): Promise<Exchanged> {
  // A workflow's calls do not belong to an HTTP request any more.
  const { workflowId, requestId = workflowId } = workContext();
  const cancellation = calledOff();
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
    ...(requestId && { 'x-request-id': requestId }),
    ...(host !== undefined && { host }),
  };
  try {
    const response = await sendRequest({ method: 'POST', origin, path, headers, body, timeoutMs, cancellation });
    const { status, text } = response;
    // Only a proxy in front of a service that it could not reach sends these.
    if (status >= 502 && status <= 504) throw new NoAnswer('status', `a proxy responded with ${status}`, {});
    return { status, answer: text ? (JSON.parse(text) as unknown) : undefined };
  } catch (cause) {
    if (cause instanceof NoAnswer || cancellation?.aborted) throw cause;
    if (cause instanceof RequestTimeout) throw new NoAnswer('timeout', cause.message, { cause });
    throw new NoAnswer('connection', messageOf(cause), { cause, sent: !UNSENT.has(codeOf(cause)) });
  }
}

/** Resolves if a process listens at this address, ready or not. */
export async function responds(origin: string, host: string | undefined, signal: AbortSignal): Promise<void> {
  // Repeated while a process starts, and not worth a trace each time.
  await context.with(suppressTracing(context.active()), () => get({ origin, host, path: '/livez' }, signal));
}

/** Whether the process at this address reports that it is ready. */
export const isReady = async (origin: string, host: string | undefined, signal: AbortSignal): Promise<boolean> =>
  (await get({ origin, host, path: '/readyz' }, signal)) === 200;

type Address = Pick<OutgoingRequest, 'origin' | 'host' | 'path'>;

/** Returns the status. */
async function get({ origin, host, path }: Address, signal: AbortSignal): Promise<number> {
  const headers = host === undefined ? {} : { host };
  const { statusCode, body } = await agent.request({ origin, path, method: 'GET', headers, signal });
  await body.dump();
  return statusCode;
}

/** Errors that occur before a connection is established. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? '';

const messageOf = (error: unknown): string => (error instanceof Error && error.message) || codeOf(error);

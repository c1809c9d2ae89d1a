import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation, Operations } from '../../activities/operation.ts';
import { workContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { Breaker } from './breaker.ts';

/** The service did not answer, or not with an answer: what was asked may or may not have happened. */
export class ServiceFault extends Error {
  override readonly name = 'ServiceFault';
  readonly service: string;

  constructor(service: string, operation: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${service} did not answer ${operation}: ${reason}`, { cause });
    this.service = service;
  }
}

export interface ServiceAddress {
  service: string;
  /** Where the service's doors are; each request goes to the next one. */
  urls: readonly string[];
  token: string;
}

// A step's database work ends within 5 s (statement_timeout); longer means the service is in trouble.
const TIMEOUT_MS = 5_000;
// Long enough for a process to be restarted in front of a repeatable question, short enough for a person.
const RETRY_DELAYS_MS = [100, 400];

// Far more than a healthy service ever has open, few enough that one which hangs cannot take the whole process along.
const MOST_AT_ONCE = 500;

/** Asks a service directly, by its contract: `client.getProduct({ sku })` is a request to its door. */
export function createClient<Face>(
  address: ServiceAddress,
  face: 'requests' | 'activities',
  operations: Operations<Face>,
): Face {
  const ask = caller(address, face);
  const entries = Object.entries<Operation<unknown, unknown>>(operations).map(([name, operation]) => [
    name,
    async (request: unknown): Promise<unknown> => {
      const question = { name, operation, body: JSON.stringify(request) };
      for (const delay of operation.repeatable ? RETRY_DELAYS_MS : []) {
        try {
          return await ask(question);
        } catch (error) {
          if (!(error instanceof ServiceFault)) throw error;
          await sleep(delay * (0.5 + Math.random()));
        }
      }
      return ask(question);
    },
  ]);
  return Object.fromEntries(entries) as Face;
}

interface Question {
  name: string;
  operation: Operation<unknown, unknown>;
  body: string;
}

/** Puts questions to the service's doors in turn, past those that do not answer. */
function caller({ service, urls, token }: ServiceAddress, face: string) {
  const doors = urls.map((url) => ({ url, breaker: new Breaker() }));
  let turn = 0;
  // Questions that wait on purpose have a bulkhead of their own: a thousand patient ones stop no prompt one.
  const waiting = { prompt: { size: 0 }, patient: { size: 0 } };
  const nextDoor = () => {
    for (let tried = 0; tried < doors.length; tried += 1) {
      const door = doors[turn++ % doors.length]!;
      if (door.breaker.lets()) return door;
    }
    return undefined;
  };

  return async ({ name, operation, body }: Question): Promise<unknown> => {
    const fault = (cause: unknown) => new ServiceFault(service, name, cause);
    const lane = operation.timeoutMs === undefined ? waiting.prompt : waiting.patient;
    if (lane.size >= MOST_AT_ONCE) throw fault(new Error(`${lane.size} requests wait for it already`));
    const door = nextDoor();
    if (!door) throw fault(new Error('it has not answered for a while'));
    lane.size += 1;
    try {
      const exchanged = await exchange({ url: `${door.url}/${face}/${name}`, body, token, ...operation });
      door.breaker.answered();
      return answerOf(exchanged, operation, fault);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      door.breaker.failed();
      throw fault(error.cause);
    } finally {
      lane.size -= 1;
    }
  };
}

function answerOf(
  { status, answer }: { status: number; answer: unknown },
  operation: Operation<unknown, unknown>,
  fault: (cause: unknown) => ServiceFault,
): unknown {
  if (status === 204) return undefined;
  if (status === 200) return operation.response.parse(answer);
  const { code, detail } = (answer ?? {}) as { code?: string; detail?: string };
  if (status === 409 && code) throw new Refusal(code, detail ?? code);
  throw fault(new Error(`${status} ${code ?? ''}: ${detail ?? ''}`));
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

interface Exchange {
  url: string;
  body: string;
  token: string;
  timeoutMs?: number;
}

async function exchange({ url, body, token, timeoutMs = TIMEOUT_MS }: Exchange) {
  const { requestId } = workContext();
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...(requestId && { 'x-request-id': requestId }),
      },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return { status: response.status, answer: text ? (JSON.parse(text) as unknown) : undefined };
  } catch (cause) {
    throw new NoAnswer('no answer', { cause });
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation, Operations } from '../../activities/operation.ts';
import { workContext } from '../context.ts';
import { Refusal } from '../refusal.ts';

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

/** Asks a service directly, by its contract: `client.getProduct({ sku })` is a request to its door. */
export function createClient<Face>(
  address: ServiceAddress,
  face: 'requests' | 'activities',
  operations: Operations<Face>,
): Face {
  let turn = 0;
  const nextUrl = () => address.urls[turn++ % address.urls.length]!;
  const entries = Object.entries<Operation<unknown, unknown>>(operations).map(([name, operation]) => [
    name,
    async (request: unknown): Promise<unknown> => {
      const body = JSON.stringify(request);
      for (const delay of operation.repeatable ? RETRY_DELAYS_MS : []) {
        try {
          return await ask({ url: `${nextUrl()}/${face}/${name}`, body, address, name, operation });
        } catch (error) {
          if (!(error instanceof ServiceFault)) throw error;
          await sleep(delay * (0.5 + Math.random()));
        }
      }
      return ask({ url: `${nextUrl()}/${face}/${name}`, body, address, name, operation });
    },
  ]);
  return Object.fromEntries(entries) as Face;
}

interface Question {
  url: string;
  body: string;
  address: ServiceAddress;
  name: string;
  operation: Operation<unknown, unknown>;
}

async function ask({ url, body, address, name, operation }: Question): Promise<unknown> {
  const { status, answer } = await exchange({ url, body, address, name, timeoutMs: operation.timeoutMs ?? TIMEOUT_MS });
  if (status === 204) return undefined;
  if (status === 200) return operation.response.parse(answer);
  const { code, detail } = answer as { code?: string; detail?: string };
  if (status === 409 && code) throw new Refusal(code, detail ?? code);
  throw new ServiceFault(address.service, name, new Error(`${status} ${code ?? ''}: ${detail ?? ''}`));
}

async function exchange(question: Omit<Question, 'operation'> & { timeoutMs: number }) {
  const { url, body, address, name, timeoutMs } = question;
  const { requestId } = workContext();
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${address.token}`,
        ...(requestId && { 'x-request-id': requestId }),
      },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return { status: response.status, answer: text ? (JSON.parse(text) as unknown) : undefined };
  } catch (error) {
    throw new ServiceFault(address.service, name, error);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Random } from '../../../tools/random.ts';
import type { OrderEndpoint } from '../load.ts';
import type { Ordered } from './order-mix.ts';

/** What a customer was told of an order; `nothing`: no answer that says how it ended. */
export type Told = 'confirmed' | 'rejected' | 'nothing';

/** One order as its customer saw it. Times are milliseconds since the start of the load. */
export interface Asked extends Ordered {
  told: Told;
  requests: number;
  from: number;
  until: number;
}

interface Customers {
  clients: number;
  next: () => Ordered;
  /** Whether another order is to be placed. */
  more: () => boolean;
  /** Called with each order that has ended for its customer. */
  done: (asked: Asked) => void;
  now: () => number;
  /** Decides who does not ask again. */
  random: Pick<Random, 'share'>;
  signal: AbortSignal;
}

/** A customer who has waited that long for a response asks again. */
const PATIENCE_MS = 10_000;
/** Between a failed request and the next one. */
const PAUSE_MS = 250;
/** After that long a customer stops asking. */
const GIVES_UP_MS = 30_000;
/** The share of customers who do not ask again after a failed request: they have closed the page. */
const LEAVING = 0.1;

/**
 * Closed-loop customers: each places an order, asks again with the same order id until it is told how the order ended, and
 * places the next.
 */
export async function serveCustomers(endpoint: OrderEndpoint, customers: Customers): Promise<void> {
  const { clients, next, more, done, now, random, signal } = customers;
  const pool = new Pool(endpoint.url, { connections: clients, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS });
  const client = async () => {
    while (more() && !signal.aborted) {
      const from = now();
      const asked: Asked = { ...next(), told: 'nothing', requests: 0, from, until: from };
      const gaveUpAt = random.share() < LEAVING ? from : from + GIVES_UP_MS;
      for (;;) {
        asked.requests += 1;
        asked.told = await ask(pool, endpoint, asked);
        asked.until = now();
        if (asked.told !== 'nothing' || asked.until >= gaveUpAt || signal.aborted) break;
        await sleep(PAUSE_MS);
      }
      done(asked);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
  } finally {
    await pool.destroy();
  }
}

/** One request. A failed one, and one that says that the order is not decided yet, told the customer nothing. */
async function ask(pool: Pool, endpoint: OrderEndpoint, { order }: Ordered): Promise<Told> {
  try {
    const { statusCode, body } = await pool.request({ method: 'POST', ...endpoint.request(order) });
    const text = await body.text();
    if (statusCode >= 500) return 'nothing';
    const { status } = JSON.parse(text) as { status?: string };
    return status === 'confirmed' || status === 'rejected' ? status : 'nothing';
  } catch {
    // The connection broke, or there was no response in time.
    return 'nothing';
  }
}

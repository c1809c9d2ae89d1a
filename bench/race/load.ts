import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { type Totals, add, nothing, totalsOf } from './orders.ts';
import type { PlacedOrder } from './peers/order.ts';

/** How an order is placed at a system: one POST, answered when the order is confirmed. */
export interface Door {
  url: string;
  request(order: PlacedOrder): { path: string; headers: Record<string, string>; body: string };
}

export interface LoadOptions {
  clients: number;
  /** Before anything is measured: queues fill, code gets compiled. */
  rampMs: number;
  measureMs: number;
  next: () => PlacedOrder;
  signal: AbortSignal;
  /** Called when measuring begins and when it ends. */
  sample: () => void;
}

export interface Loaded {
  /**
   * How many orders were carried out while it was measured. One that was under way for only a part of that time counts
   * by the part of its own time: the slowest system completes its orders in waves as long as the measurement, and whole
   * orders would count the waves that happen to fall in.
   */
  orders: number;
  /** Of the orders that were begun while it was measured; where all take longer than that, of those under way. */
  latenciesMs: number[];
  /** Everything that was confirmed, the ramp and the last ones on their way included. */
  confirmed: Totals;
  /** Ids of the last few. */
  lastIds: string[];
}

// Far beyond the slowest system's queue at 64 clients: whoever exceeds it is stuck.
const STUCK_MS = 120_000;
const REMEMBERED = 20;

/**
 * Closed-loop clients: each places an order, waits until it is confirmed, and places the next, until time is up. What is
 * under way then is awaited, so that the ledgers can be compared; any answer but "confirmed" fails the run.
 */
export async function drive(door: Door, options: LoadOptions): Promise<Loaded> {
  const { clients, rampMs, measureMs, next, signal, sample } = options;
  const pool = new Pool(door.url, { connections: clients, headersTimeout: STUCK_MS, bodyTimeout: STUCK_MS });
  const opens = performance.now() + rampMs;
  const closes = opens + measureMs;
  const loaded: Loaded = { orders: 0, latenciesMs: [], confirmed: nothing(), lastIds: [] };
  const early: number[] = [];
  const failed = new AbortController();

  const client = async () => {
    while (performance.now() < closes && !signal.aborted && !failed.signal.aborted) {
      const order = next();
      const startedAt = performance.now();
      const id = await place(pool, door, order);
      const endedAt = performance.now();
      const latencyMs = endedAt - startedAt;
      loaded.orders += Math.max(0, Math.min(endedAt, closes) - Math.max(startedAt, opens)) / latencyMs;
      if (startedAt >= opens) loaded.latenciesMs.push(latencyMs);
      else if (endedAt > opens) early.push(latencyMs);
      add(loaded.confirmed, totalsOf(order));
      loaded.lastIds = [...loaded.lastIds.slice(1 - REMEMBERED), id];
    }
  };
  const sampling = async () => {
    const given = { signal: AbortSignal.any([signal, failed.signal]) };
    await sleep(rampMs, undefined, given);
    sample();
    await sleep(measureMs, undefined, given);
    sample();
  };
  // Called off, nobody waits for the orders under way.
  const cutOff = () => void pool.destroy();
  signal.addEventListener('abort', cutOff);
  const work = [sampling(), ...Array.from({ length: clients }, client)];
  for (const one of work) one.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(work);
  signal.removeEventListener('abort', cutOff);
  signal.throwIfAborted();
  await pool.close();
  failed.signal.throwIfAborted();
  return loaded.latenciesMs.length > 0 ? loaded : { ...loaded, latenciesMs: early };
}

/** Resolves with the order's id at this system once it is confirmed. */
async function place(pool: Pool, door: Door, order: PlacedOrder): Promise<string> {
  const { statusCode, body } = await pool.request({ method: 'POST', ...door.request(order) });
  const text = await body.text();
  const answer = parsed(text);
  if (statusCode >= 300 || answer.status !== 'confirmed') {
    throw new Error(`an order was answered ${statusCode} ${text.slice(0, 500)}`);
  }
  return answer.id ?? order.orderId;
}

function parsed(text: string): { status?: string; id?: string } {
  try {
    return JSON.parse(text) as { status?: string; id?: string };
  } catch {
    return {};
  }
}

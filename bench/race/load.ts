import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { type Totals, add, nothing, totalsOf } from './orders.ts';
import type { PlacedOrder } from './peers/order.ts';

/** Where orders are placed at a system: one POST request, whose response is sent when the order is confirmed. */
export interface OrderEndpoint {
  url: string;
  request(order: PlacedOrder): { path: string; headers: Record<string, string>; body: string };
}

export interface LoadOptions {
  clients: number;
  /** The time before the measurement, in which queues fill and code is compiled. */
  rampMs: number;
  measureMs: number;
  next: () => PlacedOrder;
  signal: AbortSignal;
  /** Called when the measurement begins and when it ends. */
  sample: () => void;
}

export interface Loaded {
  /**
   * How many orders were processed during the measurement. An order that overlaps it only in part counts as that share of
   * its duration: the slowest system completes orders in waves as long as the measurement, and counting whole orders
   * would depend on which waves happen to fall into it.
   */
  orders: number;
  /** How long was measured: a busy machine calls its timers late. */
  measuredMs: number;
  /** Of the orders that began during the measurement; if all take longer than it, of those that overlap it. */
  latenciesMs: number[];
  /** Everything that was confirmed, including before and after the measurement. */
  confirmed: Totals;
  /** Ids of these orders. */
  ids: string[];
}

// Far longer than the slowest system's queue at 64 clients.
const TIMEOUT_MS = 120_000;

/**
 * Runs closed-loop clients: each places an order, waits until it is confirmed, and places the next, until the time is
 * over. Then it waits for the open orders, so that the ledgers can be compared. Any response but "confirmed" fails the
 * run.
 */
export async function drive(endpoint: OrderEndpoint, options: LoadOptions): Promise<Loaded> {
  const { clients, rampMs, measureMs, next, signal, sample } = options;
  const pool = new Pool(endpoint.url, { connections: clients, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  // Set by the timers that also take the samples, so that all figures are of the same time.
  let measureFrom = Infinity;
  let measureUntil = Infinity;
  const loaded: Loaded = { orders: 0, measuredMs: 0, latenciesMs: [], confirmed: nothing(), ids: [] };
  const early: number[] = [];
  const failed = new AbortController();

  const client = async () => {
    while (performance.now() < measureUntil && !signal.aborted && !failed.signal.aborted) {
      const order = next();
      const startedAt = performance.now();
      const id = await place(pool, endpoint, order);
      const endedAt = performance.now();
      const latencyMs = endedAt - startedAt;
      loaded.orders += Math.max(0, Math.min(endedAt, measureUntil) - Math.max(startedAt, measureFrom)) / latencyMs;
      if (startedAt >= measureFrom) loaded.latenciesMs.push(latencyMs);
      else if (endedAt > measureFrom) early.push(latencyMs);
      add(loaded.confirmed, totalsOf(order));
      loaded.ids.push(id);
    }
  };
  const sampling = async () => {
    const given = { signal: AbortSignal.any([signal, failed.signal]) };
    await sleep(rampMs, undefined, given);
    measureFrom = performance.now();
    sample();
    await sleep(measureMs, undefined, given);
    measureUntil = performance.now();
    sample();
  };
  // When the run is stopped, open orders are not awaited.
  const cutOff = () => void pool.destroy();
  signal.addEventListener('abort', cutOff);
  const work = [sampling(), ...Array.from({ length: clients }, client)];
  for (const one of work) one.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(work);
  signal.removeEventListener('abort', cutOff);
  signal.throwIfAborted();
  await pool.close();
  failed.signal.throwIfAborted();
  loaded.measuredMs = measureUntil - measureFrom;
  return loaded.latenciesMs.length > 0 ? loaded : { ...loaded, latenciesMs: early };
}

/** Places an order; returns its id at this system once it is confirmed. */
async function place(pool: Pool, endpoint: OrderEndpoint, order: PlacedOrder): Promise<string> {
  const { statusCode, body } = await pool.request({ method: 'POST', ...endpoint.request(order) });
  const text = await body.text();
  const outcome = parsed(text);
  if (statusCode >= 300 || outcome.status !== 'confirmed') {
    throw new Error(`an order was not confirmed: status ${statusCode}, ${text.slice(0, 500)}`);
  }
  return outcome.id ?? order.orderId;
}

function parsed(text: string): { status?: string; id?: string } {
  try {
    return JSON.parse(text) as { status?: string; id?: string };
  } catch {
    return {};
  }
}
